"""Data keys: one for each thing that may have to be forgotten, wrapped to be kept.

Whoever destroys the wrapped key has destroyed what it sealed, wherever copies of that
lie. So wrapped keys are kept apart from what they seal.

Invariants:
    * a wrapped key opens under its own name only, so that two can't change places;
    * what a data key sealed opens under that key and that context only.

::

    wrapped       nonce 12 | ciphertext of the 32-byte key | tag 16           60 bytes
    sealed        nonce 12 | ciphertext | tag 16

Nothing is padded: what a data key seals stands inside a record that is
(``placement/crypto/sealing.py``). AES-256-GCM-SIV (RFC 8452), as there.

>>> wrapping = Wrapping(bytes(32), b"store")
>>> key, wrapped = wrapping.make(b"name")
>>> wrapping.open(wrapped, b"name") == key
True
>>> opened(key, sealed(key, b"said", b"where"), b"where")
b'said'
"""

import hmac
import os
import secrets
from typing import Final, NewType

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from placement.crypto.drawn import draw
from placement.crypto.sealing import KEY_SIZE, NONCE_SIZE, TAG_SIZE, context
from placement.errors import TamperedError

DataKey = NewType("DataKey", bytes)

WRAPPED_SIZE: Final = NONCE_SIZE + KEY_SIZE + TAG_SIZE

_INFO: Final = b"placement/data/1"
_IDLE: Final = b"placement/idle/1"
_HALF: Final = 8  # bytes of a name
_COVER: Final = b"cover"  # no 8 bytes


def sealed(key: DataKey, content: bytes, context: bytes) -> bytes:
    """Seal content under a data key.

    Secret: key, content
    """
    nonce = draw(NONCE_SIZE)
    return nonce + AESGCMSIV(key).encrypt(nonce, content, context)


def opened(key: DataKey, blob: bytes, context: bytes) -> bytes:
    """Open what ``sealed`` returned.

    Raises:
        TamperedError: another key, another context, or altered.

    Secret: key
    """
    if len(blob) < NONCE_SIZE + TAG_SIZE:
        raise TamperedError
    try:
        return AESGCMSIV(key).decrypt(blob[:NONCE_SIZE], blob[NONCE_SIZE:], context)
    except InvalidTag as error:
        raise TamperedError from error


class Wrapping:
    """Makes, wraps and unwraps data keys under one secret.

    Args:
        secret: 32 bytes; the wrapping key is derived from it.
        owner: context of the store that the keys belong to.

    Secret: secret

    Source: RFC 5869, without salt.
    """

    __slots__ = ("_aead", "_idle", "_prefix")

    def __init__(self, secret: bytes, owner: bytes) -> None:
        self._aead = AESGCMSIV(_derived(secret, _INFO))
        self._idle = _derived(secret, _IDLE)
        self._prefix = owner + context(b"data key")

    def __repr__(self) -> str:
        """Return the type only."""
        return "Wrapping()"

    def make(self, name: bytes) -> tuple[DataKey, bytes]:
        """Make a key of a name; return it, and wrapped."""
        key, nonce = secrets.token_bytes(KEY_SIZE), os.urandom(NONCE_SIZE)
        place = self._prefix + context(name)
        return DataKey(key), nonce + self._aead.encrypt(nonce, key, place)

    def open(self, wrapped: bytes, name: bytes) -> DataKey:
        """Unwrap the key of a name.

        Raises:
            TamperedError: another secret, store or name, or altered.
        """
        if len(wrapped) != WRAPPED_SIZE:
            raise TamperedError
        nonce, rest = wrapped[:NONCE_SIZE], wrapped[NONCE_SIZE:]
        try:
            found = self._aead.decrypt(nonce, rest, self._prefix + context(name))
        except InvalidTag as error:
            raise TamperedError from error
        return DataKey(found)

    def idle_name(self) -> bytes:
        """Return a name of a key that opens nothing; others can't tell it from one."""
        drawn = secrets.token_bytes(_HALF)
        return drawn + self._mark(drawn)

    def is_idle(self, name: bytes) -> bool:
        """Tell whether a name came from ``idle_name``; another does once in 2^64."""
        return hmac.compare_digest(name[_HALF:], self._mark(name[:_HALF]))

    def cover_name(self, covered: bytes) -> bytes:
        """Return the name of the cover of a key; no dossier has such a one.

        Args:
            covered: names the key.
        """
        drawn = hmac.digest(self._idle, _COVER + covered, "sha256")[:_HALF]
        return drawn + self._mark(_COVER + drawn)

    def is_cover(self, name: bytes) -> bool:
        """Tell whether a name came from ``cover_name``."""
        return hmac.compare_digest(name[_HALF:], self._mark(_COVER + name[:_HALF]))

    def _mark(self, drawn: bytes) -> bytes:
        return hmac.digest(self._idle, drawn, "sha256")[:_HALF]


def _derived(secret: bytes, info: bytes) -> bytes:
    derivation = HKDF(algorithm=SHA256(), length=KEY_SIZE, salt=None, info=info)
    return derivation.derive(secret)
