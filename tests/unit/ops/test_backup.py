"""Backups are made while serving, and come back proven, or not at all."""

import os
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from kit.backups import STORED, Kept

from placement.errors import UnavailableError
from placement.ops import backup
from placement.ops.main import main
from placement.store import fsck
from placement.store.copying import Kind
from placement.store.engine import connect, writing

ROOT = Path(__file__).parents[3]


def test_what_was_backed_up_comes_back(kept, said):
    """All of it, under the root that the witness holds, where there was nothing."""
    with closing(kept.opened()) as store:
        head = store.read_head()
    kept.lose()

    assert kept.restore("--verify", kept.checkpoint) == 0
    text = said()
    root = kept.checkpoint.read_text("utf-8").split("\n")[2]
    assert f"{head.revision} events and {head.leaves} entries, root {root}." in text
    assert "It leads to that checkpoint." in text
    assert "when two officers have accepted it" in text
    with closing(kept.opened()) as store:
        assert fsck.verify(store, deeper=True) == head
    for name in STORED[:2]:
        assert (kept.folder / name).stat().st_mode & 0o777 == 0o600


def test_a_wrong_recipient_is_refused_before_anything(kept, said):
    """Nothing is copied for nothing."""
    kept.database.unlink()
    words = ("--database", kept.database, "--recipient", "age1nobody")

    assert kept.run("backup", *words) == 1
    assert "no public key of age" in said()
    assert not kept.database.exists()


def test_a_folder_that_is_not_there_is_named(kept, said):
    """Not the one that would be made in it."""
    aside = kept.folder / "nodir"

    assert kept.run("backup", "--database", aside / "db") == 1
    assert said() == f"{aside}: is no folder; nothing was written\n"


def test_a_backup_replaces_nothing(kept, said):
    """Neither of both files."""
    kept.database.unlink()
    content = kept.keys.read_bytes()

    assert kept.backup() == 1
    assert "is there already" in said()
    assert not kept.database.exists()
    assert kept.keys.read_bytes() == content


@pytest.mark.parametrize("command", ["backup", "restore"])
def test_database_and_keys_lie_apart(kept, said, command):
    """Whoever takes the one must not find the other beside it."""
    beside = kept.database.with_name("keys")

    assert kept.run(command, "--database", kept.database, "--keys", beside) == 1
    apart = said()
    assert kept.run(command) == 1
    unnamed = said()

    assert "The files of --database and --keys must not lie in one folder." in apart
    assert "Name a file with --database" in unnamed
    assert "placement.toml" not in apart + unnamed


def test_a_database_without_keys_on_an_empty_machine(kept, said):
    """It says what to give."""
    kept.lose()

    assert kept.run("restore", "--database", kept.database) == 1
    told = said()
    assert "The key store is not there." in told
    assert "give --keys FILE" in told


def test_what_does_not_verify_is_no_backup(kept, said):
    """It is read whole first, and the bad record is named."""
    admin = connect(f"sqlite:///{kept.folder}/placement.db")
    with writing(admin) as connection:
        connection.exec_driver_sql("UPDATE event SET blob = x'00' WHERE revision = 2")
    admin.dispose()
    for path in (kept.database, kept.keys):
        path.unlink()

    assert kept.backup() == 1
    assert "First bad record: event 2." in said()
    assert [*kept.database.parent.iterdir(), *kept.keys.parent.iterdir()] == []


def test_the_keys_alone(kept, said):
    """They are backed up more often, and come back beside the database that is there."""
    kept.serve("j")
    kept.keys.unlink()
    assert kept.run("backup", "--keys", kept.keys) == 0
    kept.lose("placement.keys.db")
    assert kept.run("restore", "--keys", kept.keys) == 0

    assert "goes on from the anchor" in said()
    assert kept.serve() == 3


def test_the_database_alone(kept, said):
    """Beside newer keys, which have some that it does not know."""
    database = ("--database", kept.database)
    kept.database.unlink()
    assert kept.run("backup", *database) == 0
    kept.serve("j")
    kept.lose("placement.db", "placement.anchor")
    assert kept.run("restore", *database, "--accept", kept.statement()) == 0

    assert kept.serve() == 2


@pytest.mark.parametrize("kind", Kind)
def test_half_of_a_restore_is_never_served(kept, said, monkeypatch, kind):
    """Killed before the keys, or between them and the database."""
    kept.lose("placement.db", "placement.keys.db")
    place = backup.place

    def killed(what, *rest):
        if what is kind:
            raise KeyboardInterrupt
        place(what, *rest)

    monkeypatch.setattr(backup, "place", killed)
    with pytest.raises(KeyboardInterrupt):
        kept.restore()
    monkeypatch.undo()
    with pytest.raises(UnavailableError):
        kept.serve()
    there = (kept.folder / "placement.keys.db").exists()
    files = ("--database", kept.database) if there else kept.files

    assert there == (kind is Kind.DATABASE)
    assert kept.run("restore", *files) == 0
    assert kept.serve() == 2


@pytest.mark.slow
def test_a_restore_that_is_killed_leaves_nothing_to_be_served(kept, said):
    """SIGKILL at some moments; then the same command does it."""
    kept.lose("placement.db", "placement.keys.db")
    command = [sys.executable, str(ROOT / "server.py"), "restore"]
    command += [*map(str, kept.files), "--settings", str(kept.settings)]
    for wait in (0.6, 0.9, 1.1):
        child = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)
        time.sleep(wait)
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
        if kept.run("fsck") == 0:
            break
        with pytest.raises(UnavailableError):
            kept.serve()
    else:
        keys = (kept.folder / "placement.keys.db").exists()
        files = ("--database", kept.database) if keys else kept.files
        assert kept.run("restore", *files) == 0

    assert kept.serve() == 2


def test_while_a_server_serves(kept, said):
    """What was answered before is in it, and nobody waits."""
    for path in (kept.database, kept.keys):
        path.unlink()
    with kept.serving() as submit:
        submit("j")
        assert kept.backup() == 0
        submit("k")
    kept.lose()
    assert kept.restore("--accept", kept.statement()) == 0

    assert kept.serve() == 3


@pytest.mark.slow
@pytest.mark.postgres
def test_a_postgresql_comes_back(tmp_path, postgres_url, capsys):
    """Into an emptied one; the key store is elsewhere, as it must be."""
    made = Kept(tmp_path, postgres_url)
    made.serve("h", "i")
    made.witness()
    assert made.backup() == 0
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
    made.lose()
    words = ("--verify", made.checkpoint, "--accept", made.statement())

    assert made.restore(*words) == 0
    assert "It leads to that checkpoint. Accepted, by kim" in capsys.readouterr().out
    assert made.serve() == 2
    assert made.run("fsck") == 0


@pytest.mark.postgres
def test_both_do_not_come_back_into_one_database(tmp_path, postgres_url, capsys):
    """Though it has two names, and nothing is in it."""
    made = Kept(tmp_path)
    assert made.backup() == 0
    text = f'database = "{postgres_url}"\nkeys = "{postgres_url}&application_name=a"\n'
    made.settings.write_text(text, "utf-8")
    capsys.readouterr()

    assert made.restore() == 1
    assert "name the same database" in capsys.readouterr().err
    with psycopg.connect(postgres_url) as connection:
        tables = connection.execute(
            "SELECT 1 FROM pg_tables WHERE schemaname = 'public'"
        )
        assert tables.fetchall() == []


def test_a_custodians_log_is_treated_alike(tmp_path, capsys):
    """With its own settings."""
    settings = tmp_path / "custodian.toml"
    settings.write_text('origin = "police.example.org/log"\n', "utf-8")
    rest = ("--settings", str(settings))
    assert main(["custodian", "init", *rest]) == 0
    files = []
    for kind in Kind:
        (tmp_path / kind).mkdir()
        files += [f"--{kind}", str(tmp_path / kind / "file")]
    assert main(["backup", *files, "--custodian", *rest]) == 0
    for path in tmp_path.glob("custodian*.db*"):
        path.unlink()
    assert main(["restore", *files, "--custodian", *rest]) == 0

    assert "goes on from the anchor" in capsys.readouterr().out
