"""Where in a log an instant falls, found with few looks.

Each look opens an entry that is in nobody's memory, so their number is what counts. The
times on a coarse grid are remembered once they were looked at: an entry's never change.
Between two points of it entries come almost evenly, so a guess by proportion is near.

Invariants:
    * what is found does not depend on how entries are spread over time;
    * three looks at least halve what is left, whatever the times are;
    * what is remembered does not grow with the log, but for its doublings.

>>> times = [3, 5, 5, 9]
>>> find = Instants()
>>> [find.first_since(times.__getitem__, when, 0, 4) for when in (0, 5, 6, 10)]
[0, 1, 3, 4]
"""

from bisect import bisect_left
from collections.abc import Callable
from math import isqrt
from typing import Final

_POINTS: Final = 11  # the grid has at most 2^11 points
_FEW: Final = 8  # below this, guessing saves nothing


class Instants:
    """Looks instants up in one log; safe to share between threads."""

    def __init__(self) -> None:
        self._known: dict[int, int] = {}

    def first_since(
        self, at: Callable[[int], int], when: int, low: int, high: int
    ) -> int:
        """Return the first index in [low, high) whose time is not before an instant.

        Args:
            at: tells the time at an index; times never decrease.
            when: the instant, in the same unit.
            low: the first index.
            high: the index after the last.

        Returns:
            ``high`` if there is none.
        """
        step = 1 << max(high.bit_length() - _POINTS, 0)

        def known(index: int) -> int:
            if index % step:
                return at(index)
            if index not in self._known:
                self._known[index] = at(index)
            return self._known[index]

        grid = range(low + -low % step, high, step)
        passed = bisect_left(grid, when, key=known)
        part = _Part(known, when, low, high)
        if passed:
            part.look(grid[passed - 1])
        if passed < len(grid):
            part.look(grid[passed])
        return part.narrow()


class _Part:
    """The part of a log that an instant falls into: it only shrinks."""

    def __init__(
        self, at: Callable[[int], int], when: int, low: int, high: int
    ) -> None:
        self._low = low
        self._high = high
        self._at = at
        self._when = when
        self._since: int | None = None  # the time before the part, once it is known
        self._until: int | None = None  # the time behind it

    def narrow(self) -> int:
        """Look until nothing is left, and return where that is."""
        while width := self._high - self._low:
            if width > _FEW:
                guess, reach = self._guess(width), isqrt(width)
                # Then just beyond it, where the guess errs to: both ends come near.
                self.look(guess + reach if self.look(guess) else guess - reach)
            if self._high - self._low > width // 2:
                self.look(self._low + (self._high - self._low) // 2)
        return self._low

    def look(self, index: int) -> bool:
        """Tell whether an index is before the instant; look only if that is unknown."""
        if not self._low <= index < self._high:
            return index < self._low
        found = self._at(index)
        if found < self._when:
            self._low, self._since = index + 1, found
            return True
        self._high, self._until = index, found
        return False

    def _guess(self, width: int) -> int:
        """Return where it falls if entries come evenly; the middle if nobody can say."""
        if self._since is None or self._until is None:
            return self._low + width // 2
        share = width * (self._when - self._since) // max(self._until - self._since, 1)
        return self._low + min(share, width - 1)
