"""Leaves of the access log in one file, and the same entries in readable lines.

Invariants:
    * a leaf has exactly one frame, and reading refuses every other;
    * a readable line is derived from a shown leaf and from nothing else, so whoever has
      the leaf can see that the line tells the truth;
    * memory does not grow with the number of leaves.

``entries.bin`` is one frame after another, numbers big-endian::

    shown     01 | length, 4 | entry | length, 4 | details
    hidden    00 | leaf hash, 32

An entry has bytes; details have none once they are gone. ``entries.jsonl`` is one
JSON object a line for each shown leaf, in their order: ``index``, the fields of the
entry, ``leaf_hash``, and ``outline``, null once the details are gone. Bytes are
lower-case hex, ``at`` is ISO 8601 in UTC, a verdict is its word.
"""

import json
import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache, lru_cache
from typing import Final, NamedTuple, TypeVar

from placement.api.v1.audit_service_pb2 import ExportLeaf
from placement.api.v1.types_pb2 import Verdict
from placement.audit.details import Outline, opened
from placement.audit.entry import Entry, parse
from placement.audit.merkle import HASH_SIZE, leaf_hash
from placement.errors import TamperedError
from placement_client.days import iso_day
from placement_client.matching import Asked
from placement_client.rendering import enum_name

MAX_PART: Final = 1 << 20
"""Bytes of one entry, or of its details."""

_HIDDEN: Final = 0
_SHOWN: Final = 1
_LENGTH: Final = struct.Struct(">I")
_HIDDEN_SIZE: Final = 1 + HASH_SIZE
_Item = TypeVar("_Item")

# Written out: a line is made a million times.
_LINE: Final = (
    '{"index":%d,"at":"%s","kind":%s,"action":%s,"person":%s,"organisation":%s,'
    '"role":%s,"certificate":"%s","purpose":%s,"outcome":%s,"revision":%d,'
    '"ruleset":%s,"rules":"%s","recipient":%s,"details":"%s","leaf_hash":"%s",'
    '"outline":%s}\n'
)
_OUTLINE: Final = (
    '{"case":"%s","subjects":%s,"counties":%s,"verdicts":%s,"decisions":%s,'
    '"objects":%s,"search":%s}'
)


class Leaf(NamedTuple):
    """A leaf: shown with its entry, or hidden behind its hash.

    Attributes:
        entry: canonical bytes; empty if it is hidden.
        details: as far as an auditor may see them; empty if there are none.
        hidden: its hash, 32 bytes; empty if it is shown.
    """

    entry: bytes
    details: bytes
    hidden: bytes

    @classmethod
    def of(cls, sent: ExportLeaf) -> "Leaf":
        """Return a leaf as it came over the wire.

        Raises:
            TamperedError: it is neither shown nor hidden, or both, or too long.
        """
        found = cls(sent.entry, sent.details, sent.leaf_hash)
        if len(found.hidden) != (0 if found.entry else HASH_SIZE):
            raise TamperedError
        if found.details and not found.entry:
            raise TamperedError
        if max(len(found.entry), len(found.details)) > MAX_PART:
            raise TamperedError
        return found

    @property
    def hash(self) -> bytes:
        """Return the hash of the leaf."""
        return self.hidden or leaf_hash(self.entry)

    def frame(self) -> bytes:
        """Return the leaf as it stands in the file."""
        if self.hidden:
            return b"\0" + self.hidden
        sizes = _LENGTH.pack(len(self.entry)), _LENGTH.pack(len(self.details))
        return b"\1%b%b%b%b" % (sizes[0], self.entry, sizes[1], self.details)


def read(chunks: Iterable[bytes]) -> Iterator[Leaf]:
    """Yield leaves from their frames.

    Args:
        chunks: the file's content, in pieces of any size.

    Raises:
        TamperedError: a frame has another form, or is cut.
    """
    waiting = b""
    for chunk in chunks:
        at = 0
        waiting += chunk
        while (found := _take(waiting, at)) is not None:
            leaf, at = found
            yield leaf
        waiting = waiting[at:]
    if waiting:
        raise TamperedError


def _take(content: bytes, at: int) -> tuple[Leaf, int] | None:
    """Return the leaf at an index and the index behind it; nothing if it is cut."""
    end = at + _HIDDEN_SIZE
    if end > len(content):
        # No shown leaf is shorter: an entry alone has more bytes.
        return None
    if content[at] == _HIDDEN:
        return Leaf(b"", b"", content[at + 1 : end]), end
    if content[at] != _SHOWN:
        raise TamperedError
    start = at + 5
    (size,) = _LENGTH.unpack_from(content, at + 1)
    if not 0 < size <= MAX_PART:
        raise TamperedError
    middle = start + size
    if middle + 4 > len(content):
        return None
    (rest,) = _LENGTH.unpack_from(content, middle)
    if rest > MAX_PART:
        raise TamperedError
    end = middle + 4 + rest
    if end > len(content):
        return None
    return Leaf(content[start:middle], content[middle + 4 : end], b""), end


class Transcript:
    """Reads leaves in the order of the log, and writes the shown ones out.

    Args:
        first: index of the first leaf.
        asked: the filter that chose what is shown.

    Attributes:
        index: of the next leaf.
        shown: how many were shown.
        erased: how many of those had no details any more.
        unreadable: index of the first that is no entry, or whose details are not those
            that it committed to.
        backwards: index of the first that is older than one before it.
        unasked: index of the first that is shown though the filter does not select it.
        withheld: index of the first that is hidden though the filter hides nothing.
    """

    def __init__(self, first: int, asked: Asked) -> None:
        self.index = first
        self.shown = 0
        self.erased = 0
        self.unreadable: int | None = None
        self.backwards: int | None = None
        self.unasked: int | None = None
        self.withheld: int | None = None
        self._asked = asked
        self._latest = 0

    def line(self, leaf: Leaf, hash_: bytes) -> bytes:
        """Read the next leaf and return its line; nothing for one that has none.

        Args:
            leaf: it.
            hash_: its hash.
        """
        index, self.index = self.index, self.index + 1
        if leaf.hidden:
            if self._asked.is_whole and self.withheld is None:
                self.withheld = index
            return b""
        self.shown += 1
        self.erased += not leaf.details
        try:
            entry = parse(leaf.entry)
            outline = _outline(leaf, entry)
            written = _written(index, entry, outline, hash_)
        except TamperedError:
            self.unreadable = index if self.unreadable is None else self.unreadable
            return b""
        try:
            self._asked.require(entry, outline)
        except TamperedError:
            self.unasked = index if self.unasked is None else self.unasked
        if entry.at < self._latest:
            self.backwards = index if self.backwards is None else self.backwards
        self._latest = max(self._latest, entry.at)
        return written

    def require_sound(self) -> None:
        """Refuse leaves that can't be read, go back in time, or don't fit the filter.

        Raises:
            TamperedError: there is one.
        """
        faults = (self.unreadable, self.backwards, self.unasked, self.withheld)
        if faults != (None,) * len(faults):
            raise TamperedError


def _outline(leaf: Leaf, entry: Entry) -> Outline | None:
    """Return what an auditor may see of the details, and hold it against the entry."""
    if not leaf.details:
        return None
    found = opened(leaf.details, entry.details)
    # What is taken along never shows whose case it is, and never hides the rest.
    if found.outline is None or found.matter is not None:
        raise TamperedError
    return found.outline


def _written(index: int, entry: Entry, outline: Outline | None, hash_: bytes) -> bytes:
    """Return the line of an entry."""
    line = _LINE % (
        index,
        _at(entry.at),
        _text(entry.kind),
        _text(entry.action),
        _text(entry.person),
        _text(entry.organisation),
        _text(entry.role),
        entry.certificate.hex(),
        _text(entry.purpose),
        _text(entry.outcome),
        entry.revision,
        _text(entry.ruleset),
        entry.rules.hex(),
        _text(entry.recipient),
        entry.details.hex(),
        hash_.hex(),
        "null" if outline is None else _outlined(outline),
    )
    return line.encode()


def _outlined(outline: Outline) -> str:
    return _OUTLINE % (
        outline.case.hex(),
        _listed(_hex, outline.subjects),
        _listed(_text, outline.counties),
        _listed(_verdict, outline.verdicts),
        _listed(_hex, outline.decisions),
        _listed(_hex, outline.objects),
        _text(outline.search),
    )


def _at(micros: int) -> str:
    """Write an instant as ``iso_instant`` does, which is slower."""
    minute, micros = divmod(micros, 60_000_000)
    seconds, micros = divmod(micros, 1_000_000)
    return f"{_minute(minute)}:{seconds:02}.{micros:06}Z"


@lru_cache(maxsize=64)
def _minute(minute: int) -> str:
    """Write a minute.

    Raises:
        TamperedError: no calendar reaches that far.
    """
    day, minute = divmod(minute, 24 * 60)
    try:
        return f"{iso_day(day)}T{minute // 60:02}:{minute % 60:02}"
    except OverflowError as error:
        raise TamperedError from error


def _hex(content: bytes) -> str:
    return f'"{content.hex()}"'


def _listed(written: Callable[[_Item], str], items: Sequence[_Item]) -> str:
    return f"[{','.join(map(written, items))}]" if items else "[]"


@lru_cache(maxsize=4096)  # most texts are codes and names that come again and again
def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


@cache  # a verdict is one byte
def _verdict(number: int) -> str:
    return _text(enum_name(Verdict.DESCRIPTOR, number))
