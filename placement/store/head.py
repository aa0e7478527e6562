"""The head: where everything in a store ends, sealed in one row.

Whoever writes locks it and moves it by compare-and-swap, so two writers never fork the
log. It vouches for all that stands before it: both chains by their last tags, the tree
over the leaves by its right edge, the checkpoints by one hash over all of them.

The payload of the row; revision and number of leaves stand beside it, and are part of
its context (``protocol.md`` draws that)::

    tag             16      of the last event
    leaf tag        16      of the last leaf
    at              8       of the last leaf, so that times never go back
    published       8       size of the newest checkpoint, 0 before the first
    notes           32      SHA-256(the same before that checkpoint | SHA-256(its note)),
                            zeros before the first
    edge            32 n    hashes of the complete subtrees that the leaves fill, the
                            largest first; one for each bit set in their number
"""

import secrets
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, ClassVar, Final

from psycopg.errors import DivisionByZero
from sqlalchemy import Connection
from sqlalchemy.exc import DataError

from placement.audit.merkle import HASH_SIZE, Frontier
from placement.crypto.keyring import KeyRing, Purpose
from placement.crypto.sealing import TAG_SIZE, context
from placement.errors import StaleError, TamperedError
from placement.store import engine as database
from placement.store import tables
from placement.store.chain import NO_TAG, ChainError, End
from placement.store.rows import first
from placement.store.together import JOINED, joined, told
from placement.store.writes import Writes

CHANNEL: Final = "placement_head"
"""Where servers on one PostgreSQL are told that the head has moved."""

# By compare-and-swap, on PostgreSQL; the other servers are told once it is durable.
_MOVE: Final = (
    "UPDATE head SET revision = %s, leaves = %s, epoch = %s, blob = %s"
    " WHERE id = 1 AND revision = %s AND leaves = %s RETURNING pg_notify(%s, %s)"
)
_FIXED: Final = struct.Struct(f">{TAG_SIZE}s{TAG_SIZE}sQQ{HASH_SIZE}s")


@dataclass(frozen=True, slots=True)
class Head:
    """Where everything ends; the module says what each field means."""

    GENESIS: ClassVar["Head"]

    revision: int  # of the last event; 0 before the first
    tag: bytes
    leaves: int  # how many
    leaf_tag: bytes
    edge: tuple[bytes, ...] = ()
    at: int = 0  # microseconds since 1970-01-01T00:00Z
    published: int = 0
    notes: bytes = bytes(HASH_SIZE)

    @property
    def last_event(self) -> End:
        """Return the end of the chain of events."""
        return End(self.revision, self.tag)

    @property
    def last_leaf(self) -> End:
        """Return the end of the chain of leaves."""
        return End(self.leaves - 1, self.leaf_tag)

    @property
    def tree(self) -> Frontier:
        """Return the right edge of the tree over the leaves."""
        return Frontier(self.leaves, self.edge)

    def content(self) -> bytes:
        """Return what is sealed of it."""
        fixed = (self.tag, self.leaf_tag, self.at, self.published, self.notes)
        return _FIXED.pack(*fixed) + b"".join(self.edge)

    @staticmethod
    def size(leaves: int) -> int:
        """Return how many bytes are sealed of a head of so many leaves."""
        return _FIXED.size + leaves.bit_count() * HASH_SIZE

    @classmethod
    def of(cls, revision: int, leaves: int, content: bytes) -> "Head":
        """Read what was sealed.

        Raises:
            TamperedError: it is no head of so many leaves.
        """
        if len(content) != cls.size(leaves):
            raise TamperedError
        tag, leaf_tag, at, published, notes = _FIXED.unpack_from(content)
        starts = range(_FIXED.size, len(content), HASH_SIZE)
        edge = tuple(content[start : start + HASH_SIZE] for start in starts)
        return cls(revision, tag, leaves, leaf_tag, edge, at, published, notes)


Head.GENESIS = Head(0, NO_TAG, 0, NO_TAG)


def with_note(notes: bytes, note: bytes) -> bytes:
    """Return the hash over all checkpoints, one more included.

    Args:
        notes: the hash before it.
        note: as the log signed it, without cosignatures.
    """
    return sha256(notes + sha256(note).digest()).digest()


class HeadRow:
    """The one row of a store.

    Args:
        ring: the store's keys.
        owner: context of the store.

    Attributes:
        teller: by which others are told that this one moved it; drawn, so that it says
            nothing else.
    """

    def __init__(self, ring: KeyRing, owner: bytes) -> None:
        self._ring = ring
        self._owner = owner
        self.teller = secrets.token_hex(8)

    def read(self, connection: Connection, *, lock: bool = False) -> Head:
        """Open the head, and lock its row if asked.

        Raises:
            ChainError: it is missing, or does not verify.
        """
        statement = tables.LOCKED_HEAD if lock else tables.READ_HEAD
        return self.open(first(connection, statement))

    def open(self, row: Sequence[Any] | None) -> Head:
        """Open the head as it stands in its row.

        Raises:
            ChainError: there is none, or it does not verify.
        """
        match () if row is None else tuple(row):
            case int(revision), int(leaves), int(epoch), bytes(blob) if (
                revision >= 0 <= leaves
            ):
                pass
            case _:
                raise ChainError("head")
        try:
            sealer = self._ring.sealer(Purpose.HEAD, epoch)
            place = self._place(epoch, revision, leaves)
            return Head.of(revision, leaves, sealer.open(blob, context=place))
        except TamperedError as error:
            raise ChainError("head") from error

    def seal(self, head: Head) -> dict[str, int | bytes]:
        """Return the row of a head."""
        epoch, sealer = self._ring.active(Purpose.HEAD)
        place = self._place(epoch, head.revision, head.leaves)
        return {
            "revision": head.revision,
            "leaves": head.leaves,
            "epoch": epoch,
            "blob": sealer.seal(head.content(), context=place),
        }

    def move(
        self,
        connection: Connection,
        before: Head,
        after: Head,
        writes: Writes | None = None,
        *,
        ends: bool = False,
    ) -> None:
        """Move the head by compare-and-swap, and write what it says then.

        Args:
            connection: in a transaction that writes.
            before: where the head is.
            after: where it shall be.
            writes: the records that move it.
            ends: whether that is all; on PostgreSQL the transaction is committed then.

        Raises:
            IntegrityError: a record is there already.
            StaleError: it is no longer where ``before`` says; nothing is written.
        """
        given, writes = self.seal(after), writes or Writes()
        seen = {"seen_revision": before.revision, "seen_leaves": before.leaves}
        if connection.dialect.name == "sqlite":
            if connection.execute(tables.MOVE_HEAD, seen | given).rowcount != 1:
                raise StaleError
            writes.insert(connection)
            return
        move = (_MOVE, (*given.values(), *seen.values(), CHANNEL, self.teller))
        parts = writes.statements()
        statements = [joined(move, parts[:JOINED]), *parts[JOINED:]]
        try:
            (database.end if ends else told)(connection, statements)
        except DataError as error:
            if isinstance(error.orig, DivisionByZero):
                raise StaleError from error
            raise

    def _place(self, epoch: int, revision: int, leaves: int) -> bytes:
        return self._owner + context(b"head", epoch, revision, leaves)
