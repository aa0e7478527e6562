"""A replay says when a decision is another one, or can be decided no more."""

from dataclasses import replace

import pytest
from kit.engines import tamper
from kit.erased import take
from kit.replays import PLACES, RULES, Unit, outcome
from kit.world import NOW, RULESET, TODAY, token

from placement.audit.details import Sealed
from placement.audit.entry import render
from placement.domain.terms import MICROS_A_DAY, Verdict, Window
from placement.errors import NotFoundError, TamperedError
from placement.service import replay as replay_module
from placement.service.replay import Progress, Replayed, replay
from placement.service.rules import Rules

CLEAR, UNKNOWN, REVIEW, CONFLICT = Verdict


@pytest.fixture
def unit(engine, store):
    """A household of one group; its rival holds one place and visits another."""
    return Unit(engine, store)


@pytest.fixture
def decisions(unit):
    """One for each place, out of one question."""
    return dict(zip(PLACES, unit.decide(*PLACES), strict=True))


# Not equal


def forged(found, **outline):
    """Return an entry as it would be if somebody had written another outline."""
    details = found.opened
    details = replace(details, outline=replace(details.outline, **outline))
    sealed = Sealed.of(details, bytes(range(64)))
    entry = replace(found.entry, details=sealed.commitment)
    return replace(
        found,
        content=render(entry),
        entry=entry,
        details=sealed.shown(matter=True),
    )


def test_a_forged_verdict_is_seen(unit, decisions):
    """What was answered is not what the rules say: an incident."""
    found = unit.found(decisions["1480"])
    lie = forged(found, verdicts=(1, 3, 1))
    steps = list(replay(unit.store, lie, decisions["1480"], RULES))
    result = steps[-1]

    assert outcome(result) == (Replayed.DIFFERENT, CLEAR, CONFLICT)
    assert result.reasons == unit.replay(decisions["1480"]).reasons


def test_other_rules_may_differ(unit, decisions):
    """Whoever hands in other rules under the same version gets what they say."""
    late = replace(RULESET, coverage_days=-1)
    result = unit.replay(decisions["0180"], rules=Rules(late))

    assert outcome(result) == (Replayed.DIFFERENT, CLEAR, UNKNOWN)


def test_the_ruleset_is_asked_for_by_its_version(unit, decisions):
    """By which it was decided; where it is not at hand, nothing is decided."""
    other = Rules(replace(RULESET, version="2025-1-1"))
    result = unit.replay(decisions["1480"], rules=other)

    assert outcome(result) == (Replayed.NO_RULESET, CONFLICT, None)


def test_a_ruleset_that_was_edited_is_another(unit, decisions):
    """Under the same version, too: the entry holds the digest of what it said."""
    edited = replace(RULESET, digest=bytes(32))
    result = unit.replay(decisions["1480"], rules=Rules(edited))

    assert outcome(result) == (Replayed.NO_RULESET, CONFLICT, None)
    assert result.reasons == ()


# Erased


def test_a_decision_whose_details_were_taken(unit, decisions, url):
    """Nobody can know any more what was asked."""
    index = unit.found(decisions["1480"]).index
    take(unit.store, lambda each: each == index)
    result = unit.replay(decisions["1480"])

    assert outcome(result) == (Replayed.ERASED, None, None)
    assert result.found.index == index
    assert result.reasons == ()


def test_a_case_that_was_taken(unit):
    """A log that begins with a snapshot without it holds nothing to decide on."""
    unit.keep(lambda state: state.cases.pop(unit.case))
    (decision,) = unit.decide("1480")
    result = unit.replay(decision)

    assert outcome(result) == (Replayed.ERASED, CONFLICT, None)


# What is no decision


def test_an_unknown_decision_is_not_there(unit, decisions):
    """Neither anywhere, nor in the entry of another one."""
    found = unit.found(decisions["1480"])
    with pytest.raises(NotFoundError):
        unit.steps(token("nobody's"))
    for wrong in (token("nobody's"), b"", decisions["1480"][:15] + b"?"):
        with pytest.raises(NotFoundError):
            list(replay(unit.store, found, wrong, RULES))


def test_an_entry_of_something_else_is_no_decision(unit, decisions):
    """A refused check, or another call."""
    for index in (0, unit.store.read_head().leaves - 2):
        found = unit.room.review.one(index)
        with pytest.raises(NotFoundError):
            list(replay(unit.store, found, decisions["1480"], RULES))


def test_details_of_another_entry_are_refused(unit, decisions):
    """They don't lead to the commitment."""
    found = unit.found(decisions["1480"])
    other = unit.room.review.one(0)
    mixed = replace(found, details=other.details)
    with pytest.raises(TamperedError):
        list(replay(unit.store, mixed, decisions["1480"], RULES))


def test_a_damaged_log_replays_nothing(unit, decisions, url):
    """What does not verify is no ground for an answer."""
    tamper(url, "UPDATE event SET blob = zeroblob(length(blob)) WHERE revision = 3")
    with pytest.raises(TamperedError):
        unit.steps(decisions["1480"])


# How far it has come


def test_it_says_how_far_it_has_come(unit, decisions, monkeypatch):
    """Now and then, on the way to what the decision saw: all before its own event."""
    monkeypatch.setattr(replay_module, "_STEP", 4)
    *before, last = unit.steps(decisions["1480"])

    seen = last.revision - 1

    assert last.outcome is Replayed.EQUAL
    assert before == [Progress(done, seen) for done in range(4, seen + 1, 4)]
    assert len(before) >= 3


def test_the_day_is_the_decisions(unit, decisions, clock):
    """Its own today decides what is covered, whenever it is decided again."""
    entry = unit.found(decisions["0180"]).entry
    clock.now += 400 * MICROS_A_DAY
    later = Window(start=TODAY + 400)
    (stale,) = unit.decide("0180", window=later)

    assert entry.at == NOW
    assert outcome(unit.replay(stale)) == (Replayed.EQUAL, UNKNOWN, UNKNOWN)
    assert outcome(unit.replay(decisions["0180"])) == (Replayed.EQUAL, CLEAR, CLEAR)
