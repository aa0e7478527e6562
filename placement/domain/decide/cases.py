"""A municipality's cases: open, show, close; a coordinator's assessment of one."""

import re
from dataclasses import dataclass
from typing import Final

from placement.access import NATIONAL, Action, Caller
from placement.domain.decide.command import (
    CaseCommand,
    Command,
    Moment,
    Note,
    Outcome,
    RequestCommand,
    require,
)
from placement.domain.decide.drafts import Draft, record
from placement.domain.events import CaseAssessed, CaseClosed, CaseOpened
from placement.domain.facts import Case
from placement.domain.state import State
from placement.domain.terms import Basis, CaseHandle, FactId, Micros, SubjectId
from placement.errors import ClosedError, NotFoundError

MAX_MEMBERS: Final = 12
MAX_ASSESSED: Final = 100
"""Facts recorded with one assessment."""

_REFERENCE: Final = re.compile(
    r"(?:[A-ZÅÄÖ]{1,4}[ ./:-]?)?[0-9]{1,6}(?:[ ./:-][0-9]{1,6}){0,2}"
)
_NATIONAL = re.compile(r"[0-9]{2}(?:0[1-9]|1[0-2])[0-36-9][0-9]{5}")
# A form with room for a case number, and for no name. What may be a national number, a
# date (with 60 added to the day in a coordination number) and four digits, however
# parted, must never be stored.


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
    members: tuple[SubjectId, ...]
    reference: str
    basis: Basis

    @property
    def note(self) -> Note:
        """Name the basis."""
        return Note(purpose=self.basis.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowCase(Command):
    """Show one of the caller's own cases."""

    action = Action.CASE_SHOW

    case: CaseHandle

    @property
    def note(self) -> Note:
        """Name the case."""
        return Note(case=self.case)


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
        reference: the municipality's own case number.
        assessed: a coordinator has assessed it.
        closed: it takes no further questions.
        areas_left: how many further areas it may ask about.
        opened_at: when it was opened.
    """

    reference: str
    assessed: bool
    closed: bool
    areas_left: int
    opened_at: Micros


def own_case(state: State, caller: Caller, handle: CaseHandle) -> Case:
    """Return a municipality's own case.

    Raises:
        NotFoundError: there is none, or it is another municipality's.
    """
    case = state.cases.get(handle)
    if case is None or case.organisation != caller.organisation:
        raise NotFoundError
    return case


def linked_case(
    state: State, caller: Caller, handle: CaseHandle, moment: Moment
) -> Case:
    """Return a case of a coordinator's own region; to the national unit, any.

    Raises:
        NotFoundError: there is none, or it is another region's.
    """
    case = state.cases.get(handle)
    if case is None or not _polices(caller, case, moment):
        raise NotFoundError
    return case


def _polices(caller: Caller, case: Case, moment: Moment) -> bool:
    area = moment.ruleset.areas.get(case.organisation)
    region = None if area is None else area.police_region
    return caller.region in {region, NATIONAL}


def open_case(state: State, command: OpenCase, moment: Moment) -> Outcome:
    """Open a case; nothing about its members is looked up."""
    del state
    members = command.members
    require(1 <= len(members) <= MAX_MEMBERS, "pseudonyms", "must be 1 to 12")
    require(len(set(members)) == len(members), "pseudonyms", "must all be different")
    reference = command.reference
    require(
        _REFERENCE.fullmatch(reference),
        "reference",
        "must be a case number such as SN 2026/1234, with at most 4 letters",
    )
    digits = "".join(filter(str.isdigit, reference))
    require(
        not _NATIONAL.search(digits), "reference", "must not hold a national number"
    )
    case = Case(
        handle=command.handle,
        organisation=command.caller.organisation,
        reference=reference,
        basis=command.basis,
        members=members,
        opened_at=moment.now,
    )
    return Outcome.written(CaseOpened(case=case), made=(case.handle,))


def show_case(state: State, command: ShowCase, moment: Moment) -> Outcome:
    """Show what a municipality may know about its own case."""
    case = own_case(state, command.caller, command.case)
    budgets = moment.ruleset.budgets
    return Outcome(
        reply=CaseView(
            reference=case.reference,
            assessed=case.assessed_at is not None,
            closed=case.closed_at is not None,
            areas_left=state.ledger.left(case.handle, moment.now, budgets),
            opened_at=case.opened_at,
        ),
        note=Note(case=case.handle, reference=case.reference),
    )


def close_case(state: State, command: CloseCase, moment: Moment) -> Outcome:
    """Close a case; it takes no further questions, but its placements count on."""
    del moment
    case = own_case(state, command.caller, command.case)
    if case.closed_at is not None:
        raise ClosedError
    return Outcome.written(CaseClosed(handle=case.handle))


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
        children=tuple(sorted(set(command.children))),
    )
    return Outcome.written(*recorded.events, assessed, made=recorded.made)
