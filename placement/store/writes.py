"""What a transaction appends: kept until it ends, then written at once.

A journey to the database is what a commit costs most; so there are as few as can be,
however often was appended meanwhile. But whoever holds the head has to say something now
and then, so what has become much is written before.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, cast

from sqlalchemy import Connection, Table

from placement.store import tables, together
from placement.store.chain import CHUNK, Row

MOST: Final = 1 << 26
"""Bytes of rows in a statement, but for one row that has more."""
MANY: Final = 1000
"""Rows that are not kept any longer: PostgreSQL ends whoever holds the head in silence."""

_TABLES: Final = (tables.event, tables.leaf, tables.node, tables.checkpoint)


@dataclass(slots=True)
class Writes:
    """Rows that are not written yet, of each table."""

    events: list[Row] = field(default_factory=list)
    leaves: list[Row] = field(default_factory=list)
    nodes: list[Row] = field(default_factory=list)
    checkpoints: list[Row] = field(default_factory=list)

    @property
    def many(self) -> bool:
        """Whether they are too many to wait for the end of the transaction."""
        given = (self.events, self.leaves, self.nodes, self.checkpoints)
        return sum(map(len, given)) >= MANY

    def insert(self, connection: Connection) -> None:
        """Insert all of them; on SQLite.

        SQLAlchemy takes longer to look at the values of a row than SQLite to write it.
        """
        for table, rows in self._parts():
            names = ", ".join(f'"{name}"' for name in rows[0])
            marks = ", ".join("?" * len(rows[0]))
            statement = f"INSERT INTO {table.name} ({names}) VALUES ({marks})"  # noqa: S608 (names of ours)
            values = [tuple(row.values()) for row in rows]
            connection.exec_driver_sql(statement, values)

    def statements(self) -> list[together.Statement]:
        """Return what inserts all of them; on PostgreSQL."""
        return [together.inserted(table.name, rows) for table, rows in self._parts()]

    def _parts(self) -> Iterator[tuple[Table, Sequence[Row]]]:
        given = (self.events, self.leaves, self.nodes, self.checkpoints)
        for table, rows in zip(_TABLES, given, strict=True):
            for part in _cut(rows):
                yield table, part


def _cut(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    """Cut rows, which all have the same columns, into as many as a statement may have."""
    part: list[Row] = []
    size = 0
    blobs = [name for row in rows[:1] for name in row if isinstance(row[name], bytes)]
    for row in rows:
        more = sum([len(cast("bytes", row[name])) for name in blobs])
        if part and (len(part) == CHUNK or size + more > MOST):
            yield part
            part, size = [], 0
        part.append(row)
        size += more
    if part:
        yield part
