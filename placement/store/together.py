"""Several statements of PostgreSQL in one journey, and many rows in one statement.

Each journey is a wait for the network, and then for this process's turn to go on; a
statement for each row is that for the database. So what whoever writes has to say is
said at once: beginning and lock, and at the end whatever is written with the commit.

Invariants:
    * of statements that were sent together none is executed behind one that failed; so
      nothing is committed of which a part could not be written.
"""

import struct
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, cast

import psycopg
from psycopg.adapt import Dumper
from psycopg.pq import Format, TransactionStatus
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

Statement = tuple[str, Sequence[object]]
"""What it says, and its values."""

COMMIT: Final[Statement] = ("COMMIT", ())
JOINED: Final = 4
"""How many may be one: each may have tens of megabytes, and one has a gigabyte at most."""

# An array as PostgreSQL takes it: number of dimensions, flags, type of its items; of the
# one dimension, how many there are and the number of the first. Each stands behind its
# length.
_ARRAY: Final = struct.Struct(">iiIii")
_LENGTH: Final = struct.Struct(">i")
_NUMBER: Final = struct.Struct(">iq")
_BYTEA: Final = 17
_BYTEAS: Final = 1001
_INT8: Final = 20
_INT8S: Final = 1016


class Numbers(tuple[int, ...]):
    """A column of numbers, as one value of a statement."""

    __slots__ = ()


class Blobs(tuple[bytes, ...]):
    """A column of bytes, as one value of a statement.

    psycopg itself takes longer to write it than everything else of a commit takes.
    """

    __slots__ = ()


class _NumbersDumper(Dumper):
    format = Format.BINARY
    oid = _INT8S

    def dump(self, obj: Numbers) -> bytes:
        begin = _ARRAY.pack(1, 0, _INT8, len(obj), 1)
        return begin + b"".join(_NUMBER.pack(8, each) for each in obj)


class _BlobsDumper(Dumper):
    format = Format.BINARY
    oid = _BYTEAS

    def dump(self, obj: Blobs) -> bytes:
        pieces = [_ARRAY.pack(1, 0, _BYTEA, len(obj), 1)]
        for each in obj:
            pieces += (_LENGTH.pack(len(each)), each)
        return b"".join(pieces)


def adapt(driver: psycopg.Connection[Any]) -> None:
    """Teach a connection what columns are."""
    driver.adapters.register_dumper(Numbers, _NumbersDumper)
    driver.adapters.register_dumper(Blobs, _BlobsDumper)


def inserted(table: str, rows: Sequence[Mapping[str, int | bytes]]) -> Statement:
    """Return the one statement that inserts some rows.

    Args:
        table: its name.
        rows: at least one; all have the columns of the first.
    """
    columns = [_column([row[name] for row in rows]) for name in rows[0]]
    names = ", ".join(f'"{name}"' for name in rows[0])
    marks = ", ".join(["%s"] * len(columns))
    return f"INSERT INTO {table} ({names}) SELECT * FROM unnest({marks})", columns  # noqa: S608 (names of ours)


def joined(first: Statement, others: Iterable[Statement]) -> Statement:
    """Make one statement of several, which fails as a whole if the first changes nothing.

    psycopg sends each statement by itself, and a thread that sends gives up its turn.

    Args:
        first: changes a row, and returns it.
        others: change other rows, in whatever order.
    """
    names, values = ["WITH first AS (" + first[0] + ")"], [*first[1]]
    for number, (statement, given) in enumerate(others):
        names.append(f"other{number} AS ({statement})")
        values += given
    return f"{', '.join(names)} SELECT 1 / count(*) FROM first", values  # noqa: S608 (statements of ours)


def begun(connection: Connection, begin: str, query: str) -> Sequence[Sequence[Any]]:
    """Begin a transaction and ask something in it, in one journey.

    Not as ``told`` does, after which psycopg sends one thing more: the database would
    then take whoever stops now for somebody who is about to go on.

    Args:
        connection: of PostgreSQL.
        begin: begins the transaction.
        query: has no values.

    Returns:
        The rows.

    Raises:
        DBAPIError: one of the two failed.
    """
    driver: Any = connection.connection.driver_connection
    try:
        cursor = driver.execute(f"{begin}; {query}", prepare=False)
        cursor.nextset()
        found: Sequence[Sequence[Any]] = cursor.fetchall()
    except psycopg.Error as error:
        raise _wrapped(connection, error) from error
    return found


def _column(values: Sequence[int | bytes]) -> Numbers | Blobs:
    if isinstance(values[0], bytes):
        return Blobs(cast("Sequence[bytes]", values))
    return Numbers(cast("Sequence[int]", values))


def told(connection: Connection, statements: Iterable[Statement]) -> str:
    """Send several statements together, and wait once for what became of all.

    Args:
        connection: of PostgreSQL; in a transaction, or they are one.
        statements: at least one; the last may commit it.

    Returns:
        What the database calls what it did last. Of a transaction in which something
        failed before, a commit succeeds, and is called a rollback.

    Raises:
        DBAPIError: why the first of those that failed did.
    """
    driver: Any = connection.connection.driver_connection
    cursor: Any = None
    try:
        with driver.pipeline():
            for statement, values in statements:
                cursor = driver.execute(statement, values, prepare=True)
    except psycopg.Error as error:
        raise _wrapped(connection, error) from error
    return str(cursor.statusmessage)


def undo(connection: Connection) -> None:
    """Undo the transaction, if there is one.

    Raises:
        DBAPIError: the connection is lost.
    """
    driver: Any = connection.connection.driver_connection
    try:
        driver.rollback()
    except psycopg.Error as error:
        raise _wrapped(connection, error) from error


def is_over(connection: Connection) -> bool:
    """Tell whether the transaction has ended: its commit was among what was told."""
    driver: Any = connection.connection.driver_connection
    return bool(driver.info.transaction_status == TransactionStatus.IDLE)


def is_broken(connection: Connection) -> bool:
    """Tell whether something failed in the transaction: its commit would undo it."""
    driver: Any = connection.connection.driver_connection
    return bool(driver.info.transaction_status == TransactionStatus.INERROR)


def _wrapped(connection: Connection, error: psycopg.Error) -> BaseException:
    """Return an error as SQLAlchemy would raise it; what was lost is used no more.

    Nor are connections that rest: they lead where that one did, and if the machine hangs
    each of them would be waited for.
    """
    driver: Any = connection.connection.driver_connection
    if driver.closed:
        connection.invalidate()
        connection.engine.dispose()
    return DBAPIError.instance(
        None, None, error, psycopg.Error, dialect=connection.dialect
    )
