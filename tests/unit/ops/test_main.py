"""The operator's commands: one sentence each, and an exit code."""

import io
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from kit.certs import Pki
from kit.commands import open_case
from kit.town import Town

from placement import __version__
from placement.access import Action
from placement.app import read_ruleset
from placement.audit.note import Signer, parse_key
from placement.config import load
from placement.crypto.custody import FileCustody
from placement.crypto.signing import SigningKey
from placement.errors import CertificateError
from placement.ops.main import main
from placement.service.custodian import Custodian
from placement.service.engine import Engine
from placement.service.entries import Refused
from placement.service.rules import Rules
from placement.store import fsck
from placement.store.log import Store
from placement.store.summaries import Summaries

ROOT = Path(__file__).parents[3]
SECONDS = 30

KEYS = ("store.key", "custodian.key", "log.key", "placement.anchor")
SPOILED = "What is stored does not verify, or the key is another store's."


def laid(folder):
    Pki(folder).server()
    (folder / "placement.toml").write_text('address = "127.0.0.1:0"\n', "utf-8")
    return folder


@pytest.fixture
def place(tmp_path):
    """A folder with settings and certificates, as the manual says."""
    return laid(tmp_path)


@pytest.fixture
def run(place, capsys):
    """Return a function that runs a command: → exit code, stdout, stderr."""

    def command(name):
        code = main([name, "--settings", str(place / "placement.toml")])
        return code, *capsys.readouterr()

    return command


def engine_of(settings):
    """Return a store and an engine that serves it."""
    store = Store.open(settings.database, FileCustody(settings.store_key))
    engine = Engine(
        store,
        Rules(read_ruleset(None)),
        custodian=Custodian.open(settings.custodian_key).key_id,
        signer=Signer(settings.log_name, SigningKey.open(settings.log_key)),
        clock=lambda: 1,
    )
    engine.start()
    return store, engine


@pytest.fixture
def filled(place):
    """The same with a store, and two cases in it."""
    return with_cases(place)


def with_cases(place):
    assert main(["init", "--settings", str(place / "placement.toml")]) == 0
    store, engine = engine_of(load(place / "placement.toml"))
    for name in ("h", "i"):
        engine.submit(open_case(name)).result(SECONDS)
        engine.publish().result(SECONDS)
    engine.stop()
    store.close()
    return place


def spoil(place, statement):
    with closing(sqlite3.connect(place / "placement.db")) as connection, connection:
        connection.execute(statement)


# What is done


def test_init_makes_keys_and_a_store(place, run):
    """The sentence holds both keys that clients pin, each on a line of its own."""
    code, out, err = run("init")
    found = re.fullmatch(
        r"Made the keys and an empty store\. Clients pin the custodian's key\n"
        r"0[23][0-9a-f]{64}\nand the log's key\n(\S+)\n",
        out,
    )
    settings = load(place / "placement.toml")
    key = SigningKey.open(settings.log_key)

    assert (code, err) == (0, "")
    assert parse_key(found[1]) == Signer("placement.internal/log", key).public
    for name in KEYS:
        assert (place / name).stat().st_mode & 0o077 == 0


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


def test_rotate_says_the_epoch(filled, run):
    """What is there still opens."""
    said = "Sealing goes on under epoch {}; older ones still open what they did.\n"

    assert run("rotate") == (0, said.format(2), "")
    assert run("rotate") == (0, said.format(3), "")
    assert run("fsck")[0] == 0


def test_snapshot_says_where_it_stands(filled, run, monkeypatch):
    """The next start is quick, and verifies."""
    assert run("snapshot") == (0, "Wrote a snapshot at revision 3.\n", "")
    assert run("snapshot") == (0, "Wrote a snapshot at revision 3.\n", "")
    monkeypatch.setattr("placement.ops.main.keep", lambda *_: False)
    assert run("snapshot")[1].startswith("Wrote none: ")
    assert run("fsck")[0] == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_serve_until_told_to_stop(place, run, number):
    """It says when it answers, and when it has stopped."""
    run("init")
    command = [sys.executable, "-W", "error", "server.py", "serve", "--settings"]
    with subprocess.Popen(
        [*command, place / "placement.toml"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    ) as server:
        first = server.stdout.readline()
        server.send_signal(number)
        out, err = server.communicate(timeout=SECONDS)

    assert re.fullmatch(r"Serving on port [1-9]\d*\.\n", first)
    assert (server.returncode, out) == (0, "Stopped.\n"), err
    assert "Traceback" not in err


def test_pki_is_one_of_the_commands(tmp_path, capsys):
    """The certificates' own commands stand beside the others."""
    code = main(["pki", "init", "--dir", str(tmp_path / "pki")])

    assert code == 0
    assert capsys.readouterr().out.startswith("Made a certificate authority")


def test_the_version(capsys):
    """What the operator reports."""
    with pytest.raises(SystemExit) as left:
        main(["--version"])

    assert left.value.code == 0
    assert capsys.readouterr().out == f"{__version__}\n"


# What isn't


OFFICER = "officers: text 1 is no verifier key; `placement-server older key` prints one"
WITNESS = "witness.example.org/w1+f6487229+BOvR5tSCeWKMu4Mspt/iPDSaWD0F8b3Vv2pOsgR6ufQf"


@pytest.mark.parametrize("argv", [[], ["dance"], ["fsck", "--now"]])
def test_what_is_not_understood(argv, capsys):
    """The parser's own exit code."""
    with pytest.raises(SystemExit) as left:
        main(argv)

    assert left.value.code == 2
    assert capsys.readouterr().err.startswith("usage: placement-server")


@pytest.mark.parametrize("command", ["init", "serve", "fsck", "snapshot"])
def test_without_settings(tmp_path, capsys, command):
    """The file is named, in one line."""
    file = tmp_path / "placement.toml"

    assert main([command, "--settings", str(file)]) == 1
    assert capsys.readouterr() == ("", f"{file}: No such file or directory\n")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("adress = 1", "unknown setting: adress (line 1, is address meant?)"),
        ('officers = ["kim"]', OFFICER),
        (f'officers = ["{WITNESS}"]', "officers: a key is not for statements"),
        ('witnesses = ["w1"]', "witnesses: a text is no verifier key"),
        ("x", "Expected '=' after a key in a key/value pair (at end of document)"),
    ],
)
def test_with_wrong_settings(place, run, text, expected):
    """What is wrong in which file."""
    file = place / "placement.toml"
    file.write_text(text, "utf-8")

    assert run("fsck") == (1, "", f"{file}: {expected}\n")


@pytest.mark.parametrize("name", KEYS)
def test_init_replaces_nothing(place, run, name):
    """With a key lost, everything under it would be; nothing half is made."""
    (place / name).write_text("mine")
    before = sorted(path.name for path in place.iterdir())

    code, out, err = run("init")
    assert (code, out) == (1, "")
    assert err == f"{place / name}: is there already; nothing was made\n"
    assert sorted(path.name for path in place.iterdir()) == before


def test_init_makes_nothing_under_a_name_that_no_log_has(place, run):
    """The name of the log is read before any key is made."""
    file = place / "placement.toml"
    file.write_text('origin = "a log"', "utf-8")
    before = sorted(path.name for path in place.iterdir())

    expected = f"{file}: origin must have neither spaces nor plus\n"
    assert run("init") == (1, "", expected)
    assert sorted(path.name for path in place.iterdir()) == before


def test_init_on_somebodys_store(filled, run):
    """A store whose keys were moved away is not written over."""
    for name in KEYS:
        (filled / name).rename(filled / f"old-{name}")

    assert run("init") == (1, "", "There is a store already; nothing was made.\n")
    assert not (filled / "store.key").exists()
    for name in KEYS:
        (filled / f"old-{name}").rename(filled / name)
    assert run("fsck")[0] == 0


def undone(command):
    """Return what a command says that could not begin."""
    return "Nothing is served." if command == "serve" else "Nothing was done."


@pytest.mark.parametrize(
    ("command", "name"),
    [("serve", "store"), ("fsck", "store"), ("snapshot", "store")],
)
def test_without_a_store(place, run, command, name):
    """Keys and database are missing: that it can't be read, and no trace."""
    code, out, err = run(command)

    assert (code, out) == (1, "")
    said = undone(command)
    assert err == f"{said} The key file {place / name}.key can't be read.\n"


@pytest.mark.parametrize("command", ["serve", "fsck", "snapshot", "rotate"])
@pytest.mark.parametrize("name", ["placement.db", "placement.keys.db"])
def test_a_database_that_is_not_there_is_not_made(filled, run, command, name):
    """Whoever finds an empty file takes it for the store; and it is said what makes one."""
    for end in ("", "-wal", "-shm"):
        (filled / f"{name}{end}").unlink(missing_ok=True)
    code, out, err = run(command)

    words = {
        "placement.db": f"There is no store in {filled / name}. `placement-server init` ",
        "placement.keys.db": "The key store is not there.",
    }
    assert (code, out) == (1, "")
    assert err.startswith(f"{undone(command)} {words[name]}")
    assert not (filled / name).exists()


def test_an_empty_database_is_no_store(filled, run):
    """What a release before this one left where there was none."""
    for end in ("-wal", "-shm"):
        (filled / f"placement.db{end}").unlink(missing_ok=True)
    (filled / "placement.db").write_bytes(b"")

    assert "There is no store in " in run("fsck")[2]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            'database = "postgresql://db.invalid/placement"',
            "The setting keys has to name a key store of its own.",
        ),
        (
            'database = "sqlite:///none/a.db"',
            "The folder of {}/none/a.db is not there,",
        ),
    ],
)
def test_init_refuses_before_it_makes_anything(place, run, text, expected):
    """Key files that it left would be in the way of the next try."""
    (place / "placement.toml").write_text(text, "utf-8")
    code, out, err = run("init")

    assert (code, out) == (1, "")
    assert err.startswith(f"Nothing was done. {expected.format(place)}")
    assert {path.name for path in place.iterdir()} == {"placement.toml", "pki"}


def test_init_beside_somebodys_key_store(filled, run):
    """It is seen before new keys are made."""
    for name in (*KEYS, "placement.db"):
        (filled / name).unlink()

    assert run("init") == (1, "", "There is a store already; nothing was made.\n")
    assert not (filled / "store.key").exists()


@pytest.mark.parametrize("command", ["serve", "fsck", "snapshot"])
def test_with_another_key(filled, run, command):
    """Another store's key opens nothing."""
    (filled / "store.key").unlink()
    FileCustody.create(filled / "store.key")

    assert run(command) == (1, "", f"{SPOILED}\n")


@pytest.mark.parametrize("command", ["serve", "fsck"])
def test_without_the_key_of_the_log(filled, run, command):
    """No checkpoint can be signed or verified: nothing is served."""
    (filled / "log.key").unlink()

    expected = f"{undone(command)} The key file {filled}/log.key can't be read.\n"
    assert run(command) == (1, "", expected)


def test_with_another_custodian(filled, run):
    """Whoever is on record would be known to nobody: it is not served."""
    (filled / "custodian.key").unlink()
    Custodian.create(filled / "custodian.key")
    expected = "The custodian's key is not the one of this store."

    assert run("serve") == (1, "", f"Nothing is served. {expected}\n")


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
    """Which table and number, never content; and nothing is served beside it."""
    assert run("fsck")[0] == 0
    spoil(crowded, statement)

    assert run("fsck") == (1, "", f"{SPOILED} First bad record: {where}.\n")
    # What only few may see is opened on demand: a start need not read all of it, but
    # misses what is gone.
    if not where.startswith("details") or "NULL" in statement:
        assert run("serve") == (1, "", f"{SPOILED}\n")


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

    expected = f"{SPOILED} First bad record: checkpoint 1.\n"
    assert run("fsck") == (1, "", expected)
    assert run("serve") == (1, "", f"{SPOILED}\n")


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


def test_an_address_that_is_taken(place, run, tmp_path_factory):
    """The reason and the address in one line, and nothing is left running."""
    run("init")
    file = place / "placement.toml"
    with Town(tmp_path_factory.mktemp("town")) as town:
        address = f"127.0.0.1:{town.served.port}"
        file.write_text(f'address = "{address}"', "utf-8")
        code, out, err = run("serve")

    assert (code, out) == (1, "")
    assert err.endswith(f"{address}: Address already in use\n")
