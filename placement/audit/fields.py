"""Plain fields in canonical bytes: one form for each value, and a strict reader.

What the entries of the access log and their details are written in. All numbers are
big-endian; a text is UTF-8; a text and bytes stand behind their length in 4 bytes, a
list behind its count in 4 bytes. A version byte stands before the first field, and
nothing behind the last.

Invariants:
    * a value has exactly one form in bytes, and ``parse`` refuses every other.

>>> @dataclass(frozen=True, slots=True)
... class Pair:
...     name: str
...     number: int
>>> form = Form(Pair, 7, {"name": TEXT, "number": NUMBER})
>>> form.parse(form.render(Pair("a", 1)))
Pair(name='a', number=1)
"""

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from placement.errors import TamperedError

_BYTE: Final = struct.Struct(">B")
_SHORT: Final = struct.Struct(">I")
_LONG: Final = struct.Struct(">Q")

_Made = TypeVar("_Made")


class Reader:
    """Takes parts from the front and trips over every end but the right one.

    Args:
        content: the bytes.
        start: where to begin.
    """

    def __init__(self, content: bytes, start: int = 0) -> None:
        self._content = content
        self._at = start

    def take(self, count: int) -> bytes:
        """Return the next bytes.

        Raises:
            TamperedError: there are fewer.
        """
        end = self._at + count
        part = self._content[self._at : end]
        if len(part) != count:
            raise TamperedError
        self._at = end
        return part

    def short(self) -> int:
        """Return the next number of 4 bytes."""
        number: int = _SHORT.unpack(self.take(_SHORT.size))[0]
        return number

    def finish(self) -> None:
        """Refuse whatever is left.

        Raises:
            TamperedError: there is something.
        """
        if self._at != len(self._content):
            raise TamperedError


@dataclass(frozen=True, slots=True)
class Kind:
    """How one kind of field stands in the bytes.

    Attributes:
        put: returns a value's bytes.
        take: reads the value at an index, and tells the index behind it. That may lie
            behind the end, and the value mean nothing; the form sees to it.
        size: of each value in bytes; 0 if they differ.
    """

    put: Callable[[Any], bytes]
    take: Callable[[bytes, int], tuple[Any, int]]
    size: int = 0


class Form(Generic[_Made]):
    """The canonical bytes of one dataclass.

    Args:
        made: the dataclass, with slots, and nothing to do when one is made.
        version: the first byte.
        kinds: of every field, in the order of the bytes.
    """

    def __init__(
        self, made: type[_Made], version: int, kinds: Mapping[str, Kind]
    ) -> None:
        self._made = made
        self._version = bytes([version])
        self._puts = tuple((name, kind.put) for name, kind in kinds.items())
        # Filling the slots takes a tenth of what the call of a frozen dataclass does,
        # and that call would be half of the reading.
        self._takes = tuple(
            (getattr(made, name).__set__, kind.take) for name, kind in kinds.items()
        )

    def render(self, value: _Made) -> bytes:
        """Return the canonical bytes of a value.

        Secret: value, and the result
        """
        parts = [put(getattr(value, name)) for name, put in self._puts]
        return self._version + b"".join(parts)

    def parse(self, content: bytes) -> _Made:
        """Read a value.

        Raises:
            TamperedError: the bytes are not the canonical form of one.
        """
        if content[:1] != self._version:
            raise TamperedError
        at, made = 1, self._made.__new__(self._made)
        length = _SHORT.unpack_from
        try:
            for fill, take in self._takes:
                # Most fields are texts; a call for each would cost more than the rest.
                if take is _take_text:
                    start = at + 4
                    at = start + length(content, at)[0]
                    fill(made, content[start:at].decode())
                else:
                    value, at = take(content, at)
                    fill(made, value)
        except (struct.error, IndexError, UnicodeDecodeError) as error:
            raise TamperedError from error
        # Indexes only grow, so one look tells whether each field was there.
        if at != len(content):
            raise TamperedError
        return made


def _take_number(content: bytes, at: int) -> tuple[int, int]:
    return _LONG.unpack_from(content, at)[0], at + 8


def _put_bytes(value: bytes) -> bytes:
    return _SHORT.pack(len(value)) + value


def _take_bytes(content: bytes, at: int) -> tuple[bytes, int]:
    start = at + 4
    end = start + _SHORT.unpack_from(content, at)[0]
    return content[start:end], end


def _put_text(value: str) -> bytes:
    return _put_bytes(value.encode())


def _take_text(content: bytes, at: int) -> tuple[str, int]:
    start = at + 4
    end = start + _SHORT.unpack_from(content, at)[0]
    return content[start:end].decode(), end


def _take_byte(content: bytes, at: int) -> tuple[int, int]:
    return content[at], at + 1


NUMBER: Final = Kind(_LONG.pack, _take_number)
"""0 to 2^64 - 1, in 8 bytes."""
BYTES: Final = Kind(_put_bytes, _take_bytes)
TEXT: Final = Kind(_put_text, _take_text)
BYTE: Final = Kind(_BYTE.pack, _take_byte)
"""0 to 255, in 1 byte."""


def fixed(size: int) -> Kind:
    """Return the kind of bytes that always have one length, and no length before them."""

    def put(value: bytes) -> bytes:
        if len(value) != size:
            raise ValueError("a field of another length")
        return value

    def take(content: bytes, at: int) -> tuple[bytes, int]:
        end = at + size
        return content[at:end], end

    return Kind(put, take, size)


def list_of(kind: Kind) -> Kind:
    """Return the kind of a tuple of values."""
    put_one, take_one, size = kind.put, kind.take, kind.size

    def put(values: tuple[Any, ...]) -> bytes:
        return _SHORT.pack(len(values)) + b"".join(map(put_one, values))

    def take(content: bytes, at: int) -> tuple[tuple[Any, ...], int]:
        count = _SHORT.unpack_from(content, at)[0]
        start = at + 4
        if not count:
            return (), start
        # A value has a byte at least; whoever wrote more would be waited for.
        if count > len(content):
            raise TamperedError
        if size:
            end = start + count * size
            found = [content[each : each + size] for each in range(start, end, size)]
            return tuple(found), end
        values = []
        for _ in range(count):
            value, start = take_one(content, start)
            values.append(value)
        return tuple(values), start

    return Kind(put, take)
