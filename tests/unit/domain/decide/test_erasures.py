"""Erasing: what is past its retention, by two persons, and never what protects."""

from dataclasses import replace

import pytest
from kit.commands import (
    CASEWORKER,
    COORDINATOR,
    NATIONAL,
    SECOND,
    Court,
    approve,
    assess_case,
    check,
    close_case,
    coordinator,
    draft,
    end_facts,
    end_placements,
    field_of,
    list_changes,
    open_case,
    placement,
    presence,
    record_facts,
    record_placements,
    register_groups,
    retract_facts,
    rivalry,
    show_change,
)
from kit.erasing import approve_erasure, list_expired, propose_erasure
from kit.living import (
    begin_preview,
    contest_facts,
    list_facts,
    list_reviews,
    reject,
    report_reviews,
    show_fact,
    withdraw,
)
from kit.naming import merge_groups
from kit.steps import propose_override
from kit.world import RULESET, TODAY, subject, token

from placement.domain.changeover_events import NO_PAIR, Pair, PairsKept, PairState
from placement.domain.decide import erasures as deciding
from placement.domain.decide.erasures import ExpiredList
from placement.domain.erasure_events import DossiersErased
from placement.domain.events import (
    ChangeProposed,
    PlacementEnded,
    Record,
    ReleaseSigned,
)
from placement.domain.expired import Expired
from placement.domain.facts import Affiliation, Faction, Located, SameAs, Threat, Tie
from placement.domain.histories import Histories
from placement.domain.life_events import Doubt
from placement.domain.roll import Roll
from placement.domain.ruleset import Retention
from placement.domain.state import State
from placement.domain.terms import (
    MICROS_A_DAY,
    AffiliationRole,
    DossierId,
    PlacementState,
)
from placement.errors import AccessDeniedError, ConflictError, NotFoundError

THREAT = {
    "target": subject("h"),
    "source_group": token("A"),
    "source_subject": None,
    "severity": 2,
}
KEPT = RULESET.retention
OTHER = coordinator("nord", "co-05")


@pytest.fixture
def court():
    made = Court()
    made.reply(register_groups("A", "B"))
    return made


def days(court, number):
    court.later(number * MICROS_A_DAY)


def recorded(court, *drafts, **given):
    """Record facts and have them approved; return their ids."""
    *facts, change = court.reply(record_facts(*drafts, **given)).ids
    if change:
        court.reply(approve(change, caller=given.get("second", SECOND)))
    return facts


def ended(court, what=None, *, on=0, **given):
    """Record a fact and end it, on a day counted from today."""
    (fact,) = recorded(court, what or presence(), **given)
    made = court.reply(end_facts((fact, on), **given)).ids
    if made[0]:
        court.reply(approve(made[0], caller=given.get("second", SECOND)))
    return fact


def expired(court, caller=COORDINATOR):
    return [each.id for each in court.reply(list_expired(caller)).listed]


def erased(court, *dossiers):
    (change,) = court.reply(propose_erasure(*dossiers)).ids
    court.reply(approve_erasure(change))


def same_as():
    """State that two are one person."""
    pair = {"low": subject("h"), "high": subject("i")}
    return draft(SameAs, "same_as", **pair)


def affiliated(who="h"):
    """State that somebody belongs to a group."""
    role = AffiliationRole.CORE
    stated = {"subject": subject(who), "group": token("A"), "role": role}
    return draft(Affiliation, "affiliation", **stated)


# From when


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


# By two persons


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


# What is left


def test_an_erased_fact_leaves_every_list(court):
    """Histories, the queue, what is contested or unapproved; of merged groups, too."""
    court.reply(register_groups("C"))
    court.reply(approve(*court.reply(merge_groups("B", "C")).ids))
    frame = {"valid_from": TODAY - 3000, "valid_to": TODAY - 2000, "severity": 3}
    fact, _ = court.reply(record_facts(rivalry(**frame))).ids
    court.reply(contest_facts(fact, doubt=Doubt.SOURCE))
    days(court, 30)
    before = [view.fact.id for view in court.reply(list_facts()).facts]
    histories = court.state.histories
    noted = (list(histories.contested), list(histories.unapproved))
    erased(court, fact)
    graph = court.state.graph

    assert (before, noted) == ([fact], ([fact], [fact]))
    assert court.reply(list_facts()).facts == ()
    assert court.reply(list_reviews()).items == ()
    assert plain_of(histories) == plain_of(Histories(Roll()))
    assert (graph._links, graph._pairs, graph._at) == ({}, {}, {})
    with pytest.raises(NotFoundError):
        court.reply(show_fact(fact))


def plain_of(histories):
    """Return all that is noted of any fact."""
    return {
        name: {key: each for key, each in part.items() if each}
        for name, part in vars(histories).items()
        if name not in {"_reviews", "_roll"}
    }


def test_an_erased_case_is_not_there(court):
    """Its placements, questions and alerts went with it; the persons' other case not."""
    case, other = open_case("h"), open_case("h")
    court.reply(case)
    court.reply(other)
    court.reply(assess_case(case.handle))
    (stay,) = court.reply(record_placements(placement(case.handle))).ids
    court.decide(check(case.handle, "0180"))
    court.reply(approve(court.reply(end_placements((stay, 0))).ids[0]))
    court.reply(close_case(case.handle, reason="CONSENT_WITHDRAWN"))
    days(court, KEPT["case"].closed)
    alarmed = len([*court.state.alerts])
    erased(court, case.handle)
    state = court.state

    assert alarmed == 1
    assert [*state.cases] == [other.handle]
    assert [*state.cases_of[subject("h")]] == [other.handle]
    assert (len(state.placements), [*state.alerts]) == (0, [])
    assert case.handle not in state.ledger._of_case
    with pytest.raises(NotFoundError):
        court.reply(check(case.handle))


def test_whoever_is_placed_is_weighed_again(court):
    """Everything is due, whatever was erased."""
    case = open_case("i")
    court.reply(case)
    court.reply(record_placements(placement(case.handle)))
    fact = ended(court)
    days(court, KEPT["presence"].ended)
    court.state.agenda.keep(())
    erased(court, fact)
    (due,) = court.state.agenda

    assert due.touch.everything


def pages(court, caller=COORDINATOR):
    """Return the ids on each page of the list."""
    found, after = [], None
    while True:
        page = court.reply(list_expired(caller, after))
        found.append([each.id for each in page.listed])
        if page.after is None:
            return found
        after = page.after


def closed(court, who):
    """Open a case and close it."""
    case = open_case(who)
    court.reply(case)
    court.reply(close_case(case.handle))
    return case.handle


@pytest.mark.parametrize("limit", ["MAX_ERASED", "LOOKED_AT"])
def test_a_list_has_pages(court, monkeypatch, limit):
    """Facts as they were recorded, then cases; none twice, and none left out."""
    monkeypatch.setattr(deciding, limit, 1)
    first = ended(court)
    recorded(court, presence("A"))
    days(court, 1)
    second = ended(
        court, presence("B"), caller=NATIONAL, second=coordinator("national", "co-08")
    )
    cases = []
    for who in "hij":
        cases.append(closed(court, who))
        court.later(who != "h")
    cases[:2] = sorted(cases[:2])  # they were opened in one instant
    days(court, 4000)
    own, all_ = pages(court), pages(court, NATIONAL)

    assert [each for page in own for each in page] == [first, *cases]
    assert sorted(cases[:2]) in [sorted(page) for page in own]
    assert [each for page in all_ for each in page] == [first, second, *cases]
    assert len(own) >= 3


def test_of_one_page_the_longest_past_comes_first(court):
    """Whatever was recorded first."""
    later = recorded(court, presence())[0]
    first = ended(court, presence("B"))
    days(court, 1)
    court.reply(approve(court.reply(end_facts((later, 1))).ids[0]))
    days(court, KEPT["presence"].ended)

    assert expired(court) == [first, later]


def test_a_request_that_comes_again_erases_once(court):
    """It finds its first answer."""
    fact = ended(court)
    days(court, KEPT["presence"].ended)
    command = propose_erasure(fact, request="r")
    (change,) = court.reply(command).ids
    court.reply(approve_erasure(change, request="s"))

    assert court.reply(command).ids == (change,)
    assert court.reply(replace(approve_erasure(change, request="s"))).ids == ()


def test_what_is_due_for_review_on_one_day_stays_so_without_the_other(court):
    """And a change of a release goes with its case."""
    frame = {"valid_from": TODAY - 3000, "review_by": TODAY - 1}
    gone, left = recorded(court, presence(**frame), presence("B", **frame))
    case = open_case("h")
    court.reply(case)
    court.reply(assess_case(case.handle))
    (permit,) = court.reply(propose_override(case.handle)).ids
    signed = ChangeProposed(
        id=token("release"),
        person="co-01",
        region="syd",
        expires_at=court.moment.now + MICROS_A_DAY,
        records=(),
        amendments=(ReleaseSigned(id=permit),),
    )
    taken = DossiersErased(dossiers=(gone, case.handle))
    for event in (signed, taken):
        court.state.apply(Record(at=court.moment.now, event=event))

    assert [each.view.fact.id for each in court.reply(list_reviews()).items] == [left]
    assert (court.state.changes, court.state.permits) == ({}, {})


def test_a_pair_of_whom_nothing_else_is_kept_goes_with_the_next_erasure(court):
    """Two hashes would say for ever that somebody was on record."""
    old, other = Pair(old=subject("h"), new=subject("h2")), subject("i")
    kept = Pair(old=other, new=subject("i2"))
    here = PairsKept(
        state=PairState.RESOLVED,
        pairs=(old, kept),
        dossier=DossierId(token("pairs")),
        first=True,
    )
    court.state.apply(Record(at=court.moment.now, event=here))
    recorded(court, affiliated("i"))
    fact = ended(court)
    days(court, KEPT["presence"].ended)
    (change,) = court.reply(propose_erasure(fact)).ids
    outcome = court.decide(approve_erasure(change)).outcome
    *_, again, before, gone = outcome.events

    assert again.pairs == (kept, *[NO_PAIR] * 63)
    assert again.first
    assert (before.dossiers, gone.dossiers) == ((token("pairs"),), (fact,))
    assert again.dossier not in {b"", token("pairs")}
    assert court.state.changeover.resolved == {kept.new: kept.old}
    assert court.state.changeover.kept_in == again.dossier
