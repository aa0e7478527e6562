"""The police label book: group names that no server ever sees.

A coordinator's client registers a group under two things made from its name: a
fingerprint, by which the same name is found again, and a sealed label, which shows the
name to whoever holds the label key. The label key is 32 bytes that coordinators share;
its subkeys and its id come from it by HKDF-SHA-256.

Invariants:
    * a name leaves this room as a fingerprint, a sealed label, or to be shown to the
      person at the terminal; no exception and no ``repr`` holds one;
    * a sealed label opens beside the fingerprint it was made with and nowhere else;
    * up to 62 bytes of name give the same length, so that lengths tell next to nothing.

Example:
    >>> normalise("  Café-GÄNGET nr. 7"), normalise("cafégänget NR7")
    ('cafégängetnr7', 'cafégängetnr7')
"""

import hmac
import os
import secrets
import struct
import unicodedata
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from placement.api.v1.registry_service_pb2 import NewGroup
from placement.crypto.custody import read_secret, write_secret
from placement.errors import (
    ConflictError,
    InvalidInputError,
    TamperedError,
    UnavailableError,
)

KEY_LABEL: Final = "placement-label-v1"
KEY_BYTES: Final = 32
ID_BYTES: Final = 16
BLOCK: Final = 64  # bytes; the padded name is a multiple of this
MAX_SEALED: Final = 256  # bytes, the limit on the wire

_VERSION: Final = 1
_NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16
_BODY: Final = 1 + _NONCE_BYTES
_LENGTH: Final = struct.Struct(">H")
MAX_NAME: Final = (
    MAX_SEALED - _BODY - _TAG_BYTES
) // BLOCK * BLOCK - _LENGTH.size  # bytes of UTF-8


def normalise(name: str) -> str:
    """Return what all spellings of a name have in common.

    Unicode NFKC and casefold, then letters and digits alone.

    Secret:
        name, and the result
    """
    folded = unicodedata.normalize("NFKC", name).casefold()
    # Folding may take a text out of NFKC; dropping may bring two letters together.
    folded = unicodedata.normalize("NFKC", folded)
    kept = "".join(
        c for c in folded if unicodedata.category(c)[0] == "L" or c.isdecimal()
    )
    return unicodedata.normalize("NFKC", kept)


def create_label_key(path: Path) -> None:
    """Draw a label key into a new file of mode 0600.

    Raises:
        InvalidInputError: the file exists, or can't be written.
    """
    try:
        write_secret(path, KEY_LABEL, secrets.token_bytes(KEY_BYTES))
    except ConflictError as error:
        raise InvalidInputError("path", "exists already; it is left alone") from error
    except UnavailableError as error:
        raise InvalidInputError("path", "can't be written") from error


# A sealed label, byte by byte:
#
#   offset  size     what
#   0       1        version, 1
#   1       12       nonce, random
#   13      64 * n   ciphertext of the padded name, n is 1, 2 or 3
#   end-16  16       tag (AES-256-GCM-SIV, RFC 8452)
#
# Associated data: "placement-label-v1" | fingerprint (32). The padded name:
#
#   0       2        length of the name, big-endian
#   2       length   the name, UTF-8
#   ...     0 to 63  zeros, up to the next multiple of 64
class LabelKey:
    """Makes fingerprints and sealed labels, and opens the latter.

    Args:
        secret: 32 bytes.

    Attributes:
        id: 16 bytes that name the key and tell nothing of it.

    Raises:
        UnavailableError: this machine's OpenSSL has no AES-GCM-SIV (before 3.2).

    Secret: secret
    """

    __slots__ = ("_aead", "_fingerprint_key", "id")

    def __init__(self, secret: bytes) -> None:
        self.id = _subkey(secret, b"id")[:ID_BYTES]
        self._fingerprint_key = _subkey(secret, b"fingerprint")
        try:
            self._aead = AESGCMSIV(_subkey(secret, b"seal"))
        except UnsupportedAlgorithm as error:
            raise UnavailableError from error

    @classmethod
    def read(cls, path: Path) -> "LabelKey":
        """Read a key file.

        Raises:
            InvalidInputError: missing, open to others, or not of the one form.
            UnavailableError: this machine can't seal labels.
        """
        try:
            secret = read_secret(path, KEY_LABEL)
        except UnavailableError as error:
            phrase = "must be a whole key file, readable by its owner only"
            raise InvalidInputError("label_key", phrase) from error
        return cls(secret)

    def __repr__(self) -> str:
        """Return the type only."""
        return "LabelKey()"

    def fingerprint(self, name: str) -> bytes:
        """Return HMAC-SHA-256 of the normalised name, 32 bytes.

        Raises:
            InvalidInputError: the name has neither letters nor digits.

        Secret: name
        """
        normalised = normalise(name)
        if not normalised:
            raise InvalidInputError("group", "has neither letters nor digits")
        return hmac.digest(self._fingerprint_key, normalised.encode(), "sha256")

    def new_group(self, name: str) -> NewGroup:
        """Return what a group is registered with.

        Raises:
            InvalidInputError: the name has neither letters nor digits, is over 190
                bytes in UTF-8, or can't be written in it.

        Secret: name
        """
        try:
            content = name.encode()
        except UnicodeEncodeError:
            content = b""
        if not 0 < len(content) <= MAX_NAME:
            raise InvalidInputError("group", "must be 1 to 190 bytes of UTF-8")
        fingerprint = self.fingerprint(name)
        framed = _LENGTH.pack(len(content)) + content
        padded = framed + bytes(-len(framed) % BLOCK)
        nonce = os.urandom(_NONCE_BYTES)
        body = self._aead.encrypt(nonce, padded, _context(fingerprint))
        label = bytes([_VERSION]) + nonce + body
        return NewGroup(fingerprint=fingerprint, sealed_label=label, key_id=self.id)

    def open(self, fingerprint: bytes, label: bytes) -> str:
        """Return the name in a sealed label.

        Raises:
            TamperedError: another key or fingerprint, or altered.
        """
        size = len(label) - _BODY - _TAG_BYTES
        if size <= 0 or size % BLOCK or label[0] != _VERSION:
            raise TamperedError
        try:
            nonce, body = label[1:_BODY], label[_BODY:]
            padded = self._aead.decrypt(nonce, body, _context(fingerprint))
        except InvalidTag as error:
            raise TamperedError from error
        end = _LENGTH.unpack_from(padded)[0] + _LENGTH.size
        if not 0 <= size - end < BLOCK or padded[end:].strip(b"\0"):
            raise TamperedError
        return self._decoded(padded[_LENGTH.size : end], fingerprint)

    def _decoded(self, content: bytes, fingerprint: bytes) -> str:
        """Return the name if it is the one that the fingerprint was made of."""
        try:
            name = content.decode()
        except UnicodeDecodeError:
            name = ""
        if not normalise(name) or self.fingerprint(name) != fingerprint:
            raise TamperedError
        return name


def _subkey(secret: bytes, purpose: bytes) -> bytes:
    info = KEY_LABEL.encode() + b"|" + purpose
    return HKDF(hashes.SHA256(), KEY_BYTES, salt=None, info=info).derive(secret)


def _context(fingerprint: bytes) -> bytes:
    return KEY_LABEL.encode() + fingerprint
