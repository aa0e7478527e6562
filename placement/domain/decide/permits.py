"""Releases and overrides: who may be placed despite what was answered (permits.py)."""

from dataclasses import dataclass, replace

from placement.access import Action
from placement.domain.decide.checks import charge
from placement.domain.decide.command import (
    CaseCommand,
    Command,
    Moment,
    Note,
    Outcome,
    RequestCommand,
    Written,
    require,
)
from placement.domain.decide.drafts import propose
from placement.domain.decide.seeing import (
    Explained,
    asked_note,
    explained,
    needs_second,
    seen_by,
    told_note,
    weighed_place,
)
from placement.domain.decide.whose import linked_case, own_case
from placement.domain.events import Event, ReleaseSigned
from placement.domain.facts import Case
from placement.domain.permits import Permit, keys_of
from placement.domain.questions import Assessment, Candidate
from placement.domain.state import State
from placement.domain.stay_events import OverrideSigned, PermitGiven
from placement.domain.terms import (
    MICROS_AN_HOUR,
    CaseHandle,
    Day,
    FactId,
    Micros,
    PermitGround,
    Verdict,
    Window,
)
from placement.errors import (
    AccessDeniedError,
    ClosedError,
    ConflictError,
    NotFoundError,
    StaleError,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainPlacement(Command):
    """Show a coordinator what a place is worth to a case, and why."""

    action = Action.PLACE_EXPLAIN

    case: CaseHandle
    candidate: Candidate
    window: Window

    @property
    def note(self) -> Note:
        """Name the case and the place."""
        return asked_note(self.case, self.candidate, self.window)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleasePlace(CaseCommand):
    """Let a case have a place despite REVIEW or UNKNOWN.

    Attributes:
        candidate: which place.
        window: for which days.
        seen: digest of what the coordinator saw, from ``Explained``.
        permit: 16 fresh random bytes.
        change: 16 fresh random bytes, used if a second coordinator is needed.
    """

    action = Action.PLACE_RELEASE

    candidate: Candidate
    window: Window
    seen: bytes
    permit: FactId
    change: FactId

    @property
    def note(self) -> Note:
        """Name the case and the place."""
        return asked_note(self.case, self.candidate, self.window)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposeOverride(CaseCommand):
    """Ask for a place despite what was answered.

    Attributes:
        candidate: which place.
        window: for which days.
        ground: why.
        follow_up: the day to look again.
        permit: 16 fresh random bytes.
    """

    action = Action.OVERRIDE_PROPOSE

    candidate: Candidate
    window: Window
    ground: PermitGround
    follow_up: Day
    permit: FactId

    @property
    def note(self) -> Note:
        """Name the case, the place and the ground."""
        asked = asked_note(self.case, self.candidate, self.window)
        return replace(asked, purpose=self.ground.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowOverride(Command):
    """Show a coordinator an override that waits, and what its place is worth."""

    action = Action.OVERRIDE_SHOW

    permit: FactId

    @property
    def note(self) -> Note:
        """Name the override."""
        return Note(objects=(self.permit,))


@dataclass(frozen=True, slots=True, kw_only=True)
class SignOverride(RequestCommand):
    """Stand behind a municipality's override.

    Attributes:
        permit: which.
        seen: digest of what the coordinator saw, from ``Explained``.
    """

    action = Action.OVERRIDE_SIGN

    permit: FactId
    seen: bytes

    @property
    def note(self) -> Note:
        """Name the override."""
        return Note(objects=(self.permit,))


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """The reply to ``ShowOverride``."""

    permit: Permit
    explained: Explained


def explain_placement(
    state: State, command: ExplainPlacement, moment: Moment
) -> Outcome:
    """Weigh a place for a coordinator of the case's own region."""
    case = linked_case(state, command.caller, command.case, moment)
    require_asked(state, case, command.candidate, moment)
    weighed = weighed_place(state, moment, case, command.candidate, command.window)
    reply = explained(state, command.caller, moment, weighed)
    return Outcome(reply=reply, note=told_note(command.note, weighed))


def require_asked(state: State, case: Case, place: Candidate, moment: Moment) -> None:
    """Refuse to explain what nobody asked about: it would list who is placed where.

    Raises:
        InvalidInputError: the municipality never asked, and nothing stands there.
    """
    stays = state.stays.of_case(case.handle)
    asked = state.ledger.has_asked(case.handle, place.area, moment.now)
    known = asked or any(each.area == place.area for each in stays)
    require(known, "candidate.area", "was not asked about for this case")


def release_place(state: State, command: ReleasePlace, moment: Moment) -> Outcome:
    """Release a place for what was seen of it, and for nothing that is added."""
    case = linked_case(state, command.caller, command.case, moment)
    if case.closed_at is not None:
        raise ClosedError
    require_asked(state, case, command.candidate, moment)
    weighed = weighed_place(state, moment, case, command.candidate, command.window)
    if seen_by(command.caller, weighed) != command.seen:
        raise StaleError
    found = weighed.found
    if found.verdict not in (Verdict.REVIEW, Verdict.UNKNOWN):
        raise ConflictError
    if case.assessed_at is None:
        raise ConflictError
    waits = needs_second(state, command.caller, weighed)
    permit = _permit(command, case, found, moment, PermitGround.RELEASED)
    events: tuple[Event, ...] = (PermitGiven(permit=replace(permit, signed=not waits)),)
    if waits:
        signing = (ReleaseSigned(id=permit.id),)
        change = propose(moment, command.caller, command.change, amendments=signing)
        events = (*events, change)
    made = (permit.id, command.change if waits else b"")
    outcome = Outcome.written(*events, made=made)
    note = told_note(command.note, weighed)
    return replace(_lapsing(outcome, permit.expires_at), note=note)


def propose_override(state: State, command: ProposeOverride, moment: Moment) -> Outcome:
    """Note an override that waits for its second person."""
    case = own_case(state, command.caller, command.case)
    if case.closed_at is not None:
        raise ClosedError
    if case.assessed_at is None:  # nobody knows what it would cover
        raise ConflictError
    ahead = command.follow_up - moment.today
    most = moment.ruleset.holds.follow_up_days
    require(0 < ahead <= most, "follow_up_day", f"must be 1 to {most} days ahead")
    weighed = weighed_place(state, moment, case, command.candidate, command.window)
    # That a hold succeeds afterwards tells what the place is worth: it costs as much.
    areas = (command.candidate.area,)
    asked = charge(state, command.caller, case.handle, areas, moment)
    permit = _permit(command, case, weighed.found, moment, command.ground)
    given = PermitGiven(permit=replace(permit, follow_up=command.follow_up))
    outcome = Outcome.written(asked, given, made=(permit.id,))
    note = replace(command.note, reference=case.reference)
    return replace(_lapsing(outcome, permit.expires_at), note=note)


def show_override(state: State, command: ShowOverride, moment: Moment) -> Outcome:
    """Show an override to a coordinator who may sign it."""
    permit, case = _override(state, command, moment)
    weighed = weighed_place(state, moment, case, permit.candidate, permit.window)
    told = explained(state, command.caller, moment, weighed, about=permit.id)
    asked = asked_note(case.handle, permit.candidate, permit.window)
    note = told_note(replace(asked, objects=(permit.id,)), weighed)
    return Outcome(reply=Shown(permit=permit, explained=told), note=note)


def sign_override(state: State, command: SignOverride, moment: Moment) -> Outcome:
    """Sign an override for what the coordinator was shown, and nothing that is added.

    Nobody signs what a person of the same id proposed, under whatever certificate.
    """
    permit, case = _override(state, command, moment)
    if permit.person == command.caller.person:
        raise AccessDeniedError
    if case.closed_at is not None:
        raise ClosedError
    if permit.signed or moment.now >= permit.expires_at:
        raise ConflictError
    weighed = weighed_place(state, moment, case, permit.candidate, permit.window)
    if seen_by(command.caller, weighed, about=permit.id) != command.seen:
        raise StaleError
    found = weighed.found
    hours = moment.ruleset.holds.permit_hours
    signed = OverrideSigned(
        id=permit.id,
        organisation=command.caller.organisation,
        person=command.caller.person,
        expires_at=Micros(moment.now + hours * MICROS_AN_HOUR),
        verdict=found.verdict,
        floor=found.floor,
        seen=keys_of(found.findings),
    )
    note = told_note(command.note, weighed)
    outcome = Outcome.written(signed, made=(permit.id,))
    return replace(_lapsing(outcome, signed.expires_at), note=note)


def _lapsing(outcome: Outcome, expires_at: Micros) -> Outcome:
    """Say when what was made lapses."""
    return replace(outcome, reply=Written(ids=outcome.made, expires_at=expires_at))


def _override(
    state: State, command: ShowOverride | SignOverride, moment: Moment
) -> tuple[Permit, Case]:
    """Return an override of a case of the coordinator's own region.

    Raises:
        NotFoundError: there is none.
    """
    permit = state.permits.get(command.permit)
    if permit is None or permit.is_release:
        raise NotFoundError
    return permit, linked_case(state, command.caller, permit.case, moment)


def _permit(
    command: ReleasePlace | ProposeOverride,
    case: Case,
    found: Assessment,
    moment: Moment,
    ground: PermitGround,
) -> Permit:
    released = ground is PermitGround.RELEASED
    holds = moment.ruleset.holds
    hours = holds.permit_hours if released else moment.ruleset.change_hours
    return Permit(
        id=command.permit,
        case=case.handle,
        candidate=command.candidate,
        window=command.window,
        ground=ground,
        verdict=found.verdict,
        floor=found.floor,
        seen=keys_of(found.findings),
        organisation=command.caller.organisation,
        person=command.caller.person,
        proposed_at=moment.now,
        expires_at=Micros(moment.now + hours * MICROS_AN_HOUR),
    )
