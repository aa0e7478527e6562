"""Seal one record, bound to the place where it stands.

This room turns payload bytes into a blob of which only the size shows, rounded up: to
256 bytes, or to a power of two and never below a least size. It never chooses keys, and
it never tells *why* a blob did not open.

Invariants:
    * a blob opens under the one key and the one context it was sealed with;
    * every payload has one padded form of a version, and opening refuses every other;
    * a repeated nonce (a restored virtual machine) shows no more than that two
      records with the same context are equal: that is why GCM-SIV (RFC 8452).

Example:
    >>> sealer = Sealer(bytes(32))
    >>> where = context(b"event", 7)
    >>> sealer.open(sealer.seal(b"payload", context=where), context=where)
    b'payload'
"""

import struct
from typing import Final

from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV

from placement.crypto.drawn import draw
from placement.crypto.wiping import wipe
from placement.errors import TamperedError, UnavailableError

KEY_SIZE: Final = 32  # bytes
NONCE_SIZE: Final = 12  # bytes
TAG_SIZE: Final = 16  # bytes
BLOCK: Final = 256  # bytes; the padded plaintext of version 1 is a multiple of this
MAX_PAYLOAD: Final = 1 << 24  # bytes

_STEPS: Final = 1  # the version that pads to multiples of 256
_POWERS: Final = 2  # the one that pads to powers of two
_LENGTH: Final = struct.Struct(">I")
_BODY: Final = 1 + NONCE_SIZE
_OVERHEAD: Final = _BODY + TAG_SIZE

_BYTES_PART: Final = struct.Struct(">BI")
_INT_PART: Final = struct.Struct(">BQ")


def context(*parts: bytes | int) -> bytes:
    """Encode where a record stands, so that no two places share an encoding.

    Each part is drawn as::

        00 | length, 4 bytes big-endian | bytes
        01 | number, 8 bytes big-endian

    Contexts may be joined: ``context(a) + context(b) == context(a, b)``.

    Args:
        parts: byte strings below 2^32 bytes, and numbers from 0 to 2^64 - 1.

    Returns:
        The associated data for ``Sealer``.
    """
    return b"".join(
        _INT_PART.pack(1, part)
        if isinstance(part, int)
        else _BYTES_PART.pack(0, len(part)) + part
        for part in parts
    )


def tag_of(blob: bytes) -> bytes:
    """Return the authentication tag of a blob: its last 16 bytes."""
    return blob[-TAG_SIZE:]


# A sealed record, byte by byte:
#
#   offset  size      what
#   0       1         version, 1 or 2
#   1       12        nonce, random
#   13      n         ciphertext of the padded plaintext
#   end-16  16        tag (RFC 8452)
#
# The padded plaintext, n bytes: of version 1 the next multiple of 256, of version 2 the
# next power of two that is not below the sealer's least size:
#
#   0       4         length of the payload, big-endian
#   4       length    payload
#   ...               zeros
class Sealer:
    """Seals and opens records under one key.

    Args:
        key: 32 bytes, used for nothing else.
        least: the padded size of what is small, a power of two; 0 seals by version 1.

    Raises:
        UnavailableError: this machine's OpenSSL has no AES-GCM-SIV (before 3.2).
        ValueError: the key has another length, or the least size is no power of two.

    Secret: key
    """

    __slots__ = ("_aead", "_least", "_versions")

    def __init__(self, key: bytes, least: int = 0) -> None:
        if len(key) != KEY_SIZE:
            raise ValueError("a sealing key has 32 bytes")
        if least.bit_count() > 1:
            raise ValueError("a least size is a power of two")
        self._least = least
        # What was sealed by steps before stays as it is.
        self._versions = (_STEPS, _POWERS) if least else (_STEPS,)
        try:
            self._aead = AESGCMSIV(key)
        except UnsupportedAlgorithm as error:
            raise UnavailableError from error

    def __repr__(self) -> str:
        """Return the type only."""
        return "Sealer()"

    def seal(self, payload: bytes, *, context: bytes) -> bytes:
        """Seal a payload for one place.

        Args:
            payload: 0 bytes to 16 MiB.
            context: where it will stand, from ``context()``.

        Returns:
            A blob of 29 bytes more than the padded size.

        Raises:
            ValueError: the payload is too long.

        Secret: payload
        """
        length = len(payload)
        if length > MAX_PAYLOAD:
            raise ValueError("a payload has at most 16 MiB")
        version = _POWERS if self._least else _STEPS
        size = self._padded(length + _LENGTH.size, version)
        nonce = draw(NONCE_SIZE)
        padded = (_LENGTH.pack(length) + payload).ljust(size, b"\0")
        return bytes((version,)) + nonce + self._aead.encrypt(nonce, padded, context)

    def open(self, blob: bytes, *, context: bytes) -> bytes:
        """Authenticate a blob in its place and return the payload.

        Args:
            blob: what ``seal`` returned, of whichever version.
            context: where it stands, from ``context()``.

        Returns:
            The payload.

        Raises:
            TamperedError: wrong key, place, size, version, bytes or padding.
        """
        size = len(blob) - _OVERHEAD
        if size <= 0 or size % BLOCK or blob[0] not in self._versions:
            raise TamperedError
        try:
            padded = self._aead.decrypt(blob[1:_BODY], blob[_BODY:], context)
        except InvalidTag as error:
            raise TamperedError from error
        end = _LENGTH.unpack_from(padded)[0] + _LENGTH.size
        # Only the shortest padding, only zeros: a second form of the same payload
        # would be a channel for whoever holds the key and writes records.
        if size != self._padded(end, blob[0]) or padded.count(0, end) != size - end:
            raise TamperedError
        return padded[_LENGTH.size : end]

    def seal_key(self, key: bytes, *, context: bytes) -> bytes:
        """Seal a key as ``seal`` does, and leave no copy of it in memory.

        Secret: key
        """
        padded = bytearray(self._padded(len(key) + _LENGTH.size, _STEPS))
        _LENGTH.pack_into(padded, 0, len(key))
        padded[_LENGTH.size : _LENGTH.size + len(key)] = key
        nonce = draw(NONCE_SIZE)
        blob = self._aead.encrypt(nonce, padded, context)
        padded[:] = bytes(len(padded))
        return bytes((_STEPS,)) + nonce + blob

    def open_key(self, blob: bytes, *, context: bytes) -> bytes:
        """Open what ``seal_key`` returned; the result is the one copy in memory.

        Raises:
            TamperedError: as ``open``, or it is no key.
        """
        end = _LENGTH.size + KEY_SIZE
        size = self._padded(end, _STEPS)
        if len(blob) != _OVERHEAD + size or blob[0] != _STEPS:
            raise TamperedError
        try:
            padded = self._aead.decrypt(blob[1:_BODY], blob[_BODY:], context)
        except InvalidTag as error:
            raise TamperedError from error
        whole = _LENGTH.unpack_from(padded)[0] == KEY_SIZE
        if not whole or padded.count(0, end) != size - end:
            wipe(padded)
            raise TamperedError
        key = padded[_LENGTH.size : end]
        wipe(padded)
        return key

    def _padded(self, length: int, version: int) -> int:
        """Return the size of so many bytes once they are padded."""
        if version == _STEPS:
            return -(-length // BLOCK) * BLOCK
        return max(self._least, 1 << (length - 1).bit_length())
