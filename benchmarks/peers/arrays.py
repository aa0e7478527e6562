"""Flat arrays of numpy: compressed rows by group and by area."""

from collections.abc import Iterable
from importlib import import_module
from typing import Any

from benchmarks.nation import (
    AT_WAR,
    CLEAR,
    CONFLICT,
    NOTHING,
    OCCASIONAL,
    OWN,
    REVIEW,
    RIVAL,
    WAR,
    Answer,
    Asked,
    Nation,
)


class Numpy:
    """Rows that follow one another, and where each begins."""

    def __init__(self, nation: Nation) -> None:
        self._np: Any = import_module("numpy")
        self._near = [self._np.array(near) for near in nation.near]
        self._groups, many = nation.groups, len(nation.codes)
        self._group_of = self._np.array(nation.group_of, dtype="i4")
        wars = [
            row
            for (low, high), severity in nation.rivalries.items()
            for row in ((low, high, severity), (high, low, severity))
        ]
        self._rivals = self._rows(wars, nation.groups)
        self._present = self._rows(
            ((area, group, kind) for group, area, kind in nation.presences), many
        )
        self._placed = self._rows(
            (
                (area, nation.group_of[person], person)
                for person, area in nation.placements
            ),
            many,
        )

    def _rows(self, rows: Iterable[tuple[int, int, int]], many: int) -> Any:  # noqa: ANN401 (arrays)
        """Sort rows by what stands first; return where each begins, and the rest."""
        np = self._np
        found = np.array(sorted(rows), dtype="i4").reshape(-1, 3)
        return (
            np.searchsorted(found[:, 0], np.arange(many + 1)),
            found[:, 1],
            found[:, 2],
        )

    def answer(self, asked: Asked) -> Answer:
        """Answer a question."""
        np = self._np
        means = np.empty((self._groups, 3), dtype="i1")
        means[:] = NOTHING
        mine = self._group_of[asked.person]
        starts, others, severe = self._rivals
        here = slice(starts[mine], starts[mine + 1])
        means[others[here]] = RIVAL
        means[others[here][severe[here] == WAR]] = AT_WAR
        means[mine] = OWN
        return tuple(self._verdict(asked.person, area, means) for area in asked.areas)

    def _verdict(self, person: int, area: int, means: Any) -> int:  # noqa: ANN401 (an array)
        starts, groups, kinds = self._present
        here = slice(starts[area], starts[area + 1])
        loose = (kinds[here] == OCCASIONAL).astype("i1")
        worst = int(means[groups[here], loose].max(initial=CLEAR))
        starts, groups, people = self._placed
        here = slice(starts[area], starts[area + 1])
        others = groups[here][people[here] != person]
        worst = max(worst, int(means[others, 2].max(initial=CLEAR)))
        if worst == CLEAR and self._rings(area, means):
            return REVIEW
        return worst

    def _rings(self, area: int, means: Any) -> bool:  # noqa: ANN401 (an array)
        starts, groups, kinds = self._present
        for near in self._near[area]:
            here = slice(starts[near], starts[near + 1])
            firm = groups[here][kinds[here] != OCCASIONAL]
            if (means[firm, 0] == CONFLICT).any():
                return True
        return False
