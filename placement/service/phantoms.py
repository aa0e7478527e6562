"""Keeps what was drawn, so that a check draws nothing.

Invariants:
    * whatever is kept follows from the state, the ruleset and the day alone, so every
      server and every replay has the same;
    * a month of a group is drawn once, until the ruleset says something else of it.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from placement.domain.drawing import Drawing, Houses, Stream, first_of
from placement.domain.facts import Facility
from placement.domain.phantoms import NOBODY, Phantom, Phantoms
from placement.domain.ruleset import Ruleset
from placement.domain.state import State
from placement.domain.terms import (
    AreaCode,
    GroupToken,
    Micros,
    start_of,
    stockholm_day,
)


@dataclass(frozen=True, slots=True)
class _Kept:
    """The phantoms of one day, and what they were made from.

    Attributes:
        made: of which rules, day, groups and merges.
        phantoms: they.
    """

    made: tuple[object, ...]
    phantoms: Phantoms


class Haunting:
    """The phantoms of one store. Belongs to one thread.

    Args:
        stream: of the store (``KeyRing.stream``).
    """

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._rules: tuple[object, ...] = ()
        self._drawing: Drawing | None = None
        self._drawn: dict[tuple[int, GroupToken], tuple[Phantom, ...]] = {}
        self._kept: _Kept | None = None

    def of(self, state: State, ruleset: Ruleset, now: Micros) -> Phantoms:
        """Return the phantoms that may act in a state.

        Args:
            state: of which the groups, their sizes and the houses count, and nothing
                else.
            ruleset: in force.
            now: when.
        """
        if ruleset.phantoms.none:
            return NOBODY
        drawing = self._by(ruleset)
        today = stockholm_day(now)
        # Groups come, and none goes: those of one state need no more than to be counted.
        groups, merges = (len(state.groups), state.groups), tuple(state.merges.links)
        made = (drawing, today, groups, merges)
        if self._kept is None or self._kept.made != made:
            begun = start_of(today)
            drawn = self._stays(drawing, drawing.months(today), state)
            stays = [each for each in drawn if each.gone > begun]
            self._kept = _Kept(made, Phantoms(stays, state.merges.of))
        return self._kept.phantoms

    def _stays(
        self, drawing: Drawing, months: range, state: State
    ) -> Iterator[Phantom]:
        """Yield what arrives in some months; drawn now, or before."""
        for old in [each for each in self._drawn if each[0] not in months]:
            del self._drawn[old]
        for month in months:
            begins = start_of(first_of(month))
            houses: Houses | None = None
            for group in state.groups:
                known = self._drawn.get((month, group))
                if known is None:
                    houses = _houses(state, begins) if houses is None else houses
                    size = state.haunts.size_of(group, begins)
                    known = tuple(drawing.arrivals(group, size, month, houses))
                    self._drawn[month, group] = known
                yield from known

    def _by(self, ruleset: Ruleset) -> Drawing:
        """Return what draws by a ruleset; what another drew is dropped."""
        hours = ruleset.holds.hours
        rules = (ruleset.phantoms, ruleset.areas.digest, hours)
        if self._drawing is None or rules != self._rules:
            areas = ruleset.areas
            self._drawing = Drawing(self._stream, ruleset.phantoms, areas, hours)
            self._rules = rules
            self._drawn.clear()
        return self._drawing


def _houses(state: State, before: Micros) -> Houses:
    """Return the houses that were registered before a month, by area."""
    found: dict[AreaCode, list[Facility]] = {}
    for token, facility in state.facilities.items():
        if state.haunts.registered[token] < before:
            found.setdefault(facility.area, []).append(facility)
    return found
