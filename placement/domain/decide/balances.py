"""What a question would cost and what is left: said before anybody asks it.

Invariants:
    * what is told rests on the history of questions and on the caller's own case, and on
      nothing that is on record about anybody.
"""

from dataclasses import dataclass, replace
from typing import Final

from placement.access import Action, Role
from placement.domain.budgets import Balances, Evaluations
from placement.domain.decide.checks import MAX_CANDIDATES
from placement.domain.decide.command import Command, Moment, Note, Outcome, require
from placement.domain.decide.whose import own_case
from placement.domain.events import Asked, Evaluated
from placement.domain.state import State
from placement.domain.terms import AreaCode, CaseHandle
from placement.errors import ClosedError

_IS_NONE: Final = "is no municipality code"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowBudgets(Command):
    """Show what asking about areas for a case would cost, and what is left.

    Attributes:
        case: one of the caller's own, or ``None`` for the caller's budgets alone.
        areas: up to five; none without a case.
    """

    action = Action.BUDGET_SHOW

    case: CaseHandle | None = None
    areas: tuple[AreaCode, ...] = ()

    @property
    def note(self) -> Note:
        """Name the case and the areas."""
        return Note(case=self.case or b"", candidates=self.areas)


@dataclass(frozen=True, slots=True, kw_only=True)
class Budgeted:
    """The reply.

    Attributes:
        areas: the budgets of questions; ``None`` for those who ask none.
        evaluations: the budgets of evaluations.
        has_case: a case was named, so that its budget is one.
        affords: the question would be admitted.
    """

    areas: Balances | None
    evaluations: Evaluations
    has_case: bool
    affords: bool


def show_budgets(state: State, command: ShowBudgets, moment: Moment) -> Outcome:
    """Count what is left, before a question and after it."""
    caller, budgets = command.caller, moment.ruleset.budgets
    asks = caller.role is Role.CASEWORKER
    require(asks or command.case is None, "case_handle", "is for caseworkers")
    fits = len(command.areas) <= (0 if command.case is None else MAX_CANDIDATES)
    require(fits, "areas", "must be at most 5, and none without a case")
    for index, area in enumerate(command.areas):
        require(area in moment.ruleset.areas, f"areas[{index}]", _IS_NONE)
    counted = Evaluated(organisation=caller.organisation, person=caller.person, count=0)
    limits = budgets.evaluations[caller.role.value]
    evaluations = state.ledger.evaluations(counted, moment.now, limits)
    reply = Budgeted(areas=None, evaluations=evaluations, has_case=False, affords=True)
    if not asks:
        return Outcome(reply=reply)
    note = command.note
    pays: tuple[AreaCode, ...] = ()
    if command.case is not None:
        case = own_case(state, caller, command.case)
        if case.closed_at is not None:
            raise ClosedError
        note = replace(note, reference=case.reference)
        if case.assessed_at is not None:  # before that, asking costs nothing
            areas = command.areas
            pays = state.ledger.charge(case.handle, areas, moment.now, budgets)
    asked = Asked(
        case=command.case or CaseHandle(b""),
        organisation=caller.organisation,
        person=caller.person,
        areas=pays,
    )
    return Outcome(
        reply=replace(
            reply,
            areas=state.ledger.balances(asked, moment.now, budgets),
            has_case=command.case is not None,
            affords=state.ledger.affords(asked, moment.now, budgets),
        ),
        note=note,
    )
