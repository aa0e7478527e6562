"""A snapshot is loaded as it was kept, or not at all."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kit.alterations import TAMPERING, alter, renumber, shuffle, swap, truncate
from kit.stored import fill, rows
from kit.stored import replace as put

from placement.errors import StaleError, TamperedError
from placement.store import tables
from placement.store.head import Head
from placement.store.snapshot import (
    MAX_PART,
    drop_snapshots,
    load_snapshot,
    write_snapshot,
)


def test_a_snapshot_is_loaded(store, again):
    """Parts come back as they were, with the head they belong to."""
    head = fill(store)
    parts = [b"", b"a" * MAX_PART, b"end"]
    write_snapshot(store, head, iter(parts))
    got, loaded = load_snapshot(again)

    assert (got, list(loaded)) == (head, parts)
    assert list(again.tail(got)) == []


def test_there_may_be_no_snapshot(store):
    """A store starts without one, and a snapshot may have no parts."""
    assert load_snapshot(store) is None
    write_snapshot(store, Head.GENESIS, [])
    got, loaded = load_snapshot(store)

    assert (got, list(loaded)) == (Head.GENESIS, [])


def test_the_newest_snapshot_stays(store, admin):
    """A newer snapshot removes the older, never the other way round."""
    older = fill(store)
    write_snapshot(store, older, [b"older", b"older"])
    newer = fill(store)
    write_snapshot(store, newer, [b"newer"])
    write_snapshot(store, older, [b"older"])
    got, loaded = load_snapshot(store)

    assert (got, list(loaded)) == (newer, [b"newer"])
    assert len(rows(admin, tables.snapshot)) == 2


def test_a_replaced_snapshot_is_loaded_again(store):
    """A reader that was overtaken is told to start over."""
    head = fill(store)
    write_snapshot(store, head, [b"one"])
    _, loaded = load_snapshot(store)
    write_snapshot(store, head, [b"two"])

    with pytest.raises(StaleError):
        list(loaded)


def test_a_snapshot_of_the_future_is_refused(store):
    """A snapshot can't be ahead of the log."""
    head = fill(store)
    ahead = replace(head, revision=head.revision + 1)

    with pytest.raises(TamperedError):
        write_snapshot(store, ahead, [])


def test_a_part_has_a_limit(store):
    """Parts are at most 1 MiB."""
    with pytest.raises(ValueError, match="1 MiB"):
        write_snapshot(store, Head.GENESIS, [bytes(MAX_PART + 1)])


@given(st.data())
@TAMPERING
@pytest.mark.slow
def test_a_touched_snapshot_is_noticed(store, admin, data):
    """An altered, missing, moved or surplus part is an error, never an older state."""
    drop_snapshots(store)  # of another example
    write_snapshot(store, Head.GENESIS, [b"part %d" % n for n in range(5)])
    change = data.draw(st.sampled_from([alter, renumber, swap, shuffle, truncate]))
    content = change(data, admin, tables.snapshot)
    put(admin, tables.snapshot, content or rows(admin, tables.snapshot)[:1])

    with pytest.raises(TamperedError):
        list(load_snapshot(store)[1])


def test_a_snapshot_of_no_revision_is_refused(store, admin):
    """There is no state before the first; what stands there would be a base."""
    write_snapshot(store, fill(store), [b"part"])
    below = [row | {"revision": -1} for row in rows(admin, tables.snapshot)]
    put(admin, tables.snapshot, below)

    assert load_snapshot(store) is None
    with pytest.raises(TamperedError):
        list(store.tail(Head.GENESIS))
