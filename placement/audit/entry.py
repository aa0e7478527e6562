"""An entry of the access log: plain fields, canonical bytes, strict parse.

Who asked what, about which case, why, and what was disclosed. The room knows nothing
of rules or roles, so that a client can read an entry with it alone.

Invariants:
    * an entry has exactly one form in bytes, and ``parse`` refuses every other;
    * verdicts stand as numbers, so that no two verdicts differ in length.

The bytes, all numbers big-endian; a text is UTF-8; ``text`` and ``bytes`` stand behind
their length in 4 bytes, a list behind its count in 4 bytes::

    01                       the version of this form
    at           8           microseconds since 1970-01-01T00:00Z
    kind         text        COLLECTION, ALTERATION, CONSULTATION, DISCLOSURE,
                             COMBINATION or ERASURE
    action       text        what was attempted
    person       text        who, or empty: the certificate was refused
    organisation text
    role         text
    certificate  bytes       SHA-256 of the certificate, 32 bytes, or empty
    purpose      text        why, as a code
    case         bytes       16 bytes, or empty
    reference    text        the municipality's own case number, or empty
    candidates   list        of text: area codes
    outcome      text        ANSWERED, or the reason of the refusal
    verdicts     list        of 1 byte each, ordered by harm from 1
    decisions    list        of bytes, 16 each
    revision     8           of the state that was read or made
    ruleset      text        its version
    recipient    text        to whom anything was disclosed, or empty

>>> entry = Entry(at=7, kind="CONSULTATION", action="CASE_SHOW", outcome="ANSWERED")
>>> parse(render(entry)) == entry
True
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, Final

from placement.errors import TamperedError

ANSWERED: Final = "ANSWERED"
"""The outcome of whatever was not refused."""

_VERSION: Final = b"\x01"
_SHORT: Final = struct.Struct(">I")
_LONG: Final = struct.Struct(">Q")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry; the module says what each field means."""

    at: int
    kind: str
    action: str
    person: str = ""
    organisation: str = ""
    role: str = ""
    certificate: bytes = b""
    purpose: str = ""
    case: bytes = b""
    reference: str = ""
    candidates: tuple[str, ...] = ()
    outcome: str
    verdicts: tuple[int, ...] = ()
    decisions: tuple[bytes, ...] = ()
    revision: int = 0
    ruleset: str = ""
    recipient: str = ""


def render(entry: Entry) -> bytes:
    """Return the canonical bytes of an entry.

    Secret: the result
    """
    parts = [_VERSION]
    for field in fields(entry):
        _FORMS[field.name].put(parts, getattr(entry, field.name))
    return b"".join(parts)


def parse(content: bytes) -> Entry:
    """Read an entry.

    Raises:
        TamperedError: the bytes are not the canonical form of one.
    """
    if content[:1] != _VERSION:
        raise TamperedError
    reader = _Reader(content)
    given: dict[str, Any] = {}
    for field in fields(Entry):
        given[field.name] = _FORMS[field.name].take(reader)
    reader.finish()
    return Entry(**given)


class _Reader:
    """Takes parts from the front and trips over every end but the right one."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = 1

    def take(self, count: int) -> bytes:
        end = self._at + count
        part = self._content[self._at : end]
        if len(part) != count:
            raise TamperedError
        self._at = end
        return part

    def short(self) -> int:
        number: int = _SHORT.unpack(self.take(_SHORT.size))[0]
        return number

    def finish(self) -> None:
        if self._at != len(self._content):
            raise TamperedError


@dataclass(frozen=True, slots=True)
class _Form:
    """How one kind of field stands in the bytes."""

    put: Callable[[list[bytes], Any], None]
    take: Callable[[_Reader], Any]


def _put_number(parts: list[bytes], value: int) -> None:
    parts.append(_LONG.pack(value))


def _take_number(reader: _Reader) -> int:
    number: int = _LONG.unpack(reader.take(_LONG.size))[0]
    return number


def _put_bytes(parts: list[bytes], value: bytes) -> None:
    parts += (_SHORT.pack(len(value)), value)


def _take_bytes(reader: _Reader) -> bytes:
    return reader.take(reader.short())


def _put_text(parts: list[bytes], value: str) -> None:
    _put_bytes(parts, value.encode())


def _take_text(reader: _Reader) -> str:
    try:
        return _take_bytes(reader).decode()
    except UnicodeDecodeError as error:
        raise TamperedError from error


def _put_byte(parts: list[bytes], value: int) -> None:
    parts.append(bytes([value]))


def _take_byte(reader: _Reader) -> int:
    return reader.take(1)[0]


_NUMBER: Final = _Form(_put_number, _take_number)
_BYTES: Final = _Form(_put_bytes, _take_bytes)
_TEXT: Final = _Form(_put_text, _take_text)
_BYTE: Final = _Form(_put_byte, _take_byte)


def _list_of(form: _Form) -> _Form:
    def put(parts: list[bytes], values: tuple[Any, ...]) -> None:
        parts.append(_SHORT.pack(len(values)))
        for value in values:
            form.put(parts, value)

    def take(reader: _Reader) -> tuple[Any, ...]:
        return tuple(form.take(reader) for _ in range(reader.short()))

    return _Form(put, take)


_FORMS: Final = {
    "at": _NUMBER,
    "kind": _TEXT,
    "action": _TEXT,
    "person": _TEXT,
    "organisation": _TEXT,
    "role": _TEXT,
    "certificate": _BYTES,
    "purpose": _TEXT,
    "case": _BYTES,
    "reference": _TEXT,
    "candidates": _list_of(_TEXT),
    "outcome": _TEXT,
    "verdicts": _list_of(_BYTE),
    "decisions": _list_of(_BYTES),
    "revision": _NUMBER,
    "ruleset": _TEXT,
    "recipient": _TEXT,
}
