"""A PostgreSQL whose commits another machine has to confirm, and nobody does."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import psycopg

from placement.errors import PlacementError

SECONDS = 20


@contextmanager
def administrator(url: str) -> Iterator[psycopg.Connection]:
    """Be the administrator of PostgreSQL itself; leave its settings as they were."""
    with closing(psycopg.connect(url, autocommit=True)) as connection:
        connection.execute("SET synchronous_commit = local")
        yield connection
        set_up(connection, "RESET synchronous_standby_names")


def set_up(admin: psycopg.Connection, setting: str) -> None:
    """Alter a setting of the whole server."""
    admin.execute(f"ALTER SYSTEM {setting}")
    admin.execute("SELECT pg_reload_conf()")
    time.sleep(0.2)  # until each session has read it


def demand(admin: psycopg.Connection) -> None:
    """Demand a confirmation that nobody gives."""
    set_up(admin, "SET synchronous_standby_names = 'nobody'")


def release(admin: psycopg.Connection, how: str = "pg_cancel_backend") -> None:
    """End the wait of whoever commits now, as an administrator may."""
    until = time.monotonic() + SECONDS
    query = f"SELECT {how}(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
    while not admin.execute(query).fetchall():
        assert time.monotonic() < until
        time.sleep(0.01)


def background(call: Callable[[], Any]) -> tuple[threading.Thread, list[Any]]:
    """Run something; return what ends it, and what became of it."""
    found: list[Any] = []

    def run() -> None:
        try:
            found.append(call())
        except PlacementError as error:
            found.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, found
