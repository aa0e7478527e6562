"""Being the only one: the server of a SQLite database, or who changes its custody.

Whoever serves a SQLite database holds a lock on a file beside it, and so does whoever
must not do something while one serves.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from placement.config import Settings
from placement.errors import UnavailableError
from placement.store import postgres
from placement.store.engine import opened, reading

_SERVED: Final = (
    "Another server has this database. With SQLite there is one; for more, and for"
    " several processes, take PostgreSQL."
)


@contextmanager
def alone(settings: Settings, taken: str = _SERVED) -> Iterator[None]:
    """Be the one server of a SQLite database until the block ends.

    Args:
        settings: say which.
        taken: what is said if somebody else is.

    Raises:
        UnavailableError: somebody else is; or its folder can't be written.
    """
    scheme, _, file = settings.database.partition(":///")
    if scheme != "sqlite":
        yield
        return
    # The file itself, whichever way leads there; config knows no other form of it.
    path = Path(f"{Path(file).resolve()}-server")
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise UnavailableError().because(
            f"The file {path} can't be written."
        ) from error
    try:
        _lock(descriptor, taken)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def unserved(settings: Settings, why: str) -> Iterator[None]:
    """Refuse while a server runs; none starts on SQLite until the block ends.

    Args:
        settings: say which database.
        why: what is said if one runs.

    Raises:
        UnavailableError: one runs, or the database does not answer.
    """
    with alone(settings, why):
        require_unserved(settings, why)
        yield


def require_unserved(settings: Settings, why: str) -> None:
    """Refuse while anybody else is connected to a PostgreSQL database.

    Args:
        settings: say which; of SQLite ``alone`` knows.
        why: what is said if somebody is.

    Raises:
        UnavailableError: somebody is, or the database does not answer.
    """
    if settings.database.startswith("sqlite"):
        return
    with opened(settings.database) as engine, reading(engine) as connection:
        others = postgres.others(connection)
    if others:
        raise UnavailableError().because(
            f"{why} Sessions of others in this database: {others}; each server has some."
        )


def _lock(descriptor: int, taken: str) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise UnavailableError().because(taken) from error
