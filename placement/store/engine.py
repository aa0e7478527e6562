"""Connections and transactions, alike for SQLite and PostgreSQL.

Invariants:
    * a commit that returned is on the disk: SQLite in WAL mode with
      ``synchronous=FULL``, PostgreSQL with ``synchronous_commit=on``; and on a standby's
      where there is one (``confirmed``);
    * a writing transaction owns the database (SQLite, ``BEGIN IMMEDIATE``) or the row
      it locked (PostgreSQL) from its first statement, with which it begins (``locking``);
    * a commit of PostgreSQL that undid everything, since something had failed before,
      was not one, though it succeeds;
    * a reading transaction sees one moment, however long it lasts;
    * nobody waits for PostgreSQL, or for who holds its head, without an end (``postgres``);
    * no exception of SQLAlchemy leaves this room.
"""

import logging
import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from placement.errors import NotFoundError, UnavailableError
from placement.store import confirmed, postgres, together
from placement.store.rows import failed, is_damage
from placement.store.together import Statement

_log: Final = logging.getLogger(__name__)

WAIT_MS: Final = 10_000  # for another writer on SQLite

_DRIVERS: Final = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg"}
_UNREADABLE: Final = (
    "The URL of a database can't be read. But for the one before the host, each @ stands "
    "as %40, and other signs of a password likewise; a port is a number; several servers "
    "stand as ?host=one:5432&host=two:5432."
)
_PLACES: Final = ("host", "hostaddr", "service")
"""What of PostgreSQL's own parameters says where a database is."""
_WRITING: Final = "placement_writing"
_BEGIN: Final = "placement_begin"

Begin = Callable[[Connection], None]
"""Begins a transaction of PostgreSQL."""


def _on_sqlite_connect(connection: Any, _record: object) -> None:  # noqa: ANN401 (the driver's own)
    """Prepare a SQLite connection; from here on we alone begin transactions."""
    connection.isolation_level = None
    (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    if mode != "wal":  # in memory, or on a file system without shared memory
        raise UnavailableError
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(f"PRAGMA busy_timeout = {WAIT_MS:d}")
    connection.execute("PRAGMA foreign_keys = ON")


def _on_sqlite_begin(connection: Connection) -> None:
    """Begin; a writer takes the lock now, since a later upgrade could not wait."""
    writing = connection.get_execution_options().get(_WRITING, False)
    driver: Any = connection.connection.driver_connection
    driver.execute("BEGIN IMMEDIATE" if writing else "BEGIN")


def _on_postgresql_dial(
    dialect: object, record: object, arguments: list[Any], parameters: dict[str, Any]
) -> postgres.Prompt:
    """Connect to PostgreSQL; what SQLAlchemy would do does not bound how long it waits."""
    del dialect, record
    return postgres.connected(arguments, parameters)


def _on_postgresql_checkout(driver: Any, _record: object, _proxy: object) -> None:  # noqa: ANN401 (the driver's own)
    postgres.require_silent(driver)


def _on_postgresql_begin(connection: Connection) -> None:
    """Begin, as whoever wants the transaction says."""
    begin: Begin = connection.get_execution_options().get(_BEGIN, _begin)
    begin(connection)


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql(postgres.BEGIN)


def _begin_look(connection: Connection) -> None:
    connection.exec_driver_sql(postgres.LOOK)


def _parse(url: str) -> URL:
    """Read a database URL, with or without a driver.

    Raises:
        UnavailableError: neither SQLite nor PostgreSQL. Without its cause: the text
            of a URL may hold a password, and so may what is taken for a port; or for
            a host or a database, of an @ that stands elsewhere than before the host.
    """
    try:
        parsed = make_url(url)
        backend = parsed.get_backend_name()
    except (SQLAlchemyError, ValueError):
        raise UnavailableError().because(_UNREADABLE) from None
    if backend not in _DRIVERS or (backend == "postgresql" and _strays(url)):
        raise UnavailableError().because(_UNREADABLE)
    return parsed.set(drivername=_DRIVERS[backend])


def _strays(url: str) -> bool:
    """Tell whether an @ stands elsewhere than before the host: in a password, say."""
    authority = re.split("[/?]", url.partition("://")[2], maxsplit=1)[0]
    return url.count("@") > min(1, authority.count("@"))


def connect(url: str) -> Engine:
    """Prepare an engine; nothing is opened yet.

    Args:
        url: ``sqlite:///file``, or ``postgresql://…``.

    Raises:
        UnavailableError: the URL can't be used.
    """
    parsed = _parse(url)
    sqlite = parsed.get_backend_name() == "sqlite"
    try:
        engine = create_engine(parsed, hide_parameters=True)
    except (ArgumentError, ImportError, ValueError):
        raise UnavailableError().because(_UNREADABLE) from None
    if sqlite:
        event.listen(engine, "connect", _on_sqlite_connect)
        event.listen(engine, "begin", _on_sqlite_begin)
    else:
        event.listen(engine, "do_connect", _on_postgresql_dial)
        event.listen(engine, "checkout", _on_postgresql_checkout)
        event.listen(engine, "begin", _on_postgresql_begin)
        confirmed.heed(engine)
    return engine


def is_unsure(url: str) -> bool:
    """Tell whether a PostgreSQL elsewhere is spoken to without knowing who it is.

    Where it is may stand in the query of the URL or around this process, too; what is
    no URL is nowhere.
    """
    try:
        parsed = _parse(url)
    except UnavailableError:
        return False
    if parsed.get_backend_name() != "postgresql":
        return False
    query = parsed.normalized_query
    named = [part for name in _PLACES for part in query.get(name, ())]
    around = [os.environ.get(f"PG{name.upper()}", "") for name in _PLACES]
    hosts = ",".join([parsed.host or "", *named, *around]).split(",")
    if not any(host and not host.startswith("/") for host in hosts):
        return False  # a socket of this machine
    return query.get("sslmode") != ("verify-full",)


def is_missing(engine: Engine) -> bool:
    """Tell whether connecting would make a file; nobody may take that for the store."""
    file = engine.url.database
    return engine.dialect.name == "sqlite" and not (file and Path(file).exists())


@contextmanager
def opened(url: str) -> Iterator[Engine]:
    """Prepare an engine as ``connect`` does, and close it when the block ends."""
    engine = connect(url)
    try:
        yield engine
    finally:
        engine.dispose()


@contextmanager
def connected(url: str) -> Iterator[Engine]:
    """Prepare an engine as ``connect`` does, and close it if the block fails."""
    engine = connect(url)
    try:
        yield engine
    except BaseException:
        engine.dispose()
        raise


@contextmanager
def _transaction(engine: Engine, **options: Any) -> Iterator[Connection]:  # noqa: ANN401 (SQLAlchemy's own)
    """Run one transaction and keep SQLAlchemy's exceptions in."""
    try:
        with engine.connect() as connection:
            connection.execution_options(**options)
            with connection.begin():
                with _believed(connection):
                    yield connection
                if not _is_over(connection):
                    _require_whole(connection)
                    confirmed.begin(connection)
            confirmed.require(connection)
    except (SQLAlchemyError, engine.dialect.loaded_dbapi.Error) as error:
        if postgres.is_kept(error) and postgres.free_head(engine):
            _log.warning("head_freed: whoever held it had stopped")
        raise failed(error, engine) from error


@contextmanager
def _believed(connection: Connection) -> Iterator[None]:
    """Have it confirmed that something read in the block is wrong, or not there.

    A machine that was the primary, stopped and wakes shows a log that ends too early, until
    it learns that another one is. It confirms nothing, so nobody is accused by it, or sent
    away.
    """
    try:
        yield
    except Exception as error:
        wrong = is_damage(error) or isinstance(error, NotFoundError)
        if wrong and connection.dialect.name == "postgresql":
            if connection.invalidated:  # the next one may lead to another machine
                raise UnavailableError from None
            together.undo(connection)
            confirmed.begin(connection)
            together.told(connection, [confirmed.PROVE])
            confirmed.require(connection)
        raise


@contextmanager
def reading(engine: Engine, *, proven: bool = False) -> Iterator[Connection]:
    """Read one moment of the database.

    Args:
        engine: of the database.
        proven: whether to wait, at the end, until what was read can't go any more.

    Raises:
        UnavailableError: the database does not answer.
    """
    with _transaction(engine, **{_BEGIN: _begin_look}) as connection:
        yield connection
        if proven:
            confirmed.prove(connection)


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Write; committed when the block ends, rolled back when it raises.

    Whoever finds that all was done before writes nothing, and a commit of nothing waits
    for nobody. What they found may still go, so that is proven, too.

    Raises:
        UnavailableError: the database does not answer, another writer holds it for
            too long, or the commit failed.
    """
    with _transaction(engine, **{_WRITING: True}) as connection:
        yield connection
        if not _is_over(connection):
            confirmed.prove(connection)


@contextmanager
def locking(
    engine: Engine, query: str
) -> Iterator[tuple[Connection, Sequence[Any] | None]]:
    """Write as ``writing`` does, and begin by locking a row.

    Args:
        engine: of the database.
        query: finds the row; it has no values.

    Yields:
        The connection, and the row; ``None`` without one.

    Raises:
        UnavailableError: as ``writing``.
    """
    rows: list[Sequence[Any]] = []

    def begin(connection: Connection) -> None:
        with _believed(connection):
            found = together.begun(connection, postgres.BEGIN, f"{query} FOR UPDATE")
        rows.extend(found)

    with _transaction(engine, **{_WRITING: True, _BEGIN: begin}) as connection:
        if engine.dialect.name == "sqlite":  # where whoever writes owns all
            driver: Any = connection.connection.driver_connection
            rows.extend(driver.execute(query).fetchall())
        yield connection, rows[0] if rows else None


def end(connection: Connection, statements: Sequence[Statement]) -> None:
    """Write to PostgreSQL and commit, in one journey.

    Args:
        connection: in a transaction that writes; it is over then.
        statements: what is left to write.

    Raises:
        DBAPIError: a statement or the commit failed.
        UnavailableError: something had failed before, so that it was undone.
    """
    confirmed.begin(connection)
    if together.told(connection, [*statements, together.COMMIT]) != "COMMIT":
        raise _undone()


def _is_over(connection: Connection) -> bool:
    """Tell whether the transaction was ended already (``end``)."""
    return connection.dialect.name == "postgresql" and together.is_over(connection)


def _require_whole(connection: Connection) -> None:
    """Refuse to commit on PostgreSQL what it would undo, and call that a success.

    Raises:
        UnavailableError: something failed, and somebody went on all the same.
    """
    if connection.dialect.name == "postgresql" and together.is_broken(connection):
        raise _undone()


def _undone() -> UnavailableError:
    return UnavailableError().because("A statement failed before the commit.")
