"""Rows as the driver gives them, at no more than the driver's own price.

What asks SQLite passes SQLAlchemy by: it takes ten times as long to run a statement and
to make a ``Row`` of each row as SQLite takes to answer. Statements are built by it all
the same, and written once.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import psycopg
from sqlalchemy import Connection, Engine, Select
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

from placement.errors import TamperedError, UnavailableError

_SQLITE: Final = SQLiteDialect_pysqlite()

Given = Mapping[str, int | bytes]
_DAMAGED: Final = ("SQLITE_CORRUPT", "SQLITE_NOTADB")
_CORRUPTED: Final = ("XX001", "XX002")
"""SQLSTATE of PostgreSQL: data_corrupted, index_corrupted."""
_MISSPELT: Final = "invalid connection option"  # in a URL


def fetched(
    connection: Connection, query: Select[Any], given: Given | None = None
) -> Sequence[Any]:
    """Fetch all rows of a query.

    Args:
        connection: in a transaction.
        query: made once, or it is written anew each time.
        given: the values of all its parameters.

    Raises:
        KeyError: a parameter has no value.
        UnavailableError: the database does not answer.
    """
    try:
        if connection.dialect.name == "sqlite":
            text, names, values = _written(query)
            known = {**values, **(given or {})}
            driver: Any = connection.connection.driver_connection
            found = driver.execute(text, [known[name] for name in names]).fetchall()
        else:
            with connection.execute(query, given) as result:
                found = result.cursor.fetchall()
    except connection.dialect.loaded_dbapi.Error as error:
        raise failed(error, connection.engine) from error
    rows: Sequence[Any] = found
    return rows


def is_damage(error: Exception) -> bool:
    """Tell whether what is stored was read, and is not what was written.

    It does not verify; or the database did answer, and says itself that it is damaged.
    """
    if isinstance(error, TamperedError):
        return True
    said = why(error)
    return said.startswith(_DAMAGED) or said in _CORRUPTED


def why(error: BaseException) -> str:
    """Return by what name a driver calls what was wrong; its text may hold more.

    Returns:
        SQLite's name of the error, the SQLSTATE, or the name of a class; empty for a
        database that does not answer and whose driver said nothing.
    """
    cause = _cause(error)
    named = getattr(cause, "sqlite_errorname", None) or getattr(cause, "sqlstate", None)
    return str(named or (cause and type(cause).__name__) or "")


def failed(error: Exception, engine: Engine) -> UnavailableError:
    """Return what is raised for something that a database's driver raised."""
    name = Path(engine.url.database or "").name
    sqlite = engine.dialect.name == "sqlite"
    called = name if sqlite else f"The database {name}".rstrip()
    if is_damage(error):
        cut = ", or was cut" if sqlite else ""
        return UnavailableError().because(f"{called} is damaged{cut}.")
    said = "refuses" if getattr(_cause(error), "sqlstate", None) else "does not answer"
    return UnavailableError().because(f"{called} {said}: {_word(error)}.")


def _word(error: BaseException) -> str:
    """Return why a database does not answer, for whoever runs this machine.

    What a driver says of a connection that did not come about, or broke, is where and
    why, and holds no password. Anything else may hold a row, and is told by its names.
    """
    cause = _cause(error)
    if state := getattr(cause, "sqlstate", None):
        return f"{type(cause).__name__} ({state})"
    text = str(cause)
    if not isinstance(cause, psycopg.OperationalError) and not (
        isinstance(cause, psycopg.ProgrammingError) and text.startswith(_MISSPELT)
    ):
        return why(error)
    lines = [each for each in text.splitlines() if not each.startswith("\t")]
    return " ".join(lines).rstrip(".")


def _cause(error: BaseException) -> BaseException | None:
    """Return what the driver raised; ``None`` if nobody says."""
    cause = error.__cause__ if isinstance(error, UnavailableError) else error
    raised: BaseException | None = getattr(cause, "orig", cause)
    return raised


def first(
    connection: Connection, query: Select[Any], given: Given | None = None
) -> Any:  # noqa: ANN401 (a row as the driver gives it)
    """Fetch the first row of a query, which has one at most; ``None`` without one.

    Raises:
        UnavailableError: the database does not answer.
    """
    rows = fetched(connection, query, given)
    return rows[0] if rows else None


def value(
    connection: Connection, query: Select[Any], given: Given | None = None
) -> Any:  # noqa: ANN401 (whatever stands there)
    """Fetch the first value of the first row of a query; ``None`` without one.

    Raises:
        UnavailableError: the database does not answer.
    """
    row = first(connection, query, given)
    return None if row is None else row[0]


@lru_cache(maxsize=256)
def _written(query: Select[Any]) -> tuple[str, Sequence[str], dict[str, Any]]:
    """Return what a query says, its parameters in order, and those with a value."""
    compiled: Any = query.compile(dialect=_SQLITE)
    values = {
        name: bind.value for name, bind in compiled.binds.items() if not bind.required
    }
    return compiled.string, tuple(compiled.positiontup), values
