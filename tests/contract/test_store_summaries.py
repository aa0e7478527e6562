"""Summaries are sealed, bound to their node, and made once."""

import pytest
from kit.stored import leaf, run
from sqlalchemy import delete, select, update

from placement.errors import TamperedError
from placement.store import tables
from placement.store.summaries import Summaries


@pytest.fixture
def summaries(store):
    """Those of a log of three complete stretches and a bit."""
    with store.writing() as log:
        log.append([], [leaf(b"%d" % number) for number in range(800)])
    return Summaries(store)


def test_what_is_written_is_read(summaries):
    """By level and index; what is missing is left out."""
    summaries.write(8, 0, b"first")
    summaries.write(8, 2, b"third")

    assert summaries.read(8, 0, 3) == {0: b"first", 2: b"third"}
    assert summaries.read(8, 1, 1) == {}
    assert summaries.read(16, 0, 3) == {}


def test_how_many_there_are(summaries):
    """Counted from the first on, by the newest."""
    counts = [summaries.count(8)]
    summaries.write(8, 0, b"first")
    summaries.write(8, 1, b"second")

    assert (*counts, summaries.count(8), summaries.count(16)) == (0, 2, 0)


def test_the_first_one_stays(summaries):
    """Another server that is late changes nothing, and is told nothing."""
    summaries.write(8, 0, b"first")
    summaries.write(8, 0, b"second")

    assert summaries.read(8, 0, 1) == {0: b"first"}


def test_there_is_none_without_its_node(summaries):
    """A stretch that is not complete has no summary."""
    with pytest.raises(TamperedError):
        summaries.write(8, 3, b"early")


def test_a_summary_belongs_to_its_node(summaries, admin):
    """It does not open in another place, or over other leaves, or altered."""
    summaries.write(8, 0, b"first")
    summaries.write(8, 1, b"second")
    table, node = tables.summary, tables.node
    query = select(table.c.blob).where(table.c.index == 0)
    with admin.begin() as connection:
        blob = connection.scalar(query)
    other = table.c.index == 1
    for statement in (
        update(table).where(other).values(blob=blob),
        update(table)
        .where(table.c.index == 0)
        .values(blob=blob[:-1] + bytes([blob[-1] ^ 1])),
        update(table).where(table.c.index == 0).values(epoch=9, blob=blob),
    ):
        run(admin, statement)
        with pytest.raises(TamperedError):
            summaries.read(8, 0, 2)
    run(admin, delete(table).where(other), update(table).values(epoch=1, blob=blob))

    assert summaries.read(8, 0, 2) == {0: b"first"}

    run(admin, update(node).where(node.c.index == 0).values(hash=bytes(32)))
    with pytest.raises(TamperedError):
        summaries.read(8, 0, 1)


@pytest.mark.parametrize("values", [{"epoch": 0}, {"epoch": -1}, {"blob": b""}])
def test_what_is_no_summary_is_refused(summaries, admin, values):
    """Whatever an administrator wrote there."""
    summaries.write(8, 0, b"first")
    run(admin, update(tables.summary).values(**values))
    with pytest.raises(TamperedError):
        summaries.read(8, 0, 1)
