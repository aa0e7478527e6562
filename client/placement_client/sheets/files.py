"""Files of sheets: CSV or XLSX by their endings, read whole and written whole."""

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from placement.errors import InvalidInputError
from placement_client.sheets.cells import MAX_BYTES, Row, checked, refused
from placement_client.sheets.csv_file import read_csv, write_csv
from placement_client.sheets.xlsx_file import read_xlsx, require_small, write_xlsx

_CSV, _XLSX = ".csv", ".xlsx"
_ENDINGS: Final = "must end in .csv or .xlsx"


@dataclass(frozen=True, slots=True)
class SheetFile:
    """The content of a file, as it was when it was read.

    Attributes:
        ending: ``.csv`` or ``.xlsx``.
        content: all of it, at most ``MAX_BYTES``.
    """

    ending: str
    content: bytes

    @classmethod
    def read(cls, path: Path) -> "SheetFile":
        """Read a file.

        Raises:
            InvalidInputError: another ending, too large, empty, no workbook, or can't
                be read.
        """
        ending = _ending(path)
        try:
            with path.open("rb") as file:
                found = os.fstat(file.fileno())
                if not stat.S_ISREG(found.st_mode):
                    raise refused("is no file")
                if found.st_size > MAX_BYTES:
                    raise refused(f"is over {MAX_BYTES // 2**20} MiB; split it")
                content = file.read(found.st_size + 1)
        except OSError as error:
            raise refused("can't be read") from error
        if len(content) > found.st_size:
            raise refused("grew while it was read")
        if not content.strip():
            raise refused("is empty")
        if ending == _XLSX:
            require_small(content)
        return cls(ending, content)

    @property
    def digest(self) -> bytes:
        """SHA-256 of the content."""
        return sha256(self.content).digest()

    def rows(self) -> Iterator[Row]:
        """Yield its rows but blank ones.

        Raises:
            InvalidInputError: it is no sheet.
        """
        read = read_csv if self.ending == _CSV else read_xlsx
        return checked(read(self.content))


def write_sheet(path: Path, rows: Iterable[Iterable[str]], field: str = "to") -> None:
    """Write a new file, readable by its owner only; CSV or XLSX by its ending.

    Args:
        path: of the file.
        rows: its rows, the headings first.
        field: the option that names the file, for errors.

    Raises:
        InvalidInputError: another ending, or it exists or can't be written.
    """
    ending = _ending(path)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        if ending == _CSV:
            with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as out:
                write_csv(out, rows)
        else:
            os.close(descriptor)
            write_xlsx(path, rows)
    except FileExistsError as error:
        raise InvalidInputError(field, "exists already; it is left alone") from error
    except OSError as error:
        raise InvalidInputError(field, "can't be written") from error


def _ending(path: Path) -> str:
    ending = path.suffix.lower()
    if ending not in (_CSV, _XLSX):
        raise InvalidInputError("file", _ENDINGS)
    return ending
