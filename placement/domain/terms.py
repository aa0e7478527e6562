"""The value types: tokens, days, windows, grades, verdicts.

Invariants:
    * verdicts are ordered by harm, so that the worst of several is their ``max``;
    * a day is a whole number of days since 1970-01-01 in Europe/Stockholm;
    * a window is ``[start, end)`` in days; an end of ``None`` is open and overlaps
      everything later.

>>> Window(start=10, end=12).overlaps(12, None)
False
>>> max(Verdict.CLEAR, Verdict.REVIEW, Verdict.UNKNOWN).name
'REVIEW'
"""

import zoneinfo
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import IntEnum
from functools import lru_cache
from typing import NewType

SubjectId = NewType("SubjectId", bytes)
"""32 bytes: HMAC-SHA-256 of a pseudonym under the store's own key."""
GroupToken = NewType("GroupToken", bytes)
"""16 random bytes."""
FacilityToken = NewType("FacilityToken", bytes)
"""16 random bytes."""
ProviderToken = NewType("ProviderToken", bytes)
"""16 random bytes."""
CaseHandle = NewType("CaseHandle", bytes)
"""16 random bytes."""
FactId = NewType("FactId", bytes)
"""16 random bytes; placements, permits, alerts and attestations have one too."""
DossierId = NewType("DossierId", bytes)
"""The id of a fact, or the handle of a case with all that belongs to it."""
FindingKey = NewType("FindingKey", bytes)
"""8 bytes: BLAKE2b of a rule's id, what a finding gives and the facts it rests on."""
AreaCode = NewType("AreaCode", str)
"""4 ASCII digits, the SCB municipality code."""
Day = NewType("Day", int)
"""Days since 1970-01-01, Europe/Stockholm."""
Micros = NewType("Micros", int)
"""Microseconds since 1970-01-01T00:00Z."""
Revision = NewType("Revision", int)
"""Sequence number of the last event that a state contains; 0 is the empty state."""

STOCKHOLM = zoneinfo.ZoneInfo("Europe/Stockholm")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = date(1970, 1, 1)
MICROS_AN_HOUR = 3_600_000_000
MICROS_A_DAY = 24 * MICROS_AN_HOUR
_MICROS_A_MILLI = 1000
_WHEN_SIZE = 6  # bytes


@lru_cache(64)
def stockholm_day(now: Micros) -> Day:
    """Return the calendar day in Stockholm at an instant."""
    moment = _EPOCH + timedelta(microseconds=now)
    return Day((moment.astimezone(STOCKHOLM).date() - _EPOCH_DAY).days)


def start_of(day: int) -> Micros:
    """Return the instant at which a calendar day begins in Stockholm."""
    midnight = datetime.combine(_EPOCH_DAY + timedelta(days=day), time(), STOCKHOLM)
    return Micros((midnight - _EPOCH) // timedelta(microseconds=1))


def year_of(now: Micros) -> int:
    """Return the calendar year in Stockholm at an instant."""
    moment = _EPOCH + timedelta(microseconds=now)
    return moment.astimezone(STOCKHOLM).year


def day_of(calendar: date) -> Day:
    """Return the day number of a calendar date."""
    return Day((calendar - _EPOCH_DAY).days)


def decided_when(now: Micros) -> bytes:
    """Return how a decision's id begins: milliseconds since 1970-01-01, 6 bytes."""
    return (now // _MICROS_A_MILLI).to_bytes(_WHEN_SIZE)


def decided_between(decision: bytes) -> tuple[Micros, Micros]:
    """Return from when until when a decision with this id can have been made."""
    since = int.from_bytes(decision[:_WHEN_SIZE]) * _MICROS_A_MILLI
    return Micros(since), Micros(since + _MICROS_A_MILLI)


class Verdict(IntEnum):
    """What a check may answer, ordered by harm (rules.md)."""

    CLEAR = 1
    UNKNOWN = 2
    REVIEW = 3
    CONFLICT = 4


class Grade(IntEnum):
    """A source grade, normalised (rules.md, grades)."""

    DISCREDITED = 1
    WEAK = 2
    MEDIUM = 3
    STRONG = 4


class Scheme(IntEnum):
    """The grading scheme a source grade was given in."""

    THREE_FIVE_TWO = 1
    SIX_SIX = 2
    FOUR_FOUR = 3


class AffiliationRole(IntEnum):
    """How a subject belongs to a group; informs people, changes no verdict."""

    CORE = 1
    ASSOCIATE = 2
    RECRUIT = 3
    RELATIVE = 4


class PresenceKind(IntEnum):
    """How firmly a group stands in an area."""

    BASE = 1
    ACTIVE = 2
    OCCASIONAL = 3


class GroupSize(IntEnum):
    """How many people a group may have placed; said by people, never counted."""

    SMALL = 1
    MEDIUM = 2
    LARGE = 3
    VERY_LARGE = 4


class LiftGround(IntEnum):
    """Why phantom stays shall not stand in a case's way."""

    NO_OTHER_PLACE = 1
    URGENT = 2
    CARE = 3


class Basis(IntEnum):
    """On whose word a municipality opens a case; recorded for statistics."""

    POLICE = 1
    SOCIAL_ONLY = 2


class PlacementState(IntEnum):
    """Where a placement is in its life."""

    HELD = 1
    ACTIVE = 2
    ENDED = 3
    ABORTED = 4


class EndCause(IntEnum):
    """Why a placement left its life."""

    MOVED_OUT = 1
    MOVED_ON = 2
    RELEASED = 3
    EXPIRED = 4
    NOT_MOVED_IN = 5
    CASE_CLOSED = 6


class PermitGround(IntEnum):
    """Why somebody may be placed despite what was answered."""

    RELEASED = 1
    GREATER_DANGER = 2
    DECISION = 3
    CARE = 4
    OWN_WISH = 5


class AlertKind(IntEnum):
    """What happened to a standing placement."""

    WORSE = 1
    FOLLOW_UP = 2
    CASE_CLOSED = 3
    OVERDUE = 4


class AlertState(IntEnum):
    """Where an alert is in its life."""

    RAISED = 1
    ACKNOWLEDGED = 2
    ESCALATED = 3
    CLOSED = 4


class AlertClosing(IntEnum):
    """Why an alert is closed."""

    MOVED = 1
    NO_DANGER = 2
    ACCEPTED = 3
    CORRECTED = 4


class Reason(IntEnum):
    """Why a fact was recorded: coded, no free text."""

    INTELLIGENCE = 1
    INCIDENT = 2
    COURT = 3
    STATEMENT = 4
    ADMINISTRATIVE = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A stretch of days ``[start, end)``.

    Attributes:
        start: first day.
        end: first day after; ``None`` is open.
    """

    start: Day
    end: Day | None = None

    def overlaps(self, valid_from: Day | None, valid_to: Day | None) -> bool:
        """Tell whether a validity meets this window; ``None`` is open on that side."""
        begins = valid_from is None or self.end is None or valid_from < self.end
        return begins and (valid_to is None or valid_to > self.start)

    def __str__(self) -> str:
        """Return the first day and the first day after, as calendars write them."""
        return f"{_iso(self.start)}/{'' if self.end is None else _iso(self.end)}"

    @classmethod
    def parse(cls, text: str) -> "Window":
        """Read what ``str`` returned.

        Raises:
            ValueError: it is nothing of the kind.
        """
        start, _, end = text.partition("/")
        return cls(
            start=day_of(date.fromisoformat(start)),
            end=day_of(date.fromisoformat(end)) if end else None,
        )


def _iso(day: Day) -> str:
    return (_EPOCH_DAY + timedelta(days=day)).isoformat()
