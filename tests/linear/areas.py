"""A sequential model of areas: who is held where, and what a check then answers."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

CLEAR, CONFLICT = "CLEAR", "CONFLICT"
HELD, ACTIVE = "HELD", "ACTIVE"
# Where those that an act names have to be in their life.
_PHASES = {
    "confirm": (HELD,),
    "move": (ACTIVE, HELD),
    "release": (HELD,),
    "end": (ACTIVE,),
}
REFUSED = ("REFUSED",)
DONE = ("DONE",)
LIVE_HOLDS = 2
"""Of one case."""


@dataclass(frozen=True, slots=True)
class Stay:
    """Somebody is held, or placed, in an area; all of them for the same days."""

    name: str
    case: str
    area: str
    phase: str = HELD


State = frozenset[Stay]


class Areas:
    """The model; its acts are tuples that begin with a word.

    ``check case area`` · ``hold case area name`` · ``confirm name`` · ``move left name`` ·
    ``release name`` · ``end name`` · ``show case``

    Args:
        rivals: pairs of cases that may not be in one area.
    """

    def __init__(self, rivals: Collection[frozenset[str]]) -> None:
        self._rivals = frozenset(rivals)

    def begin(self) -> State:
        """Nobody is anywhere."""
        return frozenset()

    def step(self, state: State, act: tuple[Any, ...]) -> tuple[State, tuple[Any, ...]]:
        """Do one thing."""
        match act:
            case "check", case, area:
                return state, (self._verdict(state, case, area),)
            case "show", case:
                mine = sorted((s.area, s.phase) for s in state if s.case == case)
                return state, (tuple(mine),)
            case "hold", case, area, name:
                return self._hold(state, Stay(name, case, area))
            case _:
                return self._go_on(state, *act)

    def _go_on(
        self, state: State, word: str, *names: str
    ) -> tuple[State, tuple[Any, ...]]:
        """Do something to what is held or placed."""
        *left, stay = (
            _find(state, name, phase)
            for name, phase in zip(names, _PHASES[word], strict=True)
        )
        if stay is None or None in left:
            return state, REFUSED
        if word in ("release", "end"):
            return state - {stay}, DONE
        return self._confirm(state, stay, frozenset(left))

    def _verdict(self, state: State, case: str, area: str) -> str:
        """Return CONFLICT if and only if a rival is live there."""
        met = any(
            stay.area == area and frozenset((stay.case, case)) in self._rivals
            for stay in state
        )
        return CONFLICT if met else CLEAR

    def _hold(self, state: State, stay: Stay) -> tuple[State, tuple[Any, ...]]:
        live = sum(each.case == stay.case and each.phase == HELD for each in state)
        if live >= LIVE_HOLDS:
            return state, REFUSED
        verdict = self._verdict(state, stay.case, stay.area)
        if verdict != CLEAR:
            return state, (verdict, False)
        return state | {stay}, (verdict, True)

    def _confirm(
        self, state: State, hold: Stay, left: frozenset[Stay]
    ) -> tuple[State, tuple[Any, ...]]:
        """Confirm a hold, and end what is left for it."""
        elsewhere = {each for each in state if each.phase == ACTIVE} - left
        if any(each.case == hold.case for each in elsewhere):
            return state, REFUSED
        verdict = self._verdict(state, hold.case, hold.area)
        if verdict != CLEAR:
            return state, (verdict, HELD)
        placed = Stay(hold.name, hold.case, hold.area, ACTIVE)
        return state - left - {hold} | {placed}, (verdict, ACTIVE)


def _find(state: State, name: str, phase: str) -> Stay | None:
    """Return a stay by its name, if it is where it has to be in its life."""
    found = (each for each in state if each.name == name and each.phase == phase)
    return next(found, None)
