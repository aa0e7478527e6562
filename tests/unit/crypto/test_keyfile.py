"""What lies on the disk opens with its custody alone."""

import base64

import pytest

from placement.crypto.custody import OPRF_LABEL, FileCustody, write_secret
from placement.crypto.keyfile import (
    create_signing,
    is_wrapped,
    open_signing,
    read_key,
    secret_in,
    write_wrapped,
)
from placement.crypto.signing import LOG_LABEL, SigningKey, verify
from placement.errors import ConflictError, TamperedError, UnavailableError

SECRET = bytes(range(32))


@pytest.fixture
def custody(tmp_path):
    return FileCustody.create(tmp_path / "kek")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "key"


def spoil(path, old, new):
    path.write_bytes(path.read_bytes().replace(old, new, 1))


def test_a_wrapped_key_is_read_with_its_custody(custody, path, tmp_path):
    """And with no other; the key itself is not in the file."""
    write_wrapped(path, OPRF_LABEL, SECRET, custody)

    assert read_key(path, OPRF_LABEL, custody) == SECRET
    assert is_wrapped(path, OPRF_LABEL)
    assert base64.b64encode(SECRET) not in path.read_bytes()
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(TamperedError):
        read_key(path, OPRF_LABEL, FileCustody.create(tmp_path / "other"))


def test_a_plain_key_is_read_too(custody, path):
    """For development; who may not have one is told elsewhere."""
    write_secret(path, OPRF_LABEL, SECRET)

    assert read_key(path, OPRF_LABEL, custody) == SECRET
    assert not is_wrapped(path, OPRF_LABEL)


def test_a_key_that_signs_stays_with_its_custody(custody, path):
    """Its public half is the same each time, and its signature verifies."""
    made = create_signing(path, custody)
    again = open_signing(path, custody)

    assert again.public_key == made.public_key
    verify(made.public_key, b"text", again.sign(b"text"))
    assert repr(again) == "HeldKey()"
    with pytest.raises(ConflictError):
        create_signing(path, custody)


def test_a_plain_key_signs_too(custody, path):
    """For development."""
    made = SigningKey.create(path)

    assert open_signing(path, custody).public_key == made.public_key


def test_no_file_takes_anothers_place(custody, tmp_path):
    """Label and public half are part of what was wrapped."""
    log, oprf, other = tmp_path / "log", tmp_path / "oprf", tmp_path / "other"
    create_signing(log, custody)
    create_signing(other, custody)
    write_wrapped(oprf, OPRF_LABEL, SECRET, custody)

    with pytest.raises(UnavailableError):
        open_signing(oprf, custody)
    spoil(oprf, OPRF_LABEL.encode(), LOG_LABEL.encode())
    with pytest.raises(UnavailableError):
        open_signing(oprf, custody)
    with pytest.raises(UnavailableError):
        read_key(log, LOG_LABEL, custody)
    first, second = (path.read_bytes().split(b":") for path in (log, other))
    log.write_bytes(b":".join([first[0], second[1], first[2]]))
    with pytest.raises(TamperedError):
        open_signing(log, custody).sign(b"text")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"\n", b""),
        (b"\n", b"\n\n"),
        (b"wrapped:", b"wrapped:!"),
        (b"wrapped:", b"wrapped:AAAA:AAAA:"),
        (b"wrapped:", b"wrapped: "),
    ],
)
def test_any_other_form_is_refused(custody, path, old, new):
    """A key file has one form."""
    create_signing(path, custody)
    spoil(path, old, new)

    with pytest.raises(UnavailableError):
        open_signing(path, custody)


def test_a_file_open_to_others_is_refused(custody, path):
    """Wrapped or not."""
    create_signing(path, custody)
    path.chmod(0o644)

    with pytest.raises(UnavailableError):
        open_signing(path, custody)
    with pytest.raises(UnavailableError):
        is_wrapped(path.with_name("none"), LOG_LABEL)


def test_a_plain_key_can_be_split_too(custody, path):
    """It is what stands in the file."""
    write_secret(path, OPRF_LABEL, SECRET)

    assert secret_in(path, OPRF_LABEL, custody) == SECRET
