"""The one log: append by compare-and-swap, follow it, verify it.

To this room an event is bytes, and so is an audit entry. Both chains and the head are
sealed (``chain``); a database administrator sees how many records there are, their
sizes in steps of 256 bytes, and when they came.

Invariants:
    * a head moves only from the head that the writer saw, in one transaction with
      the records that move it; two writers never fork the log;
    * whatever is read was written by a holder of the keys, at this place;
    * putting back the *whole* database as it once was is not seen here.

Example::

    store = Store.open(url, custody)
    with store.writing() as log:
        for revision, payload in log.tail(seen):
            ...
        head = log.append([event], [entry])
"""

import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain as concat
from typing import Final, Self

from sqlalchemy import Connection, Engine, insert
from sqlalchemy.exc import IntegrityError

from placement.crypto.custody import Custody, WrappedKey
from placement.crypto.keyring import EpochKey, KeyRing, Purpose, new_key
from placement.crypto.sealing import TAG_SIZE, context
from placement.errors import (
    ConflictError,
    StaleError,
    TamperedError,
    UnavailableError,
)
from placement.store import engine as database
from placement.store import tables
from placement.store.chain import Chain, Head, broken
from placement.store.schema import SCHEMA, migrate, require_schema

_STORE_ID_SIZE: Final = 16  # bytes

Numbered = tuple[int, bytes]  # revision or index, and payload


def _read_keys(connection: Connection) -> tuple[bytes, list[EpochKey]]:
    """Read the context of the store, and its wrapped keys.

    Raises:
        TamperedError: something else stands where they should.
        UnavailableError: there is no store.
    """
    meta = connection.execute(tables.raw(*tables.meta.columns)).first()
    rows = connection.execute(tables.raw(*tables.epoch_key.columns)).all()
    keys = []
    try:
        for purpose, epoch, wrapped in rows:
            if not (isinstance(epoch, int) and epoch > 0 and type(wrapped) is bytes):
                raise TamperedError
            keys.append(EpochKey(Purpose(purpose), epoch, WrappedKey(wrapped)))
    except ValueError as error:
        raise TamperedError from error
    match () if meta is None else tuple(meta):
        case ():
            raise UnavailableError
        case 1, bytes(store_id), int(schema) if schema >= 0:
            return context(store_id, schema), keys
        case _:
            raise TamperedError


class Log:
    """The log inside a writing transaction: what ``Store.writing`` gives.

    Attributes:
        connection: for this room's other files.
        head: where both chains end, this transaction's records included.
        sound: false once an ``append`` has failed half way.
    """

    def __init__(self, store: "Store", connection: Connection) -> None:
        self._store = store
        self.connection = connection
        self.head = store.head_on(connection, lock=True)
        self.sound = True

    def tail(self, after: Head) -> Iterator[Numbered]:
        """Follow the log from a head: see ``Store.tail``."""
        return self._store.tail_on(self.connection, after, self.head)

    def require_after(self, seen: Head) -> None:
        """Refuse a log that does not continue from a head seen durable earlier.

        Raises:
            TamperedError: one of the chains was put back, cut, or grew another way.
        """
        for chain, start, end in (
            (self._store.events, seen.last_event, self.head.last_event),
            (self._store.leaves, seen.last_leaf, self.head.last_leaf),
        ):
            for _ in chain.read(self.connection, start, end):
                pass  # reading is verifying

    def append(self, payloads: Sequence[bytes], entries: Sequence[bytes]) -> Head:
        """Append events and audit leaves, and move the head.

        Args:
            payloads: events, any number, 0 bytes to 16 MiB each.
            entries: audit entries, any number.

        Returns:
            The new head; durable once the transaction has ended.

        Raises:
            StaleError: the head is no longer where this transaction saw it.
            TamperedError: there are records beyond the head.
            UnavailableError: the database does not answer.

        Secret: payloads, entries
        """
        before = self.head
        store = self._store
        events, end = store.events.seal(before.last_event, payloads)
        leaves, last = store.leaves.seal(before.last_leaf, entries)
        after = Head(end.number, end.tag, last.number + 1, last.tag)
        self.sound = False
        # The head first: who lost a race learns it before anything is written.
        self._move(before, after)
        try:
            store.events.insert(self.connection, events)
            store.leaves.insert(self.connection, leaves)
        except IntegrityError as error:
            raise TamperedError from error
        self.sound = True
        self.head = after
        return after

    def _move(self, before: Head, after: Head) -> None:
        """Move the head by compare-and-swap.

        Raises:
            StaleError: it is no longer where this transaction saw it.
        """
        seen = {"seen_revision": before.revision, "seen_leaves": before.leaves}
        moved = self.connection.execute(
            tables.MOVE_HEAD, seen | self._store.seal_head(after)
        )
        if moved.rowcount != 1:
            raise StaleError


class Store:
    """One sealed log in one database; safe to share between threads.

    Made by ``create`` or ``open``.

    Attributes:
        ring: the store's keys.
        owner: the context of this store, first part of every other.
        events: the chain of events.
        leaves: the chain of audit leaves.
    """

    def __init__(self, engine: Engine, ring: KeyRing, owner: bytes) -> None:
        self._engine = engine
        self.ring = ring
        self.owner = owner
        self.events = Chain.events(ring, owner)
        self.leaves = Chain.leaves(ring, owner)

    @classmethod
    def create(cls, url: str, custody: Custody) -> Self:
        """Make the tables, the keys and an empty log.

        Args:
            url: of an empty database; ``engine.connect`` says which.
            custody: wraps the new keys.

        Raises:
            ConflictError: there is a store already.
            UnavailableError: the database or the custody does not answer.
        """
        store_id = secrets.token_bytes(_STORE_ID_SIZE)
        owner = context(store_id, SCHEMA)
        keys = [new_key(custody, owner, purpose, 1) for purpose in Purpose]
        ring = KeyRing(keys, custody, owner=owner)
        with database.connected(url) as engine:
            migrate(engine)
            store = cls(engine, ring, owner)
            store._found(store_id, keys)
        return store

    @classmethod
    def open(cls, url: str, custody: Custody) -> Self:
        """Open an existing store.

        Raises:
            TamperedError: the keys do not unwrap, or the head does not verify.
            UnavailableError: no store there, one of another schema, or no answer.
        """
        with database.connected(url) as engine:
            require_schema(engine)
            with database.reading(engine) as connection:
                owner, keys = _read_keys(connection)
            store = cls(engine, KeyRing(keys, custody, owner=owner), owner)
            store.read_head()
        return store

    def __repr__(self) -> str:
        """Return the type only."""
        return "Store()"

    def close(self) -> None:
        """Close the connections; the store is not used afterwards."""
        self._engine.dispose()

    @contextmanager
    def writing(self) -> Iterator[Log]:
        """Own the log for one transaction, committed when the block ends.

        Raises:
            TamperedError: the head does not verify.
            UnavailableError: the database does not answer, another writer holds it
                too long, or the commit failed.
        """
        with database.writing(self._engine) as connection:
            log = Log(self, connection)
            yield log
            # A block that swallowed the failure of an append must not commit.
            if not log.sound:
                raise UnavailableError

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Read one moment of the database; for this room's other files.

        Raises:
            UnavailableError: the database does not answer.
        """
        with database.reading(self._engine) as connection:
            yield connection

    def read_head(self) -> Head:
        """Return where both chains end now.

        Raises:
            TamperedError: the head does not verify.
            UnavailableError: the database does not answer.
        """
        with self.reading() as connection:
            return self.head_on(connection)

    def tail(self, after: Head) -> Iterator[Numbered]:
        """Follow the log from a head to where it ends now.

        Every payload is authenticated before it is given out; that none is missing
        at the end is known when the iterator is exhausted. Until then it holds one
        connection.

        Args:
            after: a head seen earlier, or ``Head.GENESIS``.

        Yields:
            Revision and payload, in order.

        Raises:
            TamperedError: an altered, missing or moved record; or the log has never
                been at ``after``, or was put back to before it.
            UnavailableError: the database does not answer.
        """
        with self.following(after) as (_, tail):
            yield from tail

    @contextmanager
    def following(self, after: Head) -> Iterator[tuple[Head, Iterator[Numbered]]]:
        """Follow the log as ``tail`` does, and say first where it ends."""
        with self.reading() as connection:
            head = self.head_on(connection)
            yield head, self.tail_on(connection, after, head)

    def entries(self, first: int, count: int) -> list[Numbered]:
        """Open some audit leaves: index and entry, in order.

        Args:
            first: index of the first, from 0.
            count: at most so many; fewer where the chain ends.

        Raises:
            TamperedError: an altered, missing or moved leaf.
            UnavailableError: the database does not answer.
            ValueError: a negative index.
        """
        if first < 0:
            raise ValueError("leaves are numbered from 0")
        with self.reading() as connection:
            head = self.head_on(connection)
            return self.leaves.part(connection, first, count, head.last_leaf)

    def verify(self, progress: Callable[[int, int], None] | None = None) -> Head:
        """Open every record of both chains, from the first to the head.

        Args:
            progress: called now and then with records done and records in all.

        Returns:
            The head that everything led to.

        Raises:
            ChainError: its ``where`` names the first place that does not verify.
            UnavailableError: the database does not answer.
        """
        with self.reading() as connection:
            head = self.head_on(connection)
            self.events.require_start(connection)
            self.leaves.require_start(connection)
            done = 0
            for opened in concat(
                self.events.read(connection, self.events.genesis, head.last_event),
                self.leaves.read(connection, self.leaves.genesis, head.last_leaf),
            ):
                done += len(opened)
                if progress is not None:
                    progress(done, head.revision + head.leaves)
        return head

    def tail_on(
        self, connection: Connection, after: Head, until: Head
    ) -> Iterator[Numbered]:
        """Follow the log on a connection: see ``tail``."""
        chunks = self.events.read(connection, after.last_event, until.last_event)
        return concat.from_iterable(chunks)

    def head_on(self, connection: Connection, *, lock: bool = False) -> Head:
        """Read the head, and lock its row if asked.

        Raises:
            ChainError: it is missing, or does not verify.
        """
        row = connection.execute(
            tables.LOCKED_HEAD if lock else tables.READ_HEAD
        ).first()
        match () if row is None else tuple(row):
            case int(revision), int(leaves), int(epoch), bytes(blob) if (
                revision >= 0 <= leaves
            ):
                pass
            case _:
                raise broken("head")
        try:
            sealer = self.ring.sealer(Purpose.HEAD, epoch)
            place = self.context("head", epoch, revision, leaves)
            tags = sealer.open(blob, context=place)
        except TamperedError as error:
            raise broken("head") from error
        return Head(revision, tags[:TAG_SIZE], leaves, tags[TAG_SIZE:])

    def seal_head(self, head: Head) -> dict[str, int | bytes]:
        """Seal both tags of a head, in the place that its two numbers name."""
        epoch, sealer = self.ring.active(Purpose.HEAD)
        place = self.context("head", epoch, head.revision, head.leaves)
        blob = sealer.seal(head.tag + head.leaf_tag, context=place)
        return {
            "revision": head.revision,
            "leaves": head.leaves,
            "epoch": epoch,
            "blob": blob,
        }

    def context(self, kind: str, epoch: int, *place: bytes | int) -> bytes:
        """Name a place in this store that is on neither chain."""
        return self.owner + context(kind.encode(), epoch, *place)

    def _found(self, store_id: bytes, keys: Sequence[EpochKey]) -> None:
        """Write the first rows.

        Raises:
            ConflictError: they are there.
        """
        with database.writing(self._engine) as connection:
            try:
                row = {"id": 1, "store_id": store_id, "schema": SCHEMA}
                connection.execute(insert(tables.meta), row)
            except IntegrityError as error:
                raise ConflictError from error
            rows = [
                {"purpose": key.purpose.value, "epoch": 1, "wrapped": key.wrapped}
                for key in keys
            ]
            connection.execute(insert(tables.epoch_key), rows)
            genesis = {"id": 1} | self.seal_head(Head.GENESIS)
            connection.execute(insert(tables.head), genesis)
