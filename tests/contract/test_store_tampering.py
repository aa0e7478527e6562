"""Whatever is done to the rows, the store notices."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kit.alterations import (
    TAMPERING,
    alter,
    double,
    drop,
    renumber,
    shuffle,
    swap,
    truncate,
)
from kit.stored import append, fill, leaf, on_sqlite, opened, replace, rows, run
from sqlalchemy import delete, text, update

from placement.errors import TamperedError
from placement.store import fsck, tables
from placement.store.chain import ChainError
from placement.store.head import Head
from placement.store.snapshot import load_snapshot, write_snapshot


@pytest.mark.slow
@pytest.mark.parametrize("table", [tables.event, tables.leaf], ids=["event", "leaf"])
@pytest.mark.parametrize(
    "change", [alter, renumber, swap, shuffle, drop, truncate, double]
)
def test_a_touched_chain_is_noticed(store, admin, table, change):
    """Whatever is done to the rows of a chain, verify says where."""
    fill(store)
    before = rows(admin, table)

    @TAMPERING
    @given(st.data())
    def tamper(data):
        replace(admin, table, change(data, admin, table))
        with pytest.raises(TamperedError) as caught:
            fsck.verify(store)
        replace(admin, table, before)

        assert caught.value.where.split()[0] == table.name
        assert fsck.verify(store).revision == 6

    tamper()


@pytest.mark.parametrize(
    ("number", "values"),
    [(3, {"blob": b""}), (3, {"blob": bytes(285)}), (1, {"epoch": 9})],
)
def test_the_first_bad_record_is_named(store, admin, number, values):
    """The error carries chain and number, and its text stays constant."""
    fill(store)
    run(
        admin,
        update(tables.event).where(tables.event.c.revision == number).values(values),
    )

    with pytest.raises(ChainError) as caught:
        fsck.verify(store)
    assert caught.value.where == f"event {number}"
    assert str(caught.value) == TamperedError.text


@pytest.mark.slow
@given(st.data())
@TAMPERING
def test_an_altered_head_is_noticed(store, admin, data):
    """Any byte of the sealed head, and its numbers, are bound."""
    before = rows(admin, tables.head)
    change = data.draw(st.sampled_from([alter, renumber]))
    replace(admin, tables.head, change(data, admin, tables.head))
    with pytest.raises(TamperedError):
        fsck.verify(store)
    replace(admin, tables.head, before)

    assert fsck.verify(store) == Head.GENESIS


@pytest.mark.parametrize(
    "values", [{"revision": 5}, {"leaves": 7}, {"revision": -1}, {"leaves": -1}]
)
def test_a_renumbered_head_is_noticed(store, admin, values):
    """The head's numbers are part of its seal."""
    fill(store)
    run(admin, update(tables.head).values(values))

    with pytest.raises(ChainError) as caught:
        store.read_head()
    assert caught.value.where == "head"


def test_a_missing_head_is_noticed(store, admin):
    """No head, no log."""
    run(admin, delete(tables.head))

    with pytest.raises(TamperedError):
        fsck.verify(store)
    with pytest.raises(TamperedError), store.writing():
        pass


@pytest.mark.parametrize("again_at", range(1, 6))
def test_an_older_head_is_noticed(store, admin, again_at):
    """A head put back does not hide newer records, from no reader and no writer."""
    middle = fill(store, again_at)
    older = rows(admin, tables.head)
    append(store, [b"newer"], [b"newer"])
    replace(admin, tables.head, older)

    with pytest.raises(ChainError):
        fsck.verify(store)
    with pytest.raises(ChainError):
        list(store.tail(middle))
    with pytest.raises(TamperedError), store.writing() as log:
        log.append([b"fork"], [])
    with pytest.raises(TamperedError), store.writing() as log:
        log.append([], [leaf(b"fork")])


def test_a_log_put_back_is_noticed_by_who_saw_more(store, admin):
    """A reader that was further than the log is not led back."""
    fill(store, 3)
    older = {table: rows(admin, table) for table in (tables.head, tables.event)}
    seen = append(store, [b"fourth"])
    for table, content in older.items():
        replace(admin, table, content)

    assert fsck.verify(store).revision == 3
    with pytest.raises(TamperedError):
        list(store.tail(seen))
    append(store, [b"another fourth"])
    with pytest.raises(TamperedError):
        list(store.tail(seen))
    append(store, [b"fifth"])
    with pytest.raises(TamperedError):
        list(store.tail(seen))


def test_missing_leaves_are_noticed(store, admin):
    """A range of leaves opens whole or not at all."""
    fill(store)
    index = tables.leaf.c["index"]
    run(admin, delete(tables.leaf).where(index == 3))

    assert opened(store, 0, 3) == [b"leaf %d" % n for n in range(3)]
    for first, size in [(3, 1), (4, 1), (2, 3)]:
        with pytest.raises(ChainError):
            store.entries(first, size)
    run(admin, delete(tables.leaf).where(index > 3))
    with pytest.raises(ChainError):
        store.entries(2, 4)


def read_all(store):
    """Read in every way there is."""
    store.entries(2, 1)
    load_snapshot(store)
    fsck.verify(store)


@on_sqlite  # PostgreSQL holds to its types
def test_values_of_another_type_are_noticed(url, store, admin):
    """SQLite holds any type in any column; the readers do not trip over it."""
    fill(store)
    write_snapshot(store, store.read_head(), [b"part"])
    for table in (tables.snapshot, tables.leaf, tables.event, tables.head):
        for column in ("epoch", "blob"):
            for value in ("'text'", "4.5"):
                before = rows(admin, table)
                run(admin, text(f"UPDATE {table.name} SET {column} = {value}"))
                with pytest.raises(TamperedError):
                    read_all(store)
                replace(admin, table, before)
