"""Phantoms are lifted for one case and area; a group gets a size. By two persons."""

import pytest
from kit.commands import (
    COORDINATOR,
    NATIONAL,
    SECOND,
    approve,
    assess_case,
    check,
    close_case,
    coordinator,
    field_of,
    register_groups,
    show_change,
)
from kit.haunting import lift, rival_there, size
from kit.living import reject
from kit.permitted import holds, seen
from kit.steps import explain
from kit.world import token

from placement.domain.terms import (
    MICROS_A_DAY,
    MICROS_AN_HOUR,
    GroupSize,
    LiftGround,
    Verdict,
)
from placement.errors import (
    BudgetError,
    ClosedError,
    ConflictError,
    NotFoundError,
    StaleError,
)

OPEN, OTHER = "2480", "1480"
LASTS = 336 * MICROS_AN_HOUR


@pytest.fixture
def case(stage):
    """The handle of h, in whose way a phantom stands in 2480, as was answered."""
    handle = rival_there(stage)
    stage.court.reply(check(handle, OPEN))
    return handle


def lifted(stage, case, **given):
    """Lift with two persons; return the change."""
    (change,) = stage.court.reply(lift(case, seen(stage, case, **given), **given)).ids
    stage.court.reply(approve(change, caller=SECOND))
    return change


def verdict(stage, case, area=OPEN):
    (answer,) = stage.court.reply(check(case, area)).answers
    return answer.verdict


def test_a_lift_waits_for_a_second_coordinator(stage, case):
    """Until then nothing is different; who proposed it can't approve."""
    (change,) = stage.court.reply(lift(case, seen(stage, case))).ids
    assert verdict(stage, case) is Verdict.CONFLICT
    shown = stage.court.reply(show_change(change, caller=SECOND)).change
    (amendment,) = shown.amendments
    stage.court.reply(approve(change, caller=SECOND))

    assert (amendment.case, amendment.area, amendment.hours) == (case, OPEN, 336)
    assert amendment.ground is LiftGround.URGENT
    assert verdict(stage, case) is Verdict.CLEAR
    assert holds(stage, case)


def test_a_lift_is_of_one_case_and_area(stage, case):
    """Another case of the same household is answered as before."""
    other = stage.case("h").handle
    lifted(stage, case)

    assert verdict(stage, case) is Verdict.CLEAR
    assert verdict(stage, other) is Verdict.CONFLICT


def test_a_lift_ends_by_itself(stage, case):
    """To the instant."""
    lifted(stage, case)
    stage.court.later(LASTS - 1)
    assert verdict(stage, case) is Verdict.CLEAR
    stage.court.later(1)

    assert verdict(stage, case) is Verdict.CONFLICT


def test_a_lift_shows_what_is_real_and_takes_nothing_of_it(stage, case):
    """What is real still stands in the way."""
    stage.tie("h", OPEN)
    lifted(stage, case)

    assert verdict(stage, case) is Verdict.REVIEW


def test_who_lifts_has_seen_what_is_real(stage, case):
    """As it stands."""
    digest = seen(stage, case)
    stage.tie("h", OPEN)

    with pytest.raises(StaleError):
        stage.court.reply(lift(case, digest))


def test_nothing_is_lifted_where_no_phantom_stands_in_the_way(stage, case):
    """A lift would show nothing, and is refused."""
    stage.tie("h", OPEN, danger=True)

    with pytest.raises(ConflictError):
        stage.court.reply(lift(case, seen(stage, case)))


def test_the_same_lift_waits_once(stage, case):
    """Another may be proposed when it lapsed, or was rejected."""
    (change,) = stage.court.reply(lift(case, seen(stage, case))).ids
    with pytest.raises(ConflictError):
        stage.court.reply(lift(case, seen(stage, case)))
    stage.court.reply(reject(change, caller=SECOND))
    stage.court.reply(lift(case, seen(stage, case)))
    stage.court.later(72 * MICROS_AN_HOUR)

    assert stage.court.reply(lift(case, seen(stage, case))).ids


def test_a_region_lifts_so_often_and_no_oftener(stage, case):
    """What waits counts, too; after some days there is room again."""
    for number in range(5):
        other = stage.case("h").handle
        stage.court.reply(check(other, OPEN))
        if number:
            lifted(stage, other)
        else:
            stage.court.reply(lift(other, seen(stage, other)))
    with pytest.raises(BudgetError):
        stage.court.reply(lift(case, seen(stage, case)))
    national = explain(case, caller=NATIONAL)
    digest = stage.court.reply(national).seen
    assert stage.court.reply(lift(case, digest, caller=NATIONAL)).ids
    stage.court.later(30 * MICROS_A_DAY + 1)

    assert stage.court.reply(lift(case, seen(stage, case))).ids


def test_only_what_was_asked_can_be_lifted(stage):
    """Else a lift would be a way to look around."""
    handle = rival_there(stage)

    assert field_of(stage.court, lift(handle, bytes(32))) == "candidate.area"


def test_a_closed_case_or_another_region_s_has_no_lift(stage, case):
    """There it is as if it were not there."""
    digest = seen(stage, case)
    with pytest.raises(NotFoundError):
        stage.court.reply(lift(case, digest, caller=coordinator("vast")))
    stage.court.reply(close_case(case))

    with pytest.raises(ClosedError):
        stage.court.reply(lift(case, digest))


def test_an_unassessed_case_has_nothing_to_lift(stage):
    """It is answered UNKNOWN, whatever there is."""
    rival_there(stage)
    stage.affiliation("g", "A")
    waiting = stage.case("g", assessed=False).handle
    placed = stage.placement(stage.state.cases[waiting], OPEN)
    assert placed
    digest = seen(stage, waiting)

    with pytest.raises(ConflictError):
        stage.court.reply(lift(waiting, digest))
    stage.court.reply(assess_case(waiting))
    assert seen(stage, waiting) != digest


def test_the_log_names_case_place_and_ground(stage, case):
    """And the change, and what was answered."""
    decision = stage.court.decide(lift(case, seen(stage, case), change=token("c")))
    note = decision.note

    assert (note.case, note.candidates, note.purpose) == (case, (OPEN,), "URGENT")
    assert decision.outcome.made == (token("c"),)
    assert note.verdicts == (Verdict.CONFLICT,)


# Sizes


def test_a_size_waits_for_a_second_coordinator(court):
    """And is one when it is approved."""
    (change,) = court.reply(size("A")).ids
    assert court.state.haunts.size_of(token("A")) is GroupSize.MEDIUM
    court.reply(approve(change, caller=SECOND))

    assert court.state.haunts.size_of(token("A")) is GroupSize.LARGE


def test_a_size_that_stands_or_waits_is_refused(court):
    """Another may wait beside it, and the same again once it lapsed."""
    with pytest.raises(ConflictError):
        court.reply(size("A", GroupSize.MEDIUM))
    court.reply(size("A"))
    with pytest.raises(ConflictError):
        court.reply(size("A"))
    court.reply(size("A", GroupSize.SMALL))
    court.reply(size("B"))
    court.later(72 * MICROS_AN_HOUR)

    assert court.reply(size("A")).ids


def test_a_group_that_is_not_registered_has_no_size(court):
    """It is not there."""
    with pytest.raises(NotFoundError):
        court.reply(size("Z"))
    court.reply(register_groups("Z"))

    assert court.reply(size("Z", caller=COORDINATOR)).ids
