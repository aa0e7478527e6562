"""What an attacker knows before the first answer: how likely somebody is where.

He knows the rivalries, how many stays of each group there are, the weights of areas, and
the ruleset: everything but the store's key and who is placed.
"""

from dataclasses import dataclass
from functools import cached_property
from math import exp, expm1, log1p

from tests.attack.worlds import MILLE, Nation

MOST = 0.9  # no cell holds a phantom for certain


@dataclass(frozen=True, slots=True)
class Cell:
    """One group in areas of one weight.

    Attributes:
        real: stays to be expected.
        phantoms: phantom stays to be expected.
        soft: share of stays of people known softly.
    """

    real: float
    phantoms: float
    soft: float

    @property
    def prior(self) -> float:
        """How likely somebody real is there."""
        return -expm1(-self.real)

    @property
    def hidden(self) -> float:
        """How likely a phantom is there."""
        return -expm1(-self.phantoms)

    def prior_of(self, *, firm: bool) -> float:
        """Return how likely somebody real is there who is known in one way."""
        return -expm1(-self.real * (1 - self.soft if firm else self.soft))

    def there(self, *, firm: bool) -> float:
        """Return how likely anybody is there who is known in one way."""
        share = 1 - self.soft if firm else self.soft
        return -expm1(-share * (self.real + self.phantoms))

    def is_real(self, *, firm: bool) -> float:
        """Return how likely one of them is real, if anybody is there."""
        share = 1 - self.soft if firm else self.soft
        there = self.there(firm=firm)
        return -expm1(-share * self.real) / there if there else 0.0

    @property
    def bound(self) -> float:
        """What nobody may come to believe, with two phantoms for each real stay."""
        return 1 / (1 + 2 * (1 - self.prior))


class Known:
    """The chances of a nation.

    Args:
        nation: which.
        phantoms: whether there are any.
    """

    def __init__(self, nation: Nation, *, phantoms: bool) -> None:
        self._nation, self._phantoms = nation, phantoms
        self._cells: dict[tuple[int, float], Cell] = {}

    def cell(self, group: int, area: int) -> Cell:
        """Return the chances of a group in an area."""
        weight = self._nation.weights[area]
        if (group, weight) not in self._cells:
            self._cells[group, weight] = self._cell(group, weight)
        return self._cells[group, weight]

    def _cell(self, group: int, weight: float) -> Cell:
        nation, chances = self._nation, self._nation.ruleset.phantoms
        size = chances.sizes[nation.sizes[group] - 1]
        prior = min(chances.prior / MILLE, size * weight)
        likely = min(MOST, max(chances.floor / MILLE, chances.stays * prior))
        return Cell(
            real=nation.expected[group] * weight,
            phantoms=-log1p(-likely) if self._phantoms else 0.0,
            soft=chances.stay.soft / MILLE,
        )

    @cached_property
    def kinds(self) -> list[tuple[int, list[int]]]:
        """Return the areas by weight, each kind with one that stands for it."""
        found: dict[float, list[int]] = {}
        for area, weight in enumerate(self._nation.weights):
            found.setdefault(weight, []).append(area)
        return [(areas[0], areas) for areas in found.values()]

    def phantoms_of(self, group: int) -> float:
        """Return how many phantoms of a group are to be expected in the country."""
        areas = range(len(self._nation.codes))
        return sum(self.cell(group, area).phantoms for area in areas)


def best_guess(phantoms: float) -> float:
    """Return how often one hidden person is guessed at most, among so many phantoms."""
    return (1 - exp(-phantoms)) / phantoms
