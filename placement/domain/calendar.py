"""Which facts and placements begin, end or fall due for review on a day."""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet

from placement.domain.facts import AnyFact, Placement
from placement.domain.roll import Roll
from placement.domain.terms import Day, FactId


class Calendar:
    """The turning days of everything that has dates.

    A day that a newer form of a record no longer names stays: looking at a record on a
    day on which nothing happens to it finds nothing.

    Args:
        roll: affiliations, which say their own days.
    """

    def __init__(self, roll: Roll) -> None:
        self._roll = roll
        self._turns: dict[Day, dict[FactId, None]] = {}
        self._reviews: dict[Day, dict[FactId, None]] = {}

    def put(self, record: AnyFact | Placement) -> None:
        """Note the days of a record that is in no row."""
        if self._roll.find(record.id) >= 0:
            return
        for day in (record.valid_from, record.valid_to):
            if day is not None:
                self._turns.setdefault(day, {})[record.id] = None
        if not isinstance(record, Placement) and record.review_by is not None:
            self._reviews.setdefault(record.review_by, {})[record.id] = None

    def forget(self, gone: AbstractSet[FactId]) -> None:
        """Remove records."""
        for days in (self._turns, self._reviews):
            for day, turning in tuple(days.items()):
                for key in turning.keys() & gone:
                    del turning[key]
                if not turning:
                    del days[day]

    def turning_on(self, day: Day) -> Iterator[FactId]:
        """Yield what begins or ends on a day."""
        yield from self._turns.get(day, ())
        yield from self._roll.turning_on(day)

    def turning(
        self, day: int, cool_down_days: int, ahead_days: int
    ) -> Iterator[FactId]:
        """Yield what may count otherwise from a day on than on the day before.

        Args:
            day: which.
            cool_down_days: how long an ended fact still counts (R12).
            ahead_days: what begins later gets at best UNKNOWN.
        """
        for turned in (day, day - cool_down_days, day + ahead_days):
            yield from self.turning_on(Day(turned))
        yield from self._reviews.get(Day(day - 1), ())
        yield from self._roll.reviewed_on(day - 1)
