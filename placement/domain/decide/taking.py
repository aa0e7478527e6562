"""Take over the rows of an approved import, slice by slice.

Each row becomes the facts and ends that it stands for, or is refused whole, with the
reason, because something it rests on changed since it was staged.

Invariants:
    * a row takes effect wholly or not at all, and never twice: the same event that
      records it says how far the import has come;
    * it is validated anew, against what stands and by the ruleset in force now;
    * work that another server did already changes nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from placement.access import Action, Caller, Role
from placement.domain.decide.beginning import Beginning, refuse_known
from placement.domain.decide.command import Command, Moment, Note, Outcome
from placement.domain.decide.contradictions import Standing, pair_in
from placement.domain.decide.drafts import normalise, require_area
from placement.domain.decide.imports import part_at
from placement.domain.decide.registry import own_fact, require_endable
from placement.domain.events import Event, FactEnded, FactRecorded
from placement.domain.facts import AnyFact, Faction, Link, Presence
from placement.domain.import_events import (
    ImportKept,
    ImportStaged,
    ImportState,
    ImportTaken,
    RowRefusal,
    StagedEnd,
    StagedRow,
)
from placement.domain.state import State
from placement.domain.terms import DossierId, FactId
from placement.errors import (
    ConflictError,
    InvalidInputError,
    NotFoundError,
    PlacementError,
    StaleError,
)

SLICE: Final = 8
"""Rows that are taken over at once; somebody's check may have to wait for them."""
AHEAD: Final = 8 * SLICE
"""Rows whose facts get their keys at once."""
_ID_SIZE: Final = 16  # bytes
_REASONS: Final[tuple[tuple[type[PlacementError], RowRefusal], ...]] = (
    (InvalidInputError, RowRefusal.INVALID),
    (ConflictError, RowRefusal.CONTRADICTION),
    (StaleError, RowRefusal.CHANGED),
    (NotFoundError, RowRefusal.ABSENT),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeRows(Command):
    """Take over a slice of an import's rows.

    Attributes:
        staged: the rows, as the log has them.
        after: how many rows were looked at before.
    """

    action = Action.IMPORT_TAKE

    staged: ImportStaged
    after: int

    @property
    def ahead(self) -> Sequence[DossierId]:
        """The facts of the rows behind those that were taken.

        As far as a block of so many rows: who looks for their keys has nothing new to
        look for until the next block.
        """
        first = self.after - self.staged.position
        rows = self.staged.rows[first : (first // AHEAD + 1) * AHEAD]
        return [DossierId(row.record.fact.id) for row in rows if row.record is not None]


@dataclass(slots=True)
class _Slice:
    """What becomes of a slice.

    Attributes:
        key: the import's id.
        caller: who made it; the facts are theirs.
        until: how many rows of the import were looked at.
        events: what the good ones become.
        begun: what those begin.
        named: the facts that they end.
        ended: links of them.
        standing: the links that count, with those that they record.
        refused: positions of the bad ones.
        reasons: why.
    """

    key: FactId
    caller: Caller
    until: int
    standing: Standing
    events: list[Event] = field(default_factory=list)
    begun: set[Beginning] = field(default_factory=set)
    named: set[FactId] = field(default_factory=set)
    ended: list[Link] = field(default_factory=list)
    refused: list[int] = field(default_factory=list)
    reasons: list[RowRefusal] = field(default_factory=list)


def take_rows(state: State, command: TakeRows, moment: Moment) -> Outcome:
    """Take over the rows behind those that were; nothing if it was done already."""
    known = state.imports.by_id.get(command.staged.id)
    if known is None or known.state is not ImportState.APPROVED:
        return Outcome(reply=None)
    if known.taken != command.after or not _stands_there(known, command):
        return Outcome(reply=None)
    caller = Caller(Role.COORDINATOR, known.begun.region, known.begun.person, bytes(32))
    first = command.after - command.staged.position
    standing = Standing.of(state, moment)
    part = _Slice(command.staged.id, caller, command.after, standing)
    for row in command.staged.rows[first : first + SLICE]:
        if not _fits(state, part, row):
            break
        _take(state, moment, part, row)
    taken = ImportTaken(
        id=command.staged.id,
        until=part.until,
        refused=tuple(part.refused),
        reasons=tuple(part.reasons),
    )
    note = Note(objects=(command.staged.id, *sorted(part.named)))
    return Outcome(reply=None, events=(*part.events, taken), note=note)


def refused_rows(
    state: State, moment: Moment, caller: Caller, rows: Iterable[StagedRow]
) -> list[tuple[int, RowRefusal]]:
    """Return which rows would be refused if they were taken over now, and why.

    Each is held against what stands and what the rows before it record; what those end
    stands still.
    """
    part = _Slice(FactId(bytes(_ID_SIZE)), caller, 0, Standing.of(state, moment))
    for row in rows:
        _take(state, moment, part, row)
    return list(zip(part.refused, part.reasons, strict=True))


def _stands_there(known: ImportKept, command: TakeRows) -> bool:
    """Tell whether these are the rows that stand where the import goes on."""
    part = part_at(known, command.after)
    staged = command.staged
    return part is not None and (part.position, part.digest) == (
        staged.position,
        staged.digest,
    )


def _fits(state: State, part: _Slice, row: StagedRow) -> bool:
    """Tell whether a row can be validated before what the slice ends has ended.

    What it records is seen at once; what it ends stands until the slice is decided.
    """
    if row.end is not None and row.end.id in part.named:
        return False
    return not any(
        _makes_room(state, ended, link) for ended in part.ended for link in _link(row)
    )


def _makes_room(state: State, ended: Link, link: Link) -> bool:
    """Tell whether a link may stand once another has ended."""
    if type(ended) is not type(link):
        return False
    return isinstance(link, Faction) or pair_in(state, ended) == pair_in(state, link)


def _link(row: StagedRow) -> list[Link]:
    """Return the link that a row records, if it does."""
    fact = None if row.record is None else row.record.fact
    return [fact] if isinstance(fact, Link) else []


def _take(state: State, moment: Moment, part: _Slice, row: StagedRow) -> None:
    """Turn a row into its events, or note why it can't be."""
    try:
        events = tuple(_events(state, moment, part, row))
        begun = refuse_known(state, events, part.begun)
    except tuple(kind for kind, _ in _REASONS) as error:
        part.refused.append(part.until)
        part.reasons.append(
            next(why for kind, why in _REASONS if isinstance(error, kind))
        )
    else:
        part.events.extend(events)
        part.begun |= begun
        for event in events:
            if isinstance(event, FactRecorded):
                part.standing.add(event.fact)
        if row.end is not None:
            part.named.add(row.end.id)
            ended = state.facts[row.end.id]
            part.ended += [ended] if isinstance(ended, Link) else []
    part.until += 1


def _events(
    state: State, moment: Moment, part: _Slice, row: StagedRow
) -> Sequence[Event]:
    """Return what a row becomes.

    Raises:
        PlacementError: it can't; nothing of it takes effect.
    """
    events: list[Event] = []
    if row.end is not None:
        _require_end(state, moment, part.caller, row.end)
    if row.record is not None:
        fact = _renewed(moment, row.record.fact)
        part.standing.refuse(fact)
        events.append(FactRecorded(fact=fact, import_id=part.key))
    if row.end is not None:
        ended = FactEnded(
            id=row.end.id,
            valid_to=row.end.valid_to,
            person=part.caller.person,
            import_id=part.key,
        )
        events.append(ended)
    return events


def _require_end(state: State, moment: Moment, caller: Caller, end: StagedEnd) -> None:
    fact = own_fact(state, caller, end.id, end.seen)
    require_endable(fact, end.valid_to, moment, "valid_to_day")


def _renewed(moment: Moment, fact: AnyFact) -> AnyFact:
    """Return a fact as it is by the ruleset of now, recorded now.

    Raises:
        InvalidInputError: the ruleset no longer has its grade or its area.
    """
    if isinstance(fact, Presence):
        require_area(moment, fact.area, moment.today, "area")
    grade = normalise(moment, fact.scheme, fact.given, "grade.given")
    return replace(fact, grade=grade, recorded_at=moment.now)
