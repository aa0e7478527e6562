"""From facts on record to rows of text: the way back of ``rows``."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from google.protobuf.message import Message

from placement.api.v1 import types_pb2 as wire
from placement_client.rendering import day_of
from placement_client.sheets.columns import COLUMNS, KINDS

_SCHEMES: Final[Mapping[int, str]] = {
    wire.GRADE_SCHEME_THREE_FIVE_TWO: "3x5x2",
    wire.GRADE_SCHEME_SIX_SIX: "6x6",
    wire.GRADE_SCHEME_FOUR_FOUR: "4x4",
}
_READ_AS_FORMULA: Final = ("=", "+", "-", "@")
_EMPTY: Final = "(empty)"
_ORDER: Final = {kind: place for place, kind in enumerate(KINDS)}

NameOf = Callable[[bytes], str]
"""The name of a token; of one that has none, the token in hex."""


def row_of(fact: wire.Fact, name_of: NameOf) -> tuple[str, ...]:
    """Return a fact as a row of text, a cell for each column."""
    kind = fact.WhichOneof("statement") or ""
    texts = {
        "kind": kind,
        "since": _day(fact, "valid_from_day"),
        "until": _day(fact, "valid_to_day"),
        "scheme": _SCHEMES[fact.grade.scheme],
        "grade": fact.grade.given,
        "review_by": _day(fact, "review_by_day"),
        "reason": _word(wire.FactReason, "FACT_REASON_", fact.reason),
        **_STATEMENTS[kind](getattr(fact, kind), _safe(name_of)),
    }
    return tuple(texts.get(name, "") for name in COLUMNS)


@dataclass(frozen=True, slots=True)
class Differs:
    """A column of which two facts say something else.

    Attributes:
        column: which.
        before: what stood there; empty for nothing.
        after: what is to stand there; empty for nothing.
    """

    column: str
    before: str
    after: str

    def __str__(self) -> str:
        """Return it for people."""
        return f"{self.column} {self.before or _EMPTY} -> {self.after or _EMPTY}"


def differences(before: wire.Fact, after: wire.Fact) -> list[Differs]:
    """Return the columns in which two facts of one kind differ, in order."""
    both = zip(
        COLUMNS, row_of(before, bytes.hex), row_of(after, bytes.hex), strict=True
    )
    return [Differs(*each) for each in both if each[1] != each[2]]


def in_order(rows: Iterable[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Return rows in the one order: by kind, then by what stands in the columns."""
    return sorted(rows, key=lambda row: (_ORDER[row[0]], row))


def _safe(name_of: NameOf) -> NameOf:
    """Name no group in a way that a spreadsheet program takes for a formula."""

    def named(token: bytes) -> str:
        name = name_of(token)
        return token.hex() if name.startswith(_READ_AS_FORMULA) else name

    return named


def _rivalry(said: wire.Rivalry, name_of: NameOf) -> dict[str, str]:
    return _pair(said, name_of) | {
        "severity": str(said.severity),
        "last_violence": _day(said, "last_violence_on_day"),
    }


def _pair(said: wire.Rivalry | wire.Alliance, name_of: NameOf) -> dict[str, str]:
    one, other = sorted((name_of(said.group_a), name_of(said.group_b)))
    return {"group": one, "other": other}


def _faction(said: wire.Faction, name_of: NameOf) -> dict[str, str]:
    return {
        "group": name_of(said.child),
        "other": name_of(said.parent),
        "own_rivalries_only": "yes" if said.own_rivalries_only else "",
    }


def _presence(said: wire.Presence, name_of: NameOf) -> dict[str, str]:
    return {
        "group": name_of(said.group),
        "area": said.area,
        "presence": _word(wire.PresenceKind, "PRESENCE_KIND_", said.kind),
    }


_STATEMENTS: Final[Mapping[str, Callable[[Any, NameOf], dict[str, str]]]] = {
    "rivalry": _rivalry,
    "alliance": _pair,
    "faction": _faction,
    "presence": _presence,
}


def _day(message: Message, name: str) -> str:
    return day_of(message, name) or ""


def _word(kind: Any, prefix: str, number: int) -> str:  # noqa: ANN401 (a wire enumeration)
    name: str = kind.Name(number)
    return name.removeprefix(prefix).lower()
