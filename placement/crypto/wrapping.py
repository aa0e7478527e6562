"""The key-encryption key itself, where it is ours to see: its own parts, and its form.

One secret of 32 bytes is what a passphrase protects, what a token is given at a
ceremony, and what five people share (``recovery``). Two keys come of it, one for each
purpose: what wraps, and a short id that wrapped keys carry.

Invariants:
    * the secret itself encrypts nothing;
    * a wrapped key opens under its own key-encryption key and context only;
    * a token and the memory of a process write the same form, so that what one wrapped,
      the other opens after a recovery.

A wrapped key::

    0       1       version, 2
    1       8       id of the key-encryption key
    9       12      nonce, random
    21      32      ciphertext of the key, AES-256-GCM
    53      16      tag

GCM and not GCM-SIV as elsewhere, because tokens have no other. A key-encryption key
wraps some hundred keys in its life, and 2^32 would be too many (SP 800-38D §8.3).

>>> secret = KekSecret(bytes(32))
>>> blob = secret.wrap(bytes(32), b"where")
>>> secret.unwrap(blob, b"where") == bytes(32)
True
"""

import os
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from placement.crypto.custody import InMemory, WrappedKey
from placement.crypto.sealing import KEY_SIZE, NONCE_SIZE, TAG_SIZE, context
from placement.errors import TamperedError

KEY_ID_SIZE: Final = 8  # bytes
WRAP_INFO: Final = b"placement/custody/wrap/1"
ID_INFO: Final = b"placement/custody/id/1"

_VERSION: Final = b"\x02"
_HEADER: Final = 1 + KEY_ID_SIZE
_SIZE: Final = _HEADER + NONCE_SIZE + KEY_SIZE + TAG_SIZE
_WRAPPING: Final = context(b"placement-wrap-v2")


def place_of(key_id: bytes, where: bytes) -> bytes:
    """Return the associated data of a wrapped key.

    Args:
        key_id: of the key-encryption key, 8 bytes.
        where: what the key is for, from ``sealing.context``.
    """
    return _WRAPPING + context(key_id) + where


def framed(key_id: bytes, nonce: bytes, sealed: bytes) -> WrappedKey:
    """Join the parts of a wrapped key."""
    return WrappedKey(_VERSION + key_id + nonce + sealed)


def parted(blob: bytes, key_id: bytes) -> tuple[bytes, bytes]:
    """Return nonce and sealed key of a wrapped key.

    Raises:
        TamperedError: it is none, or another key-encryption key's.
    """
    if len(blob) != _SIZE or blob[:_HEADER] != _VERSION + key_id:
        raise TamperedError
    return blob[_HEADER : _HEADER + NONCE_SIZE], blob[_HEADER + NONCE_SIZE :]


class KekSecret:
    """The secret of a key-encryption key, in memory.

    Args:
        secret: 32 bytes.

    Attributes:
        key_id: 8 bytes, which wrapped keys carry.

    Secret: secret

    Source: RFC 5869, without salt.
    """

    __slots__ = ("_aead", "key", "key_id", "secret")

    def __init__(self, secret: bytes) -> None:
        if len(secret) != KEY_SIZE:
            raise ValueError("a key-encryption key has 32 bytes")
        self.secret = secret
        self.key = _derived(secret, WRAP_INFO, KEY_SIZE)
        self.key_id = _derived(secret, ID_INFO, KEY_ID_SIZE)
        self._aead = AESGCM(self.key)

    def __repr__(self) -> str:
        """Return the type only."""
        return "KekSecret()"

    def wrap(self, key: bytes, where: bytes) -> WrappedKey:
        """Wrap a 32-byte key for a context.

        Raises:
            ValueError: the key has another length.

        Secret: key
        """
        if len(key) != KEY_SIZE:
            raise ValueError("a data key has 32 bytes")
        nonce = os.urandom(NONCE_SIZE)
        sealed = self._aead.encrypt(nonce, key, place_of(self.key_id, where))
        return framed(self.key_id, nonce, sealed)

    def unwrap(self, blob: bytes, where: bytes) -> bytes:
        """Return the key in a wrapped key.

        Raises:
            TamperedError: another key-encryption key, another context, or altered.
        """
        nonce, sealed = parted(blob, self.key_id)
        try:
            return self._aead.decrypt(nonce, sealed, place_of(self.key_id, where))
        except InvalidTag as error:
            raise TamperedError from error


class SecretCustody(InMemory):
    """Custody by a secret that is in memory, as after a ceremony.

    Args:
        secret: of the key-encryption key, 32 bytes.

    Attributes:
        secret: what the recovery split needs.

    Secret: secret
    """

    __slots__ = ("secret",)

    def __init__(self, secret: bytes) -> None:
        self.secret = KekSecret(secret)

    def wrap(self, key: bytes, context: bytes) -> WrappedKey:
        """Wrap a data key: see ``Custody``.

        Raises:
            ValueError: the key has another length than 32 bytes.

        Secret: key
        """
        return self.secret.wrap(key, context)

    def unwrap(self, blob: bytes, context: bytes) -> bytes:
        """Unwrap a data key: see ``Custody``.

        Raises:
            TamperedError: another key-encryption key, another context, or altered.
        """
        return self.secret.unwrap(blob, context)

    def destroy(self) -> None:
        """Do nothing: there is no copy of it but in memory."""


def _derived(secret: bytes, info: bytes, size: int) -> bytes:
    return HKDF(algorithm=SHA256(), length=size, salt=None, info=info).derive(secret)
