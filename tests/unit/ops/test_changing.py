"""A store changes hands: from a file to a token, from one token to the next, or half."""

import os
import sqlite3
from contextlib import closing, contextmanager

import psycopg
import pytest
from kit.guessing import make_cheap
from kit.handed import WORDS, Place

from placement.crypto import changing as files
from placement.crypto.custody import OPRF_LABEL, FileCustody
from placement.crypto.keyfile import is_wrapped, open_signing
from placement.crypto.signing import LOG_LABEL
from placement.errors import UnavailableError
from placement.ops import changing
from placement.ops.alone import alone
from placement.ops.custodies import open_custody
from placement.store import compaction, postgres

KEYS = {"log.key": LOG_LABEL, "custodian.key": OPRF_LABEL}


class Killed(BaseException):
    """The command ends here."""


@pytest.fixture
def bare(tmp_path, monkeypatch):
    """A folder for one."""
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path / "credentials"))
    make_cheap(monkeypatch)
    before = os.umask(0o077)
    yield tmp_path
    os.umask(before)


@pytest.fixture
def place(bare):
    return Place(bare)


def test_from_a_file_to_a_token_to_another(place, capsys):
    """The keys stay what they are, and all that was sealed opens."""
    with closing(open_custody(place.load("file"))) as custody:
        log = open_signing(place.load("file").log_key, custody).public_key
    place.token("first")
    assert place.change("file", "first", "--destroy-old") == 0
    said = capsys.readouterr().out
    first = place.opens("first")
    place.token("second")
    assert place.run("first", "rotate") == 0
    assert place.change("first", "second") == 0

    assert first
    assert (place.opens("second"), place.opens("first")) == (True, False)
    assert not place.load("file").store_key.exists()
    assert "none has a trace of those. The old key is destroyed." in said
    for name, label in KEYS.items():
        assert is_wrapped(place.folder / name, label)
    with closing(open_custody(place.load("second"))) as custody:
        key = open_signing(place.folder / "log.key", custody)
        assert key.public_key == log
    assert place.run("second", "fsck") == 0


def test_whose_passphrase_is_asked_for_is_said(place, monkeypatch):
    """Two are typed, one after the other, and a wrong PIN counts against its token."""
    place.write("other", custody="passphrase", store_key="other.key")
    place.write("typed", custody="passphrase", store_key="words.key")
    asked = []

    def typed(sentence):
        asked.append(sentence)
        return "åtta hästar står stilla"

    monkeypatch.setattr("placement.ops.custodies.getpass", typed)
    assert place.create("words") == 0
    assert place.change("file", "words") == 0
    assert place.create("other") == 0
    assert place.change("typed", "other") == 0

    other = f"assphrase of the store's key, {place.folder / 'other.key'}: "
    assert asked == [
        f"P{other}",
        f"Once more. P{other}",
        f"The old custody. Passphrase of the store's key, {place.folder / 'words.key'}: ",
        f"The new custody. P{other}",
    ]


def test_the_next_key_goes_with_the_others(place):
    """From a plain file and from a wrapped one: it may be the key in force."""
    key = place.begin_changeover("file")
    place.create("words")
    place.token("token")

    assert place.change("file", "words", "--destroy-old") == 0
    assert is_wrapped(place.folder / "custodian.key.next", OPRF_LABEL)
    assert place.next_key("words") == key
    assert place.change("words", "token", "--destroy-old") == 0
    assert place.next_key("token") == key


def test_the_next_key_alone_goes_with_the_others(place):
    """An interrupted ``retire`` leaves it so, and goes on by the new custody."""
    key = place.begin_changeover("file")
    place.create("words")
    (place.folder / "custodian.key").unlink()

    assert place.change("file", "words", "--destroy-old") == 0
    assert place.next_key("words") == key


def test_no_key_is_destroyed_before_all_open(place, monkeypatch):
    """A next key that the new custody does not open keeps the old one there."""
    place.begin_changeover("file")
    place.create("words")
    beside = place.folder / "custodian.key.next"
    real = files.Change.file

    def forgetful(change, path, label):
        if path != beside:
            real(change, path, label)

    with monkeypatch.context() as patched:
        patched.setattr(files.Change, "file", forgetful)
        beside.write_bytes((place.folder / "words.key").read_bytes())

        assert place.change("file", "words", "--destroy-old") == 1
    assert place.load("file").store_key.exists()


def kill_at(monkeypatch, where, name, number):
    """End the command at the nth call of something."""
    real, left = getattr(where, name), [number]

    def killed(*args, **kwargs):
        left[0] -= 1
        if not left[0]:
            raise Killed
        return real(*args, **kwargs)

    monkeypatch.setattr(where, name, killed)


POINTS = [
    *((changing, "trace", number) for number in (1, 2, 5, 11, 13, 15, 17, 18, 19)),
    *((files, "write_file", number) for number in (1, 2, 3)),
    *((files, "destroy_file", number) for number in (1, 2, 3)),
    *((files, "settle", number) for number in (1, 3)),
    (changing, "_proven", 1),
    (changing, "files_of", 1),
]


@pytest.mark.parametrize(("where", "name", "number"), POINTS)
def test_whoever_is_interrupted_runs_it_again(place, monkeypatch, where, name, number):
    """Wherever that was, nothing is lost, and nothing is left of the old."""
    place.begin_changeover("file")
    place.create("words")
    with monkeypatch.context() as patched:
        kill_at(patched, where, name, number)
        with pytest.raises(Killed):
            place.change("file", "words")

    assert place.change("file", "words", "--destroy-old") == 0
    assert place.opens("words")
    assert place.run("words", "fsck") == 0
    assert sorted(path.name for path in place.folder.glob("*.old")) == []


def test_it_says_how_many_were_the_old_keys(place, capsys):
    """Run again, there are none left."""
    place.create("words")
    capsys.readouterr()
    place.change("file", "words")
    first = capsys.readouterr().out
    place.change("file", "words")
    second = capsys.readouterr().out

    assert first.startswith("Wrapped 11 keys and the key files anew; 17 were the old")
    assert second.startswith("Wrapped 11 keys and the key files anew; 0 were the old")


def test_copies_that_somebody_s_reading_kept_are_told(place, monkeypatch, capsys):
    """All is wrapped by the new custody by then; done again, it says so."""
    change = ("custody", "change", "--from", str(place.folder / "file.toml"))
    assert place.create("words") == 0
    with monkeypatch.context() as patched:
        patched.setattr("placement.store.rewrapping.purged", lambda *_: False)
        capsys.readouterr()
        first = place.run("words", *change)
        told = capsys.readouterr().err
    again = place.run("words", *change)

    assert (first, again) == (1, 0)
    assert "copies of what was replaced may be left in a database's files." in told


def test_settings_of_the_same_custody(place, capsys):
    """Nothing is to be done."""
    place.create("words")
    place.write("same", custody="passphrase", unlock=WORDS, store_key="words.key")
    capsys.readouterr()

    assert place.change("same", "words") == 1
    assert capsys.readouterr().err.startswith("Both settings name one custody")


def test_a_third_custody_changes_nothing(place, capsys):
    """Neither of the two opens what is there."""
    place.create("words")
    FileCustody.create(place.folder / "other.key")
    place.write("other", custody="file", store_key="other.key")

    assert place.change("other", "words") == 1
    assert place.opens("file")


def test_what_is_left_of_the_old_is_found(place, capsys):
    """A copy of a wrapped key that somebody made in the folder."""
    place.create("words")
    (place.folder / "copy.db").write_bytes(
        (place.folder / "placement.keys.db").read_bytes()
    )
    capsys.readouterr()
    code = place.change("file", "words")
    err = capsys.readouterr().err

    assert code == 1
    assert err.startswith(f"FOUND in {place.folder}/copy.db: what the old key wrapped.")
    assert place.opens("words")


def test_a_key_whose_cover_is_gone_is_left_as_it_is(place, monkeypatch, capsys):
    """Whoever compacted was killed before its row went."""
    place.create("words")
    assert place.run("file", "compact") == 0
    with monkeypatch.context() as patched:
        kill_at(patched, compaction, "add_keys", 1)
        with pytest.raises(Killed):
            place.run("file", "compact", "--destroy", "--without-backup")

    assert place.change("file", "words") == 0
    code = place.run("words", "compact", "--destroy", "--without-backup")
    assert code == 0, capsys.readouterr()
    assert place.opens("words")


def test_a_root_of_another_type_is_refused(place, capsys):
    """SQLite holds any type in any column."""
    place.create("words")
    with closing(sqlite3.connect(place.folder / "placement.keys.db")) as keys, keys:
        keys.execute("UPDATE root SET wrapped = 'text'")
    capsys.readouterr()

    assert place.change("file", "words") == 1
    assert capsys.readouterr().err.startswith("What is stored does not verify")


def test_a_file_that_can_t_be_replaced_is_named(place, monkeypatch, capsys):
    """And run again, it is."""

    def broken(*_, **__):
        raise OSError

    place.create("words")
    with monkeypatch.context() as patched:
        patched.setattr(files, "write_file", broken)
        code = place.change("file", "words")
    said = capsys.readouterr().err

    assert code == 1
    assert said == f"The key file {place.folder}/log.key can't be replaced.\n"
    assert place.change("file", "words") == 0


# While a server runs


def test_while_a_server_runs_nothing_is_changed(place, capsys):
    """It would begin its next epoch by the old key, which nobody has then."""
    place.create("words")
    capsys.readouterr()
    with alone(place.load("file")):
        code = place.change("file", "words", "--destroy-old")
    said = capsys.readouterr().err

    assert code == 1
    assert said.startswith("A server has this database: it would go on by the old key.")
    assert place.opens("file")
    assert place.change("file", "words", "--destroy-old") == 0


def test_no_server_starts_meanwhile(place, monkeypatch):
    """Nor serves what is half changed."""
    refused = []

    def tried(settings, custody):
        with pytest.raises(UnavailableError) as caught, alone(settings):
            raise AssertionError
        refused.append(caught.value.notes[0])
        return real(settings, custody)

    place.create("words")
    real = changing._proven
    monkeypatch.setattr(changing, "_proven", tried)

    assert place.change("file", "words") == 0
    assert refused[0].startswith("Another server has this database.")


@pytest.mark.postgres
def test_on_postgresql_whoever_is_connected_is_noticed(
    bare, postgres_url, monkeypatch, capsys
):
    """Before anything is changed, and once more before the old key goes."""
    monkeypatch.setattr(postgres, "_LEAVING", 1.0)
    place = Place(bare, database=postgres_url, keys=f"sqlite:///{bare}/keys.db")
    place.create("words")
    url = postgres_url.replace("+psycopg", "")
    with psycopg.connect(url):
        capsys.readouterr()
        running = place.change("file", "words", "--destroy-old")
        said = capsys.readouterr().err
        unchanged = place.opens("file")
    with monkeypatch.context() as patched, closing_later() as later:
        real = changing._proven

        def started(*given):
            later.append(psycopg.connect(url))
            return real(*given)

        patched.setattr(changing, "_proven", started)
        began = place.change("file", "words", "--destroy-old")
        told = capsys.readouterr().err

    assert (running, unchanged, began) == (1, True, 1)
    assert said.startswith("A server has this database")
    assert "Sessions of others in this database: 1;" in said
    assert told.startswith("All is wrapped by the new key, but a server has started")
    assert place.load("file").store_key.exists()
    assert place.change("file", "words", "--destroy-old") == 0
    assert place.opens("words")


@contextmanager
def closing_later():
    """Give a list of what is closed in the end."""
    later = []
    yield later
    for each in later:
        each.close()
