"""A nation as plain numbers, the questions about it, and the answers by brute force.

The seeded national set once more, for whoever has it in a form of their own: everybody
belongs to one group, groups are at war and present in areas, and some people are placed.
No fact is dated, ends or is graded otherwise than MEDIUM, so R1 to R4 and R9 say it all.
"""

from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import comb
from random import Random
from typing import Final, TypeAlias

from benchmarks.dataset import SEED, Sizes
from placement.app import read_ruleset

AREAS_A_QUESTION: Final = 5
CLEAR, REVIEW, CONFLICT = 1, 3, 4
WAR: Final = 3
"""The severity of a rivalry by which a firm presence gives CONFLICT."""
OCCASIONAL: Final = 2
"""The kind of a presence that is not firm; 0 and 1 are."""
_LOUD: Final = ((0, CONFLICT), (1, CONFLICT))

Means: TypeAlias = tuple[int, int, int]
"""What a group gives if it is firmly present, present now and then, placed."""
NOTHING: Final[Means] = (CLEAR, CLEAR, CLEAR)
OWN: Final[Means] = (CONFLICT, REVIEW, REVIEW)
RIVAL: Final[Means] = (REVIEW, REVIEW, CONFLICT)
AT_WAR: Final[Means] = (CONFLICT, REVIEW, CONFLICT)


def means_of(severity: int) -> Means:
    """Return what a rival gives."""
    return AT_WAR if severity == WAR else RIVAL


@dataclass(frozen=True, slots=True)
class Asked:
    """One question: a person, and some areas."""

    person: int
    areas: tuple[int, ...]


Answer: TypeAlias = tuple[int, ...]
"""A verdict for each area."""


@dataclass(frozen=True, slots=True)
class Nation:
    """Everything that is on record, by number.

    Attributes:
        groups: how many there are.
        codes: of all areas in use.
        near: the areas near each area (R9).
        rivalries: pairs of groups, and how severe.
        group_of: of each person, the group.
        presences: group, area and kind.
        placements: person and area.
    """

    groups: int
    codes: tuple[str, ...]
    near: tuple[tuple[int, ...], ...]
    rivalries: Mapping[tuple[int, int], int]
    group_of: Sequence[int]
    presences: Sequence[tuple[int, int, int]]
    placements: Sequence[tuple[int, int]]

    @property
    def facts(self) -> int:
        """How many facts and placements."""
        kinds = (self.rivalries, self.group_of, self.presences, self.placements)
        return sum(map(len, kinds))

    @classmethod
    def of(cls, factor: float) -> "Nation":
        """Draw the national set times a factor."""
        draw, sizes = Random(SEED), Sizes.national(factor)
        areas = read_ruleset(None).areas
        codes = tuple(each.code for each in areas.values() if each.successor is None)
        place = {code: number for number, code in enumerate(codes)}
        many, people = sizes.groups, sizes.affiliations
        rivalries: dict[tuple[int, int], int] = {}
        while len(rivalries) < min(sizes.rivalries, comb(many, 2)):
            low, high = sorted(draw.sample(range(many), 2))
            rivalries[low, high] = draw.randint(1, WAR)
        placed = draw.sample(range(people), sizes.placements)
        return cls(
            groups=many,
            codes=codes,
            near=tuple(
                tuple(sorted(place[each] for each in areas.near(code) if each in place))
                for code in codes
            ),
            rivalries=rivalries,
            group_of=array("i", draw.choices(range(many), k=people)),
            presences=[
                (draw.randrange(many), draw.randrange(len(codes)), draw.randrange(3))
                for _ in range(sizes.presences)
            ],
            placements=[(person, draw.randrange(len(codes))) for person in placed],
        )

    def questions(self, many: int) -> list[Asked]:
        """Draw questions; some are about people who are placed themselves."""
        draw = Random(SEED + 1)
        people, placed = range(len(self.group_of)), self.placements
        return [
            Asked(
                draw.choice(people) if number % 4 else draw.choice(placed)[0],
                tuple(draw.sample(range(len(self.codes)), AREAS_A_QUESTION)),
            )
            for number in range(many)
        ]


def answer(nation: Nation, asked: Asked) -> Answer:
    """Answer by looking at everything: what each peer is held against."""
    mine = nation.group_of[asked.person]
    return tuple(
        max(_found(nation, asked.person, mine, area), default=CLEAR)
        for area in asked.areas
    )


def meanings(nation: Nation) -> list[dict[int, Means]]:
    """Return by group what each group means to it; what means nothing is not there."""
    found: list[dict[int, Means]] = [{group: OWN} for group in range(nation.groups)]
    for (low, high), severity in nation.rivalries.items():
        found[low][high] = found[high][low] = means_of(severity)
    return found


def _found(nation: Nation, person: int, mine: int, area: int) -> Iterator[int]:
    near = nation.near[area]
    for group, where, kind in nation.presences:
        if where == area:
            yield _means(nation, mine, group)[kind == OCCASIONAL]
        elif where in near and (kind, _means(nation, mine, group)[0]) in _LOUD:
            yield REVIEW
    for other, where in nation.placements:
        if where == area and other != person:
            yield _means(nation, mine, nation.group_of[other])[2]


def _means(nation: Nation, mine: int, group: int) -> Means:
    if group == mine:
        return OWN
    pair = (mine, group) if mine < group else (group, mine)
    severity = nation.rivalries.get(pair)
    if severity is None:
        return NOTHING
    return means_of(severity)
