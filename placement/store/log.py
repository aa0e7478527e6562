"""The one log: append by compare-and-swap, follow it, verify it.

To this room an event is bytes, and so are an entry and its details. Both chains and the
head are sealed (``chain``, ``leaves``, ``head``); a database administrator sees how many
records there are, their sizes in steps of 256 bytes, and when they came.

Invariants:
    * a head moves only from the head that the writer saw, in one transaction with
      the records that move it; two writers never fork the log;
    * whatever is read was written by a holder of the keys, at this place;
    * a checkpoint is signed under the lock on the head, from the head: no two servers
      sign two trees of one size;
    * putting back the *whole* database as it once was is not seen here, but by whoever
      saw a later checkpoint.
"""

import secrets
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import chain as concat
from typing import Final, Self

from sqlalchemy import Connection, Engine, insert
from sqlalchemy.exc import IntegrityError

from placement.audit.checkpoint import Checkpoint
from placement.audit.note import Signer, render, sign
from placement.crypto.custody import Custody
from placement.crypto.keyring import EpochKey, KeyRing, Purpose, new_key
from placement.crypto.sealing import context
from placement.errors import ConflictError, TamperedError, UnavailableError
from placement.store import engine as database
from placement.store import tables
from placement.store.base import Base
from placement.store.chain import Chain, ChainError
from placement.store.codec import erasures_in
from placement.store.covers import Covers
from placement.store.epochs import Epochs
from placement.store.head import Head, HeadRow, with_note
from placement.store.keystore import KeyStore, beside
from placement.store.leaves import Kept, Leaf, Leaves
from placement.store.news import News
from placement.store.purging import empty_journal
from placement.store.rings import read_keys, write_keys
from placement.store.schema import SCHEMA, migrate, require_none, require_schema
from placement.store.vault import Vault
from placement.store.writes import Writes

_STORE_ID_SIZE: Final = 16  # bytes

Numbered = tuple[int, bytes]  # revision or index, and payload


class Log:
    """The log inside a transaction: a writing one that ``Store.writing`` gives, or not.

    What is appended is written when it ends, before if it is much or is read in it.

    Attributes:
        head: where both chains end, this transaction's records included.
    """

    def __init__(self, store: "Store", connection: Connection, head: Head) -> None:
        self._store = store
        self._connection = connection
        self.head = head
        self._written = head
        self._writes = Writes()
        self._sound = True

    @property
    def connection(self) -> Connection:
        """For this room's other files; what was appended stands there, as by ``end``."""
        self._write(ends=False)
        return self._connection

    def tail(self, after: Head) -> Iterator[Numbered]:
        """Follow the log from a head: see ``Store.tail``."""
        return self._store.tail_on(self.connection, after, self.head)

    def require_after(self, seen: Head) -> None:
        """Refuse a log that does not continue from a head seen durable earlier.

        Raises:
            TamperedError: one of the chains was put back, cut, or grew another way; or
                fewer checkpoints are published.
        """
        leaves = self._store.leaves.chain
        for _ in self.tail(seen):
            pass  # reading is verifying
        for _ in leaves.read(self.connection, seen.last_leaf, self.head.last_leaf):
            pass  # likewise
        if self.head.published < seen.published:
            raise ChainError("checkpoint")

    def append(self, payloads: Sequence[bytes], leaves: Sequence[Leaf]) -> Head:
        """Append events and leaves, and move the head.

        Args:
            payloads: events, any number, 0 bytes to 16 MiB each.
            leaves: of the access log, any number.

        Returns:
            The new head; durable once the transaction has ended.

        Raises:
            StaleError: the head is no longer where this transaction saw it.
            TamperedError: there are records beyond the head.
            UnavailableError: writing failed before.

        Secret: payloads, leaves
        """
        before = self.head
        store = self._store
        events, end = store.events.seal(before.last_event, payloads)
        grown = store.leaves.seal(before, leaves)
        self._writes.events += events
        self._writes.leaves += grown.leaves
        self._writes.nodes += grown.nodes
        self.head = replace(
            before,
            revision=end.number,
            tag=end.tag,
            leaves=grown.tree.size,
            leaf_tag=grown.last.tag,
            edge=grown.tree.hashes,
            at=max([before.at, *(leaf.at for leaf in leaves)]),
        )
        if self._writes.many:
            self._write(ends=False)
        return self.head

    def publish(self, signer: Signer) -> None:
        """Sign a checkpoint of the log as it stands, unless there is one.

        Args:
            signer: the log's key; its name is the origin.
        """
        before = self.head
        if before.leaves == before.published:
            return
        tree = before.tree
        made = Checkpoint(signer.name, tree.size, tree.root())
        note = render(sign(made.text(), signer))
        self._writes.checkpoints.append({"size": tree.size, "note": note})
        notes = with_note(before.notes, note)
        self.head = replace(before, published=tree.size, notes=notes)

    def end(self) -> None:
        """Write what is left, with the commit where that is one journey.

        Raises:
            StaleError: the head is no longer where this transaction saw it.
            TamperedError: there are records, or a checkpoint, beyond the head.
            UnavailableError: writing failed before, and somebody went on all the same.
        """
        self._write(ends=True)

    def _write(self, *, ends: bool) -> None:
        if self.head == self._written:
            return
        if not self._sound:  # a block that swallowed that must not commit
            raise UnavailableError
        self._sound = False
        moved = (self._connection, self._written, self.head, self._writes)
        try:
            self._store.row.move(*moved, ends=ends)
        except IntegrityError as error:
            raise TamperedError from error
        self._sound = True
        self._written, self._writes = self.head, Writes()


class Store:
    """One sealed log in one database; safe to share between threads.

    Made by ``create`` or ``open``.

    Attributes:
        ring: the store's keys.
        owner: the context of this store, first part of every other.
        events: the chain of events.
        base: what of it was written anew.
        leaves: the leaves of the access log.
        row: the head's.
        vault: what can be forgotten.
        epochs: of the keys.
        news: of other servers.
        covers: of some of them.
    """

    def __init__(
        self, engine: Engine, ring: KeyRing, owner: bytes, keys: KeyStore
    ) -> None:
        self._engine = engine
        self.ring = ring
        self.owner = owner
        self.events = Chain.events(ring, owner)
        self.base = Base(ring, owner)
        self.vault = Vault(keys, owner, self.erased)
        self.leaves = Leaves(ring, owner, self.vault)
        self.row = HeadRow(ring, owner)
        self.covers = Covers(keys, owner)
        self.epochs = Epochs(engine, ring, owner, self.leaves.chain, self.covers)
        self.news = News(engine, self.row.teller)

    @classmethod
    def create(cls, url: str, custody: Custody, keys: str = "") -> Self:
        """Make the tables, the keys and an empty log.

        Args:
            url: of an empty database; ``engine.connect`` says which.
            custody: wraps the new keys.
            keys: of another, for the key store; a file beside SQLite's unless given.

        Raises:
            ConflictError: there is a store already.
            UnavailableError: the database or the custody does not answer.
        """
        store_id = secrets.token_bytes(_STORE_ID_SIZE)
        owner = context(store_id, SCHEMA)
        made = [new_key(custody, owner, purpose, 1) for purpose in Purpose]
        where = keys or beside(url)
        require_none(url)
        with database.connected(url) as engine:
            ring = KeyRing(made, custody, owner=owner)
            with KeyStore.create(where, custody, owner).spared() as key_store:
                migrate(engine)
                store = cls(engine, ring, owner, key_store)
                store._found(store_id, store.covers.put(made))
        return store

    @classmethod
    def open(cls, url: str, custody: Custody, keys: str = "") -> Self:
        """Open an existing store: see ``create``.

        Raises:
            TamperedError: the keys do not unwrap, or the head does not verify.
            UnavailableError: no store there, one of another schema, no key store, or
                no answer.
        """
        with database.connected(url) as engine:
            require_schema(engine)
            with database.reading(engine) as connection:
                owner, found = read_keys(connection)
            with KeyStore.open(keys or beside(url), custody, owner).spared() as opened:
                known = Covers(opened, owner).take(found)
                ring = KeyRing(known, custody, owner=owner)
                store = cls(engine, ring, owner, opened)
                store.read_head()
        return store

    def __repr__(self) -> str:
        """Return the type only."""
        return "Store()"

    def close(self) -> None:
        """Close the connections; the store is not used afterwards."""
        self.news.close()
        self._engine.dispose()
        self.vault.close()

    def tidy(self, least: int) -> None:
        """Let no journal show transactions, nor keys (``idle_keys``) what they made."""
        self.vault.tidy(least)
        empty_journal(self._engine)

    @contextmanager
    def writing(self) -> Iterator[Log]:
        """Own the log for one transaction, committed when the block ends.

        Raises:
            TamperedError: the head does not verify.
            UnavailableError: the database does not answer, another writer holds it
                too long, or the commit failed.
        """
        self.epochs.tend()
        with database.locking(self._engine, tables.HEAD) as (connection, row):
            log = Log(self, connection, self.row.open(row))
            yield log
            self.epochs.note(lambda: log.connection, log.head)
            log.end()

    @contextmanager
    def changing(self) -> Iterator[Connection]:
        """Write beside the log, as this room's other files do.

        Raises:
            UnavailableError: the database does not answer, or the commit failed.
        """
        with database.writing(self._engine) as connection:
            yield connection

    @contextmanager
    def reading(self, *, proven: bool = False) -> Iterator[Connection]:
        """Read one moment of the database; for this room's other files.

        Raises:
            UnavailableError: the database does not answer; ``proven``, what was read
                may be undone by a failover.
        """
        with database.reading(self._engine, proven=proven) as connection:
            yield connection

    def read_head(self, *, proven: bool = False) -> Head:
        """Return where both chains end now.

        Raises:
            TamperedError: the head does not verify.
            UnavailableError: the database does not answer; or see ``reading``.
        """
        with self.reading(proven=proven) as connection:
            return self.row.read(connection)

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
        with self.reading(proven=True) as connection:
            head = self.row.read(connection)
            yield head, self.tail_on(connection, after, head)

    def erased(self, dossiers: Collection[bytes]) -> set[bytes]:
        """Return which of some dossiers the log says are erased.

        All of it is read, so nobody asks but about a key that is missing.

        Raises:
            TamperedError: an altered, missing or moved record.
            UnavailableError: the database does not answer.
        """
        wanted, found = set(dossiers), set[bytes]()
        for _, payload in self.tail(Head.GENESIS):
            found |= wanted.intersection(erasures_in(payload)[1])
        return found

    def entries(self, first: int, count: int) -> list[Kept]:
        """Open some entries, in order; their details stay sealed.

        Args:
            first: index of the first, from 0.
            count: at most so many; fewer where the log ends.

        Raises:
            TamperedError: an altered, missing or moved leaf.
            UnavailableError: the database does not answer.
            ValueError: a negative index.
        """
        if first < 0:
            raise ValueError("leaves are numbered from 0")
        with self.reading() as connection:
            head = self.row.read(connection)
            return self.leaves.part(connection, first, count, head.last_leaf)

    def tail_on(
        self, connection: Connection, after: Head, until: Head
    ) -> Iterator[Numbered]:
        """Follow the log on a connection: see ``tail``."""
        ends = after.last_event, until.last_event
        chunks = self.base.chunks(connection, self.events, *ends)
        return concat.from_iterable(chunks)

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
                write_keys(connection, store_id, keys)
            except IntegrityError as error:
                raise ConflictError from error
            genesis = {"id": 1} | self.row.seal(Head.GENESIS)
            connection.execute(insert(tables.head), genesis)
