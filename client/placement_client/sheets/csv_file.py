"""CSV: commas, UTF-8, no byte order mark, and nothing else."""

import csv
from collections.abc import Iterable, Iterator
from io import BytesIO, TextIOWrapper
from typing import Final, TextIO

from placement_client.sheets.cells import MAX_CELL, Row, refused, text_cell

_MARKS: Final = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_HEAD: Final = 4096  # bytes in which the headings end
MAX_ROW: Final = 1024 * 1024
"""Characters of a row, however many lines it has."""
_SAVE: Final = "save it as CSV with commas in UTF-8, or as XLSX"


def read_csv(content: bytes) -> Iterator[Row]:
    """Yield the rows of a CSV file.

    Raises:
        InvalidInputError: another encoding, a byte order mark, semicolons, or quotes
            that don't close.
    """
    if content.startswith(_MARKS):
        raise refused(f"begins with a byte order mark; {_SAVE}")
    if b"\0" in content:
        raise refused(f"is no text; {_SAVE}")
    head = content[:_HEAD].split(b"\n", 1)[0]
    if b"," not in head and (b";" in head or b"\t" in head):
        raise refused(f"is separated by something else than commas; {_SAVE}")
    csv.field_size_limit(100 * MAX_CELL)
    text = TextIOWrapper(BytesIO(content), "utf-8", errors="strict", newline="")
    lines = _Lines(text)
    reader = csv.reader(lines, strict=True)
    while True:
        number = reader.line_num + 1
        lines.left = MAX_ROW
        try:
            cells = next(reader)
        except StopIteration:
            return
        except UnicodeDecodeError:
            raise refused(f"is not UTF-8 around row {number}; {_SAVE}") from None
        except csv.Error:
            raise refused(f"is no CSV around row {number}; {_SAVE}") from None
        yield number, tuple(map(text_cell, cells))


class _Lines:
    """The lines of a text, of which a row takes no more than so many characters.

    Attributes:
        left: how many the row may still take.
    """

    def __init__(self, text: TextIO) -> None:
        self.left = MAX_ROW
        self._text = text

    def __iter__(self) -> "_Lines":
        """Iterate over itself."""
        return self

    def __next__(self) -> str:
        """Return the next line.

        Raises:
            InvalidInputError: the row is too long.
            StopIteration: there is none.
        """
        line = self._text.readline(self.left + 1)
        self.left -= len(line)
        if self.left < 0:
            raise refused("has a row that is too long; is a quote missing?")
        if not line:
            raise StopIteration
        return line


def write_csv(out: TextIO, rows: Iterable[Iterable[str]]) -> None:
    """Write rows, each on a line of its own that ends in a line feed."""
    csv.writer(out, lineterminator="\n").writerows(rows)
