"""Finds what may be misuse in the access log; whether it is, people judge.

A detector reads entries in the order of the log and tells each anomaly with the entry
that makes it one. What it looks for stands in ``patterns``, and the numbers stand in the
ruleset.

Invariants:
    * what is told depends on the entries, their order and the ruleset, on nothing else;
    * memory is bounded (``tallies``), however long the log is.
"""

from collections.abc import Collection
from typing import TypeVar

from placement.domain.anomalies.patterns import PATTERNS, Watch
from placement.domain.anomalies.seen import Anomaly, Seen
from placement.domain.anomalies.tallies import SHOWN, Found, Item
from placement.domain.ruleset import AnomalyLimits
from placement.domain.terms import MICROS_A_DAY

_T = TypeVar("_T")


class Detector:
    """Finds anomalies in entries that it is shown one by one.

    Args:
        limits: the ruleset's.
        without: patterns that are not looked for.
    """

    def __init__(
        self, limits: AnomalyLimits, without: Collection[str] = frozenset()
    ) -> None:
        self._patterns = {
            name: made for name, made in PATTERNS.items() if name not in without
        }
        self._watches = {
            name: made.watch(limits) for name, made in self._patterns.items()
        }
        self._routes: dict[tuple[str, str], list[tuple[str, Watch]]] = {}
        self._now = 0
        self._tidied = 0

    def observe(self, seen: Seen) -> tuple[Anomaly, ...]:
        """Look at the next entry of the log.

        Returns:
            What this entry, or the time that has passed until it, makes an anomaly; in
            the order of ``PATTERNS``.
        """
        entry = seen.entry
        # Two servers' clocks may differ a little; windows go forward alone.
        now = self._now = max(self._now, entry.at)
        if now >= self._tidied + MICROS_A_DAY:
            self._tidied = now
            for watch in self._watches.values():
                watch.forget(now)
        case = seen.outline.case
        item = Item(now, seen.index, entry.organisation, entry.person, case)
        anomalies: list[Anomaly] = []
        for name, watch in self._watching(entry.action, entry.outcome):
            for found in watch.observe(seen, item):
                anomalies.append(_anomaly(name, found))  # noqa: PERF401 (mostly none)
        return tuple(anomalies)

    def _watching(self, action: str, outcome: str) -> list[tuple[str, Watch]]:
        """Return what such an entry matters to."""
        route = self._routes.get((action, outcome))
        if route is None:  # there are as many as actions and reasons, not entries
            route = self._routes[action, outcome] = [
                (name, self._watches[name])
                for name, (actions, outcomes, _) in self._patterns.items()
                if not (actions and action not in actions)
                if not (outcomes and outcome not in outcomes)
            ]
        return route


def _anomaly(name: str, found: Found) -> Anomaly:
    items = found.items
    return Anomaly(
        pattern=name,
        organisation=_shared({item.organisation for item in items}, ""),
        person=_shared({item.person for item in items}, ""),
        case=_shared({item.case for item in items}, b""),
        at=found.at,
        count=found.count,
        limit=found.limit,
        entries=tuple(sorted({item.entry for item in items})[-SHOWN:]),
    )


def _shared(different: set[_T], nothing: _T) -> _T:
    return different.pop() if len(different) == 1 else nothing
