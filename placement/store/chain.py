"""The two chains, events and audit leaves: how their records are sealed and opened.

A record's context names the store, the chain, the epoch, the record's own number and
the tag of the record before it, so each record vouches for all earlier ones. Editing,
swapping, reordering, dropping and inserting break the first record after the place;
cutting the end breaks against the head, which is sealed with both last tags.

The context of record ``n`` (``sealing.context`` draws the parts)::

    store id, 16 bytes | schema | "event" or "leaf" | epoch | n | tag of n - 1

The tag before the first record is 16 zero bytes.
"""

import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Select, Table, bindparam, func, select

from placement.crypto.keyring import KeyRing, Purpose
from placement.crypto.sealing import TAG_SIZE, context, tag_of
from placement.errors import TamperedError
from placement.store import tables
from placement.store.rows import fetched, value

CHUNK: Final = 512  # records a query
PIECE: Final = 64
"""Records that are opened at once: who works beside the engine gives way behind each."""

Row = dict[str, int | bytes]


def _rows(table: Table) -> Select[Any]:
    number = next(iter(table.columns))
    query = tables.raw(number, table.c.epoch, table.c.blob)
    behind = query.where(number > bindparam("after"))
    return behind.order_by(number).limit(bindparam("count"))


# Made once: SQLAlchemy takes longer to build a statement than to run it.
_BOTH: Final = (tables.event, tables.leaf)
_ROWS: Final = {table: _rows(table) for table in _BOTH}
_LOWEST: Final = {table: select(func.min(next(iter(table.columns)))) for table in _BOTH}

NO_TAG: Final = bytes(TAG_SIZE)
"""What stands before the first record of a chain."""
# context(n, tag) in one call; a test holds the two together.
_PLACE: Final = struct.Struct(f">BQBI{TAG_SIZE}s")


class ChainError(TamperedError):
    """A record, or the head, does not verify.

    Attributes:
        where: chain and number of the first bad record, for example ``event 17``;
            never content.
    """

    def __init__(self, where: str) -> None:
        super().__init__()
        self.where = where
        self.because(f"First bad record: {where}.")


@dataclass(frozen=True, slots=True)
class End:
    """Where one chain ends: the number of its last record, and its tag."""

    number: int
    tag: bytes


class Chain:
    """One chain of one store.

    Args:
        table: rows (number, epoch, blob); its name stands in contexts and errors.
        first: number of the first record.
        purpose: of its keys.
        ring: the keys.
        owner: context of the store.
    """

    def __init__(
        self,
        table: Table,
        *,
        first: int,
        purpose: Purpose,
        ring: KeyRing,
        owner: bytes,
    ) -> None:
        self.name = table.name
        self.genesis = End(first - 1, NO_TAG)
        self._table = table
        self._number = next(iter(table.columns))
        self._purpose = purpose
        self._ring = ring
        self._prefix = owner + context(self.name.encode())
        self._rows = _ROWS[table]
        self._lowest = _LOWEST[table]

    @classmethod
    def events(cls, ring: KeyRing, owner: bytes) -> "Chain":
        """Return the chain of events, numbered from 1."""
        return cls(
            tables.event,
            first=1,
            purpose=Purpose.EVENT,
            ring=ring,
            owner=owner,
        )

    @classmethod
    def leaves(cls, ring: KeyRing, owner: bytes) -> "Chain":
        """Return the chain of audit leaves, numbered from 0."""
        return cls(tables.leaf, first=0, purpose=Purpose.ENTRY, ring=ring, owner=owner)

    def seal(self, end: End, payloads: Iterable[bytes]) -> tuple[list[Row], End]:
        """Seal records behind an end.

        Returns:
            The rows, and the new end.
        """
        number, tag = end.number, end.tag
        epoch, sealer = self._ring.active(self._purpose)
        prefix = self._prefix + context(epoch)
        key = self._number.name
        rows: list[Row] = []
        for payload in payloads:
            number += 1
            place = prefix + _PLACE.pack(1, number, 0, TAG_SIZE, tag)
            blob = sealer.seal(payload, context=place)
            tag = blob[-TAG_SIZE:]
            rows.append({key: number, "epoch": epoch, "blob": blob})
        return rows, End(number, tag)

    def read(
        self, connection: Connection, after: End, until: End
    ) -> Iterator[list[tuple[int, bytes]]]:
        """Open every record from one end to another, in pieces.

        Each record is authenticated before it is given out; that the chain really
        reaches ``until``, and stops there, is known when the iterator is exhausted.

        Raises:
            ChainError: an altered, missing, moved or surplus record.
        """
        end = after
        rows = self._fetch(connection, end.number, CHUNK)
        while rows:
            more = len(rows) == CHUNK
            surplus = rows[-1][0] > until.number
            if surplus:
                rows = rows[: max(until.number - end.number, 0)]
            for first in range(0, len(rows), PIECE):
                opened, end = self._open(rows[first : first + PIECE], end)
                yield opened
            if surplus:  # an older head was put back, or records slipped in
                raise ChainError(f"{self.name} {end.number + 1}")
            rows = self._fetch(connection, end.number, CHUNK) if more else ()
        if end.number < until.number:
            raise ChainError(f"{self.name} {end.number + 1}")
        if end != until:
            raise ChainError(f"{self.name} {end.number}")

    def part(
        self,
        connection: Connection,
        first: int,
        count: int,
        until: End,
        start: End | None = None,
    ) -> list[tuple[int, bytes]]:
        """Open some records in the middle, each against the one before it.

        Args:
            connection: in a transaction.
            first: number of the first record wanted.
            count: at most so many; fewer where the chain ends.
            until: the end of the chain.
            start: behind what its records begin; its first one unless given.

        Raises:
            ChainError: an altered, missing or moved record.
        """
        count = min(count, until.number - first + 1)
        if count <= 0:
            return []
        end, before = start or self.genesis, first - 1
        rows = self._fetch(connection, before - 1, count + 1)
        if before > end.number:
            end, rows = self._end_at(rows, before), rows[1:]
        opened, end = self._open(rows[:count], end)
        if len(opened) < count or (end.number == until.number and end != until):
            raise ChainError(f"{self.name} {end.number + 1}")
        return opened

    def require_start(self, connection: Connection) -> None:
        """Refuse records before the first number, which no reader would meet.

        Raises:
            ChainError: there are such records.
        """
        lowest = value(connection, self._lowest)
        if lowest is not None and lowest <= self.genesis.number:
            raise ChainError(f"{self.name} {lowest}")

    def _fetch(
        self, connection: Connection, after: int, count: int
    ) -> Sequence[tuple[int, Any, Any]]:
        """Fetch rows behind a number, by key.

        Raises:
            UnavailableError: the database does not answer.
        """
        return fetched(connection, self._rows, {"after": after, "count": count})

    def _end_at(self, rows: Sequence[tuple[int, Any, Any]], number: int) -> End:
        """Take the tag of the first record unopened; the next one authenticates it.

        Raises:
            ChainError: the record is missing, or no record.
        """
        if not rows or rows[0][0] != number or type(rows[0][2]) is not bytes:
            raise ChainError(f"{self.name} {number}")
        return End(number, tag_of(rows[0][2]))

    def _open(
        self, rows: Iterable[tuple[int, Any, Any]], end: End
    ) -> tuple[list[tuple[int, bytes]], End]:
        """Open the rows behind an end; one loop, because all of the log passes here.

        Raises:
            ChainError: an altered, missing or moved record.
        """
        number, tag = end.number, end.tag
        epoch, sealer = self._ring.active(self._purpose)
        unseal, prefix = sealer.open, self._prefix + context(epoch)
        opened = []
        try:
            for found, of_epoch, blob in rows:
                number += 1
                if found != number or type(blob) is not bytes:
                    raise TamperedError  # noqa: TRY301 (it is named below)
                if of_epoch != epoch:
                    epoch = of_epoch
                    unseal = self._ring.sealer(self._purpose, of_epoch).open
                    prefix = self._prefix + context(of_epoch)
                place = prefix + _PLACE.pack(1, number, 0, TAG_SIZE, tag)
                opened.append((number, unseal(blob, context=place)))
                tag = blob[-TAG_SIZE:]
        except TamperedError as error:
            raise ChainError(f"{self.name} {number}") from error
        return opened, End(number, tag)
