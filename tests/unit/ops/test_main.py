"""The operator's commands: one sentence each, and an exit code."""

import os
import re
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from kit.operated import SECONDS, SPOILED
from kit.still import STILL
from kit.town import Town

from placement import __version__
from placement.app import read_ruleset
from placement.audit.note import Signer, parse_key
from placement.config import load
from placement.crypto.custody import FileCustody
from placement.crypto.signing import SigningKey
from placement.ops.main import main
from placement.service import fold
from placement.service.custodian import Custodian
from placement.store.log import Store

ROOT = Path(__file__).parents[3]
KEYS = ("store.key", "custodian.key", "log.key", "placement.anchor")


# What is done


def test_init_makes_keys_and_a_store(place, run):
    """The sentence holds both keys that clients pin, each on a line of its own."""
    code, out, err = run("init")
    found = re.fullmatch(
        r"Made the keys and an empty store\. Clients pin the custodian's key\n"
        r"0[23][0-9a-f]{64}\nand the log's key\n(\S+)\n"
        r"The store's ruleset is \d{4}-\d\d?-\d+, rules [0-9a-f]{64}\n",
        out,
    )
    settings = load(place / "placement.toml")
    key = SigningKey.open(settings.log_key)

    assert (code, err) == (0, "")
    assert parse_key(found[1]) == Signer("placement.internal/log", key).public
    for name in KEYS:
        assert (place / name).stat().st_mode & 0o077 == 0


def test_init_writes_down_the_ruleset(place, run):
    """The one that the settings name: from then on the log says which is in force."""
    shipped = read_ruleset(None)
    own = shipped.content.replace("ahead_days = 90", "ahead_days = 30")
    (place / "own.toml").write_text(own, "utf-8")
    with (place / "placement.toml").open("a", encoding="utf-8") as settings:
        settings.write('ruleset = "own.toml"\n')
    run("init")
    settings = load(place / "placement.toml")
    custody = FileCustody(settings.store_key)
    with closing(Store.open(settings.database, custody, settings.keys)) as store:
        state, _ = fold.load(store)

    assert state.rulebook.content == own != shipped.content


@pytest.mark.parametrize("profile", ["development", "production"])
def test_no_store_of_production_begins_without_phantom_stays(place, run, profile):
    """Nor is one served there that was made so, before another ruleset is adopted."""
    (place / "still.toml").write_text(STILL, "utf-8")
    settings = f'ruleset = "still.toml"\nprofile = "{profile}"\n'
    (place / "placement.toml").write_text(settings, "utf-8")
    code, _, err = run("init")
    refused = "The ruleset has no phantom stays: each CONFLICT would prove that" in err

    assert (code, refused) == ((1, True) if profile == "production" else (0, False))
    assert (place / "store.key").exists() == (code == 0)


def test_rotate_says_the_epoch(filled, run):
    """What is there still opens."""
    said = (
        "Sealing goes on under epoch {}; older ones still open what they did. A server"
        " that runs follows with its next write.\n"
    )

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


@pytest.mark.slow
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
    """Keys and database are missing: that they are, and no trace."""
    code, out, err = run(command)

    assert (code, out) == (1, "")
    said = undone(command)
    assert err == f"{said} The key file {place / name}.key is not there.\n"


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

    expected = f"{undone(command)} The key file {filled}/log.key is not there.\n"
    assert run(command) == (1, "", expected)


def test_with_another_custodian(filled, run):
    """Whoever is on record would be known to nobody: it is not served."""
    (filled / "custodian.key").unlink()
    Custodian.create(filled / "custodian.key")
    expected = "The custodian's key is not the one of this store."

    assert run("serve") == (1, "", f"Nothing is served. {expected}\n")


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


def test_who_has_read_enough_gets_no_traceback(place):
    """As of ``placement-server status | head``."""
    words = ["older", "key", "--name", "kim", "--key", str(place / "kim.key")]
    with subprocess.Popen(
        [sys.executable, "server.py", *words],
        cwd=Path(__file__).parents[3],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        running.stdout.close()
        err = running.stderr.read()
        code = running.wait(SECONDS)

    assert (code, err) == (1, "Made the key. It goes into the setting officers as\n")
