"""Draws phantom stays: exactly a Poisson process in each cell, at the price of a few.

A *cell* is a group and an area. For a group and a month, points are drawn on (slot,
level): in each block of levels as many as a Poisson law of mean ``_MEAN`` says, each in
any slot and on any level of the block. An area has one slot, and a point in it is an
arrival where its level is below the rate of the cell. By thinning, arrivals are then
Poisson with that rate, and independent from cell to cell.

Invariants:
    * what is drawn for a group and a month follows from the stream, and no other group's
      is different for it;
    * a higher rate adds arrivals and changes none; a lower one takes some away;
    * a house that comes changes nothing of the months before it;
    * thresholds are whole numbers, so no two machines differ.

The streams of a group and a month, by label::

    "counts" | month, 4 | group, 16     8 bytes a block: how many points it has
    "points" | month, 4 | group, 16     8 bytes a point: slot, 9 bits | 23 bits | level, 4
    "marks"  | month, 4 | group, 16     56 bytes a point: id, 16 | ten numbers, 4 each
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from decimal import ROUND_FLOOR, Context, Decimal
from fractions import Fraction
from hashlib import blake2b
from struct import Struct, unpack
from typing import Any, Final, NewType

from placement.domain.areas import Area, Areas
from placement.domain.chances import MILLE, Chances
from placement.domain.facts import Facility
from placement.domain.phantoms import Phantom
from placement.domain.terms import (
    MICROS_AN_HOUR,
    AreaCode,
    Day,
    FactId,
    GroupSize,
    GroupToken,
    Micros,
    day_of,
    start_of,
)

Stream = Callable[[bytes, int], bytes]
"""Returns the beginning of a label's endless random stream; see ``KeyRing.stream``."""
Houses = Mapping[AreaCode, Sequence[Facility]]
"""The houses that were registered before a month, by area."""
Month = NewType("Month", int)
"""Months since the year 0."""

SLOTS: Final = 512
"""More than there are areas; a power of two."""
_MEAN: Final = 4  # points in a block
_A_BLOCK: Final = 1 << 32  # levels in a block
_LEVELS: Final = SLOTS // _MEAN * _A_BLOCK  # one arrival to be expected in a cell
_EXACT: Final = Context(prec=50, rounding=ROUND_FLOOR)
_MILLION: Final = 1_000_000
_MOST: Final = 900_000  # of a million: no cell holds a phantom for certain
_WIDE: Final = 8  # bytes
_LEVEL: Final = _A_BLOCK - 1  # the lower bits of a point
_BEFORE_SLOT: Final = 55  # bits
_MARK: Final = Struct(">16s10I")
_WORD: Final = 32  # bits
_A_YEAR: Final = 12  # months
_A_WEEK, _WORKING, _THURSDAY = 7, 5, 3  # days
_OPENS: Final = 8 * MICROS_AN_HOUR  # in the morning
_OPEN: Final = 9 * MICROS_AN_HOUR
_A_DAY: Final = 24  # hours


def _poisson(mean: int) -> tuple[int, ...]:
    """Return 2^64 times how likely it is to be at most 0, 1, 2 and so on."""
    term = total = _EXACT.exp(Decimal(-mean))
    found: list[int] = []
    whole = 1 << 64
    while not found or found[-1] < whole - 1:
        found.append(int(_EXACT.multiply(total, Decimal(whole))))
        term = _EXACT.divide(_EXACT.multiply(term, mean), len(found))
        total = _EXACT.add(total, term)
    return tuple(found)


_COUNTS: Final = _poisson(_MEAN)


def month_of(day: Day) -> Month:
    """Return the month of a day."""
    calendar = date.fromordinal(date(1970, 1, 1).toordinal() + day)
    return Month(calendar.year * _A_YEAR + calendar.month - 1)


def first_of(month: int) -> Day:
    """Return the first day of a month."""
    return day_of(date(month // _A_YEAR, month % _A_YEAR + 1, 1))


class Drawing:
    """Draws by one ruleset.

    Args:
        stream: of the store.
        chances: what the ruleset says of phantoms.
        areas: where they can be.
        hold_hours: how long a hold lasts.

    Raises:
        ValueError: there are more areas than slots.
    """

    def __init__(
        self, stream: Stream, chances: Chances, areas: Areas, hold_hours: int
    ) -> None:
        # Whoever came later stands after: then nobody's slot moves.
        self._slots = sorted(areas.values(), key=_came)
        if len(self._slots) > SLOTS:
            raise ValueError("there are more areas than slots")
        self._stream = stream
        self._chances = chances
        self._hold = hold_hours * MICROS_AN_HOUR
        self._hours = self._mean_hours()
        self._known: dict[int, int] = {}
        self._rates = {size: self._daily(size) for size in GroupSize}
        self._levels: dict[tuple[GroupSize, int], tuple[tuple[int, ...], int]] = {}
        self._days: dict[int, tuple[Day, ...]] = {}

    def months(self, today: Day) -> range:
        """Return the months whose arrivals may still be there on a day."""
        stay = self._chances.stay
        longest = stay.lead_days[-1] + stay.days[-1] + _A_WEEK
        held = 2 * self._hold // MICROS_AN_HOUR // _A_DAY + _A_WEEK
        oldest = Day(today - max(longest, held))
        return range(month_of(oldest), month_of(today) + 1)

    def arrivals(
        self, group: GroupToken, size: GroupSize, month: int, houses: Houses
    ) -> Iterator[Phantom]:
        """Yield a group's phantoms that arrive in a month.

        Args:
            group: its token.
            size: as it was said to be before the month.
            month: which.
            houses: that were registered before it.
        """
        levels, blocks = self._levels_in(size, month)
        label = month.to_bytes(4) + group
        kept = list(self._points(label, levels, blocks))
        if kept:
            size_of_marks = (kept[-1][0] + 1) * _MARK.size
            marks = self._stream(b"marks" + label, size_of_marks)
            for index, slot in kept:
                mark = _MARK.unpack_from(marks, index * _MARK.size)
                yield self._phantom(group, self._slots[slot].code, month, mark, houses)

    def _points(
        self, label: bytes, levels: Sequence[int], blocks: int
    ) -> Iterator[tuple[int, int]]:
        """Yield the points that are arrivals: number and slot."""
        drawn = self._stream(b"counts" + label, blocks * _WIDE)
        counts = [bisect_right(_COUNTS, each) for each in unpack(f">{blocks}Q", drawn)]
        total = sum(counts)
        drawn = self._stream(b"points" + label, total * _WIDE)
        points = unpack(f">{total}Q", drawn)
        index = base = 0
        for count in counts:
            for point in points[index : index + count]:
                slot = point >> _BEFORE_SLOT
                if base + (point & _LEVEL) < levels[slot]:
                    yield index, slot
                index += 1
            base += _A_BLOCK

    # Rates

    def _levels_in(self, size: GroupSize, month: int) -> tuple[tuple[int, ...], int]:
        """Return below which level a point is an arrival, by slot; and all blocks."""
        known = self._levels.get((size, month))
        if known is None:
            first, after = first_of(month), first_of(month + 1)
            rates = self._rates[size]
            used = [
                rates[area.code] * (after - first) if area.valid_on(first) else 0
                for area in self._slots
            ]
            levels = (*used, *(0,) * (SLOTS - len(used)))
            known = levels, -(-max(levels) // _A_BLOCK)
            self._levels[size, month] = known
        return known

    def _daily(self, size: GroupSize) -> dict[AreaCode, int]:
        """Return how many levels a day of arrivals has, by area."""
        chances = self._chances
        weights = {area.code: _weight(chances, area.code) for area in self._slots}
        total, most = sum(weights.values()), chances.sizes[size - 1]
        found: dict[AreaCode, int] = {}
        for code, weight in weights.items():
            expected = most * weight * _MILLION // total
            prior = min(chances.prior * MILLE, expected)
            likely = max(chances.floor * MILLE, chances.stays * prior)
            found[code] = self._rate(min(_MOST, likely))
        return found

    def _rate(self, likely: int) -> int:
        """Return how many levels a day has where one is there so likely."""
        if likely not in self._known:
            # As many as must be there on average, so that one is there so likely.
            free = Decimal(_MILLION - likely).scaleb(-6)
            there = _EXACT.multiply(_EXACT.ln(free), -_LEVELS * _A_DAY)
            rate = _EXACT.multiply(there, self._hours.denominator)
            self._known[likely] = int(_EXACT.divide_int(rate, self._hours.numerator))
        return self._known[likely]

    def _mean_hours(self) -> Fraction:
        """Return how long a phantom counts on average."""
        stay = self._chances.stay
        held = Fraction(self._hold, MICROS_AN_HOUR)
        held += held * Fraction(stay.extended, 2 * MILLE)
        staying = (_mean(stay.lead_days) + _mean(stay.days)) * _A_DAY
        return (held * stay.held + staying * (MILLE - stay.held)) / MILLE

    # One phantom

    def _phantom(
        self,
        group: GroupToken,
        area: AreaCode,
        month: int,
        mark: tuple[Any, ...],
        houses: Houses,
    ) -> Phantom:
        key, day, hour, held, later, lead, length, ends, housed, soft, opened = mark
        stay = self._chances.stay
        working = self._working(month)
        arrived = working[_below(len(working), day)]
        noted = start_of(arrived) + _OPENS + _below(_OPEN, hour)
        first = arrived + _quantile(stay.lead_days, lead)
        after = first + _quantile(stay.days, length)
        if _below(MILLE, held) < stay.held:
            # An extension gives the whole time again, from whenever it is given.
            share = stay.extended << _WORD
            extended = later * MILLE < share
            more = later * MILLE * self._hold // share if extended else 0
            gone = noted + self._hold + more
        else:
            gone = start_of(_on_work(after)) + _OPENS + _below(_OPEN, ends)
        is_housed = _below(MILLE, housed) < stay.housed
        house = _house(houses.get(area, ()), key) if is_housed else None
        return Phantom(
            id=FactId(key),
            group=group,
            area=area,
            facility=None if house is None else house.token,
            provider=None if house is None else house.provider,
            valid_from=Day(first),
            valid_to=None if _below(MILLE, opened) < stay.open else Day(after),
            noted=Micros(noted),
            gone=Micros(gone),
            firm=_below(MILLE, soft) >= stay.soft,
        )

    def _working(self, month: int) -> tuple[Day, ...]:
        """Return the days of a month, from Monday to Friday."""
        if month not in self._days:
            days = range(first_of(month), first_of(month + 1))
            self._days[month] = tuple(Day(day) for day in days if _is_work(day))
        return self._days[month]


def _came(area: Area) -> tuple[int, str]:
    return (-1 if area.valid_from is None else area.valid_from, area.code)


def _weight(chances: Chances, code: AreaCode) -> int:
    if code in chances.cities:
        return chances.city
    return chances.town if code in chances.towns else 1


def _mean(quantiles: Sequence[int]) -> Fraction:
    between = sum(quantiles[1:]) + sum(quantiles[:-1])
    return Fraction(between, 2 * (len(quantiles) - 1))


def _quantile(quantiles: Sequence[int], drawn: int) -> int:
    """Return a number of days: any of them between any two quantiles."""
    at = drawn * (len(quantiles) - 1)
    low, high = quantiles[at >> _WORD], quantiles[(at >> _WORD) + 1]
    rest = at & ((1 << _WORD) - 1)
    return low + _below(high - low + 1, rest)


def _below(limit: int, drawn: int) -> int:
    """Return a number from 0 to below a limit."""
    return limit * drawn >> _WORD


def _is_work(day: int) -> bool:
    return (day + _THURSDAY) % _A_WEEK < _WORKING


def _on_work(day: int) -> int:
    """Return a day, or the next one on which people work."""
    while not _is_work(day):
        day += 1
    return day


def _house(houses: Sequence[Facility], key: bytes) -> Facility | None:
    """Return one of some houses; another that comes takes its share from each alike."""

    def drawn(house: Facility) -> bytes:
        return blake2b(key + house.token, digest_size=8).digest()

    return max(houses, key=drawn, default=None)
