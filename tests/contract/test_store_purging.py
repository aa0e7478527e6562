"""What was deleted leaves no copy in SQLite's journal, whoever reads, or is killed."""

import logging
import sqlite3
import time
from contextlib import closing

import pytest
from kit.erased import Kept
from kit.stored import keys_of, on_sqlite
from kit.world import token

from placement.errors import UnavailableError
from placement.store import engine as database
from placement.store import keystore, purging
from placement.store.log import Store
from placement.store.purging import Remains
from placement.store.rows import is_damage

NAMES = [token(f"dossier {number}") for number in range(3)]


@pytest.fixture
def world(store):
    """Whoever stands somewhere, on a key store that is a file."""
    made = Kept(store)
    made.base = made.presence("B", "1480", kind="BASE")
    made.presence("B", "0180", kind="BASE")
    return made


@on_sqlite
def test_a_journal_that_can_t_be_emptied_is_told_once(world, monkeypatch, caplog):
    """The keys are gone; what is left of them goes some seconds later."""
    monkeypatch.setattr(purging, "_emptied", lambda *_: False)
    world.erase(world.base)
    vault = world.store.vault
    vault.settle()  # at once it would be in vain, and keep everybody waiting
    monkeypatch.setattr(vault.remains, "_due", 0.0)
    vault.settle()

    assert [one.levelname for one in caplog.records] == ["WARNING"]
    assert (vault.owes, vault.remains.stuck) == (False, True)
    assert vault._keys.read(world.base) is None


def test_what_is_deleted_while_older_remains_go_is_not_forgotten(world, monkeypatch):
    """Another thread deletes; it is removed at once, and not in a minute."""
    remains, removed = world.store.vault.remains, Remains._removed
    world.store.vault.settle()

    def late(self, wait):
        done = removed(self, wait)
        monkeypatch.setattr(Remains, "_removed", removed)
        self.mark()
        return done

    monkeypatch.setattr(Remains, "_removed", late)
    remains.mark()
    remains.remove()
    left = remains._left
    remains.remove()

    assert (left, remains._left) == (True, False)


@on_sqlite
def test_what_is_deleted_in_the_last_instant_is_not_forgotten(world, monkeypatch):
    """When another thread has seen that nothing is left, and is about to say so."""
    remains = world.store.vault.remains

    class Late(Remains):
        @property
        def _left(self):
            left = super()._left
            if not left:
                self.mark()
            return left

    remains.mark()
    monkeypatch.setattr(remains, "__class__", Late)
    remains.remove()

    assert remains._left


@on_sqlite
@pytest.mark.parametrize("waits", [True, False])
def test_a_key_store_that_is_damaged_is_in_nobodys_way(world, monkeypatch, waits):
    """It is told as what it is: that somebody reads would be untrue."""

    def damaged(*_):
        error = sqlite3.DatabaseError()
        error.sqlite_errorname = "SQLITE_CORRUPT"
        raise error

    keys = world.store.vault._keys
    monkeypatch.setattr(purging, "_emptied", damaged)
    with pytest.raises(UnavailableError) as caught:
        keys.remains.remove() if waits else keys.empty_journal()

    assert is_damage(caught.value)
    assert not keys.remains.stuck


@on_sqlite
def test_what_was_in_the_way_of_a_purge_is_tried_again(
    world, monkeypatch, tmp_path, caplog
):
    """Somebody read when the key was destroyed; nobody has to erase anything else."""
    caplog.set_level(logging.WARNING)
    journal = tmp_path / "store.keys.db-wal"
    wrapped = world.store.vault._keys.read(world.base)
    with closing(sqlite3.connect(tmp_path / "store.keys.db")) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM data_key").fetchone()
        began = time.monotonic()
        world.erase(world.base)
        took = time.monotonic() - began
        left = wrapped in journal.read_bytes()
    monkeypatch.setattr(world.store.vault.remains, "_due", 0.0)
    world.store.vault.settle()

    assert left
    assert took < database.WAIT_MS / 1000 / 2
    assert journal.stat().st_size == 0
    assert [one.message for one in caplog.records] == [purging._STUCK, purging._FREE]
    assert not world.store.vault.remains.stuck


@on_sqlite
def test_a_killed_server_s_journal_is_emptied_at_the_next_start(
    world, url, custody, monkeypatch, tmp_path
):
    """It was killed between destroying a key and that."""
    with monkeypatch.context() as patched:
        patched.setattr(Remains, "remove", lambda *_: None)
        world.erase(world.base)
    journal = tmp_path / "store.keys.db-wal"
    left = journal.stat().st_size
    with closing(Store.open(url, custody, keys_of(url))) as again:
        again.vault.settle()

    assert (left > 0, journal.stat().st_size) == (True, 0)


def test_whoever_reads_all_keys_keeps_nobody_from_destroying_one(world, monkeypatch):
    """They are read a page at a time, and nothing is open between two pages."""
    monkeypatch.setattr(keystore, "_PAGE", 2)
    keys = world.store.vault._keys
    before = dict(keys.all())
    reading = keys.all()
    first = next(reading)
    began = time.monotonic()
    world.erase(world.base)
    took = time.monotonic() - began
    rest = dict(reading)

    assert len(before) > 2
    assert not keys.remains._left
    assert took < database.WAIT_MS / 1000 / 2
    assert dict([first]) | rest | {world.base: b""} == before | {world.base: b""}


@on_sqlite
def test_what_stays_in_the_way_is_tried_less_and_less_often(world, monkeypatch):
    """Or a database that writes its tables anew would do nothing else."""
    remains, now, waits = world.store.vault.remains, [1000.0], []
    monkeypatch.setattr(purging.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(purging, "_emptied", lambda *_: False)
    remains.mark()
    for _ in range(10):
        remains.remove()
        waits.append(remains._due - now[0])
        now[0] = remains._due

    assert waits == [5, 10, 20, 40, 80, 160, 320, 640, 900, 900]
