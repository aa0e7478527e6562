"""Names of groups and label keys on their way out."""

import pytest
from kit.commands import approve, list_groups
from kit.naming import (
    FAR,
    ME,
    NEW,
    OLD,
    OTHER,
    begin,
    hand_key_over,
    merge_groups,
    name_groups,
    named_court,
    renew,
    show_label_keys,
    who,
)
from kit.world import subject, token

from placement.api.v1 import group_service_pb2 as group
from placement.api.v1 import registry_service_pb2 as registry
from placement.domain.decide.command import Written
from placement.domain.decide.groups import GroupPage
from placement.domain.decide.label_keys import LabelKeys
from placement.domain.facts import Group
from placement.rpc import render_groups as render
from placement.service.batch import Answer

A, B = token("A"), token("B")


def answer(reply):
    return Answer(reply=reply, revision=7, leaf=1)


def written(*ids):
    return answer(Written(ids=ids))


def test_what_was_registered():
    """Tokens in order."""
    assert render.registered_groups(written(A, B)) == registry.RegisterGroupsResponse(
        revision=7, tokens=[A, B]
    )


def test_a_name_with_all_that_is_known_of_it():
    """Its key, its group's chief, its form under the next key, and merges."""
    court = named_court()
    court.reply(name_groups(("B", "Beth"), key=OLD))
    court.reply(approve(court.reply(merge_groups()).ids[0]))
    court.reply(begin())
    court.reply(renew("Beth"))
    got = render.listed_groups(answer(court.reply(list_groups())))
    plain = {"key_id": OLD}
    renewed = registry.RenewedName(fingerprint=subject("new Beth"), sealed_label=b"new")

    assert list(got.groups) == [
        registry.RegisteredGroup(
            token=A, fingerprint=subject("A"), sealed_label=b"A", **plain
        ),
        registry.RegisteredGroup(
            token=B,
            fingerprint=subject("B"),
            sealed_label=b"B",
            merged_into=A,
            **plain,
        ),
        registry.RegisteredGroup(
            token=B,
            fingerprint=subject("Beth"),
            sealed_label=b"Beth",
            merged_into=A,
            further=True,
            renewed=renewed,
            **plain,
        ),
    ]
    assert (got.key_id, got.next_page_token) == (OLD, b"")
    assert list(got.merges) == [
        registry.MergedGroups(group_a=A, group_b=B, region="syd")
    ]


@pytest.mark.parametrize(("more", "after"), [(True, B + b"f" * 32), (False, b"")])
def test_pages_of_groups(more, after):
    """The next page begins behind the last name, if there is one."""
    names = tuple(Group(token=one, fingerprint=b"f" * 32, label=b"l") for one in (A, B))
    page = GroupPage(
        groups=names,
        further=frozenset(),
        renewed={},
        chiefs={},
        merges=(),
        key=b"",
        more=more,
    )

    assert render.listed_groups(answer(page)).next_page_token == after


def test_label_keys():
    """The key in force, what is under way, whose exchange keys, and letters."""
    court = named_court()
    court.reply(hand_key_over(OTHER))
    court.reply(begin())
    reply = court.reply(show_label_keys(caller=who(OTHER)))
    got = render.label_keys(answer(reply))

    assert got.key_id == OLD
    assert got.rotation == group.Rotation(
        from_key_id=OLD, to_key_id=NEW, organisation=ME[0], person=ME[1]
    )
    assert [(one.organisation, one.person) for one in got.exchange_keys] == [
        FAR,
        ME,
        OTHER,
    ]
    assert got.exchange_keys[0] == group.ExchangeKey(
        organisation=FAR[0],
        person=FAR[1],
        public_key=bytes(32),
        certificate=b"certificate",
        signature=b"signature",
    )
    assert got.handed[1] == group.HandedKey(
        organisation=ME[0],
        person=ME[1],
        certificate=b"certificate",
        key_id=NEW,
        sealed=b"sealed",
        signature=b"signature",
    )
    assert got.next_page_token == b""


def test_no_rotation_is_unset():
    """And the next page begins behind the last owner."""
    exchange = named_court().reply(show_label_keys()).exchange
    keys = LabelKeys(key=OLD, rotation=None, exchange=exchange, handed=(), more=True)
    got = render.label_keys(answer(keys))

    assert not got.HasField("rotation")
    assert got.next_page_token == b"syd/co-02"


def test_a_merge_waits():
    """With the change that has to be approved."""
    assert render.merging(written(A)) == group.MergeGroupsResponse(
        revision=7, change_id=A
    )


@pytest.mark.parametrize(
    ("form", "kind"),
    [
        (render.named_groups, group.NameGroupsResponse),
        (render.published, group.PublishExchangeKeyResponse),
        (render.handed_over, group.HandOverLabelKeyResponse),
        (render.begun, group.BeginRotationResponse),
        (render.renewed, group.RenewLabelsResponse),
        (render.ended, group.EndRotationResponse),
    ],
)
def test_what_is_done_has_a_revision(form, kind):
    """And nothing else."""
    assert form(written()) == kind(revision=7)
