"""What can't be done with a hold or a placement that is over, or has not begun."""

from datetime import timedelta

import pytest
from kit.placing import confirm, cover, held, placed, request, roomy, step, wish
from kit.refusing import CONTRADICTION, refused
from kit.scenario_placing import Clock
from kit.town import Town

from placement.api.v1 import placement_service_pb2 as place
from placement.api.v1 import types_pb2 as wire
from placement.domain.terms import MICROS_A_DAY, MICROS_AN_HOUR

LONG = timedelta(days=90)


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    """A town whose people ask as often as they like, and where all is covered."""
    folder = tmp_path_factory.mktemp("town")
    with Town(folder, **roomy(folder)) as town:
        cover(town)
        yield town


def contradiction(town, method, **given):
    """Hold a step to being refused because of where the placement is."""
    town.settled()
    got, _ = refused(town, "worker", method, request(method, **given))

    assert (got.code.name, got.reason) == CONTRADICTION


def test_twice(town):
    """Extended, confirmed, moved in, ended, released: once."""
    case = town.opened("worker")
    one, other = held(town, case), held(town, case, "0580")
    step(town, "ExtendHold", place.ExtendHoldResponse, hold_id=one)
    contradiction(town, "ExtendHold", hold_id=one)
    step(town, "ReleaseHold", place.ReleaseHoldResponse, hold_id=other)
    for method in ("ReleaseHold", "ConfirmHold", "ExtendHold"):
        contradiction(town, method, hold_id=other)
    confirm(town, one)
    contradiction(town, "ConfirmHold", hold_id=one)
    step(town, "MoveIn", place.MoveInResponse, placement_id=one)
    contradiction(town, "MoveIn", placement_id=one)
    contradiction(town, "AbortPlacement", placement_id=one)
    ending = {"placement_id": one, "valid_to_day": town.today}
    step(town, "EndPlacement", place.EndPlacementResponse, **ending)
    contradiction(town, "EndPlacement", **ending)


def test_a_third_hold(town):
    """A case has two at once, and no more until one is given up."""
    case = town.opened("worker")
    held(town, case)
    other = held(town, case, "0580")
    town.settled()
    got, _ = refused(town, "worker", "CheckPlacement", wish(town, case, "0680"))
    step(town, "ReleaseHold", place.ReleaseHoldResponse, hold_id=other)

    assert (got.code.name, got.reason) == CONTRADICTION
    assert held(town, case, "0680")


def test_nobody_stands_in_two_places(town):
    """A second confirmation is refused; a move is what is meant."""
    case = town.opened("worker")
    placed(town, case)
    other = held(town, case, "0580")

    contradiction(town, "ConfirmHold", hold_id=other)


def test_a_move_of_what_is_over(town):
    """Neither from a placement that ended, nor to a hold that was given up."""
    case = town.opened("worker")
    left, other = placed(town, case), held(town, case, "0580")
    ending = {"placement_id": left, "valid_to_day": town.today}
    step(town, "EndPlacement", place.EndPlacementResponse, **ending)
    contradiction(town, "MovePlacement", placement_id=left, hold_id=other)
    again = placed(town, case)
    step(town, "ReleaseHold", place.ReleaseHoldResponse, hold_id=other)
    contradiction(town, "MovePlacement", placement_id=again, hold_id=other)


def test_a_move_between_two_cases(town):
    """The hold of another case is none of this one's."""
    left, other = placed(town), held(town)
    town.settled()
    moving = request("MovePlacement", placement_id=left, hold_id=other)
    got, _ = refused(town, "worker", "MovePlacement", moving)

    assert got.reason == "NOT_FOUND"


def test_moving_in_before_the_first_day(town):
    """It can be confirmed, and not yet moved into."""
    case = town.opened("worker")
    later = wire.Window(start_day=town.today + 5)
    key = held(town, case, window=later)
    confirm(town, key)

    contradiction(town, "MoveIn", placement_id=key)


def test_a_clock_that_jumps(tmp_path):
    """Ahead, a hold is over and can't be confirmed; back, it is over still."""
    clock = Clock()
    with Town(tmp_path, clock=clock, lifetime=LONG) as town:
        cover(town)
        key = held(town, town.case)
        clock.ahead = 72 * MICROS_AN_HOUR
        town.settled()
        contradiction(town, "ConfirmHold", hold_id=key)
        clock.ahead = -30 * MICROS_A_DAY
        contradiction(town, "ConfirmHold", hold_id=key)
        state = town.state().placements[key].state

    assert state == wire.PLACEMENT_STATE_ABORTED
