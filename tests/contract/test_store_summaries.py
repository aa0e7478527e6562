"""Summaries are sealed, bound to their node, and made once."""

import pytest
from kit.stored import leaf, on_sqlite, run
from sqlalchemy import delete, select, update

from placement.errors import TamperedError
from placement.store import tables
from placement.store.chain import ChainError
from placement.store.summaries import Summaries


@pytest.fixture
def summaries(store):
    """Those of a log of three complete stretches and a bit."""
    with store.writing() as log:
        log.append([], [leaf(b"%d" % number) for number in range(800)])
    return Summaries(store)


def damaged(summaries, where, caplog):
    """Hold a summary to being passed over, with a word in the log, and named."""
    level, index = where.split("/")
    caplog.clear()
    assert int(index) not in summaries.read(int(level), 0, 9)
    assert [(one.levelname, one.message) for one in caplog.records] == [
        ("CRITICAL", "incident a summary does not verify; it is not used")
    ]
    named(summaries, where)


def named(summaries, where):
    with pytest.raises(ChainError) as caught:
        summaries.verify()

    assert caught.value.where == f"summary {where}"


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


def test_untouched_ones_verify(summaries, caplog):
    """None, or several; and the log says nothing of them."""
    summaries.verify()
    for index in range(3):
        summaries.write(8, index, b"a summary")
    summaries.verify()

    assert summaries.read(8, 0, 3) == dict.fromkeys(range(3), b"a summary")
    assert caplog.records == []


def test_a_summary_belongs_to_its_node(summaries, admin, caplog):
    """It does not open in another place, or over other leaves, or altered."""
    summaries.write(8, 0, b"first")
    summaries.write(8, 1, b"second")
    table, node = tables.summary, tables.node
    query = select(table.c.blob).where(table.c.index == 0)
    with admin.begin() as connection:
        blob = connection.scalar(query)
    first, other = table.c.index == 0, table.c.index == 1
    run(admin, update(table).where(other).values(blob=blob))
    damaged(summaries, "8/1", caplog)
    assert summaries.read(8, 0, 2) == {0: b"first"}
    run(admin, delete(table).where(other))
    for spoilt in ({"blob": blob[:-1] + bytes([blob[-1] ^ 1])}, {"epoch": 9}):
        run(admin, update(table).where(first).values(**spoilt))
        damaged(summaries, "8/0", caplog)
        run(admin, update(table).where(first).values(epoch=1, blob=blob))
        assert summaries.read(8, 0, 2) == {0: b"first"}

    run(admin, update(node).where(node.c.index == 0).values(hash=bytes(32)))
    damaged(summaries, "8/0", caplog)


def test_those_beside_a_damaged_one_are_read(summaries, admin, caplog):
    """A search opens more of the log, and finds the same."""
    for index in range(3):
        summaries.write(8, index, b"%d" % index)
    run(
        admin, update(tables.summary).where(tables.summary.c.index == 1).values(epoch=0)
    )

    assert summaries.read(8, 0, 3) == {0: b"0", 2: b"2"}
    damaged(summaries, "8/1", caplog)


@pytest.mark.parametrize("place", [{"index": 3}, {"index": -1}, {"level": 16}])
def test_a_summary_of_no_node_is_named(summaries, admin, place):
    """No search meets it."""
    summaries.write(8, 0, b"first")
    summaries.write(8, 1, b"second")
    run(
        admin, update(tables.summary).where(tables.summary.c.index == 1).values(**place)
    )
    stands = {"level": 8, "index": 1} | place

    assert summaries.read(8, 0, 9) == {0: b"first"}
    assert summaries.read(16, 0, 9) == {}
    named(summaries, "{level}/{index}".format(**stands))


def test_the_first_that_does_not_verify_is_named(summaries, admin):
    """By level, then by index."""
    for index in range(3):
        summaries.write(8, index, b"a summary")
    index = tables.summary.c.index
    for spoilt in (2, 1):
        run(admin, update(tables.summary).where(index == spoilt).values(blob=b""))

        named(summaries, f"8/{spoilt}")


@pytest.mark.parametrize("values", [{"epoch": 0}, {"epoch": -1}, {"blob": b""}])
def test_what_is_no_summary_is_not_used(summaries, admin, caplog, values):
    """Whatever an administrator wrote there."""
    summaries.write(8, 0, b"first")
    run(admin, update(tables.summary).values(**values))

    damaged(summaries, "8/0", caplog)


@on_sqlite  # PostgreSQL holds to its types
@pytest.mark.parametrize("value", ["'text'", "4.5", "x''"])
@pytest.mark.parametrize("column", ["epoch", "blob"])
def test_values_of_another_type_are_not_used(  # noqa: PLR0917 (fixtures)
    url, summaries, admin, caplog, column, value
):
    """SQLite holds any type in any column; nothing trips over it."""
    summaries.write(8, 0, b"first")
    with admin.begin() as connection:
        connection.exec_driver_sql(f"UPDATE summary SET {column} = {value}")

    damaged(summaries, "8/0", caplog)


@on_sqlite  # PostgreSQL holds to its types
@pytest.mark.parametrize("column", ["level", "index"])
@pytest.mark.parametrize("value", ["'text'", "4.5", "x'00'"])
def test_a_place_of_another_type_is_refused(url, summaries, admin, column, value):
    """It is no place of a node."""
    summaries.write(8, 0, b"first")
    with admin.begin() as connection:
        connection.exec_driver_sql(f'UPDATE summary SET "{column}" = {value}')

    assert summaries.read(8, 0, 9) == {}
    with pytest.raises(ChainError, match=TamperedError.text):
        summaries.verify()
