"""Reads a ruleset file's values, once it is known that all of them can stand.

Everything that is wrong is found at once, each with its place in the file, the key, and
what would be right. A fault never repeats what the file says in its place.

Invariants:
    * a key that is missing or unknown is a fault, so that a typing error can't silently
      loosen a rule;
    * every value is what ``tomllib`` says.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final

from placement.domain.areas import Areas
from placement.domain.lines import Path, Place, place_of, places
from placement.domain.ruleset_keys import (
    FORMAT,
    KEYS,
    MANY,
    Codes,
    Grades,
    Keys,
    Number,
    Pairs,
    Quantiles,
    Version,
    version_of,
)
from placement.domain.terms import Grade

MAX_TEXT: Final = 48 * 1024
"""Characters of a file, so that it fits into one request."""

_GRADE: Final = re.compile(r"[0-9A-Z][0-9A-Z]", re.ASCII)
_CODE: Final = re.compile(r"[0-9]{4}", re.ASCII)
_PAIR: Final = re.compile(r"([0-9]{4})-([0-9]{4})", re.ASCII)
_HOURS_A_DAY: Final = 24
_FEW: Final = 6  # keys that fit into one sentence
_QUANTILES: Final = (2, 101)  # at least, at most


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One thing that is wrong.

    Attributes:
        place: where.
        key: dotted, as far as it is one of ours; empty for the whole file.
        text: what would be right; constant words.
    """

    place: Place
    key: str
    text: str

    def __str__(self) -> str:
        """Return it in one line."""
        what = f"{self.key} {self.text}" if self.key else self.text
        return f"line {self.place.line}, column {self.place.column}: {what}"


class RulesetError(ValueError):
    """A text that is no ruleset.

    Attributes:
        faults: all that is wrong with it, in the order of the file; at least one.
    """

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(sorted(set(faults)))
        super().__init__("\n".join(map(str, self.faults)))


def read_keys(text: str, areas: Areas) -> Mapping[str, Any]:
    """Read a file's values once it is known that all of them can stand.

    Args:
        text: TOML.
        areas: which codes there are.

    Raises:
        RulesetError: something is wrong; it has everything that is.
    """
    if len(text) > MAX_TEXT:
        raise RulesetError(
            [Fault(Place(1, 1), "", f"is longer than {MAX_TEXT} characters")]
        )
    try:
        data = tomllib.loads(text)
    except RecursionError:
        fault = Fault(Place(1, 1), "", "has values too deep inside one another")
        raise RulesetError([fault]) from None
    except ValueError as error:
        raise RulesetError(
            [Fault(place_of(error, text), "", "this is not TOML")]
        ) from None
    wrong = list(_wrong(data, areas))
    if wrong:
        found = places(text)  # only now: it takes longer than all the rest
        raise RulesetError(each.placed(found) for each in wrong)
    return data


def _wrong(data: Mapping[str, Any], areas: Areas) -> Iterator["_Wrong"]:
    """Yield what is wrong; of another form of file no more than that, its keys differ."""
    if type(data.get("format")) is int and data["format"] != FORMAT:
        text = f"must be {FORMAT}; this program knows no other form of file"
        yield _Wrong(("format",), text)
    else:
        yield from _Look(areas).at((), data, KEYS)


@dataclass(frozen=True, slots=True)
class _Wrong:
    """A fault before it is known where it stands.

    Attributes:
        path: to what is wrong.
        text: as of ``Fault``.
        known: whether the path is one of ours, and can be told.
    """

    path: Path
    text: str
    known: bool = True

    def placed(self, found: Mapping[Path, Place]) -> Fault:
        """Return it with its place; what is missing stands where its table does."""
        keys = [part for part in self.path if isinstance(part, str)]
        path = self.path
        while path and path not in found:
            path = path[:-1]
        place = found.get(path, Place(1, 1))
        return Fault(place, ".".join(keys) if self.known else "", self.text)


class _Look:
    """Looks for what is wrong.

    Args:
        areas: which codes there are.
    """

    def __init__(self, areas: Areas) -> None:
        self._areas = areas

    def at(self, path: Path, value: object, wanted: object) -> Iterator[_Wrong]:
        """Yield what is wrong with a value."""
        match wanted:
            case Number(low, high):
                if type(value) is not int or not low <= value <= high:
                    yield _Wrong(path, _number(low, high))
            case Version():
                if not isinstance(value, str) or not version_of(value):
                    text = 'must be year, month and number, such as "2026-11-1"'
                    yield _Wrong(path, text)
            case Grades():
                yield from self._texts(path, value, _GRADE, 'grades, such as "2B"')
            case Pairs():
                yield from self._pairs(path, value)
            case Codes():
                yield from self._texts(path, value, _CODE, 'codes, such as "0180"')
            case Quantiles():
                text = _unlike(value, wanted)
                if text:
                    yield _Wrong(path, text)
            case _:
                yield from self._table(path, value, dict(_keys(wanted)))

    def _table(self, path: Path, value: object, keys: Keys) -> Iterator[_Wrong]:
        if not isinstance(value, dict):
            yield _Wrong(path, "must be a table")
            return
        name = ".".join(map(str, path))
        for key, inside in value.items():
            if key in keys:
                yield from self.at((*path, key), inside, keys[key])
            else:
                text = f"{_which(name)} has no such key{_perhaps(key, value, keys)}"
                yield _Wrong((*path, key), text, known=False)
        for key in keys.keys() - value.keys():
            yield _Wrong((*path, key), "is missing")
        if keys.keys() <= value.keys():
            yield from self._together(path, value)

    def _together(self, path: Path, value: Mapping[str, Any]) -> Iterator[_Wrong]:
        """Yield what is wrong between keys of one table."""
        if path == ("anomaly", "night_work") and _less(value, "ends", "begins"):
            yield _Wrong((*path, "begins"), "must be before ends")
        if path[:1] == ("grade",) and len(path) > 1:
            yield from self._twice(path, value)
        if path == ("near",):
            yield from self._near(path, value)
        if path == ("phantom", "weight"):
            yield from self._places(path, value)
        if path == () and isinstance(value["retention"], dict):
            yield from self._forgotten(value)

    def _twice(self, path: Path, lists: Mapping[str, Any]) -> Iterator[_Wrong]:
        """Yield the grades that a scheme lists twice."""
        seen: set[object] = set()
        for grade in Grade:
            given = lists[grade.name]
            for index, code in enumerate(given if isinstance(given, list) else ()):
                if isinstance(code, str) and code in seen:
                    item = (*path, grade.name, index)
                    yield _Wrong(item, "has a grade that stands twice")
                elif isinstance(code, str):
                    seen.add(code)

    def _forgotten(self, data: Mapping[str, Any]) -> Iterator[_Wrong]:
        """Yield what would be erased while its end still gives REVIEW (R12)."""
        time = data["time"]
        least = time.get("cool_down_days") if isinstance(time, dict) else None
        for kind, kept in data["retention"].items():
            ended = kept.get("ended") if isinstance(kept, dict) else None
            if type(ended) is int and type(least) is int and ended < least:
                path = ("retention", kind, "ended")
                yield _Wrong(path, "must not be less than time.cool_down_days")

    def _texts(
        self, path: Path, value: object, form: re.Pattern[str], of: str
    ) -> Iterator[_Wrong]:
        if not isinstance(value, list):
            yield _Wrong(path, f"must be a list of {of}")
            return
        for index, text in enumerate(value):
            if not isinstance(text, str) or not form.fullmatch(text):
                yield _Wrong((*path, index), f"must be a list of {of}")

    def _pairs(self, path: Path, value: object) -> Iterator[_Wrong]:
        faults = list(
            self._texts(path, value, _PAIR, 'pairs of codes, such as "0180-0186"')
        )
        yield from faults
        if faults or not isinstance(value, list):
            return
        seen: set[frozenset[str]] = set()
        for index, text in enumerate(value):
            one, _, other = text.partition("-")
            pair = frozenset((one, other))
            if one not in self._areas or other not in self._areas or one == other:
                said = "must name two municipalities that there are"
                yield _Wrong((*path, index), said)
            elif pair in seen:
                yield _Wrong((*path, index), "has a pair that stands twice")
            seen.add(pair)

    def _places(self, path: Path, value: Mapping[str, Any]) -> Iterator[_Wrong]:
        """Yield the codes that are none, or stand twice."""
        seen: set[object] = set()
        for key in ("cities", "towns"):
            given = value[key]
            for index, code in enumerate(given if isinstance(given, list) else ()):
                item = (*path, key, index)
                if not isinstance(code, str) or not _CODE.fullmatch(code):
                    continue
                if code not in self._areas:
                    yield _Wrong(item, "must name a municipality that there is")
                elif code in seen:
                    yield _Wrong(item, "has a code that stands twice")
                seen.add(code)

    def _near(self, path: Path, value: Mapping[str, Any]) -> Iterator[_Wrong]:
        """Yield the pairs that would change nothing, or contradict a merger."""
        if any(next(self._pairs(path, each), None) for each in value.values()):
            return
        for key, is_near in (("added", True), ("removed", False)):
            for index, text in enumerate(value[key]):
                one, _, other = text.partition("-")
                if (other in self._areas[one].near) is is_near:
                    said = "are near already" if is_near else "are not near as it is"
                    yield _Wrong((*path, key, index), f"names two that {said}")
        try:
            if any(value.values()):
                near(self._areas, value)
        except ValueError:
            text = "contradicts a merger: who takes over is near what the other was"
            yield _Wrong((*path, "removed"), text)


def near(areas: Areas, table: Mapping[str, list[str]]) -> Areas:
    """Return the areas with the near relation as a file changes it.

    Raises:
        ValueError: then a successor is not near what the merged area was.
    """
    return areas.changed(added=_codes(table["added"]), removed=_codes(table["removed"]))


def _codes(pairs: list[str]) -> list[tuple[str, str]]:
    return [(text[:4], text[5:]) for text in pairs]


def _keys(wanted: Any) -> Keys:  # noqa: ANN401 (a table, where nothing else is left)
    keys: Keys = wanted
    return keys


def _less(table: Mapping[str, Any], one: str, other: str) -> bool:
    """Tell whether an hour is not after another; false where one is no hour."""
    numbers = [each for each in (table[one], table[other]) if type(each) is int]
    return len(numbers) > 1 and 0 <= numbers[0] <= numbers[1] < _HOURS_A_DAY


def _unlike(value: object, wanted: Quantiles) -> str:
    """Return what would be right, if a value is no such list."""
    least, most = _QUANTILES
    text = f"must be {least} to {most} whole numbers that rise, 0 to {wanted.high}"
    if not isinstance(value, list) or not least <= len(value) <= most:
        return text
    if any(type(each) is not int for each in value) or value != sorted(value):
        return text
    if value[0] < 0 or value[-1] > wanted.high:
        return text
    between = sum(value[1:]) + sum(value[:-1])
    few = between < 2 * wanted.mean * (len(value) - 1)
    return f"must have a mean of {wanted.mean} or more" if few else ""


def _number(low: int, high: int) -> str:
    if low == high:
        return f"must be {low}"
    most = "or more" if high == MANY else f"to {high}"
    return f"must be a whole number, {low} {most}"


def _which(name: str) -> str:
    return f"[{name}]" if name else "the file"


def _perhaps(key: str, value: Mapping[str, Any], keys: Keys) -> str:
    """Say which key may be meant; never the one that is given."""
    free = sorted(keys.keys() - value.keys())
    close = get_close_matches(key[:64], free, n=1)
    if close:
        return f"; perhaps {close[0]} is meant"
    if len(keys) <= _FEW:
        return f"; it has {', '.join(keys)}"
    return ""
