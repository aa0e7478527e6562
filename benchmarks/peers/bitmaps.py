"""Roaring bitmaps: which groups give what, and which are where."""

from collections import Counter, defaultdict
from importlib import import_module
from typing import Any

from benchmarks.nation import (
    CLEAR,
    CONFLICT,
    OCCASIONAL,
    REVIEW,
    Answer,
    Asked,
    Nation,
    meanings,
)


class Roaring:
    """Of each group, three bitmaps of groups; of each area, three more."""

    def __init__(self, nation: Nation) -> None:
        bitmap: Any = import_module("pyroaring").BitMap
        self._near = nation.near
        self._group_of = nation.group_of
        # By way of being there and verdict: which groups give it to one of this group.
        self._giving: list[dict[tuple[int, int], Any]] = [
            defaultdict(bitmap) for _ in range(nation.groups)
        ]
        for giving, meaning in zip(self._giving, meanings(nation), strict=True):
            for group, means in meaning.items():
                for way, verdict in enumerate(means):
                    giving[way, verdict].add(group)
        self._there: list[tuple[Any, Any, Any]] = [
            (bitmap(), bitmap(), bitmap()) for _ in nation.codes
        ]
        for group, area, kind in nation.presences:
            self._there[area][kind == OCCASIONAL].add(group)
        placed = [(area, nation.group_of[who], who) for who, area in nation.placements]
        for area, group, _ in placed:
            self._there[area][2].add(group)
        self._placed = set(placed)
        self._only = [bitmap([group]) for group in range(nation.groups)]
        self._how_many = Counter((area, group) for area, group, _ in placed)

    def answer(self, asked: Asked) -> Answer:
        """Answer a question."""
        mine = self._group_of[asked.person]
        return tuple(self._verdict(asked.person, mine, area) for area in asked.areas)

    def _verdict(self, person: int, mine: int, area: int) -> int:
        giving, (firm, loose, placed) = self._giving[mine], self._there[area]
        if (area, mine, person) in self._placed and self._how_many[area, mine] == 1:
            placed = placed - self._only[mine]
        for verdict in (CONFLICT, REVIEW):
            for way, there in enumerate((firm, loose, placed)):
                if giving[way, verdict].intersect(there):
                    return verdict
        loud = giving[0, CONFLICT]
        rings = any(loud.intersect(self._there[near][0]) for near in self._near[area])
        return REVIEW if rings else CLEAR
