"""Bugs that chaos has to find: each as it could be written by mistake."""

import copy
import secrets
import time
from collections.abc import Callable
from typing import Any, Final

from placement.domain.decide.checks import Check
from placement.service import batch
from placement.service.engine import Engine
from placement.service.fold import load

OLD: Final = 3.0  # seconds
DROPPED: Final = 30  # one commit in so many


def from_its_old_state() -> None:
    """A server answers whoever holds nothing from a copy of the state, some seconds old."""
    decided: Any = batch._decided
    kept: dict[str, Any] = {"at": -OLD, "state": None}

    def instead(state: Any, command: Any, moment: Any) -> Any:
        if not isinstance(command, Check) or command.hold:
            return decided(state, command, moment)
        old = time.monotonic() - kept["at"] > OLD
        if old or command.case not in kept["state"].cases:
            kept.update(at=time.monotonic(), state=copy.deepcopy(state))
        return decided(kept["state"], command, moment)

    batch._decided = instead


def drops_an_entry() -> None:
    """A server answers, now and then, before it has written anything."""
    commit: Any = Engine._commit

    def instead(self: Any, asked: Any) -> Any:
        if not asked or secrets.randbelow(DROPPED):
            return commit(self, asked)
        state, head = load(self._store)
        batch = self._begun(state, head)
        for one in asked:
            batch.add(one.item)
        return batch.answers

    Engine._commit = instead  # type: ignore[method-assign]


BUGS: Final[dict[str, Callable[[], None]]] = {
    "old": from_its_old_state,
    "drop": drops_an_entry,
}
