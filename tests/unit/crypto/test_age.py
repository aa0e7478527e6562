"""Files that leave the house open for their recipients alone."""

import sys
from io import BytesIO

import pyrage
import pytest

from placement.crypto.age import decrypt, encrypt, is_encrypted
from placement.errors import TamperedError, UnavailableError

CONTENT = b"content " * 20_000


@pytest.fixture
def pair(tmp_path):
    """A recipient, and the file of its identity as age-keygen writes it."""
    identity = pyrage.x25519.Identity.generate()
    file = tmp_path / "identity"
    file.write_text(f"# created: today\n\n{identity}\n", "utf-8")
    return str(identity.to_public()), file


def encrypted(*recipients):
    target = BytesIO()
    encrypt(BytesIO(CONTENT), target, recipients)
    return target.getvalue()


def decrypted(content, identity):
    target = BytesIO()
    decrypt(BytesIO(content), target, identity)
    return target.getvalue()


def test_each_recipient_opens_it(pair, tmp_path):
    """Alone, and the content is the same."""
    recipient, file = pair
    other = pyrage.x25519.Identity.generate()
    found = encrypted(str(other.to_public()), recipient)

    assert decrypted(found, file) == CONTENT
    assert CONTENT[:64] not in found


def test_it_is_the_standard_format(pair):
    """So the library opens it by itself, and a file is known by its first line."""
    recipient, file = pair
    found = encrypted(recipient)
    path = file.with_name("backup")
    path.write_bytes(found)
    identity = pyrage.x25519.Identity.from_str(file.read_text("utf-8").split()[-1])

    assert pyrage.decrypt(found, [identity]) == CONTENT
    assert is_encrypted(path)
    assert not is_encrypted(file)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda content: content[:40],
        lambda content: content[:-1],
        lambda content: content[: len(content) // 2],
        lambda content: content[:900] + bytes([content[900] ^ 1]) + content[901:],
    ],
    ids=["header", "last byte", "half", "a bit"],
)
def test_what_was_cut_or_altered_is_refused(pair, spoil):
    """Wherever it was."""
    recipient, file = pair
    with pytest.raises(TamperedError):
        decrypted(spoil(encrypted(recipient)), file)


def test_another_identity_is_refused(pair, tmp_path):
    """Who is no recipient opens nothing."""
    other = str(pyrage.x25519.Identity.generate().to_public())
    with pytest.raises(TamperedError) as caught:
        decrypted(encrypted(other), pair[1])

    assert "not of a recipient" in caught.value.notes[0]


def test_a_full_disk_is_no_altered_file(pair):
    """What the disk says stays what it says."""

    class Full(BytesIO):
        def write(self, _content):
            raise OSError(28, "No space left on device")

    recipient, file = pair
    content = encrypted(recipient)
    with pytest.raises(OSError, match="No space"):
        decrypt(BytesIO(content), Full(), file)


@pytest.mark.parametrize("text", ["", "age1", "ssh-ed25519 AAAA"])
def test_what_is_no_recipient_is_refused(text):
    """Before anything is encrypted."""
    with pytest.raises(ValueError, match="no public key of age"):
        encrypted(text)


@pytest.mark.parametrize("text", ["", "# nothing\n", "AGE-SECRET-KEY-1NO\n"])
def test_what_is_no_identity_is_refused(pair, text):
    """The file is named, and nothing that stands in it."""
    pair[1].write_text(text, "utf-8")
    with pytest.raises(
        ValueError, match="identity: holds no identity of age"
    ) as caught:
        decrypted(encrypted(pair[0]), pair[1])

    assert "SECRET" not in str(caught.value)


def test_without_the_library_it_says_what_to_install(monkeypatch):
    """It is an extra."""
    monkeypatch.setitem(sys.modules, "pyrage", None)
    with pytest.raises(UnavailableError) as caught:
        encrypted("age1")

    assert "placement[backup]" in caught.value.notes[0]
