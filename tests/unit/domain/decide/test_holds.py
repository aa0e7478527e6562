"""Holds: confirmed, extended, released, and what may come between."""

from datetime import datetime

import pytest
from kit.commands import caseworker, close_case
from kit.steps import Stage, abort, confirm, extend, hold, move_in, release
from kit.world import NOW, TODAY, day, token

from placement.domain.events import PlacementEnded
from placement.domain.terms import (
    MICROS_A_DAY,
    MICROS_AN_HOUR,
    STOCKHOLM,
    EndCause,
    Micros,
    PlacementState,
    Verdict,
    Window,
    stockholm_day,
)
from placement.errors import (
    ClosedError,
    ConflictError,
    NotFoundError,
    RequestReusedError,
)

HOURS = 72 * MICROS_AN_HOUR
COLLEAGUE = caseworker(person="cw-02")
OTHER = caseworker("0180")


@pytest.fixture
def case(stage):
    """The handle of a household of whom nothing is known."""
    return stage.case("h").handle


def state_of(stage: Stage, key: bytes) -> PlacementState:
    return stage.state.placements[key].state


# Confirming


def test_a_confirmed_hold_is_active(stage, case):
    """It lapses no more, and keeps what its place was worth."""
    held = stage.held(case)
    decision = stage.court.decide(confirm(held.id))
    reply, now = decision.outcome.reply, stage.state.placements[held.id]

    assert (reply.answer.verdict, reply.state) == (Verdict.CLEAR, PlacementState.ACTIVE)
    assert (now.state, now.expires_at, now.verdict) == (
        PlacementState.ACTIVE,
        None,
        Verdict.CLEAR,
    )
    assert (reply.moved_in, reply.answer.valid_until) == (False, NOW + HOURS)
    assert (decision.note.case, decision.note.objects) == (case, (held.id,))
    assert decision.note.verdicts == (Verdict.CLEAR,)


@pytest.mark.parametrize(("micros", "stands"), [(HOURS - 1, True), (HOURS, False)])
def test_a_hold_lapses_to_the_microsecond(stage, case, micros, stands):
    """Until then it is confirmed; from then on it is none, event or no event."""
    held = stage.held(case)
    stage.court.later(micros)
    for command in (release, extend, confirm):
        if not stands:
            with pytest.raises(ConflictError):
                stage.court.reply(command(held.id))
    if stands:
        stage.court.reply(confirm(held.id))

    expected = PlacementState.ACTIVE if stands else PlacementState.HELD
    assert state_of(stage, held.id) is expected


@pytest.mark.parametrize("again", [confirm, extend])
def test_a_retry_changes_nothing_again(stage, case, again):
    """After the commit the same request finds what it did."""
    held = stage.held(case)
    command = again(held.id, request="r")
    first = stage.court.reply(command)
    before = stage.state.placements[held.id]
    stage.court.later(MICROS_AN_HOUR)
    second = stage.court.reply(command)

    assert stage.state.placements[held.id] == before
    assert getattr(first, "state", first) == getattr(second, "state", second)


def test_a_retry_after_somebody_ended_it(stage, case):
    """It was confirmed: that is no contradiction, whatever became of it since."""
    held = stage.held(case)
    command = confirm(held.id, request="r")
    stage.court.reply(command)
    stage.court.reply(abort(held.id))
    told = stage.court.reply(command)
    stage.court.reply(close_case(case))
    later = stage.court.reply(command)

    assert (told.state, later.state) == (PlacementState.ABORTED,) * 2
    assert told.answer.verdict is later.answer.verdict is Verdict.CLEAR
    with pytest.raises(ClosedError):
        stage.court.reply(confirm(held.id, request="s"))


def test_a_retry_without_a_commit(stage):
    """What was not confirmed the first time may be when it is asked again."""
    ours, theirs = stage.rivals()
    held = stage.held(ours)
    rival = stage.placement(stage.state.cases[theirs], "2480")
    command = confirm(held.id, request="r")
    first = stage.court.reply(command)
    ended = PlacementEnded(id=rival, state=PlacementState.ENDED, valid_to=TODAY)
    stage.apply(ended)
    second = stage.court.reply(command)

    assert (first.state, second.state) == (PlacementState.HELD, PlacementState.ACTIVE)


def test_another_request_is_refused(stage, case):
    """Confirming twice, by whomever, contradicts what stands."""
    held = stage.held(case)
    stage.court.reply(confirm(held.id, request="r", content="one"))
    for late in (confirm(held.id), confirm(held.id, caller=COLLEAGUE)):
        with pytest.raises(ConflictError):
            stage.court.reply(late)
    with pytest.raises(RequestReusedError):
        stage.court.reply(extend(held.id, request="r", content="two"))


@pytest.mark.parametrize("days", [None, 10], ids=["open", "over"])
def test_a_household_is_placed_once(stage, case, days):
    """A second place in the same days is not confirmed; in others it is."""
    end = None if days is None else day(days)
    stage.placed(case, window=Window(start=TODAY, end=end))
    held = stage.held(case, "0580", window=Window(start=day(10)))
    if days is None:
        with pytest.raises(ConflictError):
            stage.court.reply(confirm(held.id))
    else:
        stage.court.reply(confirm(held.id))

    expected = PlacementState.HELD if days is None else PlacementState.ACTIVE
    assert state_of(stage, held.id) is expected


def test_one_person_in_two_cases(stage):
    """Of one municipality they are seen together; another's would tell."""
    stage.placed(stage.case("h", "x").handle)
    own = stage.held(stage.case("h").handle, "0580")
    other = stage.held(stage.case("h", org="0180").handle, "0580", caller=OTHER)
    with pytest.raises(ConflictError):
        stage.court.reply(confirm(own.id))
    stage.court.reply(confirm(other.id, caller=OTHER))

    assert state_of(stage, other.id) is PlacementState.ACTIVE


def test_days_that_are_over(stage, case):
    """A hold whose last day has passed is for nobody."""
    held = stage.held(case, window=Window(start=TODAY, end=day(1)))
    stage.court.later(MICROS_A_DAY)

    with pytest.raises(ConflictError):
        stage.court.reply(confirm(held.id))


@pytest.mark.parametrize("step", [confirm, extend, release, move_in])
def test_anothers_hold_is_answered_like_none(stage, case, step):
    """What is not yours does not exist."""
    held = stage.held(case)
    for command in (step(held.id, caller=OTHER), step(token("nobody's"))):
        with pytest.raises(NotFoundError):
            stage.court.reply(command)


@pytest.mark.parametrize("step", [confirm, extend, move_in])
def test_a_closed_case_is_one_refusal(stage, case, step):
    """Whatever became of the hold, what is told is that the case is closed."""
    held = stage.held(case)
    stage.court.reply(close_case(case))

    with pytest.raises(ClosedError):
        stage.court.reply(step(held.id))


# Extending


def test_extending_gives_the_whole_time_again(stage, case):
    """From now on, once."""
    held = stage.held(case)
    stage.court.later(MICROS_AN_HOUR)
    reply = stage.court.reply(extend(held.id))
    with pytest.raises(ConflictError):
        stage.court.reply(extend(held.id))
    now = stage.state.placements[held.id]

    assert reply.expires_at == now.expires_at == NOW + HOURS + MICROS_AN_HOUR
    assert now.extended


def test_an_extension_that_is_retried_late(stage, case):
    """When the hold was confirmed meanwhile there is nothing that lapses."""
    held = stage.held(case)
    command = extend(held.id, request="r")
    stage.court.reply(command)
    stage.court.reply(confirm(held.id))

    assert stage.court.reply(command).expires_at == NOW


# Releasing


def test_a_hold_is_given_up(stage, case):
    """It is over from today on; a second time contradicts, a retry doesn't."""
    held = stage.held(case)
    command = release(held.id, request="r")
    decision = stage.court.decide(command)
    stage.court.reply(command)
    with pytest.raises(ConflictError):
        stage.court.reply(release(held.id))
    (event,) = decision.outcome.events

    assert (event.cause, event.valid_to) == (EndCause.RELEASED, TODAY)
    assert state_of(stage, held.id) is PlacementState.ABORTED
    assert decision.note.case == case


def test_what_is_confirmed_is_no_hold(stage, case):
    """It is aborted or ended instead."""
    made = stage.placed(case)
    for step in (release, extend):
        with pytest.raises(ConflictError):
            stage.court.reply(step(made))


# How many


def test_two_live_holds_a_case(stage, case):
    """A third is refused before anything is assessed; one that is gone counts no more."""
    first = stage.held(case)
    stage.held(case, "0580")
    before = stage.state.revision
    with pytest.raises(ConflictError):
        stage.court.reply(hold(case, "1480"))
    unchanged = stage.state.revision == before
    stage.court.reply(release(first.id))

    assert unchanged
    assert stage.held(case, "1480").state is PlacementState.HELD


def test_a_lapsed_hold_makes_room(stage, case):
    """Even before its end is an event."""
    stage.held(case)
    stage.held(case, "0580")
    stage.court.later(HOURS)

    assert stage.held(case, "1480").expires_at == NOW + 2 * HOURS


def test_another_case_has_its_own(stage, case):
    """Two a case, whatever the municipality's other cases hold."""
    for area in ("2480", "0580"):
        stage.held(case, area)

    assert stage.held(stage.case("i").handle, "1480")


# Requests that come again


def test_a_retried_hold_is_the_same_hold(stage, case):
    """Whether or not the answer arrived, there is one."""
    command = hold(case, request="r")
    (first,) = stage.court.reply(command).answers
    (again,) = stage.court.reply(hold(case, request="r")).answers

    assert again.hold == first.hold
    assert list(stage.state.placements) == [first.hold.id]


def test_a_retry_after_the_hold_lapsed(stage, case):
    """It is not held anew: a forgotten retry must not hold a place for ever."""
    command = hold(case, request="r")
    stage.court.reply(command)
    stage.court.later(HOURS)
    for _ in range(2):
        (again,) = stage.court.reply(command).answers

        assert (again.verdict, again.hold) == (Verdict.CLEAR, None)
    assert len(stage.state.placements) == 1


def test_a_retry_finds_what_was_confirmed(stage, case):
    """The place stands, however far it has come."""
    command = hold(case, request="r")
    (first,) = stage.court.reply(command).answers
    stage.court.reply(confirm(first.hold.id))
    (again,) = stage.court.reply(command).answers

    assert again.hold == stage.state.placements[first.hold.id]


def test_a_retry_of_what_was_not_held(stage):
    """One request holds once: what it did not get the first time it never gets."""
    ours, theirs = stage.rivals()
    rival = stage.placement(stage.state.cases[theirs], "2480")
    command = hold(ours, request="r")
    (first,) = stage.court.reply(command).answers
    ended = PlacementEnded(id=rival, state=PlacementState.ENDED, valid_to=TODAY)
    stage.apply(ended)
    (again,) = stage.court.reply(command).answers

    assert (first.verdict, again.verdict) == (Verdict.CONFLICT, Verdict.CLEAR)
    assert (first.hold, again.hold) == (None, None)


def test_an_unassessed_case_holds_nothing(stage):
    """UNKNOWN is no leave; and its retry finds that there was none."""
    handle = stage.case("h", assessed=False).handle
    command = hold(handle, request="r")
    (answer,) = stage.court.reply(command).answers

    assert (answer.verdict, answer.hold) == (Verdict.UNKNOWN, None)
    assert stage.state.requests.get(command.request_key)


# Nights and years that are odd


@pytest.mark.parametrize(
    ("held_at", "lapses_at"),
    [
        ("2026-10-24 12:00", "2026-10-27 11:00"),
        ("2027-03-27 12:00", "2027-03-30 13:00"),
        ("2026-12-30 23:30", "2027-01-02 23:30"),
        ("2028-02-27 08:00", "2028-03-01 08:00"),
        ("2027-02-27 08:00", "2027-03-02 08:00"),
    ],
    ids=["winter time", "summer time", "new year", "leap year", "common year"],
)
def test_seventy_two_hours_are_hours(stage, case, held_at, lapses_at):
    """Whatever the clock on the wall does, and whatever days February has."""
    begin, end = (micros(text) for text in (held_at, lapses_at))
    today = stockholm_day(begin)
    stage.cover(age=TODAY - today, region="national")
    stage.court.later(begin - NOW)
    held = stage.held(case, window=Window(start=today))

    assert held.expires_at == end


def micros(text: str) -> Micros:
    """Return an instant of Stockholm."""
    local = datetime.fromisoformat(text).replace(tzinfo=STOCKHOLM)
    return Micros(int(local.timestamp()) * 1_000_000)
