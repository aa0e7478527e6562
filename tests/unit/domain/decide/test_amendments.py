"""Amend and renew: what one person may, and what waits."""

import pytest
from kit.commands import (
    NATIONAL,
    approve,
    coordinator,
    draft,
    end_facts,
    field_of,
    presence,
    record_facts,
    regrade_facts,
    retract_facts,
    rivalry,
)
from kit.living import (
    amend_facts,
    contest_facts,
    kinds,
    over,
    propose_facts,
    record,
    reject,
    renew_facts,
)
from kit.naming import alliance
from kit.world import RULESET, TODAY, subject, token

from placement.domain.decide.command import Note
from placement.domain.decide.drafts import AsBefore
from placement.domain.events import FactEnded
from placement.domain.facts import Affiliation, Faction, SameAs, Threat
from placement.domain.life_events import FactRenewed, StepKind
from placement.domain.terms import MICROS_A_DAY, AffiliationRole, Reason
from placement.errors import ConflictError, NotFoundError, StaleError

NORD = coordinator("nord")
EVERY = (
    lambda fact, **given: amend_facts((fact, presence("B")), **given),
    renew_facts,
    contest_facts,
    lambda fact, **given: end_facts((fact, 0), **given),
    retract_facts,
    regrade_facts,
)
each = pytest.mark.parametrize(
    "change", EVERY, ids=["amend", "renew", "contest", "end", "retract", "regrade"]
)


# What all of them have in common


@each
def test_facts_of_other_regions_are_not_there(court, fact, change):
    """Another region's fact is answered exactly as none."""
    theirs = court.decide(change(fact, caller=NORD))
    nobodys = court.decide(change(token("nobody's"), caller=NORD))

    assert type(theirs.outcome) is type(nobodys.outcome) is NotFoundError
    assert theirs.note == Note(objects=(fact,))


@each
def test_the_national_unit_has_every_fact(court, fact, change):
    """It may do with it what its region may."""
    court.reply(change(fact, caller=NATIONAL))

    assert court.decide(change(fact, caller=NORD)).outcome.reason == "NOT_FOUND"


@each
def test_a_fact_that_changed_since_it_was_seen(court, fact, change):
    """Nothing is stored; the revision that it changed in is taken."""
    seen = court.state.histories.changed(fact)
    court.reply(contest_facts(fact))
    court.reply(contest_facts(fact, doubt=None))
    before = court.state.revision
    with pytest.raises(StaleError):
        court.reply(change(fact, seen=seen))

    assert court.state.revision == before
    court.reply(change(fact, seen=court.state.histories.changed(fact)))
    assert court.state.revision > before


@each
def test_a_retracted_fact_has_no_life(court, fact, change):
    """What was never true is neither kept nor doubted."""
    (proposed,) = court.reply(retract_facts(fact)).ids
    court.reply(approve(proposed))
    with pytest.raises(ConflictError):
        court.reply(change(fact))


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda *ids: amend_facts(*((i, presence("B")) for i in ids)), "amendments"),
        (renew_facts, "renewals"),
        (contest_facts, "contests"),
        (propose_facts, "fact_ids"),
    ],
)
def test_limits(court, fact, make, field):
    """At least one, no two of one fact, and not too many."""
    many = [token(str(number)) for number in range(501)]

    for facts in ((), (fact, fact), many):
        assert field_of(court, make(*facts)) == field


# Amend


def test_one_person_amends_what_no_conflict_rests_on(court):
    """The old one ends, the new one names it and counts, in one request."""
    fact, _ = court.reply(record_facts(alliance())).ids
    new, change = court.reply(amend_facts((fact, alliance(b="C")))).ids
    facts = court.state.facts

    assert change == b""
    assert (facts[fact].valid_to, facts[new].approved) == (TODAY, True)
    assert (facts[new].replaces, facts[fact].replaces) == (fact, None)
    assert court.state.histories.later(fact)[0].person == "co-01"


@pytest.mark.parametrize(
    ("new", "days"),
    [(presence("B", kind="BASE"), 0), (presence("B"), -1)],
    ids=["a base", "before today"],
)
def test_an_amendment_that_needs_a_second_person(court, fact, new, days):
    """Until then the old one counts fully, and the new one softly."""
    made, change = court.reply(amend_facts((fact, new), days=days)).ids
    facts = court.state.facts

    assert (facts[fact].valid_to, facts[made].approved) == (None, False)
    court.reply(approve(change))
    assert (facts[fact].valid_to, facts[made].approved) == (TODAY + days, True)
    assert kinds(court, fact) == [StepKind.ENDED]
    assert kinds(court, made) == [StepKind.APPROVED]


def test_what_gives_conflict_is_not_made_milder_by_one(court):
    """A war that becomes a quarrel waits, though the quarrel alone would not."""
    war, change = record(court, rivalry(severity=3))
    court.reply(approve(change))
    made, change = court.reply(amend_facts((war, rivalry(severity=1)))).ids
    proposed = court.state.changes[change]

    assert not court.state.facts[made].approved
    assert proposed.records == (made,)
    assert proposed.amendments == (FactEnded(id=war, valid_to=TODAY),)


def test_a_rejected_amendment_leaves_the_old_one(court, base):
    """What was to replace it acts softly until somebody agrees that it shall not."""
    made, change = court.reply(amend_facts((base, presence("B")))).ids
    court.reply(reject(change))

    assert court.state.facts[base].valid_to is None
    assert not court.state.facts[made].approved
    assert not court.state.facts[made].retracted
    assert kinds(court, base) == [StepKind.APPROVED]
    assert kinds(court, made) == [StepKind.REJECTED]


@pytest.mark.parametrize(
    "meanwhile",
    [
        regrade_facts,
        lambda base: renew_facts(base, days=9),
        lambda base: end_facts((base, 0)),
        lambda base: amend_facts((base, presence("C", kind="BASE"))),
    ],
    ids=["regraded", "renewed", "ended", "amended"],
)
def test_what_was_made_of_an_older_form_is_not_approved(court, base, meanwhile):
    """A grade that the old one got since would be lost, or one fact become two."""
    made, change = court.reply(amend_facts((base, presence("B")))).ids
    if other := court.reply(meanwhile(base)).ids[-1]:
        court.reply(approve(other))
    with pytest.raises(ConflictError):
        court.reply(approve(change))

    assert not court.state.facts[made].approved


def test_what_changes_nothing_of_the_old_one_takes_no_approval_away(court, base):
    """A doubt; and the second person that the old one was given."""
    waits, first = record(court, presence("C", kind="BASE"))
    made, later = court.reply(amend_facts((waits, presence("C")))).ids
    court.reply(contest_facts(waits))
    court.reply(approve(first))
    court.reply(approve(later))

    assert court.state.facts[made].approved


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({}, False),
        ({"valid_from": TODAY}, False),
        ({"valid_from": TODAY - 3}, True),
        ({"valid_to": TODAY + 9}, True),
        ({"given": "3C"}, True),
        ({"review_by": TODAY + 9}, True),
        ({"reason": Reason.COURT}, True),
        ({"kind": "ACTIVE"}, True),
    ],
)
def test_an_amendment_says_something_else(court, given, says):
    """When it begins alone, if that is not when the old one ends."""
    frame = {"valid_from": TODAY - 10, "kind": "OCCASIONAL"}
    old, _ = record(court, presence(**frame))
    command = amend_facts((old, presence(**frame | given)))

    if says:
        court.reply(command)
    else:
        assert field_of(court, command) == "amendments[0].fact"


def test_what_is_replaced_is_no_double(court):
    """Nor is what that replaced; but another rivalry of the pair is."""
    first, _ = record(court, rivalry())
    second, _ = court.reply(amend_facts((first, rivalry(severity=2)))).ids
    third, _ = court.reply(amend_facts((second, rivalry(severity=1)))).ids

    assert court.state.facts[third].replaces == second
    with pytest.raises(ConflictError):
        record(court, rivalry())


def test_an_amendment_is_of_one_kind(court, fact):
    """A presence does not become a rivalry; nor does a person end to be one."""
    pair = {"low": subject("h"), "high": subject("i")}
    link, _ = record(court, draft(SameAs, "same_as", **pair))
    same = draft(SameAs, "same_as", **pair)

    assert field_of(court, amend_facts((fact, rivalry()))) == (
        "amendments[0].fact.statement"
    )
    assert field_of(court, amend_facts((link, same))) == "amendments[0].valid_to_day"


def test_a_bad_draft_is_named_by_its_place(court, fact):
    """As the wire names it."""
    other, _ = record(court, presence("B"))
    pairs = ((other, presence("C")), (fact, presence("nobody")))

    assert field_of(court, amend_facts(*pairs)) == "amendments[1].fact.presence.group"


def test_a_person_stays_who_it_is(court):
    """Whoever amends need not know the pseudonym."""
    stated = {"group": token("A"), "role": AffiliationRole.CORE}
    old, _ = record(
        court, draft(Affiliation, "affiliation", subject=subject("h"), **stated)
    )
    stated["role"] = AffiliationRole.ASSOCIATE
    new = draft(Affiliation, "affiliation", subject=AsBefore.PERSON, **stated)
    made, _ = court.reply(amend_facts((old, new))).ids
    who = {"target": subject("h"), "source_subject": subject("x"), "severity": 1}
    threat, _ = record(court, draft(Threat, "threat", **who))
    sources = dict.fromkeys(("source_group", "source_subject"), AsBefore.PERSON)
    worse = draft(Threat, "threat", target=AsBefore.PERSON, severity=3, **sources)
    again, _ = court.reply(amend_facts((threat, worse))).ids
    facts = court.state.facts

    assert facts[made].subject == subject("h")
    assert (facts[again].target, facts[again].source_subject) == (
        subject("h"),
        subject("x"),
    )
    assert facts[again].severity == 3


# Renew


def test_one_person_renews_before_the_review_date(court, base):
    """Whatever it can give: nothing changes today."""
    assert court.reply(renew_facts(base)).ids == (b"",)
    (approved, renewed) = court.state.histories.later(base)

    assert court.state.facts[base].review_by == TODAY + 90
    assert (renewed.kind, renewed.person) == (StepKind.RENEWED, "co-01")
    assert (renewed.day, renewed.reason) == (TODAY + 90, Reason.COURT)
    assert approved.second == "co-02"


def test_what_would_count_fully_again_waits(court, base, fact):
    """Past its review date a base needs two; what gives REVIEW needs one."""
    court.later(6 * MICROS_A_DAY)
    alone = court.reply(renew_facts(fact)).ids
    (change,) = court.reply(renew_facts(base)).ids

    assert alone == (b"",)
    assert court.state.facts[base].review_by == TODAY + 5
    assert court.state.changes[change].amendments == (
        FactRenewed(id=base, review_by=TODAY + 90, reason=Reason.COURT),
    )
    court.reply(approve(change))
    assert court.state.facts[base].review_by == TODAY + 90
    assert court.state.histories.later(base)[-1].second == "co-02"


def test_a_date_for_what_had_none_waits(court):
    """On the day after it the base would give REVIEW at most."""
    base, change = record(court, presence(kind="BASE"))
    court.reply(approve(change))

    assert court.reply(renew_facts(base, days=1)).ids != (b"",)
    assert court.state.facts[base].review_by is None


@pytest.mark.parametrize("what", ["presence", "rivalry", "affiliation"])
def test_a_first_date_waits_for_whatever_it_is(court, what):
    """Who alone made a REVIEW of a CONFLICT could release the place alone, too."""
    stated = {"group": token("A"), "role": AffiliationRole.CORE}
    drafts = {
        "presence": presence(),
        "rivalry": rivalry(),
        "affiliation": draft(
            Affiliation, "affiliation", subject=subject("h"), **stated
        ),
    }
    fact = record(court, drafts[what])[0]

    assert court.reply(renew_facts(fact, days=1)).ids != (b"",)
    assert court.state.facts[fact].review_by is None


def test_what_ends_a_splits_reviews_waits(court):
    """Renewed past its date, an alliance of two halves would excuse again (R8)."""
    pair = {"child": token("A"), "parent": token("B"), "inherits_rivalry": True}
    record(court, draft(Faction, "faction", **pair))
    link, change = record(court, rivalry("A", "B", review_by=TODAY + 5))
    court.reply(approve(change))
    court.later(6 * MICROS_A_DAY)

    assert court.reply(renew_facts(link)).ids != (b"",)
    assert court.state.facts[link].review_by == TODAY + 5


@pytest.mark.parametrize("days", [0, 5, 366])
def test_when_a_review_date_may_be(court, fact, days):
    """After today, after the one there is, and no further than the ruleset says."""
    assert RULESET.review.renewal_days == 365
    assert field_of(court, renew_facts(fact, days=days)) == "renewals[0].review_by_day"
    assert court.reply(renew_facts(fact, days=365)).ids == (b"",)


def test_what_is_over_is_not_renewed(court, fact):
    """It needs no look."""
    over(court, fact)
    with pytest.raises(ConflictError):
        court.reply(renew_facts(fact))


def test_a_renewal_that_another_overtook(court, base):
    """An approval does not set the date back."""
    court.later(6 * MICROS_A_DAY)
    (far,) = court.reply(renew_facts(base, days=300)).ids
    (near,) = court.reply(renew_facts(base, days=90)).ids
    court.reply(approve(far))
    with pytest.raises(ConflictError):
        court.reply(approve(near))

    assert court.state.facts[base].review_by == TODAY + 300
