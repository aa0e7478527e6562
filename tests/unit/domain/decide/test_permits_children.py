"""Releases of a place for a child: a second person signs what they were shown."""

import pytest
from kit.commands import (
    COORDINATOR,
    SECOND,
    approve,
    check,
    close_case,
    coordinator,
    field_of,
    show_change,
)
from kit.permitted import holds, seen
from kit.steps import explain, release_place
from kit.world import TODAY, day

from placement.domain.terms import MICROS_A_DAY, Verdict, Window
from placement.errors import (
    AccessDeniedError,
    ClosedError,
    ConflictError,
    NotFoundError,
    StaleError,
)

OPEN = "2480"


@pytest.fixture
def child(stage):
    """The same with a child in the household."""
    stage.tie("h", OPEN)
    handle = stage.case("h", "i", children=(1,)).handle
    stage.court.reply(check(handle))
    return handle


def test_a_child_waits_for_a_second_person(stage, child):
    """Until another coordinator signs, nothing is held; nobody is told why."""
    decision = stage.court.decide(release_place(child, seen(stage, child)))
    permit, change = decision.outcome.made
    waits = holds(stage, child)
    with pytest.raises(AccessDeniedError):
        stage.court.reply(approve(change, caller=COORDINATOR))
    view = stage.court.reply(show_change(change))
    stage.court.reply(approve(change, seen=view.explained.seen))

    assert not waits
    assert (dict(view.permits), view.facts) == (
        {permit: decision.outcome.events[0].permit},
        {},
    )
    assert holds(stage, child)
    assert stage.state.permits[permit].signed_by == SECOND.person


@pytest.fixture
def waiting(stage, child):
    """The change that a release of a place for the child waits in."""
    return stage.court.reply(release_place(child, seen(stage, child))).ids[1]


def test_the_second_person_is_shown_the_place(stage, child, waiting):
    """What it is worth now and why, as far as the own region owns it; it is logged."""
    decision = stage.court.decide(show_change(waiting))
    told = decision.outcome.reply.explained
    approved = stage.court.decide(approve(waiting, seen=told.seen))

    assert (told.verdict, [each.rule for each in told.reasons]) == (
        Verdict.REVIEW,
        [""],
    )
    for note in (decision.note, approved.note):
        assert (note.case, note.reference) == (child, "SN 1")
        assert (note.candidates, note.verdicts) == ((OPEN,), (Verdict.REVIEW,))
        assert note.objects == (waiting,)


@pytest.mark.parametrize("worse", [True, False], ids=["worse", "as bad"])
def test_a_release_that_covers_the_place_no_longer(stage, child, waiting, worse):
    """What was added nobody released: explain and release anew."""
    stage.tie("h", OPEN, danger=worse, start=-30)
    told = stage.court.reply(show_change(waiting)).explained
    with pytest.raises(ConflictError):
        stage.court.reply(approve(waiting, seen=told.seen))

    assert told.verdict is (Verdict.CONFLICT if worse else Verdict.REVIEW)
    assert not holds(stage, child)
    assert waiting in stage.state.changes


def test_the_second_person_signs_what_they_were_shown(stage, child, waiting):
    """Not what the first was, nor what was shown of the place for another step."""
    other = coordinator(person="co-07")
    shown = [
        stage.court.reply(show_change(waiting, caller=COORDINATOR)).explained.seen,
        stage.court.reply(show_change(waiting, caller=other)).explained.seen,
        stage.court.reply(explain(child, caller=SECOND)).seen,
        bytes(32),
    ]
    for digest in shown:
        with pytest.raises(StaleError):
            stage.court.reply(approve(waiting, seen=digest))
    unseen = field_of(stage.court, approve(waiting))
    own = stage.court.reply(show_change(waiting)).explained.seen
    stage.court.reply(approve(waiting, seen=own))

    assert len({*shown, own}) == 5
    assert unseen == "seen"
    assert holds(stage, child)


def test_one_reason_less_is_looked_at_again(stage, child):
    """It is still covered; but it is not what the second person saw."""
    second = stage.tie("h", OPEN, start=-30)
    waiting = stage.court.reply(release_place(child, seen(stage, child))).ids[1]
    before = stage.court.reply(show_change(waiting)).explained.seen
    stage.retract(second)
    with pytest.raises(StaleError):
        stage.court.reply(approve(waiting, seen=before))
    after = stage.court.reply(show_change(waiting)).explained.seen

    assert stage.court.reply(approve(waiting, seen=after))


def test_a_closed_case_is_released_nothing(stage, child, waiting):
    """Nobody is placed under it."""
    told = stage.court.reply(show_change(waiting)).explained
    stage.court.reply(close_case(child))
    with pytest.raises(ClosedError):
        stage.court.reply(approve(waiting, seen=told.seen))


def test_a_release_of_days_that_are_over(stage, child):
    """There is nothing left to show, nor to sign."""
    days = {"window": Window(start=TODAY, end=day(1))}
    command = release_place(child, seen(stage, child, **days), **days)
    waiting = stage.court.reply(command).ids[1]
    told = stage.court.reply(show_change(waiting)).explained
    stage.court.later(MICROS_A_DAY)
    for late in (show_change(waiting), approve(waiting, seen=told.seen)):
        with pytest.raises(NotFoundError):
            stage.court.reply(late)


def test_a_child_is_shown_to_coordinators_alone(stage, child):
    """They are told that a second has to sign."""
    assert stage.court.reply(explain(child)).needs_second
