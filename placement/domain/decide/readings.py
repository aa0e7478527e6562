"""What is admitted here and done elsewhere: evaluations, and reading the access log."""

from dataclasses import dataclass
from typing import Final

from placement.access import Action
from placement.domain.decide.command import Command, Moment, Note, Outcome, require
from placement.domain.events import Evaluated
from placement.domain.state import State
from placement.errors import BudgetError

MAX_ELEMENTS: Final = 50
MAX_ENTRIES: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluate(Command):
    """Have blinded elements evaluated by the custodian.

    Attributes:
        elements: what the custodian understands; only counted here.
    """

    action = Action.EVALUATE

    elements: tuple[object, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadEntries(Command):
    """Read the access log.

    Attributes:
        first: index of the first entry.
        count: how many.
        purpose: why, as a code.
    """

    action = Action.ENTRY_READ

    first: int
    count: int
    purpose: str

    @property
    def note(self) -> Note:
        """Name the purpose."""
        return Note(purpose=self.purpose)


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


def read_entries(state: State, command: ReadEntries, moment: Moment) -> Outcome:
    """Admit a reading of the access log; it changes nothing but the log."""
    del state, moment
    require(1 <= command.count <= MAX_ENTRIES, "count", "must be 1 to 100")
    return Outcome(reply=None)
