"""Compaction: the log is written anew (``base``), and what opened the old one destroyed.

In steps, each of which may end at any moment and is gone on with by the next call:

1. ``compact`` begins an epoch and writes a base of all events so far, a part at a time;
2. reads it beside the log, and makes it the base, in one transaction;
3. removes the events that it holds;
4. ``retire`` destroys the keys of epochs that seal nothing any more, their covers first
   (``covers``), so that no older copy of the database opens.

Between 3 and 4 there has to be a backup: older ones are then worth nothing. Servers may
go on meanwhile; the epoch that ``retire`` begins in the end tells them to let go of what
they hold of those keys.

Invariants:
    * no event is removed before what is written of it was read and is the same; of one
      whose dossier is erased, all but its content;
    * no key is destroyed while anything in the database is sealed by it;
    * none of the epoch that the base was written under, nor of a later one: backups that
      were made since open by those, however often ``retire`` is called.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, bindparam, delete, func, select

from placement.crypto.keyring import EpochKey, Purpose
from placement.crypto.sealing import tag_of
from placement.errors import UnavailableError
from placement.store import tables
from placement.store.base import Part
from placement.store.chain import CHUNK, NO_TAG, ChainError, End
from placement.store.codec import erasures_in, stub_of
from placement.store.covers import COVERED
from placement.store.head import Head
from placement.store.log import Store
from placement.store.rings import add_keys, read_keys
from placement.store.rows import fetched

Progress = Callable[[int, int], None]
"""Told now and then how much is done, and of how much."""
Record = tuple[int, bytes, bytes]
"""Revision, tag in the chain, and payload."""

_STEPS: Final = 3
_EVENT: Final = tables.event.c
_BLOBS: Final = (
    tables.raw(_EVENT.revision, _EVENT.blob)
    .where(_EVENT.revision.between(bindparam("first"), bindparam("last")))
    .order_by(_EVENT.revision)
)
_SEALED: Final = {
    Purpose.EVENT: select(func.min(_EVENT.epoch)),
    Purpose.SNAPSHOT: select(func.min(tables.snapshot.c.epoch)),
}
"""The oldest epoch that seals something, of each purpose whose keys can go."""


@dataclass(frozen=True, slots=True)
class Compacted:
    """What ``compact`` did.

    Attributes:
        revision: up to which the log was written anew.
        parts: how many there are of it.
        resumed: whether another call had begun it.
    """

    revision: int
    parts: int
    resumed: bool


def compact(store: Store, progress: Progress) -> Compacted:
    """Write the log anew, or go on with that; older keys are still there then.

    Raises:
        ChainError: something stored does not verify.
        UnavailableError: a database or the custody does not answer, or another does
            the same.
    """
    with store.reading() as connection:
        based = store.base.revision(connection)
        revision, parts = store.base.begun(connection)
        left = _lowest(connection)
    if revision and revision <= based:  # of a database that was put back since
        with store.changing() as connection:
            store.base.drop(connection, revision)
        revision = parts = 0
    resumed = bool(revision) or (left is not None and left <= based)
    if not resumed:
        store.epochs.rotate()
    if not revision:
        revision, parts = (based if resumed else store.read_head().revision), 0
    if revision > based:
        work = _Work(store, revision, _erased(store), progress)
        parts = work.write(parts)
        end = work.prove(parts)
        with store.changing() as connection:
            store.row.read(connection, lock=True)
            store.base.finish(connection, end, parts)
    _remove(store, revision, progress)
    return Compacted(revision, parts, resumed)


def retire(store: Store, going: Callable[[Sequence[EpochKey]], None]) -> int:
    """Destroy the keys of epochs that seal nothing any more; then begin an epoch.

    Args:
        store: compacted, and verified.
        going: told of the keys before they are destroyed, as they stand there; what it
            raises keeps them.

    Returns:
        How many were destroyed.

    Raises:
        UnavailableError: a compaction is not finished, or a database or the custody
            does not answer.
    """
    with store.changing() as connection:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("PRAGMA secure_delete = ON")
        store.row.read(connection, lock=True)
        _require_finished(store, connection)
        _, keys = read_keys(connection)
        gone = _unneeded(connection, keys)
        going(gone)
        store.covers.destroy([(key.purpose, key.epoch) for key in gone])
        if gone:  # all rows, so that no page keeps what a part of it was
            connection.execute(delete(tables.epoch_key))
            add_keys(connection, [key for key in keys if key not in gone])
    store.covers.purge()
    store.epochs.purge()
    store.epochs.rotate()
    store.ring.refresh()
    return len(gone)


def oldest_needed(store: Store) -> int:
    """Return the oldest epoch whose keys the database needs: a backup of it, for good."""
    with store.reading() as connection:
        _, keys = read_keys(connection)
        found = []
        for purpose in COVERED:
            active = max(key.epoch for key in keys if key.purpose is purpose)
            found.append(connection.scalar(_SEALED[purpose]) or active)
    return min(found)


class _Work:
    """One base that is being written.

    Args:
        store: whose.
        revision: up to which.
        erased: dossiers.
        progress: told how far it has come.
    """

    def __init__(
        self, store: Store, revision: int, erased: set[bytes], progress: Progress
    ) -> None:
        self._store = store
        self._revision = revision
        self._erased = erased
        self._progress = progress

    def write(self, parts: int) -> int:
        """Write what is missing behind some parts; return how many there are then."""
        store, base = self._store, self._store.base
        with store.reading() as connection:
            after = End(0, NO_TAG)
            if parts:
                after = base.open(connection, self._revision, parts).end
            part = Part(after.number + 1)
            for revision, tag, payload in self._records(connection, after):
                kept = self._kept(payload)
                if not part.takes(kept):
                    parts = self._add(parts, part)
                    part = Part(revision)
                part.add(tag, kept)
            if part.records:
                parts = self._add(parts, part)
        return parts

    def prove(self, parts: int) -> End:
        """Read what was written beside the log; return where it ends.

        Raises:
            ChainError: something else was written, or not all.
        """
        store = self._store
        with store.reading() as connection:
            records = self._records(connection, End(0, NO_TAG))
            end = End(0, NO_TAG)
            for number in range(1, parts + 1):
                part = store.base.open(connection, self._revision, number)
                for revision, (tag, kept) in enumerate(part.records, part.first):
                    found = next(records, None)
                    if found is None or found[:2] != (revision, tag):
                        raise ChainError(f"event {revision}")
                    if not self._is_left(kept, found[2]):
                        raise ChainError(f"event {revision}")
                end = part.end
                self._progress(self._revision + end.number, _STEPS * self._revision)
            if end.number != self._revision:
                raise ChainError(f"event {end.number + 1}")
        return end

    def _add(self, parts: int, part: Part) -> int:
        with self._store.changing() as connection:
            # Whoever reads the head knows the newest keys.
            self._store.row.read(connection, lock=True)
            self._store.base.write(connection, self._revision, parts + 1, part)
        self._progress(part.end.number, _STEPS * self._revision)
        return parts + 1

    def _kept(self, payload: bytes) -> bytes:
        """Return what is left of a record."""
        dossier, _ = erasures_in(payload)
        return stub_of(payload) if dossier in self._erased else payload

    def _is_left(self, kept: bytes, payload: bytes) -> bool:
        """Tell whether something is what may be left of a record."""
        if kept in {payload, self._kept(payload)}:
            return True
        # Another version may have begun this, when stubs had no hashes.
        dossier, _ = erasures_in(payload)
        return dossier in self._erased and kept == stub_of(payload, hashed=False)

    def _records(self, connection: Connection, after: End) -> Iterator[Record]:
        """Open every event up to the revision, behind a place, with its tag."""
        for record in _tagged(self._store, connection, after):
            if record[0] > self._revision:
                return
            yield record


def _tagged(store: Store, connection: Connection, after: End) -> Iterator[Record]:
    """Open every event behind a place, with its tag."""
    until = store.row.read(connection).last_event
    if after.number < store.base.revision(connection):
        start = after.number
        for part in store.base.read(connection, after):
            for revision, (tag, payload) in enumerate(part.records, part.first):
                if revision > start:
                    yield revision, tag, payload
            after = part.end
    for chunk in store.events.read(connection, after, until):
        if not chunk:
            continue
        given = {"first": chunk[0][0], "last": chunk[-1][0]}
        rows = fetched(connection, _BLOBS, given)
        for (revision, payload), (_, blob) in zip(chunk, rows, strict=True):
            yield revision, tag_of(blob), payload


def _erased(store: Store) -> set[bytes]:
    """Return the dossiers that the log says are erased; their keys are gone then."""
    found: set[bytes] = set()
    for _, payload in store.tail(Head.GENESIS):
        found.update(erasures_in(payload)[1])
    store.vault.owe(found)
    store.vault.settle()
    return found


def _remove(store: Store, revision: int, progress: Progress) -> None:
    """Remove the events that the base holds."""
    while True:
        with store.changing() as connection:
            if connection.dialect.name == "sqlite":
                connection.exec_driver_sql("PRAGMA secure_delete = ON")
            first = _lowest(connection)
            if first is None or first > revision:
                return
            last = min(first + CHUNK - 1, revision)
            connection.execute(delete(tables.event).where(_EVENT.revision <= last))
        progress((_STEPS - 1) * revision + last, _STEPS * revision)


def _lowest(connection: Connection) -> int | None:
    found: int | None = connection.scalar(select(func.min(_EVENT.revision)))
    return found


def _require_finished(store: Store, connection: Connection) -> None:
    """Refuse a log that is not compacted, or not wholly.

    Raises:
        UnavailableError: it is not.
    """
    based, lowest = store.base.revision(connection), _lowest(connection)
    left = lowest is not None and lowest <= based
    if not based or left or store.base.begun(connection)[0]:
        raise UnavailableError().because(
            "Nothing is compacted: compact first, and back up after it."
        )


def _unneeded(connection: Connection, keys: list[EpochKey]) -> list[EpochKey]:
    """Return the keys that seal nothing in the database, nor in a backup of this base."""
    base = select(func.min(tables.snapshot.c.epoch)).where(
        tables.snapshot.c.revision < 0
    )
    begun: int = connection.execute(base).scalar_one()
    gone = []
    for purpose in COVERED:
        # Right behind the base no event needs a key; a backup of that moment does.
        least = min(begun, connection.scalar(_SEALED[purpose]) or begun)
        gone += [key for key in keys if key.purpose is purpose and key.epoch < least]
    return gone
