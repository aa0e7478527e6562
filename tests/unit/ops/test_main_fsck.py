"""``fsck``: what it counts and skips, and the first bad record, named."""

import io
import re
import shutil
import sqlite3
import sys
from contextlib import closing
from dataclasses import replace

import pytest
from kit.operated import SECONDS, SPOILED, engine_of, laid, with_cases

from placement.access import Action
from placement.config import load
from placement.crypto.custody import FileCustody
from placement.crypto.signing import SigningKey
from placement.errors import CertificateError
from placement.ops.main import main
from placement.service.entries import Refused
from placement.store import fsck
from placement.store.log import Store
from placement.store.summaries import Summaries

FOREIGN = (
    "If the settings or the log's key were changed: log_key, origin or trust_domain may be"
    " another log's."
)


def spoil(place, statement):
    with closing(sqlite3.connect(place / "placement.db")) as connection, connection:
        connection.execute(statement)


def test_fsck_counts_what_it_opened(filled, run):
    """Events and entries, and how many of them the newest checkpoint holds."""
    expected = "Verified 3 events and 2 entries; the newest checkpoint holds 2.\n"

    assert run("fsck") == (0, expected, "")


def test_fsck_counts_the_entries_whose_events_it_can_t_hash(filled, run, monkeypatch):
    """Of one of their events only a stub is left."""
    real = fsck._written

    def other(*given):
        told = real(*given)
        return told and replace(told, digest=bytes(32))

    monkeypatch.setattr(fsck, "_written", other)
    refused = run("fsck")[0]
    monkeypatch.setattr(fsck, "hash_of", lambda _: b"")
    code, out, _ = run("fsck")

    assert (refused, code) == (1, 0)
    assert "NOT VERIFIED: the events of 2 entries against their hash" in out


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE snapshot SET blob = zeroblob(300) WHERE part = 1",
        "UPDATE snapshot SET blob = zeroblob(300) WHERE part = 0",
        "DELETE FROM snapshot WHERE part = 0",
    ],
)
def test_a_damaged_snapshot_is_named_and_can_be_written_anew(filled, run, damage):
    """It only saves time, so it is no loss; but nothing is served beside it."""
    run("snapshot")
    spoil(filled, damage)
    code, _, err = run("fsck")
    served, _, _ = run("serve")

    assert (code, served) == (1, 1)
    assert "First bad record: snapshot" in err
    assert run("snapshot")[0] == 0
    assert run("fsck")[0] == 0


@pytest.fixture(scope="module")
def crowded_once(tmp_path_factory):
    """A log with a complete stretch of 256 leaves, made once: whoever asks gets a copy."""
    folder = laid(tmp_path_factory.mktemp("crowded"))
    crowd(with_cases(folder), 256)
    return folder


@pytest.fixture
def crowded(crowded_once, place):
    return shutil.copytree(crowded_once, place, dirs_exist_ok=True)


def crowd(place, count):
    """Grow the log by refusals, and publish it."""
    settings = load(place / "placement.toml")
    store, engine = engine_of(settings)
    refused = Refused(Action.CHECK, CertificateError(), None)
    for future in [engine.submit(refused) for _ in range(count)]:
        assert isinstance(future.exception(SECONDS), CertificateError)
    engine.publish().result(SECONDS)
    engine.stop()
    store.close()


@pytest.mark.parametrize(
    ("statement", "where"),
    [
        ("DELETE FROM event WHERE revision = 2", "event 2"),
        ("UPDATE event SET blob = zeroblob(8) WHERE revision = 1", "event 1"),
        ('DELETE FROM leaf WHERE "index" = 0', "leaf 0"),
        ('UPDATE leaf SET hash = zeroblob(32) WHERE "index" = 1', "leaf 1"),
        ('UPDATE leaf SET details_blob = zeroblob(99) WHERE "index" = 1', "details 1"),
        ("UPDATE node SET hash = zeroblob(32)", "node 8/0"),
        ("DELETE FROM node", "node 8/0"),
        ('UPDATE node SET "index" = 1', "node 8/0"),
        ("INSERT INTO node SELECT level, 1, hash FROM node", "node 8/1"),
        ("UPDATE checkpoint SET note = x'00' WHERE size = 1", "checkpoint 1"),
        ("DELETE FROM checkpoint WHERE size = 1", "checkpoint"),
        ("DELETE FROM checkpoint WHERE size = 258", "checkpoint 258"),
        ("UPDATE checkpoint SET size = 3 WHERE size = 2", "checkpoint 3"),
        (
            "INSERT INTO checkpoint SELECT 300, note FROM checkpoint WHERE size = 1",
            "checkpoint 300",
        ),
        ("INSERT INTO cosignature VALUES (300, 'w', x'00')", "cosignature 300"),
        ("INSERT INTO cosignature VALUES (2, 'w', x'00')", "cosignature 2"),
        (
            "INSERT INTO cosignature SELECT 2, 'w', note FROM checkpoint WHERE size = 1",
            "cosignature 2",
        ),
        (
            'UPDATE leaf SET (details_blob, details_epoch) = (NULL, NULL) WHERE "index" = 1',
            "details 1",
        ),
        ("UPDATE head SET blob = zeroblob(300)", "head"),
    ],
)
def test_fsck_names_the_first_bad_record(crowded, run, statement, where):
    """Which table and number, never content; and nothing is served, for the same reason."""
    assert run("fsck")[0] == 0
    spoil(crowded, statement)

    expected = 1, "", first_bad(where)
    assert run("fsck") == expected
    # What only few may see is opened on demand: a start need not read all of it, but
    # misses what is gone.
    if not where.startswith("details") or "NULL" in statement:
        assert run("serve") == expected


def first_bad(where):
    """Return what is said; another log's key would show at the first checkpoint."""
    if where == "checkpoint 1":
        return f"{SPOILED}\nFirst bad record: {where}.\n{FOREIGN}\n"
    return f"{SPOILED} First bad record: {where}.\n"


def summarised(place):
    """Make the summary of a complete stretch."""
    settings = load(place / "placement.toml")
    store = Store.open(settings.database, FileCustody(settings.store_key))
    Summaries(store).write(8, 0, b"a summary")
    store.close()


@pytest.mark.parametrize(
    ("statement", "where"),
    [
        ("UPDATE summary SET blob = zeroblob(99)", "summary 8/0"),
        ("UPDATE summary SET epoch = 7", "summary 8/0"),
        ('UPDATE summary SET "index" = 3', "summary 8/3"),
    ],
)
def test_fsck_names_a_damaged_summary(crowded, run, statement, where):
    """It only saves searches time, so the log itself is found to be whole before."""
    summarised(crowded)
    assert run("fsck")[0] == 0
    spoil(crowded, statement)

    assert run("fsck") == (1, "", f"{SPOILED} First bad record: {where}.\n")
    spoil(crowded, "DELETE FROM summary")
    assert run("fsck")[0] == 0


def test_fsck_verifies_the_signatures(filled, run):
    """A checkpoint that says the right thing, but under another key, is none."""
    (filled / "log.key").unlink()
    SigningKey.create(filled / "log.key")

    assert run("fsck") == run("serve") == (1, "", first_bad("checkpoint 1"))


@pytest.mark.parametrize("setting", ["origin", "trust_domain"])
def test_another_name_of_the_log_is_told_as_that(filled, run, setting):
    """Whoever mistyped a setting is not left with tampering alone."""
    with (filled / "placement.toml").open("a", encoding="utf-8") as settings:
        settings.write(f'{setting} = "elsewhere.example"\n')

    assert run("fsck") == run("serve") == (1, "", first_bad("checkpoint 1"))


def test_behind_a_snapshot_it_is_told_of_the_first_one_that_is_looked_at(crowded, run):
    """A start looks at no other."""
    run("snapshot")
    crowd(crowded, 1)
    (crowded / "log.key").unlink()
    SigningKey.create(crowded / "log.key")
    code, _, err = run("serve")

    assert code == 1
    assert re.search(r"First bad record: checkpoint \d{3}\.\n", err)
    assert err.endswith(f"{FOREIGN}\n")


def test_fsck_shows_how_far_it_has_come_on_a_terminal_only(filled, run, monkeypatch):
    """What a machine reads stays one sentence."""

    class Terminal(io.StringIO):
        def isatty(self):
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    code = main(["fsck", "--settings", str(filled / "placement.toml")])

    assert code == 0
    assert terminal.getvalue().endswith(f"[{'#' * 30}] 100% 5 of 5\n")
    assert "Verifying" in terminal.getvalue()
