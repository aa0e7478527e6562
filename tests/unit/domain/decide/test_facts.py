"""Lists of facts and the life of one: own region's alone, and nobody's name."""

import pytest
from kit.commands import (
    COORDINATOR,
    NATIONAL,
    approve,
    coordinator,
    draft,
    field_of,
    open_case,
    presence,
    record_facts,
    regrade_facts,
    rivalry,
)
from kit.living import (
    contest_facts,
    list_facts,
    over,
    reject,
    renew_facts,
    show_fact,
    withdraw,
)
from kit.world import TODAY, subject, token

from placement.domain.decide import facts as deciding
from placement.domain.decide.command import Note
from placement.domain.decide.drafts import Member
from placement.domain.decide.facts import FactState
from placement.domain.facts import Affiliation, Presence, Rivalry, SameAs, Threat, Tie
from placement.domain.life_events import Doubt, StepKind
from placement.domain.terms import MICROS_A_DAY, AffiliationRole, AreaCode
from placement.errors import NotFoundError

NORD = coordinator("nord")


def record(court, what, **given):
    return court.reply(record_facts(what, **given)).ids[0]


def listed(court, *who, **wanted):
    page = court.reply(list_facts(*who, **wanted))
    return [view.fact.id for view in page.facts]


@pytest.fixture
def three(court):
    """A presence and a rivalry of syd, a presence of nord."""
    return [
        record(court, presence("A", "1480")),
        record(court, rivalry("A", "B")),
        record(court, presence("B", "2480"), caller=NORD),
    ]


def test_each_region_lists_its_own(court, three):
    """The national unit all, in the order of recording, or of one region."""
    one, two, theirs = three

    assert listed(court) == [one, two]
    assert listed(court, NORD) == [theirs]
    assert listed(court, NATIONAL) == three
    assert listed(court, NATIONAL, region="nord") == [theirs]
    assert listed(court, region="syd") == [one, two]
    assert field_of(court, list_facts(region="nord")) == "region"


def test_a_list_is_noted(court, three):
    """Which facts were seen stands in the log."""
    decision = court.decide(list_facts())

    assert decision.note == Note(objects=tuple(three[:2]))


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({"kind": Presence}, [0, 2]),
        ({"kind": Rivalry}, [1]),
        ({"group": token("A")}, [0, 1]),
        ({"group": token("B")}, [1, 2]),
        ({"area": AreaCode("2480")}, [2]),
        ({"kind": Presence, "group": token("A")}, [0]),
        ({"state": FactState.STANDING}, [0, 1, 2]),
        ({"state": FactState.ENDED}, []),
    ],
)
def test_a_filter(court, three, wanted, expected):
    """By kind, group, area and state, and all of them at once."""
    assert listed(court, NATIONAL, **wanted) == [three[place] for place in expected]


def test_states(court):
    """Each fact is in one; the worst is told."""
    court.later(-10 * MICROS_A_DAY)
    facts = {
        FactState.UNAPPROVED: record(court, presence("A", kind="BASE")),
        FactState.STANDING: record(court, presence("B", review_by=TODAY)),
        FactState.PAST_REVIEW: record(court, presence("C", review_by=TODAY - 1)),
        FactState.ENDED: record(
            court, presence("D", kind="OCCASIONAL", review_by=TODAY - 1)
        ),
        FactState.INERT: record(court, rivalry(severity=2)),
    }
    (change,) = court.reply(regrade_facts(facts[FactState.INERT])).ids
    court.reply(approve(change))
    over(court, facts[FactState.ENDED], -10)
    court.later(10 * MICROS_A_DAY)

    assert {state: listed(court, state=state) for state in FactState} == {
        state: [fact] for state, fact in facts.items()
    }


def test_what_nobody_stood_behind_is_inert(court):
    """A base that somebody took back is no base; one that was rejected may be."""
    base, change = court.reply(record_facts(presence(kind="BASE"))).ids
    court.reply(withdraw(change))
    soft, other = court.reply(record_facts(presence(area="1480", kind="BASE"))).ids
    court.reply(reject(other))

    assert listed(court, state=FactState.INERT) == [base]
    assert listed(court, state=FactState.UNAPPROVED) == [soft]


def test_an_affiliation_never_ends(court):
    """It counts whatever its dates."""
    stated = {"group": token("A"), "role": AffiliationRole.CORE}
    left = record(
        court,
        draft(
            Affiliation,
            "affiliation",
            subject=subject("h"),
            valid_to=TODAY - 9,
            **stated,
        ),
    )

    assert listed(court, state=FactState.STANDING) == [left]


def test_pages(court, monkeypatch):
    """Each begins behind the one before; the last says so."""
    monkeypatch.setattr(deciding, "PAGE", 2)
    made = [record(court, presence("A", area)) for area in ("1480", "1481", "1482")]
    first = court.reply(list_facts())
    second = court.reply(list_facts(after=first.after))

    assert [view.fact.id for view in (*first.facts, *second.facts)] == made
    assert second.after is None
    assert first.scope == bytes(32)


def test_a_page_looks_through_only_so_many(court, monkeypatch):
    """It may be empty, though more follow."""
    monkeypatch.setattr(deciding, "LOOKED_AT", 2)
    for area in ("1480", "1481"):
        record(court, presence("A", area))
    last = record(court, rivalry())
    first = court.reply(list_facts(kind=Rivalry))
    second = court.reply(list_facts(kind=Rivalry, after=first.after))

    assert first.facts == ()
    assert [view.fact.id for view in second.facts] == [last]
    assert second.after is None


# One fact


def test_a_life(court):
    """Every step, with who and when; both times of it."""
    fact = record(court, presence(valid_from=TODAY - 9, review_by=TODAY + 9))
    court.later(MICROS_A_DAY)
    court.reply(contest_facts(fact, doubt=Doubt.SOURCE))
    court.reply(renew_facts(fact))
    shown = court.reply(show_fact(fact))
    steps = [(step.kind, step.revision, step.person) for step in shown.steps]
    at = court.moment.now

    assert steps == [
        (StepKind.RECORDED, 5, "co-01"),
        (StepKind.CONTESTED, 6, "co-01"),
        (StepKind.RENEWED, 7, "co-01"),
    ]
    assert [step.at for step in shown.steps] == [at - MICROS_A_DAY, at, at]
    assert (shown.view.changed, shown.view.doubt) == (7, None)
    assert shown.view.fact.valid_from == TODAY - 9


def test_a_doubt_is_shown(court):
    """As long as it stands."""
    fact = record(court, presence())
    court.reply(contest_facts(fact, doubt=Doubt.SOURCE))

    assert court.reply(show_fact(fact)).view.doubt is Doubt.SOURCE


def test_a_fact_of_another_region_is_not_there(court):
    """It is answered as none."""
    fact = record(court, presence())
    theirs = court.decide(show_fact(fact, NORD))
    nobodys = court.decide(show_fact(token("nobody's"), NORD))

    assert type(theirs.outcome) is type(nobodys.outcome) is NotFoundError
    assert theirs.note == Note(objects=(fact,))
    assert court.reply(show_fact(fact, NATIONAL)).view.fact.id == fact


# Persons


def members(court, fact, caller=COORDINATOR):
    return dict(court.reply(show_fact(fact, caller)).view.members)


def test_a_person_is_shown_as_a_member_of_an_own_case(court):
    """By the position in the household; who has no case is nobody."""
    (handle,) = court.reply(open_case("h", "i")).ids
    tie = record(court, draft(Tie, "tie", subject=subject("i"), area="1480"))
    nobody = record(court, draft(Tie, "tie", subject=subject("x"), area="1480"))

    assert members(court, tie) == {"subject": Member(case=handle, position=1)}
    assert members(court, nobody) == {}


def test_a_case_of_another_region_is_not_shown(court):
    """Nor that there is one; to the national unit it is."""
    fact = draft(Tie, "tie", subject=subject("h"), area="2480")
    theirs = record(court, fact, caller=NORD)
    before = members(court, theirs, NORD)
    (handle,) = court.reply(open_case("h")).ids  # of 1280, which syd polices

    assert (before, members(court, theirs, NORD)) == ({}, {})
    assert members(court, theirs, NATIONAL) == {
        "subject": Member(case=handle, position=0)
    }


def test_both_persons_are_shown(court):
    """Of a threat, and of two pseudonyms that are one; groups are no persons."""
    (one,) = court.reply(open_case("h")).ids
    (two,) = court.reply(open_case("i")).ids
    who = {"target": subject("h"), "source_subject": subject("i"), "severity": 1}
    threat = record(court, draft(Threat, "threat", **who))
    pair = {"low": subject("h"), "high": subject("i")}
    same = record(court, draft(SameAs, "same_as", **pair))
    war = record(court, rivalry())
    first, second = Member(case=one, position=0), Member(case=two, position=0)

    assert members(court, threat) == {"target": first, "source_subject": second}
    assert members(court, same) == {"low": first, "high": second}
    assert members(court, war) == {}
