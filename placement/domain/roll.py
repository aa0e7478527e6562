"""Affiliations in columns: nearly all that is on record, in a tenth of the room.

One affiliation is a row; it is made again whenever somebody asks for it. What many have
in common stands once, in a table.

Invariants:
    * what is made again equals what was put;
    * what a row can't hold is told by ``fits``, and kept elsewhere;
    * rows stand in the order in which they were recorded, and keep their numbers;
    * whoever is listed under a day may have left it: whoever looks there asks the row;
    * nothing of an affiliation that is erased is left but the number of its row.
"""

from array import array
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator
from typing import Final, Generic, NamedTuple, TypeVar

from placement.domain.facts import Affiliation
from placement.domain.rows import Rows, Shared
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
Item = TypeVar("Item", bound=Hashable)


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
        self._blanks: set[int] = set()
        self._turning: defaultdict[int, array[int]] = defaultdict(_none)
        self._reviews: defaultdict[int, array[int]] = defaultdict(_none)
        self._members: defaultdict[int, array[int]] = defaultdict(_none)
        self._regions: defaultdict[str, array[int]] = defaultdict(_none)

    def __len__(self) -> int:
        """Return how many affiliations there are."""
        return len(self.group) - len(self._blanks)

    def expect(self, many: int) -> None:
        """Have room for rows, before there is any."""
        self.ids.expect(many)
        self.subjects.expect(many)

    def rows(self, among: Iterable[int] | None = None) -> Iterator[int]:
        """Yield rows of which something is left."""
        rows = range(len(self.group)) if among is None else among
        return (row for row in rows if row not in self._blanks)

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
        found = [row for number in numbers for row in self._members.get(number, ())]
        return sorted(self.rows(found))

    def of_region(self, region: str) -> "array[int]":
        """Return all rows that a region ever had, in order."""
        return self._regions.get(region, _none())

    def regions(self) -> set[str]:
        """Return the regions that something is left of."""
        return {
            region
            for region, rows in self._regions.items()
            if any(True for _ in self.rows(rows))
        }

    def turning_on(self, day: int) -> Iterator[FactId]:
        """Yield what begins or ends on a day, or once was to."""
        rows = dict.fromkeys(self._turning.get(day, ()))
        return map(self.id, self.rows(rows))

    def review_days(self) -> Iterable[int]:
        """Return the days of reviews, and what once were."""
        return self._reviews.keys()

    def reviewed_on(self, day: int) -> Iterator[int]:
        """Yield rows whose review is on a day, or once was."""
        return self.rows(dict.fromkeys(self._reviews.get(day, ())))

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
        self._members[self.group[row]].append(row)
        self._regions[fact.region].append(row)
        return row

    def _set(self, row: int, fact: Affiliation) -> None:
        rare = Rare(fact.valid_to, fact.left_on, fact.replaces)
        weight = Weight(
            scheme=fact.scheme,
            given=fact.given,
            grade=fact.grade,
            reason=fact.reason,
            role=fact.role,
            approved=fact.approved,
            retracted=fact.retracted,
        )
        self.version += 1
        self.source[row] = self.sources.number(Source(fact.author, fact.region))
        self.weight[row] = self.weights.number(weight)
        self.recorded_at[row] = fact.recorded_at
        self.valid_from[row] = code_of(fact.valid_from)
        self.review_by[row] = code_of(fact.review_by)
        self.rare.pop(row, None)
        if rare != _USUAL:
            self.rare[row] = rare
        self._list_days(row)

    def follow(self, first: int) -> None:
        """Let the rows from one on be found that came at once, columns first."""
        self.version += 1
        regions = [source.region for source in self.sources.items]
        columns = (self.group, self.source, self.valid_from, self.review_by)
        rows = enumerate(zip(*(each[first:] for each in columns), strict=True), first)
        for row, (group, source, begun, review) in rows:
            self._members[group].append(row)
            self._regions[regions[source]].append(row)
            if begun != NEVER:
                self._turning[begun].append(row)
            if review != NEVER:
                self._reviews[review].append(row)
        for row in filter(self.rare.__contains__, range(first, len(self.group))):
            self._list_end(row)

    def _list_days(self, row: int) -> None:
        """Let a row be found by its days; it may be there already."""
        if self.valid_from[row] != NEVER:
            self._turning[self.valid_from[row]].append(row)
        if self.review_by[row] != NEVER:
            self._reviews[self.review_by[row]].append(row)
        if row in self.rare:
            self._list_end(row)

    def _list_end(self, row: int) -> None:
        if (ended := self.rare[row].valid_to) is not None:
            self._turning[ended].append(row)

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
        self.ids.blank(row)
        self.subjects.blank(row)
        self.source[row] = self.weight[row] = self.group[row] = 0
        self.recorded_at[row] = 0
        self.valid_from[row] = self.review_by[row] = NEVER
        self.rare.pop(row, None)
        self._blanks.add(row)


def _what(fact: Affiliation) -> tuple[SubjectId, GroupToken, str]:
    """Return what of an affiliation never changes."""
    return fact.subject, fact.group, fact.region


def _none() -> "array[int]":
    """Return a list of no rows."""
    return array("I")


def code_of(day: Day | None) -> int:
    """Return what a day is in a column."""
    return NEVER if day is None else day


def _day(code: int) -> Day | None:
    return None if code == NEVER else Day(code)
