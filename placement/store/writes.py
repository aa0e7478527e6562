"""What a transaction appends: kept until it ends, then written at once.

A journey to the database is what a commit costs most; so there are as few as can be,
however often was appended meanwhile.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import Connection, Table, insert

from placement.store import tables, together
from placement.store.chain import CHUNK, Row

MOST: Final = 1 << 26
"""Bytes of rows in a statement, but for one row that has more."""

_TABLES: Final = (tables.event, tables.leaf, tables.node, tables.checkpoint)
# Made once: SQLAlchemy takes longer to build a statement than to run it.
_INSERT: Final = {table: insert(table) for table in _TABLES}


@dataclass(slots=True)
class Writes:
    """Rows that are not written yet, of each table."""

    events: list[Row] = field(default_factory=list)
    leaves: list[Row] = field(default_factory=list)
    nodes: list[Row] = field(default_factory=list)
    checkpoints: list[Row] = field(default_factory=list)

    def insert(self, connection: Connection) -> None:
        """Insert all of them; on any database."""
        for table, rows in self._parts():
            connection.execute(_INSERT[table], rows)

    def statements(self) -> list[together.Statement]:
        """Return what inserts all of them; on PostgreSQL."""
        return [together.inserted(table.name, rows) for table, rows in self._parts()]

    def _parts(self) -> Iterator[tuple[Table, Sequence[Row]]]:
        given = (self.events, self.leaves, self.nodes, self.checkpoints)
        for table, rows in zip(_TABLES, given, strict=True):
            for part in _cut(rows):
                yield table, part


def _cut(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    """Cut rows into as many as a statement may have."""
    part: list[Row] = []
    size = 0
    for row in rows:
        more = sum(len(value) for value in row.values() if isinstance(value, bytes))
        if part and (len(part) == CHUNK or size + more > MOST):
            yield part
            part, size = [], 0
        part.append(row)
        size += more
    if part:
        yield part
