"""What is PostgreSQL's alone: no wait without an end, and a head that nobody keeps.

A server may be stopped, or cut off from the database, at any point of a transaction, and
so may the database. Nobody may wait for that for ever, and whoever comes back late must
not go on with what it had.

Invariants:
    * no answer of the database is waited for longer than ``PATIENCE``; then the connection
      is closed, so that nothing that comes late is taken for an answer. TCP alone does not
      see to that: a host that hangs, or a proxy, goes on acknowledging;
    * a session that holds the head and says nothing is ended: by the database when it
      waits for the next statement, by whoever wants the head when it waits in the middle
      of several (``free_head``); its transaction is undone;
    * all this is over before the longest deadline that a caller may set.
"""

import select
import time
from typing import Any, Final, TypeVar

import psycopg
from psycopg.abc import PQGen
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DisconnectionError, SQLAlchemyError

from placement.store import together

PATIENCE: Final = 8.0
"""Seconds that an answer of the database may take."""
WAIT_MS: Final = 6_000
"""For a lock that somebody else holds."""
SILENT_MS: Final = 5_000
"""That a session may keep a transaction open that writes, and say nothing."""
GONE_MS: Final = 5_000
"""That what was sent may stay unacknowledged, on either side."""

BEGIN: Final = "BEGIN ISOLATION LEVEL READ COMMITTED"
"""Begins what writes: what follows the lock must see what the last writer did."""
LOOK: Final = (
    "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;"
    "SET LOCAL idle_in_transaction_session_timeout = 0"
)
"""Begins what locks nothing: it keeps nobody waiting, and may be as slow as a caller."""

PARAMETERS: Final[dict[str, str | int]] = {
    "connect_timeout": 3,  # seconds
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": GONE_MS,
}
"""Of a connection, unless its URL says otherwise."""

_LOCK_TIMEOUT: Final = "55P03"

Found = TypeVar("Found")

# Whoever holds the head has a lock on its table, and so has whoever waits for it; but only
# who was answered, and does not go on, lets the database wait for them. How long their
# transaction has lasted says nothing: one of many statements waits between any two.
_FREE: Final = text(
    """
    SELECT pg_terminate_backend(activity.pid)
    FROM pg_stat_activity AS activity JOIN pg_locks AS held USING (pid)
    WHERE held.relation = 'head'::regclass AND held.granted
    AND held.mode IN ('RowShareLock', 'RowExclusiveLock')
    AND activity.wait_event = 'ClientRead'
    AND greatest(activity.state_change, activity.query_start)
        < clock_timestamp() - make_interval(secs => :seconds)
    AND activity.pid <> pg_backend_pid()
    """
)

# What may be seen of a session depends on its role; whose it is, and where, is always seen.
_OTHERS: Final = text(
    """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND usesysid IS NOT NULL
    AND coalesce(backend_type, 'client backend') = 'client backend'
    AND pid <> pg_backend_pid()
    """
)
_LEAVING: Final = 3.0  # seconds that a session may take to end
_LOOKS: Final = 0.1  # seconds between two looks


class Prompt(psycopg.Connection[Any]):
    """A connection that is closed when an answer takes too long.

    Attributes:
        patience: seconds; ``None`` for as long as it takes.
    """

    patience: float | None = PATIENCE

    def wait(
        self, gen: PQGen[Found], interval: float = 0.1, timeout: float | None = None
    ) -> Found:
        """Wait for an answer.

        Raises:
            OperationalError: it did not come, or says so.
        """
        if timeout is not None or self.patience is None:
            return super().wait(gen, interval, timeout)
        until = time.monotonic() + self.patience
        try:
            return super().wait(gen, interval, self.patience)
        except psycopg.OperationalError:
            if time.monotonic() >= until:
                self.pgconn.finish()
            raise


def connected(arguments: list[Any], parameters: dict[str, Any]) -> Prompt:
    """Connect, and prepare the connection; from here on we alone begin transactions."""
    connection = Prompt.connect(*arguments, **PARAMETERS | parameters)
    together.adapt(connection)
    try:
        connection.autocommit = True
        connection.execute(
            "SET synchronous_commit = on;"
            # Whatever a role or a database has: a warning is how a commit says that
            # nobody confirmed it.
            "SET client_min_messages = warning;"
            f"SET lock_timeout = {WAIT_MS:d};"
            f"SET idle_in_transaction_session_timeout = {SILENT_MS:d};"
            "SET tcp_keepalives_idle = 5;"
            "SET tcp_keepalives_interval = 2;"
            "SET tcp_keepalives_count = 3;"
            f"SET tcp_user_timeout = {GONE_MS:d}"
        )
    except psycopg.Error:
        connection.close()
        raise
    return connection


def require_silent(driver: Prompt) -> None:
    """Refuse a connection that was told something while it rested: that it is over.

    Asking the database whether it is there takes as long as what is to be asked.

    Raises:
        DisconnectionError: it was, or was closed; another takes its place.
    """
    if driver.closed:
        raise DisconnectionError
    ear = select.poll()
    ear.register(driver.fileno(), select.POLLIN)
    if ear.poll(0):
        raise DisconnectionError


def is_kept(error: Exception) -> bool:
    """Tell whether a transaction failed since somebody keeps what it has to lock."""
    return getattr(getattr(error, "orig", None), "sqlstate", None) == _LOCK_TIMEOUT


def free_head(engine: Engine) -> int:
    """End sessions that hold the head and let the database wait for them.

    Returns:
        How many there were; 0 as well if the database does not answer.
    """
    given = {"seconds": SILENT_MS / 1000}
    try:
        with engine.connect() as connection, connection.begin():
            return len(connection.execute(_FREE, given).all())
    except SQLAlchemyError:
        return 0


def others(connection: Connection) -> int:
    """Count the sessions in this database that are not ours, and do not just end."""
    until = time.monotonic() + _LEAVING
    while (found := _others(connection)) and time.monotonic() < until:
        time.sleep(_LOOKS)
    return found


def _others(connection: Connection) -> int:
    # Else it would show what it showed at first, until the transaction ends.
    connection.execute(text("SELECT pg_stat_clear_snapshot()"))
    found: int = connection.execute(_OTHERS).scalar_one()
    return found
