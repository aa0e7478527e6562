"""Evaluations: admitted and charged here, done by the custodian."""

from dataclasses import dataclass
from typing import Final

from placement.access import Action
from placement.domain.decide.command import Command, Moment, Outcome, require
from placement.domain.events import Evaluated
from placement.domain.state import State
from placement.errors import BudgetError

MAX_ELEMENTS: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluate(Command):
    """Have blinded elements evaluated by the custodian.

    Attributes:
        elements: what the custodian understands; only counted here.
    """

    action = Action.EVALUATE

    elements: tuple[object, ...]


def evaluate(state: State, command: Evaluate, moment: Moment) -> Outcome:
    """Admit an evaluation within the budgets of person and organisation."""
    caller = command.caller
    count = len(command.elements)
    fits = 1 <= count <= MAX_ELEMENTS
    require(fits, "blinded_elements", "must be 1 to 50")
    spent = Evaluated(
        organisation=caller.organisation, person=caller.person, count=count
    )
    limits = moment.ruleset.budgets.evaluations[caller.role.value]
    if not state.ledger.affords_evaluation(spent, moment.now, limits):
        raise BudgetError
    return Outcome(reply=command.elements, events=(spent,))
