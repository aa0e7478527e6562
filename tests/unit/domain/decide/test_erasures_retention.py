"""What is past its retention, and from when; and what protects somebody is not."""

from dataclasses import replace

import pytest
from kit.commands import (
    COORDINATOR,
    NATIONAL,
    approve,
    close_case,
    coordinator,
    draft,
    end_facts,
    end_placements,
    open_case,
    placement,
    presence,
    record_facts,
    record_placements,
    retract_facts,
    rivalry,
)
from kit.erasing import list_expired, propose_erasure
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
    same_as,
)
from kit.living import reject
from kit.world import RULESET, TODAY, subject, token

from placement.domain.decide.erasures import ExpiredList
from placement.domain.events import PlacementEnded, Record
from placement.domain.expired import Expired
from placement.domain.facts import Faction, Located, Threat, Tie
from placement.domain.ruleset import Retention
from placement.domain.terms import PlacementState
from placement.errors import ConflictError

THREAT = {
    "target": subject("h"),
    "source_group": token("A"),
    "source_subject": None,
    "severity": 2,
}


@pytest.fixture
def court():
    """Decides commands; groups A and B are registered."""
    return of_two_groups()


def test_a_fact_is_past_its_retention_so_long_after_it_ended(court):
    """On that day and not the day before."""
    fact = ended(court)
    days(court, KEPT["presence"].ended - 1)
    before = expired(court)
    days(court, 1)

    assert before == []
    assert court.reply(list_expired()) == ExpiredList(
        listed=(
            Expired(
                id=fact,
                kind="presence",
                region="syd",
                since=TODAY + KEPT["presence"].ended,
            ),
        ),
        after=None,
        scope=bytes(32),
    )


def test_what_stands_is_never_past_its_retention(court):
    """However old it is."""
    recorded(court, presence(), rivalry())
    days(court, 30_000)

    assert expired(court) == []


def test_a_fact_that_was_never_true_is_kept_more_shortly(court):
    """From when that was said, whatever its dates."""
    (fact,) = recorded(court, presence())
    days(court, 1000)
    court.reply(approve(*court.reply(retract_facts(fact)).ids))
    days(court, KEPT["presence"].retracted - 1)
    before = expired(court)
    days(court, 1)

    assert (before, expired(court)) == ([], [fact])


def test_a_case_is_kept_from_when_it_was_closed(court):
    """One that is open is not past anything."""
    case, still = open_case("h"), open_case("i")
    court.reply(case)
    court.reply(still)
    days(court, 2000)
    court.reply(close_case(case.handle))
    days(court, KEPT["case"].closed - 1)
    before = expired(court, NATIONAL)
    days(court, 1)

    assert (before, expired(court, NATIONAL)) == ([], [case.handle])


def test_a_case_of_somebody_placed_is_kept(court):
    """Until nobody stands there for it, and for some time after that."""
    case = open_case("h")
    court.reply(case)
    (stay,) = court.reply(record_placements(placement(case.handle))).ids
    court.reply(close_case(case.handle))
    days(court, KEPT["case"].closed)
    placed = expired(court)
    court.reply(
        approve(court.reply(end_placements((stay, KEPT["case"].closed))).ids[0])
    )
    days(court, KEPT["placement"].ended - 1)
    before = expired(court)
    days(court, 1)

    assert (placed, before, expired(court)) == ([], [], [case.handle])


def test_a_placement_that_never_was_has_no_end_of_its_own(court):
    """Then its case's closing counts."""
    case = open_case("h")
    court.reply(case)
    (stay,) = court.reply(record_placements(placement(case.handle))).ids
    aborted = PlacementEnded(id=stay, state=PlacementState.ABORTED, valid_to=None)
    court.state.apply(Record(at=court.moment.now, event=aborted))
    court.reply(close_case(case.handle))
    days(court, KEPT["case"].closed)

    assert expired(court) == [case.handle]


@pytest.mark.parametrize(
    "what",
    [
        affiliated,
        lambda: draft(Tie, "tie", subject=subject("h"), area="1480"),
        lambda: draft(Threat, "threat", **THREAT),
    ],
    ids=["affiliation", "tie", "threat"],
)
def test_a_closed_case_starts_the_clock_of_what_is_said_of_its_members(court, what):
    """Though nobody ended it; the last of their cases counts."""
    first, last = open_case("h"), open_case("h")
    court.reply(first)
    court.reply(last)
    (fact,) = recorded(court, what())
    court.reply(close_case(first.handle))
    days(court, 1000)
    open_still = expired(court)
    court.reply(close_case(last.handle))
    days(court, KEPT["tie"].closed - 1)
    before = fact in expired(court)
    days(court, 1)

    assert (fact in open_still, before) == (False, False)
    assert fact in expired(court)


@pytest.mark.parametrize("what", ["affiliation", "faction"])
def test_what_may_protect_somebody_placed_is_kept(court, what):
    """Belonging and splits count whatever their dates."""
    case = open_case("h")
    court.reply(case)
    (member,) = recorded(court, affiliated())
    statement = {"child": token("A"), "parent": token("B"), "inherits_rivalry": True}
    split = ended(court, draft(Faction, "faction", **statement))
    (stay,) = court.reply(record_placements(placement(case.handle))).ids
    court.reply(close_case(case.handle))
    days(court, 4000)
    wanted = {"affiliation": member, "faction": split}[what]
    before = wanted in expired(court)
    with pytest.raises(ConflictError):
        court.reply(propose_erasure(wanted))
    court.reply(approve(court.reply(end_placements((stay, 0))).ids[0]))
    if what == "faction":
        erased(court, member)

    assert not before
    assert wanted in expired(court)


@pytest.mark.parametrize("opened", [True, False])
def test_a_split_is_kept_for_whoever_may_be_placed(court, opened):
    """A case may be opened tomorrow for anybody who is on record as one of theirs."""
    case = open_case("h")
    if opened:
        court.reply(case)
    (member,) = recorded(court, affiliated())
    statement = {"child": token("A"), "parent": token("B"), "inherits_rivalry": True}
    split = ended(court, draft(Faction, "faction", **statement))
    days(court, KEPT["faction"].ended + 1)
    waits = expired(court)
    with pytest.raises(ConflictError):
        court.reply(propose_erasure(split))
    if not opened:
        court.reply(case)
    court.reply(close_case(case.handle))
    closed = expired(court)
    days(court, KEPT["affiliation"].closed)
    late = expired(court)
    erased(court, member)

    assert (waits, closed) == ([], [])
    assert split not in late
    assert split in expired(court)


def test_a_fact_that_waits_for_its_second_person_is_kept(court):
    """What it is to become is not decided yet; once its change lapsed it is."""
    frame = {"valid_from": TODAY - 3000, "valid_to": TODAY - 2000}
    fact, _ = court.reply(record_facts(presence(kind="BASE", **frame))).ids
    before = expired(court)
    days(court, RULESET.change_hours // 24 + 1)

    assert (before, expired(court)) == ([], [fact])


def test_what_nobody_stood_behind_is_kept_as_what_was_never_true(court):
    """From when two had said so."""
    fact, change = court.reply(record_facts(presence(kind="BASE"))).ids
    days(court, 1)
    (retraction,) = court.reply(reject(change)).ids
    court.reply(approve(retraction, caller=COORDINATOR))
    days(court, KEPT["presence"].retracted - 1)
    before = expired(court)
    days(court, 1)

    assert (before, expired(court)) == ([], [fact])


def test_what_is_said_of_somebody_with_an_open_case_is_kept(court):
    """Under whichever of their pseudonyms: the next question may rest on it."""
    first, other = open_case("h"), open_case("i")
    court.reply(first)
    court.reply(other)
    left = ended(court, affiliated("h"))
    (link,) = recorded(court, same_as())
    court.reply(close_case(first.handle))
    days(court, 5000)
    before = expired(court)
    court.reply(close_case(other.handle))
    days(court, KEPT["affiliation"].closed)

    assert before == [first.handle]
    assert set(expired(court)) == {first.handle, left}
    assert link in court.state.facts


def test_two_are_one_person_as_long_as_anything_is_said_of_either(court):
    """Then as long as their cases are; and the last of these goes after it."""
    case = open_case("h")
    court.reply(case)
    (member,) = recorded(court, affiliated("i"))
    (link,) = recorded(court, same_as())
    court.reply(close_case(case.handle))
    days(court, 5000)
    order = [expired(court)]
    for gone in (member, link, case.handle):
        erased(court, gone)
        order.append(expired(court))

    assert order == [[member], [link], [case.handle], []]


def test_where_somebody_dangerous_is_stays_known_until_it_is_ended(court):
    """It protects others, so no case of theirs starts its clock."""
    case = open_case("h")
    court.reply(case)
    located = draft(Located, "located", subject=subject("h"), area="1480")
    (fact,) = recorded(court, located)
    court.reply(close_case(case.handle))
    days(court, 5000)
    before = expired(court)
    court.reply(approve(*court.reply(end_facts((fact, 1))).ids))

    assert before == [case.handle]
    assert set(expired(court)) == {case.handle, fact}


def test_what_still_counts_outlives_a_ruleset_that_says_less(court):
    """A retried request finds its answer, and a budget its past."""
    short = replace(KEPT["presence"], retracted=1)
    kept = {**KEPT, "presence": short, "case": Retention(closed=1)}
    ruleset = replace(RULESET, retention=kept)
    court.moment = replace(court.moment, ruleset=ruleset)
    case = open_case("h")
    court.reply(case)
    court.reply(close_case(case.handle))
    (fact,) = recorded(court, presence())
    court.reply(approve(*court.reply(retract_facts(fact)).ids))
    budgets = RULESET.budgets
    days(court, 30)
    early = expired(court)
    days(court, 1)
    retried = expired(court)
    days(court, max(budgets.case_days, budgets.organisation_days) - 31)
    counted = expired(court)
    days(court, 1)

    assert (early, retried, counted) == ([], [fact], [fact])
    assert set(expired(court)) == {fact, case.handle}


def test_each_region_sees_its_own(court):
    """The national unit sees all; the longest past comes first."""
    south = ended(court)
    days(court, 1)
    north = ended(court, on=1, caller=OTHER, second=coordinator("nord", "co-06"))
    days(court, KEPT["presence"].ended)

    assert expired(court) == [south]
    assert expired(court, OTHER) == [north]
    assert expired(court, NATIONAL) == [south, north]


def test_each_region_sees_the_cases_of_its_municipalities(court):
    """Another region's are passed by."""
    case = open_case("h")
    court.reply(case)
    court.reply(close_case(case.handle))
    days(court, 5000)

    assert expired(court) == expired(court, NATIONAL) == [case.handle]
    assert expired(court, OTHER) == []
