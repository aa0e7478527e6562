"""From what is stated to facts: validated, graded, owned, and soft until approved."""

from dataclasses import replace

import pytest
from kit.commands import (
    coordinator,
    draft,
    fresh,
    presence,
    record_facts,
    rivalry,
)
from kit.naming import faction
from kit.world import NOW, TODAY, subject, token

from placement.domain.decide.alone import needs_second
from placement.domain.decide.drafts import MAX_FACTS, Member
from placement.domain.facts import (
    Affiliation,
    Alliance,
    Located,
    Presence,
    SameAs,
    Threat,
    Tie,
)
from placement.domain.terms import (
    MICROS_AN_HOUR,
    AffiliationRole,
    Day,
    Grade,
    PresenceKind,
    Reason,
    Scheme,
)
from placement.errors import InvalidInputError, NotFoundError


def affiliation(who=None, group="A"):
    return draft(
        Affiliation,
        "affiliation",
        subject=who or subject("h"),
        group=token(group),
        role=AffiliationRole.CORE,
        left_on=None,
    )


def alliance(a="A", b="B", **given):
    return draft(Alliance, "alliance", low=token(a), high=token(b), **given)


def threat(**source):
    return draft(Threat, "threat", target=subject("h"), severity=1, **source)


def located(area="1480"):
    return draft(Located, "located", subject=subject("x"), area=area)


def tie(area="1480", *, danger=False):
    return draft(Tie, "tie", subject=subject("h"), area=area, danger=danger)


def same_as(a=None, b=None):
    pair = {"low": a or subject("h"), "high": b or subject("i")}
    return draft(SameAs, "same_as", **pair)


def made(court, what):
    """Record a draft, and return its fact."""
    fact, *_ = court.reply(record_facts(what)).ids
    return court.state.facts[fact]


def violation(court, *what):
    """Return the field and the phrase of a refusal; nothing may be stored."""
    before = court.state.revision
    with pytest.raises(InvalidInputError) as refused:
        court.reply(record_facts(*what))

    assert court.state.revision == before
    return refused.value.field, refused.value.description


# What is made of a draft


def test_a_fact_is_what_was_stated_and_what_the_service_adds(court):
    """Author, region and time are the caller's and the clock's."""
    what = presence(
        "A",
        "1480",
        "OCCASIONAL",
        valid_from=TODAY - 9,
        valid_to=TODAY,
        scheme=Scheme.SIX_SIX,
        given="B2",
        review_by=TODAY + 9,
        reason=Reason.COURT,
    )

    assert made(court, what) == Presence(
        id=what.id,
        valid_from=TODAY - 9,
        valid_to=TODAY,
        recorded_at=NOW,
        author="co-01",
        region="syd",
        scheme=Scheme.SIX_SIX,
        given="B2",
        grade=Grade.STRONG,
        review_by=TODAY + 9,
        reason=Reason.COURT,
        group=token("A"),
        area="1480",
        kind=PresenceKind.OCCASIONAL,
    )


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        (affiliation(), False),
        (faction(), False),
        (rivalry(severity=1), False),
        (rivalry(severity=2), False),
        (rivalry(severity=3), True),
        (alliance(), False),
        (presence(kind="OCCASIONAL"), False),
        (presence(kind="ACTIVE"), False),
        (presence(kind="BASE"), True),
        (threat(source_group=token("A")), True),
        (threat(source_subject=subject("x")), True),
        (located(), False),
        (tie(), False),
        (tie(danger=True), True),
        (same_as(), True),
    ],
)
def test_what_can_give_conflict_alone_needs_a_second_person(court, what, expected):
    """It acts softly until somebody else stands behind it."""
    fact = made(court, what)
    waiting = [change.records for change in court.state.changes.values()]

    assert needs_second(fact) is expected
    assert fact.approved is not expected
    assert waiting == ([(fact.id,)] if expected else [])


@pytest.mark.parametrize("what", [rivalry("A", "B"), alliance("B", "A")])
def test_what_may_settle_a_split_needs_a_second_person(court, what):
    """It ends REVIEWs (R8), so nobody alone records it of a group and its faction."""
    before = made(court, replace(what, valid_to=Day(TODAY - 400)))
    made(court, faction("A", "B", valid_to=Day(TODAY - 300)))
    after = made(court, replace(what, id=fresh(), valid_from=Day(TODAY - 350)))

    assert before.approved
    assert not after.approved


@pytest.mark.parametrize("what", [rivalry("A", "B"), alliance("B", "A")])
def test_another_regions_split_is_not_settled(court, what):
    """It is theirs (R8); whether they say one is not to be learned by recording."""
    court.reply(record_facts(faction("A", "B"), caller=coordinator("nord")))

    assert made(court, what).approved


def test_what_may_settle_a_split_of_the_same_call_needs_a_second_person(court):
    """The link and what settles it may come together."""
    _, peace, _ = court.reply(record_facts(faction(), alliance())).ids

    assert not court.state.facts[peace].approved


def test_one_change_for_all_that_waits(court):
    """It names the facts that wait, and lapses after three days."""
    command = record_facts(presence(), rivalry(severity=3), tie(danger=True))
    *facts, change = court.reply(command).ids
    proposed = court.state.changes[change]

    assert proposed.records == (facts[1], facts[2])
    assert (proposed.person, proposed.region) == ("co-01", "syd")
    assert proposed.expires_at == NOW + 72 * MICROS_AN_HOUR
    assert change == command.change


@pytest.mark.parametrize("pair", [("A", "B"), ("B", "A")])
def test_a_pair_is_stored_in_one_order(court, pair):
    """The lower token first, whichever was stated first."""
    for what in (rivalry(*pair), alliance(*pair), same_as(*map(subject, pair))):
        fact = made(court, what)

        assert (fact.low[:1], fact.high[:1]) == (b"A", b"B")


def test_a_member_of_a_household_becomes_its_subject(court, case):
    """A coordinator knows no pseudonym of the person before them."""
    fact = made(court, affiliation(Member(case=case, position=1)))

    assert fact.subject == subject("i")


@pytest.mark.parametrize(
    "who", [(token("no case"), 0), (None, 2)], ids=["no case", "no position"]
)
def test_a_member_who_is_not_there(court, case, who):
    """Nothing is recorded of nobody."""
    member = Member(case=who[0] or case, position=who[1])
    with pytest.raises(NotFoundError):
        court.reply(record_facts(presence(), affiliation(member)))

    assert court.state.facts == {}


# What can't be


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        (affiliation(group="x"), "affiliation.group"),
        (faction("x", "B"), "faction.child"),
        (faction("A", "x"), "faction.parent"),
        (rivalry("x", "B"), "rivalry.group_a"),
        (rivalry("A", "x"), "rivalry.group_b"),
        (alliance("1", "B"), "alliance.group_a"),
        (presence("x"), "presence.group"),
        (threat(source_group=token("x")), "threat.group"),
        (rivalry(severity=0), "rivalry.severity"),
        (rivalry(severity=4), "rivalry.severity"),
        (presence(area="0199"), "presence.area"),
        (located("0199"), "located.area"),
        (tie("0199"), "tie.area"),
        (rivalry("A", "A"), "rivalry"),
        (alliance("A", "A"), "alliance"),
        (faction("A", "A"), "faction"),
        (same_as(subject("h"), subject("h")), "same_as"),
        (threat(source_subject=subject("h")), "threat"),
        (presence(given="9Z"), "grade.given"),
        (presence(given="B2"), "grade.given"),
        (presence(valid_from=TODAY, valid_to=TODAY - 1), "valid_to_day"),
    ],
)
def test_what_can_not_be_names_its_field(court, what, expected):
    """All of a request is refused for one of its facts."""
    field, _ = violation(court, presence("A"), what)

    assert field == f"facts[1].{expected}"
    assert court.state.facts == {}


def test_a_threat_against_oneself_as_a_member(court, case):
    """Two ways to name one person are one person."""
    what = draft(
        Threat,
        "threat",
        target=Member(case=case, position=0),
        source_subject=subject("h"),
        severity=1,
    )

    assert violation(court, what)[0] == "facts[0].threat"


def test_a_request_has_limits(court):
    """At least one fact, and not too many."""
    drafts = [presence() for _ in range(MAX_FACTS + 1)]

    assert violation(court) == ("facts", "must be 1 to 500")
    assert violation(court, *drafts) == ("facts", "must be at most 500")
    assert len(court.reply(record_facts(*drafts[1:])).ids) == MAX_FACTS + 1
