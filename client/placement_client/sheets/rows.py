"""From a row's cells to the fact that it says, or to why it says none.

Invariants:
    * a row is understood wholly or refused; each fault names its column;
    * nothing is guessed: a number that may have lost a zero, a name that is not in the
      label book, a date in another form are refused with a hint.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from placement.api.v1 import types_pb2 as wire
from placement.errors import InvalidInputError
from placement_client.areas import areas
from placement_client.days import parse_day
from placement_client.sheets.cells import Cell, Odd, OddCell
from placement_client.sheets.columns import COLUMNS, KINDS, allowed, needed

_SCHEMES: Final[Mapping[str, int]] = {
    "3x5x2": wire.GRADE_SCHEME_THREE_FIVE_TWO,
    "6x6": wire.GRADE_SCHEME_SIX_SIX,
    "4x4": wire.GRADE_SCHEME_FOUR_FOUR,
}
_GRADES: Final[Mapping[str, re.Pattern[str]]] = {
    "3x5x2": re.compile("[1-3][A-E]"),
    "6x6": re.compile("[A-F][1-6]"),
    "4x4": re.compile("[ABCX][1-4]"),
}
_REASONS: Final[Mapping[str, int]] = {
    name.removeprefix("FACT_REASON_").lower(): number
    for name, number in wire.FactReason.items()
    if number
}
_PRESENCES: Final[Mapping[str, int]] = {
    name.removeprefix("PRESENCE_KIND_").lower(): number
    for name, number in wire.PresenceKind.items()
    if number
}
_SEVERITIES: Final = ("1", "2", "3")
_ANSWERS: Final[Mapping[str, bool]] = {"yes": True, "no": False, "": False}
_DIGITS: Final = re.compile("[0-9]+", re.ASCII)
_CODE_DIGITS: Final = 4
_SERIAL: Final = re.compile("[0-9]{4,6}([.,][0-9]+)?", re.ASCII)
# Columns in which a number of a spreadsheet program can mean one thing only.
_NUMBERS: Final = frozenset({"severity", "area"})


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a cell can't be understood.

    Attributes:
        column: ours.
        why: in constant words.
        like: names that look like what stands there; for the coordinator alone.
    """

    column: str
    why: str
    like: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return it for the sheet of refused rows."""
        hint = f"; like: {', '.join(self.like)}" if self.like else ""
        return f"{self.column} {self.why}{hint}"


@dataclass(frozen=True, slots=True)
class Names:
    """How group names are understood.

    Attributes:
        token: the token of a name or of 32 hex digits; takes text and column.
        like: names in the label book that look like one.
        today: the day it is in Stockholm.
    """

    token: Callable[[str, str], bytes]
    like: Callable[[str], tuple[str, ...]]
    today: date


class RowError(Exception):
    """A row that says no fact.

    Attributes:
        faults: all that is wrong with it.
    """

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("a row can't be understood")
        self.faults = tuple(faults)


class RowReader:
    """Reads rows under one set of headings.

    Args:
        headings: our column for each cell of a row; empty for one that is passed by.
        fixed: what every row says, by column.
        names: how group names are understood.
    """

    def __init__(
        self, headings: Sequence[str], fixed: Mapping[str, str], names: Names
    ) -> None:
        self._headings = tuple(headings)
        self._fixed = dict(fixed)
        self._names = names
        self._tokens: dict[str, bytes] = {}

    def read(self, cells: Sequence[Cell]) -> wire.Fact:
        """Return the fact that a row says.

        Raises:
            RowError: it says none.
        """
        said = self._by_column(cells)
        kind = said.get("kind", "")
        if not isinstance(kind, str) or kind not in KINDS:
            kinds = ", ".join(KINDS)
            raise RowError([Fault("kind", f"must be one of {kinds}")])
        faults = list(_misplaced(kind, said))
        texts = {name: _text(name, cell, faults) for name, cell in said.items()}
        if faults:
            raise RowError(faults)
        return self._fact(kind, texts)

    def _by_column(self, cells: Sequence[Cell]) -> dict[str, Cell]:
        """Return the filled cells by column.

        Raises:
            RowError: there are more cells than headings.
        """
        if any(cells[len(self._headings) :]):
            raise RowError([Fault("row", "has more cells than there are headings")])
        pairs = zip(self._headings, cells, strict=False)
        return {**self._fixed, **{name: cell for name, cell in pairs if name and cell}}

    def _fact(self, kind: str, texts: Mapping[str, str]) -> wire.Fact:
        """Make a fact of texts of which none is missing.

        Raises:
            RowError: one of them can't be understood.
        """
        reading = _Reading(texts, self._names, self._tokens)
        fact = wire.Fact(
            valid_from_day=reading.day("since"),
            valid_to_day=reading.day("until"),
            grade=reading.grade(),
            review_by_day=reading.day("review_by"),
            reason=wire.FactReason.ValueType(reading.one_of("reason", _REASONS)),
            **{kind: _STATEMENTS[kind](reading)},
        )
        reading.finish(fact)
        return fact


class _Reading:
    """Reads the texts of one row and gathers what is wrong with them."""

    def __init__(
        self, texts: Mapping[str, str], names: Names, tokens: dict[str, bytes]
    ) -> None:
        self._texts = texts
        self._names = names
        self._tokens = tokens
        self.faults: list[Fault] = []

    def finish(self, fact: wire.Fact) -> None:
        """Refuse the row if something was wrong.

        Raises:
            RowError: it was.
        """
        ends = fact.HasField("valid_from_day") and fact.HasField("valid_to_day")
        if ends and fact.valid_to_day < fact.valid_from_day:
            self.faults.append(Fault("until", "must not be before since"))
        if self.faults:
            raise RowError(self.faults)

    def day(self, column: str) -> int | None:
        """Return a day, or ``None`` where none is given."""
        text = self._texts.get(column, "")
        if not text:
            return None
        if _SERIAL.fullmatch(text):
            self._fault(
                column,
                "looks like the serial number of a spreadsheet program; "
                "write the date as 2026-12-31",
            )
            return None
        try:
            return parse_day(text, field=column, today=self._names.today)
        except InvalidInputError as error:
            self._fault(column, error.description)
            return None

    def one_of(self, column: str, words: Mapping[str, int]) -> int:
        """Return the number of a word."""
        text = self._texts.get(column, "")
        if text not in words:
            self._fault(column, f"must be one of {', '.join(words)}")
            return 0
        return words[text]

    def answer(self, column: str) -> bool:
        """Return what yes, no or nothing says."""
        text = self._texts.get(column, "")
        if text not in _ANSWERS:
            self._fault(column, "must be yes or no")
            return False
        return _ANSWERS[text]

    def grade(self) -> wire.SourceGrade:
        """Return the grade as given."""
        scheme, given = self._texts["scheme"], self._texts["grade"]
        if scheme not in _SCHEMES:
            self._fault("scheme", f"must be one of {', '.join(_SCHEMES)}")
        elif not _GRADES[scheme].fullmatch(given):
            self._fault("grade", "is no grade of this scheme")
        number = wire.GradeScheme.ValueType(_SCHEMES.get(scheme, 0))
        return wire.SourceGrade(scheme=number, given=given)

    def group(self, column: str) -> bytes:
        """Return a group's token."""
        text = self._texts[column]
        if text in self._tokens:
            return self._tokens[text]
        try:
            token = self._names.token(text, column)
        except InvalidInputError as error:
            self._fault(column, error.description, self._names.like(text))
            return b""
        self._tokens[text] = token
        return token

    def pair(self) -> tuple[bytes, bytes]:
        """Return two groups, the lower token first; of what they say, order is none."""
        low, high = sorted((self.group("group"), self.group("other")))
        self.differ(low, high)
        return low, high

    def differ(self, one: bytes, other: bytes) -> None:
        """Refuse one group twice."""
        if one == other and one:
            self._fault("other", "must be another group")

    def area(self) -> str:
        """Return the code of an area."""
        text = self._texts["area"]
        if _DIGITS.fullmatch(text) and len(text) < _CODE_DIGITS:
            self._fault(
                "area",
                "must have four digits; a spreadsheet program may have taken a zero "
                "away, so format the column as text and write all four",
            )
            return ""
        try:
            return areas().find(text, field="area")
        except InvalidInputError as error:
            like = () if _DIGITS.fullmatch(text) else areas().like(text)
            self._fault("area", error.description, like)
            return ""

    def severity(self) -> int:
        """Return 1 to 3."""
        text = self._texts["severity"]
        if text not in _SEVERITIES:
            self._fault("severity", "must be 1, 2 or 3")
            return 0
        return int(text)

    def _fault(self, column: str, why: str, like: tuple[str, ...] = ()) -> None:
        self.faults.append(Fault(column, why, like))


def _misplaced(kind: str, said: Mapping[str, Cell]) -> Iterator[Fault]:
    """Yield what a row of a kind lacks, and what it must not have."""
    for name in COLUMNS:
        if name in needed(kind) and name not in said:
            yield Fault(name, "is missing")
        if name in said and name not in allowed(kind):
            yield Fault(name, f"has no meaning for a {kind}")


def _text(name: str, cell: Cell, faults: list[Fault]) -> str:
    if isinstance(cell, str):
        return cell
    if cell.odd is Odd.NUMBER and name in _NUMBERS:
        return cell.text
    faults.append(_odd(name, cell))
    return ""


def _odd(name: str, cell: OddCell) -> Fault:
    return Fault(name, cell.odd.value)


def _rivalry(reading: _Reading) -> wire.Rivalry:
    low, high = reading.pair()
    return wire.Rivalry(
        group_a=low,
        group_b=high,
        severity=reading.severity(),
        last_violence_on_day=reading.day("last_violence"),
    )


def _alliance(reading: _Reading) -> wire.Alliance:
    low, high = reading.pair()
    return wire.Alliance(group_a=low, group_b=high)


def _faction(reading: _Reading) -> wire.Faction:
    child, parent = reading.group("group"), reading.group("other")
    reading.differ(child, parent)
    own = reading.answer("own_rivalries_only")
    return wire.Faction(child=child, parent=parent, own_rivalries_only=own)


def _presence(reading: _Reading) -> wire.Presence:
    kind = reading.one_of("presence", _PRESENCES)
    return wire.Presence(
        group=reading.group("group"),
        area=reading.area(),
        kind=wire.PresenceKind.ValueType(kind),
    )


_STATEMENTS: Final[Mapping[str, Callable[[_Reading], Any]]] = {
    "rivalry": _rivalry,
    "alliance": _alliance,
    "faction": _faction,
    "presence": _presence,
}
