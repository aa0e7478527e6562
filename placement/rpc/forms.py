"""The forms that fields of a request must have; each refusal names the field."""

import re
from collections.abc import Sequence
from enum import IntEnum
from typing import Any, Final, TypeVar

from placement.domain.terms import AreaCode, Day, Window
from placement.errors import InvalidInputError

TOKEN_SIZE: Final = 16  # bytes: tokens, handles, ids
PSEUDONYM_SIZE: Final = 32  # bytes
DIGEST_SIZE: Final = 32  # bytes

_AREA: Final = re.compile(r"[0-9]{4}", re.ASCII)
_FIRST_DAY: Final = -25_567  # 1900-01-01
_LAST_DAY: Final = 84_005  # 2199-12-31

Member = TypeVar("Member", bound=IntEnum)


def sized(value: bytes, size: int, field: str) -> bytes:
    """Return bytes of an exact length."""
    if len(value) != size:
        raise InvalidInputError(field, f"must be {size} bytes")
    return value


def token(value: bytes, field: str) -> bytes:
    """Return a token, handle or id."""
    return sized(value, TOKEN_SIZE, field)


def below(value: int, end: int, field: str) -> int:
    """Return a number that is below another."""
    if not 0 <= value < end:
        raise InvalidInputError(field, "is too large")
    return value


def area(value: str, field: str) -> AreaCode:
    """Return the form of a municipality code; whether it exists is decided later."""
    if not _AREA.fullmatch(value):
        raise InvalidInputError(field, "must be four digits")
    return AreaCode(value)


def day(value: int, field: str) -> Day:
    """Return a day that a calendar of ours knows."""
    if not _FIRST_DAY <= value <= _LAST_DAY:
        raise InvalidInputError(field, "must be a day from 1900 to 2199")
    return Day(value)


def optional_day(message: Any, name: str, field: str) -> Day | None:  # noqa: ANN401 (any request)
    """Return a day that may be unset."""
    if not message.HasField(name):
        return None
    return day(getattr(message, name), f"{field}.{name}")


def window(message: Any, field: str) -> Window:  # noqa: ANN401 (the request's own)
    """Return a window; an end before its start is refused."""
    start = day(message.start_day, f"{field}.start_day")
    end = optional_day(message, "end_day", field)
    if end is not None and end <= start:
        raise InvalidInputError(f"{field}.end_day", "must be after start_day")
    return Window(start=start, end=end)


def member(kind: type[Member], value: int, field: str) -> Member:
    """Return a value of one of the domain's enumerations; zero is never one."""
    try:
        return kind(value)
    except ValueError:
        raise InvalidInputError(field, "is no known value") from None


def code(kind: Any, prefix: str, value: int, field: str) -> str:  # noqa: ANN401 (a wire enumeration)
    """Return the name of a wire enumeration's value without its prefix."""
    if value == 0 or value not in kind.values():
        raise InvalidInputError(field, "is no known value")
    name: str = kind.Name(value)
    return name.removeprefix(prefix)


def arm(message: Any, oneof: str, field: str) -> str:  # noqa: ANN401 (any request)
    """Return which arm of a oneof is set."""
    name: str | None = message.WhichOneof(oneof)
    if name is None:
        raise InvalidInputError(f"{field}.{oneof}", "must be set")
    return name


def at_most(items: Sequence[object], most: int, field: str) -> None:
    """Refuse a list that is too long before looking at its items."""
    if len(items) > most:
        raise InvalidInputError(field, f"must be at most {most}")
