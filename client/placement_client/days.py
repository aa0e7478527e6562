"""Days and instants, between the wire and people.

The wire counts whole days since 1970-01-01 in Europe/Stockholm and microseconds since
1970-01-01T00:00Z. People write ISO dates or ``today`` and read Stockholm time; files
and programs read ISO 8601 in UTC. The room never asks the clock itself.

Example:
    >>> day = parse_day("2026-12-01", field="from", today=date(2026, 11, 24))
    >>> day, iso_day(day), iso_instant(1_764_547_200_000_000)
    (20788, '2026-12-01', '2025-12-01T00:00:00.000000Z')
"""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Final, TypeAlias
from zoneinfo import ZoneInfo

from placement.errors import InvalidInputError, TamperedError

Clock: TypeAlias = Callable[[], float]
"""Seconds since 1970-01-01 UTC."""

_STOCKHOLM: Final = ZoneInfo("Europe/Stockholm")
_EPOCH_DAY: Final = date(1970, 1, 1)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DATE: Final = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INSTANT: Final = re.compile(
    _DATE.pattern + r"T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?"
    "(Z|[+-][0-9]{2}:[0-9]{2})"
)
_MICROSECOND: Final = timedelta(microseconds=1)
_MICROS: Final = 1_000_000  # in a second


def today(clock: Clock) -> date:
    """Return the day it is in Stockholm."""
    return datetime.fromtimestamp(clock(), _STOCKHOLM).date()


def day_number(day: date) -> int:
    """Return a day as the wire counts it: days since 1970-01-01."""
    return (day - _EPOCH_DAY).days


def now(clock: Clock) -> int:
    """Return the instant that it is: microseconds since 1970-01-01T00:00Z."""
    return round(clock() * _MICROS)


def parse_day(text: str, *, field: str, today: date) -> int:
    """Read ``today`` or an ISO date as days since 1970-01-01.

    Args:
        text: what somebody wrote.
        field: the field named in the error.
        today: the day it is in Stockholm.

    Raises:
        InvalidInputError: it is neither.
    """
    if text == "today":
        return day_number(today)
    # `fromisoformat` also takes weeks and dates without dashes.
    if not _DATE.fullmatch(text):
        raise InvalidInputError(field, "must be a date, as 2026-12-31, or today")
    try:
        return day_number(date.fromisoformat(text))
    except ValueError as error:
        raise InvalidInputError(field, "is no day of the calendar") from error


def parse_instant(text: str, *, field: str, today: date) -> int:
    """Read an ISO instant, or a day's first in Stockholm.

    Args:
        text: what somebody wrote: ``today``, a date, or an instant with its zone.
        field: the field named in the error.
        today: the day it is in Stockholm.

    Returns:
        Microseconds since 1970-01-01T00:00Z.

    Raises:
        InvalidInputError: it is none of them, or before 1970.
    """
    if _INSTANT.fullmatch(text):
        try:
            at = datetime.fromisoformat(text)
        except ValueError as error:
            raise InvalidInputError(field, "is no instant of the calendar") from error
    else:
        day = _EPOCH_DAY + timedelta(days=parse_day(text, field=field, today=today))
        at = datetime(day.year, day.month, day.day, tzinfo=_STOCKHOLM)
    micros = (at - _EPOCH) // _MICROSECOND
    if micros < 0:
        raise InvalidInputError(field, "lies before 1970")
    return micros


def stockholm_day(micros: int) -> int:
    """Return the day that an instant falls on in Stockholm, as the wire counts days.

    Raises:
        TamperedError: no calendar reaches that far; an honest server sent no such.
    """
    return day_number(_instant(micros).astimezone(_STOCKHOLM).date())


def iso_day(day: int) -> str:
    """Write days since 1970-01-01 as an ISO date."""
    return (_EPOCH_DAY + timedelta(days=day)).isoformat()


def iso_instant(micros: int) -> str:
    """Write microseconds since 1970-01-01T00:00Z in ISO 8601, UTC.

    Raises:
        TamperedError: no calendar reaches that far; an honest server sent no such.
    """
    return _instant(micros).isoformat(timespec="microseconds")[:-6] + "Z"


def stockholm_time(micros: int) -> str:
    """Write microseconds since 1970-01-01T00:00Z for a person: minute and zone.

    Raises:
        TamperedError: as ``iso_instant``.
    """
    return f"{_instant(micros).astimezone(_STOCKHOLM):%Y-%m-%d %H:%M} Stockholm time"


def stockholm_second(micros: int) -> str:
    """Write microseconds since 1970-01-01T00:00Z for a column: Stockholm's second.

    Raises:
        TamperedError: as ``iso_instant``.
    """
    return f"{_instant(micros).astimezone(_STOCKHOLM):%Y-%m-%d %H:%M:%S}"


def _instant(micros: int) -> datetime:
    try:
        return _EPOCH + timedelta(microseconds=micros)
    except OverflowError as error:
        raise TamperedError from error
