"""Stage rows of an import: validated against what stands, and inert.

Invariants:
    * a call stages all of its rows or none;
    * the same rows under the same position are staged once; others are refused.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce

from placement.access import Action, Caller
from placement.domain.decide.command import Moment, Outcome, require
from placement.domain.decide.contradictions import Standing
from placement.domain.decide.drafts import Draft, stated
from placement.domain.decide.imports import IMPORTED, AboutImport, own_import
from placement.domain.decide.registry import own_fact, require_endable
from placement.domain.facts import AnyFact
from placement.domain.import_events import (
    ImportKept,
    ImportStaged,
    ImportState,
    StagedEnd,
    StagedFact,
    StagedRow,
)
from placement.domain.imports import first_digest, next_digest, state_of
from placement.domain.state import State
from placement.errors import ConflictError, InvalidInputError


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftRow:
    """A row as it is sent.

    Attributes:
        draft: the fact that it states, or ``None``.
        end: the fact that it ends, or ``None``.
        content: the row as the wire has it.
    """

    draft: Draft | None
    end: StagedEnd | None
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class AppendRows(AboutImport):
    """Stage rows.

    Attributes:
        position: of the first of them, from 0.
        rows: they.
    """

    action = Action.IMPORT_APPEND

    position: int
    rows: tuple[DraftRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    """The reply to ``AppendRows``: where the next rows stand."""

    position: int


def append_rows(state: State, command: AppendRows, moment: Moment) -> Outcome:
    """Stage rows behind those that are there: all of them, or none."""
    known = own_import(state, command.import_id, command.caller, moment)
    rows, position = command.rows, command.position
    most = moment.ruleset.imports.call_rows
    require(1 <= len(rows) <= most, "rows", f"must be 1 to {most}")
    if position < known.staged:
        _require_same(known, position, rows)
        return Outcome(reply=Staged(position=position + len(rows)))
    if state_of(known, moment.now) is not ImportState.OPEN:
        raise ConflictError
    require(position == known.staged, "position", "must be where the rows end")
    end = position + len(rows)
    require(end <= known.begun.rows, "rows", "must be no more than were announced")
    made = staged_rows(state, command.caller, rows, moment)
    _require_true(state, moment, made)
    staged = ImportStaged(
        id=command.import_id,
        position=position,
        rows=made,
        digest=_over(known.digest, rows),
    )
    return Outcome(reply=Staged(position=end), events=(staged,))


def _require_true(state: State, moment: Moment, rows: Sequence[StagedRow]) -> None:
    """Refuse rows that contradict what stands, or one another.

    Raises:
        InvalidInputError: one does; the field names it.
    """
    standing = Standing.of(state, moment)
    for index, row in enumerate(rows):
        if row.record is not None:
            try:
                standing.refuse(row.record.fact)
            except ConflictError:
                why = "contradicts what is on record, or a row before it"
                raise InvalidInputError(f"rows[{index}]", why) from None
            standing.add(row.record.fact)


def _over(digest: bytes, rows: Sequence[DraftRow]) -> bytes:
    return reduce(next_digest, (row.content for row in rows), digest)


def _require_same(known: ImportKept, position: int, rows: Sequence[DraftRow]) -> None:
    """Refuse rows that are not those which stand at a position already.

    Raises:
        ConflictError: they are others, or cut otherwise.
    """
    before = first_digest()
    for part in known.parts:
        if part.position == position and part.digest == _over(before, rows):
            return
        before = part.digest
    raise ConflictError


def staged_rows(
    state: State, caller: Caller, rows: Sequence[DraftRow], moment: Moment
) -> tuple[StagedRow, ...]:
    """Make of each row what it will become, whether or not it contradicts what stands.

    Args:
        state: what stands.
        caller: who states them.
        rows: at most 500.
        moment: when.

    Raises:
        InvalidInputError: a row that can't be; its field is named.
        PlacementError: as ``own_fact``.
    """
    for index, row in enumerate(rows):
        field = f"rows[{index}]"
        require(row.draft or row.end, field, "must state or end something")
        if row.draft is not None:
            fits = row.draft.kind in IMPORTED
            require(fits, f"{field}.fact.statement", "is not imported")
        if row.end is not None:
            _require_end(state, caller, row, row.end, field)
            day, name = row.end.valid_to, f"{field}.valid_to_day"
            require_endable(state.facts[row.end.id], day, moment, name)
    facts = iter(_facts(state, caller, rows, moment))
    return tuple(
        StagedRow(
            record=None if row.draft is None else StagedFact(fact=_firm(next(facts))),
            end=row.end,
        )
        for row in rows
    )


def _facts(
    state: State, caller: Caller, rows: Sequence[DraftRow], moment: Moment
) -> tuple[AnyFact, ...]:
    """Make facts of the rows that state one.

    Raises:
        InvalidInputError: a row that can't be; the field names the row.
    """
    stating = [n for n, row in enumerate(rows) if row.draft is not None]
    drafts = [row.draft for row in rows if row.draft is not None]
    try:
        return stated(state, moment, caller, drafts, "rows[{}].fact")
    except InvalidInputError as error:  # it counts the drafts, not the rows
        number, _, rest = error.field.removeprefix("rows[").partition("]")
        if not number.isdecimal():
            raise
        field = f"rows[{stating[int(number)]}]{rest}"
        raise InvalidInputError(field, error.description) from None


def _firm(fact: AnyFact) -> AnyFact:
    """Let a fact count fully once it is taken over: two persons will stand behind it."""
    return fact if fact.approved else replace(fact, approved=True)


def _require_end(
    state: State, caller: Caller, row: DraftRow, end: StagedEnd, field: str
) -> None:
    """Refuse an end that the fact can't have, or a fact of another kind instead.

    Raises:
        PlacementError: it is one.
    """
    fact = own_fact(state, caller, end.id, end.seen)
    require(isinstance(fact, IMPORTED), f"{field}.fact_id", "is not imported")
    if row.draft is not None:
        alike = isinstance(fact, row.draft.kind)
        require(alike, f"{field}.fact.statement", "must be of the same kind")
