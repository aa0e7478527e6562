"""Overrides: a place despite what was answered, on two persons' word."""

import pytest
from kit.commands import (
    SECOND,
    caseworker,
    check,
    close_case,
    coordinator,
    field_of,
)
from kit.permitted import holds, overridden, released
from kit.steps import (
    propose_override,
    show_override,
    sign_override,
)
from kit.world import NOW, TODAY

from placement.domain.terms import (
    MICROS_A_DAY,
    MICROS_AN_HOUR,
    Verdict,
)
from placement.errors import (
    AccessDeniedError,
    BudgetError,
    ClosedError,
    ConflictError,
    NotFoundError,
    StaleError,
)

OPEN = "2480"
PERMITTED = 336 * MICROS_AN_HOUR


@pytest.fixture
def case(stage):
    """The handle of h, for whom 2480 is a REVIEW that was answered."""
    stage.tie("h", OPEN)
    handle = stage.case("h").handle
    stage.court.reply(check(handle))
    return handle


@pytest.fixture
def feud(stage):
    """The handle of h, for whom 2480 is a CONFLICT that was answered."""
    ours, theirs = stage.rivals()
    stage.placement(stage.state.cases[theirs], OPEN)
    stage.court.reply(check(ours))
    return ours


def test_an_override_is_signed_by_a_coordinator(stage, feud):
    """Then the place is held, and the register says under what."""
    proposed = stage.court.decide(propose_override(feud))
    (permit,) = proposed.outcome.made
    waits = holds(stage, feud)
    shown = stage.court.decide(show_override(permit))
    digest = shown.outcome.reply.explained.seen
    stage.court.reply(sign_override(permit, digest))
    kept = stage.state.permits[permit]

    assert not waits
    assert proposed.outcome.reply.expires_at == NOW + 72 * MICROS_AN_HOUR
    assert proposed.note.purpose == "GREATER_DANGER"
    assert shown.outcome.reply.permit.id == permit
    assert shown.note.objects == (permit,)
    assert (kept.signed_by, kept.expires_at) == ("co-01", NOW + PERMITTED)
    assert stage.held(feud).verdict is Verdict.CONFLICT
    assert (kept.follow_up, kept.verdict) == (TODAY + 30, Verdict.CONFLICT)


def test_nobody_of_the_municipality_signs(stage, feud):
    """Two who don't know the cause are as blind as one."""
    (permit,) = stage.court.reply(propose_override(feud)).ids
    for person in ("cw-01", "cw-02"):
        command = sign_override(permit, caller=caseworker(person=person))
        with pytest.raises(AccessDeniedError):
            stage.court.reply(command)

    assert not stage.state.permits[permit].signed


def test_nobody_signs_what_they_proposed(stage, feud):
    """Not under another certificate, region or organisation either."""
    (permit,) = stage.court.reply(propose_override(feud)).ids
    proposer = stage.state.permits[permit].person
    for region in ("syd", "national"):
        same = coordinator(region, proposer)
        digest = stage.court.reply(show_override(permit, caller=same)).explained.seen
        with pytest.raises(AccessDeniedError):
            stage.court.reply(sign_override(permit, digest, caller=same))

    assert not stage.state.permits[permit].signed


def test_an_override_is_signed_for_what_was_shown(stage, feud):
    """What came between is not signed; what was proposed counts no more."""
    (permit,) = stage.court.reply(propose_override(feud)).ids
    digest = stage.court.reply(show_override(permit)).explained.seen
    stage.tie("h", OPEN, danger=True)
    with pytest.raises(StaleError):
        stage.court.reply(sign_override(permit, digest))
    digest = stage.court.reply(show_override(permit)).explained.seen
    stage.court.reply(sign_override(permit, digest))

    assert holds(stage, feud)


def test_an_override_covers_nothing_that_is_added(stage, feud):
    """Another CONFLICT is another decision."""
    overridden(stage, feud)
    stage.tie("h", OPEN, danger=True)

    assert not holds(stage, feud)


def test_a_finding_that_hardens_is_added(stage, feud):
    """What was WEAK when it was signed for is something else when it is STRONG."""
    weak = stage.tie("h", OPEN, danger=True, grade="3D")
    overridden(stage, feud)
    before = holds(stage, feud)
    stage.regrade(weak, "1B")

    assert (before, holds(stage, feud)) == (True, False)


@pytest.mark.parametrize(("days", "covers"), [(1, True), (2, False)])
def test_an_override_ends_on_its_day(stage, feud, days, covers):
    """On the day to look again somebody has to."""
    overridden(stage, feud, days=2)
    stage.court.later(days * MICROS_A_DAY)

    assert holds(stage, feud) is covers


@pytest.mark.parametrize(
    ("days", "fits"), [(0, False), (1, True), (90, True), (91, False)]
)
def test_the_day_to_look_again_is_near(stage, feud, days, fits):
    """Tomorrow at the earliest, and not out of sight."""
    command = propose_override(feud, days=days)
    if fits:
        assert stage.court.reply(command).ids
    else:
        assert field_of(stage.court, command) == "follow_up_day"


def test_an_override_is_signed_once_and_in_time(stage, feud):
    """A second signature contradicts, a retry doesn't; and a proposal lapses."""
    first = propose_override(feud)
    (permit,) = stage.court.reply(first).ids
    digest = stage.court.reply(show_override(permit)).explained.seen
    command = sign_override(permit, digest, request="r")
    signed = stage.court.reply(command)
    again = stage.court.reply(command)
    with pytest.raises(ConflictError):
        stage.court.reply(sign_override(permit, digest, caller=SECOND))
    (late,) = stage.court.reply(propose_override(feud)).ids
    stage.court.later(72 * MICROS_AN_HOUR)
    with pytest.raises(ConflictError):
        stage.court.reply(sign_override(late, digest))

    assert again.ids == signed.ids == (permit,)


@pytest.mark.parametrize("when", ["before", "between"])
def test_a_closed_case_is_not_overridden(stage, feud, when):
    """Neither proposed nor signed."""
    command = propose_override(feud)
    if when == "between":
        (permit,) = stage.court.reply(command).ids
        command = sign_override(permit)
    stage.court.reply(close_case(feud))

    with pytest.raises(ClosedError):
        stage.court.reply(command)


def test_an_unassessed_case_is_not_overridden(stage):
    """Nobody knows what would be covered."""
    handle = stage.case("h", assessed=False).handle

    with pytest.raises(ConflictError):
        stage.court.reply(propose_override(handle))


def test_a_release_is_no_override(stage, case):
    """It is neither shown nor signed as one."""
    permit = released(stage, case)
    for command in (show_override(permit), sign_override(permit)):
        with pytest.raises(NotFoundError):
            stage.court.reply(command)


def test_proposing_costs_what_a_check_does(stage, case):
    """That a hold succeeds afterwards tells what the place is worth."""
    areas = ("0580", "0680", "0780", "0880", "0980")
    for area in areas:
        stage.court.reply(check(case, area))
    repeated = stage.court.reply(propose_override(case))
    with pytest.raises(BudgetError):
        stage.court.reply(propose_override(case, area="1080"))

    assert repeated.ids
