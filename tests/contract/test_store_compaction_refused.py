"""A base that was touched or cut is refused, and nothing is removed for it."""

from dataclasses import replace

import pytest
from kit.compacting import events, still
from kit.stored import append, fill
from sqlalchemy import delete, insert, select

from placement.errors import UnavailableError
from placement.store import base, compaction, engine, fsck, purging, tables
from placement.store.chain import ChainError
from placement.store.compaction import compact, retire
from placement.store.epochs import Limits

pytestmark = pytest.mark.usefixtures("small_parts")


# Touched


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ("DELETE FROM snapshot WHERE part = 0", "event 1"),
        ("DELETE FROM snapshot WHERE part = 3", "base"),
        ("DELETE FROM snapshot WHERE part = 2", "base"),
        ("DELETE FROM snapshot", "event 1"),
        ("UPDATE snapshot SET part = 9 WHERE part = 3", "base"),
        ("UPDATE snapshot SET epoch = 1", "base"),
        ("UPDATE snapshot SET revision = -5", "base"),
        ("DELETE FROM event", "event 7"),
    ],
)
def test_what_is_touched_is_refused(store, admin, change, where):
    """A base is no less part of the log than what it took the place of."""
    fill(store)
    compact(store, still)
    append(store, [b"after"])
    with admin.begin() as connection:
        connection.exec_driver_sql(change)
    with pytest.raises(ChainError) as caught:
        fsck.verify(store)

    assert caught.value.where == where


def test_a_base_of_another_end_is_refused(store, admin):
    """One that was put back ends where the log no longer begins."""
    rows = select(tables.snapshot)
    fill(store)
    compact(store, still)
    with admin.begin() as connection:
        older = [dict(row._mapping) for row in connection.execute(rows)]
    fill(store)
    compact(store, still)
    with admin.begin() as connection:
        connection.execute(delete(tables.snapshot))
        connection.execute(insert(tables.snapshot), older)
    with pytest.raises(ChainError) as caught:
        fsck.verify(store)

    assert caught.value.where == "event 7"


def test_nobody_was_anywhere_else(store):
    """A head that the log never had is refused in a base, too."""
    head = fill(store)
    third = append(store, [b"x"])
    compact(store, still)
    for wrong in (replace(head, tag=bytes(16)), replace(third, tag=head.tag)):
        with pytest.raises(ChainError):
            list(store.tail(wrong))


def test_single_events_are_found_anywhere(store):
    """In any part, behind the base, and not behind the end."""
    fill(store)
    compact(store, still)
    append(store, [b"after"])
    with store.reading() as connection:
        until = store.row.read(connection).last_event
        found = [
            store.base.event(connection, store.events, number, until)
            for number in range(1, 9)
        ]

    assert found == [*(b"event %d" % number for number in range(6)), b"after", None]


# What is odd


@pytest.mark.parametrize(
    "content",
    [
        b"",
        bytes(8),
        bytes(8) + bytes(19),
        bytes(8) + bytes(16) + (1).to_bytes(4),
        bytes(8) + bytes(16) + (0).to_bytes(4) + b"x",
    ],
)
def test_what_is_no_part_is_refused(content):
    """Too short, empty, cut, or with a rest."""
    with pytest.raises(ChainError):
        base.Part.parse(content)


def test_there_is_no_event_before_the_first(store):
    """Nobody asks for it but by a number that was altered."""
    fill(store)
    compact(store, still)
    with store.reading() as connection:
        until = store.row.read(connection).last_event
        with pytest.raises(ChainError):
            store.base.event(connection, store.events, 0, until)


def test_what_was_begun_behind_a_base_is_dropped(store, admin):
    """As from a database that was put back."""
    fill(store)
    compact(store, still)
    append(store, [b"after"])
    row = {"revision": -3, "part": 1, "epoch": 2, "blob": bytes(300)}
    with admin.begin() as connection:
        connection.execute(insert(tables.snapshot), row)
    made = compact(store, still)

    assert (made.revision, made.resumed) == (7, False)
    assert fsck.verify(store).revision == 7


def test_a_base_that_says_something_else_is_not_taken(store, monkeypatch):
    """Nothing is removed before it was read beside the log."""
    fill(store)
    with monkeypatch.context() as patched:
        patched.setattr(compaction._Work, "_kept", lambda _, payload: payload + b"!")
        patched.setattr(compaction._Work, "prove", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            compact(store, still)
    with pytest.raises(ChainError) as caught:
        compact(store, still)

    assert caught.value.where == "event 1"
    assert events(store) == 6


@pytest.mark.parametrize("left", [True, False])
def test_a_record_that_was_left_out_is_missed(store, monkeypatch, left):
    """In what was written, or at its end."""
    fill(store)
    real = compaction._Work._records

    def cut(work, connection, after):
        for record in real(work, connection, after):
            if record[0] == 6 or (left and record[0] == 5):
                return
            yield record

    with monkeypatch.context() as patched:
        patched.setattr(compaction._Work, "_records", cut)
        with pytest.raises(ChainError) as caught:
            compact(store, still)

    assert caught.value.where == f"event {5 if left else 6}"
    assert events(store) == 6


def test_a_journal_that_could_not_be_emptied_is_told(store, monkeypatch):
    """The keys are destroyed; the next call empties it."""
    fill(store)
    compact(store, still)
    with monkeypatch.context() as patched:
        patched.setattr(purging, "purged", lambda *_, **__: False)
        with pytest.raises(UnavailableError) as caught:
            retire(store, still)

    assert caught.value.notes == [
        "Somebody reads, so copies are left in the files: do it again."
    ]
    assert retire(store, still) == 0
    assert fsck.verify(store).revision == 6


def test_a_database_that_does_not_answer_is_not_purged(store, monkeypatch, url):
    """And nobody is told that it was."""
    with engine.opened(url) as other:

        def broken():
            raise other.dialect.loaded_dbapi.Error

        monkeypatch.setattr(other, "raw_connection", broken)

        assert not purging.purged(other, "epoch_key")


def test_an_epoch_behind_a_base_ends_as_any_does(store):
    """What it sealed is counted from the base on."""
    fill(store)
    compact(store, still)
    retire(store, still)
    store.epochs.limits = Limits(records=3)
    for _ in range(3):
        append(store, [b"event"])
    before = store.epochs.current
    append(store, [b"event"])

    assert (before, store.epochs.current) == (3, 4)
