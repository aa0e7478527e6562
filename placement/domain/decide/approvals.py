"""The second person: see what waits, stand behind it or not (rules.md, two persons).

Invariants:
    * nobody stands behind, or rejects, what a person of the same id proposed, whatever
      certificate, region or organisation that was under;
    * rejecting takes no REVIEW away: what a change recorded counts no more once two
      persons say so, and one of them may be who recorded it;
    * only who proposed a change withdraws it, from the same region, and only if what it
      recorded is their own.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
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
from placement.domain.decide.drafts import propose
from placement.domain.decide.erasures import erased_by, is_erasure
from placement.domain.decide.extracts import agreed_by
from placement.domain.decide.fitting import ended_by, facts_of, still_fits
from placement.domain.decide.registry import ANY
from placement.domain.decide.seeing import (
    Explained,
    Weighed,
    asked_note,
    explained,
    seen_by,
    told_note,
    weighed_place,
)
from placement.domain.events import (
    ChangeApproved,
    ChangeProposed,
    FactRetracted,
    ReleaseSigned,
)
from placement.domain.facts import AnyFact, Placement
from placement.domain.haunt_events import PhantomsLifted
from placement.domain.life_events import ChangeRejected, ChangeWithdrawn
from placement.domain.permits import Permit
from placement.domain.state import State
from placement.domain.terms import CaseHandle, FactId, Revision
from placement.errors import (
    AccessDeniedError,
    ClosedError,
    ConflictError,
    NotFoundError,
    StaleError,
)

MAX_LISTED: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class ApproveChange(RequestCommand):
    """Stand behind another coordinator's change.

    Attributes:
        change: which.
        shown: the revision at which it was shown as it stands now; 0 is any.
        seen: digest of what the coordinator saw of the place that it releases, from
            ``ShowChange``; empty when it releases none.
    """

    action = Action.CHANGE_APPROVE

    change: FactId
    shown: Revision = ANY
    seen: bytes = b""

    @property
    def note(self) -> Note:
        """Name the change."""
        return Note(objects=(self.change,))


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectChange(RequestCommand):
    """Don't stand behind another coordinator's change; it is over.

    Attributes:
        change: which.
        retraction: 16 fresh random bytes, used if it recorded something.
    """

    action = Action.CHANGE_REJECT

    change: FactId
    retraction: FactId

    @property
    def note(self) -> Note:
        """Name the change."""
        return Note(objects=(self.change,))


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawChange(RequestCommand):
    """Take back a change that one proposed; it is over."""

    action = Action.CHANGE_WITHDRAW

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
    """A change that waits, with what it speaks of as it stands.

    Attributes:
        change: it.
        facts: by id.
        permits: the release that it signs, if it signs one, by id.
        placements: those that it ends, by id.
        explained: what the place of that is worth now, or ``None``.
    """

    change: ChangeProposed
    facts: Mapping[FactId, AnyFact]
    permits: Mapping[FactId, Permit]
    placements: Mapping[FactId, Placement] = field(default_factory=dict)
    explained: Explained | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """Changes that wait, oldest first."""

    changes: tuple[ChangeProposed, ...]


def approve_change(state: State, command: ApproveChange, moment: Moment) -> Outcome:
    """Put a change into force; a release only as the place is worth now."""
    change = waiting_change(state, command.change, command.caller)
    if change.person == command.caller.person:
        raise AccessDeniedError
    _require_shown(state, change, command.shown)
    lapsed = moment.now >= change.expires_at
    other = is_erasure(change) or agreed_by(change)  # these have a way of their own
    if lapsed or other or not still_fits(state, change):
        raise ConflictError
    note = command.note
    release = _release(state, change)
    if release is None:
        require(not command.seen, "seen", "must be empty: no place is released")
    else:
        weighed = _looked_at(state, command, release, moment)
        note = _released(note, weighed)
    approved = ChangeApproved(id=change.id, person=command.caller.person)
    return replace(Outcome.written(approved, made=_lifted(change)), note=note)


def _require_shown(state: State, change: ChangeProposed, shown: Revision) -> None:
    """Refuse a revision at which a change did not look as it does now.

    Raises:
        StaleError: it was proposed later, or a fact of it changed since, or there is no
            such revision yet.
    """
    if shown == ANY:
        return
    changed = map(state.histories.changed, facts_of(change))
    if not max(change.revision, *changed, 0) <= shown <= state.revision:
        raise StaleError


def _lifted(change: ChangeProposed) -> tuple[CaseHandle, ...]:
    """Return the case whose caseworker is to be told, if phantoms are lifted."""
    return tuple(
        each.case for each in change.amendments if isinstance(each, PhantomsLifted)
    )


def reject_change(state: State, command: RejectChange, moment: Moment) -> Outcome:
    """End a change that somebody else proposed; what it would amend stays as it was.

    What it recorded gives REVIEW as before. That it was never true waits for another
    person, as every retraction does: whoever proposed the change, or a third one.
    """
    change = waiting_change(state, command.change, command.caller)
    caller = command.caller
    if change.person == caller.person:
        raise AccessDeniedError
    if moment.now >= change.expires_at:
        raise ConflictError
    rejected = ChangeRejected(id=change.id, person=caller.person, softly=True)
    retracted = tuple(FactRetracted(id=each) for each in _soft(state, change))
    if not retracted:
        return Outcome.written(rejected, made=(b"",))
    proposed = propose(moment, caller, command.retraction, amendments=retracted)
    # Of the region of the facts, so that who recorded them may agree.
    proposed = replace(proposed, region=change.region)
    return Outcome.written(rejected, proposed, made=(proposed.id,))


def _soft(state: State, change: ChangeProposed) -> Iterator[FactId]:
    """Yield what a change recorded and what nobody else stood behind or retracted."""
    for each in change.records:
        fact = state.facts.get(each)
        if fact is not None and not (fact.approved or fact.retracted):
            yield each


def withdraw_change(state: State, command: WithdrawChange, moment: Moment) -> Outcome:
    """End a change that one proposed: what it recorded counts no more.

    What another recorded, and lapsed, is not made untrue by proposing it again and
    taking that back: it lapses, or a second person rejects or retracts it.
    """
    change = waiting_change(state, command.change, command.caller)
    caller = command.caller
    if (change.person, change.region) != (caller.person, caller.organisation):
        raise AccessDeniedError
    if any(state.facts[each].author != caller.person for each in change.records):
        raise AccessDeniedError
    if moment.now >= change.expires_at:
        raise ConflictError
    return Outcome.written(ChangeWithdrawn(id=change.id, person=caller.person))


def show_change(state: State, command: ShowChange, moment: Moment) -> Outcome:
    """Show a change to those who may approve it, or proposed it."""
    change = waiting_change(state, command.change, command.caller)
    if moment.now >= change.expires_at:
        raise NotFoundError
    erased = (FactId(each) for each in erased_by(change))
    named = (*facts_of(change), *(each for each in erased if each in state.facts))
    facts = {fact_id: state.facts[fact_id] for fact_id in named}
    release = _release(state, change)
    if release is None:
        stays = {each: state.placements[each] for each in ended_by(change)}
        view = ChangeView(change=change, facts=facts, permits={}, placements=stays)
        return Outcome(reply=view)
    weighed = _weighed(state, release, moment)
    told = explained(state, command.caller, moment, weighed, about=change.id)
    view = ChangeView(
        change=change, facts=facts, permits={release.id: release}, explained=told
    )
    return Outcome(reply=view, note=_released(command.note, weighed))


def _looked_at(
    state: State, command: ApproveChange, release: Permit, moment: Moment
) -> Weighed:
    """Return what the place of a release is worth now, as its second person saw it.

    Raises:
        ClosedError: the case is closed.
        ConflictError: something was added since: it takes a new release.
        InvalidInputError: the coordinator does not say what they saw.
        StaleError: it is not what they saw.
    """
    if state.cases[release.case].closed_at is not None:
        raise ClosedError
    weighed = _weighed(state, release, moment)
    signed = replace(release, signed=True)
    if not signed.covers(release.candidate, release.window, weighed.found, moment.now):
        raise ConflictError
    require(command.seen, "seen", "must be what was shown: a place is released")
    if command.seen != seen_by(command.caller, weighed, about=command.change):
        raise StaleError
    return weighed


def _weighed(state: State, release: Permit, moment: Moment) -> Weighed:
    """Weigh the place of a release that waits.

    Raises:
        NotFoundError: its last day has passed; nobody can be placed under it.
    """
    end = release.window.end
    if end is not None and end <= moment.today:
        raise NotFoundError
    case = state.cases[release.case]
    return weighed_place(state, moment, case, release.candidate, release.window)


def _release(state: State, change: ChangeProposed) -> Permit | None:
    """Return the permit that a change signs, or ``None``."""
    for item in change.amendments:
        if isinstance(item, ReleaseSigned):
            return state.permits[item.id]
    return None


def _released(note: Note, weighed: Weighed) -> Note:
    """Name the case and the place of a release, too, and what it is worth."""
    question = weighed.question
    (place,) = question.candidates
    asked = asked_note(question.case.handle, place, question.window)
    return told_note(replace(asked, objects=note.objects), weighed)


def list_changes(state: State, command: ListChanges, moment: Moment) -> Outcome:
    """List what waits and has not lapsed."""
    waiting = [
        change
        for change in state.changes.values()
        if _concerns(change, command.caller) and moment.now < change.expires_at
    ]
    return Outcome(reply=Changes(changes=tuple(waiting[:MAX_LISTED])))


def waiting_change(state: State, change_id: FactId, caller: Caller) -> ChangeProposed:
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
