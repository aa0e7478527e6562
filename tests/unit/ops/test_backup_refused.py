"""What was cut, altered, of another store or encrypted for somebody else is refused."""

import tarfile
from dataclasses import replace

import pyrage
import pytest
from kit.backups import STORED, Kept, nothing_stored

from placement.ops import backup
from placement.store import archive
from placement.store.copying import Kind


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
    assert "The file is no backup of the database, but of the other" in said()


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
