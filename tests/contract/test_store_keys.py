"""A store opens under its own keys and its own schema only."""

import sqlite3
from contextlib import closing, suppress
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from kit.stored import fill, keys_of, on_sqlite, replace, rows, run
from sqlalchemy import insert, text

from placement.crypto.custody import FileCustody
from placement.crypto.keyring import Purpose, new_key
from placement.errors import ConflictError, TamperedError, UnavailableError
from placement.store import engine, fsck, tables
from placement.store.engine import connect
from placement.store.log import Store
from placement.store.schema import SCHEMA, migrate, schema_version


def test_creating_twice_is_refused(url, custody, store):
    """An existing store is left alone."""
    head = fill(store)

    with pytest.raises(ConflictError):
        Store.create(url, custody, keys_of(url))
    assert fsck.verify(store) == head


def test_another_custody_is_refused(url, store, tmp_path):
    """The keys of a store unwrap under its own custody only."""
    with pytest.raises(TamperedError):
        Store.open(url, FileCustody.create(tmp_path / "other"), keys_of(url))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE meta SET schema = 1",
        "UPDATE meta SET schema = 3",
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
        Store.open(url, custody, keys_of(url))


@on_sqlite
def test_what_is_refused_is_left_closed(url, custody, store, admin, tmp_path):
    """The key store, too: nobody is left who could close it."""
    admin.dispose()
    store.close()
    with closing(sqlite3.connect(tmp_path / "store.db")) as database, database:
        database.execute("DELETE FROM head")
    before = opened_in(tmp_path)
    with pytest.raises(TamperedError) as refused:
        Store.open(url, custody)

    assert refused  # it holds whatever was on the stack
    assert (before, opened_in(tmp_path)) == ([], [])


@on_sqlite
def test_what_can_t_be_made_is_left_closed(url, custody, tmp_path, monkeypatch):
    """Likewise when the tables can't be made."""

    def fails(_):
        raise UnavailableError

    monkeypatch.setattr("placement.store.log.migrate", fails)
    with pytest.raises(UnavailableError) as refused:
        Store.create(url, custody)

    assert refused
    assert (tmp_path / "store.keys.db").exists()
    assert opened_in(tmp_path) == []


def opened_in(folder):
    """Return which files of a folder this process has open."""
    found = []
    for each in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            found.append(each.readlink())

    return [each.name for each in found if each.parent == folder]


def test_swapped_keys_are_refused(url, custody, store, admin):
    """A wrapped key belongs to its purpose."""
    keys = {row["purpose"]: row for row in rows(admin, tables.epoch_key)}
    one, two = keys["event"], keys["entry"]
    one["wrapped"], two["wrapped"] = two["wrapped"], one["wrapped"]
    replace(admin, tables.epoch_key, list(keys.values()))

    with pytest.raises(TamperedError):
        Store.open(url, custody, keys_of(url))


def test_a_new_epoch_continues_the_chain(url, custody, store, admin):
    """Records of a retired epoch still open; new ones use the new key."""
    fill(store)
    for purpose in Purpose:
        if purpose not in {Purpose.SUBJECT, Purpose.ALIAS, Purpose.PHANTOM}:
            key = new_key(custody, store.owner, purpose, 2)
            row = {"purpose": purpose.value, "epoch": 2, "wrapped": key.wrapped}
            run(admin, (insert(tables.epoch_key), row))
    newer = Store.open(url, custody, keys_of(url))
    fill(newer)

    assert fsck.verify(newer).revision == 12
    assert {row["epoch"] for row in rows(admin, tables.event)} == {1, 2}
    assert newer.ring.mac(Purpose.SUBJECT, b"x") == store.ring.mac(
        Purpose.SUBJECT, b"x"
    )
    newer.close()


def test_an_empty_database_is_no_store(url, custody):
    """Opening needs a created store."""
    with pytest.raises(UnavailableError):
        Store.open(url, custody, keys_of(url))
    made = connect(url)
    assert schema_version(made) == 0
    migrate(made)
    assert schema_version(made) == SCHEMA
    made.dispose()
    with pytest.raises(UnavailableError):
        Store.open(url, custody, keys_of(url))


@pytest.mark.parametrize("version", ["0001", "0003", "9999", "0000", "older"])
def test_another_schema_is_refused(url, custody, store, admin, version):
    """A newer, older or foreign schema is neither opened nor migrated."""
    run(admin, text(f"UPDATE alembic_version SET version_num = '{version}'"))

    with pytest.raises(UnavailableError):
        Store.open(url, custody, keys_of(url))
    with pytest.raises(UnavailableError):
        migrate(admin)


def test_two_schemas_are_refused(url, custody, store, admin):
    """A database of two versions is none of ours."""
    run(admin, text("INSERT INTO alembic_version VALUES ('0000')"))

    with pytest.raises(UnavailableError):
        Store.open(url, custody, keys_of(url))


def test_migrations_lead_to_the_tables(admin):
    """The migrations make exactly the tables that the code uses."""
    with engine.reading(admin) as connection:
        context = MigrationContext.configure(connection)

        assert compare_metadata(context, tables.metadata) == []


def test_migrating_again_changes_nothing(store, admin):
    """Migration of a current database is silent."""
    head = fill(store)
    migrate(admin)

    assert fsck.verify(store) == head
