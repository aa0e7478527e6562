"""Key files that a custody wrapped: what lies on the disk opens with the custody alone.

One line; of a key that signs, its public half stands beside it::

    LABEL-wrapped:BLOB
    LABEL-wrapped:PUBLIC:BLOB

both in base64. The context of the blob is the label and the public half, so that no
file can take another's place.

Invariants:
    * a plain file (``custody.read_secret``) is read as well, for development; whether
      it may be is decided above this room;
    * what signs never leaves its custody.
"""

import base64
import binascii
import secrets
from pathlib import Path
from typing import Final, Protocol

from placement.crypto.custody import (
    Custody,
    WrappedKey,
    read_line,
    read_secret,
    refuse,
    write_line,
)
from placement.crypto.sealing import context
from placement.crypto.signing import LOG_LABEL, SEED_SIZE, SigningKey

_LINE_LIMIT: Final = 1024  # bytes
_MARK: Final = b"-wrapped:"
_PUBLIC: Final = 32  # bytes
_PARTS: Final = 2


class Signing(Protocol):
    """Signs with Ed25519 under one key."""

    @property
    def public_key(self) -> bytes:
        """Return what others pin, 32 bytes."""
        ...

    def sign(self, message: bytes) -> bytes:
        """Return the signature, 64 bytes."""
        ...


class HeldKey:
    """A key that signs inside its custody.

    Args:
        custody: holds it.
        blob: its seed, wrapped.
        place: what it was wrapped for.
        public_key: 32 bytes.
    """

    __slots__ = ("_blob", "_custody", "_place", "public_key")

    def __init__(
        self, custody: Custody, blob: bytes, place: bytes, public_key: bytes
    ) -> None:
        self._custody = custody
        self._blob = blob
        self._place = place
        self.public_key = public_key

    def __repr__(self) -> str:
        """Return the type only."""
        return "HeldKey()"

    def sign(self, message: bytes) -> bytes:
        """Return the signature, 64 bytes; the same for the same message.

        Raises:
            TamperedError: the wrapped seed does not open.
            UnavailableError: the custody does not answer.
        """
        return self._custody.sign(self._blob, self._place, message)


def is_wrapped(path: Path, label: str) -> bool:
    """Tell whether a key file opens with a custody alone.

    Raises:
        UnavailableError: missing, or open to others.
    """
    return read_line(path, _LINE_LIMIT).startswith(label.encode() + _MARK)


def write_wrapped(path: Path, label: str, secret: bytes, custody: Custody) -> None:
    """Wrap a key into a new file.

    Args:
        path: a file that does not exist yet.
        label: kind and version of the key.
        secret: 32 bytes.
        custody: wraps it.

    Raises:
        ConflictError: the file exists; it is left alone.
        UnavailableError: it can't be written, or the custody does not answer.

    Secret: secret
    """
    blob = custody.wrap(secret, place_of_file(label, b""))
    write_line(path, wrapped_line(label, b"", blob))


def read_key(path: Path, label: str, custody: Custody) -> bytes:
    """Return the 32 bytes in a key file, wrapped or plain.

    Raises:
        TamperedError: it does not open with this custody.
        UnavailableError: missing, open to others, damaged or of another kind; or the
            custody does not answer.
    """
    if not is_wrapped(path, label):
        return read_secret(path, label)
    public, blob = read_wrapped(path, label)
    if public:
        raise refuse(path, "is of another kind or version")
    return custody.unwrap(blob, place_of_file(label, b""))


def secret_in(path: Path, label: str, custody: Custody) -> bytes:
    """Return the 32 bytes in a key file of either kind, to be split.

    Raises:
        TamperedError: it does not open with this custody.
        UnavailableError: as ``read_key``.
    """
    if not is_wrapped(path, label):
        return read_secret(path, label)
    public, blob = read_wrapped(path, label)
    return custody.unwrap(blob, place_of_file(label, public))


def write_signing(
    path: Path, seed: bytes, custody: Custody, label: str = LOG_LABEL
) -> Signing:
    """Wrap a key that signs, and was there before, into a new file.

    Raises:
        ConflictError: the file exists.
        UnavailableError: it can't be written, or the custody does not answer.

    Secret: seed
    """
    public = SigningKey(seed).public_key
    place = place_of_file(label, public)
    blob = custody.wrap(seed, place)
    write_line(path, wrapped_line(label, public, blob))
    return HeldKey(custody, blob, place, public)


def create_signing(path: Path, custody: Custody, label: str = LOG_LABEL) -> Signing:
    """Make a key that signs, and wrap it into a new file.

    Raises:
        ConflictError: the file exists.
        UnavailableError: it can't be written, or the custody does not answer.
    """
    seed = secrets.token_bytes(SEED_SIZE)
    return write_signing(path, seed, custody, label)


def open_signing(path: Path, custody: Custody, label: str = LOG_LABEL) -> Signing:
    """Open a key that signs, wrapped or plain.

    Raises:
        UnavailableError: missing, open to others, damaged, or of another kind.
    """
    if not is_wrapped(path, label):
        return SigningKey.open(path, label)
    public, blob = read_wrapped(path, label)
    if len(public) != _PUBLIC:
        raise refuse(path, "is of another kind or version")
    return HeldKey(custody, blob, place_of_file(label, public), public)


def read_wrapped(path: Path, label: str) -> tuple[bytes, WrappedKey]:
    """Return public half, or nothing, and blob of a wrapped key file.

    Raises:
        UnavailableError: damaged.
    """
    line = read_line(path, _LINE_LIMIT)
    start = label.encode() + _MARK
    parts = line.removeprefix(start).removesuffix(b"\n").split(b":")
    try:
        found = [base64.b64decode(part, validate=True) for part in parts]
    except binascii.Error as error:
        raise refuse(path, "is damaged") from error
    text = b":".join(base64.b64encode(part) for part in found)
    if line != start + text + b"\n" or len(found) > _PARTS:
        raise refuse(path, "is damaged")
    return (found[0] if len(found) == _PARTS else b""), WrappedKey(found[-1])


def wrapped_line(label: str, public: bytes, blob: bytes) -> bytes:
    """Draw the line of a wrapped key; of one that does not sign, ``public`` is empty."""
    parts = [base64.b64encode(part) for part in (public, blob) if part]
    return label.encode() + _MARK + b":".join(parts) + b"\n"


def place_of_file(label: str, public: bytes) -> bytes:
    """Return the context of the key in a file."""
    return context(b"key file", label.encode(), public)
