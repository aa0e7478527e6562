"""The frozen records."""

from dataclasses import FrozenInstanceError, fields
from typing import get_args

import pytest
from kit.world import NOW, TODAY, token

from placement.domain.facts import AnyFact, Fact, Placement
from placement.domain.terms import AreaCode, Micros, PlacementState


def placement(state: PlacementState, expires_at: Micros | None = None) -> Placement:
    return Placement(
        id=token("p"),
        case=token("c"),
        area=AreaCode("0180"),
        valid_from=TODAY,
        state=state,
        expires_at=expires_at,
    )


@pytest.mark.parametrize(
    ("state", "expires_at", "expected"),
    [
        (PlacementState.HELD, NOW + 1, True),
        (PlacementState.HELD, NOW, False),
        (PlacementState.HELD, None, False),
        (PlacementState.ACTIVE, None, True),
        (PlacementState.ENDED, None, False),
        (PlacementState.ABORTED, NOW + 1, False),
    ],
)
def test_placement_is_live(state, expires_at, expected):
    """A hold lives while now is before its expiry, an active placement until it ends."""
    got = placement(state, expires_at).live(NOW)

    assert got == expected


@pytest.mark.parametrize("kind", get_args(AnyFact), ids=lambda kind: kind.__name__)
def test_every_fact_has_what_facts_share(kind):
    """Each kind of fact begins with what all facts have in common."""
    shared = [field.name for field in fields(Fact)]
    got = [field.name for field in fields(kind)][: len(shared)]

    assert got == shared


def test_records_do_not_change():
    """A record is replaced, never changed in place (P5)."""
    record = placement(PlacementState.ACTIVE)

    with pytest.raises(FrozenInstanceError):
        record.area = AreaCode("1480")
