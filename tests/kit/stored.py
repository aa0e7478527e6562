"""What the store's tests write, and what its administrator reads and writes."""

import atexit
import shutil
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, Table, delete, insert, make_url, select

from kit.engines import SIGNER, VERIFIER
from placement.audit.checkpoint import Checkpoint, parse
from placement.audit.note import verify
from placement.store import engine
from placement.store.head import Head
from placement.store.leaves import Leaf
from placement.store.ledger import Ledger
from placement.store.log import Store

Row = dict[str, Any]

on_sqlite = pytest.mark.parametrize("url", ["sqlite"], indirect=True)
on_postgres = pytest.mark.parametrize(
    "url", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True
)


@cache
def _folder() -> Path:
    """Make a folder for the key stores of this process; it goes with it."""
    folder = Path(tempfile.mkdtemp(prefix="placement-keys-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def keys_of(url: str) -> str:
    """Return where a test's key store is: beside SQLite's database, or in a folder."""
    if url.startswith("sqlite"):
        return ""
    return f"sqlite:///{_folder()}/{make_url(url).database}.keys.db"


def leaf(entry: bytes) -> Leaf:
    """Return a leaf whose details say whose they are."""
    return Leaf(entry, b"details of " + entry)


def append(
    store: Store, payloads: Sequence[bytes], entries: Sequence[bytes] = ()
) -> Head:
    with store.writing() as log:
        return log.append(payloads, [leaf(entry) for entry in entries])


def fill(store: Store, size: int = 6) -> Head:
    """Append events and leaves in several transactions."""
    for number in range(size):
        append(store, [b"event %d" % number], [b"leaf %d" % number])
    return store.read_head()


def opened(store: Store, first: int = 0, count: int = 9) -> list[bytes]:
    """Return some entries; each has the details that ``leaf`` gave it."""
    found = store.entries(first, count)
    for one in found:
        assert store.leaves.details(one) == leaf(one.entry).details
    return [one.entry for one in found]


def publish(store: Store) -> Checkpoint:
    """Have the log's key sign what there is; return the newest checkpoint."""
    with store.writing() as log:
        log.publish(SIGNER)
    note = Ledger(store).newest()
    verify(note, [VERIFIER])
    return parse(note.text)


def grow(store: Store, *sizes: int) -> None:
    """Append leaves up to some sizes, and publish each."""
    for size in sizes:
        first = store.read_head().leaves
        append(store, [], [b"leaf %d" % number for number in range(first, size)])
        publish(store)


def run(admin: Engine, *statements: Any) -> None:
    """Execute statements, alone or with their values, as an administrator in no hurry."""
    with engine.writing(admin) as connection:
        if admin.dialect.name == "postgresql":
            connection.exec_driver_sql("SET idle_in_transaction_session_timeout = 0")
        for statement in statements:
            connection.execute(
                *(statement if type(statement) is tuple else [statement])
            )


def rows(admin: Engine, table: Table) -> list[Row]:
    """Return all rows of a table, by their keys."""
    query = select(table).order_by(*table.primary_key)
    with engine.reading(admin) as connection:
        return [dict(row) for row in connection.execute(query).mappings()]


def replace(admin: Engine, table: Table, content: Sequence[Row]) -> None:
    run(admin, delete(table), *([(insert(table), content)] if content else []))
