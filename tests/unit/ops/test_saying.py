"""What operators read: damage is told as damage, and a slip as what it is."""

import pytest

from placement.ops.main import main

SUSPECTED = "does not verify, or the key is another store's"
OF = "is not the private key of {0}"
LACKS = "has no list that verifies, of an authority in {0}"
DATABASE, KEYS = "placement.db", "placement.keys.db"


def spoilt(content):
    """Give what may be left of a file."""
    half = len(content) // 2
    return {
        "half": content[:half],
        "a page": content[:4096],
        "less": content[:100],
        "other pages": content[:4096].ljust(len(content), b"\xff"),
        "another file": b"x" * len(content),
    }


@pytest.mark.parametrize("name", [DATABASE, KEYS])
@pytest.mark.parametrize(
    "left", ["half", "a page", "less", "other pages", "another file"]
)
def test_a_cut_or_damaged_file_is_told_as_that(kept, said, name, left):
    """Whoever finds it; nobody is sent to look for a lock or a network."""
    path = kept.folder / name
    for end in ("-wal", "-shm"):
        path.with_name(name + end).unlink(missing_ok=True)
    content = path.read_bytes()
    path.write_bytes(spoilt(content)[left])
    aside = kept.folder / "new"
    words = ("--database", aside, "--keys", kept.folder / "other" / "new")
    told = {}
    for command in (("fsck",), ("serve",), ("backup", *words)):
        assert kept.run(*command) == 1
        told[command[0]] = said()

    for each in told.values():
        assert " is damaged, or was cut. Change nothing: " in each, told
    assert f" {name} is damaged" in told["fsck"]
    assert told["serve"].startswith("Nothing is served. ")
    assert not aside.exists()


def test_the_two_files_swapped(kept, said):
    """Nobody altered anything."""
    kept.lose()
    files = ("--database", kept.keys, "--keys", kept.database)

    assert kept.run("restore", *files) == 1
    assert said() == (
        "Nothing was put in place. The file is no backup of the database, but of the other:"
        " are --database and --keys swapped?\n"
    )


def test_keys_from_before_the_database(kept, said):
    """The likeliest slip of all; where it shows is told behind it."""
    kept.serve("later")
    database = kept.folder / "later"
    assert kept.run("backup", "--database", database) == 0
    kept.lose(*(DATABASE, KEYS))
    said()

    assert kept.run("restore", "--database", database, "--keys", kept.keys) == 1
    told = said()
    assert told.startswith(
        "Nothing was put in place.\nThe keys are older than the database: take a backup"
    )
    assert "First bad record: event " in told


def test_older_than_the_checkpoint(kept, said):
    """It is another backup, or another checkpoint, that is wanted."""
    kept.serve("later")
    kept.witness()
    kept.lose()

    assert kept.restore("--verify", kept.checkpoint) == 1
    told = said()
    assert told.startswith("Nothing was put in place. The backup is older than the ")
    assert SUSPECTED not in told


def test_an_anchor_that_is_empty_and_one_that_saw_more(kept, said):
    """Neither is served, and it is said why."""
    anchor = kept.folder / "placement.anchor"
    content = anchor.read_bytes()
    anchor.write_bytes(b"")
    assert kept.run("serve") == 1
    empty = said()
    anchor.write_bytes(content)
    before = kept.carry("before")
    kept.serve("later")
    kept.lose(DATABASE)
    (kept.folder / DATABASE).write_bytes((before / DATABASE).read_bytes())
    said()

    assert empty.startswith("Nothing is served. The anchor is empty. ")
    assert kept.run("serve") == 1
    told = said()
    assert told.startswith("Nothing is served.\nThe database does not continue from ")
    assert "It ends after " in told


def test_what_has_no_sentence_of_its_own_is_suspected(kept, said):
    """As ever."""
    (kept.folder / "store.key").unlink()
    other = kept.folder / "elsewhere"
    other.mkdir()
    settings = other / "placement.toml"
    settings.write_text("", "utf-8")
    assert main(["init", "--settings", str(settings)]) == 0
    (kept.folder / "store.key").write_bytes((other / "store.key").read_bytes())
    (kept.folder / "store.key").chmod(0o600)
    said()

    assert kept.run("fsck") == 1
    assert SUSPECTED in said()


@pytest.mark.parametrize(
    ("setting", "file", "expected"),
    [
        (
            "certificate",
            "log.key",
            "{0}log.key is no certificate (setting certificate)",
        ),
        (
            "certificate",
            "pki/ca.pem",
            f"{{0}}pki/server.key {OF}pki/ca.pem (setting key)",
        ),
        ("key", "log.key", f"{{0}}log.key {OF}pki/server.pem (setting key)"),
        ("key", "pki/ca.key", f"{{0}}pki/ca.key {OF}pki/server.pem (setting key)"),
        (
            "authority",
            "pki/crl.pem",
            "{0}pki/crl.pem is no certificate (setting authority)",
        ),
        (
            "authority",
            "pki/server.pem",
            f"{{0}}pki/crl.pem {LACKS}pki/server.pem (setting revocations)",
        ),
        (
            "revocations",
            "pki/ca.pem",
            f"{{0}}pki/ca.pem {LACKS}pki/ca.pem (setting revocations)",
        ),
    ],
)
def test_a_wrong_file_in_the_settings_is_named(filled, run, setting, file, expected):
    """Nothing that is stored was altered; where two do not fit, both are."""
    with (filled / "placement.toml").open("a", encoding="utf-8") as settings:
        settings.write(f'{setting} = "{file}"\n')
    code, out, err = run("serve")

    assert (code, out) == (1, "")
    assert err == f"Nothing is served. {expected.format(f'{filled}/')}.\n"
