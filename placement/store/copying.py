"""Copies of whole databases: out of one that is in use, and back to where none is.

A copy is a SQLite file, whatever it was copied from. SQLite's own backup makes it, all
pages in one step; a PostgreSQL is read table by table in one transaction. Either way it
is the database as it was at one moment, and whoever writes meanwhile does not wait.

A copy is put back whole or not at all: SQLite's file gets its name when all of it is on
the disk, and PostgreSQL's rows are one transaction.
"""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, MetaData, Table, insert, inspect

from placement.crypto.files import link_file, private_file
from placement.errors import ConflictError, UnavailableError
from placement.store import engine as database
from placement.store import keystore, tables
from placement.store.rows import failed, is_damage
from placement.store.schema import migrate

_ROWS: Final = 200  # at once; a part of a snapshot has 1 MiB
_JOURNALS: Final = ("-wal", "-shm", "-journal")


class Kind(StrEnum):
    """What is copied."""

    DATABASE = "database"
    KEYS = "keys"


_METADATA: Final[Mapping[Kind, MetaData]] = {
    Kind.DATABASE: tables.metadata,
    Kind.KEYS: keystore.metadata,
}
_FIRST: Final[Mapping[Kind, Table]] = {
    Kind.DATABASE: tables.meta,
    Kind.KEYS: keystore.root,
}
"""The table that has a row as soon as there is anything."""


def copy(kind: Kind, url: str, target: Path) -> None:
    """Copy a database, also one that is in use, as it is at one moment.

    Args:
        kind: what it is.
        url: of the database; it must be there.
        target: a new file.

    Raises:
        FileExistsError: the file is there.
        UnavailableError: the database does not answer, or the file can't be written.
    """
    with private_file(target):
        pass  # so that SQLite finds it, with this mode
    with database.opened(url) as engine:
        path = _file(engine)
        if path is not None and not path.exists():  # reading it would make it
            raise UnavailableError().because(f"{path.name} is not there.")
        if engine.dialect.name == "sqlite":
            _copy_pages(engine, target)
        else:
            _copy_rows(kind, engine, target)
    settle(target)


def settle(path: Path) -> None:
    """Make one file of a copy that was opened; nobody has it open any more.

    Raises:
        UnavailableError: it can't be written, or is none.
    """
    try:
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.Error as error:
        raise UnavailableError().because("The copy can't be written.") from error


def folder_of(url: str) -> Path | None:
    """Return the folder of a SQLite database; ``None`` for another one.

    Raises:
        UnavailableError: the URL can't be used.
    """
    path = file_of(url)
    return None if path is None else path.parent


def file_of(url: str) -> Path | None:
    """Return the file of a SQLite database; ``None`` for another one.

    Raises:
        UnavailableError: the URL can't be used.
    """
    with database.opened(url) as engine:
        return _file(engine)


def require_vacant(kind: Kind, url: str) -> None:
    """Refuse a place where anything is that a copy would take the place of.

    Raises:
        ConflictError: there is a store, another database, or what was left of one.
        UnavailableError: the database does not answer.
    """
    with database.opened(url) as engine:
        path = _file(engine)
        if path is not None and not path.exists():
            for end in _JOURNALS:
                if path.with_name(path.name + end).exists():
                    raise ConflictError().because(
                        f"{path.name}{end} lies there without its database: it may hold"
                        " what the backup lacks. Move it away, and keep it."
                    )
            return
        with database.reading(engine) as connection:
            found = inspect(connection).get_table_names()
            first = _FIRST[kind]
            if path is not None and found:
                raise ConflictError().because(f"{path.name} is there already.")
            if first.name in found and connection.execute(tables.raw(*first.c)).first():
                raise ConflictError().because("Something is in that database already.")


def place(kind: Kind, source: Path, url: str) -> None:
    """Put a copy where nothing is; it is durable when this returns.

    Args:
        kind: what it is.
        source: the copy, settled; beside where SQLite's file shall be.
        url: of the database; ``require_vacant`` says what may be there.

    Raises:
        ConflictError: something is there meanwhile.
        UnavailableError: it can't be written.
    """
    require_vacant(kind, url)
    with database.opened(url) as engine:
        path = _file(engine)
        if path is None:
            _place_rows(kind, source, engine)
            return
    for end in ("", *_JOURNALS):  # of an empty database, which a server made in vain
        path.with_name(path.name + end).unlink(missing_ok=True)
    try:
        link_file(path, source)
    except FileExistsError as error:
        raise ConflictError().because(f"{path.name} is there already.") from error
    except OSError as error:
        raise UnavailableError().because(f"{path.name} can't be written.") from error


def _file(engine: Engine) -> Path | None:
    """Return the file of a SQLite database."""
    if engine.dialect.name != "sqlite":
        return None
    return Path(engine.url.database or "")


def _copy_pages(engine: Engine, target: Path) -> None:
    try:
        source = engine.raw_connection()
        try:
            driver: Any = source.driver_connection
            with closing(sqlite3.connect(target)) as made:
                driver.backup(made)  # in one step, so at one moment
        finally:
            source.close()
    except sqlite3.Error as error:
        if is_damage(error):
            raise failed(error, engine) from error
        raise UnavailableError().because("The database can't be copied.") from error


def _copy_rows(kind: Kind, engine: Engine, target: Path) -> None:
    with database.opened(f"sqlite:///{target}") as made:
        _make_tables(kind, made)
        with database.reading(engine) as source, database.writing(made) as sink:
            _pour(kind, source, sink)


def _place_rows(kind: Kind, source: Path, engine: Engine) -> None:
    """Write all rows in one transaction; tables without rows are no store."""
    _make_tables(kind, engine)
    with (
        database.opened(f"sqlite:///{source}") as copied,
        database.reading(copied) as rows,
        database.writing(engine) as sink,
    ):
        _pour(kind, rows, sink)


def _make_tables(kind: Kind, engine: Engine) -> None:
    if kind is Kind.DATABASE:
        migrate(engine)
        return
    with database.writing(engine) as connection:
        keystore.metadata.create_all(connection)


def _pour(kind: Kind, source: Connection, sink: Connection) -> None:
    for table in _METADATA[kind].sorted_tables:
        names = [column.name for column in table.columns]
        query = tables.raw(*table.columns).execution_options(yield_per=_ROWS)
        for part in source.execute(query).partitions():
            rows = [dict(zip(names, row, strict=True)) for row in part]
            sink.execute(insert(table), rows)
