"""A key file under a passphrase opens with it alone, and costs what it says."""

import pytest

from placement.crypto.custody import KEK_LABEL, write_secret
from placement.crypto.passphrase import Cost, PassphraseCustody
from placement.crypto.sealing import context
from placement.crypto.signing import SigningKey
from placement.errors import (
    ConflictError,
    InvalidInputError,
    TamperedError,
    UnavailableError,
)

HERE = context(b"event", 1)
SECRET = bytes(range(32))
WORDS = "åtta hästar står stilla".encode()
CHEAP = Cost(memory=1 << 16)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """One file for all: each guess costs a quarter of a second."""
    path = tmp_path_factory.mktemp("custody") / "kek"
    return path, PassphraseCustody.create(path, WORDS, SECRET, CHEAP)


@pytest.fixture
def copy(made, tmp_path):
    """A copy that a test may spoil."""
    path = tmp_path / "kek"
    path.touch(0o600)
    path.write_bytes(made[0].read_bytes())
    return path


def refused(path, passphrase=WORDS):
    with pytest.raises(UnavailableError) as caught:
        PassphraseCustody(path, passphrase)
    (note,) = caught.value.notes
    return note.removeprefix(f"The key file {path} ")


def test_it_opens_with_its_passphrase(made):
    """What was wrapped unwraps, in its context."""
    path, custody = made
    wrapped, key = custody.generate(HERE)
    again = PassphraseCustody(path, WORDS)

    assert again.unwrap(wrapped, HERE) == key
    assert again.secret.secret == SECRET
    with pytest.raises(TamperedError):
        again.unwrap(wrapped, context(b"event", 2))
    with pytest.raises(ValueError, match="32 bytes"):
        again.wrap(bytes(16), HERE)


def test_another_passphrase_is_refused(made):
    """And told no more than that."""
    assert refused(made[0], WORDS + b"!") == "does not open with this passphrase."
    assert refused(made[0], b"") == "does not open with this passphrase."


def test_the_file_is_one_line_for_its_owner(made):
    """Its parameters can be read, the key can't."""
    path, _ = made
    text = path.read_text("ascii")

    assert text.startswith("placement-kek-v2:argon2id:65536:3:4:")
    assert text.count("\n") == 1
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_file_costs_what_rfc_9106_recommends_at_least():
    """The second recommended option is the least; there is a most."""
    assert Cost() == Cost(memory=1 << 18, iterations=3, lanes=4)
    for parts in (
        (1 << 15, 3, 4),
        (1 << 22, 3, 4),
        (1 << 16, 2, 4),
        (1 << 16, 17, 4),
        (1 << 16, 3, 0),
        (1 << 16, 3, 17),
    ):
        with pytest.raises(ValueError, match="64 MiB"):
            Cost(*parts)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("kek-v2", "kek-v3", "is of another kind or version."),
        ("argon2id", "scrypt", "is of another kind or version."),
        (":65536:", ":65535:", "is damaged."),
        (":65536:", ":9999999:", "is damaged."),
        (":65536:", ":65537:", "does not open with this passphrase."),
        (":3:4:", ":3:5:", "does not open with this passphrase."),
        ("\n", "", "is of another kind or version."),
        ("\n", "\n\n", "is of another kind or version."),
        (":3:4:", ":3:4:AAAA", "is damaged."),
    ],
)
def test_an_altered_file_is_refused(copy, old, new, expected):
    """Before anything costly is computed, where that can be told."""
    copy.write_text(copy.read_text("ascii").replace(old, new, 1), "ascii")

    assert refused(copy) == expected


def test_an_altered_key_is_refused(copy):
    """As a wrong passphrase is."""
    text = copy.read_text("ascii")
    copy.write_text(text[:-10] + ("A" if text[-10] != "A" else "B") + text[-9:])

    assert refused(copy) == "does not open with this passphrase."


def test_a_plain_key_file_is_refused(tmp_path):
    """The development's file is another kind."""
    write_secret(tmp_path / "kek", KEK_LABEL, SECRET)

    assert refused(tmp_path / "kek") == "is of another kind or version."
    assert refused(tmp_path / "none") == "is not there."


def test_a_file_open_to_others_is_refused(copy):
    """A thief of the file may try passphrases for as long as he likes."""
    copy.chmod(0o640)

    assert refused(copy) == "is open to group or others; use mode 0600."


def test_a_short_passphrase_is_refused(tmp_path):
    """Nothing is written."""
    with pytest.raises(InvalidInputError) as caught:
        PassphraseCustody.create(tmp_path / "kek", b"fifteen letters", cost=CHEAP)
    assert caught.value.field == "passphrase"
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_there_is_left_alone(copy):
    """What is there wraps something already."""
    before = copy.read_bytes()

    with pytest.raises(ConflictError):
        PassphraseCustody.create(copy, WORDS, cost=CHEAP)
    assert copy.read_bytes() == before


def test_it_signs(made):
    """Under a wrapped seed, and in its context alone."""
    _, custody = made
    blob = custody.wrap(SECRET, HERE)

    assert custody.sign(blob, HERE, b"text") == SigningKey(SECRET).sign(b"text")
    with pytest.raises(TamperedError):
        custody.sign(blob, context(b"event", 2), b"text")


def test_destroyed_is_destroyed(copy):
    """The file is gone; destroying it twice is told."""
    custody = PassphraseCustody(copy, WORDS)
    custody.destroy()

    assert not copy.exists()
    with pytest.raises(UnavailableError) as caught:
        custody.destroy()
    assert caught.value.notes == [f"The key file {copy} can't be destroyed."]


def test_a_machine_without_argon2_is_told(copy, monkeypatch):
    """An OpenSSL before 3.2 has none; so has a machine without the memory."""

    def none(**_):
        raise MemoryError

    monkeypatch.setattr("placement.crypto.passphrase.Argon2id", none)
    with pytest.raises(UnavailableError):
        PassphraseCustody(copy, WORDS)


def test_repr_shows_the_type_only(made):
    """Neither shows its key."""
    assert repr(made[1]) == "PassphraseCustody()"
    assert repr(made[1].secret) == "KekSecret()"


def test_what_was_not_made_is_not_there(tmp_path, monkeypatch):
    """Whoever breaks off, or whose file can't be read back, may begin again."""
    path = tmp_path / "kek"

    def broken_off(*_):
        assert path.exists()
        raise KeyboardInterrupt

    monkeypatch.setattr("placement.crypto.passphrase._read", broken_off)
    with pytest.raises(KeyboardInterrupt):
        PassphraseCustody.create(path, WORDS, SECRET, CHEAP)
    assert not path.exists()


def test_room_for_a_key_is_seen_without_making_one(tmp_path, monkeypatch):
    """A file that is there, if only a link to nothing, and a folder that can't be written."""
    PassphraseCustody.require_room(tmp_path / "kek", WORDS)
    (tmp_path / "link").symlink_to(tmp_path / "nothing")
    with pytest.raises(ConflictError):
        PassphraseCustody.require_room(tmp_path / "link", WORDS)
    with pytest.raises(InvalidInputError):
        PassphraseCustody.require_room(tmp_path / "kek", b"short")
    with pytest.raises(UnavailableError) as caught:
        PassphraseCustody.require_room(tmp_path / "none" / "kek", WORDS)

    assert caught.value.notes == [
        f"The key file {tmp_path / 'none' / 'kek'} can't be written."
    ]
    assert [each.name for each in tmp_path.iterdir()] == ["link"]
