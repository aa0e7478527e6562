"""A municipality's cases: open, show, close; a coordinator's assessment of one."""

from dataclasses import dataclass, replace
from typing import Final

from placement.access import Action
from placement.domain.changeover import Named
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
from placement.domain.decide.drafts import Draft, record
from placement.domain.decide.steps import aborted, own_placement
from placement.domain.decide.weighing import case_closed, told_late
from placement.domain.decide.whose import linked_case, own_case, shares_reference
from placement.domain.events import CaseAssessed, CaseClosed, CaseOpened, Event
from placement.domain.facts import Case, Placement
from placement.domain.permits import Permit
from placement.domain.state import State
from placement.domain.stay_events import AlertRaised
from placement.domain.terms import (
    Basis,
    CaseHandle,
    EndCause,
    FactId,
    Micros,
    PlacementState,
    SubjectId,
)
from placement.errors import ClosedError
from placement.reference import require_reference

WITHDRAWN: Final = "CONSENT_WITHDRAWN"
"""The reason of which the coordinators are told even if nothing stands."""
MAX_MEMBERS: Final = 12
_NO_CASE: Final = CaseHandle(b"")
MAX_SHOWN: Final = 20
"""Placements of a case, and permits, that its municipality is shown."""
MAX_ASSESSED: Final = 100
"""Facts recorded with one assessment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCase(RequestCommand):
    """Open a case.

    Attributes:
        handle: 16 fresh random bytes.
        members: the household, the leaving subject first.
        reference: the municipality's own case number.
        basis: on whose word.
    """

    action = Action.CASE_OPEN

    handle: CaseHandle
    members: tuple[SubjectId | Named, ...]
    reference: str
    basis: Basis

    @property
    def note(self) -> Note:
        """Name the basis."""
        return Note(purpose=self.basis.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowCase(Command):
    """Show one of the caller's own cases.

    Attributes:
        case: which; empty where a placement is named.
        placement: something held or placed for it, or ``None``.
    """

    action = Action.CASE_SHOW

    case: CaseHandle = _NO_CASE
    placement: FactId | None = None

    @property
    def note(self) -> Note:
        """Name the case, or what was given for it."""
        named = () if self.placement is None else (self.placement,)
        return Note(case=self.case, objects=named)


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseCase(CaseCommand):
    """Close a case, or record that consent was withdrawn."""

    action = Action.CASE_CLOSE

    reason: str

    @property
    def note(self) -> Note:
        """Name the case and the reason."""
        return Note(case=self.case, purpose=self.reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class AssessCase(CaseCommand):
    """Attest that what is known about a case's members is recorded.

    Attributes:
        drafts: facts to record in the same step.
        none_known: nothing further is known.
        children: positions of members that are children.
        change: 16 fresh random bytes, used if some fact needs a second person.
    """

    action = Action.CASE_ASSESS

    drafts: tuple[Draft, ...]
    none_known: bool
    children: tuple[int, ...]
    change: FactId


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseView:
    """What a caseworker sees of a case.

    Attributes:
        handle: of the case.
        reference: the municipality's own case number.
        assessed: a coordinator has assessed it.
        closed: it takes no further questions.
        areas_left: how many further areas it may ask about.
        opened_at: when it was opened.
        placements: what is held and placed for it, newest first.
        permits: its overrides, and the releases that cover or covered something, newest
            first. A release that waits for its second person would tell of a child.
    """

    handle: CaseHandle
    reference: str
    assessed: bool
    closed: bool
    areas_left: int
    opened_at: Micros
    placements: tuple[Placement, ...]
    permits: tuple[Permit, ...]


def open_case(state: State, command: OpenCase, moment: Moment) -> Outcome:
    """Open a case; nothing about its members is looked up."""
    members = tuple(map(state.changeover.of, command.members))
    require(1 <= len(members) <= MAX_MEMBERS, "pseudonyms", "must be 1 to 12")
    require(len(set(members)) == len(members), "pseudonyms", "must all be different")
    require_reference(command.reference)
    case = Case(
        handle=command.handle,
        organisation=command.caller.organisation,
        reference=command.reference,
        basis=command.basis,
        members=members,
        opened_at=moment.now,
    )
    note = replace(
        command.note,
        case=case.handle,
        subjects=members,
        reference=case.reference,
    )
    opened = Outcome.written(CaseOpened(case=case), made=(case.handle,))
    shared = shares_reference(state, case.organisation, case.reference, case.handle)
    reply = Written(ids=opened.made, same_reference=shared)
    return replace(opened, reply=reply, note=note)


def show_case(state: State, command: ShowCase, moment: Moment) -> Outcome:
    """Show what a municipality may know about its own case."""
    if command.placement is None:
        case = own_case(state, command.caller, command.case)
    else:
        placement = own_placement(state, command.caller, command.placement)
        case = state.cases[placement.case]
    budgets = moment.ruleset.budgets
    placements = state.stays.ever_of(case.handle)
    permits = [
        each
        for each in state.standing.permits_of(case.handle)
        if each.signed or not each.is_release
    ]
    return Outcome(
        reply=CaseView(
            handle=case.handle,
            reference=case.reference,
            assessed=case.assessed_at is not None,
            closed=case.closed_at is not None,
            areas_left=state.ledger.left(case.handle, moment.now, budgets),
            opened_at=case.opened_at,
            placements=tuple(reversed(placements))[:MAX_SHOWN],
            permits=tuple(reversed(permits))[:MAX_SHOWN],
        ),
        note=replace(command.note, case=case.handle, reference=case.reference),
    )


def close_case(state: State, command: CloseCase, moment: Moment) -> Outcome:
    """Close a case; what it holds is released, but its placements count on."""
    case = own_case(state, command.caller, command.case)
    if case.closed_at is not None:
        raise ClosedError
    events: list[Event] = [CaseClosed(handle=case.handle)]
    events += (
        aborted(placement, moment, EndCause.CASE_CLOSED)
        for placement in state.stays.of_case(case.handle)
        if placement.state is PlacementState.HELD
    )
    if command.reason == WITHDRAWN or state.stays.of_case(case.handle):
        events.append(AlertRaised(alert=case_closed(state, case, moment)))
    return Outcome.written(*events)


def assess_case(state: State, command: AssessCase, moment: Moment) -> Outcome:
    """Attest that a case's picture is recorded, and record what is new."""
    case = linked_case(state, command.caller, command.case, moment)
    if case.closed_at is not None:
        raise ClosedError
    require(
        command.drafts or command.none_known,
        "none_known",
        "must be set when there are no facts",
    )
    require(len(command.drafts) <= MAX_ASSESSED, "facts", "must be at most 100")
    for index, position in enumerate(command.children):
        field = f"children[{index}]"
        require(position < len(case.members), field, "must be a household position")
    recorded = record(state, moment, command.caller, command.drafts, command.change)
    assessed = CaseAssessed(
        handle=case.handle,
        person=command.caller.person,
        # A child that was noted stays: releasing its household needs two people.
        children=tuple(sorted({*case.children, *command.children})),
    )
    told = told_late(state, case)
    return Outcome.written(*recorded.events, assessed, *told, made=recorded.made)
