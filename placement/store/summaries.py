"""Sealed summaries of stretches of the access log, so that a search may pass them by.

A summary is made from leaves that are complete, of as many as a node of the tree stands
over; it has one size whatever the leaves hold, and what it says is known to whoever has
the key alone. It can be made anew at any time: one that is missing costs a search time,
and nothing else.

The context of the summary of a node::

    store id, 16 bytes | schema | "summary" | epoch | level | index | hash of the node
"""

import logging
from typing import Final

from sqlalchemy import Connection, and_, bindparam, func, insert, select
from sqlalchemy.exc import IntegrityError

from placement.crypto.keyring import Purpose
from placement.crypto.sealing import context
from placement.errors import TamperedError
from placement.store import tables
from placement.store.chain import ChainError
from placement.store.log import Store
from placement.store.rows import fetched

_log: Final = logging.getLogger(__name__)

_NODE: Final = tables.node.c
_SUMMARY: Final = tables.summary.c
_SAME: Final = and_(_NODE.level == _SUMMARY.level, _NODE.index == _SUMMARY.index)
# Made once: SQLAlchemy takes longer to build a statement than to run it.
_SOME: Final = (
    tables.raw(_SUMMARY.index, _SUMMARY.epoch, _SUMMARY.blob, _NODE.hash)
    .join_from(tables.summary, tables.node, _SAME)
    .where(_SUMMARY.level == bindparam("level"))
    .where(_SUMMARY.index.between(bindparam("first"), bindparam("last")))
)


class Summaries:
    """The summaries of one store.

    Args:
        store: which.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def read(self, level: int, first: int, count: int) -> dict[int, bytes]:
        """Open the summaries of some nodes of a level.

        The missing ones are left out, and so are those that do not verify: a search
        finds the same without them. ``verify`` names them.

        Raises:
            UnavailableError: the database does not answer.
        """
        given = {"level": level, "first": first, "last": first + count - 1}
        with self._store.reading() as connection:
            rows = fetched(connection, _SOME, given)
        found: dict[int, bytes] = {}
        for index, *sealed in rows:
            try:
                found[index] = self._opened(level, index, *sealed)
            except TamperedError:
                _log.critical("incident a summary does not verify; it is not used")
        return found

    def verify(self) -> None:
        """Open every summary there is.

        Raises:
            ChainError: one does not verify, or belongs to no node.
            UnavailableError: the database does not answer.
        """
        query = tables.raw(_SUMMARY.level, _SUMMARY.index).order_by(
            _SUMMARY.level, _SUMMARY.index
        )
        with self._store.reading() as connection:
            places = connection.execute(query).all()
        for level, index in places:
            row = self._row(level, index)
            self._opened(level, index, *row)

    def _row(self, level: int, index: int) -> tuple[object, object, object]:
        """Read one summary and its node's hash, as they stand there."""
        query = (
            tables.raw(_SUMMARY.epoch, _SUMMARY.blob, _NODE.hash)
            .join_from(tables.summary, tables.node, _SAME, isouter=True)
            .where(_SUMMARY.level == level, _SUMMARY.index == index)
        )
        with self._store.reading() as connection:
            row = connection.execute(query).one()
        return row[0], row[1], row[2]

    def count(self, level: int) -> int:
        """Return how many nodes of a level have one, from the first on.

        Raises:
            UnavailableError: the database does not answer.
        """
        query = select(func.max(_SUMMARY.index)).where(_SUMMARY.level == level)
        with self._store.reading() as connection:
            newest = connection.scalar(query)
        return 0 if newest is None else int(newest) + 1

    def write(self, level: int, index: int, content: bytes) -> None:
        """Seal the summary of a node, unless another server was quicker.

        Raises:
            TamperedError: there is no such node.
            UnavailableError: the database does not answer.

        Secret: content
        """
        with self._store.changing() as connection:
            place, epoch = self._place(connection, level, index)
            sealer = self._store.ring.sealer(Purpose.SUMMARY, epoch)
            row = {
                "level": level,
                "index": index,
                "epoch": epoch,
                "blob": sealer.seal(content, context=place),
            }
            try:
                with connection.begin_nested():
                    connection.execute(insert(tables.summary), row)
            except IntegrityError:
                return

    def _place(
        self, connection: Connection, level: int, index: int
    ) -> tuple[bytes, int]:
        query = select(_NODE.hash).where(_NODE.level == level, _NODE.index == index)
        found = connection.scalar(query)
        if type(found) is not bytes:
            raise ChainError(f"node {level}/{index}")
        epoch, _ = self._store.ring.active(Purpose.SUMMARY)
        return self._context(epoch, level, index, found), epoch

    def _opened(
        self, level: int, index: int, epoch: object, blob: object, found: object
    ) -> bytes:
        match epoch, blob, found:
            case int(), bytes(), bytes() if epoch > 0:
                pass
            case _:
                raise ChainError(f"summary {level}/{index}")
        try:
            sealer = self._store.ring.sealer(Purpose.SUMMARY, epoch)
            place = self._context(epoch, level, index, found)
            return sealer.open(blob, context=place)
        except TamperedError as error:
            raise ChainError(f"summary {level}/{index}") from error

    def _context(self, epoch: int, level: int, index: int, found: bytes) -> bytes:
        return self._store.owner + context(b"summary", epoch, level, index, found)
