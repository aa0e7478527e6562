"""What stands in a copy, of either database, through one reader."""

from collections import Counter
from itertools import pairwise

import pytest
from sqlalchemy import create_engine, text

from tests.leak.attacks import _seen
from tests.leak.thief import read, steal
from tests.leak.worlds import Plan, build, indexed

PLAN = Plan(days=1, groups=8)


def test_every_tick_looks_the_same(tmp_path):
    """In a copy of the files; journals are empty, and nothing else goes by revision."""
    stolen = build(tmp_path, 1, PLAN)
    loot = steal(stolen.copies[-1])
    seen = {repr(_seen(loot, *both)) for both in pairwise(stolen.ticks)}

    assert sum(map(bool, stolen.truth.busy)) > 3
    assert len(seen) == 1
    assert [steal(each).journal for each in stolen.copies[:-1]] == [0]
    assert loot.beside == {"event.epoch": dict.fromkeys(loot.events, 1)}
    assert len(loot.parts) == 1


def test_what_is_planted_is_seen(tmp_path):
    """A reader that overlooked a further column would find nothing wrong."""
    stolen = build(tmp_path, 1, PLAN)
    with indexed(stolen.copies[-1], stolen.truth.groups):
        loot = steal(stolen.copies[-1])

    assert len(loot.beside["sought.tag"]) == len(stolen.truth.groups)


@pytest.mark.slow
@pytest.mark.postgres
def test_postgresql_shows_the_same_and_which_records_came_together(
    tmp_path, postgres_url
):
    """Its rows know their transaction: what a copy of its files shows, and no dump."""
    stolen = build(tmp_path, 1, PLAN, postgres_url)
    engine = create_engine(postgres_url.replace("postgresql:", "postgresql+psycopg:"))
    loot = read(engine)
    with engine.connect() as connection:
        query = "SELECT xmin::text, count(*) FROM leaf GROUP BY 1"
        together = Counter(count for _, count in connection.execute(text(query)))
    engine.dispose()
    seen = {repr(_seen(loot, *both)) for both in pairwise(stolen.ticks)}

    assert len(seen) == 1
    assert loot.beside == {"event.epoch": dict.fromkeys(loot.events, 1)}
    assert together[4] >= stolen.truth.busy.count(0)
    assert together[1] > 0
