"""Databases are copied at one moment, and put back whole, or not at all."""

import sqlite3
import threading
from contextlib import closing

import pytest
from kit.lived import live
from kit.stored import append, fill, keys_of, on_sqlite, rows
from sqlalchemy import make_url

from placement.errors import ConflictError, UnavailableError
from placement.store import copying, engine, fsck, tables
from placement.store.copying import Kind, copy, folder_of, place, require_vacant, settle
from placement.store.keystore import beside
from placement.store.log import Store


def keys_url(url):
    return keys_of(url) or beside(url)


@pytest.fixture
def lived(url, custody, tmp_path):
    """Copies of a store with a past and of its key store."""
    live(url, custody)
    copies = {kind: tmp_path / f"{kind}.copy" for kind in Kind}
    copy(Kind.DATABASE, url, copies[Kind.DATABASE])
    copy(Kind.KEYS, keys_url(url), copies[Kind.KEYS])
    return copies


@pytest.fixture
def elsewhere(url, request, tmp_path):
    """An empty database of the same kind."""
    if url.startswith("sqlite"):
        return f"sqlite:///{tmp_path}/elsewhere.db"
    return request.getfixturevalue("another_url")


@pytest.fixture
def another_url(postgres):
    """A second empty database in PostgreSQL."""
    import psycopg  # noqa: PLC0415 (as the kit does)

    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS another WITH (FORCE)")
        connection.execute("CREATE DATABASE another")
    return postgres.replace("/postgres?", "/another?")


def opened(copies, custody):
    return Store.open(
        f"sqlite:///{copies[Kind.DATABASE]}",
        custody,
        f"sqlite:///{copies[Kind.KEYS]}",
    )


def every_row(url):
    with engine.opened(url) as admin:
        return {
            table.name: rows(admin, table) for table in tables.metadata.sorted_tables
        }


def test_a_copy_is_a_store(url, custody, lived):
    """It verifies, and ends where the first one ends; it is one file of its owner."""
    with closing(Store.open(url, custody, keys_of(url))) as store:
        head = store.read_head()
    with closing(opened(lived, custody)) as copied:
        assert fsck.verify(copied, deeper=True) == head
    for path in lived.values():
        settle(path)
        assert not [*path.parent.glob(f"{path.name}-*")]
        assert path.stat().st_mode & 0o777 == 0o600


def test_it_comes_back_with_every_row(url, custody, lived, elsewhere, tmp_path):
    """Into a database of the same kind."""
    keys = f"sqlite:///{tmp_path}/elsewhere.keys.db"
    place(Kind.KEYS, lived[Kind.KEYS], keys)
    place(Kind.DATABASE, lived[Kind.DATABASE], elsewhere)

    assert every_row(elsewhere) == every_row(url)
    with closing(Store.open(elsewhere, custody, keys)) as store:
        fsck.verify(store, deeper=True)


@pytest.mark.postgres
@on_sqlite
def test_it_comes_back_into_the_other_kind(url, custody, lived, postgres_url):
    """A copy is a SQLite file, whatever it was made from."""
    place(Kind.DATABASE, lived[Kind.DATABASE], postgres_url)
    again = lived[Kind.DATABASE].with_name("again")
    copy(Kind.DATABASE, postgres_url, again)

    assert every_row(f"sqlite:///{again}") == every_row(url)
    with closing(opened(lived | {Kind.DATABASE: again}, custody)) as store:
        assert fsck.verify(store, deeper=True).leaves


@pytest.mark.slow
def test_a_copy_is_of_one_moment(url, custody, store, tmp_path):
    """While others write, and they don't wait for it."""
    fill(store, 50)
    stop = threading.Event()

    def write():
        number = 0
        while not stop.is_set():
            append(store, [b"more %d" % number], [b"leaf"])
            number += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(5):
            target = tmp_path / f"{number}.copy"
            copy(Kind.DATABASE, url, target)
            with closing(
                Store.open(f"sqlite:///{target}", custody, keys_url(url))
            ) as copied:
                assert fsck.verify(copied).revision >= 50
    finally:
        stop.set()
        writer.join()


def test_a_copy_takes_no_place_that_is_taken(url, store, tmp_path):
    """A file that is there stays."""
    target = tmp_path / "taken"
    target.write_bytes(b"mine")
    with pytest.raises(FileExistsError):
        copy(Kind.DATABASE, url, target)

    assert target.read_bytes() == b"mine"


def test_what_is_not_there_is_not_copied(tmp_path):
    """Nor made."""
    with pytest.raises(UnavailableError) as caught:
        copy(Kind.DATABASE, f"sqlite:///{tmp_path}/none.db", tmp_path / "copy")

    assert caught.value.notes == ["none.db is not there."]
    assert not (tmp_path / "none.db").exists()


def test_what_is_no_database_is_not_copied(tmp_path):
    """Whatever it is."""
    (tmp_path / "none.db").write_bytes(b"no database" * 1000)
    with pytest.raises(UnavailableError):
        copy(Kind.DATABASE, f"sqlite:///{tmp_path}/none.db", tmp_path / "copy")


def test_what_is_no_copy_is_not_settled(tmp_path):
    """It has to be a database."""
    (tmp_path / "none").write_bytes(b"no database" * 1000)
    with pytest.raises(UnavailableError):
        settle(tmp_path / "none")


@pytest.mark.parametrize("kind", Kind)
def test_a_store_is_no_place(url, store, lived_sqlite, kind):
    """What is there stays, to the row."""
    before = every_row(url)
    where = url if kind is Kind.DATABASE else keys_url(url)
    for act in (
        lambda: require_vacant(kind, where),
        lambda: place(kind, lived_sqlite[kind], where),
    ):
        with pytest.raises(ConflictError):
            act()

    assert every_row(url) == before


@pytest.fixture
def lived_sqlite(custody, tmp_path):
    """Copies of another store."""
    url = f"sqlite:///{tmp_path}/another.db"
    Store.create(url, custody).close()
    copies = {kind: tmp_path / f"another {kind}.copy" for kind in Kind}
    copy(Kind.DATABASE, url, copies[Kind.DATABASE])
    copy(Kind.KEYS, beside(url), copies[Kind.KEYS])
    return copies


@pytest.mark.parametrize("end", ["-wal", "-shm", "-journal"])
def test_what_was_left_of_a_database_is_no_place(tmp_path, end):
    """It would be taken for the journal of what is put there."""
    left = tmp_path / f"store.db{end}"
    left.write_bytes(b"left")
    with pytest.raises(ConflictError) as caught:
        require_vacant(Kind.DATABASE, f"sqlite:///{tmp_path}/store.db")

    assert f"store.db{end} lies there" in caught.value.notes[0]
    assert left.read_bytes() == b"left"


def test_anothers_database_is_no_place(tmp_path):
    """Though it is no store."""
    with closing(sqlite3.connect(tmp_path / "store.db")) as other:
        other.execute("CREATE TABLE something (id)")
    with pytest.raises(ConflictError):
        require_vacant(Kind.DATABASE, f"sqlite:///{tmp_path}/store.db")


def test_what_a_server_made_in_vain_is_a_place(custody, lived_sqlite, tmp_path):
    """Connecting made an empty file, which is no store, and none is made now."""
    url = f"sqlite:///{tmp_path}/store.db"
    with pytest.raises(UnavailableError):
        Store.open(url, custody)
    assert not (tmp_path / "store.db").exists()
    (tmp_path / "store.db").touch()
    place(Kind.DATABASE, lived_sqlite[Kind.DATABASE], url)
    place(Kind.KEYS, lived_sqlite[Kind.KEYS], beside(url))

    with closing(Store.open(url, custody)) as store:
        fsck.verify(store)


def test_whoever_comes_first_stays(lived_sqlite, tmp_path, monkeypatch):
    """Between the look and the name."""
    url = f"sqlite:///{tmp_path}/store.db"
    path = tmp_path / "store.db"

    def late(target, source):
        path.write_bytes(b"first")
        raise FileExistsError

    monkeypatch.setattr(copying, "link_file", late)
    with pytest.raises(ConflictError):
        place(Kind.DATABASE, lived_sqlite[Kind.DATABASE], url)

    assert path.read_bytes() == b"first"


def test_a_place_that_can_not_be_written_is_said(lived_sqlite, tmp_path, monkeypatch):
    """By its name alone."""

    def fail(*_):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(copying, "link_file", fail)
    with pytest.raises(UnavailableError) as caught:
        place(
            Kind.DATABASE,
            lived_sqlite[Kind.DATABASE],
            f"sqlite:///{tmp_path}/store.db",
        )

    assert caught.value.notes == ["store.db can't be written."]


@pytest.mark.postgres
@pytest.mark.parametrize("kind", Kind)
def test_half_of_the_rows_is_none(lived_sqlite, postgres_url, monkeypatch, kind):
    """Interrupted in PostgreSQL, nothing is there, and the next time does it."""
    pour = copying._pour

    def half(kind, source, sink):
        pour(kind, source, sink)
        raise KeyboardInterrupt

    monkeypatch.setattr(copying, "_pour", half)
    with pytest.raises(KeyboardInterrupt):
        place(kind, lived_sqlite[kind], postgres_url)
    monkeypatch.undo()
    require_vacant(kind, postgres_url)
    place(kind, lived_sqlite[kind], postgres_url)
    with pytest.raises(ConflictError):
        require_vacant(kind, postgres_url)


@pytest.mark.postgres
def test_keys_come_out_of_postgresql_and_back(
    lived_sqlite, postgres_url, custody, tmp_path
):
    """A key store may be there, too."""
    place(Kind.KEYS, lived_sqlite[Kind.KEYS], postgres_url)
    copy(Kind.KEYS, postgres_url, tmp_path / "keys.again")
    with closing(
        Store.open(
            f"sqlite:///{lived_sqlite[Kind.DATABASE]}",
            custody,
            f"sqlite:///{tmp_path}/keys.again",
        )
    ) as store:
        assert fsck.verify(store) == store.read_head()


def test_only_sqlite_has_a_folder(url, tmp_path):
    """Where copies are unpacked beside it."""
    expected = tmp_path if make_url(url).get_backend_name() == "sqlite" else None

    assert folder_of(url) == expected
