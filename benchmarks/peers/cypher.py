"""Ladybug, the successor of Kùzu: a graph database in the process, one query of Cypher."""

import csv
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from benchmarks.nation import (
    CLEAR,
    OCCASIONAL,
    WAR,
    Answer,
    Asked,
    Nation,
)

_SCHEMA: Final = (
    "CREATE NODE TABLE Person(id INT64, PRIMARY KEY(id))",
    "CREATE NODE TABLE Grp(id INT64, PRIMARY KEY(id))",
    "CREATE NODE TABLE Area(id INT64, PRIMARY KEY(id))",
    "CREATE REL TABLE Member(FROM Person TO Grp)",
    "CREATE REL TABLE War(FROM Grp TO Grp)",
    "CREATE REL TABLE Feud(FROM Grp TO Grp)",
    "CREATE REL TABLE Firm(FROM Grp TO Area)",
    "CREATE REL TABLE Loose(FROM Grp TO Area)",
    "CREATE REL TABLE Placed(FROM Person TO Area)",
    "CREATE REL TABLE Near(FROM Area TO Area)",
)
# What is a condition elsewhere is a table here: with 0.22.0 a condition on a relationship
# beside one on an area was passed over.
_WAYS: Final = (
    ("-[:Firm]->(a:Area)", 4),
    ("-[:Loose]->(a:Area)", 3),
    ("-[:War]->(:Grp)-[:Firm]->(a:Area)", 4),
    ("-[:War]->(:Grp)-[:Loose]->(a:Area)", 3),
    ("-[:Feud]->(:Grp)-[:Firm|Loose]->(a:Area)", 3),
    ("-[:Firm]->(:Area)<-[:Near]-(a:Area)", 3),
    ("-[:War]->(:Grp)-[:Firm]->(:Area)<-[:Near]-(a:Area)", 3),
    ("<-[:Member]-(q:Person)-[:Placed]->(a:Area)", 3),
    ("-[:War|Feud]->(:Grp)<-[:Member]-(q:Person)-[:Placed]->(a:Area)", 4),
)


def _query() -> str:
    """Join all ways from a person to a verdict about an area."""
    return " UNION ALL ".join(
        f"UNWIND $areas AS here MATCH (p:Person)-[:Member]->(:Grp){way} "
        "WHERE p.id = $person AND a.id = here "
        + ("AND q.id <> $person " if "(q:" in way else "")
        + f"RETURN a.id, {verdict} AS verdict"
        for way, verdict in _WAYS
    )


def _rows(nation: Nation) -> Iterator[tuple[str, Iterable[tuple[int, ...]]]]:
    """Yield each table's rows; a rivalry stands in both directions."""
    yield "Person", ((each,) for each in range(len(nation.group_of)))
    yield "Grp", ((each,) for each in range(nation.groups))
    yield "Area", ((each,) for each in range(len(nation.codes)))
    yield "Member", enumerate(nation.group_of)
    wars = [(low, high, severe) for (low, high), severe in nation.rivalries.items()]
    wars += [(high, low, severe) for low, high, severe in wars]
    yield "War", (row[:2] for row in wars if row[2] == WAR)
    yield "Feud", (row[:2] for row in wars if row[2] != WAR)
    yield "Firm", (row[:2] for row in nation.presences if row[2] != OCCASIONAL)
    yield "Loose", (row[:2] for row in nation.presences if row[2] == OCCASIONAL)
    yield "Placed", nation.placements
    yield (
        "Near",
        ((area, each) for area, near in enumerate(nation.near) for each in near),
    )


class Ladybug:
    """A database in a file, one thread."""

    def __init__(self, nation: Nation) -> None:
        library: Any = import_module("ladybug")
        self._folder = folder = Path(tempfile.mkdtemp(prefix="placement-peer-"))
        self._db = library.Connection(library.Database(folder / "peer"), num_threads=1)
        self._query = _query()
        for statement in _SCHEMA:
            self._db.execute(statement)
        for table, rows in _rows(nation):
            path = folder / f"{table}.csv"
            with path.open("w", encoding="ascii", newline="") as file:
                csv.writer(file).writerows(rows)
            self._db.execute(f'COPY {table} FROM "{path}"')

    def close(self) -> None:
        """Forget what it holds."""
        self._db.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def answer(self, asked: Asked) -> Answer:
        """Answer a question."""
        values = {"person": asked.person, "areas": list(asked.areas)}
        worst = dict.fromkeys(asked.areas, CLEAR)
        for area, verdict in self._db.execute(self._query, values).get_all():
            worst[area] = max(worst[area], verdict)
        return tuple(worst[area] for area in asked.areas)
