"""Decisions to be decided again: a household, its rival, and some places."""

from collections.abc import Callable
from typing import Any, Final

from kit.commands import (
    NATIONAL,
    SECOND,
    approve,
    assess_case,
    attest,
    check,
    draft,
    open_case,
    presence,
    record_facts,
    register_groups,
    rivalry,
)
from kit.engines import answer
from kit.story import ReadingRoom
from kit.world import RULESET, subject, token
from placement.domain.decide.command import Command
from placement.domain.decide.drafts import Draft
from placement.domain.facts import Affiliation
from placement.domain.questions import Candidate
from placement.domain.state import State
from placement.domain.terms import AffiliationRole, Verdict
from placement.service import fold
from placement.service.engine import Engine
from placement.service.replay import Progress, Replay, Replayed, replay
from placement.service.rules import Rules
from placement.service.selection import Found
from placement.store.log import Store

GROUPS: Final = ("own group", "rival group")
PLACES: Final = {
    "1480": Verdict.CONFLICT,
    "2480": Verdict.REVIEW,
    "0180": Verdict.CLEAR,
}
"""What a check of the household gives."""
RULES: Final = Rules(RULESET)


class Unit:
    """Writes what decisions rest on, and decides them again.

    Args:
        engine: decides.
        store: whose log.

    Attributes:
        belongs, war, base, visit: ids of what is on record.
        case: the household's.
    """

    def __init__(self, engine: Engine, store: Store) -> None:
        self.engine = engine
        self.store = store
        self.room = ReadingRoom(store)
        self.do(register_groups(*GROUPS))
        self.do(attest(caller=NATIONAL))
        member = {"subject": subject("h"), "group": token(GROUPS[0])}
        role = AffiliationRole.CORE
        belongs = draft(Affiliation, "affiliation", **member, role=role)
        self.belongs = self.record(belongs)
        self.war = self.record(rivalry(*GROUPS, severity=3))
        self.base = self.record(presence(GROUPS[1], "1480", "BASE"))
        self.visit = self.record(presence(GROUPS[1], "2480", "OCCASIONAL"))
        (self.case,) = self.do(open_case("h")).ids
        self.do(assess_case(self.case, caller=NATIONAL))

    def do(self, command: Command) -> Any:
        """Return the reply to a command."""
        return answer(self.engine, command).reply

    def second(self, change: bytes) -> None:
        """Have another coordinator of syd stand behind a change."""
        self.do(approve(change, caller=SECOND))

    def record(self, fact: Draft) -> bytes:
        """Record a fact, and have it approved if it needs that."""
        fact_id, change = self.do(record_facts(fact)).ids
        if change:
            self.second(change)
        return fact_id

    def decide(self, *areas: str | Candidate, **given: Any) -> list[bytes]:
        """Ask about places; return the decisions' ids."""
        reply = self.do(check(self.case, *areas, **given))
        return [one.decision for one in reply.answers]

    def found(self, decision: bytes) -> Found:
        """Return the entry of a decision."""
        size = self.store.read_head().leaves
        return self.room.searcher.of_decision(decision, size)

    def steps(
        self,
        decision: bytes,
        rules: Rules = RULES,
    ) -> list[Progress | Replay]:
        """Decide again; return all that comes."""
        return list(replay(self.store, self.found(decision), decision, rules))

    def replay(self, decision: bytes, **given: Any) -> Replay:
        """Decide again; return what came out."""
        *before, last = self.steps(decision, **given)
        assert all(isinstance(step, Progress) for step in before)
        assert isinstance(last, Replay)
        return last

    def keep(self, change: Callable[[State], Any] = lambda _: None) -> None:
        """Write a snapshot of everything that stands, or of some of it."""
        state, head = fold.load(self.store)
        change(state)
        fold.keep(self.store, state, head)


def outcome(result: Replay) -> tuple[Replayed, Verdict | None, Verdict | None]:
    return result.outcome, result.recorded, result.replayed
