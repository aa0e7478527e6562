"""National identifiers: personnummer and coordination numbers, in memory only.

What somebody types becomes an ``Identifier`` or an error that names the problem and
never repeats the number. Everything else in the client passes identifiers on unread;
``session`` alone turns them into pseudonyms.

Invariants:
    * twelve digits with the century, or nothing: ten digits would make a child of
      somebody over a hundred;
    * no ``repr``, exception, log line or file holds a number; an identifier can't be
      pickled or copied into a file;
    * a coordination number (day plus 60) stays what it is.

Example:
    >>> parse_identifier("19900101-0017", field="identifier", today=date(2026, 1, 1))
    Identifier()
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Final, NoReturn, cast

from personnummer import personnummer

from placement.errors import InvalidInputError

OLDEST: Final = 120
"""Years; whoever is older was given a wrong century, which no check digit covers."""

_FORM: Final = re.compile(r"([0-9]{8})\s*-?\s*([0-9]{4})")
_COORDINATION: Final = 60  # added to the day
# The library has no types. Not its `parse`, whose exception repeats the number.
_valid: Final = cast("Callable[[str], bool]", personnummer.valid)


@dataclass(frozen=True, slots=True, repr=False)
class Identifier:
    """One valid number.

    Attributes:
        digits: twelve ASCII digits; for ``session`` alone.
    """

    digits: str = field(repr=False)

    def __repr__(self) -> str:
        """Return the type only."""
        return "Identifier()"

    def __reduce__(self) -> NoReturn:
        """Refuse to be pickled: an identifier exists in memory only."""
        raise TypeError("an identifier is never stored")


def parse_identifier(text: str, *, field: str, today: date) -> Identifier:
    """Validate a personnummer or a coordination number.

    Args:
        text: twelve digits, century first; a dash before the last four and space
            around are let through.
        field: the field named in the error.
        today: the day it is.

    Raises:
        InvalidInputError: not twelve digits, no day of the calendar, a birth in the
            future or longer ago than anybody lives, or a wrong check digit.

    Secret:
        text
    """
    match = _FORM.fullmatch(text.strip())
    if match is None:
        raise InvalidInputError(field, "must be twelve digits, century first")
    digits = match[1] + match[2]
    born = _birth(digits)
    if born is None:
        raise InvalidInputError(field, "names no day of the calendar")
    if born > today:
        raise InvalidInputError(field, "names a day that is still to come")
    if today.year - born.year > OLDEST:
        raise InvalidInputError(field, "names a century too far back")
    if not _valid(digits):
        raise InvalidInputError(field, "has a wrong check digit")
    return Identifier(digits)


def _birth(digits: str) -> date | None:
    """Return the day of birth, or nothing: the library's error may repeat the day."""
    year, month, day = int(digits[:4]), int(digits[4:6]), int(digits[6:8])
    try:
        return date(year, month, day - _COORDINATION if day > _COORDINATION else day)
    except ValueError:
        return None
