"""Bugs that a simulation has to find: each as it could be written by mistake."""

from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest

from placement.domain.decide import registry
from placement.domain.events import FactRecorded, Record
from placement.domain.state import State
from placement.errors import UnavailableError
from placement.service.engine import Engine

Plant = Callable[[pytest.MonkeyPatch], None]


def _kept(patch: pytest.MonkeyPatch) -> None:
    """After a commit that failed the engine goes on with the state that it had."""
    commit = Engine._commit

    def instead(self: Any, asked: Any) -> Any:
        folded = self._folded
        try:
            return commit(self, asked)
        except UnavailableError:
            self._folded = folded
            raise

    patch.setattr(Engine, "_commit", instead)


def _forgets(patch: pytest.MonkeyPatch) -> None:
    """A snapshot leaves out the newest fact."""
    records = State.records

    def instead(self: Any) -> Iterator[Record]:
        written = list(records(self))
        facts = [
            place
            for place, record in enumerate(written)
            if isinstance(record.event, FactRecorded)
        ]
        for place in facts[-1:]:
            del written[place]
        return iter(written)

    patch.setattr(State, "records", instead)


def _lags(patch: pytest.MonkeyPatch) -> None:
    """What another server wrote in one step is not looked at before the next."""
    catch_up = Engine._catch_up

    def instead(self: Any, state: Any, head: Any, log: Any) -> None:
        if log.head.revision - head.revision != 1:
            catch_up(self, state, head, log)

    patch.setattr(Engine, "_catch_up", instead)


def _alone(patch: pytest.MonkeyPatch) -> None:
    """One coordinator ends what protects somebody."""
    patch.setattr(registry, "ends_by_two", lambda _: False)


BUGS: Final[dict[str, Plant]] = {
    "goes on after a failed commit": _kept,
    "a snapshot forgets": _forgets,
    "lags behind another server": _lags,
    "one person ends alone": _alone,
}
