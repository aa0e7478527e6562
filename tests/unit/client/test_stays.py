"""What is held and placed for a case: what stands, what meets, what is alike."""

import pytest
from kit.held import HOLD, PLACED
from placement_client.stays import (
    alike,
    elsewhere,
    found,
    has_lapsed,
    is_confirmed,
    is_held,
)

from placement.api.v1.check_service_pb2 import Candidate, OwnPlacement
from placement.api.v1.types_pb2 import PlacementState, Window

HERE = Candidate(area="1480")
HELD, ACTIVE, ENDED = (
    PlacementState.Value(f"PLACEMENT_STATE_{word}")
    for word in ("HELD", "ACTIVE", "ENDED")
)


def days(start, end=None):
    return Window(start_day=start, end_day=end)


def one(key=PLACED, state=HELD, window=None, **given):
    values = {"place": HERE, "window": window or days(10), "expires_at": 100}
    return OwnPlacement(placement_id=key, state=state, **(values | given))


@pytest.mark.parametrize(
    ("placement", "at", "expected"),
    [
        (one(), 99, (True, False, False)),
        (one(), 100, (True, True, False)),
        (one(state=ACTIVE), 100, (False, False, True)),
        (one(state=ENDED), 100, (False, False, False)),
    ],
    ids=["held", "lapsed", "confirmed", "over"],
)
def test_where_it_is_in_its_life(placement, at, expected):
    """A hold has lapsed at its instant, whatever the service says."""
    assert (is_held(placement), has_lapsed(placement, at), is_confirmed(placement)) == (
        expected
    )


def test_a_placement_is_found_by_its_id():
    """Or it is not there."""
    placement = one()

    assert found([one(HOLD), placement], PLACED) is placement
    assert found([placement], HOLD) is None


@pytest.mark.parametrize(
    ("window", "meets"),
    [
        (days(10), True),
        (days(1, 10), False),
        (days(1, 11), True),
        (days(20), False),
        (days(19, 30), True),
        (days(12, 13), True),
    ],
    ids=["same", "before", "into it", "after", "out of it", "within"],
)
def test_elsewhere_is_where_days_meet(window, meets):
    """The first day after is no day of it."""
    given = [one(state=ACTIVE, window=window), one(HOLD, ACTIVE), one(state=ENDED)]

    assert bool(list(elsewhere(given, HOLD, days(10, 20)))) is meets


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, True),
        ({"key": HOLD}, False),
        ({"state": ACTIVE}, False),
        ({"expires_at": 50}, False),
        ({"place": Candidate(area="1280")}, False),
        ({"window": days(1, 10)}, False),
    ],
    ids=["alike", "itself", "confirmed", "lapsed", "another place", "other days"],
)
def test_alike_is_a_live_hold_of_the_same_place_and_days(given, expected):
    """Another one than the hold itself."""
    assert bool(list(alike([one(**given)], HOLD, HERE, days(10), 50))) is expected
