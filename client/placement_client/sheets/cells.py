"""A sheet as rows of cells, whatever file it came from, and what makes it none.

Invariants:
    * nothing is guessed: what a spreadsheet program may have changed (numbers, dates,
      formulas) is marked, and refused where it could mean something else;
    * memory is bounded: a file, a row and a cell that are too large are refused before
      they are looked at.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final, TypeAlias

from placement.errors import InvalidInputError

MAX_BYTES: Final = 64 * 1024 * 1024
"""Bytes of a file."""
MAX_ROWS: Final = 200_000
"""Rows of a sheet, the headings and blank ones among them."""
MAX_COLUMNS: Final = 64
"""Cells of a row."""
MAX_CELL: Final = 500
"""Characters of a cell."""

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


class Odd(Enum):
    """What a cell is when it is no text."""

    NUMBER = "is a number that a spreadsheet program made; format the cell as text"
    DATE = "is a date that a spreadsheet program made; write it as text, as 2026-12-31"
    FORMULA = "is a formula, or would be read as one"
    OTHER = "is neither text nor a number"
    LONG = "is over 500 characters"


@dataclass(frozen=True, slots=True)
class OddCell:
    """A cell that is no plain text.

    Attributes:
        odd: what it is.
        text: what it shows, as far as that can be told; else empty.
    """

    odd: Odd
    text: str = ""


Cell: TypeAlias = str | OddCell
Row: TypeAlias = tuple[int, tuple[Cell, ...]]
"""The row's number in the file, from 1, and its cells."""


def text_cell(text: str) -> Cell:
    """Return a cell of text, without the spaces around it."""
    if len(text) > MAX_CELL:
        return OddCell(Odd.LONG)
    # Before stripping: a tab is how a formula hides.
    if text.startswith(_FORMULA):
        return OddCell(Odd.FORMULA)
    return text.strip(" ")


def shown(cell: Cell) -> str:
    """Return what a cell shows, for the sheet of refused rows."""
    return cell if isinstance(cell, str) else cell.text


def checked(rows: Iterator[Row]) -> Iterator[Row]:
    """Pass rows on, without blank ones at the end or between, and refuse too many.

    Raises:
        InvalidInputError: there are too many rows, or a row has too many cells.
    """
    for count, (number, cells) in enumerate(rows):
        if count >= MAX_ROWS:
            raise refused(f"has more than {MAX_ROWS} rows; split it")
        if len(cells) > MAX_COLUMNS and any(cells[MAX_COLUMNS:]):
            raise refused(f"has more than {MAX_COLUMNS} columns in row {number}")
        if any(cells):
            yield number, cells


def refused(description: str) -> InvalidInputError:
    """Make the error of a file that is no sheet."""
    return InvalidInputError("file", description)
