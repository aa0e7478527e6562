"""Municipalities by code and by name, for people who type and read them.

The table is a copy (``data/ORIGIN.md``) that only names things. Whether a code is in
use on a day is the server's business.

Example:
    >>> areas().find("göteborg", field="area"), areas().name("1480")
    ('1480', 'Göteborg')
"""

import csv
import unicodedata
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Final

from placement.errors import InvalidInputError
from placement_client.nearness import nearest

_UNKNOWN: Final = "names no municipality"
_DIGITS: Final = 4


class Areas:
    """The municipalities.

    Args:
        names: name by code, four ASCII digits.
    """

    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = dict(names)
        self._codes = {_key(name): code for code, name in self._names.items()}

    def __iter__(self) -> Iterator[tuple[str, str]]:
        """Iterate over code and name, in the order of codes."""
        return iter(sorted(self._names.items()))

    def name(self, code: str) -> str:
        """Return the name of a code; of one that is not in the table, the code."""
        return self._names.get(code, code)

    def find(self, text: str, *, field: str) -> str:
        """Return the code that a code or a whole name stands for.

        Letter case, spaces and hyphens in names do not matter; a part of a name is
        nothing, because a question about the wrong place is asked and paid for.

        Raises:
            InvalidInputError: no municipality has this code or name.
        """
        code = text if text in self._names else self._codes.get(_key(text))
        if code is None:
            raise InvalidInputError(field, _UNKNOWN)
        return code

    def like(self, text: str) -> tuple[str, ...]:
        """Return up to three names that look like a text, likest first.

        Of digits that lack the zero before them, as a spreadsheet program leaves them,
        the code alone.
        """
        if text.isdecimal() and text.zfill(_DIGITS) in self._names:
            return (text.zfill(_DIGITS),)
        found = nearest(_key(text), self._codes)
        return tuple(self._names[self._codes[key]] for key in found)


@cache
def areas() -> Areas:
    """Return Sweden's municipalities."""
    table = files("placement_client") / "data" / "municipalities.csv"
    rows = csv.DictReader(table.read_text("utf-8").splitlines())
    return Areas({row["code"]: row["name"] for row in rows})


def _key(name: str) -> str:
    folded = unicodedata.normalize("NFKC", name).casefold()
    return "".join(character for character in folded if character.isalnum())
