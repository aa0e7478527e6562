"""A past decision comes out as it did, whatever happened since."""

from dataclasses import asdict, replace

import pytest
from kit.commands import (
    NATIONAL,
    assess_case,
    attest,
    check,
    close_case,
    end_facts,
    end_placements,
    open_case,
    placement,
    presence,
    record_facts,
    record_placements,
    register_facilities,
    regrade_facts,
    retract_facts,
    show_case,
)
from kit.engines import answer
from kit.replays import GROUPS, PLACES, Unit, outcome
from kit.ruled import adoption, text
from kit.steps import stop_provider
from kit.world import RULESET, TODAY, subject, token

from placement.domain import ruleset_reading
from placement.domain.questions import Candidate
from placement.domain.terms import MICROS_A_DAY, Verdict, Window
from placement.service import fold
from placement.service.replay import Replayed
from placement.service.rules import Rules
from placement.store import snapshot

CLEAR, UNKNOWN, REVIEW, CONFLICT = Verdict
STATION = "0580"


@pytest.fixture
def unit(engine, store):
    """A household of one group; its rival holds one place and visits another."""
    return Unit(engine, store)


@pytest.fixture
def decisions(unit):
    """One for each place, out of one question."""
    return dict(zip(PLACES, unit.decide(*PLACES), strict=True))


# Equal


@pytest.mark.parametrize("area", PLACES)
def test_a_decision_comes_out_as_it_did(unit, decisions, area):
    """Of several places, it is decided again of its own."""
    result = unit.replay(decisions[area])
    entry = result.found.entry

    assert outcome(result) == (Replayed.EQUAL, PLACES[area], PLACES[area])
    assert entry.action == "CHECK"
    assert result.revision == entry.revision
    assert bool(result.reasons) is (PLACES[area] is not CLEAR)


def test_the_reasons_are_rules_facts_and_grades(unit, decisions):
    """The worst first; each with its chain."""
    worst = unit.replay(decisions["1480"]).reasons
    firm = worst[0]

    assert (firm.rule, firm.verdict) == ("R2", CONFLICT)
    assert [reason.verdict for reason in worst] == sorted(
        (reason.verdict for reason in worst), reverse=True
    )
    assert {(fact.id, fact.kind, fact.grade) for fact in firm.facts} == {
        (unit.belongs, "affiliation", "STRONG"),
        (unit.war, "rivalry", "STRONG"),
        (unit.base, "presence", "STRONG"),
    }


def test_no_token_comes_out(unit, decisions):
    """Neither a group's nor the household's; ids of facts alone."""
    facts = {unit.belongs, unit.war, unit.base, unit.visit}
    for decision in decisions.values():
        result = unit.replay(decision)
        told = repr([asdict(reason) for reason in result.reasons])
        ids = {fact.id for reason in result.reasons for fact in reason.facts}

        assert ids <= facts
        for name in (*map(token, GROUPS), subject("h"), unit.case):
            assert repr(name)[2:-1] not in told
        for name in (*GROUPS, *PLACES):
            assert name not in told


LATER = {
    "facts recorded": lambda unit: unit.record(presence(GROUPS[1], "0180", "BASE")),
    "fact ended": lambda unit: unit.second(unit.do(end_facts((unit.base, 0))).ids[0]),
    "fact retracted": lambda unit: unit.second(
        unit.do(retract_facts(unit.base, unit.visit)).ids[0]
    ),
    "fact regraded": lambda unit: unit.second(
        unit.do(regrade_facts(unit.war, unit.visit, grade="1E")).ids[0]
    ),
    "rivalry retracted": lambda unit: unit.second(
        unit.do(retract_facts(unit.war)).ids[0]
    ),
    "case closed": lambda unit: unit.do(close_case(unit.case)),
    "assessed again": lambda unit: unit.do(
        assess_case(unit.case, caller=NATIONAL, children=(0,))
    ),
    "days passed": lambda unit: unit.do(show_case(unit.case)),
    "asked again": lambda unit: unit.decide(*PLACES),
}


@pytest.mark.parametrize("later", LATER)
def test_what_came_later_changes_nothing(unit, decisions, clock, later):
    """Facts and grades are those that stood then."""
    before = {area: unit.replay(decision) for area, decision in decisions.items()}
    clock.now += 200 * MICROS_A_DAY if later == "days passed" else 1
    LATER[later](unit)

    for area, decision in decisions.items():
        result = unit.replay(decision)

        assert outcome(result) == (Replayed.EQUAL, PLACES[area], PLACES[area])
        assert result == before[area]


def test_what_came_later_is_there_for_later_decisions(unit, decisions, clock):
    """Both come out as they did, though one place has two verdicts."""
    unit.second(unit.do(regrade_facts(unit.visit, grade="1E")).ids[0])
    unit.record(presence(GROUPS[1], "0180", "OCCASIONAL"))
    clock.now += MICROS_A_DAY
    later = dict(zip(PLACES, unit.decide(*PLACES), strict=True))
    verdicts = [
        [unit.replay(each[area]) for area in PLACES] for each in (decisions, later)
    ]

    assert [[outcome(each)[0] for each in some] for some in verdicts] == [
        [Replayed.EQUAL] * 3
    ] * 2
    assert [[each.replayed for each in some] for some in verdicts] == [
        [CONFLICT, REVIEW, CLEAR],
        [CONFLICT, CLEAR, REVIEW],
    ]


def test_a_change_that_waited_then_waits_in_the_replay(unit):
    """What a second person had not approved yet gives no CONFLICT."""
    _, change = unit.do(record_facts(presence(GROUPS[1], STATION, "BASE"))).ids
    (soft,) = unit.decide(STATION)
    unit.second(change)
    (firm,) = unit.decide(STATION)

    assert outcome(unit.replay(soft)) == (Replayed.EQUAL, REVIEW, REVIEW)
    assert outcome(unit.replay(firm)) == (Replayed.EQUAL, CONFLICT, CONFLICT)


def test_a_case_that_was_not_assessed_then(unit):
    """UNKNOWN without an event of its own; so it stays."""
    (case,) = unit.do(open_case("h", "i")).ids
    unit.case, asked = case, unit.case
    (decision,) = unit.decide("1480")
    unit.do(assess_case(case, caller=NATIONAL))
    unit.case = asked
    result = unit.replay(decision)

    assert outcome(result) == (Replayed.EQUAL, UNKNOWN, UNKNOWN)
    assert result.revision == result.found.entry.revision
    assert result.reasons == ()


def test_a_placement_and_its_house(unit):
    """A reason that is a placement has no grade; the house is the one asked about."""
    houses = ("house", "firm", "0180"), ("other", "firm", "0380")
    unit.do(register_facilities(*houses, new=[0, 1]))
    other = unit.do(open_case("stranger")).ids[0]
    stay = placement(other, "0180", facility="house")
    unit.do(record_placements(stay, caller=NATIONAL))
    house = Candidate(area="0180", facility=token("house"))
    window = Window(start=TODAY, end=TODAY + 30)
    decisions = unit.decide(house, "0380", window=window)
    unit.do(end_placements((stay.id, 0), caller=NATIONAL))
    first, second = map(unit.replay, decisions)
    facts = [fact for reason in first.reasons for fact in reason.facts]

    assert outcome(first) == (Replayed.EQUAL, REVIEW, REVIEW)
    assert outcome(second) == (Replayed.EQUAL, CLEAR, CLEAR)
    assert {(fact.id, fact.kind, fact.grade) for fact in facts} == {
        (stay.id, "placement", "")
    }


def test_a_stopped_provider_is_said_once(unit):
    """As what it is; what is found in both pictures is one reason."""
    unit.do(register_facilities(("house", "firm", "0180"), new=[0]))
    unit.do(stop_provider("firm"))
    house = Candidate(area="0180", facility=token("house"))
    (decision,) = unit.decide(house)
    (reason,) = unit.replay(decision).reasons

    assert (reason.rule, reason.verdict) == ("STOP", Verdict.CONFLICT)
    assert [(fact.id, fact.kind, fact.grade) for fact in reason.facts] == [
        (token("firm"), "provider", "")
    ]


def test_decisions_of_one_batch(unit, faulty):
    """Each is decided at the revision that the ones before it left."""
    command = check(unit.case, "2480")
    faulty.entered.clear()
    faulty.passed.clear()
    held = unit.engine.submit(show_case(unit.case))
    assert faulty.entered.wait(20)
    futures = [
        unit.engine.submit(command),
        unit.engine.submit(record_facts(presence(GROUPS[0], "2480"))),
        unit.engine.submit(check(unit.case, "2480", "1480")),
    ]
    faulty.passed.set()
    assert held.result(20)
    first = futures[0].result(20).reply.answers[0].decision
    last = futures[2].result(20).reply.answers[0].decision

    for decision in (first, last):
        assert unit.replay(decision).outcome is Replayed.EQUAL
    assert unit.replay(last).revision - unit.replay(first).revision >= 2
    assert unit.replay(first).reasons != unit.replay(last).reasons


# Snapshots


def test_both_sides_of_a_snapshot(unit, decisions):
    """Before it from the first record on; behind it from the snapshot."""
    before = {area: unit.replay(decision) for area, decision in decisions.items()}
    unit.keep()
    later = dict(zip(PLACES, unit.decide(*PLACES), strict=True))
    unit.second(unit.do(retract_facts(unit.war)).ids[0])

    for area, verdict in PLACES.items():
        again = unit.replay(later[area])

        assert unit.replay(decisions[area]) == before[area]
        assert outcome(again) == (Replayed.EQUAL, verdict, verdict)
        assert again.reasons == before[area].reasons


def test_a_snapshot_that_is_replaced_meanwhile(unit, decisions, monkeypatch):
    """Another server wrote a newer one: the replay begins anew, and says the same."""
    unit.keep()
    (decision,) = unit.decide("1480", request="r")
    expected = unit.replay(decision)
    load, loaded = snapshot.load_snapshot, []

    def overtaken(store):
        found = load(store)
        if not loaded:
            loaded.append(True)
            unit.keep()
        return found

    monkeypatch.setattr(fold, "load_snapshot", overtaken)
    assert unit.replay(decision) == expected
    assert loaded == [True]


# Rulesets that came and went


def test_each_decision_is_replayed_by_the_rules_of_then(unit, store, clock):
    """After several adoptions, a snapshot and with a program that ships another."""
    answer(unit.engine, attest(caller=NATIONAL))
    (first,) = unit.decide("0180")
    for command in adoption(text("2026-12-1", coverage_days=10)):
        answer(unit.engine, command)
    clock.now += 20 * MICROS_A_DAY
    (second,) = unit.decide("0180")
    for command in adoption(text("2026-12-2", coverage_days=30)):
        answer(unit.engine, command)
    (third,) = unit.decide("0180")
    unit.keep()
    program = Rules(replace(RULESET, version="2027-01-1"), {RULESET.version: RULESET})
    got = [unit.replay(each, rules=program) for each in (first, second, third)]

    assert [outcome(each) for each in got] == [
        (Replayed.EQUAL, CLEAR, CLEAR),
        (Replayed.EQUAL, UNKNOWN, UNKNOWN),
        (Replayed.EQUAL, CLEAR, CLEAR),
    ]
    assert [each.found.entry.ruleset for each in got] == [
        RULESET.version,
        "2026-12-1",
        "2026-12-2",
    ]


def test_a_ruleset_that_the_program_can_t_read_is_not_at_hand(unit, store, monkeypatch):
    """The replay says so; it takes no other."""
    for command in adoption():
        answer(unit.engine, command)
    (decision,) = unit.decide("0180")
    monkeypatch.setattr(ruleset_reading, "FORMAT", 5)

    assert unit.replay(decision).outcome is Replayed.NO_RULESET
