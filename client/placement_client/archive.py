"""Zip files that have exactly one form: fixed members, order, dates and headers.

Any program that opens zip files opens these. Reading them here is strict: what stands
around the members' bytes is made anew from their sizes and compared, so that there is
no place in the file that nothing looks at, no second member of a name, no path and no
comment.

How deflated bytes come out depends on the library that makes them, so they are not made
again; whoever signs an archive signs their hash (``Member.packed_sha256``).

Invariants:
    * memory does not grow with a member;
    * what is unpacked is bounded by what was packed: nothing swells without end.

The file; every size is of 8 bytes (zip64), numbers little-endian, and the date is
1980-01-01::

    for each member     local header | name | sizes | the member's bytes
    for each member     central header | name | sizes and offset
    once                zip64 end | its locator | end
"""

import os
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import BinaryIO, Final

from placement.errors import TamperedError

CHUNK: Final = 1 << 18  # bytes
MAX_SWELL: Final = 100
"""How many bytes may come out of one packed byte, beyond the first ``MAX_FREE``."""
MAX_FREE: Final = 1 << 20  # bytes

_STORED: Final = 0
_DEFLATED: Final = 8
_VERSION: Final = 45  # 4.5: sizes of 8 bytes
_MADE_BY: Final = 3 << 8 | _VERSION  # UNIX, for the mode
_MODE: Final = 0o100600 << 16
_DATE: Final = 1 << 5 | 1  # 1980-01-01
_ELSEWHERE: Final = 0xFFFFFFFF  # see the sizes of 8 bytes
_RAW: Final = -zlib.MAX_WBITS
_LEVEL: Final = 1  # most of it are hashes; higher ones take twice the time for 7 %

_LOCAL: Final = struct.Struct("<4s5H3I2H")
_LOCAL_SIZES: Final = struct.Struct("<2H2Q")
_CENTRAL: Final = struct.Struct("<4s6H3I5H2I")
_CENTRAL_SIZES: Final = struct.Struct("<2H3Q")
_END: Final = struct.Struct("<4sQ2H2I4Q4sIQI4s4H2IH")


@dataclass(frozen=True, slots=True)
class Member:
    """What is known of a member.

    Attributes:
        name: its name, ASCII.
        deflated: whether its bytes are packed.
        crc: CRC-32 of its content.
        size: of its content, bytes.
        packed: size of its bytes in the file.
        sha256: of its content, 32 bytes.
        packed_sha256: of its bytes in the file, 32 bytes.
    """

    name: str
    deflated: bool
    crc: int
    size: int
    packed: int
    sha256: bytes = b""
    packed_sha256: bytes = b""

    def local(self) -> bytes:
        """Return what stands before its bytes."""
        return (
            _LOCAL.pack(
                *(b"PK\3\4", _VERSION, 0, self._method, 0, _DATE),
                *(self.crc, _ELSEWHERE, _ELSEWHERE),
                *(len(self.name), _LOCAL_SIZES.size),
            )
            + self.name.encode()
            + _LOCAL_SIZES.pack(1, _LOCAL_SIZES.size - 4, self.size, self.packed)
        )

    def central(self, offset: int) -> bytes:
        """Return what stands in the directory."""
        return (
            _CENTRAL.pack(
                *(b"PK\1\2", _MADE_BY, _VERSION, 0, self._method, 0, _DATE),
                *(self.crc, _ELSEWHERE, _ELSEWHERE),
                *(len(self.name), _CENTRAL_SIZES.size, 0, 0, 0),
                *(_MODE, _ELSEWHERE),
            )
            + self.name.encode()
            + _CENTRAL_SIZES.pack(
                1, _CENTRAL_SIZES.size - 4, self.size, self.packed, offset
            )
        )

    @property
    def _method(self) -> int:
        return _DEFLATED if self.deflated else _STORED


class Packing:
    """A member that is being made.

    Args:
        name: its name, ASCII.
        file: takes its bytes; empty.
        deflated: whether they are packed.

    Attributes:
        name: its name.
        file: its bytes.
    """

    def __init__(self, name: str, file: BinaryIO, *, deflated: bool) -> None:
        self.name = name
        self.file = file
        self._deflate = zlib.compressobj(_LEVEL, wbits=_RAW) if deflated else None
        self._crc = self._size = self._packed = 0
        self._plain_hash, self._packed_hash = sha256(), sha256()
        self._waiting = bytearray()

    def write(self, content: bytes) -> None:
        """Add to the content."""
        self._waiting += content
        if len(self._waiting) >= CHUNK:
            self._pack()

    def finish(self) -> Member:
        """End the content and return what is known of it."""
        self._pack()
        if self._deflate is not None:
            self._put(self._deflate.flush())
        return Member(
            self.name,
            self._deflate is not None,
            self._crc,
            self._size,
            self._packed,
            self._plain_hash.digest(),
            self._packed_hash.digest(),
        )

    def _pack(self) -> None:
        content, self._waiting = bytes(self._waiting), bytearray()
        self._crc = zlib.crc32(content, self._crc)
        self._size += len(content)
        self._plain_hash.update(content)
        self._put(content if self._deflate is None else self._deflate.compress(content))

    def _put(self, packed: bytes) -> None:
        self._packed += len(packed)
        self._packed_hash.update(packed)
        self.file.write(packed)


def assemble(out: BinaryIO, members: Mapping[Member, BinaryIO]) -> None:
    """Write an archive.

    Args:
        out: takes it; empty.
        members: in order, each with its bytes.
    """
    for member, file in members.items():
        out.write(member.local())
        file.seek(0)
        while chunk := file.read(CHUNK):
            out.write(chunk)
    out.write(_tail(tuple(members)))


class Archive:
    """An archive that is read.

    Args:
        file: the whole of it; read by nobody else meanwhile.
        layout: which members it has, in order, and whether each is deflated.

    Attributes:
        members: by name, without hashes.

    Raises:
        TamperedError: it has another form, other members, or would swell.
    """

    def __init__(self, file: BinaryIO, layout: Mapping[str, bool]) -> None:
        self._file = file
        size = file.seek(0, os.SEEK_END)
        length = len(_tail([Member(*each, 0, 0, 0) for each in layout.items()]))
        if size < length:
            raise TamperedError
        tail = self._read(size - length, length)
        members, at = [], 0
        for name, deflated in layout.items():
            crc = int.from_bytes(tail[at + 16 : at + 20], "little")
            at += _CENTRAL.size + len(name)
            plain, packed = struct.unpack_from("<2Q", tail, at + 4)
            at += _CENTRAL_SIZES.size
            members.append(Member(name, deflated, crc, plain, packed))
        *offsets, end = _offsets(members)
        # The first comparison keeps the second one's numbers within their 8 bytes.
        if end != size - length or tail != _tail(members):
            raise TamperedError
        self.members = {each.name: each for each in members}
        self._offsets = dict(zip(layout, offsets, strict=True))
        for each in members:
            self._require_sound(each)

    def stream(
        self, name: str, told: Callable[[bytes], None] = lambda _packed: None
    ) -> Iterator[bytes]:
        """Yield the content of a member.

        Args:
            name: the member's.
            told: gets its bytes as they stand in the file, too.

        Raises:
            TamperedError: at its end, if it was not what the headers say.
        """
        member = self.members[name]
        crc = size = 0
        packed = self._packed(name, told)
        for chunk in _inflated(packed) if member.deflated else packed:
            crc, size = zlib.crc32(chunk, crc), size + len(chunk)
            if size > member.size:
                raise TamperedError
            yield chunk
        if (crc, size) != (member.crc, member.size):
            raise TamperedError

    def measured(self, name: str) -> Member:
        """Read a member through and return what is known of it, hashes included.

        Raises:
            TamperedError: it is not what the headers say.
        """
        plain, packed = sha256(), sha256()
        for chunk in self.stream(name, packed.update):
            plain.update(chunk)
        return replace(
            self.members[name],
            sha256=plain.digest(),
            packed_sha256=packed.digest(),
        )

    def _packed(self, name: str, told: Callable[[bytes], None]) -> Iterator[bytes]:
        """Yield the bytes of a member as they stand in the file."""
        member = self.members[name]
        at = self._offsets[name] + len(member.local())
        end = at + member.packed
        while at < end:
            chunk = self._read(at, min(CHUNK, end - at))
            told(chunk)
            yield chunk
            at += len(chunk)

    def content(self, name: str, most: int) -> bytes:
        """Return the whole content of a small member.

        Raises:
            TamperedError: it has more bytes than ``most``, or is not what the headers
                say.
        """
        if self.members[name].size > most:
            raise TamperedError
        return b"".join(self.stream(name))

    def _require_sound(self, member: Member) -> None:
        """Refuse another local header, and a content that would swell."""
        local = member.local()
        if self._read(self._offsets[member.name], len(local)) != local:
            raise TamperedError
        if member.size > (MAX_SWELL * member.packed + MAX_FREE):
            raise TamperedError
        if not member.deflated and member.size != member.packed:
            raise TamperedError

    def _read(self, offset: int, count: int) -> bytes:
        self._file.seek(offset)
        found = self._file.read(count)
        if len(found) != count:
            raise TamperedError
        return found


def _inflated(packed: Iterator[bytes]) -> Iterator[bytes]:
    """Yield what deflated bytes hold, which end where they say.

    Raises:
        TamperedError: they do not, or can't be read.
    """
    inflate = zlib.decompressobj(_RAW)
    try:
        for chunk in packed:
            rest = chunk
            while rest and not inflate.eof:
                yield inflate.decompress(rest, CHUNK)
                rest = inflate.unconsumed_tail
            if inflate.unused_data or rest:
                raise TamperedError
        yield inflate.flush()
    except zlib.error as error:
        raise TamperedError from error
    if not inflate.eof:
        raise TamperedError


def _offsets(members: Sequence[Member]) -> list[int]:
    """Return where each member's header begins, and at last where the tail does."""
    found = [0]
    for each in members:
        found.append(found[-1] + len(each.local()) + each.packed)
    return found


def _tail(members: Sequence[Member]) -> bytes:
    """Return what stands behind the members' bytes."""
    *offsets, start = _offsets(members)
    directory = b"".join(
        member.central(offset) for member, offset in zip(members, offsets, strict=True)
    )
    count, length = len(members), len(directory)
    return directory + _END.pack(
        *(b"PK\6\6", 44, _MADE_BY, _VERSION, 0, 0, count, count, length, start),
        *(b"PK\6\7", 0, start + length, 1),
        *(b"PK\5\6", 0, 0, count, count, _ELSEWHERE, _ELSEWHERE, 0),
    )
