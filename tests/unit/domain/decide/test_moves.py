"""Moves: in, on, out, or not at all."""

import pytest
from kit.commands import caseworker, close_case, field_of
from kit.steps import Stage, abort, confirm, move, move_in, move_out
from kit.world import TODAY, day, token

from placement.domain.events import Asked
from placement.domain.terms import (
    MICROS_A_DAY,
    MICROS_AN_HOUR,
    EndCause,
    PlacementState,
    Verdict,
    Window,
)
from placement.errors import (
    BudgetError,
    ClosedError,
    ConflictError,
    NotFoundError,
)

OTHER = caseworker("0180")
ACTIVE, HELD = PlacementState.ACTIVE, PlacementState.HELD


@pytest.fixture
def case(stage):
    """The handle of a household of whom nothing is known."""
    return stage.case("h").handle


@pytest.fixture
def rival(stage):
    """Who could be placed beside h, and must not be."""
    stage.rivalry("A", "B")
    stage.affiliation("h", "A")
    stage.affiliation("r", "B")
    return stage.case("r", org="0180")


def record(stage: Stage, key: bytes):
    return stage.state.placements[key]


# In


def test_a_household_moves_in(stage, case):
    """On the day that it is said."""
    made = stage.placed(case)
    decision = stage.court.decide(move_in(made))
    reply = decision.outcome.reply

    assert (reply.answer.verdict, reply.state, reply.moved_in) == (
        Verdict.CLEAR,
        ACTIVE,
        True,
    )
    assert record(stage, made).moved_in_on == TODAY
    assert decision.note.objects == (made,)


def test_nobody_moves_in_with_a_rival(stage, case, rival):
    """It is assessed again on the day; the placement stands until somebody ends it."""
    made = stage.placed(case)
    before = record(stage, made)
    stage.placement(rival, "2480")
    reply = stage.court.reply(move_in(made))

    assert (reply.answer.verdict, reply.state, reply.moved_in) == (
        Verdict.CONFLICT,
        ACTIVE,
        False,
    )
    assert record(stage, made) == before


def test_nobody_moves_in_twice(stage, case):
    """A retry finds the first time; another request contradicts it."""
    made = stage.placed(case)
    command = move_in(made, request="r")
    stage.court.reply(command)
    stage.court.later(MICROS_A_DAY)
    again = stage.court.reply(command)
    with pytest.raises(ConflictError):
        stage.court.reply(move_in(made))

    assert again.moved_in
    assert record(stage, made).moved_in_on == TODAY


def test_nobody_moves_into_a_hold(stage, case):
    """It has to be confirmed first."""
    with pytest.raises(ConflictError):
        stage.court.reply(move_in(stage.held(case).id))


def test_nobody_moves_in_early(stage, case):
    """Before its first day a place is not theirs yet."""
    made = stage.placed(case, window=Window(start=day(1)))
    with pytest.raises(ConflictError):
        stage.court.reply(move_in(made))
    stage.court.later(MICROS_A_DAY)

    assert stage.court.reply(move_in(made)).moved_in


def test_asking_for_a_step_costs_what_a_check_does(stage, case):
    """Nobody learns by confirming or moving in what the budget would not let them ask."""
    made = stage.placed(case)
    stage.court.later(MICROS_A_DAY)
    for area in ("0580", "1480", "0180", "1280", "0380"):
        stage.state.ledger.spend(spent(case, area), stage.court.moment.now)
    free = stage.court.decide(move_in(made, request="r")).outcome
    stage.court.later(90 * MICROS_A_DAY)
    stage.cover(age=-90, region="national")
    for area in ("0580", "1480", "0680", "0780", "0880", "0980"):
        stage.state.ledger.spend(spent(case, area), stage.court.moment.now)
    with pytest.raises(BudgetError):
        stage.court.reply(move_in(made, request="r"))

    assert [type(event).__name__ for event in free.events] == ["MovedIn"]


def test_a_question_that_is_old_is_paid_again(stage, case):
    """Within two weeks of a check the steps that follow it are free."""
    made = stage.placed(case)
    stage.court.later(14 * MICROS_A_DAY)
    paid, moved = stage.court.decide(move_in(made)).outcome.events

    assert paid.areas == ("2480",)
    assert moved.id == made


def spent(case: bytes, area: str):
    return Asked(case=case, organisation="1280", person="cw-01", areas=(area,))


# On


def test_moving_is_one_step(stage, case):
    """The old place is left on the day on which the new one is moved into."""
    old = stage.placed(case)
    hold = stage.held(case, "0580")
    decision = stage.court.decide(move(old, hold.id))
    reply = decision.outcome.reply
    left, entered = record(stage, old), record(stage, hold.id)

    assert (reply.answer.verdict, reply.state, reply.moved_in) == (
        Verdict.CLEAR,
        ACTIVE,
        True,
    )
    assert (left.state, left.valid_to) == (PlacementState.ENDED, TODAY)
    assert (entered.state, entered.moved_in_on) == (ACTIVE, TODAY)
    assert decision.outcome.events[0].cause is EndCause.MOVED_ON
    assert decision.note.objects == (old, hold.id)


def test_the_old_place_stands_when_the_new_one_is_not_let(stage, case, rival):
    """Nobody is placed nowhere."""
    old = stage.placed(case)
    hold = stage.held(case, "0580")
    stage.placement(rival, "0580")
    before = dict(stage.state.placements)
    reply = stage.court.reply(move(old, hold.id))

    assert (reply.answer.verdict, reply.state, reply.moved_in) == (
        Verdict.CONFLICT,
        HELD,
        False,
    )
    assert stage.state.placements == before


def test_a_move_that_is_retried(stage, case):
    """Nothing happens again, whatever has happened since."""
    old = stage.placed(case)
    hold = stage.held(case, "0580")
    command = move(old, hold.id, request="r")
    stage.court.reply(command)
    before = dict(stage.state.placements)
    again = stage.court.reply(command)

    assert (again.state, again.moved_in) == (ACTIVE, True)
    assert stage.state.placements == before


def test_what_ended_is_not_left(stage, case):
    """A place that is over is no place to move from."""
    old = stage.placed(case)
    hold = stage.held(case, "0580")
    stage.court.reply(move_out(old))
    with pytest.raises(ConflictError):
        stage.court.reply(move(old, hold.id))

    assert record(stage, hold.id).state is HELD


def test_a_move_to_what_lapsed(stage, case):
    """The hold has to be live."""
    old = stage.placed(case)
    hold = stage.held(case, "0580")
    stage.court.later(72 * MICROS_AN_HOUR)

    with pytest.raises(ConflictError):
        stage.court.reply(move(old, hold.id))


@pytest.mark.parametrize("late", ["old", "new"])
def test_a_move_is_today(stage, case, late):
    """Both places have to have begun."""
    ahead = Window(start=day(1), end=None)
    old = stage.placed(case, **({"window": ahead} if late == "old" else {}))
    given = {"window": ahead} if late == "new" else {}
    hold = stage.held(case, "0580", **given)

    with pytest.raises(ConflictError):
        stage.court.reply(move(old, hold.id))


def test_a_third_place_stands_in_the_way(stage):
    """Of what else the household has, nothing may meet the new place."""
    case = stage.case("h", "x")
    old = stage.placed(case.handle)
    stage.placement(stage.case("x"), "1480")
    hold = stage.held(case.handle, "0580")

    with pytest.raises(ConflictError):
        stage.court.reply(move(old, hold.id))


def test_two_cases_do_not_move_for_one_another(stage, case):
    """A hold of another case is none for this one."""
    old = stage.placed(case)
    hold = stage.held(stage.case("i").handle, "0580")

    with pytest.raises(NotFoundError):
        stage.court.reply(move(old, hold.id))


def test_anothers_places_are_answered_like_none(stage, case):
    """What is not yours does not exist."""
    old = stage.placed(case)
    hold = stage.held(case, "0580")
    for command in (
        move(old, hold.id, caller=OTHER),
        move(token("nobody's"), hold.id),
        move(old, token("nobody's")),
        move_out(old, caller=OTHER),
        abort(old, caller=OTHER),
    ):
        with pytest.raises(NotFoundError):
            stage.court.reply(command)


def test_a_closed_case_moves_nobody(stage, case):
    """It moves out all the same."""
    made = stage.placed(case)
    stage.court.reply(close_case(case))
    for command in (move_in(made), move(made, made)):
        with pytest.raises(ClosedError):
            stage.court.reply(command)
    stage.court.reply(move_out(made))

    assert record(stage, made).state is PlacementState.ENDED


# Out, and not at all


@pytest.mark.parametrize(
    ("days", "expected"), [(1, "valid_to_day"), (-1, "valid_to_day"), (0, None)]
)
def test_moving_out_has_a_day(stage, case, days, expected):
    """Not ahead, and not before the first."""
    made = stage.placed(case)
    command = move_out(made, days)
    if expected is None:
        (event,) = stage.court.decide(command).outcome.events

        assert (event.cause, event.valid_to) == (EndCause.MOVED_OUT, TODAY)
    else:
        assert field_of(stage.court, command) == expected


@pytest.mark.parametrize("step", [move_out, abort])
def test_nothing_ends_twice(stage, case, step):
    """A retry finds the first time; another request contradicts it."""
    made = stage.placed(case)
    command = step(made, request="r")
    stage.court.reply(command)
    over = record(stage, made)
    stage.court.reply(command)
    for late in (move_out(made), abort(made), move_in(made)):
        with pytest.raises(ConflictError):
            stage.court.reply(late)

    assert record(stage, made) == over


@pytest.mark.parametrize("step", [move_out, abort])
def test_a_hold_is_released_instead(stage, case, step):
    """It never was a placement of somebody."""
    with pytest.raises(ConflictError):
        stage.court.reply(step(stage.held(case).id))


def test_nobody_moved_in(stage, case):
    """A confirmed place is given up, from its first day on."""
    made = stage.placed(case, window=Window(start=day(5)))
    decision = stage.court.decide(abort(made))

    assert decision.outcome.events[0].cause is EndCause.NOT_MOVED_IN
    assert record(stage, made).state is PlacementState.ABORTED
    assert record(stage, made).valid_to == day(5)


def test_who_moved_in_moves_out(stage, case):
    """Aborting would say that nobody was there."""
    made = stage.placed(case)
    stage.court.reply(move_in(made))

    with pytest.raises(ConflictError):
        stage.court.reply(abort(made))


# Whose place it is


def test_a_merge_while_placed(stage, rival):
    """Two cases of one person don't endanger one another, until the link is undone."""
    made = stage.placed(stage.case("h").handle)
    same = stage.same_as("r", "h")
    merged = stage.verdict(rival, "2480")
    stage.retract(same)

    assert (merged, stage.verdict(rival, "2480")) == ("CLEAR", "CONFLICT")
    assert record(stage, made).state is ACTIVE


def test_confirming_anothers_place(stage, case):
    """A colleague of the same municipality goes on where somebody stopped."""
    held = stage.held(case)
    colleague = caseworker(person="cw-02")
    stage.court.reply(confirm(held.id, caller=colleague))

    assert record(stage, held.id).state is ACTIVE
