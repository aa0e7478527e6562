"""The queue, the coverage and the yearly report."""

import pytest
from kit.commands import (
    NATIONAL,
    approve,
    attest,
    coordinator,
    draft,
    field_of,
    presence,
    record_facts,
    regrade_facts,
    retract_facts,
    rivalry,
)
from kit.living import (
    contest_facts,
    list_reviews,
    over,
    propose_facts,
    reject,
    renew_facts,
    report_reviews,
    show_coverage,
    withdraw,
)
from kit.world import RULESET, TODAY, subject, token

from placement.domain.decide import reviews
from placement.domain.decide.command import Note
from placement.domain.decide.reviews import ReviewReason
from placement.domain.facts import Affiliation, Presence, Rivalry
from placement.domain.life_events import StepKind
from placement.domain.tallies import KINDS
from placement.domain.terms import MICROS_A_DAY, AffiliationRole, Reason

NORD = coordinator("nord")
DUE, PAST, OVERDUE, CONTESTED, UNAPPROVED = ReviewReason


def record(court, what, **given):
    return court.reply(record_facts(what, **given)).ids[0]


def queue(court, *who, **given):
    page = court.reply(list_reviews(*who, **given))
    return [
        (item.view.fact.id, item.since - TODAY, item.reasons) for item in page.items
    ]


# The queue


@pytest.mark.parametrize(
    ("days", "reason"),
    [
        (31, None),
        (30, DUE),
        (0, DUE),
        (-1, PAST),
        (-60, PAST),
        (-61, OVERDUE),
    ],
)
def test_when_a_fact_is_due(court, days, reason):
    """By the ruleset's days before its review date, and R11's after it."""
    fact = record(court, presence(review_by=TODAY + days))
    expected = [] if reason is None else [(fact, days, (reason,))]

    assert queue(court) == expected


def test_what_is_over_or_inert_needs_no_look(court):
    """Ended before its review date or since, discredited, or never true."""
    late = {"review_by": TODAY - 1, "valid_from": TODAY - 99}
    record(court, presence("A", valid_to=TODAY - 5, **late))
    ended = record(court, presence("B", kind="OCCASIONAL", **late))
    over(court, ended)
    for fact, amend in (
        (record(court, presence("C", **late)), retract_facts),
        (record(court, presence("D", **late)), regrade_facts),
    ):
        court.reply(approve(court.reply(amend(fact)).ids[0]))

    assert queue(court) == []


def test_what_will_end_is_due_until_it_has(court):
    """Its review date comes before its end."""
    fact = record(court, presence(review_by=TODAY - 1, valid_to=TODAY + 1))
    before = queue(court)
    court.later(MICROS_A_DAY)

    assert before == [(fact, -1, (PAST,))]
    assert queue(court) == []


def test_an_affiliation_that_ended_needs_a_look(court):
    """It counts whatever its dates."""
    stated = {"group": token("A"), "role": AffiliationRole.CORE}
    dated = {"valid_to": TODAY - 9, "review_by": TODAY - 1}
    known = draft(Affiliation, "affiliation", subject=subject("h"), **stated, **dated)
    fact = record(court, known)

    assert queue(court) == [(fact, -1, (PAST,))]


def test_a_renewal_takes_a_fact_out(court):
    """Until its new date comes near."""
    fact = record(court, presence(review_by=TODAY + 1))
    court.reply(renew_facts(fact))
    renewed = queue(court)
    court.later(60 * MICROS_A_DAY)

    assert renewed == []
    assert queue(court) == [(fact, 90, (DUE,))]


def test_a_doubted_fact_is_in_the_queue(court):
    """Since the doubt; if it is due as well, for both reasons, once."""
    fact = record(court, presence(review_by=TODAY + 30))
    court.reply(contest_facts(fact))
    court.later(MICROS_A_DAY)
    other = record(court, presence("B"))
    court.reply(contest_facts(other))

    assert queue(court) == [
        (fact, 0, (DUE, CONTESTED)),
        (other, 1, (CONTESTED,)),
    ]


def test_what_lapsed_is_in_the_queue(court):
    """So is what was rejected; what still waits is not: it is in the list of changes."""
    base = record(court, presence(kind="BASE"))
    waits = queue(court)
    court.later(4 * MICROS_A_DAY)
    lapsed = queue(court)
    (change,) = court.reply(propose_facts(base)).ids
    again = queue(court)
    court.reply(reject(change))

    assert (waits, again) == ([], [])
    assert lapsed == queue(court) == [(base, 0, (UNAPPROVED,))]


def test_regions(court):
    """Each its own; the national unit all, or one; counts are of the whole queue."""
    mine = record(court, presence(review_by=TODAY))
    theirs = record(court, presence("B", review_by=TODAY - 1), caller=NORD)
    page = court.reply(list_reviews(NATIONAL))

    assert [key for key, _, _ in queue(court)] == [mine]
    assert [key for key, _, _ in queue(court, NORD)] == [theirs]
    assert [key for key, _, _ in queue(court, NATIONAL)] == [theirs, mine]
    assert [key for key, _, _ in queue(court, NATIONAL, region="syd")] == [mine]
    assert page.counts == (("nord", PAST, 1), ("syd", DUE, 1))
    assert field_of(court, list_reviews(region="nord")) == "region"


def test_one_reason(court):
    """Only what waits for it is listed; all is counted."""
    record(court, presence(review_by=TODAY))
    past = record(court, presence("B", review_by=TODAY - 1))
    page = court.reply(list_reviews(reason=PAST))

    assert [item.view.fact.id for item in page.items] == [past]
    assert page.counts == (("syd", DUE, 1), ("syd", PAST, 1))


def test_pages_of_the_queue(court, monkeypatch):
    """The oldest first; each begins behind the one before, and is noted."""
    monkeypatch.setattr(reviews, "PAGE", 2)
    made = [
        record(court, presence(group, review_by=TODAY + days))
        for group, days in (("A", 2), ("B", 0), ("C", 1))
    ]
    decision = court.decide(list_reviews())
    first = decision.outcome.reply
    second = court.reply(list_reviews(after=first.after))
    ids = [item.view.fact.id for item in (*first.items, *second.items)]

    assert ids == [made[1], made[2], made[0]]
    assert decision.note == Note(objects=tuple(ids[:2]))
    assert (second.after, len(first.counts)) == (None, 1)


# Coverage


def covered(court, *who, **given):
    shown = court.reply(show_coverage(*who, **given)).areas
    return {each.area: (each.reviewed_on, each.fresh) for each in shown}


def test_what_nobody_reviewed_is_shown(court):
    """Every area of the own region, with its last day."""
    court.reply(attest("1280", days=-91))
    court.reply(attest("1281", days=-90))
    court.reply(attest("1281", days=-200))
    areas = covered(court)

    assert set(areas) == set(RULESET.areas.policed_by("syd"))
    assert areas["1280"] == (TODAY - 91, False)
    assert areas["1281"] == (TODAY - 90, True)
    assert areas["1282"] == (None, False)


def test_what_counts_as_reviewed(court):
    """The police region's own word, or the national unit's (R10)."""
    court.reply(attest("1280", caller=NATIONAL))

    assert covered(court)["1280"] == (TODAY, True)
    assert covered(court, NATIONAL, region="syd") == covered(court)
    assert set(covered(court, NATIONAL)) == set(RULESET.areas)
    assert field_of(court, show_coverage(region="nord")) == "region"


# The report


def tallies(court, *who, **given):
    report = court.reply(report_reviews(*who, **given))
    return {(each.region, KINDS[each.kind]): each for each in report.tallies}


def test_a_year_in_numbers(court):
    """What was added, kept and why, ended, doubted, never true."""
    war = record(court, rivalry())
    over(court, war)
    kept = record(court, presence("A", review_by=TODAY + 1))
    for reason, days in ((Reason.COURT, 90), (Reason.INCIDENT, 91)):
        court.reply(renew_facts(kept, reason=reason, days=days))
    court.reply(contest_facts(kept))
    late = record(court, presence("B", review_by=TODAY - 61))
    gone = record(court, presence("C"))
    court.reply(approve(court.reply(retract_facts(gone)).ids[0]))
    false = record(court, presence("D"))
    court.reply(approve(court.reply(regrade_facts(false)).ids[0]))
    base, change = court.reply(record_facts(presence("D", kind="BASE"))).ids
    court.reply(withdraw(change))
    found = tallies(court)
    here, wars = found["syd", Presence], found["syd", Rivalry]

    assert set(found) == {("syd", Presence), ("syd", Rivalry)}
    assert (wars.kept, dict(wars.steps)) == (
        0,
        {StepKind.RECORDED: 1, StepKind.ENDED: 1},
    )
    assert (here.kept, here.overdue) == (2, 1)
    assert dict(here.reasons) == {Reason.COURT: 1, Reason.INCIDENT: 1}
    assert dict(here.steps) == {
        StepKind.RECORDED: 5,
        StepKind.RETRACTED: 1,
        StepKind.REGRADED: 1,
        StepKind.RENEWED: 2,
        StepKind.CONTESTED: 1,
        StepKind.WITHDRAWN: 1,
    }
    assert late != base


def test_another_year(court):
    """What stood at its end, though it was found untrue since; nothing before."""
    fact = record(court, presence())
    court.later(300 * MICROS_A_DAY)
    court.reply(approve(court.reply(retract_facts(fact)).ids[0]))
    last, this = tallies(court, year=2026), tallies(court, year=2027)

    assert last["syd", Presence].kept == 1
    assert last["syd", Presence].steps == ((StepKind.RECORDED, 1),)
    assert this["syd", Presence].kept == 0
    assert this["syd", Presence].steps == ((StepKind.RETRACTED, 1),)
    assert tallies(court, year=2025) == {}


def test_whose_numbers(court):
    """The own region's; the national unit sees all."""
    record(court, presence())
    record(court, presence("B"), caller=NORD)

    assert set(tallies(court)) == {("syd", Presence)}
    assert set(tallies(court, NATIONAL)) == {("syd", Presence), ("nord", Presence)}
    assert set(tallies(court, NATIONAL, region="nord")) == {("nord", Presence)}
    assert field_of(court, report_reviews(region="nord")) == "region"
