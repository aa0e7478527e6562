"""The roll as a snapshot keeps it: tables first, then rows in pieces.

Numbers that grow little are kept as what they are more than the one before, and days as
what they are more than the first: each takes a byte or two.

Invariants:
    * ``begin`` and ``keep`` of ``records`` make the same rows, without what was blank;
    * what does not add up is refused, and no row of it skipped.
"""

from array import array
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import astuple
from itertools import accumulate, islice, pairwise
from typing import Final, NamedTuple, Protocol, TypeVar

from placement.domain.erasures import Erasures
from placement.domain.events import FactRecorded, Record
from placement.domain.facts import Case
from placement.domain.histories import Histories
from placement.domain.roll import (
    ID,
    NEVER,
    SUBJECT,
    Rare,
    Roll,
    Source,
    Table,
    Weight,
)
from placement.domain.roll_events import (
    AffiliationsKept,
    RollBegun,
    RollEvent,
    RollRarity,
    RollSource,
    RollWeight,
)
from placement.domain.rows import Item
from placement.domain.shelf import Shelf
from placement.domain.terms import CaseHandle, FactId, GroupToken, Micros
from placement.errors import TamperedError

Piece = TypeVar("Piece")
_AT_ONCE: Final = 1_000  # rows, or entries of a table, in one event
_THEN: Final = Micros(0)


class Known(Protocol):
    """What has to be known of a state."""

    roll: Roll
    facts: Shelf
    cases: dict[CaseHandle, Case]
    histories: Histories
    erasures: Erasures


class _Tables(NamedTuple):
    """What rows that are kept name by number: nothing that no row names."""

    sources: Table[Source]
    weights: Table[Weight]
    groups: Table[GroupToken]

    @classmethod
    def of(cls, roll: Roll) -> "_Tables":
        """Number what the rows name, in the order in which they do."""
        made = cls(Table(), Table(), Table())
        for row in roll.rows():
            made.sources.number(roll.sources.items[roll.source[row]])
            made.weights.number(roll.weights.items[roll.weight[row]])
            made.groups.number(roll.groups.items[roll.group[row]])
        return made


def records(roll: Roll, retracted: Mapping[FactId, Micros]) -> Iterator[RollEvent]:
    """Yield events that make the same rows; none if there are none.

    Args:
        roll: the affiliations.
        retracted: when what is retracted was.
    """
    tables, rows = _Tables.of(roll), len(roll)
    for sources in _pieces(tables.sources.items):
        kept = tuple(RollSource(**each._asdict()) for each in sources)
        yield RollBegun(rows=rows, sources=kept)
    for weights in _pieces(tables.weights.items):
        worth = tuple(RollWeight(**each._asdict()) for each in weights)
        yield RollBegun(rows=rows, weights=worth)
    for groups in _pieces(tables.groups.items):
        yield RollBegun(rows=rows, groups=tuple(groups))
    for some in _pieces(roll.rows()):
        yield _packed(roll, some, retracted, tables)


def facts(shelf: Shelf, retracted: Mapping[FactId, Micros]) -> Iterator[Record]:
    """Yield the records of all facts, rows first."""
    for packed in records(shelf.roll, retracted):
        yield Record(at=_THEN, event=packed)
    for fact in shelf.others.values():
        at = retracted.get(fact.id, _THEN)
        yield Record(at=at, event=FactRecorded(fact=fact))


def _packed(
    roll: Roll, rows: list[int], retracted: Mapping[FactId, Micros], tables: _Tables
) -> AffiliationsKept:
    begun = [roll.valid_from[row] for row in rows]
    looked = [roll.review_by[row] for row in rows]
    since = min((day for day in (*begun, *looked) if day != NEVER), default=1) - 1
    return AffiliationsKept(
        ids=b"".join(map(roll.ids.key, rows)),
        subjects=b"".join(map(roll.subjects.key, rows)),
        sources=_renumbered(roll.source, rows, roll.sources, tables.sources),
        weights=_renumbered(roll.weight, rows, roll.weights, tables.weights),
        groups=_renumbered(roll.group, rows, roll.groups, tables.groups),
        recorded_at=_steps(roll.recorded_at[row] for row in rows),
        revisions=_steps(roll.revision[row] for row in rows),
        since=since,
        valid_from=tuple(0 if day == NEVER else day - since for day in begun),
        review_by=tuple(0 if day == NEVER else day - since for day in looked),
        rarities=tuple(_rarities(roll, rows, retracted)),
    )


def _renumbered(
    column: "array[int]", rows: list[int], old: Table[Item], new: Table[Item]
) -> tuple[int, ...]:
    return tuple(new.known(old.items[column[row]]) for row in rows)


def _rarities(
    roll: Roll, rows: list[int], retracted: Mapping[FactId, Micros]
) -> Iterator[RollRarity]:
    for number, row in enumerate(rows):
        rare = roll.rare.get(row)
        at = retracted.get(roll.id(row)) if roll.weight_of(row).retracted else None
        if rare is not None or at is not None:
            kept = (rare or Rare())._asdict()
            yield RollRarity(row=number, retracted_at=at, **kept)


def _steps(numbers: Iterable[int]) -> tuple[int, ...]:
    return tuple(after - before for before, after in pairwise((0, *numbers)))


def _pieces(items: Iterable[Piece]) -> Iterator[list[Piece]]:
    rest = iter(items)
    while some := list(islice(rest, _AT_ONCE)):
        yield some


def take_over(known: Known, event: RollEvent) -> None:
    """Take affiliations over, before there is anybody whom they are about.

    Raises:
        KeyError: there is, or another fact is there already.
        TamperedError: what is to be taken over does not add up.
    """
    if known.cases or known.facts.others:
        raise KeyError
    if isinstance(event, RollBegun):
        begin(known.roll, event)
        return
    rows = keep(known.roll, event)
    for row in known.roll.unapproved(rows):
        known.histories.unapproved[known.roll.id(row)] = None
    for each in event.rarities:
        if each.retracted_at is not None:
            key = known.roll.id(rows[each.row])
            known.erasures.retracted[key] = each.retracted_at


def begin(roll: Roll, event: RollBegun) -> None:
    """Take over tables, before there is any row.

    Raises:
        TamperedError: something stands there twice, there are rows, or are to be others.
    """
    if roll.group or roll.expected not in (0, event.rows):
        raise TamperedError
    roll.expect(event.rows)
    _fill(roll.sources, (Source(*astuple(each)) for each in event.sources))
    _fill(roll.weights, (Weight(*astuple(each)) for each in event.weights))
    _fill(roll.groups, event.groups)


def require_whole(roll: Roll) -> None:
    """Refuse a roll of which, at a snapshot's end, rows are missing.

    A snapshot from before there were rows says nothing of them, and makes some.

    Raises:
        TamperedError: there are fewer than it began with.
    """
    if len(roll.group) < roll.expected:
        raise TamperedError


def _fill(table: Table[Item], items: Iterable[Item]) -> None:
    for item in items:
        if table.known(item) >= 0:
            raise TamperedError
        table.number(item)


def keep(roll: Roll, event: AffiliationsKept) -> range:
    """Take over rows behind those that there are; return them.

    Raises:
        TamperedError: the columns don't fit one another, or the tables; or there are
            more rows than it began with.
    """
    first, many = len(roll.group), len(event.groups)
    _require_sizes(event, many)
    if first + many > roll.expected:
        raise TamperedError
    for column, table, numbers in (
        (roll.source, roll.sources, event.sources),
        (roll.weight, roll.weights, event.weights),
        (roll.group, roll.groups, event.groups),
    ):
        if max(numbers, default=-1) >= len(table.items):
            raise TamperedError
        column.extend(numbers)
    try:
        roll.recorded_at.extend(accumulate(event.recorded_at))
        roll.revision.extend(accumulate(event.revisions))
        roll.valid_from.extend(_days(event.valid_from, event.since))
        roll.review_by.extend(_days(event.review_by, event.since))
        roll.ids.extend(event.ids)
        roll.subjects.extend(event.subjects)
    except (KeyError, OverflowError) as error:
        raise TamperedError from error
    for each in event.rarities:
        rare = Rare(each.valid_to, each.left_on, each.replaces)
        if rare != Rare():
            roll.rare[first + each.row] = rare
    roll.follow(first)
    return range(first, first + many)


def _require_sizes(event: AffiliationsKept, many: int) -> None:
    """Require columns of one length.

    Raises:
        TamperedError: they aren't.
    """
    columns = (
        event.sources,
        event.weights,
        event.recorded_at,
        event.revisions,
        event.valid_from,
        event.review_by,
    )
    sizes = (len(event.ids), len(event.subjects), *map(len, columns))
    if sizes != (ID * many, SUBJECT * many, *(many for _ in columns)):
        raise TamperedError
    if any(each.row >= many for each in event.rarities):
        raise TamperedError


def _days(days: tuple[int, ...], since: int) -> list[int]:
    return [day + since if day else NEVER for day in days]
