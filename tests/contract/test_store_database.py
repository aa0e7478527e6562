"""What the database shows, promises and fails with."""

import sqlite3
import threading
import time
from contextlib import ExitStack, suppress
from itertools import count

import pytest
from kit.stored import append, fill, on_postgres, on_sqlite, rows, run
from sqlalchemy import delete, insert, text
from sqlalchemy.exc import SQLAlchemyError

from placement.errors import TamperedError, UnavailableError
from placement.store import engine, fsck, purging, tables, together
from placement.store.head import Head
from placement.store.log import Store
from placement.store.snapshot import write_snapshot


def test_the_database_shows_sizes_only(url, store, admin, tmp_path):
    """No byte of a payload, and no length but a power of two."""
    secret = b"sentinel-19121212-1212"
    head = append(store, [secret * n for n in range(40)], [secret] * 3)
    write_snapshot(store, head, [secret, secret * 1000])
    found = [row["blob"] for row in rows(admin, tables.event)]
    found += [row["blob"] for row in rows(admin, tables.leaf)]
    found += [row["blob"] for row in rows(admin, tables.snapshot)]
    if url.startswith("sqlite"):
        found += [file.read_bytes() for file in tmp_path.glob("store.db*")]

    assert not any(b"sentinel" in content for content in found)
    lengths = {len(row["blob"]) - 29 for row in rows(admin, tables.event)}
    assert lengths == {512, 1024}


@on_sqlite
def test_a_journal_shows_transactions_until_it_is_emptied(url, store, tmp_path):
    """Unless somebody reads just then; the next time does both."""
    fill(store)
    journal = tmp_path / "store.db-wal"
    shown = journal.stat().st_size
    with store.reading() as connection:
        connection.scalar(text("SELECT count(*) FROM event"))
        append(store, [b"event"])
        store.tidy(1)
    kept = journal.stat().st_size
    store.tidy(1)

    assert min(shown, kept) > 0
    assert journal.stat().st_size == 0


@on_sqlite
def test_tidying_up_waits_for_nobody_who_reads_for_long(store):
    """Everybody would wait with it; what comes next waits as long as it did before."""
    fill(store)
    keys = store.vault._keys
    with store.reading() as connection, engine.reading(keys._engine) as beside:
        connection.scalar(text("SELECT count(*) FROM event"))
        beside.scalar(text("SELECT count(*) FROM data_key"))
        append(store, [b"event"])
        begun = time.monotonic()
        store.tidy(1)
        took = time.monotonic() - begun
    with store.reading() as one, store.reading() as two:
        waits = [each.scalar(text("PRAGMA busy_timeout")) for each in (one, two)]

    assert took < engine.WAIT_MS / 2000
    assert waits == [engine.WAIT_MS] * 2


@on_sqlite
def test_tidying_up_waits_for_who_reads_a_moment(store, tmp_path, monkeypatch):
    """Or a server that is read from all the time would never get there."""
    monkeypatch.setattr(purging, "MOMENT_MS", engine.WAIT_MS)
    fill(store)
    left = threading.Event()
    with ExitStack() as reading:
        connection = reading.enter_context(store.reading())
        connection.scalar(text("SELECT count(*) FROM event"))
        append(store, [b"event"])
        tidying = threading.Thread(target=lambda: (store.tidy(1), left.set()))
        tidying.start()
        early = left.wait(0.2)
    tidying.join()

    assert not early
    assert (tmp_path / "store.db-wal").stat().st_size == 0


def test_tidying_up_fails_quietly(store, monkeypatch):
    """It loses nothing."""
    fill(store)

    def broken(*_, **__):
        raise SQLAlchemyError

    monkeypatch.setattr(purging, "_emptied", broken)
    store.tidy(1)

    assert fsck.verify(store).revision == 6


def test_a_commit_is_on_the_disk(url, store, admin):
    """The settings that durability rests on are the ones in force."""
    expected = ["wal", 2, engine.WAIT_MS, 1]
    names = ["journal_mode", "synchronous", "busy_timeout", "foreign_keys"]
    if url.startswith("postgresql"):
        expected, names = ["on", "6s"], ["synchronous_commit", "lock_timeout"]
    ask = "PRAGMA" if url.startswith("sqlite") else "SHOW"
    with engine.reading(admin) as connection:
        got = [connection.scalar(text(f"{ask} {name}")) for name in names]

    assert got == expected


@on_sqlite  # PostgreSQL locks the head row
def test_a_writer_holds_the_lock_from_the_start(url, admin):
    """A write transaction in SQLite begins as one, and a reader never blocks."""
    with engine.writing(admin) as connection:
        raw = connection.connection.driver_connection
        assert raw.in_transaction
        with sqlite3.connect(url.removeprefix("sqlite:///"), timeout=0) as other:
            assert other.execute("SELECT revision FROM head").fetchall() == [(0,)]
            with pytest.raises(sqlite3.OperationalError, match="locked"):
                other.execute("UPDATE head SET revision = 1")
        other.close()
    assert not raw.in_transaction


@on_sqlite  # PostgreSQL hands over a chunk whole
def test_a_read_that_breaks_off_is_unavailable(url, store):
    """An error of the driver in the middle of a chunk stays in, too."""
    head = append(store, [b"event"] * 1000)
    calls = count()
    with pytest.raises(UnavailableError), store.reading() as connection:  # noqa: PT012
        raw = connection.connection.driver_connection
        raw.set_progress_handler(lambda: next(calls) == 500, 1)
        list(store.tail_on(connection, Head.GENESIS, head))

    assert fsck.verify(store) == head


def test_a_lost_database_is_unavailable(url, store, custody, monkeypatch):
    """No exception of the database library gets out."""
    with pytest.raises(UnavailableError), store.writing() as log:
        log.connection.execute(text("SELECT * FROM nowhere"))
    with pytest.raises(UnavailableError), store.reading() as connection:
        connection.execute(text("SELECT * FROM nowhere"))
    assert fsck.verify(store) == Head.GENESIS


def test_a_commit_that_fails_is_unavailable(store, monkeypatch):
    """A commit without an answer is not taken for one."""
    head = fill(store)
    dialect = store._engine.dialect

    def fail(connection):
        raise dialect.loaded_dbapi.OperationalError("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(dialect, "do_commit", fail)
        patch.setattr(together, "COMMIT", ("COMMIT PREPARED 'none'", ()))
        with pytest.raises(UnavailableError):
            append(store, [b"lost"])

    assert fsck.verify(store) == head


@on_postgres  # SQLite undoes a statement that failed, and nothing else
@pytest.mark.parametrize("writes", [True, False])
def test_what_was_undone_is_not_acknowledged(store, writes):
    """A commit of PostgreSQL succeeds when something had failed, and undoes all of it."""
    head = fill(store)

    def goes_on():
        with store.writing() as log:
            if writes:
                log.append([b"undone"], [])
            with suppress(SQLAlchemyError):
                log.connection.execute(text("SELECT 1 / 0"))

    with pytest.raises(UnavailableError):
        goes_on()

    assert store.read_head() == head
    assert append(store, [b"after"]).revision == head.revision + 1


def test_nothing_is_committed_behind_what_failed(store, admin):
    """Though what came before it was written, and the commit may be on its way."""
    head = fill(store)
    at = tables.leaf.c.index == head.leaves
    blank = dict.fromkeys(("hash", "blob", "details_blob"), b"")
    run(admin, (insert(tables.leaf), {"index": head.leaves, "epoch": 1, **blank}))
    with pytest.raises(TamperedError):
        append(store, [b"event"], [b"leaf"])
    run(admin, delete(tables.leaf).where(at))

    assert fsck.verify(store) == head


@pytest.mark.parametrize(
    "bad",
    [
        "no url",
        "mysql://localhost/x",
        "nonsense://x",
        "sqlite://",
        "sqlite://user:secret@host/x",
        "sqlite:////absent/folder/store.db",
        "postgresql://user:secret@localhost:1/x",
        "postgresql://user:what@is:secret@localhost/x",
        "postgresql://user:secret@one:1,two:2/x",
        "postgresql://user:what@secret@localhost/x",
        "postgresql://user:wh/at@secret?is@localhost/x",
        "postgresql://localhost:1/x?user=user&password=what@secret",
        "postgresql:///user:secret@localhost",
        "postgresql://one/user:secret@localhost/x",
        "postgresql://localhost/x?port=secret",
    ],
)
def test_an_unusable_url_is_unavailable(bad, custody):
    """No database, no store; and no password in the error, or in what is said of it."""
    with pytest.raises(UnavailableError) as caught:
        Store.create(bad, custody)
    assert caught.value.notes
    assert "secret" not in f"{caught.value} {caught.value.notes}"
