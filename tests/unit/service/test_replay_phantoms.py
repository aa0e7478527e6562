"""Phantoms of an engine: everywhere the same, and the same when it is decided again."""

from dataclasses import replace

import pytest
from kit.commands import MOMENT, SECOND, approve, check
from kit.drawn import haunted
from kit.engines import SIGNER, answer
from kit.haunting import lift
from kit.replays import Unit
from kit.steps import explain
from kit.world import RULESET

from placement.domain.terms import MICROS_A_DAY, LiftGround, Verdict
from placement.errors import ConflictError
from placement.service.engine import Engine
from placement.service.replay import Replayed
from placement.service.rules import Rules

MANY = 1_000_000
HAUNTED = haunted(
    replace(
        RULESET,
        budgets=replace(
            RULESET.budgets,
            case_areas=MANY,
            organisation_areas=MANY,
            person_areas=MANY,
        ),
    ),
    stays=10,
    floor=200,
)
RULES = Rules(HAUNTED)
AREAS = sorted(set(HAUNTED.areas) - {"1480", "2480"})[:60]


def engine_of(store, clock):
    return Engine(store, RULES, custodian=b"", signer=SIGNER, clock=clock)


@pytest.fixture
def unit(store, clock):
    engine = engine_of(store, clock)
    engine.start()
    yield Unit(engine, store)
    engine.stop()


def asked(unit):
    """Ask about all areas; return verdict and decision of each."""
    found = {}
    for start in range(0, len(AREAS), 5):
        some = AREAS[start : start + 5]
        reply = unit.do(check(unit.case, *some))
        for area, each in zip(some, reply.answers, strict=True):
            found[area] = each.verdict, each.decision
    return found


def test_decisions_come_out_as_they_did_phantoms_included(unit):
    """Later, when others are there; and the reasons say which are phantoms."""
    found = asked(unit)
    unit.engine._clock.now += 200 * MICROS_A_DAY
    worse = [key for verdict, key in found.values() if verdict >= Verdict.REVIEW]
    rest = [key for verdict, key in found.values() if verdict < Verdict.REVIEW]
    replayed = [unit.replay(key, rules=RULES) for key in worse[:4] + rest[:2]]
    kinds = {
        (each.rule, fact.kind)
        for result in replayed
        for each in result.reasons
        for fact in each.facts
    }

    assert len(worse) > 4
    assert {each.outcome for each in replayed} == {Replayed.EQUAL}
    assert ("R3", "phantom") in kinds or ("R4", "phantom") in kinds


def test_two_servers_of_one_store_have_the_same(unit, store, clock):
    """Each draws by itself."""
    before = {area: verdict for area, (verdict, _) in asked(unit).items()}
    unit.engine.stop()
    unit.engine = engine_of(store, clock)
    unit.engine.start()
    after = {area: verdict for area, (verdict, _) in asked(unit).items()}

    assert before == after
    assert len(set(before.values())) > 1


def test_a_lift_is_replayed_too(unit):
    """What was answered before it, and what after."""
    area, (verdict, before) = next(
        (area, each) for area, each in asked(unit).items() if each[0] >= Verdict.REVIEW
    )
    seen = unit.do(explain(unit.case, area=area)).seen
    command = lift(unit.case, seen, area=area)
    (change,) = unit.do(command).ids
    assert command.ground is LiftGround.URGENT
    unit.do(approve(change, caller=SECOND))
    ((_, after),) = [
        (each.verdict, each.decision)
        for each in unit.do(check(unit.case, area)).answers
    ]
    got = [unit.replay(key, rules=RULES) for key in (before, after)]

    assert [each.outcome for each in got] == [Replayed.EQUAL] * 2
    assert [each.recorded for each in got] == [verdict, Verdict.CLEAR]


def test_what_was_lifted_can_t_be_lifted_again(unit):
    """Then no phantom stands in the way."""
    area, _ = next(
        (area, each) for area, each in asked(unit).items() if each[0] >= Verdict.REVIEW
    )
    seen = unit.do(explain(unit.case, area=area)).seen
    (change,) = unit.do(lift(unit.case, seen, area=area)).ids
    unit.do(approve(change, caller=SECOND))
    seen = unit.do(explain(unit.case, area=area)).seen

    with pytest.raises(ConflictError):
        answer(unit.engine, lift(unit.case, seen, area=area))
    assert MOMENT.phantoms(None, None, None).in_area(area) == {}
