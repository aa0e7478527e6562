"""XLSX: one sheet, read as a stream, and never more of it than the limits allow.

A workbook is a ZIP file of XML. What it says of its sizes is added up before anything
is unpacked; ``zipfile`` never unpacks more of a part than was said. Then each part is
scanned for what reading it would cost (``xml_scan``).
"""

import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, time, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from openpyxl import Workbook, load_workbook
from openpyxl.cell import WriteOnlyCell

from placement_client.sheets.cells import (
    MAX_COLUMNS,
    Cell,
    Odd,
    OddCell,
    Row,
    refused,
    text_cell,
)
from placement_client.sheets.xml_scan import require_bounded

MAX_UNPACKED: Final = 256 * 1024 * 1024
"""Bytes of all parts together."""
MAX_STRINGS: Final = 32 * 1024 * 1024
"""Bytes of the one part that is held in memory: the texts of all cells."""
MAX_BESIDE: Final = 1024 * 1024
"""Bytes of all XML beside sheets and texts: styles and the like, read whole."""
MAX_PARTS: Final = 1000
_STRINGS: Final = "xl/sharedstrings.xml"
_SHEETS: Final = "xl/worksheets/"
_XML: Final = (".xml", ".rels")
_NO_WORKBOOK: Final = (
    *(zipfile.BadZipFile, zlib.error, EOFError),
    *(NotImplementedError, ValueError),
)
_ENCRYPTED: Final = 1  # the flag of a ZIP part
_BROKEN: Final = "is no workbook that can be read; save it as XLSX anew"
_TEXT: Final = "@"  # the format of a cell that stays text


def read_xlsx(content: bytes) -> Iterator[Row]:
    """Yield the rows of the one sheet of a workbook that is small enough.

    Raises:
        InvalidInputError: it is none, or has another number of sheets.
    """
    try:
        book = load_workbook(BytesIO(content), read_only=True, data_only=False)
    except Exception as error:
        raise refused(_BROKEN) from error
    if len(book.sheetnames) != 1 or len(book.worksheets) != 1:
        raise refused("must have exactly one sheet")
    sheet = book.worksheets[0]
    sheet.reset_dimensions()  # what it says of itself need not be true
    rows = sheet.iter_rows(max_col=MAX_COLUMNS + 1)
    number = 0
    while True:
        number += 1
        try:
            cells = next(rows)
        except StopIteration:
            return
        except Exception as error:
            raise refused(_BROKEN) from error
        yield number, _trimmed(tuple(map(_cell, cells)))


def require_small(content: bytes) -> None:
    """Refuse a workbook that would take more memory than the limits allow.

    Raises:
        InvalidInputError: it would, or it is no ZIP file, or has a document type.
    """
    try:
        with zipfile.ZipFile(BytesIO(content)) as packed:
            parts = packed.infolist()
            _require_sizes(parts)
            for part in parts:
                if part.filename.lower().endswith(_XML):
                    with packed.open(part) as opened:
                        require_bounded(opened)
    except _NO_WORKBOOK as error:
        raise refused(_BROKEN) from error


def _require_sizes(parts: Sequence[zipfile.ZipInfo]) -> None:
    """Refuse what would unpack to more than the limits allow, by what it says.

    Raises:
        InvalidInputError: it would, or is encrypted.
    """
    if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED:
        raise refused("unpacks to too much; split it")
    if any(part.flag_bits & _ENCRYPTED for part in parts):
        raise refused("is encrypted")
    beside = 0
    for part in parts:
        name = part.filename.lower()
        if name == _STRINGS and part.file_size > MAX_STRINGS:
            raise refused("has too much text; split it")
        if name.endswith(_XML) and name != _STRINGS and not name.startswith(_SHEETS):
            beside += part.file_size
    if beside > MAX_BESIDE:
        raise refused("has too much beside its rows; copy them into a new workbook")


def _trimmed(cells: tuple[Cell, ...]) -> tuple[Cell, ...]:
    end = len(cells)
    while end and not cells[end - 1]:
        end -= 1
    return cells[:end]


def _cell(cell: Any) -> Cell:  # noqa: ANN401 (of several classes of the library)
    value = cell.value
    match value:
        case None:
            return ""
        case str():
            formula = cell.data_type == "f"
            return OddCell(Odd.FORMULA) if formula else text_cell(value)
        case bool():
            return OddCell(Odd.OTHER, str(value))
        case int() | float():
            return OddCell(Odd.NUMBER, str(value))
        case date() | time() | timedelta():
            return OddCell(Odd.DATE, str(value))
        case _:
            return OddCell(Odd.FORMULA)


def write_xlsx(path: Path, rows: Iterable[Iterable[str]]) -> None:
    """Write a workbook of one sheet in which every cell is text.

    Raises:
        OSError: it can't be written.
    """
    book = Workbook(write_only=True)
    sheet = book.create_sheet("facts")
    for row in rows:
        cells = []
        for text in row:
            cell = WriteOnlyCell(sheet, value=text)
            cell.data_type, cell.number_format = "s", _TEXT
            cells.append(cell)
        sheet.append(cells)
    book.save(path)
