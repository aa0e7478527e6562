"""A mapping: which columns of somebody's sheet are which of ours, saved as a file.

The file is JSON::

    {"columns": {"Grupp A": "group", "Grupp B": "other"}, "fixed": {"kind": "rivalry"}}

``columns`` names headings of the sheet; a heading that is ours already needs no entry,
and one that stands for nothing is mapped to an empty text. ``fixed`` is what every row
says, though no column does.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from placement.errors import InvalidInputError
from placement_client.nearness import perhaps
from placement_client.sheets.cells import Cell
from placement_client.sheets.columns import COLUMNS, REASON
from placement_client.texts import read_json, read_text

_MAX_KIB: Final = 64
_FORM: Final = 'must be JSON: {"columns": {...}, "fixed": {...}}'


@dataclass(frozen=True, slots=True)
class ColumnMap:
    """How headings are understood.

    Attributes:
        columns: our column by heading; empty for a heading that is passed by.
        fixed: what every row says, by our column.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    fixed: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> "ColumnMap":
        """Read a saved mapping.

        Raises:
            InvalidInputError: it can't be read, or is none.
        """
        text = read_text(path, field="map", kib=_MAX_KIB)
        data = read_json(text, field="map", form=_FORM)
        if not isinstance(data, dict) or not data.keys() <= {"columns", "fixed"}:
            raise InvalidInputError("map", _FORM)
        made = cls(_texts(data.get("columns", {})), _texts(data.get("fixed", {})))
        made.require_known()
        return made

    def require_known(self) -> None:
        """Refuse a mapping to columns that there are not.

        Raises:
            InvalidInputError: it is one.
        """
        named = (("columns", self.columns.values(), ""), ("fixed", self.fixed, None))
        for what, names, nothing in named:
            for place, name in enumerate(names, 1):
                if name not in COLUMNS and name != nothing:
                    which = f"says in {what}, number {place}, what is no column"
                    phrase = f"{which}; {perhaps(name, COLUMNS)}"
                    raise InvalidInputError("map", phrase)

    def save(self, path: Path) -> None:
        """Save it in a new file.

        Raises:
            InvalidInputError: it can't be written, or something is there.
        """
        data = {"columns": dict(self.columns), "fixed": dict(self.fixed)}
        text = json.dumps(data, indent=2, ensure_ascii=False) + "\n"
        try:
            with path.open("x", encoding="utf-8") as file:
                file.write(text)
        except FileExistsError as error:
            raise InvalidInputError("to", "exists already; it is left alone") from error
        except OSError as error:
            raise InvalidInputError("to", "can't be written") from error

    def headings(self, cells: Sequence[Cell]) -> tuple[str, ...]:
        """Return our column for each cell of the first row; empty to pass it by.

        Raises:
            InvalidInputError: a heading that is not known, or one column twice.
        """
        found = tuple(self._column(cell, n) for n, cell in enumerate(cells, 1))
        for number, name in enumerate(found, 1):
            if name and name in found[: number - 1]:
                first = found.index(name) + 1
                raise InvalidInputError(
                    "file", f"says the same in columns {first} and {number}"
                )
            if name in self.fixed:
                phrase = f"says in column {number} what the map fixes for every row"
                raise InvalidInputError("file", phrase)
        return found

    def _column(self, cell: Cell, number: int) -> str:
        heading = cell if isinstance(cell, str) else cell.text
        if heading in self.columns:
            return self.columns[heading]
        ours = heading.casefold()
        if ours in (REASON, ""):
            return ""
        if ours not in COLUMNS:
            raise InvalidInputError(
                "file", f"has a heading in column {number} that is not known; map it"
            )
        return ours


def _texts(data: object) -> dict[str, str]:
    """Return texts by texts.

    Raises:
        InvalidInputError: it is something else.
    """
    if isinstance(data, dict):
        texts = {k: v for k, v in data.items() if isinstance(v, str)}
        if len(texts) == len(data):
            return texts
    raise InvalidInputError("map", _FORM)
