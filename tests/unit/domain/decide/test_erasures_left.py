"""What is left once something was erased: nothing of it, and all the rest."""

from dataclasses import replace

import pytest
from kit.commands import (
    COORDINATOR,
    NATIONAL,
    approve,
    assess_case,
    check,
    close_case,
    coordinator,
    end_facts,
    end_placements,
    open_case,
    placement,
    presence,
    record_facts,
    record_placements,
    register_groups,
    rivalry,
)
from kit.erasing import approve_erasure, list_expired, propose_erasure
from kit.expiring import (
    KEPT,
    affiliated,
    days,
    ended,
    erased,
    expired,
    of_two_groups,
    recorded,
)
from kit.living import contest_facts, list_facts, list_reviews, show_fact
from kit.naming import merge_groups
from kit.steps import propose_override
from kit.world import TODAY, subject, token

from placement.domain.changeover_events import NO_PAIR, Pair, PairsKept, PairState
from placement.domain.decide import erasures as deciding
from placement.domain.erasure_events import DossiersErased
from placement.domain.events import ChangeProposed, Record, ReleaseSigned
from placement.domain.histories import Histories
from placement.domain.life_events import Doubt
from placement.domain.roll import Roll
from placement.domain.terms import MICROS_A_DAY, DossierId
from placement.errors import NotFoundError


@pytest.fixture
def court():
    """Decides commands; groups A and B are registered."""
    return of_two_groups()


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
