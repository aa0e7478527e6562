"""The second person: see what waits, and stand behind it (rules.md, two persons)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from placement.access import NATIONAL, Action, Caller
from placement.domain.decide.command import (
    Command,
    Moment,
    Note,
    Outcome,
    RequestCommand,
)
from placement.domain.decide.erasures import is_erasure
from placement.domain.events import (
    ChangeApproved,
    ChangeProposed,
    FactAmendment,
    FactEnded,
    ReleaseSigned,
)
from placement.domain.facts import AnyFact
from placement.domain.permits import Permit
from placement.domain.state import State
from placement.domain.terms import FactId
from placement.errors import AccessDeniedError, ConflictError, NotFoundError

MAX_LISTED: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class ApproveChange(RequestCommand):
    """Stand behind another coordinator's change."""

    action = Action.CHANGE_APPROVE

    change: FactId

    @property
    def note(self) -> Note:
        """Name the change."""
        return Note(objects=(self.change,))


@dataclass(frozen=True, slots=True, kw_only=True)
class ListChanges(Command):
    """List what waits in the own region; the national unit sees all."""

    action = Action.CHANGE_LIST


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowChange(Command):
    """See what a change would do."""

    action = Action.CHANGE_SHOW

    change: FactId

    @property
    def note(self) -> Note:
        """Name the change."""
        return Note(objects=(self.change,))


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeView:
    """A change that waits, with what it speaks of as it stands, by id."""

    change: ChangeProposed
    facts: Mapping[FactId, AnyFact]
    permits: Mapping[FactId, Permit]


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """Changes that wait, oldest first."""

    changes: tuple[ChangeProposed, ...]


def approve_change(state: State, command: ApproveChange, moment: Moment) -> Outcome:
    """Put a change into force."""
    change = _waiting(state, command.change, command.caller)
    if change.person == command.caller.person:
        raise AccessDeniedError
    lapsed = moment.now >= change.expires_at
    if lapsed or is_erasure(change) or not _still_fits(state, change):
        raise ConflictError
    return Outcome.written(
        ChangeApproved(id=change.id, person=command.caller.person),
    )


def show_change(state: State, command: ShowChange, moment: Moment) -> Outcome:
    """Show a change to those who may approve it, or proposed it."""
    change = _waiting(state, command.change, command.caller)
    if moment.now >= change.expires_at:
        raise NotFoundError
    named = (*_facts(change), *(FactId(each.id) for each in change.amendments))
    facts = {each: state.facts[each] for each in named if each in state.facts}
    permits = {
        item.id: state.permits[item.id]
        for item in change.amendments
        if isinstance(item, ReleaseSigned)
    }
    view = ChangeView(change=change, facts=facts, permits=permits)
    return Outcome(reply=view)


def list_changes(state: State, command: ListChanges, moment: Moment) -> Outcome:
    """List what waits and has not lapsed."""
    waiting = [
        change
        for change in state.changes.values()
        if _concerns(change, command.caller) and moment.now < change.expires_at
    ]
    return Outcome(reply=Changes(changes=tuple(waiting[:MAX_LISTED])))


def _waiting(state: State, change_id: FactId, caller: Caller) -> ChangeProposed:
    """Return a change that concerns a caller.

    Raises:
        NotFoundError: there is none, or it is another region's.
    """
    change = state.changes.get(change_id)
    if change is None or not _concerns(change, caller):
        raise NotFoundError
    return change


def _concerns(change: ChangeProposed, caller: Caller) -> bool:
    return caller.organisation in (change.region, NATIONAL)


def _facts(change: ChangeProposed) -> Iterator[FactId]:
    """Yield the facts that a change speaks of."""
    yield from change.records
    for item in change.amendments:
        if isinstance(item, FactAmendment):
            yield item.id


def _still_fits(state: State, change: ChangeProposed) -> bool:
    """Tell whether what the change speaks of still stands as it was proposed."""
    for fact_id in _facts(change):
        if state.facts[fact_id].retracted:
            return False
    for item in change.amendments:
        if isinstance(item, FactEnded):
            end = state.facts[item.id].valid_to
            if end is not None and end < item.valid_to:
                return False
    return True
