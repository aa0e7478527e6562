"""Erasing: by two persons, and never what protects."""

import pytest
from kit.commands import (
    CASEWORKER,
    COORDINATOR,
    NATIONAL,
    approve,
    close_case,
    field_of,
    list_changes,
    open_case,
    placement,
    presence,
    record_placements,
    retract_facts,
    rivalry,
    show_change,
)
from kit.erasing import approve_erasure, list_expired, propose_erasure
from kit.expiring import (
    KEPT,
    OTHER,
    affiliated,
    days,
    ended,
    erased,
    expired,
    of_two_groups,
    recorded,
)
from kit.living import begin_preview, reject, report_reviews, withdraw
from kit.world import token

from placement.domain.state import State
from placement.errors import AccessDeniedError, ConflictError, NotFoundError


@pytest.fixture
def court():
    """Decides commands; groups A and B are registered."""
    return of_two_groups()


def test_an_erasure_takes_two_persons(court):
    """Until the second one, all is as it was."""
    fact = ended(court)
    days(court, KEPT["presence"].ended)
    (change,) = court.reply(propose_erasure(fact)).ids
    waiting = fact in court.state.facts
    listed = court.reply(list_changes()).changes
    shown = court.reply(show_change(change))
    decision = court.decide(approve_erasure(change))

    assert waiting
    assert [each.id for each in listed] == [change]
    assert [*shown.facts] == [fact]
    assert fact not in court.state.facts
    assert decision.outcome.events[1].dossiers == (fact,)
    assert decision.note.objects == (change,)


def test_what_was_counted_is_counted_still(court):
    """Of every year that is over, and from a snapshot as well."""
    facts = recorded(court, presence("A"), presence("B"), rivalry())
    days(court, 365)
    court.reply(approve(court.reply(retract_facts(*facts)).ids[0]))
    days(court, 91)

    def reports():
        return [court.reply(report_reviews(NATIONAL, year)) for year in (2026, 2027)]

    kept = reports()
    erased(court, *facts[:2])
    erased(court, facts[2])
    again = State()
    for record in court.state.records():
        again.apply(record)
    gone, court.state = court.state, again

    assert (gone.facts, again.facts) == ({}, {})
    assert reports() == kept
    assert [each.kept for each in kept[0].tallies] == [1, 2]
    assert court.reply(report_reviews(year=2026)) == kept[0]
    assert court.reply(report_reviews(OTHER, 2026)).tallies == ()
    assert court.reply(report_reviews(NATIONAL, 2025)).tallies == ()


def test_nobody_approves_their_own_erasure(court):
    """Under whatever command."""
    fact = ended(court)
    days(court, KEPT["presence"].ended)
    (change,) = court.reply(propose_erasure(fact)).ids
    with pytest.raises(AccessDeniedError):
        court.reply(approve_erasure(change, caller=COORDINATOR))
    with pytest.raises(ConflictError):  # an entry of another kind
        court.reply(approve(change))

    assert fact in court.state.facts


def test_a_change_of_another_kind_is_no_erasure(court):
    """It is answered as if it were not there."""
    (fact,) = recorded(court, presence())
    (change,) = court.reply(retract_facts(fact)).ids
    with pytest.raises(NotFoundError):
        court.reply(approve_erasure(change))


def test_what_is_of_another_region_is_not_there(court):
    """Neither to propose nor to approve."""
    fact, case = ended(court), open_case("h")
    court.reply(case)
    court.reply(close_case(case.handle))
    days(court, 2000)
    (change,) = court.reply(propose_erasure(fact)).ids
    for command in (
        propose_erasure(fact, caller=OTHER),
        propose_erasure(case.handle, caller=OTHER),
        propose_erasure(token("nothing")),
        approve_erasure(change, caller=OTHER),
        approve_erasure(token("nothing")),
    ):
        with pytest.raises(NotFoundError):
            court.reply(command)

    assert court.reply(approve_erasure(change, caller=NATIONAL)).ids == ()


def test_what_is_not_past_its_retention_is_kept(court):
    """Nobody erases what stands, alone or together."""
    (standing,) = recorded(court, presence())
    with pytest.raises(ConflictError):
        court.reply(propose_erasure(standing))


def test_what_is_proposed_already_waits(court):
    """It is not listed, and not proposed twice; once that lapsed it is."""
    fact = ended(court)
    days(court, KEPT["presence"].ended)
    (change,) = court.reply(propose_erasure(fact)).ids
    listed = expired(court)
    with pytest.raises(ConflictError):
        court.reply(propose_erasure(fact))
    days(court, 3)
    with pytest.raises(ConflictError):
        court.reply(approve_erasure(change))
    (again,) = court.reply(propose_erasure(fact)).ids
    court.reply(approve_erasure(again))

    assert listed == []
    assert fact not in court.state.facts


def test_what_protects_somebody_meanwhile_is_kept(court):
    """It is looked at again when the second person comes."""
    case = open_case("h")
    court.reply(case)
    (member,) = recorded(court, affiliated())
    court.reply(close_case(case.handle))
    days(court, KEPT["affiliation"].closed)
    (change,) = court.reply(propose_erasure(member)).ids
    court.reply(record_placements(placement(case.handle)))
    with pytest.raises(ConflictError):
        court.reply(approve_erasure(change))

    assert member in court.state.facts


def test_what_was_erased_meanwhile_is_no_more(court):
    """A second proposal for more than it was trimmed, and then not approved."""
    first, second = ended(court), ended(court, presence("B"))
    days(court, KEPT["presence"].ended)
    (change,) = court.reply(propose_erasure(first)).ids
    court.reply(approve_erasure(change))
    with pytest.raises(NotFoundError):
        court.reply(propose_erasure(first, second))
    with pytest.raises(NotFoundError):
        court.reply(approve_erasure(change))

    assert expired(court) == [second]


@pytest.mark.parametrize("dossiers", [(), (token("f"),) * 2, (token("f"),) * 501])
def test_a_proposal_names_some_and_each_once(court, dossiers):
    """At most 500."""
    assert field_of(court, propose_erasure(*dossiers)) == "ids"


def test_whoever_is_no_coordinator_erases_nothing(court):
    """Nor learns what could be."""
    for command in (
        list_expired(CASEWORKER),
        propose_erasure(token("f"), caller=CASEWORKER),
        approve_erasure(token("c"), caller=CASEWORKER),
    ):
        with pytest.raises(AccessDeniedError):
            court.reply(command)


def test_who_proposed_it_takes_it_back_and_another_rejects_it(court):
    """Either way all is as it was."""
    fact = ended(court)
    days(court, KEPT["presence"].ended)
    (first,) = court.reply(propose_erasure(fact)).ids
    court.reply(withdraw(first))
    (second,) = court.reply(propose_erasure(fact)).ids
    court.reply(reject(second))

    assert expired(court) == [fact]
    assert not court.state.facts[fact].retracted


def test_what_an_erasure_would_move_is_not_previewed(court):
    """Nothing: what protects somebody who is placed is not erased."""
    fact = ended(court)
    days(court, KEPT["presence"].ended)
    (change,) = court.reply(propose_erasure(fact)).ids

    assert field_of(court, begin_preview(change)) == "change_id"
    assert fact in court.state.facts
