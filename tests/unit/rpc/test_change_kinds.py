"""What a change is about has one word on the wire, whatever it does."""

from typing import get_args

import pytest
from kit.world import NOW, token

from placement.api.v1 import registry_service_pb2 as wire
from placement.domain.events import Amendment, ChangeProposed, FactEnded
from placement.domain.haunt_events import PhantomsLifted
from placement.domain.terms import LiftGround
from placement.rpc import change_kinds as module
from placement.rpc.change_kinds import kind_of

END = FactEnded(id=token("fact"), valid_to=9)
LIFT = PhantomsLifted(
    case=token("case"), area="2480", ground=LiftGround.URGENT, hours=2
)


def change(records=(), amendments=()):
    return ChangeProposed(
        id=token("change"),
        person="co-01",
        region="syd",
        expires_at=NOW,
        records=records,
        amendments=amendments,
    )


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"records": (token("fact"),)}, wire.CHANGE_KIND_RECORD),
        ({"records": (token("new"),), "amendments": (END,)}, wire.CHANGE_KIND_AMEND),
        ({"amendments": (END, END)}, wire.CHANGE_KIND_END),
        ({"amendments": (LIFT,)}, wire.CHANGE_KIND_LIFT),
        ({}, wire.CHANGE_KIND_RECORD),
    ],
)
def test_a_change_has_one_kind(given, expected):
    """Facts that end, and others instead, are one thing."""
    assert kind_of(change(**given)) == expected


def test_every_amendment_has_a_kind():
    """And every kind but the first two is of one."""
    amendments = set(get_args(Amendment))
    kinds = set(wire.ChangeKind.values()) - {0, 1, 2}

    assert set(module._KINDS) == amendments
    assert set(module._KINDS.values()) == kinds
