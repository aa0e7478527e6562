"""What the store's tests write, and what its administrator reads and writes."""

from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import Engine, Table, delete, insert, select

from placement.store import engine
from placement.store.chain import Head
from placement.store.log import Store

Row = dict[str, Any]

on_sqlite = pytest.mark.parametrize("url", ["sqlite"], indirect=True)


def append(
    store: Store, payloads: Sequence[bytes], entries: Sequence[bytes] = ()
) -> Head:
    with store.writing() as log:
        return log.append(payloads, entries)


def fill(store: Store, size: int = 6) -> Head:
    """Append events and leaves in several transactions."""
    for number in range(size):
        append(store, [b"event %d" % number], [b"leaf %d" % number])
    return store.read_head()


def run(admin: Engine, *statements: Any) -> None:
    """Execute statements, alone or with their values, as the administrator."""
    with engine.writing(admin) as connection:
        for statement in statements:
            connection.execute(
                *(statement if type(statement) is tuple else [statement])
            )


def rows(admin: Engine, table: Table) -> list[Row]:
    with engine.reading(admin) as connection:
        return [dict(row) for row in connection.execute(select(table)).mappings()]


def replace(admin: Engine, table: Table, content: Sequence[Row]) -> None:
    run(admin, delete(table), *([(insert(table), content)] if content else []))
