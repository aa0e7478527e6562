"""The command: compact, back up, destroy; killed anywhere, and what it says."""

import json
import os
import random
import re
import shlex
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from itertools import count

import pytest
from kit.stored import append

from placement.config import load
from placement.crypto.custody import FileCustody
from placement.errors import UnavailableError
from placement.ops import compact
from placement.ops.main import main
from placement.store import fsck
from placement.store.covers import Covers
from placement.store.head import Head
from placement.store.log import Store

SECONDS = 60
DESTROY = ("compact", "--destroy", "--without-backup")
THEN = (
    "Now back up database and key store. Then `placement-server compact --destroy{}"
    " --settings {}` destroys the keys that opened it before; older backups open"
    " nothing any more then.\n"
)


@pytest.fixture
def place(tmp_path):
    (tmp_path / "placement.toml").write_text("tick = 0\n", "utf-8")
    assert main(["init", "--settings", str(tmp_path / "placement.toml")]) == 0
    return tmp_path


@pytest.fixture
def run(place, capsys):
    """Return a function that runs a command: → exit code, stdout, stderr."""

    def command(*words):
        capsys.readouterr()
        code = main([*words, "--settings", str(place / "placement.toml")])
        return code, *capsys.readouterr()

    return command


def opened(place):
    settings = load(place / "placement.toml")
    custody = FileCustody(settings.store_key)
    return closing(Store.open(settings.database, custody, settings.keys))


def test_it_says_what_is_to_be_done_next(place, run):
    """Nothing is destroyed before a compaction; done again, what was begun since is."""
    first = run("compact", "--destroy")
    compacted = run("compact")
    destroyed = run(*DESTROY)
    again = run(*DESTROY)

    assert first[:2] == (1, "")
    assert first[2] == "Nothing is compacted: compact first, and back up after it.\n"
    then = THEN.format("", place / "placement.toml")
    assert compacted == (0, f"Wrote the log anew up to revision 1. {then}", "")
    assert destroyed[0] == 0
    assert destroyed[1].startswith("Keys of older epochs destroyed: 2. Scanned ")
    assert destroyed[1].endswith(
        " files: none has a trace of them. NOT SCANNED: a server's memory. Unless none"
        " has run since before, do it again with --server.\n"
    )
    assert again[1].startswith("Keys of older epochs destroyed: 0. ")
    assert run("fsck")[0] == 0


def test_a_custodians_log_is_compacted_by_its_own_settings(tmp_path, capsys):
    """It says the next command as it has to be typed."""
    toml = tmp_path / "custodian.toml"
    toml.write_text('tick = 0\norigin = "police.test/log"\n', "utf-8")
    given = ["--settings", str(toml)]
    assert main(["custodian", "init", *given]) == 0
    capsys.readouterr()
    assert main(["compact", "--custodian", *given]) == 0
    said = capsys.readouterr().out
    (typed,) = re.findall("`placement-server (.*)`", said)
    code = main([*shlex.split(typed), "--without-backup"])
    out, err = capsys.readouterr()

    then = THEN.format(" --custodian", toml)
    assert said == f"Wrote the log anew up to revision 1. {then}"
    assert (code, err) == (0, "")
    assert out.startswith("Keys of older epochs destroyed: 2. Scanned ")
    assert main(["custodian", "fsck", *given]) == 0


@pytest.mark.parametrize("kept", ["a row", "a cover"])
def test_a_copy_of_a_key_in_the_folder_is_found(place, run, kept):
    """As somebody may have made one; where it lies is said."""
    assert run("compact")[0] == 0
    name, query = {
        "a row": (
            "placement.db",
            "SELECT wrapped FROM epoch_key WHERE purpose = 'event' AND epoch = 1",
        ),
        "a cover": ("placement.keys.db", "SELECT wrapped FROM data_key"),
    }[kept]
    with closing(sqlite3.connect(place / name)) as database:
        blobs = [blob for (blob,) in database.execute(query)]
    (place / "copy").write_bytes(b"somewhere".join([b"", *blobs]))
    code, out, err = run(*DESTROY)

    assert (code, out) == (1, "")
    said = f"Keys of older epochs destroyed: 2. FOUND in {place}/copy: wrapped key "
    assert err.startswith(said)


def test_what_was_found_is_looked_for_again(place, run):
    """The keys are gone by then, so what they look like has to be kept."""
    assert run("compact")[0] == 0
    with closing(sqlite3.connect(place / "placement.db")) as database:
        query = "SELECT wrapped FROM epoch_key WHERE purpose = 'event' AND epoch = 1"
        ((blob,),) = database.execute(query)
    (place / "copy").write_bytes(blob)
    first = run(*DESTROY)
    second = run(*DESTROY)
    (place / "copy").unlink()
    third = run(*DESTROY)

    assert (first[0], second[0], third[0]) == (1, 1, 0)
    assert f" FOUND in {place}/copy: wrapped key event 1. " in second[2]
    assert "none has a trace of them" in third[1]
    assert blob[:9] not in (place / "destroyed.json").read_bytes()
    assert (place / "destroyed.json").stat().st_mode & 0o777 == 0o600


def test_killed_before_it_looked_it_looks_the_next_time(place, run, monkeypatch):
    """The traces are on the disk before the keys are gone."""
    assert run("compact")[0] == 0
    with monkeypatch.context() as patched:

        def killed(*_):
            raise KeyboardInterrupt

        patched.setattr(Covers, "destroy", killed)
        with pytest.raises(KeyboardInterrupt):
            run(*DESTROY)
    noted = json.loads((place / "destroyed.json").read_text())

    assert {what for what, *_ in noted["rows"]} == {
        "wrapped key event 1",
        "wrapped key snapshot 1",
    }
    assert noted["gone"]


def test_a_file_of_traces_that_is_damaged_is_refused(place, run):
    """Before anything is destroyed."""
    assert run("compact")[0] == 0
    for content in ("", "[]", '{"gone": [], "rows": [["key", "00"]]}'):
        (place / "destroyed.json").write_text(content)
        code, out, err = run(*DESTROY)

        assert (code, out) == (1, "")
        assert err.startswith(f"{place}/destroyed.json does not say which keys")
    (place / "destroyed.json").unlink()

    assert run(*DESTROY)[1].startswith("Keys of older epochs destroyed: 2")


@pytest.mark.slow
def test_a_server_s_memory_is_the_last_to_be_looked_at(place, run, monkeypatch):
    """This process stands for one that goes on with what it had."""
    monkeypatch.setattr(compact, "WAIT", 1.0)
    assert run("compact")[0] == 0
    with opened(place) as store:
        assert store.read_head()
        code, out, err = run(*DESTROY, f"--server={os.getpid()}")

    assert (code, out) == (1, "")
    assert err.startswith("Keys of older epochs destroyed: 2. FOUND in the memory of")
    assert (place / "destroyed.json").exists()


def test_a_server_that_is_not_there(place, run):
    """What could not be looked at is not destroyed."""
    assert run("compact")[0] == 0
    code, out, err = run(*DESTROY, "--server", str(2**22 + 1))

    assert (code, out) == (1, "")
    assert err.startswith("NOT SCANNED: the memory of process")
    assert err.endswith("Nothing was destroyed.\n")
    assert run(*DESTROY)[1].startswith("Keys of older epochs destroyed: 2")


def test_every_process_is_looked_at_or_none(place):
    """One of two that is clean says nothing of the other."""
    settings = replace(load(place / "placement.toml"), processes=2)
    with opened(place) as store, pytest.raises(UnavailableError) as caught:
        compact._require_servers(settings, store, [os.getpid()] * 2, 1.0)

    (said,) = caught.value.notes
    assert said.startswith("The settings say 2 processes: name each with --server,")


def test_a_file_that_can_t_be_read_is_told_behind_what_was_done(
    place, run, monkeypatch
):
    """Keys are gone by then, and nobody has looked."""
    assert run("compact")[0] == 0

    def unreadable(*_):
        raise PermissionError(13, "Permission denied", "somewhere")

    monkeypatch.setattr(compact, "require_none", unreadable)
    said = "Keys of older epochs destroyed: 2. NOT SCANNED: somewhere: Permission denied.\n"

    assert run(*DESTROY) == (1, "", said)


def test_backups_from_before_open_nothing_and_later_ones_do(
    place, run, tmp_path_factory
):
    """A database and its keys, put back where nothing is."""
    with opened(place) as store:
        append(store, [], [])
    aside = tmp_path_factory.mktemp("aside")
    backup = {}
    for name in ("before", "after"):
        (aside / name / "keys").mkdir(parents=True)
        files = (aside / name / "database", aside / name / "keys" / "file")
        backup[name] = (f"--database={files[0]}", f"--keys={files[1]}")
        assert run("backup", *backup[name])[0] == 0
        if name == "before":
            assert run("compact")[0] == 0
    assert run("compact", "--destroy")[0] == 0
    for path in place.glob("placement.db*"):
        path.unlink()
    older = run("restore", backup["before"][0], "--older")
    newer = run("restore", backup["after"][0])

    assert older[0] == 1
    assert "This database is from before the log was compacted" in older[2]
    assert newer[0] == 0, newer[2]
    assert run("fsck")[0] == 0


def test_a_backup_made_since_outlives_whoever_destroys_again(
    place, run, tmp_path_factory
):
    """With the key store of that day, and with each later one."""
    assert run("compact")[0] == 0
    aside = tmp_path_factory.mktemp("aside")
    (aside / "keys").mkdir()
    database, keys = f"--database={aside}/database", []
    for number in range(3):
        keys.append(f"--keys={aside}/keys/{number}")
        words = [keys[-1]] if number else [database, keys[-1]]
        assert run("backup", *words)[0] == 0
        assert run("compact", "--destroy")[0] == 0
    for each in keys:
        for path in place.glob("placement*.db*"):
            path.unlink()

        assert run("restore", database, each, "--older")[0] == 0
        assert run("fsck")[0] == 0


def test_without_a_backup_of_both_since_nothing_is_destroyed(
    place, run, tmp_path_factory
):
    """Each of the two, in whatever order, and none from before; nothing is left noted."""
    aside = tmp_path_factory.mktemp("aside")
    (aside / "keys").mkdir()

    def backup(*kinds):
        number = next(numbers)
        names = {"database": f"{aside}/{number}", "keys": f"{aside}/keys/{number}"}
        assert run("backup", *(f"--{kind}={names[kind]}" for kind in kinds))[0] == 0

    numbers = count()
    backup("database", "keys")
    assert run("compact")[0] == 0
    refused = [run("compact", "--destroy")]
    backup("keys")
    refused.append(run("compact", "--destroy"))
    backup("database")
    refused.append(run("compact", "--destroy"))
    noted = (place / "destroyed.json").exists()
    backup("keys")
    done = run("compact", "--destroy")

    for code, out, err in refused:
        assert (code, out) == (1, "")
        assert err.startswith("No backup of both since `compact` is noted in ")
        assert " Nothing was destroyed. " in err
    assert not noted
    assert done[1].startswith("Keys of older epochs destroyed: 2. ")


# Killed

WORKER = """
import sys
from pathlib import Path
from placement.config import load
from placement.crypto.custody import FileCustody
from placement.store import base, compaction
from placement.store.log import Store

base.PART, compaction.CHUNK = 4096, 50
settings = load(Path(sys.argv[1]))
store = Store.open(settings.database, FileCustody(settings.store_key))

def step(*_):
    print("step", flush=True)
    sys.stdin.readline()

compaction.compact(store, step)
compaction.retire(store, step)
print("done", flush=True)
"""


def work(place, steps):
    """Compact in another process, killed in a step; true if it got through before."""
    with subprocess.Popen(
        [sys.executable, "-c", WORKER, str(place / "placement.toml")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as worker:
        for number in count(1):
            line = worker.stdout.readline()
            if line == "step\n":
                worker.stdin.write("\n")
                worker.stdin.flush()
            if number == steps or line != "step\n":
                break
        if line == "step\n":
            worker.send_signal(signal.SIGKILL)
        worker.communicate(timeout=SECONDS)
    assert worker.returncode in {0, -signal.SIGKILL}
    return worker.returncode == 0


@pytest.mark.slow
def test_killed_anywhere_it_is_gone_on_with(place):
    """The log is what it was, between and in the end; a kill may come at any moment."""
    drawn = random.Random(41)
    with opened(place) as store:
        for number in range(20):
            append(store, [drawn.randbytes(300) for _ in range(20)], [b"%d" % number])
        before = list(store.tail(Head.GENESIS))
    kills, through = 0, False
    while not through and kills < 40:
        # Later and later: what was written is proven in one go, or again.
        through = work(place, 1 + drawn.randrange(8 + 6 * kills))
        kills += not through
        with opened(place) as store:
            assert list(store.tail(Head.GENESIS)) == before
            assert fsck.verify(store).revision == 401

    assert (through, kills > 5) == (True, True)
