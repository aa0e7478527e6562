"""The base: the log up to a revision, written anew, so that its old keys can go.

A base holds every event up to its revision with the tag that it had in the chain, under
the newest epoch. Behind it the chain goes on as it always did: the first record there
vouches for the tag that the base ends with. What of it belongs to a dossier is sealed by
that dossier's key as before, so erasing goes on by destroying keys; of what was erased
before the base was written only a stub is left, a ``Sealed`` event without content.

It stands in the table of snapshots, under the negative of its revision. Part 0 is the
manifest, and is written last: parts without it are what was begun and not finished. Its
payload is the number of parts, 4 bytes, and the tag that the base ends with, 16. A part,
of 1 MiB at most but for one with a longer record::

    first revision, 8 bytes | for each record: tag, 16 | length, 4 | payload

Context of part n: store id | schema | "base" | epoch | revision | n | tag of part n - 1,
or 16 zeros. Of the manifest: the same with 0 and the tag of the last part.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import Connection, bindparam, delete, func, insert, select

from placement.crypto.keyring import KeyRing, Purpose
from placement.crypto.sealing import TAG_SIZE, context, tag_of
from placement.errors import TamperedError
from placement.store import tables
from placement.store.chain import NO_TAG, Chain, ChainError, End
from placement.store.rows import first, value

PART: Final = (1 << 20) - 256
"""Bytes of a part, but for one whose only record is longer."""

_MANIFEST: Final = struct.Struct(f">I{TAG_SIZE}s")
_FIRST: Final = struct.Struct(">Q")
_RECORD: Final = struct.Struct(f">{TAG_SIZE}sI")
_TABLE: Final = tables.snapshot.c

# Made once: SQLAlchemy takes longer to build a statement than to run it.
_ROW: Final = tables.raw(_TABLE.epoch, _TABLE.blob).where(
    _TABLE.revision == bindparam("of"), _TABLE.part == bindparam("number")
)
_NEWEST: Final = select(func.min(_TABLE.revision)).where(
    _TABLE.revision < 0, _TABLE.part == 0
)


@dataclass(slots=True)
class Part:
    """A part that is being filled, or was read.

    Attributes:
        first: revision of its first record.
        records: tag in the chain and payload of each.
    """

    first: int
    records: list[tuple[bytes, bytes]] = field(default_factory=list)
    _size: int = _FIRST.size

    @property
    def end(self) -> End:
        """Where the chain is behind it; it has at least one record."""
        return End(self.first + len(self.records) - 1, self.records[-1][0])

    def takes(self, payload: bytes) -> bool:
        """Tell whether there is room for one more record."""
        size = self._size + _RECORD.size + len(payload)
        return not self.records or size <= PART

    def add(self, tag: bytes, payload: bytes) -> None:
        """Add a record."""
        self.records.append((tag, payload))
        self._size += _RECORD.size + len(payload)

    def at(self, revision: int) -> tuple[bytes, bytes]:
        """Return tag and payload of one of its records.

        Raises:
            ChainError: it has none of this revision.
        """
        if not self.first <= revision <= self.end.number:
            raise ChainError(f"event {revision}")
        return self.records[revision - self.first]

    def render(self) -> bytes:
        """Return the bytes."""
        pieces = [_FIRST.pack(self.first)]
        for tag, payload in self.records:
            pieces += (_RECORD.pack(tag, len(payload)), payload)
        return b"".join(pieces)

    @classmethod
    def parse(cls, content: bytes) -> "Part":
        """Read what ``render`` returned.

        Raises:
            ChainError: it is nothing of the kind.
        """
        try:
            part, at = cls(*_FIRST.unpack_from(content)), _FIRST.size
            while at < len(content):
                tag, length = _RECORD.unpack_from(content, at)
                at += _RECORD.size + length
                part.add(tag, content[at - length : at])
        except struct.error as error:
            raise ChainError("base") from error
        if at != len(content) or not part.records:
            raise ChainError("base")
        return part


class Base:
    """The base of one store, and one that is being written.

    Args:
        ring: the keys.
        owner: context of the store.
    """

    def __init__(self, ring: KeyRing, owner: bytes) -> None:
        self._ring = ring
        self._prefix = owner + context(b"base")

    def revision(self, connection: Connection) -> int:
        """Return up to where the events are in a base; 0 without one."""
        return -int(value(connection, _NEWEST) or 0)

    def read(self, connection: Connection, after: End) -> Iterator[Part]:
        """Open the base from a place in it on, or from its beginning.

        Yields:
            Parts, from the one that has the record of that place; that none is missing
            is known when they are exhausted.

        Raises:
            ChainError: a part does not verify, or the chain has never been there.
        """
        revision = self.revision(connection)
        count, end = self._manifest(connection, revision)
        first = self._find(connection, revision, after.number, count)
        last = End(0, NO_TAG) if first == 1 else None
        for number in range(first, count + 1):
            part = self.open(connection, revision, number)
            if last is not None and part.first != last.number + 1:
                raise ChainError(f"event {last.number + 1}")
            if number == first and after != self._place_in(part, after.number):
                raise ChainError(f"event {after.number}")
            last = part.end
            yield part
        if last != end:
            raise ChainError(f"event {end.number}")

    def event(
        self, connection: Connection, chain: Chain, revision: int, until: End
    ) -> bytes | None:
        """Open one event, wherever it stands; ``None`` for one that is not there yet.

        Raises:
            ChainError: it does not verify.
        """
        of = self.revision(connection)
        if revision > of:
            start = self._manifest(connection, of)[1]
            opened = chain.part(connection, revision, 1, until, start)
            return opened[0][1] if opened else None
        count, _ = self._manifest(connection, of)
        number = self._find(connection, of, revision, count)
        return self.open(connection, of, number).at(revision)[1]

    def open(self, connection: Connection, revision: int, number: int) -> Part:
        """Open one part, against the one before it.

        Raises:
            ChainError: it is missing, or does not verify.
        """
        before = self._tag(connection, revision, number - 1)
        return Part.parse(self._open(connection, revision, number, before))

    def chunks(
        self, connection: Connection, chain: Chain, after: End, until: End
    ) -> Iterator[list[tuple[int, bytes]]]:
        """Open every event from one place to another: see ``Chain.read``.

        Raises:
            ChainError: an altered, missing, moved or surplus record; or the log has
                never been there.
        """
        if after.number < self.revision(connection):
            start = after
            for part in self.read(connection, after):
                numbered = enumerate((each[1] for each in part.records), part.first)
                yield [each for each in numbered if each[0] > start.number]
                after = part.end
        yield from chain.read(connection, after, until)

    # Writing

    def begun(self, connection: Connection) -> tuple[int, int]:
        """Return revision and number of parts of what was not finished; 0 without."""
        numbers = func.max(_TABLE.part), func.min(_TABLE.part)
        query = select(_TABLE.revision, *numbers).where(_TABLE.revision < 0)
        for revision, most, least in connection.execute(
            query.group_by(_TABLE.revision)
        ):
            if least > 0:
                return -revision, most
        return 0, 0

    def write(
        self, connection: Connection, revision: int, number: int, part: Part
    ) -> None:
        """Write the part behind those that are there."""
        before = self._tag(connection, revision, number - 1)
        self._write(connection, revision, number, before, part.render())

    def finish(self, connection: Connection, end: End, count: int) -> None:
        """Write the manifest of parts that are all there, and remove other bases."""
        before = self._tag(connection, end.number, count)
        content = _MANIFEST.pack(count, end.tag)
        self._write(connection, end.number, 0, before, content)
        self._remove(connection, _TABLE.revision != -end.number)

    def drop(self, connection: Connection, revision: int) -> None:
        """Remove what was begun and can't be gone on with."""
        self._remove(connection, _TABLE.revision == -revision)

    def _remove(self, connection: Connection, which: object) -> None:
        others = delete(tables.snapshot).where(_TABLE.revision < 0)
        connection.execute(others.where(which))  # type: ignore[arg-type]

    def _write(
        self,
        connection: Connection,
        revision: int,
        number: int,
        before: bytes,
        content: bytes,
    ) -> None:
        epoch, sealer = self._ring.active(Purpose.SNAPSHOT)
        place = self._context(epoch, revision, number, before)
        row = {
            "revision": -revision,
            "part": number,
            "epoch": epoch,
            "blob": sealer.seal(content, context=place),
        }
        connection.execute(insert(tables.snapshot), row)

    # Reading

    def _manifest(self, connection: Connection, revision: int) -> tuple[int, End]:
        """Open the manifest; return the number of parts, and where the base ends.

        Raises:
            ChainError: it does not verify.
        """
        if not revision:
            return 0, End(0, NO_TAG)
        query = select(func.max(_TABLE.part)).where(_TABLE.revision == -revision)
        count = int(connection.scalar(query) or 0)
        before = self._tag(connection, revision, count)
        content = self._open(connection, revision, 0, before)
        if len(content) != _MANIFEST.size:
            raise ChainError("base")
        said, tag = _MANIFEST.unpack(content)
        if said != count:
            raise ChainError("base")
        return count, End(revision, tag)

    def _find(
        self, connection: Connection, revision: int, wanted: int, count: int
    ) -> int:
        """Return the number of the part that has a revision; 1 for what is before."""
        first, last = 1, count if wanted else 1
        while first < last:  # the first record of the part wanted is not behind it
            middle = (first + last + 1) // 2
            if self.open(connection, revision, middle).first <= wanted:
                first = middle
            else:
                last = middle - 1
        return first

    @staticmethod
    def _place_in(part: Part, number: int) -> End:
        """Return where the chain was at a revision of a part, or before the first."""
        return End(number, part.at(number)[0]) if number else End(0, NO_TAG)

    def _open(
        self, connection: Connection, revision: int, number: int, before: bytes
    ) -> bytes:
        epoch, blob = self._row(connection, revision, number)
        try:
            sealer = self._ring.sealer(Purpose.SNAPSHOT, epoch)
            place = self._context(epoch, revision, number, before)
            return sealer.open(blob, context=place)
        except TamperedError as error:
            raise ChainError("base") from error

    def _tag(self, connection: Connection, revision: int, number: int) -> bytes:
        """Return the tag of a part unopened; what is sealed behind it vouches for it."""
        if not number:
            return NO_TAG
        return tag_of(self._row(connection, revision, number)[1])

    def _row(
        self, connection: Connection, revision: int, number: int
    ) -> tuple[int, bytes]:
        row = first(connection, _ROW, {"of": -revision, "number": number})
        match () if row is None else tuple(row):
            case int(epoch), bytes(blob):
                return epoch, blob
            case _:
                raise ChainError("base")

    def _context(self, epoch: int, revision: int, number: int, before: bytes) -> bytes:
        return self._prefix + context(epoch, revision, number, before)
