"""A change that is rejected or withdrawn, and one whose facts changed since."""

import pytest
from kit.commands import (
    COORDINATOR,
    NATIONAL,
    SECOND,
    approve,
    assess_case,
    check,
    coordinator,
    draft,
    end_facts,
    open_case,
    presence,
    record_facts,
    retract_facts,
    show_change,
)
from kit.living import contest_facts, propose_facts, reject, withdraw
from kit.steps import stop_provider
from kit.world import TODAY, token

from placement.domain.decide.command import Note
from placement.domain.decide.drafts import Member
from placement.domain.events import FactRetracted
from placement.domain.facts import Tie
from placement.domain.life_events import StepKind
from placement.domain.terms import MICROS_AN_HOUR, Verdict
from placement.errors import (
    AccessDeniedError,
    ConflictError,
    NotFoundError,
    StaleError,
)

LAPSED = 72 * MICROS_AN_HOUR
ends = pytest.mark.parametrize("end", [reject, withdraw])


@pytest.fixture
def waiting(court):
    """A base that waits, and its change."""
    return court.reply(record_facts(presence(kind="BASE"))).ids


def test_what_was_withdrawn_counts_no_more(court, waiting):
    """It stays in history, and so does who decided."""
    base, change = waiting
    court.reply(withdraw(change))
    (step,) = court.state.histories.later(base)

    assert court.state.facts[base].retracted
    assert court.state.changes == {}
    assert (step.kind, step.person, step.second) == (StepKind.WITHDRAWN, "co-01", "")


def test_what_was_rejected_acts_softly_until_another_agrees(court, waiting):
    """Who rejects a warning does not take it away alone."""
    base, change = waiting
    (retraction,) = court.reply(reject(change)).ids
    before = court.state.facts[base]
    proposed = court.state.changes[retraction]
    with pytest.raises(AccessDeniedError):
        court.reply(approve(retraction))
    court.reply(approve(retraction, caller=COORDINATOR))
    rejected, retracted = court.state.histories.later(base)

    assert (before.approved, before.retracted) == (False, False)
    assert (proposed.person, proposed.region) == ("co-02", "syd")
    assert proposed.amendments == (FactRetracted(id=base),)
    assert court.state.facts[base].retracted
    assert (rejected.kind, rejected.person, rejected.second) == (
        StepKind.REJECTED,
        "co-01",
        "co-02",
    )
    assert (retracted.kind, retracted.person, retracted.second) == (
        StepKind.RETRACTED,
        "co-02",
        "co-01",
    )


def test_a_rejected_warning_still_gives_review(court):
    """Who was assessed with it is not answered as if nothing were known."""
    (case,) = court.reply(open_case("h")).ids
    tie = draft(
        Tie, "tie", subject=Member(case=case, position=0), area="2480", danger=True
    )
    _, change = court.reply(assess_case(case, tie)).ids
    before = answered(court, case)
    (retraction,) = court.reply(reject(change)).ids
    rejected = answered(court, case)
    court.reply(approve(retraction, caller=COORDINATOR))

    assert (before, rejected) == (Verdict.REVIEW, Verdict.REVIEW)
    assert answered(court, case) is Verdict.UNKNOWN


def answered(court, case):
    """Return what 2480 is worth to a case."""
    (one,) = court.reply(check(case, "2480")).answers
    return one.verdict


def test_who_rejects_for_the_nation_lets_the_region_agree(court, waiting):
    """Else who recorded it could not say that they were wrong."""
    base, change = waiting
    (retraction,) = court.reply(reject(change, caller=NATIONAL)).ids
    court.reply(approve(retraction, caller=COORDINATOR))

    assert court.state.facts[base].retracted


def test_nothing_is_retracted_where_nothing_was_recorded(court):
    """Nor what somebody else stood behind, or what is erased."""
    fact, _ = court.reply(record_facts(presence())).ids
    (change,) = court.reply(end_facts((fact, -1))).ids

    assert court.reply(reject(change)).ids == (b"",)
    assert court.state.changes == {}


@ends
def test_what_a_change_amends_stays(court, end):
    """Its amendments die; nothing happened to their facts."""
    fact, _ = court.reply(record_facts(presence(valid_from=TODAY - 9))).ids
    before = court.state.facts[fact]
    (change,) = court.reply(end_facts((fact, -1))).ids
    court.reply(end(change))

    assert court.state.facts[fact] is before
    assert court.state.histories.later(fact) == ()


@ends
def test_a_provider_stays_stopped(stage, end):
    """Whatever waits may be ended."""
    stage.facility("house", "firm", "2480")
    stage.court.reply(stop_provider())
    (change,) = stage.court.reply(stop_provider(lift=True)).ids
    stage.court.reply(end(change))

    assert stage.state.stopped == {token("firm"): {"syd"}}
    assert stage.state.changes == {}


@ends
def test_it_is_over_once(court, waiting, end):
    """A retry finds its answer; another request finds nothing."""
    _, change = waiting
    command = end(change, request="r")
    first = court.reply(command)

    assert court.reply(command) == first
    with pytest.raises(NotFoundError):
        court.reply(end(change))
    with pytest.raises(NotFoundError):
        court.reply(approve(change))


@pytest.mark.parametrize("end", [reject, withdraw, approve])
def test_a_change_of_another_region_is_not_there(court, waiting, end):
    """It is answered as none, and noted as what was asked for."""
    _, change = waiting
    theirs = court.decide(end(change, caller=coordinator("nord")))
    nobodys = court.decide(end(token("nobody's"), caller=coordinator("nord")))

    assert type(theirs.outcome) is type(nobodys.outcome) is NotFoundError
    assert theirs.note == Note(objects=(change,))


@ends
def test_what_lapsed_is_not_ended(court, waiting, end):
    """It is proposed again, or retracted, by two."""
    base, change = waiting
    court.later(LAPSED)
    with pytest.raises(ConflictError):
        court.reply(end(change))

    assert not court.state.facts[base].retracted


@pytest.mark.parametrize("end", [reject, approve])
@pytest.mark.parametrize("region", ["syd", "national"])
def test_one_person_is_not_two(court, waiting, end, region):
    """Whatever region or certificate they come with."""
    _, change = waiting
    same = coordinator(region, COORDINATOR.person)
    other = type(same)(same.role, same.organisation, same.person, b"o" * 32)
    for caller in (same, other):
        with pytest.raises(AccessDeniedError):
            court.reply(end(change, caller=caller))

    assert change in court.state.changes


def test_only_the_proposer_withdraws(court, waiting):
    """Neither another, nor somebody of that id in another organisation."""
    _, change = waiting
    for caller in (SECOND, NATIONAL, coordinator("national", COORDINATOR.person)):
        with pytest.raises(AccessDeniedError):
            court.reply(withdraw(change, caller=caller))
    court.reply(withdraw(change))

    assert court.state.changes == {}


def test_nobody_takes_back_alone_what_another_recorded(court, waiting):
    """To propose it again and withdraw that would be to retract it, by one person."""
    base, _ = waiting
    court.later(LAPSED)
    (again,) = court.reply(propose_facts(base, caller=SECOND)).ids
    with pytest.raises(AccessDeniedError):
        court.reply(withdraw(again, caller=SECOND))
    stands = not court.state.facts[base].retracted
    court.later(LAPSED)
    (own,) = court.reply(propose_facts(base)).ids
    court.reply(withdraw(own))

    assert stands
    assert court.state.facts[base].retracted


def test_who_approves_has_seen_it(court, waiting):
    """If a fact of it changed since it was shown, they look again."""
    base, change = waiting
    court.reply(show_change(change))
    seen = court.state.revision
    court.reply(contest_facts(base))
    with pytest.raises(StaleError):
        court.reply(approve(change, shown=seen))
    court.reply(approve(change, shown=court.state.revision))

    assert court.state.facts[base].approved


def test_what_was_retracted_meanwhile_is_still_rejected(court, waiting):
    """The change can't be approved any more, but it can be ended."""
    base, change = waiting
    (retraction,) = court.reply(retract_facts(base)).ids
    court.reply(approve(retraction))
    with pytest.raises(ConflictError):
        court.reply(approve(change))
    made = court.reply(reject(change)).ids

    assert court.state.facts[base].retracted
    assert (made, court.state.changes) == ((b"",), {})
