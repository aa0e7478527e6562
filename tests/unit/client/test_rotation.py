"""Every name is sealed anew, and verified by somebody else."""

from dataclasses import dataclass, field

import pytest
from placement_client.label_book import Listing
from placement_client.labels import LabelKey
from placement_client.rotation import lost_name, renew, renewal, seen, verified

from placement.api.v1.registry_service_pb2 import RegisteredGroup, RenewedName
from placement.domain.facts import Group
from placement.domain.names import digest
from placement.errors import InvalidInputError, TamperedError

OLD, NEW, LOST = (LabelKey(bytes([n]) * 32) for n in range(3))
BOTH = (OLD, NEW)


def registered(name, key=OLD):
    new = key.new_group(name)
    return RegisteredGroup(
        token=b"t" * 16, fingerprint=new.fingerprint, sealed_label=new.sealed_label
    )


def renewed(name, as_name=None, key=NEW):
    group, made = registered(name), key.new_group(as_name or name)
    group.renewed.CopyFrom(
        RenewedName(fingerprint=made.fingerprint, sealed_label=made.sealed_label)
    )
    return group


@dataclass
class Registry:
    """Takes renewed labels, and lists what there is."""

    groups: list[RegisteredGroup]
    late: list[RegisteredGroup] = field(default_factory=list)
    calls: list[int] = field(default_factory=list)

    def listing(self):
        return Listing(groups=self.groups)

    def renew_labels(self, to_key_id, labels):
        assert to_key_id == NEW.id
        self.calls.append(len(labels))
        by_print = {each.renews: each for each in labels}
        for group in self.groups:
            made = by_print.get(group.fingerprint)
            if made is not None:
                group.renewed.fingerprint = made.fingerprint
                group.renewed.sealed_label = made.sealed_label
        self.groups += [self.late.pop()] if self.late else []


def test_every_name_is_renewed():
    """A hundred in a call; what comes meanwhile, too; what is done is left alone."""
    groups = [renewed("done"), *(registered(f"g{n}") for n in range(150))]
    registry = Registry(groups, late=[registered("late")])
    got = renew(registry, registry.listing, BOTH)

    assert (got, registry.calls) == (151, [100, 50, 1])
    assert verified(registry.groups, BOTH) == seen(registry.groups)


def test_nothing_is_renewed_that_would_be_lost():
    """Not even the others, before somebody says that it gets a word."""
    registry = Registry([registered("mine"), registered("theirs", LOST)])
    with pytest.raises(InvalidInputError):
        renew(registry, registry.listing, BOTH)

    assert registry.calls == []
    assert renew(registry, registry.listing, BOTH, name_lost=True) == 2
    verified(registry.groups, BOTH)


def test_a_lost_name_is_a_word_of_its_own():
    """Made of its fingerprint, so that two are two."""
    one, other = registered("a", LOST), registered("b", LOST)
    made = renewal(OLD, NEW, one, name_lost=True)

    assert NEW.open(made.fingerprint, made.sealed_label) == lost_name(one.fingerprint)
    assert lost_name(one.fingerprint) != lost_name(other.fingerprint)


@pytest.mark.parametrize(
    "group",
    [renewed("North", "South"), renewed("North", key=LOST)],
    ids=["another name", "another key"],
)
def test_what_is_not_the_same_is_refused(group):
    """Another name, or one that the next key does not open."""
    with pytest.raises(TamperedError):
        verified([renewed("Zeta"), group], BOTH)


def test_a_name_that_is_missing_is_refused():
    """Whoever began has to renew it."""
    with pytest.raises(InvalidInputError) as caught:
        verified([renewed("Zeta"), registered("Late")], BOTH)

    assert caught.value.field == "rotation"


def test_the_digest_is_the_services():
    """Both sides say the same of the same names."""
    groups = [renewed("North"), renewed("Zeta")]
    known = {
        each.fingerprint: Group(
            token=each.token,
            fingerprint=each.renewed.fingerprint,
            label=each.renewed.sealed_label,
        )
        for each in groups
    }

    assert seen(groups) == seen(groups[::-1]) == digest(known)
