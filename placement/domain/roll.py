"""Affiliations in columns: nearly all that is on record, in a tenth of the room.

One affiliation is a row; it is made again whenever somebody asks for it. What many have
in common stands once, in a table.

Invariants:
    * what is made again equals what was put;
    * what a row can't hold is told by ``fits``, and kept elsewhere;
    * rows stand in the order in which they were recorded, and keep their numbers;
    * nothing of an affiliation that is erased is left but the number of its row, and
      in tables what it shared with others.
"""

from array import array
from collections.abc import Iterable, Iterator
from typing import Final, Generic, NamedTuple

from placement.domain.facts import Affiliation
from placement.domain.rows import Item, Lists, Rows, Shared
from placement.domain.terms import (
    AffiliationRole,
    Day,
    FactId,
    Grade,
    GroupToken,
    Micros,
    Reason,
    Revision,
    Scheme,
    SubjectId,
)

NEVER: Final = -(1 << 31)
"""The day that is ``None`` in a column."""
ID: Final = 16
SUBJECT: Final = 32
"""Bytes."""
_FAR: Final = 1 << 31
_LATE: Final = 1 << 62  # what lies between two of these fits into 64 bits


class Source(NamedTuple):
    """Who recorded an affiliation."""

    author: str
    region: str


class Weight(NamedTuple):
    """What it is worth; ``Affiliation`` says what each is."""

    scheme: Scheme
    given: str
    grade: Grade
    reason: Reason
    role: AffiliationRole
    approved: bool
    retracted: bool


class Rare(NamedTuple):
    """What few have; likewise."""

    valid_to: Day | None = None
    left_on: Day | None = None
    replaces: FactId | None = None


_USUAL: Final = Rare()


class Table(Generic[Item]):
    """Things by number, each once."""

    def __init__(self) -> None:
        self.items: list[Item] = []
        self._numbers: dict[Item, int] = {}

    def number(self, item: Item) -> int:
        """Return the number of a thing, which may be new."""
        number = self._numbers.setdefault(item, len(self.items))
        if number == len(self.items):
            self.items.append(item)
        return number

    def known(self, item: Item) -> int:
        """Return the number of a thing; -1 if it has none."""
        return self._numbers.get(item, -1)


class Roll:
    """All affiliations that fit into rows.

    Attributes:
        ids: of the rows.
        subjects: of the rows.
        sources: by number.
        weights: by number.
        groups: by number.
        source: of each row, the number.
        weight: of each row, the number.
        group: of each row, the number.
        recorded_at: of each row.
        revision: of each row, that it was recorded in.
        valid_from: of each row; ``NEVER`` is ``None``.
        review_by: of each row; likewise.
        rare: by row.
        version: of all this; another one whenever anything changed.
        expected: how many rows a snapshot said that it has.
    """

    def __init__(self) -> None:
        self.ids = Rows(ID)
        self.subjects = Shared(SUBJECT)
        self.sources: Table[Source] = Table()
        self.weights: Table[Weight] = Table()
        self.groups: Table[GroupToken] = Table()
        self.source = array("I")
        self.weight = array("I")
        self.group = array("I")
        self.recorded_at = array("q")
        self.revision = array("Q")
        self.valid_from = array("i")
        self.review_by = array("i")
        self.rare: dict[int, Rare] = {}
        self.version = 0
        self.expected = 0
        self._blanks: set[int] = set()
        self._turning: Lists[int] = Lists()
        self._reviews: Lists[int] = Lists()
        self._members: Lists[int] = Lists()
        self._regions: Lists[str] = Lists()

    def __len__(self) -> int:
        """Return how many affiliations there are."""
        return len(self.group) - len(self._blanks)

    def expect(self, many: int) -> None:
        """Have room for rows, before there is any."""
        self.expected = many
        self.ids.expect(many)
        self.subjects.expect(many)

    def rows(self) -> Iterator[int]:
        """Yield the rows of which something is left."""
        return (row for row in range(len(self.group)) if row not in self._blanks)

    def fits(self, fact: Affiliation) -> bool:
        """Tell whether a row can hold an affiliation."""
        days = (fact.valid_from or 0, fact.review_by or 0)
        near = all(NEVER < day < _FAR for day in days)
        timely = -_LATE <= fact.recorded_at < _LATE
        known = self.ids.fits(fact.id) and self.subjects.fits(fact.subject)
        return near and timely and known

    def find(self, key: bytes) -> int:
        """Return the row of an affiliation; -1 if it has none."""
        return self.ids.find(key) if len(key) == ID else -1

    def of(self, subject: SubjectId) -> list[int]:
        """Return the rows of a subject, in order."""
        return self.subjects.of(subject)

    def of_groups(self, groups: Iterable[GroupToken]) -> list[int]:
        """Return the rows of some groups, in order."""
        numbers = {self.groups.known(group) for group in groups}
        return sorted(row for number in numbers for row in self._members.of(number))

    def of_region(self, region: str) -> "array[int]":
        """Return the rows of a region, in order."""
        return self._regions.of(region)

    def regions(self) -> set[str]:
        """Return the regions that have rows."""
        return set(self._regions)

    def turning_on(self, day: int) -> Iterator[FactId]:
        """Yield what begins or ends on a day."""
        return map(self.id, self._turning.of(day))

    def review_days(self) -> Iterable[int]:
        """Return the days on which something needs a review."""
        return self._reviews

    def reviewed_on(self, day: int, region: str | None = None) -> Iterator[FactId]:
        """Yield what needs a review, last on a day; of one region, or of all."""
        for row in self._reviews.of(day):
            if region is None or self.sources.items[self.source[row]].region == region:
                yield self.id(row)

    def put(self, fact: Affiliation) -> int:
        """Add an affiliation, or replace its older form; return its row.

        Raises:
            KeyError: no row can hold it, or the older form is of somebody else, of
                another group or region.
        """
        if not self.fits(fact):
            raise KeyError
        row = self.ids.find(fact.id)
        if row < 0:
            row = self._add(fact)
        elif _what(self.fact(row)) != _what(fact):
            raise KeyError
        self._set(row, fact)
        return row

    def _add(self, fact: Affiliation) -> int:
        row = len(self.group)
        self.ids.extend(fact.id)
        self.subjects.extend(fact.subject)
        self.group.append(self.groups.number(fact.group))
        for column in (self.source, self.weight, self.recorded_at, self.revision):
            column.append(0)
        for days in (self.valid_from, self.review_by):
            days.append(NEVER)
        self._members.put(self.group[row], row)
        self._regions.put(fact.region, row)
        return row

    def _set(self, row: int, fact: Affiliation) -> None:
        turns, reviews = self._turns(row), self._looks(row)
        rare = Rare(fact.valid_to, fact.left_on, fact.replaces)
        self.version += 1
        self.source[row] = self.sources.number(Source(fact.author, fact.region))
        self.weight[row] = self.weights.number(_weight(fact))
        self.recorded_at[row] = fact.recorded_at
        self.valid_from[row] = code_of(fact.valid_from)
        self.review_by[row] = code_of(fact.review_by)
        self.rare.pop(row, None)
        if rare != _USUAL:
            self.rare[row] = rare
        self._turning.move(row, turns, self._turns(row))
        self._reviews.move(row, reviews, self._looks(row))

    def follow(self, first: int) -> None:
        """Let the rows from one on be found that came at once, columns first."""
        self.version += 1
        regions = [source.region for source in self.sources.items]
        lost = {
            number
            for number, each in enumerate(self.weights.items)
            if _counts_no_more(each)
        }
        columns = (self.group, self.source, self.weight)
        days = (self.valid_from, self.review_by)
        told = zip(*(each[first:] for each in (*columns, *days)), strict=True)
        for row, (group, source, weight, begun, review) in enumerate(told, first):
            self._members.put(group, row)
            self._regions.put(regions[source], row)
            if begun != NEVER:
                self._turning.put(begun, row)
            if review != NEVER and weight not in lost:
                self._reviews.put(review, row)
        for row in filter(self.rare.__contains__, range(first, len(self.group))):
            self._turning.move(row, set(), self._turns(row))

    def _turns(self, row: int) -> set[int]:
        """Return the days on which a row begins and ends."""
        ended = self.rare.get(row, _USUAL).valid_to
        return {self.valid_from[row], code_of(ended)} - {NEVER}

    def _looks(self, row: int) -> set[int]:
        """Return the last day on which a row needs no look (``histories.review_day``)."""
        review = self.review_by[row]
        return (
            set()
            if review == NEVER or _counts_no_more(self.weight_of(row))
            else {review}
        )

    def fact(self, row: int) -> Affiliation:
        """Make an affiliation again."""
        author, region = self.sources.items[self.source[row]]
        weight = self.weights.items[self.weight[row]]
        valid_to, left_on, replaces = self.rare.get(row, _USUAL)
        return Affiliation(
            id=self.id(row),
            valid_from=_day(self.valid_from[row]),
            valid_to=valid_to,
            recorded_at=Micros(self.recorded_at[row]),
            author=author,
            region=region,
            scheme=weight.scheme,
            given=weight.given,
            grade=weight.grade,
            review_by=_day(self.review_by[row]),
            reason=weight.reason,
            approved=weight.approved,
            retracted=weight.retracted,
            replaces=replaces,
            subject=SubjectId(self.subjects.key(row)),
            group=self.groups.items[self.group[row]],
            role=weight.role,
            left_on=left_on,
        )

    def id(self, row: int) -> FactId:
        """Return the id of a row's affiliation."""
        return FactId(self.ids.key(row))

    def recorded(self, row: int) -> Revision:
        """Return the revision in which a row was recorded."""
        return Revision(self.revision[row])

    def unapproved(self, rows: Iterable[int]) -> Iterator[int]:
        """Yield those rows that no second person stands behind, and that count."""
        waiting = {
            number
            for number, weight in enumerate(self.weights.items)
            if not weight.approved and not weight.retracted
        }
        return (row for row in rows if self.weight[row] in waiting)

    def weight_of(self, row: int) -> Weight:
        """Return what a row is worth."""
        return self.weights.items[self.weight[row]]

    def blank(self, row: int) -> None:
        """Let nothing be left of an affiliation but the number of its row."""
        self.version += 1
        self._turning.move(row, self._turns(row), set())
        self._reviews.move(row, self._looks(row), set())
        self._members.drop(self.group[row], row)
        self._regions.drop(self.sources.items[self.source[row]].region, row)
        self.ids.blank(row)
        self.subjects.blank(row)
        for column in (self.source, self.weight, self.group):
            column[row] = 0
        self.recorded_at[row] = self.revision[row] = 0
        self.valid_from[row] = self.review_by[row] = NEVER
        self.rare.pop(row, None)
        self._blanks.add(row)


def _weight(fact: Affiliation) -> Weight:
    return Weight(
        scheme=fact.scheme,
        given=fact.given,
        grade=fact.grade,
        reason=fact.reason,
        role=fact.role,
        approved=fact.approved,
        retracted=fact.retracted,
    )


def _counts_no_more(weight: Weight) -> bool:
    """Tell whether what is worth so counts no more, and nobody has to look at it."""
    return weight.retracted or weight.grade is Grade.DISCREDITED


def _what(fact: Affiliation) -> tuple[SubjectId, GroupToken, str]:
    """Return what of an affiliation never changes."""
    return fact.subject, fact.group, fact.region


def code_of(day: Day | None) -> int:
    """Return what a day is in a column."""
    return NEVER if day is None else day


def _day(code: int) -> Day | None:
    return None if code == NEVER else Day(code)
