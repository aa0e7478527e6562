"""The columns of a sheet of facts, the same for reading and for writing.

One row says one fact. Which columns it fills depends on its kind::

    kind      group  other  area  ...
    rivalry   one    other        severity, last_violence
    alliance  one    other
    faction   child  parent       own_rivalries_only
    presence  group         code  presence

All kinds share ``since``, ``until``, ``scheme``, ``grade``, ``review_by`` and
``reason``. ``docs/sheets.md`` explains each.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

REASON: Final = "refused_because"
"""The column that a sheet of refused rows has at its end; ignored when it is read."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of fact that a row may say.

    Attributes:
        needed: columns that it fills, beside those that every row does.
        allowed: columns that it may fill.
    """

    needed: tuple[str, ...]
    allowed: tuple[str, ...] = ()


KINDS: Final[Mapping[str, Kind]] = {
    "rivalry": Kind(("group", "other", "severity"), ("last_violence",)),
    "alliance": Kind(("group", "other")),
    "faction": Kind(("group", "other"), ("own_rivalries_only",)),
    "presence": Kind(("group", "area", "presence")),
}
"""Every kind, in the order in which rows are sorted."""

_ALWAYS: Final = ("kind", "scheme", "grade", "reason")
_SOMETIMES: Final = ("since", "until", "review_by")

COLUMNS: Final = (
    "kind",
    "group",
    "other",
    "area",
    "severity",
    "presence",
    "own_rivalries_only",
    "last_violence",
    "since",
    "until",
    "scheme",
    "grade",
    "review_by",
    "reason",
)
"""Every column, in the order in which it is written."""


@cache
def needed(kind: str) -> frozenset[str]:
    """Return the columns that a row of a kind must fill."""
    return frozenset((*_ALWAYS, *KINDS[kind].needed))


@cache
def allowed(kind: str) -> frozenset[str]:
    """Return the columns that a row of a kind may fill."""
    return needed(kind) | {*_SOMETIMES, *KINDS[kind].allowed}


def columns_of(kind: str) -> tuple[str, ...]:
    """Return the columns of a kind, in the order in which they are written."""
    return tuple(name for name in COLUMNS if name in allowed(kind))
