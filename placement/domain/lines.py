r"""Where each key of a TOML text stands, so that what is wrong can be pointed at.

This reads positions and no values: what a key holds is what ``tomllib`` says, and there
is no second reading of it that could differ. A key's own text is given to ``tomllib``
too. Only a text that ``tomllib`` has read is looked at here.

Example:
    >>> places("a = 1\n[t]\n  b.c = [2, 3]\n")["t", "b", "c", 1]
    Place(line=3, column=13)
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

Path = tuple[str | int, ...]
"""Keys, and places in lists, from the outside in."""

_TOKEN: Final = re.compile(
    r"""
      (?P<blank>[ \t\r]+|\#[^\n]*)
    | (?P<newline>\n)
    | (?P<long>\"{3}(?:[^\\]|\\.)*?\"{3,5}|'{3}.*?'{3,5})
    | (?P<quoted>"(?:[^"\\]|\\.)*"|'[^']*')
    | (?P<mark>[\[\]{},=])
    | (?P<bare>[^\s\[\]{},=\#"']+)
    """,
    re.VERBOSE | re.DOTALL,
)
_OPENS: Final = frozenset("[{")
_CLOSES: Final = frozenset("]}")


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A place in a text; both count from 1, columns in characters."""

    line: int
    column: int


def places(text: str) -> Mapping[Path, Place]:
    """Return where each key, and each item of a list, begins.

    A table that is opened more than once stands where it was opened first.

    Args:
        text: what ``tomllib.loads`` has read.
    """
    found: dict[Path, Place] = {}
    for path, at in _Scan(text):
        found.setdefault(path, place_at(text, at))
    return found


def place_at(text: str, at: int) -> Place:
    """Return the place of a character, counted from 0."""
    before = text[:at]
    return Place(before.count("\n") + 1, at - (before.rfind("\n") + 1) + 1)


def place_of(error: ValueError, text: str) -> Place:
    """Return where ``tomllib`` stopped; the end of the text if it does not say."""
    said = re.search(r"\(at line (\d+), column (\d+)\)", str(error))
    return Place(int(said[1]), int(said[2])) if said else place_at(text, len(text))


class _Scan:
    """Goes through a text once, from statement to statement."""

    def __init__(self, text: str) -> None:
        self._text = text
        tokens = (found for found in _TOKEN.finditer(text))
        self._tokens = [each for each in tokens if each.lastgroup != "blank"]
        self._next = 0

    def __iter__(self) -> Iterator[tuple[Path, int]]:
        """Yield paths and where they begin."""
        table: Path = ()
        while (token := self._peek()) is not None:
            if token.lastgroup == "newline":
                self._next += 1
            elif token[0] == "[":
                start = self._inside()
                table = self._key("]")
                yield from _each((), table, start)
                self._skip("\n")
            else:
                yield from self._pair(table)

    def _peek(self) -> re.Match[str] | None:
        return self._tokens[self._next] if self._next < len(self._tokens) else None

    def _inside(self) -> int:
        """Step behind the one or two brackets before a table's name."""
        while self._tokens[self._next][0] == "[":
            self._next += 1
        return self._tokens[self._next].start()

    def _key(self, until: str) -> Path:
        """Read a key, up to a mark; what it says is what ``tomllib`` makes of it."""
        start = self._tokens[self._next].start()
        end = self._skip(until)
        path: list[str | int] = []
        said: Any = tomllib.loads(f"{self._text[start:end]} = 0")
        while said:
            ((name, said),) = said.items()
            path.append(name)
        return tuple(path)

    def _skip(self, until: str) -> int:
        """Step behind the next token of a text, or the last; return where it begins."""
        while (token := self._peek()) is not None:
            self._next += 1
            if token[0] == until:
                return token.start()
        return len(self._text)

    def _pair(self, table: Path) -> Iterator[tuple[Path, int]]:
        start = self._tokens[self._next].start()
        key = self._key("=")
        yield from _each(table, key, start)
        yield from self._value((*table, *key))

    def _value(self, path: Path) -> Iterator[tuple[Path, int]]:
        """Step behind a value, and yield what stands in it."""
        opened = self._tokens[self._next][0]
        if opened not in _OPENS:
            self._scalar()
            return
        self._next += 1
        count = 0
        while self._tokens[self._next][0] not in _CLOSES:
            token = self._tokens[self._next]
            if token.lastgroup == "newline" or token[0] == ",":
                self._next += 1
            elif opened == "{":
                yield from self._pair(path)
            else:
                yield (*path, count), token.start()
                yield from self._value((*path, count))
                count += 1
        self._next += 1

    def _scalar(self) -> None:
        """Step behind a value of one token, or of two: a date, and a time."""
        self._next += 1
        while (token := self._peek()) is not None and token.lastgroup == "bare":
            self._next += 1


def _each(table: Path, key: Path, start: int) -> Iterator[tuple[Path, int]]:
    """Yield every table that a dotted key goes through, and the key."""
    for length in range(1, len(key) + 1):
        yield (*table, *key[:length]), start
