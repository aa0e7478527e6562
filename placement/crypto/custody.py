"""Who holds the key-encryption key; the only reader of key material from outside.

A custody makes, wraps and unwraps data keys, and signs under keys that it wrapped; the
key-encryption key itself never leaves it. A plain file is the simplest custody, for
development alone; a file under a passphrase (``passphrase``) and a token (``hsm``)
answer to the same five calls. This room never stores what it wraps.

Invariants:
    * a wrapped key opens only in the context it was wrapped for;
    * a key file that others may read, or that holds anything but one exact line, is
      refused, and no error repeats what stood in it.
"""

import base64
import binascii
import os
import secrets
import stat
from abc import ABC, abstractmethod
from contextlib import suppress
from pathlib import Path
from typing import Final, NewType, Protocol, Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from placement.crypto.sealing import KEY_SIZE, Sealer, context
from placement.errors import ConflictError, UnavailableError

WrappedKey = NewType("WrappedKey", bytes)

KEK_LABEL: Final = "placement-kek-v1"
OPRF_LABEL: Final = "placement-oprf-v1"

_SECRET_SIZE: Final = 32  # bytes
_LINE_LIMIT: Final = 256  # bytes; longer than any key file of ours
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_WRAPPING: Final = context(b"placement-wrap-v1")


class Custody(Protocol):
    """Holds the key-encryption key. Contexts come from ``sealing.context``."""

    def generate(self, context: bytes) -> tuple[WrappedKey, bytes]:
        """Make a data key.

        Args:
            context: what the key is for; authenticated, not stored.

        Returns:
            The wrapped key, to be stored, and the 32-byte key itself.
        """
        ...

    def wrap(self, key: bytes, context: bytes) -> WrappedKey:
        """Wrap a 32-byte data key for a context.

        Secret: key
        """
        ...

    def unwrap(self, blob: bytes, context: bytes) -> bytes:
        """Return the 32-byte data key in a wrapped key.

        Raises:
            TamperedError: another key-encryption key, another context, or altered.
            UnavailableError: the custody does not answer.
        """
        ...

    def sign(self, blob: bytes, context: bytes, message: bytes) -> bytes:
        """Sign with Ed25519 under a wrapped seed.

        Args:
            blob: the seed, 32 bytes, wrapped.
            context: what it was wrapped for.
            message: any.

        Returns:
            64 bytes; the same for the same message.

        Raises:
            TamperedError: as ``unwrap``.
            UnavailableError: the custody does not answer.
        """
        ...

    def destroy(self) -> None:
        """Destroy the key-encryption key; whatever it wrapped opens no more.

        Raises:
            UnavailableError: the custody does not answer; nothing was destroyed.
        """
        ...

    def close(self) -> None:
        """Leave it, and log out where one logs in; it is not used afterwards."""
        ...


class InMemory(ABC):
    """What custodies have in common whose key is in the memory of this process."""

    __slots__ = ()

    def __repr__(self) -> str:
        """Return the type only."""
        return f"{type(self).__name__}()"

    @abstractmethod
    def wrap(self, key: bytes, context: bytes) -> WrappedKey:
        """Wrap a data key: see ``Custody``.

        Secret: key
        """

    @abstractmethod
    def unwrap(self, blob: bytes, context: bytes) -> bytes:
        """Unwrap a data key: see ``Custody``."""

    def close(self) -> None:  # noqa: B027 (nothing to close, unless one says so)
        """Do nothing: see ``Custody``."""

    def generate(self, context: bytes) -> tuple[WrappedKey, bytes]:
        """Make a data key: see ``Custody``."""
        key = secrets.token_bytes(KEY_SIZE)
        return self.wrap(key, context), key

    def sign(self, blob: bytes, context: bytes, message: bytes) -> bytes:
        """Sign under a wrapped seed: see ``Custody``."""
        seed = self.unwrap(blob, context)
        return Ed25519PrivateKey.from_private_bytes(seed).sign(message)


def refuse(path: Path, why: str) -> UnavailableError:
    """Make the error for an unusable key file, with a note for operators."""
    return UnavailableError().because(f"The key file {path} {why}.")


def read_line(path: Path, limit: int = _LINE_LIMIT) -> bytes:
    """Read a key file that nobody else may touch.

    Args:
        path: a file of mode 0600 or less.
        limit: bytes; what is longer is cut, and so is no key file.

    Raises:
        UnavailableError: missing, or open to others.
    """
    try:
        with path.open("rb") as file:
            # Asked of the open file, so that it can't be swapped in between.
            mode = os.fstat(file.fileno()).st_mode
            line = file.read(limit)
    except FileNotFoundError as error:
        raise refuse(path, "is not there") from error
    except OSError as error:
        raise refuse(path, "can't be read") from error
    if mode & _OTHERS:
        raise refuse(path, "is open to group or others; use mode 0600")
    return line


def write_line(path: Path, line: bytes) -> None:
    """Write a new key file, readable by its owner only.

    Raises:
        ConflictError: the file exists; it is left alone.
        UnavailableError: it can't be written.

    Secret: line
    """
    try:
        # O_EXCL also refuses a symbolic link that someone laid in our way.
        number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(number, "wb") as file:
                file.write(line)
                file.flush()
                os.fsync(number)
        except BaseException:  # half a key is none, and in the way of the next try
            with suppress(UnavailableError):
                shred(path)
            path.unlink(missing_ok=True)
            raise
    except FileExistsError as error:
        raise ConflictError from error
    except OSError as error:
        raise refuse(path, "can't be written") from error


def shred(path: Path) -> None:
    """Write zeros over a key file, then remove it, as far as a file system does that.

    Raises:
        UnavailableError: it can't be written.
    """
    try:
        with path.open("r+b") as file:
            file.write(bytes(path.stat().st_size))
            file.flush()
            os.fsync(file.fileno())
        path.unlink()
    except OSError as error:
        raise refuse(path, "can't be destroyed") from error


def _render(label: str, secret: bytes) -> bytes:
    """Draw the line: label | ":" | base64 of the secret, with padding | newline."""
    return f"{label}:".encode() + base64.b64encode(secret) + b"\n"


def write_secret(path: Path, label: str, secret: bytes) -> None:
    """Write a new key file of one line, readable by its owner only.

    Args:
        path: a file that does not exist yet.
        label: kind and version of the key, for example ``placement-kek-v1``.
        secret: 32 bytes.

    Raises:
        ConflictError: the file exists; it is left alone.
        UnavailableError: it can't be written.
        ValueError: the secret has another length.

    Secret: secret
    """
    if len(secret) != _SECRET_SIZE:
        raise ValueError("a key file holds 32 bytes")
    write_line(path, _render(label, secret))


def read_secret(path: Path, label: str) -> bytes:
    """Read the 32 bytes of a key file.

    Args:
        path: a file of mode 0600 or less.
        label: the kind and version expected.

    Returns:
        The secret, 32 bytes.

    Raises:
        UnavailableError: missing, open to others, or not exactly one line of this
            label and 32 bytes. A note on the error names the reason, never content.
    """
    line = read_line(path)
    if not line.startswith(f"{label}:".encode()):
        raise refuse(path, "is of another kind or version")
    try:
        secret = base64.b64decode(line[len(label) + 1 : -1], validate=True)
    except binascii.Error as error:
        raise refuse(path, "is damaged") from error
    if len(secret) != _SECRET_SIZE or line != _render(label, secret):
        raise refuse(path, "is damaged")
    return secret


class FileCustody(InMemory):
    """Custody by a key file that anybody can read who can read files: for development.

    The file is one line, ``placement-kek-v1:`` and 32 bytes in base64. A wrapped key
    is a sealed record (``sealing``) of the 32-byte key, so it has 285 bytes.

    Args:
        path: the key file.

    Raises:
        UnavailableError: the file is missing, open to others, or damaged.
    """

    __slots__ = ("_path", "_sealer")

    def __init__(self, path: Path) -> None:
        self._path = path
        self._sealer = Sealer(read_secret(path, KEK_LABEL))

    @classmethod
    def create(cls, path: Path) -> Self:
        """Make a key-encryption key in a new file.

        Raises:
            ConflictError: the file exists.
            UnavailableError: it can't be written.
        """
        write_secret(path, KEK_LABEL, secrets.token_bytes(_SECRET_SIZE))
        return cls(path)

    def wrap(self, key: bytes, context: bytes) -> WrappedKey:
        """Wrap a data key: see ``Custody``.

        Raises:
            ValueError: the key has another length than 32 bytes.

        Secret: key
        """
        if len(key) != KEY_SIZE:
            raise ValueError("a data key has 32 bytes")
        return WrappedKey(self._sealer.seal_key(key, context=_WRAPPING + context))

    def unwrap(self, blob: bytes, context: bytes) -> bytes:
        """Unwrap a data key: see ``Custody``.

        Raises:
            TamperedError: another key-encryption key, another context, or altered.
        """
        return self._sealer.open_key(blob, context=_WRAPPING + context)

    def destroy(self) -> None:
        """Destroy the key file: see ``Custody``."""
        shred(self._path)
