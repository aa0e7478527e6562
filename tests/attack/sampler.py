"""Beliefs by Gibbs sampling, many chains at once: a bit is one chain in one area.

A *variable* is a group known firmly, or softly: somebody is there, or not. A *need* is an
answer that says that at least one of some variables is there. Answers that say that nobody
is there leave the variable out (``alive``). A sweep draws each variable anew, given the
others, and then lets pairs change places, without which a chain would stay where it began.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

_PLACES: Final = 20  # binary ones of a chance


@dataclass(frozen=True, slots=True)
class Puzzle:
    """What answers leave open; every number holds one bit an area.

    Attributes:
        alive: by variable: where it is possible.
        needs: each: where it holds, and the variables of which one must be there.
        likely: by variable, by kind of area: how likely it is before any answer.
        kinds: the areas of each kind.
        areas: how many.
    """

    alive: Sequence[int]
    needs: Sequence[tuple[int, Sequence[int]]]
    likely: Sequence[Sequence[float]]
    kinds: Sequence[Sequence[int]]
    areas: int


class Sampler:
    """Draws from a puzzle.

    Args:
        puzzle: which.
        chains: how many in each area.
        seed: of the draws.
    """

    def __init__(self, puzzle: Puzzle, chains: int, seed: str) -> None:
        self._draw = Random(seed)
        self._bits = puzzle.areas * chains
        self._bytes = chains // 8
        one = (1 << chains) - 1
        wide = {area: one << (area * chains) for area in range(puzzle.areas)}

        def widened(bits: int) -> int:
            return sum(wide[area] for area in range(puzzle.areas) if bits >> area & 1)

        self._puzzle = puzzle
        self._kinds = [sum(wide[area] for area in kind) for kind in puzzle.kinds]
        self.alive = [widened(bits) for bits in puzzle.alive]
        self._needs: list[tuple[int, list[int]]] = []
        self._of: list[set[int]] = [set() for _ in puzzle.alive]
        for bits, members in puzzle.needs:
            where = widened(bits)
            some = [each for each in members if self.alive[each] & where]
            for each in some:
                self._of[each].add(len(self._needs))
            self._needs.append((where, some))
        self._there = list(self.alive)  # as many as possible: no need is unmet
        self._open = [v for v, bits in enumerate(self.alive) if bits]
        self.samples = 0
        self._counts = {v: [0] * puzzle.areas for v in self._open}
        self._chains = chains

    def sweep(self) -> None:
        """Draw every variable anew, and let pairs change places."""
        for variable in self._open:
            must = self._stuck(variable, ())
            drawn = self._chance(self._puzzle.likely[variable])
            self._there[variable] = self.alive[variable] & (must | drawn)
        for where, members in self._needs:
            if where and len(members) > 1:
                self._swap(*self._draw.sample(members, 2))

    def count(self) -> None:
        """Count who is there now."""
        self.samples += self._chains
        size = self._bits // 8
        for variable in self._open:
            drawn = self._there[variable].to_bytes(size, "little")
            counts = self._counts[variable]
            for area in range(self._puzzle.areas):
                start = area * self._bytes
                part = drawn[start : start + self._bytes]
                counts[area] += int.from_bytes(part).bit_count()

    def belief(self, variable: int, area: int) -> float:
        """Return how often a variable was there."""
        counts = self._counts.get(variable)
        return counts[area] / self.samples if counts else 0.0

    def _stuck(self, variable: int, beside: Iterable[int]) -> int:
        """Return where a variable must be: no other one meets its needs.

        Args:
            variable: which.
            beside: needs that don't count.
        """
        found = 0
        for need in self._of[variable].difference(beside):
            where, members = self._needs[need]
            for other in members:
                if other != variable:
                    where &= ~self._there[other]
            found |= where
        return found

    def _swap(self, one: int, other: int) -> None:
        """Let two change places where no need is lost, by Metropolis' rule."""
        there, alive = self._there, self.alive
        moved = []
        for a, b in ((one, other), (other, one)):
            where = there[a] & ~there[b] & alive[b]
            where &= ~self._stuck(a, self._of[b]) if where else 0
            odds = [
                min(1.0, q * (1 - p) / (p * (1 - q)))
                for p, q in zip(
                    self._puzzle.likely[a], self._puzzle.likely[b], strict=True
                )
            ]
            moved.append(where & self._chance(odds) if where else 0)
        there[one] = there[one] & ~moved[0] | moved[1]
        there[other] = there[other] & ~moved[1] | moved[0]

    def _chance(self, likely: Sequence[float]) -> int:
        """Draw bits that are set as likely as is said of each kind of area."""
        planes = [self._draw.getrandbits(self._bits) for _ in range(_PLACES)]
        found = 0
        for kind, chance in zip(self._kinds, likely, strict=True):
            scaled = int(chance * (1 << _PLACES))
            if scaled >> _PLACES:
                found |= kind
                continue
            bits = 0
            for plane in planes:
                bits = plane | bits if scaled & 1 else plane & bits
                scaled >>= 1
            found |= bits & kind
        return found
