"""Seal something to one holder's public key (HPKE, RFC 9180).

Base mode with DHKEM(X25519, HKDF-SHA256), HKDF-SHA256 and AES-256-GCM. It says nothing
of who sealed: whoever opens demands a signature beside it (``documents``).

Invariants:
    * what was sealed opens with the one private key, and with the same ``info``;
    * refusing never tells why.

Example:
    >>> key = ExchangeKey(bytes(range(32)))
    >>> sealed = seal(key.public, b"secret", info=b"for this alone")
    >>> key.open(sealed, info=b"for this alone")
    b'secret'

Source: RFC 9180.
"""

from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import (
    X25519PrivateKey,
    X25519PublicKey,
)
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from placement.errors import TamperedError

EXCHANGE_LABEL: Final = "placement-exchange-v1"
"""Of key files."""
KEY_SIZE: Final = 32  # bytes, of a private and of a public key

_SUITE: Final = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


def seal(public: bytes, content: bytes, *, info: bytes) -> bytes:
    """Seal something to the holder of a public key.

    Args:
        public: 32 bytes.
        content: what is sealed; the result is 48 bytes longer.
        info: what it is for; authenticated, not stored.

    Raises:
        TamperedError: nobody can hold the private half of this key.

    Secret:
        content
    """
    try:
        return _SUITE.encrypt(
            content, X25519PublicKey.from_public_bytes(public), info=info
        )
    except ValueError as error:
        raise TamperedError from error


class ExchangeKey:
    """Opens what was sealed to its public half.

    Args:
        secret: 32 bytes.

    Attributes:
        public: the public half, 32 bytes.

    Secret: secret
    """

    __slots__ = ("_private", "public")

    def __init__(self, secret: bytes) -> None:
        self._private = X25519PrivateKey.from_private_bytes(secret)
        self.public = self._private.public_key().public_bytes_raw()

    def __repr__(self) -> str:
        """Return the type only."""
        return "ExchangeKey()"

    def open(self, sealed: bytes, *, info: bytes) -> bytes:
        """Return what was sealed.

        Raises:
            TamperedError: to another key, for something else, or altered.
        """
        try:
            return _SUITE.decrypt(sealed, self._private, info=info)
        except (InvalidTag, ValueError) as error:
            raise TamperedError from error
