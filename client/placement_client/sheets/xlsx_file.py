"""XLSX: one sheet, read as a stream, and never more of it than the limits allow.

A workbook is a ZIP file of XML. What it says of its sizes is added up before anything
is unpacked; ``zipfile`` never unpacks more of a part than was said.
"""

import zipfile
from collections.abc import Iterable, Iterator
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

MAX_UNPACKED: Final = 256 * 1024 * 1024
"""Bytes of all parts together."""
MAX_STRINGS: Final = 32 * 1024 * 1024
"""Bytes of the one part that is held in memory: the texts of all cells."""
MAX_PARTS: Final = 1000
_STRINGS: Final = "xl/sharedstrings.xml"
_HEAD: Final = 4096  # bytes in which a part says its document type
_ENCRYPTED: Final = 1  # the flag of a ZIP part
_BROKEN: Final = "is no workbook that can be read; save it as XLSX anew"
_TEXT: Final = "@"  # the format of a cell that stays text


def read_xlsx(content: bytes) -> Iterator[Row]:
    """Yield the rows of the one sheet of a workbook.

    Raises:
        InvalidInputError: it is none, has another number of sheets, or is too large.
    """
    _require_small(content)
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


def _require_small(content: bytes) -> None:
    """Refuse what would unpack to more than the limits allow.

    Raises:
        InvalidInputError: it would, or it is no ZIP file, or has a document type.
    """
    try:
        with zipfile.ZipFile(BytesIO(content)) as packed:
            parts = packed.infolist()
            sizes = [part.file_size for part in parts]
            if len(parts) > MAX_PARTS or sum(sizes) > MAX_UNPACKED:
                raise refused("unpacks to too much; split it")
            for part in parts:
                if part.flag_bits & _ENCRYPTED:
                    raise refused("is encrypted")
                held = part.filename.lower() == _STRINGS
                if held and part.file_size > MAX_STRINGS:
                    raise refused("has too much text; split it")
                with packed.open(part) as opened:
                    if b"<!DOCTYPE" in opened.read(_HEAD):
                        raise refused(_BROKEN)
    except (zipfile.BadZipFile, EOFError, NotImplementedError, ValueError) as error:
        raise refused(_BROKEN) from error


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
