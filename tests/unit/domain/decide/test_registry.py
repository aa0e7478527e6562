"""The registry: who may say that a fact ended, was never true, or is graded anew."""

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
from kit.living import over, renew_facts
from kit.naming import alliance, faction
from kit.world import NOW, RULESET, TODAY, subject, token

from placement.domain.decide.command import Note
from placement.domain.decide.registry import MAX_AMENDMENTS
from placement.domain.events import FactEnded, FactRegraded, FactRetracted
from placement.domain.facts import Located, SameAs
from placement.domain.terms import Grade, Scheme
from placement.errors import ConflictError, NotFoundError

NORD = coordinator("nord")
RENEWAL = RULESET.review.renewal_days
AMENDMENTS = (
    lambda *facts, **given: end_facts(*((fact, 0) for fact in facts), **given),
    retract_facts,
    regrade_facts,
)
each = pytest.mark.parametrize("amend", AMENDMENTS, ids=["end", "retract", "regrade"])


@pytest.fixture
def fact(court):
    """A fact of syd that two persons end."""
    return record(court, presence(kind="OCCASIONAL", valid_from=TODAY - 10))


def record(court, what, **given):
    return court.reply(record_facts(what, **given)).ids[0]


# What all amendments have in common


@each
def test_facts_of_other_regions_are_not_there(court, fact, amend):
    """Another region's fact is answered exactly as none; only what was asked for is noted."""
    theirs = court.decide(amend(fact, caller=NORD))
    nobodys = court.decide(amend(token("nobody's"), caller=NORD))

    assert type(theirs.outcome) is type(nobodys.outcome) is NotFoundError
    assert theirs.note == Note(objects=(fact,))
    assert nobodys.note == Note(objects=(token("nobody's"),))


@each
def test_the_national_unit_has_every_fact(court, fact, amend):
    """It may amend what a region recorded, but a region not what it recorded."""
    assert court.reply(amend(fact, caller=NATIONAL)).ids
    theirs = record(court, presence("B"), caller=NATIONAL)
    with pytest.raises(NotFoundError):
        court.reply(amend(theirs))


@each
def test_a_retracted_fact_is_amended_no_more(court, fact, amend):
    """What was never true neither ends nor is graded."""
    change = retract_facts(fact)
    court.reply(change)
    court.state._amend(FactRetracted(id=fact), NOW)
    with pytest.raises(ConflictError):
        court.reply(amend(fact))


@each
def test_amendments_have_limits(court, fact, amend):
    """At least one, no two of one fact, and not too many."""
    names = {"end": "endings", "retract": "fact_ids", "regrade": "regradings"}
    kind = ("end", "retract", "regrade")[AMENDMENTS.index(amend)]
    many = [token(str(number)) for number in range(MAX_AMENDMENTS + 1)]

    for facts in ((), (fact, fact), many):
        assert field_of(court, amend(*facts)) == names[kind]


@each
def test_one_bad_item_refuses_all(court, fact, amend):
    """All of it, or nothing."""
    before = court.state.revision
    with pytest.raises(NotFoundError):
        court.reply(amend(fact, token("nobody's")))

    assert court.state.revision == before


# Records


@pytest.mark.parametrize(
    ("what", "days", "field"),
    [
        (lambda day: presence(review_by=day), RENEWAL, "review_by_day"),
        (lambda day: rivalry(last_violence_on=day), 0, "rivalry.last_violence_on_day"),
    ],
    ids=["review", "violence"],
)
def test_the_last_day_that_may_be(court, what, days, field):
    """No fact stands for longer without a look than one that is renewed."""
    assert field_of(court, record_facts(what(TODAY + days + 1))) == f"facts[0].{field}"

    record(court, what(TODAY + days))


# Ends


def test_one_person_may_end_what_no_conflict_rests_on(court):
    """Today, at once; there is no change to approve."""
    fact = record(court, alliance())
    assert court.reply(end_facts((fact, 0))).ids == (b"",)
    assert court.state.facts[fact].valid_to == TODAY
    assert court.state.changes == {}


@pytest.mark.parametrize(
    ("what", "days"),
    [
        (presence(valid_from=TODAY - 10), -1),
        (presence(kind="BASE"), 0),
        (presence(kind="ACTIVE"), 0),
        (draft(Located, "located", subject=subject("x"), area="1480"), 0),
        (rivalry(severity=3), 0),
        (rivalry(severity=1), 0),
        (presence(kind="OCCASIONAL"), 0),
        (faction(), 0),
    ],
    ids=[
        *("before today", "base", "active", "located", "war", "feud", "seldom"),
        "faction",
    ],
)
def test_an_end_that_needs_a_second_person(court, what, days):
    """What gives CONFLICT, or an end in the past, which shortens the cool-down."""
    fact = record(court, what)
    command = end_facts((fact, days))
    ids = court.reply(command).ids

    assert ids == (command.change,)
    assert court.state.facts[fact].valid_to is None
    assert court.state.changes[command.change].amendments == (
        FactEnded(id=fact, valid_to=TODAY + days),
    )


def test_one_end_that_waits_makes_all_wait(court, fact):
    """A request is one change."""
    base = record(court, presence("B", kind="BASE"))
    (change,) = court.reply(end_facts((fact, 0), (base, 0))).ids

    assert len(court.state.changes[change].amendments) == 2
    assert court.state.facts[fact].valid_to is None


@pytest.mark.parametrize("days", [1, -11])
def test_when_a_fact_can_end(court, fact, days):
    """Neither after today, nor before it began."""
    command = end_facts((fact, days))

    assert field_of(court, command) == "endings[0].valid_to_day"


def test_a_fact_may_end_on_its_first_day_or_whenever_that_is_unknown(court, fact):
    """An unknown start is before everything."""
    unknown = record(court, presence("B"))

    assert court.reply(end_facts((fact, -10), (unknown, -400))).ids


def test_a_person_is_one_until_retracted(court):
    """SameAs has no end."""
    pair = {"low": subject("h"), "high": subject("i")}
    link = record(court, draft(SameAs, "same_as", **pair))

    assert field_of(court, end_facts((link, 0))) == "endings[0].valid_to_day"


@pytest.mark.parametrize(("end", "has_come"), [(-1, True), (0, True), (1, False)])
def test_an_end_that_has_come_stands(court, end, has_come):
    """A planned end may come earlier; one that has come is not moved."""
    fact = record(court, presence(kind="OCCASIONAL", valid_to=TODAY + end))
    if has_come:
        with pytest.raises(ConflictError):
            court.reply(end_facts((fact, 0)))
    else:
        over(court, fact)

    assert court.state.facts[fact].valid_to == TODAY + (end if has_come else 0)


# Retractions and gradings


def test_a_retraction_waits(court, fact):
    """Until a second person comes, the fact acts as before."""
    command = retract_facts(fact)

    assert court.reply(command).ids == (command.change,)
    assert not court.state.facts[fact].retracted
    assert court.state.changes[command.change].amendments == (FactRetracted(id=fact),)


@pytest.mark.parametrize(
    "proposed",
    [regrade_facts, lambda fact: end_facts((fact, -5))],
    ids=["grade", "end"],
)
@pytest.mark.parametrize(
    "vouched",
    [lambda fact: regrade_facts(fact, grade="1A"), renew_facts],
    ids=["graded", "renewed"],
)
def test_who_had_not_heard_proposes_anew(court, fact, proposed, vouched):
    """What was proposed before somebody vouched for a fact takes it away no more."""
    (change,) = court.reply(proposed(fact)).ids
    (better,) = court.reply(vouched(fact)).ids
    court.reply(approve(better))
    with pytest.raises(ConflictError):
        court.reply(approve(change))
    (again,) = court.reply(proposed(fact)).ids
    before = court.state.facts[fact]
    court.reply(approve(again))

    assert court.state.facts[fact] != before


def test_a_regrading_waits(court, fact):
    """The new grade is normalised as it was proposed."""
    command = regrade_facts(fact, grade="3D")

    assert court.reply(command).ids == (command.change,)
    assert court.state.facts[fact].grade is Grade.STRONG
    assert court.state.changes[command.change].amendments == (
        FactRegraded(
            id=fact, scheme=Scheme.THREE_FIVE_TWO, given="3D", grade=Grade.WEAK
        ),
    )


def test_a_grade_that_is_none(court, fact):
    """An unlisted grade is refused by its position."""
    command = regrade_facts(fact, grade="A1")

    assert field_of(court, command) == "regradings[0].grade.given"
