"""Dicts and sets, as somebody writes them who knows the question."""

from collections import defaultdict

from benchmarks.nation import (
    CLEAR,
    CONFLICT,
    OCCASIONAL,
    REVIEW,
    Answer,
    Asked,
    Means,
    Nation,
    meanings,
)


class Dicts:
    """Groups by person, meanings by group, and who is present and placed by area."""

    def __init__(self, nation: Nation) -> None:
        self._near = nation.near
        self._groups_of = {
            person: {group} for person, group in enumerate(nation.group_of)
        }
        self._means = meanings(nation)
        self._firm: defaultdict[int, set[int]] = defaultdict(set)
        self._loose: defaultdict[int, set[int]] = defaultdict(set)
        for group, area, kind in nation.presences:
            (self._loose if kind == OCCASIONAL else self._firm)[area].add(group)
        self._placed: defaultdict[int, defaultdict[int, set[int]]] = defaultdict(
            lambda: defaultdict(set)
        )
        for person, area in nation.placements:
            for group in self._groups_of[person]:
                self._placed[area][group].add(person)

    def answer(self, asked: Asked) -> Answer:
        """Answer a question."""
        means = self._means[next(iter(self._groups_of[asked.person]))]
        loud = {group for group, each in means.items() if each[0] == CONFLICT}
        return tuple(
            self._verdict(asked.person, area, means, loud) for area in asked.areas
        )

    def _verdict(
        self, person: int, area: int, means: dict[int, Means], loud: set[int]
    ) -> int:
        worst = CLEAR
        for number, present in enumerate((self._firm[area], self._loose[area])):
            for group in means.keys() & present:
                worst = max(worst, means[group][number])
        placed = self._placed[area]
        for group in means.keys() & placed.keys():
            if placed[group] - {person}:
                worst = max(worst, means[group][2])
        if worst == CLEAR and any(loud & self._firm[near] for near in self._near[area]):
            return REVIEW
        return worst
