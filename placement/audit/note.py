"""A signed note: a text and who signed it (C2SP signed-note, tlog-cosignature).

Keys come in from outside: whatever signs bytes, and whatever verifies them.

Invariants:
    * a note has exactly one form in bytes, and ``parse`` refuses every other;
    * nothing that can't be written exists: not even by hand;
    * a signature under a known name and key id verifies, or the whole note is refused;
      signatures of anybody else say nothing, and change nothing.

>>> key = parse_key(
...     "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
... )
>>> key.name, key.kind.name, key.key_id.hex()
('example.com/foo', 'ED25519', '530d903a')
"""

import base64
import re
import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import IntEnum
from hashlib import sha256
from typing import Final, Protocol

from placement.errors import TamperedError

MAX_NOTE: Final = 1_000_000  # bytes
MAX_SIGNATURES: Final = 100
MAX_TIME: Final = (1 << 63) - 1  # seconds
KEY_ID_SIZE: Final = 4  # bytes

_PUBLIC_KEY_SIZE: Final = 32  # bytes
_SIGNATURE_SIZE: Final = 64  # bytes
_TIME: Final = struct.Struct(">Q")
_DASH: Final = "\N{EM DASH}"
_NAME: Final = re.compile(r"[^\s+\x00-\x1f\ud800-\udfff]+")
_REFUSED: Final = re.compile(r"[\x00-\x09\x0b-\x1f\ud800-\udfff]")

Check = Callable[[bytes, bytes, bytes], None]
"""(public key, message, signature): raises ``TamperedError`` unless they fit."""


class SigningKey(Protocol):
    """Signs bytes with Ed25519."""

    @property
    def public_key(self) -> bytes:
        """Return the public key, 32 bytes."""
        ...

    def sign(self, message: bytes) -> bytes:
        """Return the signature, 64 bytes."""
        ...


class Kind(IntEnum):
    """How a text is signed: C2SP's signature types, as far as this project needs."""

    ED25519 = 0x01
    COSIGNATURE = 0x04


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """What others must know of a signer: its name, and a public key for one kind.

    Raises:
        ValueError: the name is empty, or has a space or a plus; or the key has not 32
            bytes.

    Source: C2SP signed-note, signatures; C2SP tlog-cosignature, format
    """

    name: str
    kind: Kind
    public_key: bytes

    def __post_init__(self) -> None:
        """Refuse what could not be written."""
        _require_name(self.name)
        if len(self.public_key) != _PUBLIC_KEY_SIZE:
            raise ValueError("a public key has 32 bytes")

    @property
    def key_id(self) -> bytes:
        """Return the key id: name, newline, kind and key, hashed and cut."""
        named = self.name.encode() + b"\n" + bytes([self.kind]) + self.public_key
        return sha256(named).digest()[:KEY_ID_SIZE]


def render_key(key: VerifierKey) -> str:
    """Return the text form: name, "+", key id in hex, "+", base64 of kind and key."""
    material = base64.b64encode(bytes([key.kind]) + key.public_key).decode()
    return f"{key.name}+{key.key_id.hex()}+{material}"


def parse_key(text: str) -> VerifierKey:
    """Read the text form of a verifier key.

    Raises:
        TamperedError: it is not the one form of a key, or of another kind, or the key
            id belongs to another key.

    Source: C2SP signed-note, verifier keys
    """
    name, _, rest = text.partition("+")
    _, _, encoded = rest.partition("+")
    try:
        material = base64.b64decode(encoded, validate=True)
        found = VerifierKey(name, Kind.from_bytes(material[:1]), material[1:])
    except ValueError as error:
        raise TamperedError from error
    if render_key(found) != text:
        raise TamperedError
    return found


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line: who, under which key, and what stands behind the key id.

    Raises:
        ValueError: a part that no line has.
    """

    name: str
    key_id: bytes
    content: bytes

    def __post_init__(self) -> None:
        """Refuse what could not be written."""
        _require_name(self.name)
        if len(self.key_id) != KEY_ID_SIZE or not self.content:
            raise ValueError("a signature stands behind a key id of 4 bytes")


# A note, in UTF-8, without control characters but newline:
#
#   text                                    ends with a newline
#                                           an empty line
#   — name base64(key id | content)         1 to 100 lines
#
# The content by kind, the number big-endian:
#
#   ED25519       signature of the text, 64 bytes
#   COSIGNATURE   seconds since 1970, 8 bytes | signature, 64 bytes, of
#                   cosignature/v1
#                   time SECONDS
#                   text
@dataclass(frozen=True, slots=True)
class Note:
    """A text and its signatures, of which none is verified yet.

    Raises:
        ValueError: what no note holds.

    Source: C2SP signed-note, format
    """

    text: str
    signatures: tuple[Signature, ...]

    def __post_init__(self) -> None:
        """Refuse what could not be written."""
        if not self.text.endswith("\n") or _REFUSED.search(self.text):
            raise ValueError("a text ends with a newline, its only control character")
        if not 1 <= len(self.signatures) <= MAX_SIGNATURES:
            raise ValueError("a note has 1 to 100 signatures")
        if len(render(self)) > MAX_NOTE:
            raise ValueError("a note has at most 1 MB")


def render(note: Note) -> bytes:
    """Return the bytes of a note."""
    lines = (
        f"{_DASH} {one.name} {base64.b64encode(one.key_id + one.content).decode()}\n"
        for one in note.signatures
    )
    return "".join((note.text, "\n", *lines)).encode()


def parse(content: bytes) -> Note:
    """Read a note; nothing in it is verified yet.

    Raises:
        TamperedError: the bytes are not the one form of a note.

    Source: C2SP signed-note, format
    """
    if len(content) > MAX_NOTE:
        raise TamperedError
    try:
        # The last empty line counts: a text may have others.
        text, _, lines = content.decode().rpartition("\n\n")
        signatures = (
            _parse_line(line) for line in lines.removesuffix("\n").split("\n")
        )
        found = Note(text + "\n", tuple(signatures))
    except ValueError as error:
        raise TamperedError from error
    if render(found) != content:
        raise TamperedError
    return found


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs texts under a name.

    Args:
        name: for a log its origin, for a witness its own.
        key: used for nothing else; what a cosignature signs does not hold the name.
        time: seconds since 1970-01-01T00:00Z, for a cosignature: the signer saw this
            checkpoint then. Without it the text itself is signed.

    Raises:
        ValueError: no such name or time.

    Source: C2SP signed-note, Ed25519 signatures; C2SP tlog-cosignature, Ed25519 signed
        message
    """

    name: str
    key: SigningKey
    time: int | None = None

    def __post_init__(self) -> None:
        """Refuse what could not be written."""
        _require_name(self.name)
        if self.time is not None and not 0 <= self.time <= MAX_TIME:
            raise ValueError("a time has 63 bits")

    @property
    def public(self) -> VerifierKey:
        """Return what others must know."""
        kind = Kind.ED25519 if self.time is None else Kind.COSIGNATURE
        return VerifierKey(self.name, kind, self.key.public_key)

    def sign(self, text: bytes) -> bytes:
        """Return what stands behind the key id."""
        if self.time is None:
            return self.key.sign(text)
        return _TIME.pack(self.time) + self.key.sign(_cosigned(text, self.time))


@dataclass(frozen=True, slots=True)
class Verifier:
    """Verifies the signatures of one key.

    Args:
        public: the key, pinned by whoever asks.
        check: verifies Ed25519.
    """

    public: VerifierKey
    check: Check

    def verify(self, text: bytes, content: bytes) -> None:
        """Verify what stands behind the key id.

        Raises:
            TamperedError: it is not this key's signature of the text.
        """
        if self.public.kind is Kind.COSIGNATURE:
            text = _cosigned(text, _time_of(content))
            content = content[_TIME.size :]
        if len(content) != _SIGNATURE_SIZE:
            raise TamperedError
        self.check(self.public.public_key, text, content)


def sign(text: str, signer: Signer) -> Note:
    """Sign a text.

    Raises:
        ValueError: no note can hold it.
    """
    return Note(text, (_signed(text, signer),))


def add(note: Note, signer: Signer) -> Note:
    """Return a note with one signature more.

    Raises:
        ValueError: the note is full.
    """
    return Note(note.text, (*note.signatures, _signed(note.text, signer)))


def verified(note: Note, verifiers: Iterable[Verifier]) -> tuple[Signature, ...]:
    """Verify every signature of a known key.

    Args:
        note: the note.
        verifiers: the known keys.

    Returns:
        These signatures, in the note's order; at least one.

    Raises:
        TamperedError: one of them does not verify, or there is none.

    Source: C2SP signed-note, signatures
    """
    known = [(each.public.name, each.public.key_id, each) for each in verifiers]
    text = note.text.encode()
    found = []
    for one in note.signatures:
        asked = [it for name, id_, it in known if (name, id_) == (one.name, one.key_id)]
        for verifier in asked:
            verifier.verify(text, one.content)
        if asked:
            found.append(one)
    if not found:
        raise TamperedError
    return tuple(found)


def verify(note: Note, verifiers: Iterable[Verifier]) -> frozenset[str]:
    """Verify a note; whoever must have signed it is asked alone.

    Args:
        note: the note.
        verifiers: the known keys. One of them suffices: hand in a log's key alone
            where the log's own word is needed, then the witnesses', to count them.

    Returns:
        The names whose signatures verified; at least one.

    Raises:
        TamperedError: a known key's signature does not verify, or there is none.

    Source: C2SP signed-note, signatures
    """
    return frozenset(one.name for one in verified(note, verifiers))


def cosigned_at(signature: Signature) -> int:
    """Return when a cosignature was made, in seconds since 1970-01-01T00:00Z.

    Args:
        signature: a cosignature out of ``verified``; of others it means nothing.

    Raises:
        TamperedError: it has another form.
    """
    if len(signature.content) != _TIME.size + _SIGNATURE_SIZE:
        raise TamperedError
    return _time_of(signature.content)


def _signed(text: str, signer: Signer) -> Signature:
    return Signature(signer.name, signer.public.key_id, signer.sign(text.encode()))


def _cosigned(text: bytes, time: int) -> bytes:
    """Return the message of a cosignature."""
    return b"cosignature/v1\ntime %d\n%b" % (time, text)


def _time_of(content: bytes) -> int:
    """Read the time in front of a cosignature."""
    if len(content) < _TIME.size:
        raise TamperedError
    time: int = _TIME.unpack_from(content)[0]
    if time > MAX_TIME:
        raise TamperedError
    return time


def _require_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise ValueError("a name has neither spaces nor plus")


def _parse_line(line: str) -> Signature:
    """Read a signature line; whether it is the one form, rendering tells."""
    _, name, encoded = line.split(" ")
    content = base64.b64decode(encoded, validate=True)
    return Signature(name, content[:KEY_ID_SIZE], content[KEY_ID_SIZE:])
