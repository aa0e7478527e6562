"""Calls about names of groups, over the wire."""

import itertools

import pytest
from kit.asked import CHANGE, NORTH, SOUTH
from kit.wire import in_turn

from placement.api.v1 import group_service_pb2 as group
from placement.errors import TamperedError


def owner(person):
    return group.ExchangeKey(organisation="syd", person=person)


def test_label_keys_are_shown_page_by_page(wire, session):
    """What is in force and what lies ready stand on the first one."""
    rotation = group.Rotation(to_key_id=CHANGE, person="co-01")
    letter = group.HandedKey(person="co-01")
    first = group.ShowLabelKeysResponse(
        key_id=NORTH,
        rotation=rotation,
        exchange_keys=[owner("co-01")],
        handed=[letter],
        next_page_token=b"syd/co-01",
    )
    last = group.ShowLabelKeysResponse(exchange_keys=[owner("co-02")])
    wire.answers["ShowLabelKeys"] = in_turn(first, last)
    got = session.groups.label_keys()

    assert (got.key_id, got.rotation, list(got.handed)) == (NORTH, rotation, [letter])
    assert list(got.exchange_keys) == [owner("co-01"), owner("co-02")]
    assert [each.page_token for each in wire.requests("ShowLabelKeys")] == [
        b"",
        b"syd/co-01",
    ]


def test_nothing_under_way_is_nothing(wire, session):
    """An unset rotation is none."""
    wire.answers["ShowLabelKeys"] = group.ShowLabelKeysResponse()

    assert session.groups.label_keys().rotation is None


def test_pages_in_a_circle_are_refused(wire, session):
    """A server that never comes to an end is left."""
    tokens = itertools.cycle([b"a", b"b"])
    wire.answers["ShowLabelKeys"] = lambda _: group.ShowLabelKeysResponse(
        next_page_token=next(tokens)
    )

    with pytest.raises(TamperedError):
        session.groups.label_keys()
    assert len(wire.seen) == 3


def test_what_is_written_has_a_request_id_each(wire, session):
    """And raises the least revision of what follows."""
    for number, name in enumerate(
        (
            *("NameGroups", "MergeGroups", "PublishExchangeKey"),
            *("HandOverLabelKey", "BeginRotation", "RenewLabels", "EndRotation"),
        ),
        1,
    ):
        kind = getattr(group, f"{name}Response")
        wire.answers[name] = kind(revision=number)
    calls = session.groups
    calls.name([group.FurtherName(token=NORTH)])
    calls.merge(NORTH, SOUTH, undo=True)
    calls.publish(b"p", b"c", b"s")
    calls.hand_over(b"c", [group.SealedKey(person="co-02")])
    calls.begin_rotation(group.BeginRotationRequest(to_key_id=CHANGE))
    calls.renew_labels(CHANGE, [group.RenewedLabel(renews=b"o")])
    calls.end_rotation(CHANGE, seen=b"d")
    requests = [request for _, request in wire.seen]

    assert len({request.request_id for request in requests}) == 7
    assert session.min_revision == 7
    assert (requests[1].group_a, requests[1].group_b, requests[1].undo) == (
        NORTH,
        SOUTH,
        True,
    )
    assert (requests[6].to_key_id, requests[6].seen) == (CHANGE, b"d")
