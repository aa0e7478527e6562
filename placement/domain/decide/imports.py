"""Imports: stage many rows, have a second coordinator approve all of them at once.

Invariants:
    * staged rows are inert; nothing takes effect before a second person said so, never
      the same one, who names the digest of what they looked at;
    * what is staged once is never staged otherwise: a call that comes again under its
      position is answered as before, and one with other rows is refused;
    * an import of another region is answered like one that isn't there;
    * rows speak of groups and areas alone; facts about persons are not imported.
"""

from bisect import bisect_right
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Final

from placement.access import NATIONAL, Action, Caller
from placement.domain.decide.command import (
    Command,
    Moment,
    Note,
    Outcome,
    RequestCommand,
    require,
)
from placement.domain.erasure_events import DossiersErased
from placement.domain.facts import Alliance, AnyFact, Faction, Presence, Rivalry
from placement.domain.import_events import (
    ImportApproved,
    ImportBegun,
    ImportCancelled,
    ImportFinished,
    ImportKept,
    ImportState,
    StagedPart,
)
from placement.domain.imports import stands, state_of
from placement.domain.state import State
from placement.domain.terms import MICROS_AN_HOUR, DossierId, FactId, Micros
from placement.errors import (
    AccessDeniedError,
    ConflictError,
    NotFoundError,
)

IMPORTED: Final[tuple[type[AnyFact], ...]] = (Rivalry, Alliance, Faction, Presence)
"""The kinds of facts that rows speak of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BeginImport(RequestCommand):
    """Begin to stage rows.

    Attributes:
        import_id: 16 fresh random bytes.
        rows: how many are to come.
    """

    action = Action.IMPORT_BEGIN

    import_id: FactId
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AboutImport(Command):
    """A call about an import."""

    import_id: FactId

    @property
    def note(self) -> Note:
        """Name it."""
        return Note(objects=(self.import_id,))


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishImport(AboutImport):
    """Say that all rows are there.

    Attributes:
        digest: 32 bytes, over all of them.
    """

    action = Action.IMPORT_FINISH

    digest: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowImport(AboutImport):
    """See how far an import has come."""

    action = Action.IMPORT_SHOW


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadRows(AboutImport):
    """Read staged rows, so that a second person sees what they approve.

    Attributes:
        position: of one of the rows.
    """

    action = Action.IMPORT_READ

    position: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ListImports(Command):
    """List the imports of the own region; the national unit sees all."""

    action = Action.IMPORT_LIST


@dataclass(frozen=True, slots=True, kw_only=True)
class ApproveImport(RequestCommand):
    """Stand behind all rows of another coordinator's import.

    Attributes:
        import_id: which.
        seen: 32 bytes, the digest over the rows that they looked at.
    """

    action = Action.IMPORT_APPROVE

    import_id: FactId
    seen: bytes

    @property
    def note(self) -> Note:
        """Name it."""
        return Note(objects=(self.import_id,))


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelImport(RequestCommand):
    """End an import before it is approved."""

    action = Action.IMPORT_CANCEL

    import_id: FactId

    @property
    def note(self) -> Note:
        """Name it."""
        return Note(objects=(self.import_id,))


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportView:
    """An import as a coordinator sees it."""

    known: ImportKept
    state: ImportState


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportList:
    """The reply to ``ListImports``, the oldest first."""

    imports: tuple[ImportView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """The reply to ``ReadRows``: where the rows are in the log."""

    import_id: FactId
    part: StagedPart


def begin_import(state: State, command: BeginImport, moment: Moment) -> Outcome:
    """Begin to stage rows."""
    limits = moment.ruleset.imports
    region = command.caller.organisation
    require(1 <= command.rows <= limits.rows, "rows", "is too few or too many")
    open_ = sum(
        known.begun.region == region and stands(known, moment.now)
        for known in state.imports.by_id.values()
    )
    if open_ >= limits.region_open:
        raise ConflictError
    begun = ImportBegun(
        id=command.import_id,
        person=command.caller.person,
        region=region,
        rows=command.rows,
        expires_at=_lapse(moment),
    )
    return Outcome.written(begun, made=(command.import_id,))


def finish_import(state: State, command: FinishImport, moment: Moment) -> Outcome:
    """Let an import wait for its second person."""
    known = own_import(state, command.import_id, command.caller, moment)
    require(command.digest == known.digest, "digest", "is not the one of these rows")
    view = ImportView(known=known, state=state_of(known, moment.now))
    if view.state in (ImportState.WAITING, ImportState.APPROVED, ImportState.DONE):
        return Outcome(reply=view)
    if view.state is not ImportState.OPEN or known.staged != known.begun.rows:
        raise ConflictError
    lapse = _lapse(moment)
    finished = replace(
        known,
        state=ImportState.WAITING,
        expires_at=lapse,
        changed_at=moment.now,
    )
    return Outcome(
        reply=ImportView(known=finished, state=ImportState.WAITING),
        events=(ImportFinished(id=command.import_id, expires_at=lapse),),
    )


def approve_import(state: State, command: ApproveImport, moment: Moment) -> Outcome:
    """Let the rows of an import take effect."""
    known = seen_import(state, command.import_id, command.caller)
    if known.begun.person == command.caller.person:
        raise AccessDeniedError
    waits = state_of(known, moment.now) is ImportState.WAITING
    if not waits or command.seen != known.digest:
        raise ConflictError
    return Outcome.written(
        ImportApproved(id=command.import_id, person=command.caller.person)
    )


def cancel_import(state: State, command: CancelImport, moment: Moment) -> Outcome:
    """End an import of which nothing has taken effect."""
    known = seen_import(state, command.import_id, command.caller)
    ends = state_of(known, moment.now) in (ImportState.OPEN, ImportState.WAITING)
    if not ends:
        raise ConflictError
    cancelled = ImportCancelled(id=command.import_id, person=command.caller.person)
    return Outcome.written(cancelled, rows_erased(command.import_id))


def rows_erased(*imports: FactId) -> DossiersErased:
    """Return the event that takes the staged rows of imports: nothing needs them.

    It takes no second person. What they became is facts, each to be erased by itself.
    """
    return DossiersErased(dossiers=tuple(DossierId(each) for each in imports))


def show_import(state: State, command: ShowImport, moment: Moment) -> Outcome:
    """Show how far an import has come."""
    known = seen_import(state, command.import_id, command.caller)
    return Outcome(reply=ImportView(known=known, state=state_of(known, moment.now)))


def list_imports(state: State, command: ListImports, moment: Moment) -> Outcome:
    """List imports that are remembered."""
    views = (
        ImportView(known=known, state=state_of(known, moment.now))
        for known in state.imports.by_id.values()
        if command.caller.organisation in (known.begun.region, NATIONAL)
    )
    return Outcome(reply=ImportList(imports=tuple(views)))


def read_rows(state: State, command: ReadRows, moment: Moment) -> Outcome:
    """Say where staged rows are."""
    del moment
    known = seen_import(state, command.import_id, command.caller)
    part = part_at(known, command.position)
    if part is None:
        raise NotFoundError
    return Outcome(reply=Shelf(import_id=command.import_id, part=part))


def part_at(known: ImportKept, position: int) -> StagedPart | None:
    """Return the part that has a row, or ``None``."""
    if not 0 <= position < known.staged:
        return None
    behind = bisect_right(known.parts, position, key=attrgetter("position"))
    return known.parts[behind - 1] if behind else None


def _lapse(moment: Moment) -> Micros:
    return Micros(moment.now + moment.ruleset.change_hours * MICROS_AN_HOUR)


def seen_import(state: State, key: FactId, caller: Caller) -> ImportKept:
    """Return an import of the caller's region; the national unit has all.

    Raises:
        NotFoundError: there is none.
    """
    known = state.imports.by_id.get(key)
    if known is None or caller.organisation not in (known.begun.region, NATIONAL):
        raise NotFoundError
    return known


def own_import(state: State, key: FactId, caller: Caller, moment: Moment) -> ImportKept:
    """Return an import that the caller began.

    Raises:
        NotFoundError: there is none.
        AccessDeniedError: somebody else of the region began it.
        ConflictError: it lapsed, or was cancelled.
    """
    known = seen_import(state, key, caller)
    begun = known.begun
    if (begun.person, begun.region) != (caller.person, caller.organisation):
        raise AccessDeniedError
    if state_of(known, moment.now) in (ImportState.LAPSED, ImportState.CANCELLED):
        raise ConflictError
    return known
