"""Key files are read only in their one form; wrapped keys only in their context."""

import base64

import pytest

from placement.crypto.custody import (
    KEK_LABEL,
    OPRF_LABEL,
    FileCustody,
    InMemory,
    read_secret,
    write_line,
    write_secret,
)
from placement.crypto.sealing import Sealer, context
from placement.crypto.signing import SigningKey
from placement.errors import ConflictError, TamperedError, UnavailableError

HERE = context(b"event", 1)
SECRET = bytes(range(32))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "kek"


def test_a_wrapped_key_unwraps_in_its_context(path):
    """What generate made, unwrap returns, also after the file is read again."""
    wrapped, key = FileCustody.create(path).generate(HERE)

    assert FileCustody(path).unwrap(wrapped, HERE) == key
    assert len(key) == 32
    assert key not in wrapped


def test_a_given_key_can_be_wrapped(path):
    """Wrap takes a key made elsewhere."""
    custody = FileCustody.create(path)

    assert custody.unwrap(custody.wrap(SECRET, HERE), HERE) == SECRET


def test_generated_keys_differ(path):
    """Every data key is fresh."""
    custody = FileCustody.create(path)

    assert custody.generate(HERE)[1] != custody.generate(HERE)[1]


def test_another_context_or_custody_is_refused(path, tmp_path):
    """A wrapped key opens neither elsewhere nor under another key file."""
    custody = FileCustody.create(path)
    wrapped, _ = custody.generate(HERE)

    with pytest.raises(TamperedError):
        custody.unwrap(wrapped, context(b"event", 2))
    with pytest.raises(TamperedError):
        FileCustody.create(tmp_path / "other").unwrap(wrapped, HERE)
    with pytest.raises(TamperedError):
        custody.unwrap(wrapped[:-1], HERE)


def test_a_key_of_another_length_is_refused(path):
    """Data keys have 32 bytes, going in and coming out."""
    custody = FileCustody.create(path)
    wrapping = context(b"placement-wrap-v1") + HERE
    short = Sealer(read_secret(path, KEK_LABEL)).seal(bytes(16), context=wrapping)

    with pytest.raises(ValueError, match="32 bytes"):
        custody.wrap(bytes(16), HERE)
    with pytest.raises(TamperedError):
        custody.unwrap(short, HERE)


def test_the_file_is_one_line_for_its_owner(path):
    """The file holds the label and 32 bytes in base64, and has mode 0600."""
    FileCustody.create(path)
    label, _, rest = path.read_text().partition(":")

    assert label == "placement-kek-v1"
    assert len(base64.b64decode(rest)) == 32
    assert path.stat().st_mode & 0o777 == 0o600


def test_an_existing_file_is_left_alone(path):
    """Creating twice is refused, and so is writing through a link."""
    FileCustody.create(path)
    before = path.read_bytes()
    link = path.with_name("link")
    link.symlink_to(path.with_name("absent"))

    with pytest.raises(ConflictError):
        FileCustody.create(path)
    with pytest.raises(ConflictError):
        FileCustody.create(link)
    assert path.read_bytes() == before


def test_an_unwritable_place_is_refused(tmp_path):
    """A missing directory is an answer, not a crash."""
    with pytest.raises(UnavailableError):
        FileCustody.create(tmp_path / "absent" / "kek")


def test_a_missing_file_is_refused(path):
    """No key file, no custody; one that is there, and no file, is told from none."""
    with pytest.raises(UnavailableError) as missing:
        FileCustody(path)
    path.mkdir()
    with pytest.raises(UnavailableError) as unread:
        FileCustody(path)

    assert missing.value.notes == [f"The key file {path} is not there."]
    assert unread.value.notes == [f"The key file {path} can't be read."]


@pytest.mark.parametrize("mode", [0o640, 0o620, 0o610, 0o604, 0o602, 0o601])
def test_a_file_open_to_others_is_refused(path, mode):
    """Any right of group or others is one too many."""
    FileCustody.create(path)
    path.chmod(mode)

    with pytest.raises(UnavailableError) as caught:
        FileCustody(path)
    assert caught.value.notes == [
        f"The key file {path} is open to group or others; use mode 0600."
    ]


def line(secret=SECRET, label=KEK_LABEL, end=b"\n"):
    return label.encode() + b":" + base64.b64encode(secret) + end


@pytest.mark.parametrize(
    "content",
    [
        b"",
        line(label=OPRF_LABEL),
        line(label="placement-kek-v2"),
        line(SECRET[:-1]),
        line(SECRET + b"\0"),
        line(end=b""),
        line(end=b"\r\n"),
        line(end=b"\n\n"),
        line() + line(),
        line().replace(b"=", b""),
        line().replace(b"A", b"!"),
        b" " + line(),
        b"placement-kek-v1:" + b"A" * 400 + b"\n",
        line()[:-3] + b"9=\n",
    ],
)
def test_any_other_content_is_refused(path, content):
    """Nothing but the one line opens, and the error does not repeat it."""
    path.touch(0o600)
    path.write_bytes(content)

    with pytest.raises(UnavailableError) as caught:
        FileCustody(path)
    assert "placement-kek" not in str(caught.value) + str(caught.value.notes)


def test_another_key_file_is_kept_apart(path):
    """The custodian's key file has its own label."""
    write_secret(path, OPRF_LABEL, SECRET)

    assert read_secret(path, OPRF_LABEL) == SECRET
    with pytest.raises(UnavailableError):
        read_secret(path, KEK_LABEL)


def test_a_key_file_holds_32_bytes(path):
    """A shorter secret is never written."""
    with pytest.raises(ValueError, match="32 bytes"):
        write_secret(path, OPRF_LABEL, bytes(31))
    assert not path.exists()


def test_repr_shows_the_type_only(path):
    """A custody never prints its key."""
    assert repr(FileCustody.create(path)) == "FileCustody()"


def test_it_signs_under_a_wrapped_seed(path):
    """In its context alone; the seed itself is in no file."""
    custody = FileCustody.create(path)
    blob = custody.wrap(SECRET, HERE)

    assert custody.sign(blob, HERE, b"text") == SigningKey(SECRET).sign(b"text")
    with pytest.raises(TamperedError):
        custody.sign(blob, context(b"event", 2), b"text")


def test_destroyed_is_destroyed(path):
    """The file is gone; destroying it twice is told."""
    custody = FileCustody.create(path)
    custody.destroy()

    assert not path.exists()
    with pytest.raises(UnavailableError):
        custody.destroy()


def test_what_all_custodies_share_wraps_nothing_itself():
    """Each says how."""
    assert InMemory.__abstractmethods__ == {"wrap", "unwrap"}
    with pytest.raises(TypeError):
        InMemory()


def test_half_a_key_file_is_not_left(tmp_path, monkeypatch):
    """On a full disk; it would be in the way of the next try."""

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(UnavailableError):
        write_line(tmp_path / "key", b"line\n")

    assert list(tmp_path.iterdir()) == []
