"""Sign and verify with Ed25519 (RFC 8032).

What is signed, and under which name, is decided above this room.

Invariants:
    * a key file of another kind is refused, so no other key ever signs;
    * verifying returns nothing, and never tells *why* a signature was refused;
    * a key that anybody could sign for verifies nothing.

Example:
    >>> key = SigningKey(bytes(32))
    >>> verify(key.public_key, b"text", key.sign(b"text"))
"""

import secrets
from pathlib import Path
from typing import Final, Self

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from placement.crypto.custody import read_secret, write_secret
from placement.errors import TamperedError, UnavailableError

LOG_LABEL: Final = "placement-log-v1"
OFFICER_LABEL: Final = "placement-officer-v1"
SEED_SIZE: Final = 32  # bytes
PUBLIC_KEY_SIZE: Final = 32  # bytes

_PRIME: Final = (1 << 255) - 19
_ORDER_8: Final = 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7
# The y of every point whose order divides 8, and the two that are written twice.
# Anybody can sign for such a key; the one of 32 zeros stands in every forgotten field.
_WEAK: Final = frozenset(
    (0, 1, _ORDER_8, _PRIME - _ORDER_8, _PRIME - 1, _PRIME, _PRIME + 1)
)


class SigningKey:
    """Signs under one key.

    Args:
        seed: 32 bytes, the private key of RFC 8032.

    Attributes:
        public_key: 32 bytes, what others pin.

    Raises:
        UnavailableError: this machine's OpenSSL has no Ed25519.
        ValueError: the seed has another length.

    Secret: seed
    """

    __slots__ = ("_key", "public_key")

    def __init__(self, seed: bytes) -> None:
        if len(seed) != SEED_SIZE:
            raise ValueError("a seed has 32 bytes")
        try:
            self._key = Ed25519PrivateKey.from_private_bytes(seed)
        except UnsupportedAlgorithm as error:
            raise UnavailableError from error
        self.public_key = self._key.public_key().public_bytes_raw()

    def __repr__(self) -> str:
        """Return the type only."""
        return "SigningKey()"

    @classmethod
    def create(cls, path: Path, label: str = LOG_LABEL) -> Self:
        """Make a key in a new file.

        Args:
            path: a file that does not exist yet.
            label: kind and version of the key.

        Raises:
            ConflictError: the file exists.
            UnavailableError: it can't be written.
        """
        seed = secrets.token_bytes(SEED_SIZE)
        write_secret(path, label, seed)
        return cls(seed)

    @classmethod
    def open(cls, path: Path, label: str = LOG_LABEL) -> Self:
        """Read a key file.

        Args:
            path: a file of mode 0600 or less.
            label: the kind and version expected.

        Raises:
            UnavailableError: missing, open to others, damaged, or of another kind.
        """
        return cls(read_secret(path, label))

    def sign(self, message: bytes) -> bytes:
        """Return the signature, 64 bytes; the same for the same message."""
        return self._key.sign(message)


def verify(public_key: bytes, message: bytes, signature: bytes) -> None:
    """Verify a signature.

    Args:
        public_key: 32 bytes, pinned by whoever asks.
        message: what should have been signed.
        signature: 64 bytes.

    Raises:
        TamperedError: another key, message or signature, or none at all; or a key
            that anybody could sign for.
        UnavailableError: this machine's OpenSSL has no Ed25519.
    """
    y = int.from_bytes(public_key, "little") % (1 << 255)
    if len(public_key) != PUBLIC_KEY_SIZE or y in _WEAK:
        raise TamperedError
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except InvalidSignature as error:
        raise TamperedError from error
    except UnsupportedAlgorithm as error:
        raise UnavailableError from error
