"""Backups are made while serving, and come back proven, or not at all."""

import os
import signal
import subprocess
import sys
import tarfile
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import psycopg
import pyrage
import pytest
from kit.backups import STORED, Kept

from placement.audit.entry import parse
from placement.errors import PlacementError, UnavailableError
from placement.ops import backup
from placement.ops.main import main
from placement.store import archive, fsck
from placement.store.copying import Kind
from placement.store.engine import connect, writing

ROOT = Path(__file__).parents[3]


@pytest.fixture
def kept(tmp_path):
    """A server with two cases, backed up; its witness holds what there was."""
    made = Kept(tmp_path)
    made.serve("h", "i")
    made.witness()
    assert made.backup() == 0
    return made


@pytest.fixture
def said(kept, capsys):
    """Return a function that gives what was said, and on which stream."""
    capsys.readouterr()

    def read():
        out, err = capsys.readouterr()
        return out + err

    return read


def nothing_stored(kept):
    """Tell whether nothing was put in place, and nothing left behind."""
    left = [path.name for path in kept.folder.iterdir()]
    return not any(name.startswith((".placement-", *STORED[:2])) for name in left)


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


def test_nothing_serves_it_before_two_officers_accepted_it(kept, said):
    """Without an anchor nobody knows that it is the newest."""
    kept.lose()
    assert kept.restore("--verify", kept.checkpoint) == 0
    with pytest.raises(UnavailableError):
        kept.serve()
    statement = kept.statement()
    assert kept.run("older", "accept", statement) == 0

    assert kept.serve() == 2


def test_officers_may_accept_it_with_the_same_command(kept, said):
    """It is an entry, and then it is served."""
    kept.lose()
    statement = kept.statement()
    assert kept.restore("--verify", kept.checkpoint, "--accept", statement) == 0
    with closing(kept.opened()) as store:
        entry = parse(store.entries(store.read_head().leaves - 1, 1)[0].entry)

    assert "Accepted, by kim and robin, as entry 2." in said()
    assert (entry.action, entry.person) == ("DATABASE_ACCEPT", "kim and robin")
    assert kept.serve() == 2


@pytest.mark.parametrize("names", [("kim",), ("kim", "kim")])
def test_one_officer_is_not_enough(kept, said, names):
    """Then nothing is put in place; and nobody is told that something was altered."""
    kept.lose()
    statement = kept.statement(*names)

    assert kept.restore("--accept", statement) == 1
    assert "Nothing is served. Two officers have to sign" in said()
    assert nothing_stored(kept)


def test_officers_accept_the_one_database_that_they_signed_for(kept, said):
    """A statement of an earlier backup says nothing of this one."""
    statement = kept.statement()
    kept.serve("j")
    for path in (kept.database, kept.keys):
        path.unlink()
    assert kept.backup() == 0
    kept.lose()

    assert kept.restore("--accept", statement) == 1
    assert "of another database than this one" in said()
    assert nothing_stored(kept)


def test_only_a_database_is_accepted(kept, said):
    """Keys have no history."""
    kept.lose("placement.keys.db")
    keys = ("--keys", kept.keys)

    assert kept.run("restore", *keys, "--accept", kept.statement()) == 1
    assert "only a database is accepted" in said()


def test_with_the_anchor_nobody_has_to_accept_the_newest(kept, said):
    """It lay on another disk, and shows that nothing is missing."""
    kept.lose("placement.db", "placement.keys.db")

    assert kept.restore() == 0
    assert "goes on from the anchor and can be served" in said()
    assert kept.serve() == 2


@pytest.fixture
def late(kept, said):
    """The same after one more case, which is in no backup; the witness saw it."""
    kept.serve("j")
    kept.witness()
    return kept


def test_what_is_older_than_the_checkpoint_is_refused(late, said):
    """It says by how much, and puts nothing in place."""
    late.lose()

    assert late.restore("--verify", late.checkpoint) == 1
    assert "it has 2 entries, and the checkpoint 3" in said()
    assert nothing_stored(late)


def test_what_is_older_than_the_anchor_is_refused(late, said):
    """Without a checkpoint, too."""
    late.lose("placement.db", "placement.keys.db")

    assert late.restore() == 1
    assert "does not go on from the anchor" in said()
    assert nothing_stored(late)


@pytest.mark.parametrize("anchor", [True, False])
def test_what_is_older_is_put_in_place_unserved(late, said, anchor):
    """If somebody says so; then two officers have to."""
    late.lose(*STORED[: 2 if anchor else 3])
    assert late.restore("--verify", late.checkpoint, "--older") == 0
    text = said()
    assert "It is older than that checkpoint." in text
    assert "when two officers have accepted it" in text
    with pytest.raises(PlacementError):
        late.serve()
    assert late.run("older", "accept", late.statement()) == 0

    assert late.serve() == 2


def test_officers_accept_what_is_older_with_the_same_command(late, said):
    """The anchor is moved to it."""
    late.lose("placement.db", "placement.keys.db")
    assert late.restore("--verify", late.checkpoint, "--accept", late.statement()) == 0

    assert late.serve() == 2


def test_another_history_is_refused(kept, said):
    """As long as the witness's, but not the same; no option helps."""
    elsewhere = kept.carry("elsewhere")
    kept.serve("j")
    kept.witness()
    kept.lose()
    for name in STORED:
        (elsewhere / name).rename(kept.folder / name)
    kept.serve("k", "l")
    for path in (kept.database, kept.keys):
        path.unlink()
    assert kept.backup() == 0
    kept.lose()
    said()

    assert kept.restore("--verify", kept.checkpoint, "--older") == 1
    assert "another history" in said()
    assert nothing_stored(kept)


def test_an_anchor_of_a_later_epoch_is_no_obstacle(kept, said):
    """The backup can't open it, so it is older; that can be said."""
    assert kept.run("rotate") == 0
    kept.serve("j")
    kept.lose("placement.db", "placement.keys.db")

    assert kept.restore() == 1
    assert kept.restore("--older") == 0


def test_what_was_cut_is_refused(kept, said):
    """Wherever; and the other file alone puts nothing in place."""
    kept.lose()
    for path in (kept.database, kept.keys):
        content = path.read_bytes()
        for size in (0, 100, 700, len(content) // 2):
            path.write_bytes(content[:size])
            assert kept.restore() == 1
        path.write_bytes(content)

    assert "was cut or altered" in said()
    assert nothing_stored(kept)
    assert kept.restore() == 0


def test_an_altered_byte_is_refused(kept, said):
    """In the manifest, in the seal, in the copy."""
    kept.lose()
    for path in (kept.database, kept.keys):
        content = path.read_bytes()
        with tarfile.open(path) as tar:
            places = [(each.offset_data, each.size) for each in tar.getmembers()]
        for start, size in places:
            for place in (start + size // 3, start + size - 2):
                altered = bytearray(content)
                altered[place] ^= 1
                path.write_bytes(altered)
                assert kept.restore() == 1, (path.name, place)
        path.write_bytes(content)

    assert nothing_stored(kept)
    assert kept.restore() == 0


def resealed(path, **change):
    """Alter a manifest as somebody without the keys can."""
    copy = path.with_name("copy")
    with path.open("rb") as file:
        manifest, seal = archive.unpack(file, copy)
    told = replace(archive.Manifest.parse(manifest), **change)
    with path.open("wb") as file:
        archive.pack(file, told.render(), seal, copy)
    copy.unlink()


@pytest.mark.parametrize("change", [{"revision": 9}, {"made": "2030-01-01"}])
@pytest.mark.parametrize("kind", Kind)
def test_a_manifest_that_nobody_sealed_is_refused(kept, said, change, kind):
    """Whatever it claims."""
    resealed(getattr(kept, kind), **change)
    kept.lose()

    assert kept.restore() == 1
    assert "The manifest was altered." in said()


def test_a_pair_that_is_none_is_read_whole(kept, said, monkeypatch):
    """Keys that only claim to be of this database are no pair, and don't verify."""
    resealed(kept.keys, beside="0" * 64)
    kept.lose()
    read = []
    monkeypatch.setattr(backup, "_read_whole", lambda *_, **__: read.append(1))

    assert kept.restore() == 0
    assert read == [1]


@pytest.fixture
def other(tmp_path):
    """Another server, with backups of its own."""
    folder = tmp_path / "another server"
    folder.mkdir()
    made = Kept(folder)
    made.serve("h")
    assert made.backup() == 0
    return made


@pytest.mark.parametrize("whose", [("database",), ("keys",), ("database", "keys")])
def test_another_stores_backups_are_refused(kept, other, whose):
    """Its database, its keys, or both: they are not under these keys."""
    files = {"database": kept.database, "keys": kept.keys}
    files |= {kind: getattr(other, kind) for kind in whose}
    kept.lose()

    words = [word for kind in files for word in (f"--{kind}", files[kind])]
    assert kept.run("restore", *words) == 1
    assert nothing_stored(kept)


def test_one_file_for_the_other_is_refused(kept, said):
    """Each says what it is."""
    kept.lose()
    words = ("--database", kept.keys, "--keys", kept.database)

    assert kept.run("restore", *words) == 1
    assert "The file is no backup of the database." in said()


@pytest.mark.parametrize("name", STORED[:2])
def test_what_is_in_place_stays(kept, said, name):
    """One of both is enough to refuse."""
    kept.lose(*{*STORED[:2]} - {name})
    content = (kept.folder / name).read_bytes()

    assert kept.restore() == 1
    assert f"{name} is there already" in said()
    assert (kept.folder / name).read_bytes() == content


def test_the_journal_of_a_lost_database_is_not_taken_over(kept, said):
    """It may hold what the backup lacks."""
    kept.lose()
    (kept.folder / "placement.db-wal").write_bytes(b"newer")

    assert kept.restore() == 1
    assert "placement.db-wal lies there without its database" in said()


@pytest.fixture
def identity(tmp_path):
    """A recipient of age, and the file of its identity."""
    made = pyrage.x25519.Identity.generate()
    (tmp_path / "identity").write_text(str(made), "utf-8")
    return str(made.to_public()), tmp_path / "identity"


@pytest.fixture
def encrypted(kept, identity):
    """The same, encrypted."""
    for path in (kept.database, kept.keys):
        path.unlink()
    assert kept.backup("--recipient", identity[0]) == 0
    kept.lose()
    return kept


def test_encrypted_backups_come_back(encrypted, said, identity):
    """With the identity of a recipient."""
    head = encrypted.database.read_bytes()[:22]

    assert head == b"age-encryption.org/v1\n"
    assert encrypted.restore("--identity", identity[1]) == 0


def test_encrypted_backups_need_their_identity(encrypted, said, identity, tmp_path):
    """None, or somebody else's, opens nothing."""
    assert encrypted.restore() == 1
    assert "is encrypted: name a file with --identity" in said()
    other = tmp_path / "other identity"
    other.write_text(str(pyrage.x25519.Identity.generate()), "utf-8")

    assert encrypted.restore("--identity", other) == 1
    assert "The identity is not of a recipient" in said()
    assert nothing_stored(encrypted)


def test_an_encrypted_backup_that_was_cut_is_refused(encrypted, said, identity):
    """Also at the end of one of its pieces."""
    content = encrypted.database.read_bytes()
    for size in (len(content) - 1, len(content) // 2, 300):
        encrypted.database.write_bytes(content[:size])
        assert encrypted.restore("--identity", identity[1]) == 1

    assert nothing_stored(encrypted)


def test_a_wrong_recipient_is_refused_before_anything(kept, said):
    """Nothing is copied for nothing."""
    kept.database.unlink()
    words = ("--database", kept.database, "--recipient", "age1nobody")

    assert kept.run("backup", *words) == 1
    assert "no public key of age" in said()
    assert not kept.database.exists()


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
    assert "must not lie in one folder" in said()
    assert kept.run(command) == 1
    assert "name a file" in said()


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


def test_keys_that_are_too_old_are_refused(late, said):
    """A key is missing, and nothing says that it was erased."""
    late.lose("placement.keys.db")

    assert late.run("restore", "--keys", late.keys) == 1
    assert "First bad record: " in said()
    assert not (late.folder / "placement.keys.db").exists()


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
