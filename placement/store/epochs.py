"""Epochs: how much one key may seal, and what comes when it has.

All purposes that seal begin a new epoch together, in one transaction that seals the head
anew and writes no record. Whoever reads that head later, on whatever server, learns the
new keys before it writes; so no server goes on under an old key, and none forks the log.
Old epochs go on opening what they sealed.

Invariants:
    * no key seals more than ``Limits.records`` records, nor for longer than
      ``Limits.age`` of the log's own time, but for one batch of each server;
    * a new key is durable before anything is sealed by it;
    * when an epoch is over and the custody does not answer, nothing is written;
    * no epoch is begun by a custody that was changed for another meanwhile: its key may
      be destroyed.

Nothing is kept of when an epoch began: the first leaf under it says so, and is
authenticated as every leaf is.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Column, Connection, Engine, bindparam

from placement.audit.entry import parse
from placement.crypto.keyring import EpochKey, KeyRing, Purpose
from placement.errors import TamperedError
from placement.store import engine as database
from placement.store import tables
from placement.store.base import Base
from placement.store.chain import Chain, ChainError
from placement.store.covers import Covers
from placement.store.head import Head, HeadRow
from placement.store.purging import require_purged
from placement.store.rings import add_keys, read_keys
from placement.store.rows import value

_log: Final = logging.getLogger(__name__)
# Made once: SQLAlchemy takes longer to build a statement than to run it.
_EPOCH: Final = {
    number.table: tables.raw(number.table.c.epoch).where(number == bindparam("number"))
    for number in (tables.event.c.revision, tables.leaf.c.index)
}
_DAY: Final = 86_400 * 1_000_000  # microseconds


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one epoch may seal.

    Attributes:
        records: of one chain; the head is sealed twice a leaf at most, so this many
            keep every key below 2^29.
        age: microseconds.
    """

    records: int = 1 << 28
    age: int = 30 * _DAY


@dataclass(frozen=True, slots=True)
class Used:
    """How much of an epoch is used.

    Attributes:
        number: of the epoch.
        records: of one chain that it sealed.
        at: of its first leaf, in microseconds; ``None`` if there is none yet.
    """

    number: int
    records: int
    at: int | None


@dataclass(frozen=True, slots=True)
class _Start:
    """Where the epoch in use began."""

    epoch: int
    events: int  # that were there before
    leaves: int
    at: int | None  # microseconds; ``None`` if no leaf is under it yet


class Epochs:
    """The epochs of one store.

    Args:
        engine: of its database.
        ring: the store's keys.
        owner: context of the store.
        leaves: the chain of leaves; the first of an epoch says when it began.
        covers: of the keys.

    Attributes:
        limits: of one epoch.
    """

    def __init__(
        self,
        engine: Engine,
        ring: KeyRing,
        owner: bytes,
        leaves: Chain,
        covers: Covers,
    ) -> None:
        self.limits = Limits()
        self._engine = engine
        self._ring = ring
        self._owner = owner
        self._leaves = leaves
        self._covers = covers
        self._row = HeadRow(ring, owner)
        self._base = Base(ring, owner)
        self._start: _Start | None = None
        self._over = False
        ring.follow(self.read)

    @property
    def current(self) -> int:
        """The epoch that is written under."""
        return self._ring.active(Purpose.HEAD)[0]

    def note(self, connection: Callable[[], Connection], head: Head) -> None:
        """See whether the epoch is over; the next ``tend`` then begins another.

        Args:
            connection: gives one in a transaction, if it is needed.
            head: as it stands there.

        Raises:
            ChainError: the epoch's first leaf does not verify.
        """
        self._over = self._is_over(connection, head)

    def used(self, head: Head) -> Used:
        """Return how much of the epoch in use is used; for whoever looks.

        Raises:
            ChainError: the epoch's first leaf does not verify.
            UnavailableError: the database does not answer.
        """
        with database.reading(self._engine) as connection:
            start = self._begun(connection, head)
        sealed = max(head.revision - start.events, head.leaves - start.leaves)
        return Used(start.epoch, sealed, start.at)

    def tend(self) -> None:
        """Begin an epoch if the one in use is over.

        Raises:
            UnavailableError: the database or the custody does not answer; then nothing
                may be written.
        """
        if self._over:
            self.rotate(forced=False)

    def rotate(self, *, forced: bool = True) -> int:
        """Begin an epoch; return which is in use then.

        Args:
            forced: whether the one in use is over or not.

        Raises:
            TamperedError: the head does not verify.
            UnavailableError: the database or the custody does not answer, or another
                custody has the store now.
        """
        made: list[EpochKey] = []
        with database.writing(self._engine) as connection:
            # Who holds this lock knows what others began.
            head = self._row.read(connection, lock=True)
            if forced or self._is_over(lambda: connection, head):
                self._ring.require_custody(read_keys(connection)[1])
                made = self._ring.next_epoch()
                add_keys(connection, self._covers.put(made))
                grown = self._ring.grown(made)
                HeadRow(grown, self._owner).move(connection, head, head)
        if made:  # and durable
            self._ring.learn(made)
            _log.info("epoch_begun number=%d", self.current)
        self._over = False
        return self.current

    def purge(self) -> None:
        """Leave no copy of keys that were deleted, as far as that is the database's.

        Raises:
            UnavailableError: somebody reads, and the next time does it; or it is damaged.
        """
        require_purged(self._engine, tables.epoch_key.name)

    def read(self) -> list[EpochKey]:
        """Return every key there is, as the custody wrapped it.

        Raises:
            TamperedError: something else stands there.
            UnavailableError: a database does not answer.
        """
        with database.reading(self._engine, proven=True) as connection:
            found = read_keys(connection)[1]
        return self._covers.take(found)

    def _is_over(self, connection: Callable[[], Connection], head: Head) -> bool:
        """Tell whether the epoch in use has sealed enough, or for long enough."""
        aged = head.at >= self.limits.age
        start = self._start
        if (
            start is None
            or start.epoch != self.current
            or (aged and start.at is None and head.leaves > start.leaves)
        ):
            start = self._start = self._begun(connection(), head)
        sealed = max(head.revision - start.events, head.leaves - start.leaves)
        if sealed >= self.limits.records:
            return True
        return start.at is not None and head.at - start.at >= self.limits.age

    def _begun(self, connection: Connection, head: Head) -> _Start:
        """Find where the epoch in use began."""
        epoch, (event, leaf) = self.current, (tables.event, tables.leaf)
        first, end = self._base.revision(connection) + 1, head.revision + 1
        events = _before(connection, event.c.revision, epoch, first, end) - 1
        leaves = _before(connection, leaf.c.index, epoch, 0, head.leaves)
        at = None
        if head.at >= self.limits.age and leaves < head.leaves:
            found = self._leaves.part(connection, leaves, 1, head.last_leaf)
            ((_, entry),) = found
            at = _time_of(entry, head.at)
        return _Start(epoch, events, leaves, at)


def _time_of(entry: bytes, now: int) -> int:
    """Return when an entry was written; to the store it may be any bytes."""
    try:
        return parse(entry).at
    except TamperedError:  # it opened in its place, so it is ours, but tells no time
        return now


def _before(
    connection: Connection, number: "Column[int]", epoch: int, first: int, end: int
) -> int:
    """Return the number of the first record of an epoch, or where it would stand.

    Epochs of a chain never go back, so halving finds it; mostly the first there is it.

    Raises:
        ChainError: a record is missing.
    """
    middle = first
    while first < end:
        found = value(connection, _EPOCH[number.table], {"number": middle})
        if not isinstance(found, int):
            raise ChainError(f"{number.table.name} {middle}")
        first, end = (middle + 1, end) if found < epoch else (first, middle)
        middle = (first + end) // 2
    return first
