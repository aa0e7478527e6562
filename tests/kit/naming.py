"""Commands about names of groups and label keys, by short names."""

from typing import Any

from kit.commands import (
    COORDINATOR,
    Court,
    asked,
    coordinator,
    draft,
    fresh,
    register_groups,
)
from kit.world import subject, token
from placement.access import Caller
from placement.domain.decide import groups, label_keys, merging, rotations
from placement.domain.decide.drafts import Draft
from placement.domain.facts import Alliance, Faction, Group
from placement.domain.names import Person

OLD, NEW = token("old key"), token("new key")
ME: Person = ("syd", "co-01")
OTHER: Person = ("syd", "co-02")
FAR: Person = ("nord", "co-03")


def who(person: Person) -> Caller:
    return coordinator(*person)


def name(group: str, text: str, key: bytes = b"") -> Group:
    """Return a name of a group; fingerprint and label are made of it."""
    return Group(
        token=token(group), fingerprint=subject(text), label=text.encode(), key=key
    )


def name_groups(*names: tuple[str, str], **given: Any) -> groups.NameGroups:
    """Name groups, each as (group, further name)."""
    key = given.get("key", b"")
    return groups.NameGroups(
        **asked(COORDINATOR, given), names=tuple(name(*each, key) for each in names)
    )


def merge_groups(
    one: str = "A", other: str = "B", *, undo: bool = False, **given: Any
) -> merging.MergeGroups:
    return merging.MergeGroups(
        **asked(COORDINATOR, given),
        one=token(one),
        other=token(other),
        undo=undo,
        change=given.get("change") or fresh(),
    )


def show_label_keys(
    after: Person | None = None, caller: Caller = COORDINATOR
) -> label_keys.ShowLabelKeys:
    return label_keys.ShowLabelKeys(caller=caller, after=after)


def publish(person: Person = ME, **given: Any) -> label_keys.PublishExchangeKey:
    return label_keys.PublishExchangeKey(
        **asked(who(person), given),
        public_key=given.get("public_key", bytes(32)),
        certificate=b"certificate",
        signature=b"signature",
    )


def sealed(receiver: Person, key: bytes) -> label_keys.SealedKey:
    return label_keys.SealedKey(
        receiver=receiver, key=key, sealed=b"sealed", signature=b"signature"
    )


def hand_key_over(*receivers: Person, **given: Any) -> label_keys.HandOverLabelKey:
    key = given.get("key", OLD)
    return label_keys.HandOverLabelKey(
        **asked(COORDINATOR, given),
        certificate=b"certificate",
        keys=tuple(sealed(each, key) for each in receivers),
    )


def begin(*receivers: Person, **given: Any) -> rotations.BeginRotation:
    return rotations.BeginRotation(
        **asked(COORDINATOR, given),
        certificate=b"certificate",
        keys=tuple(
            sealed(each, given.get("key", NEW)) for each in receivers or (OTHER,)
        ),
        from_key=given.get("from_key", OLD),
        to_key=given.get("to_key", NEW),
        without=given.get("without", ()),
    )


def renewal(text: str) -> rotations.Renewal:
    return rotations.Renewal(
        renews=subject(text), fingerprint=subject(f"new {text}"), label=b"new"
    )


def renew(*names: str, **given: Any) -> rotations.RenewLabels:
    """Renew names that were registered by ``register_groups`` or ``name_groups``."""
    return rotations.RenewLabels(
        **asked(COORDINATOR, given),
        to_key=given.get("to_key", NEW),
        renewals=tuple(map(renewal, names)),
    )


def end(seen: bytes = b"", **given: Any) -> rotations.EndRotation:
    return rotations.EndRotation(
        **asked(who(given.get("person", OTHER)), given),
        to_key=given.get("to_key", NEW),
        give_up=given.get("give_up", False),
        seen=seen,
    )


def named_court(*names: str) -> Court:
    """Return a court with groups under the old key, and exchange keys of three."""
    court = Court()
    court.reply(register_groups(*names or ("A", "B"), key=OLD))
    for person in (ME, OTHER, FAR):
        court.reply(publish(person))
    return court


def alliance(a: str = "A", b: str = "B", **given: Any) -> Draft:
    low, high = token(a), token(b)
    return draft(Alliance, "alliance", low=low, high=high, **given)


def faction(child: str = "A", parent: str = "B", **given: Any) -> Draft:
    pair = {"child": token(child), "parent": token(parent)}
    return draft(Faction, "faction", **pair, inherits_rivalry=True, **given)
