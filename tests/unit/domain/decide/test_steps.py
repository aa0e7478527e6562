"""A step in a placement's life."""

import pytest
from kit.commands import MOMENT, caseworker
from kit.steps import confirm
from kit.world import NOW, TODAY

from placement.domain.decide.steps import (
    Weighing,
    aborted,
    overlapping,
    own_open_placement,
    taken_before,
)
from placement.domain.events import CaseClosed
from placement.domain.terms import EndCause, PlacementState, Verdict
from placement.errors import ClosedError, ConflictError, NotFoundError

OPEN = "2480"


@pytest.mark.parametrize(("start", "expected"), [(-5, 0), (0, 0), (5, 5)])
def test_nobody_moves_in_from_today_on(stage, start, expected):
    """An end is not before the first day, so that the days stay in order."""
    made = stage.placement(stage.case("h"), OPEN, start=start)
    got = aborted(stage.state.placements[made], MOMENT, EndCause.RELEASED)

    assert (got.valid_to, got.state) == (TODAY + expected, PlacementState.ABORTED)


def test_a_step_lets_what_is_clear_or_permitted(stage):
    """Nothing else, UNKNOWN least of all."""
    case = stage.case("h")
    made = stage.placement(case, OPEN)
    clear = Weighing.of(stage.state, stage.state.placements[made], MOMENT)
    stage.tie("h", OPEN)
    review = Weighing.of(stage.state, stage.state.placements[made], MOMENT)
    unassessed = stage.placement(stage.case("i", assessed=False), "0580")
    unknown = Weighing.of(stage.state, stage.state.placements[unassessed], MOMENT)
    got = [(each.found.verdict, each.lets) for each in (clear, review, unknown)]

    assert got == [
        (Verdict.CLEAR, True),
        (Verdict.REVIEW, False),
        (Verdict.UNKNOWN, False),
    ]


def test_days_that_are_over_are_not_weighed(stage):
    """There is nothing to answer."""
    made = stage.placement(stage.case("h"), OPEN, end=0)

    with pytest.raises(ConflictError):
        Weighing.of(stage.state, stage.state.placements[made], MOMENT)


def test_a_refused_step_leaves_the_hold(stage):
    """What it asked is charged and noted, and nothing else happens."""
    ours, theirs = stage.rivals()
    held = stage.held(ours)
    stage.placement(stage.state.cases[theirs], OPEN)
    outcome = stage.court.decide(confirm(held.id)).outcome

    assert (outcome.events, outcome.made) == ((), ())
    assert outcome.reply.answer.valid_until == NOW


def test_whose_placement_it_is(stage):
    """Another's is none, and a closed case is said before anything else."""
    case = stage.case("h")
    made = stage.placement(case, OPEN, state=PlacementState.ENDED)
    state = stage.state
    with pytest.raises(NotFoundError):
        own_open_placement(state, caseworker("0180"), made)
    found = own_open_placement(state, caseworker(), made)
    stage.apply(CaseClosed(handle=case.handle))
    with pytest.raises(ClosedError):
        own_open_placement(state, caseworker(), made)

    assert found.id == made


def test_a_step_is_taken_before_if_it_made_something(stage):
    """Asking alone is no step."""
    ours, theirs = stage.rivals()
    held = stage.held(ours)
    refused, taken = confirm(held.id, request="a"), confirm(held.id, request="b")
    stage.placement(stage.state.cases[theirs], OPEN, end=0)
    before = taken_before(stage.state, taken)
    stage.court.reply(taken)

    assert (before, taken_before(stage.state, taken)) == (False, True)
    assert not taken_before(stage.state, refused)


def test_places_that_meet_in_time(stage):
    """Active ones of the household, in the municipality's own cases."""
    hold = stage.placement(
        stage.case("h", "i"),
        OPEN,
        start=5,
        end=9,
        state=PlacementState.HELD,
        expires_at=NOW + 1,
    )
    meets = stage.placement(stage.case("i"), "0580", start=8)
    stage.placement(stage.case("h"), "0580", end=5)
    stage.placement(stage.case("h"), "0580", start=9)
    stage.placement(stage.case("h", org="0180"), "0580")
    stage.placement(stage.case("x"), "0580")
    got = [each.id for each in overlapping(stage.state, stage.state.placements[hold])]

    assert got == [meets]
