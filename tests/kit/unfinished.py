"""Snapshots whose writer is killed half way: what stands there, and what is loaded."""

from collections.abc import Callable, Sequence

import pytest
from sqlalchemy import Engine

from kit.stored import rows
from placement.store import tables
from placement.store.head import Head
from placement.store.log import Store
from placement.store.snapshot import load_snapshot, write_snapshot


class KilledError(BaseException):
    """Nobody catches it."""


def places(admin: Engine) -> list[tuple[int, int, int, int]]:
    """Return where something stands, under which epoch, and of what size."""
    return [
        (row["revision"], row["part"], row["epoch"], len(row["blob"]))
        for row in rows(admin, tables.snapshot)
    ]


def loaded(store: Store) -> list[bytes] | None:
    """Return the parts of the snapshot; ``None`` without one."""
    found = load_snapshot(store)
    return None if found is None else list(found[1])


def killed(
    store: Store,
    head: Head,
    parts: Sequence[bytes],
    between: Callable[..., None],
    at: int,
    *,
    committed: bool = True,
) -> None:
    """Write a snapshot, and be killed in a transaction, or behind it."""

    def kill(number: int) -> None:
        if number == at:
            raise KilledError

    between(*([kill] if committed else [lambda _: None, kill]))
    with pytest.raises(KilledError):
        write_snapshot(store, head, parts)
