"""What a year's report counts of a fact, and keeps counting once it is erased.

Invariants:
    * a count is a number of a year, a region and a kind, and names nothing;
    * what was counted of a year that is over stays, whatever is erased afterwards.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final, TypeAlias

from placement.domain.erasure_events import YearCount
from placement.domain.facts import (
    Affiliation,
    Alliance,
    AnyFact,
    Faction,
    Located,
    Presence,
    Rivalry,
    SameAs,
    Threat,
    Tie,
)
from placement.domain.histories import is_over
from placement.domain.life_events import Step, StepKind
from placement.domain.terms import (
    Day,
    Grade,
    Micros,
    Reason,
    day_of,
    start_of,
    year_of,
)

KINDS: Final[tuple[type[AnyFact], ...]] = (
    Affiliation,
    Faction,
    Rivalry,
    Alliance,
    Presence,
    Threat,
    Located,
    Tie,
    SameAs,
)
"""Every kind of fact, in the order of the wire."""
Line: TypeAlias = tuple[int, StepKind | None, Reason | None]
"""What is counted: of a kind, a step, a reason of renewals, or that it was kept."""
_GONE: Final = frozenset({StepKind.RETRACTED, StepKind.REJECTED, StepKind.WITHDRAWN})


@dataclass(frozen=True, slots=True)
class Year:
    """A calendar year in Stockholm, as far as it has gone.

    Attributes:
        number: which.
        begun: its first instant.
        over: the first instant after it.
        last: its last day, or today if it is not over.
    """

    number: int
    begun: Micros
    over: Micros
    last: Day

    @classmethod
    def of(cls, number: int, today: Day) -> "Year":
        """Return a year as it stands on a day."""
        first, after = day_of(date(number, 1, 1)), day_of(date(number + 1, 1, 1))
        last = Day(min(after - 1, today))
        return cls(number, start_of(first), start_of(after), last)


def lines_of(fact: AnyFact, later: Iterable[Step], year: Year) -> Iterator[Line]:
    """Yield what a year's report counts of a fact, once for each time.

    Args:
        fact: as it stands.
        later: what happened to it after it was recorded.
        year: which.
    """
    kind = KINDS.index(type(fact))
    if year.begun <= fact.recorded_at < year.over:
        yield kind, StepKind.RECORDED, None
    for step in later:
        if year.begun <= step.at < year.over:
            yield kind, step.kind, None
            if step.kind is StepKind.RENEWED and step.reason is not None:
                yield kind, None, step.reason
    if is_kept(fact, later, year):
        yield kind, None, None


def is_kept(fact: AnyFact, later: Iterable[Step], year: Year) -> bool:
    """Tell whether a fact stood when a year was over, or stands now.

    What came to light after it did not count.
    """
    if fact.recorded_at >= year.over:
        return False
    if fact.grade is Grade.DISCREDITED or is_over(fact, year.last):
        return False
    return not fact.retracted or not any(
        step.kind in _GONE and step.at < year.over for step in later
    )


def counted_of(
    lives: Collection[tuple[AnyFact, tuple[Step, ...]]], now: Micros, today: Day
) -> tuple[YearCount, ...]:
    """Return what reports have counted of facts, and shall go on to count.

    Args:
        lives: the facts that are erased, with what happened to each.
        now: when; that they were kept this year is not so any more.
        today: the day of it.
    """
    this = year_of(now)
    counts: Counter[tuple[int, str, Line]] = Counter()
    for fact, later in lives:
        for number in range(year_of(fact.recorded_at), this + 1):
            for line in lines_of(fact, later, Year.of(number, today)):
                if number < this or line[1:] != (None, None):
                    counts[number, fact.region, line] += 1
    return tuple(
        year_count(number, region, line, counts[number, region, line])
        for number, region, line in sorted(counts, key=_order)
    )


def _order(counted: tuple[int, str, Line]) -> tuple[int | str, ...]:
    number, region, (kind, step, reason) = counted
    return number, region, kind, step or 0, reason or 0


def year_count(year: int, region: str, line: Line, count: int) -> YearCount:
    """Return what is counted as an event keeps it."""
    kind, step, reason = line
    return YearCount(
        year=year, region=region, kind=kind, step=step, reason=reason, count=count
    )


class Tallies:
    """What reports go on to count of facts that are erased."""

    def __init__(self) -> None:
        self._counts: dict[int, dict[str, Counter[Line]]] = {}

    def add(self, counts: Iterable[YearCount]) -> None:
        """Note what is counted."""
        for each in counts:
            of_year = self._counts.setdefault(each.year, {})
            line = (each.kind, each.step, each.reason)
            of_year.setdefault(each.region, Counter())[line] += each.count

    def regions(self) -> set[str]:
        """Return of which regions anything is counted."""
        return {region for of_year in self._counts.values() for region in of_year}

    def of(self, year: int, region: str) -> Counter[Line]:
        """Return what is counted of a region in a year."""
        return Counter(self._counts.get(year, {}).get(region, Counter()))

    def all(self) -> Iterator[YearCount]:
        """Yield everything."""
        for year, of_year in self._counts.items():
            for region, counts in of_year.items():
                for line, count in counts.items():
                    yield year_count(year, region, line, count)
