"""What an XML part would cost whoever reads it, found out without reading it.

A workbook of some kilobytes can unpack to one row of ten million cells, which a reader
holds in memory at once, hundreds of bytes for each. So every part is parsed before as a
stream of events, of which nothing is kept but a count.

Invariants:
    * what passes holds at most ``MAX_HELD`` elements at any moment, in a reader that lets
      the content of a row, or of a text, go at its end;
    * no part has a document type, wherever it stands, so no entity grows.
"""

from typing import IO, Final
from xml.parsers import expat

from placement_client.sheets.cells import refused

MAX_HELD: Final = 500_000
"""Elements that a reader would hold at once; empty ones that it let go count, too."""
MAX_STRETCH: Final = 4 * 1024 * 1024
"""Bytes without the end of an element."""
_CHUNK: Final = 1 << 16
_MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_LET_GO: Final = frozenset({f"{_MAIN} row", f"{_MAIN} si"})


class _Scan:
    """Counts what a reader would hold.

    Attributes:
        held: elements, now.
        ended: whether an element has ended since somebody looked.
    """

    def __init__(self) -> None:
        self.held = 0
        self.ended = False
        self._before: list[int] = []

    def start(self, name: str, _attributes: object) -> None:
        """See an element begin."""
        if name in _LET_GO:
            self._before.append(self.held)
        self.held += 1

    def end(self, name: str) -> None:
        """See an element end."""
        self.ended = True
        if name in _LET_GO:
            self.held = self._before.pop() + 1

    def refuse(self, *_: object) -> None:
        """Refuse a document type.

        Raises:
            ValueError: there is one.
        """
        raise ValueError


def require_bounded(part: IO[bytes]) -> None:
    """Refuse a part that would cost too much.

    Args:
        part: unpacked while it is read.

    Raises:
        InvalidInputError: it would.
        ValueError: it is no XML that can be read, or has a document type.
    """
    scan, stretch = _Scan(), 0
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = scan.start
    parser.EndElementHandler = scan.end
    parser.StartDoctypeDeclHandler = scan.refuse
    try:
        while chunk := part.read(_CHUNK):
            parser.Parse(chunk)
            stretch = 0 if scan.ended else stretch + len(chunk)
            scan.ended = False
            if scan.held > MAX_HELD or stretch > MAX_STRETCH:
                raise refused("has more than rows of short cells; copy them anew")
        parser.Parse(b"", True)  # noqa: FBT003 (the library takes it by place only)
    except expat.ExpatError as error:
        raise ValueError from error
