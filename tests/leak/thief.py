"""What a thief reads in a copied database, without any key."""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, inspect, text

Values = dict[int, Any]


@dataclass(frozen=True, slots=True)
class Loot:
    """What stands in the copy.

    Attributes:
        events: blobs by revision.
        leaves: blobs and details by index.
        notes: sizes of the checkpoints.
        parts: lengths of the snapshot's parts, the manifest left out.
        beside: columns of other tables that go by a revision, by table and column.
        keys: how many there are.
        bytes: of all files.
        journal: of the journals alone.
    """

    events: dict[int, bytes]
    leaves: dict[int, tuple[bytes, bytes]]
    notes: list[int]
    parts: list[int]
    beside: dict[str, Values]
    keys: int = 0
    bytes: int = 0
    journal: int = 0

    def observables(self) -> dict[str, Values]:
        """Return whatever could tell one event from another, by revision."""
        events = self.events.items()
        return {
            "length": {revision: len(blob) for revision, blob in events},
            "version": {revision: blob[:1] for revision, blob in events},
            "first bytes": {revision: blob[1:3] for revision, blob in events},
            "last bytes": {revision: blob[-2:] for revision, blob in events},
            **self.beside,
        }


def steal(copy: Path) -> Loot:
    """Read the files of a copy."""
    sizes = {file.name: file.stat().st_size for file in copy.iterdir()}
    with sqlite3.connect(copy / "keys.db") as database:
        (keys,) = database.execute("SELECT count(*) FROM data_key").fetchone()
    engine = create_engine(f"sqlite:///{copy}/placement.db")
    try:
        found = read(engine)
    finally:
        engine.dispose()
    return Loot(
        found.events,
        found.leaves,
        found.notes,
        found.parts,
        found.beside,
        keys,
        sum(sizes.values()),
        sum(size for name, size in sizes.items() if name.endswith("-wal")),
    )


def read(engine: Engine) -> Loot:
    """Read the tables, of SQLite or PostgreSQL."""
    with engine.connect() as connection:

        def rows(query: str) -> list[Any]:
            return list(connection.execute(text(query)))

        events = {n: bytes(b) for n, b in rows("SELECT revision, blob FROM event")}
        leaves = rows('SELECT "index", blob, details_blob FROM leaf')
        parts = rows("SELECT blob FROM snapshot WHERE part > 0 ORDER BY part")
        return Loot(
            events,
            {n: (bytes(blob), bytes(details)) for n, blob, details in leaves},
            [size for (size,) in rows("SELECT size FROM checkpoint ORDER BY size")],
            [len(blob) for (blob,) in parts],
            dict(_beside(engine, rows, events)),
        )


def _beside(engine: Engine, rows: Any, events: Values) -> Iterator[tuple[str, Values]]:
    """Yield each further column that goes by a revision, wherever it stands."""
    schema = inspect(engine)
    for table in schema.get_table_names():
        names = [column["name"] for column in schema.get_columns(table)]
        if "revision" not in names or table in {"head", "snapshot"}:
            continue
        for name in names:
            if name not in {"revision", "blob"}:
                found = rows(f'SELECT revision, "{name}" FROM "{table}"')
                yield f"{table}.{name}", {n: v for n, v in found if n in events}
