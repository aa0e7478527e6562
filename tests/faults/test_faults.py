"""Some faults of each kind; and the harness finds what would be lost."""

import gc
import sqlite3
from contextlib import closing
from random import Random

import pytest

from placement.store import keystore
from placement.store.anchor import Anchor
from tests.faults.disk import Disk, Kind
from tests.faults.run import some
from tests.faults.vfs import failing

FAULTS = 8
"""``make faults`` has more."""


@pytest.mark.slow
@pytest.mark.parametrize("kind", Kind)
def test_a_store_is_intact_or_refused(kind):
    """No acknowledged fact is missing, and no verdict milder."""
    tally = some(kind, 0, FAULTS)

    assert tally.harmed == {}
    assert tally.faults == FAULTS
    if kind is not Kind.LOST:
        assert tally.found["intact"] >= FAULTS // 2


@pytest.mark.slow
def test_without_the_anchor_a_lying_disk_loses_facts(monkeypatch):
    """So the anchor is what refuses them, and the harness sees what is missing."""
    monkeypatch.setattr("placement.service.engine.require_newest", lambda *_: None)
    monkeypatch.setattr(Anchor, "keep", lambda *_: None)
    tally = some(Kind.LOST, 0, FAULTS)

    assert any("acknowledged and lost" in why for why in tally.harmed.values())


@pytest.mark.slow
def test_a_commit_that_is_not_synced_is_found(monkeypatch):
    """Were SQLite told not to wait for the disk, a power cut would lose answers."""
    monkeypatch.setattr("placement.service.engine.require_newest", lambda *_: None)
    connect = keystore.database._on_sqlite_connect

    def careless(connection, record):
        connect(connection, record)
        connection.execute("PRAGMA synchronous = OFF")

    monkeypatch.setattr(keystore.database, "_on_sqlite_connect", careless)
    tally = some(Kind.TORN, 0, FAULTS)

    assert tally.harmed or tally.found["refused"]


# The disk


def commit(path, count):
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("CREATE TABLE IF NOT EXISTS t (n)")
        for number in range(count):
            connection.execute("INSERT INTO t VALUES (?)", [number])
            connection.commit()


def count(path):
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT count(*) FROM t").fetchone()[0]


def test_the_services_own_sqlite_writes_through_the_disk(tmp_path):
    """While it is in, and no longer."""
    disk = Disk(Random(1))
    with failing(disk):
        commit(tmp_path / "a.db", 3)
    calls = disk.calls

    assert calls > 10
    commit(tmp_path / "b.db", 3)
    assert (disk.calls, count(tmp_path / "a.db")) == (calls, 3)


@pytest.mark.parametrize("kind", [Kind.FULL, Kind.EIO, Kind.READ_ONLY])
def test_the_disk_fails_on_cue_and_mends(tmp_path, kind):
    """SQLite says so, and goes on once it is mended."""
    disk = Disk(Random(1))
    with failing(disk):
        commit(tmp_path / "a.db", 1)
        disk.arm(kind, 0, 1 << 30)
        with pytest.raises(sqlite3.Error):
            commit(tmp_path / "a.db", 1)
        disk.settle()
        commit(tmp_path / "a.db", 1)

    assert disk.hits > 0
    assert count(tmp_path / "a.db") == 2


def test_what_was_not_synced_may_be_gone_after_a_power_cut(tmp_path):
    """On a disk that lies; on an honest one, what was committed is there."""
    left = set()
    for kind, expected in ((Kind.LOST, False), (Kind.TORN, True)):
        for seed in range(10):
            path = tmp_path / f"{kind} {seed}.db"
            disk = Disk(Random(seed))
            with failing(disk):
                commit(path, 1)
                if not expected:
                    disk.arm(kind, 0, 1 << 30)
                connection = sqlite3.connect(path)
                connection.execute("PRAGMA synchronous = FULL")
                connection.execute("INSERT INTO t VALUES (7)")
                connection.commit()
                disk.cut()
                connection.close()
                disk.wake()
            found = count(path)

            assert found == 2 or not expected
            left.add((expected, found))
    assert (False, 1) in left


def test_what_stays_open_is_closed_in_peace(tmp_path):
    """SQLite calls the shim then, too: it must not be freed."""
    with failing(Disk(Random(1))), closing(sqlite3.connect(tmp_path / "a.db")) as first:
        first.execute("CREATE TABLE t (x)")
        second = sqlite3.connect(tmp_path / "a.db")
        second.execute("SELECT * FROM t")
    gc.collect()
    with closing(second):
        for number in range(100):
            second.execute("INSERT INTO t VALUES (?)", (number,))
        second.commit()

        assert second.execute("SELECT count(*) FROM t").fetchone() == (100,)
