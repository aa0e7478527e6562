"""Five shares of the key-encryption key, of which any three bring it back.

Two shares say nothing about it; that is what Shamir's scheme is for. The arithmetic is
PyCryptodome's (GF(2^128), two halves of 16 bytes). What it has not is here: a share is
a line that a person can type, shares of two splits don't mix, and one that was altered
is found.

A share, 72 letters of base32 in groups of six::

    set     8       id of the key-encryption key (``wrapping``)
    number  1       1 to 5
    piece   32      two pieces of 16 bytes
    check   4       of SHA-256 of what stands before it

The check finds a slip of the pen; it is no seal. What was altered
on purpose, check and all, gives another key, whose id is not the one in the shares.

Invariants:
    * nothing here writes, prints or logs a share;
    * what comes back is the key that was split, or an error.

>>> lines = split(bytes(32))
>>> len(lines), combine(lines[1:4]) == bytes(32)
(5, True)
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from Crypto.Protocol.SecretSharing import Shamir

from placement.crypto.sealing import KEY_SIZE
from placement.crypto.wrapping import KEY_ID_SIZE, KekSecret
from placement.errors import InvalidInputError, TamperedError

SHARES: Final = 5
NEEDED: Final = 3

_HALF: Final = KEY_SIZE // 2
_CHECK: Final = 4
_SIZE: Final = KEY_ID_SIZE + 1 + KEY_SIZE + _CHECK
_GROUP: Final = 6  # letters


@dataclass(frozen=True, slots=True)
class _Share:
    """One share, as read."""

    key_id: bytes
    number: int
    piece: bytes

    def __repr__(self) -> str:
        """Return the type only."""
        return "Share()"


def split(secret: bytes) -> list[str]:
    """Return five lines of which three bring a secret back.

    Args:
        secret: of a key-encryption key, 32 bytes.

    Secret: secret, the result
    """
    key_id = KekSecret(secret).key_id
    halves = [
        Shamir.split(NEEDED, SHARES, secret[start : start + _HALF])
        for start in (0, _HALF)
    ]
    return [
        _written(_Share(key_id, number, first + second))
        for (number, first), (_, second) in zip(*halves, strict=True)
    ]


def combine(lines: Sequence[str]) -> bytes:
    """Return the secret that three shares or more bring back.

    Raises:
        InvalidInputError: a line is no share, or they are too few, of two splits, or
            one came twice. The field says which line, from 1.
        TamperedError: they are shares of one split, but one was altered.

    Secret: lines, the result
    """
    shares = _fitting(lines)
    if len(shares) < NEEDED:
        raise InvalidInputError("shares", f"are fewer than {NEEDED}")
    found = _joined(shares[:NEEDED])
    # Whoever brings four has all of them looked at.
    others = [_joined([share, *shares[1:NEEDED]]) for share in shares[NEEDED:]]
    if KekSecret(found).key_id != shares[0].key_id or set(others) - {found}:
        raise TamperedError
    return found


def require_fitting(lines: Sequence[str]) -> None:
    """Refuse what can't be shares of one split, though they may still be too few.

    Raises:
        InvalidInputError: as ``combine``.

    Secret: lines
    """
    _fitting(lines)


def _fitting(lines: Sequence[str]) -> list[_Share]:
    shares = [_read(line, number) for number, line in enumerate(lines, 1)]
    if len({share.key_id for share in shares}) > 1:
        raise InvalidInputError("shares", "are of two different keys")
    if len({share.number for share in shares}) < len(shares):
        raise InvalidInputError("shares", "are one share twice")
    return shares


def _joined(shares: Sequence[_Share]) -> bytes:
    return b"".join(
        Shamir.combine(
            [(share.number, share.piece[start : start + _HALF]) for share in shares]
        )
        for start in (0, _HALF)
    )


def _written(share: _Share) -> str:
    content = share.key_id + bytes([share.number]) + share.piece
    text = base64.b32encode(content + _check(content)).decode().rstrip("=")
    groups = [text[start : start + _GROUP] for start in range(0, len(text), _GROUP)]
    return " ".join(groups)


def _read(line: str, number: int) -> _Share:
    """Read a share, however it was spaced.

    Raises:
        InvalidInputError: it is none.

    Secret: line
    """
    field = f"share {number}"
    text = "".join(line.split()).upper()
    try:
        content = base64.b32decode(text + "=" * (-len(text) % 8))
    except ValueError:
        raise InvalidInputError(field, "is mistyped") from None
    body, check = content[:-_CHECK], content[-_CHECK:]
    if len(content) != _SIZE or check != _check(body):
        raise InvalidInputError(field, "is mistyped")
    share = body[KEY_ID_SIZE]
    if not 1 <= share <= SHARES:
        raise InvalidInputError(field, "is mistyped")
    return _Share(body[:KEY_ID_SIZE], share, body[KEY_ID_SIZE + 1 :])


def _check(content: bytes) -> bytes:
    return sha256(content).digest()[:_CHECK]
