"""What was deleted leaves no copy in the database's files, as far as that is its own to do.

SQLite's journal holds pages as each transaction left them: it is written back and emptied.
PostgreSQL writes a table anew, without the rows that nobody sees; those that a session, a
replication slot or a prepared transaction from before may still look at it keeps, and says
how many. What a disk, PostgreSQL's own journal or a backup keeps is beyond that.
"""

import logging
import re
import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Final

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    LargeBinary,
    MetaData,
    Table,
    delete,
    insert,
)
from sqlalchemy.exc import SQLAlchemyError

from placement.errors import UnavailableError
from placement.store import engine as database
from placement.store.rows import is_damage
from placement.store.tables import raw

MOMENT_MS: Final = 50
"""For who reads a few rows, when everybody else waits for that."""
_AGAIN: Final = 5.0  # seconds until it is tried again, at first
_LONGEST: Final = 900.0  # the same, in the end
_RESTS: Final = 20  # times as long as a try took, at least
_LOOK: Final = 60.0  # seconds until notes of other servers are looked for
_PATIENCE: Final = 60  # seconds that writing tables anew may take
_STUCK: Final = (
    "copies of destroyed keys may be left: somebody reads, or the role does not own their"
    " table; tried again"
)
_FREE: Final = "no copies of destroyed keys are left"
_NOTE_SIZE: Final = 16  # bytes
_NUMBER: Final = re.compile(r"\d+")
_log: Final = logging.getLogger(__name__)

unpurged: Final = Table(
    "unpurged",
    MetaData(),  # of its own: no copy of a key store needs it
    Column("name", LargeBinary, primary_key=True),
)
_NOTED: Final = raw(unpurged.c.name)
# Of a table that is not there each of these is NULL; of several rights, one would do.
_THERE: Final = "SELECT " + " AND ".join(
    f"has_table_privilege(to_regclass('{unpurged.name}'), '{right}')"
    for right in ("SELECT", "INSERT", "DELETE")
)


def purged(engine: Engine, *tables: str, wait: int = database.WAIT_MS) -> bool:
    """Leave no copy of rows that were deleted.

    Args:
        engine: of the database.
        tables: that PostgreSQL writes anew; SQLite has one journal for all.
        wait: so many milliseconds for whoever is in the way; meanwhile nobody writes.

    Returns:
        Whether none is left; false if somebody reads, or nobody answers.

    Raises:
        UnavailableError: the database is damaged.
    """
    try:
        if engine.dialect.name == "sqlite":
            return _emptied(engine, wait)
        return not tables or _rewritten(engine, tables, wait)
    except (SQLAlchemyError, engine.dialect.loaded_dbapi.Error) as error:
        if is_damage(error):
            raise UnavailableError().because("The database is damaged.") from error
        return False


def require_purged(engine: Engine, *tables: str) -> None:
    """Leave no copy of rows that were deleted, at somebody's command.

    Raises:
        UnavailableError: somebody reads, and the next time does it; or it is damaged.
    """
    if not purged(engine, *tables):
        raise _in_the_way()


def empty_journal(engine: Engine) -> None:
    """Let SQLite's journal show no single transactions; what is in the way waits.

    Raises:
        UnavailableError: the database is damaged.
    """
    if not purged(engine, wait=MOMENT_MS):
        _log.info("a journal was not emptied; the next time does both")


class Remains:
    """What may be left of rows that were deleted, until it was removed.

    A note that is committed with the deleting outlives whoever is killed between the two,
    and other servers look for it. On SQLite nobody needs one: whoever opens the database
    empties the journal.

    Args:
        engine: of the database.
        tables: that rows are deleted from.
    """

    def __init__(self, engine: Engine, *tables: str) -> None:
        self._engine = engine
        self._tables = tables
        self._shared = engine.dialect.name == "postgresql"
        # Only assigned, and by one side each: so no thread loses what another one marks.
        self._mark = object()  # of what was deleted last
        self._gone: object = None  # the same when all was removed
        self._due = 0.0  # by the monotonic clock, not before
        self._pause = _AGAIN
        self.stuck = False
        """Whether it was tried, and somebody was in the way."""

    def begin(self) -> None:
        """Make the table of notes, unless it is there, or the role may not.

        Without it nobody is told of what a killed server left; nothing else depends on it.
        It begins with a note, as nobody noted what was deleted before.
        """
        if not self._shared:
            return
        with suppress(UnavailableError), database.writing(self._engine) as connection:
            if not _there(connection):
                unpurged.create(connection)
                _add_note(connection)

    def note(self, connection: Connection) -> None:
        """Note in a transaction that deletes that copies may be left."""
        if self._shared and _there(connection):
            _add_note(connection)
        self.mark()

    def mark(self) -> None:
        """Know that copies may be left; another thread may be removing older ones."""
        self._mark = object()
        self._due, self._pause = 0.0, _AGAIN

    @property
    def _left(self) -> bool:
        """Whether something may be left, as far as is known."""
        return self._gone is not self._mark

    def remove(self, wait: int = MOMENT_MS) -> None:
        """Leave no copy; if somebody is in the way, a later call does it.

        Args:
            wait: so many milliseconds for them; meanwhile nobody writes.

        Raises:
            UnavailableError: the database is damaged.
        """
        if not (self._left or self._shared) or time.monotonic() < self._due:
            return
        began, mark, done = time.monotonic(), self._mark, False
        try:
            done = self._removed(wait)
        except UnavailableError as error:
            if is_damage(error):
                raise
        ended = time.monotonic()
        if done:
            self._gone, self._pause = mark, _AGAIN
            self._due = 0.0 if self._left else ended + _LOOK
        else:
            self._due = ended + max(self._pause, _RESTS * (ended - began))
            self._pause = min(2 * self._pause, _LONGEST)
        if done == self.stuck:
            self.stuck = not done
            _log.warning(_FREE if done else _STUCK)

    def require_removed(self) -> None:
        """Leave no copy, at somebody's command.

        Raises:
            UnavailableError: somebody reads, and the next time does it; or it is damaged.
        """
        self._due = 0.0
        self.remove(database.WAIT_MS)
        if self.stuck:
            raise _in_the_way()

    def _removed(self, wait: int) -> bool:
        if not self._shared:
            return purged(self._engine, wait=wait)
        with database.reading(self._engine) as connection:
            there = _there(connection)
            noted = connection.execute(_NOTED).scalars().all() if there else []
        if there and not noted:
            return True
        if (there or self._left) and not purged(self._engine, *self._tables, wait=wait):
            return False
        if noted:
            with database.writing(
                self._engine
            ) as connection:  # none that came meanwhile
                connection.execute(delete(unpurged).where(unpurged.c.name.in_(noted)))
        return True


def _there(connection: Connection) -> bool:
    """Tell whether there is a table of notes, of which the role may make use."""
    return bool(connection.exec_driver_sql(_THERE).scalar())


def _add_note(connection: Connection) -> None:
    row = {"name": secrets.token_bytes(_NOTE_SIZE)}
    connection.execute(insert(unpurged), row)


def _in_the_way() -> UnavailableError:
    return UnavailableError().because(
        "Somebody reads, so copies are left in the files: do it again."
    )


def _emptied(engine: Engine, wait: int) -> bool:
    """Write SQLite's journal back and empty it, unless somebody reads."""
    connection = engine.raw_connection()
    try:
        driver: Any = connection.driver_connection
        with _waiting(driver, wait):
            row = driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return not row[0]
    finally:
        connection.close()


@contextmanager
def _waiting(driver: Any, most: int) -> Iterator[None]:  # noqa: ANN401 (the driver's own)
    """Let a connection of SQLite wait so many milliseconds at most in the block."""
    driver.execute(f"PRAGMA busy_timeout = {most:d}")
    try:
        yield
    finally:
        driver.execute(f"PRAGMA busy_timeout = {database.WAIT_MS:d}")


def _rewritten(engine: Engine, tables: Sequence[str], wait: int) -> bool:
    """Write tables of PostgreSQL anew; tell whether it left out all that was deleted."""
    connection = engine.raw_connection()
    driver: Any = connection.driver_connection
    details: list[str] = []
    try:
        driver.patience = _PATIENCE + 5.0  # it takes as long as there are rows
        driver.add_notice_handler(
            lambda said: details.append(said.message_detail or "")
        )
        driver.execute(f"SET lock_timeout = {wait:d}")
        driver.execute(f"SET statement_timeout = '{_PATIENCE:d}s'")
        driver.execute(f"VACUUM (FULL, VERBOSE) {', '.join(tables)}")
    finally:
        connection.invalidate()  # for nobody else should it wait like that
    # Of each table it says, in whatever language: "3 dead row versions cannot be removed
    # yet.", and then how long it took (PostgreSQL, src/backend/commands/cluster.c).
    kept = [found.group() for each in details if (found := _NUMBER.search(each))]
    return len(kept) == len(tables) and not any(map(int, kept))
