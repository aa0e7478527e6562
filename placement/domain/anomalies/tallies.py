"""Counting in windows of time: what the patterns are made of.

Invariants:
    * time goes forward: no item is older than the one before it;
    * what has left the window counts no more, whether or not it is still kept;
    * a key is told once until its number has fallen to half of what is allowed, so that
      somebody who stays at the limit is not reported with every entry;
    * what is kept is bounded: a key keeps its newest items, a tally its newest keys.

>>> tally = Tally(Limit(allowed=1, days=1))
>>> [len(tally.add("key", (at,), Item(at, at, "", "", b""))) for at in range(4)]
[0, 2, 0, 0]
"""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import Final, NamedTuple

from placement.domain.ruleset import Limit, ShareLimit
from placement.domain.terms import MICROS_A_DAY

SHOWN: Final = 100
"""How many entries an anomaly shows."""
MAX_HELD: Final = 100_000
"""How many items a tally keeps; the keys that were quiet longest go first."""
MAX_SHARED: Final = 1_000
"""Of how many checks at most shares are made."""


class Item(NamedTuple):
    """What is kept of an entry: when, its index, by whom, of which case."""

    at: int
    entry: int
    organisation: str
    person: str
    case: bytes


class _Window:
    """Items by their key and what they count for, in the order in which they came.

    Args:
        days: how far back the window reaches.
        kept: how many items a key may keep.
    """

    def __init__(self, days: int, kept: int) -> None:
        self._span = days * MICROS_A_DAY
        self._kept = kept
        # Plain dicts keep their order and are small; their fronts are read in bulk.
        self._held: dict[Hashable, dict[Hashable, Item]] = {}
        self._size = 0

    def _count(
        self, key: Hashable, values: Iterable[Hashable], item: Item
    ) -> tuple[int, dict[Hashable, Item]]:
        """Add an item to what a key has in the window that ends with it.

        Returns:
            How many items were left in the window before; and all that are in it.
        """
        items = self._held.pop(key, None)
        left = 0
        if items is None:
            items = {}
        else:
            since = item.at - self._span
            while items and next(iter(items.values())).at <= since:
                self._drop(key, items)
            left = len(items)
        self._held[key] = items
        for value in values:
            if value in items:
                del items[value]
            items[value] = item
        self._size += len(items) - left
        while len(items) > self._kept:
            self._drop(key, items)
        if self._size > MAX_HELD:
            self._leave(MAX_HELD - MAX_HELD // 10)
        return left, items

    def _drop(self, key: Hashable, items: dict[Hashable, Item]) -> None:
        self._dropped(key, items.pop(next(iter(items))))
        self._size -= 1

    def _leave(self, size: int) -> None:
        """Leave only so many items, of the newest keys."""
        quiet = []
        oldest = iter(self._held.items())
        while self._size > size:
            key, items = next(oldest)
            self._size -= len(items)
            quiet.append(key)
        self._lose(quiet)

    def forget(self, now: int) -> None:
        """Drop every key that has nothing left in the window that ends now."""
        since = now - self._span
        quiet = []
        for key, items in self._held.items():
            if next(reversed(items.values())).at > since:
                break
            self._size -= len(items)
            quiet.append(key)
        self._lose(quiet)

    def _lose(self, keys: Iterable[Hashable]) -> None:
        for key in keys:
            del self._held[key]
            self._lost(key)

    def _dropped(self, key: Hashable, item: Item) -> None:
        """Take notice that a key has an item less."""

    def _lost(self, key: Hashable) -> None:
        """Take notice that nothing is kept for a key."""


@dataclass(frozen=True, slots=True)
class Found:
    """That there is too much of something: how much, how much may be, and of what."""

    at: int
    count: int
    limit: int
    items: tuple[Item, ...]


class Tally(_Window):
    """Counts how many different values each key has in a window.

    Args:
        limit: how many it may have.
    """

    def __init__(self, limit: Limit) -> None:
        super().__init__(limit.days, limit.allowed + SHOWN)
        self.allowed = limit.allowed
        self._low = limit.allowed // 2
        self._told: set[Hashable] = set()

    def add(
        self, key: Hashable, values: Iterable[Hashable], item: Item
    ) -> tuple[Item, ...]:
        """Count an item, and return whatever supports it if that is now too much.

        Args:
            key: for whom or what.
            values: what it counts for, at least one; what counted before is renewed.
            item: the newest of all.

        Returns:
            The newest item of each value, in order; nothing while all is well, and
            nothing if it was told before.
        """
        left, items = self._count(key, values, item)
        if left <= self._low:
            self._told.discard(key)
        if len(items) <= self.allowed or key in self._told:
            return ()
        self._told.add(key)
        return tuple(items.values())

    def _lost(self, key: Hashable) -> None:
        self._told.discard(key)


class Shares(_Window):
    """Tells whose share of what an organisation did is large.

    Args:
        limit: what is large.
    """

    def __init__(self, limit: ShareLimit) -> None:
        super().__init__(limit.days, MAX_SHARED)
        self.limit = limit
        self._counts: dict[Hashable, dict[str, int]] = {}
        self._told: dict[Hashable, str] = {}

    def add(self, item: Item) -> tuple[int, tuple[Item, ...]]:
        """Count an item; return the share in percent, rounded up, and what it is.

        Returns:
            Zero and nothing while all is well, or if it was told before.
        """
        key, percent, checks = item.organisation, self.limit.percent, self.limit.checks
        counts = self._counts.setdefault(key, {})
        counts[item.person] = counts.get(item.person, 0) + 1
        left, items = self._count(key, (item.entry,), item)
        total, told = len(items), self._told.get(key)
        if told and (
            left <= checks // 2 or 200 * counts.get(told, 0) <= percent * total
        ):
            del self._told[key]
        # It is another one's share that grows when a third one's checks grow old.
        first = max(counts, key=counts.__getitem__)
        share = -(-100 * counts[first] // total)
        if total < checks or share <= percent or first == self._told.get(key):
            return 0, ()
        self._told[key] = first
        return share, tuple(i for i in items.values() if i.person == first)

    def _dropped(self, key: Hashable, item: Item) -> None:
        counts = self._counts[key]
        counts[item.person] -= 1
        if not counts[item.person]:
            del counts[item.person]

    def _lost(self, key: Hashable) -> None:
        del self._counts[key]
        self._told.pop(key, None)
