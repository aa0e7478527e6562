"""Holds as the service decides them: rules, budgets and events, without store and wire."""

import secrets
import time

from benchmarks.nation import Asked, Nation
from benchmarks.registry import Registry
from placement.access import Caller, Role
from placement.app import read_ruleset
from placement.domain.decide.checks import Check
from placement.domain.decide.command import Moment, Outcome
from placement.domain.decide.table import decide
from placement.domain.questions import Candidate
from placement.domain.state import State
from placement.domain.terms import (
    AreaCode,
    CaseHandle,
    FactId,
    Micros,
    Revision,
    Window,
)

_ASKER = Caller(Role.CASEWORKER, "1280", "cw-01", bytes(32))


class Holds:
    """A case for each of some people who are not placed, and the holds that it wants.

    Args:
        nation: what is on record.
        registry: what made its records.
        state: what they fold to; the cases are added.
        many: how many people.
    """

    def __init__(
        self, nation: Nation, registry: Registry, state: State, many: int
    ) -> None:
        self._state = state
        now = Micros(time.time_ns() // 1000)
        self._moment = Moment(now=now, ruleset=read_ruleset(None))
        self._commands: list[Check] = []
        for asked in nation.questions(many):
            case, records = registry.opened(asked.person)
            if case not in state.cases:
                for record in records:
                    state.apply(record)
                self._commands.append(self._command(case, nation, asked))

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._commands)

    def decide(self) -> int:
        """Decide each by itself, and let none take effect; return how many are held."""
        held = 0
        for command in self._commands:
            outcome = decide(self._state, command, self._moment).outcome
            if isinstance(outcome, Outcome) and outcome.note is not None:
                held += len(outcome.note.objects)
        return held

    def _command(self, case: CaseHandle, nation: Nation, asked: Asked) -> Check:
        area = AreaCode(nation.codes[asked.areas[0]])
        return Check(
            caller=_ASKER,
            request_id=secrets.token_bytes(16),
            digest=bytes(32),
            case=case,
            candidates=(Candidate(area=area),),
            window=Window(start=self._moment.today),
            justification="PLANNED",
            least=Revision(0),
            decisions=(secrets.token_bytes(16),),
            hold=FactId(secrets.token_bytes(16)),
        )
