"""Rows of bytes that are found by what they hold.

A dict takes more than a hundred bytes for an entry; these take six to eight beside the
bytes themselves. The places of the rows are in many small tables, so that one which
grows keeps nobody waiting.

Invariants:
    * a row is found by its key from when it was added until it is blanked;
    * a row keeps its number;
    * no key is blank, which is zeros alone.
"""

import struct
from array import array
from bisect import bisect_left
from collections.abc import Hashable, Iterator
from collections.abc import Set as AbstractSet
from itertools import chain
from typing import Final, Generic, TypeVar

_BITS: Final = 6
_TABLES: Final = 1 << _BITS
_FEWEST: Final = 4  # places in a table
_GROWS: Final = 1.4
_FULL: Final = 0.75
_ROOMY: Final = 0.7
_NOBODY: Final = (b"", -1)
Item = TypeVar("Item", bound=Hashable)


class Rows:
    """Keys of one size, one a row; no two rows have the same.

    Args:
        size: of a key in bytes.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._keys = bytearray()
        # Open tables: of each place the row, counted from 1; 0 is none.
        self._tables = [_table(_FEWEST) for _ in range(_TABLES)]
        self._left = [int(_FEWEST * _FULL)] * _TABLES  # before a table grows
        self._last = _NOBODY  # who was asked for last, as is again and again

    def __len__(self) -> int:
        """Return how many rows there are, blank ones too."""
        return len(self._keys) // self._size

    def __iter__(self) -> Iterator[bytes]:
        """Yield each key once, in no order."""
        places = chain.from_iterable(self._tables)
        return filter(any, (self.key(row - 1) for row in places if row))

    def expect(self, many: int) -> None:
        """Have room for rows, before there is any."""
        room = max(int(many / _TABLES / _ROOMY), _FEWEST)
        self._tables = [_table(room) for _ in range(_TABLES)]
        self._left = [int(room * _FULL)] * _TABLES

    def key(self, row: int) -> bytes:
        """Return the key of a row."""
        return bytes(self._keys[row * self._size : (row + 1) * self._size])

    def fits(self, key: bytes) -> bool:
        """Tell whether something can be a key here."""
        return len(key) == self._size and any(key)

    def extend(self, keys: bytes) -> None:
        """Add rows.

        Raises:
            KeyError: one is blank, or there already.
        """
        first, blank = len(self), bytes(self._size)
        self._last = _NOBODY
        self._keys += keys
        for row, (key,) in enumerate(struct.iter_unpack(f"{self._size}s", keys), first):
            if key == blank:
                raise KeyError
            mark = hash(key)
            number = mark % _TABLES
            table = self._tables[number]
            at = (mark >> _BITS) % len(table)
            if table[at]:  # by another key, or by this one
                table, at = self._seek(key)
            other, table[at] = table[at], row + 1
            if other:
                self._join(row, other - 1)
                continue
            self._left[number] -= 1
            if not self._left[number]:
                self._grow(number)

    def find(self, key: bytes) -> int:
        """Return the newest row with a key; -1 if there is none."""
        if key != self._last[0]:
            table, at = self._seek(key)
            self._last = key, (table[at] - 1 if any(key) else -1)
        return self._last[1]

    def blank(self, row: int) -> None:
        """Forget a row's key.

        Its place in the table stays taken until that grows: others may lie behind it.
        """
        self._last = _NOBODY
        self._keys[row * self._size : (row + 1) * self._size] = bytes(self._size)

    def _seek(self, key: bytes) -> tuple["array[int]", int]:
        """Return the table that a key is in, or would be, and its place there."""
        size, keys, mark = self._size, self._keys, hash(key)
        table = self._tables[mark % _TABLES]
        room = len(table)
        at = (mark >> _BITS) % room
        while row := table[at]:
            if keys[(row - 1) * size : row * size] == key:
                break
            at += 1
            if at == room:
                at = 0
        return table, at

    def _join(self, row: int, other: int) -> None:
        """Let a row have the key of an earlier one.

        Raises:
            KeyError: it may not.
        """
        del row, other
        raise KeyError

    def _grow(self, number: int) -> None:
        """Put what a table holds into a larger one, without what is blank."""
        old = self._tables[number]
        room = int(len(old) * _GROWS) + 1
        self._tables[number], self._left[number] = _table(room), int(room * _FULL)
        for row in old:
            if row and any(key := self.key(row - 1)):
                table, at = self._seek(key)
                table[at] = row
                self._left[number] -= 1


class Shared(Rows):
    """The same, where several rows may have one key."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self._older = array("I")  # of each row the one before with its key, from 1

    def extend(self, keys: bytes) -> None:
        """Add rows."""
        self._older.frombytes(bytes(len(keys) // self._size * self._older.itemsize))
        super().extend(keys)

    def of(self, key: bytes) -> list[int]:
        """Return all rows with a key, the oldest first."""
        found, row = [], self.find(key)
        while row >= 0:
            found.append(row)
            row = self._older[row] - 1
        return found[::-1]

    def blank(self, row: int) -> None:
        """Forget a row's key; those before it are found through those behind it."""
        table, at = self._seek(self.key(row))
        newer, older = table[at] - 1, self._older[row]
        if newer != row:
            while self._older[newer] != row + 1:
                newer = self._older[newer] - 1
            self._older[newer] = older
        elif older:
            table[at] = older
        self._older[row] = 0
        super().blank(row)

    def _join(self, row: int, other: int) -> None:
        self._older[row] = other + 1


class Lists(Generic[Item]):
    """Rows by what is said of them: each once, in order."""

    def __init__(self) -> None:
        self._rows: dict[Item, array[int]] = {}

    def __iter__(self) -> Iterator[Item]:
        """Yield what is said of any row."""
        return iter(self._rows)

    def of(self, item: Item) -> "array[int]":
        """Return the rows of which something is said."""
        return self._rows.get(item) or array("I")

    def put(self, item: Item, row: int) -> None:
        """Say something of a row; it may be said already."""
        rows = self._rows.setdefault(item, array("I"))
        if not rows or rows[-1] < row:
            rows.append(row)
            return
        at = bisect_left(rows, row)
        if rows[at] != row:
            rows.insert(at, row)

    def drop(self, item: Item, row: int) -> None:
        """Say something of a row no more.

        Raises:
            KeyError: nobody did.
        """
        rows = self._rows[item]
        at = bisect_left(rows, row)
        if at == len(rows) or rows[at] != row:
            raise KeyError
        del rows[at]
        if not rows:
            del self._rows[item]

    def move(
        self, row: int, before: AbstractSet[Item], after: AbstractSet[Item]
    ) -> None:
        """Say other things of a row than before."""
        for item in before - after:
            self.drop(item, row)
        for item in after - before:
            self.put(item, row)


def _table(room: int) -> "array[int]":
    return array("I", bytes(room * 4))
