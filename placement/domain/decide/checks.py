"""The check: may this household be placed there (rules.md).

Invariants:
    * the form of a question is validated first, for every case alike;
    * a refusal rests on the form and on the history of questions, never on the graph;
    * a question that is asked again under its request id is decided anew; like every
      repetition it is free for some days, and no longer.
"""

from dataclasses import dataclass, replace
from typing import Final

from placement.access import Action
from placement.domain.decide.command import CaseCommand, Moment, Note, Outcome, require
from placement.domain.decide.placements import require_candidate
from placement.domain.decide.whose import own_case
from placement.domain.events import Asked
from placement.domain.rules import Assessment, Candidate, Question, assess
from placement.domain.state import State
from placement.domain.terms import (
    MICROS_AN_HOUR,
    Micros,
    Revision,
    Verdict,
    Window,
    decided_when,
)
from placement.errors import BudgetError, ClosedError, StaleError

MAX_CANDIDATES: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Check(CaseCommand):
    """Ask about places.

    Attributes:
        candidates: 1 to 5 places.
        window: for which days.
        justification: why, as a code.
        least: the answer must rest on at least this revision.
        decisions: 16 fresh random bytes a candidate.
    """

    action = Action.CHECK

    candidates: tuple[Candidate, ...]
    window: Window
    justification: str
    least: Revision
    decisions: tuple[bytes, ...]

    @property
    def note(self) -> Note:
        """Name what is asked."""
        return Note(
            case=self.case,
            purpose=self.justification,
            candidates=tuple(candidate.area for candidate in self.candidates),
            facilities=tuple(each.facility or b"" for each in self.candidates),
            window=str(self.window),
            request=self.request_id,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The verdict on one place."""

    verdict: Verdict
    decision: bytes
    valid_until: Micros


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """The reply to a check.

    Attributes:
        answers: one a candidate, in order.
        ruleset: the rules they rest on.
        decided_at: when.
    """

    answers: tuple[Answer, ...]
    ruleset: str
    decided_at: Micros


def check(state: State, command: Check, moment: Moment) -> Outcome:
    """Admit a question, charge it, and assess."""
    _validate(state, command, moment)
    if command.least > state.revision:
        raise StaleError
    case = own_case(state, command.caller, command.case)
    if case.closed_at is not None:
        raise ClosedError
    asked = () if case.assessed_at is None else (_charge(state, command, moment),)
    question = Question(
        case=case,
        candidates=command.candidates,
        window=command.window,
        now=moment.now,
    )
    assessments = assess(state, question, moment.ruleset, moment.today)
    reply = _answers(command, assessments, moment)
    return Outcome(
        reply=reply,
        events=asked,
        note=replace(
            command.note,
            reference=case.reference,
            verdicts=tuple(assessment.verdict for assessment in assessments),
            decisions=tuple(answer.decision for answer in reply.answers),
            valid_until=tuple(answer.valid_until for answer in reply.answers),
        ),
    )


def _validate(state: State, command: Check, moment: Moment) -> None:
    """Refuse a question that can't be asked, whatever the case.

    Raises:
        InvalidInputError: a field that does not hold.
    """
    candidates, window = command.candidates, command.window
    require(1 <= len(candidates) <= MAX_CANDIDATES, "candidates", "must be 1 to 5")
    require(len(set(candidates)) == len(candidates), "candidates", "must all differ")
    if window.end is not None:
        field = "window.end_day"
        require(window.start < window.end, field, "must be after start_day")
        require(moment.today < window.end, field, "must be after today")
    day = max(window.start, moment.today)  # a code that merged is asked no more
    for index, candidate in enumerate(candidates):
        require_candidate(state, moment, candidate, day, f"candidates[{index}]")


def _charge(state: State, command: Check, moment: Moment) -> Asked:
    """Return what the question costs.

    Raises:
        BudgetError: more than is left.
    """
    budgets = moment.ruleset.budgets
    areas = (candidate.area for candidate in command.candidates)
    asked = Asked(
        case=command.case,
        organisation=command.caller.organisation,
        person=command.caller.person,
        areas=state.ledger.charge(command.case, areas, moment.now, budgets),
    )
    if not state.ledger.affords(asked, moment.now, budgets):
        raise BudgetError
    return asked


def _decisions(command: Check, moment: Moment) -> tuple[bytes, ...]:
    """Return the ids: when, in milliseconds, then what was drawn.

    Whoever has an id knows when it was answered; the log is in the order of time, so
    the entry of a decision is found without looking through all of it.
    """
    when = decided_when(moment.now)
    return tuple(when + drawn[len(when) :] for drawn in command.decisions)


def _answers(
    command: Check, assessments: tuple[Assessment, ...], moment: Moment
) -> Answers:
    """Give each verdict its decision id and, to a CLEAR, its time."""
    relied_on = Micros(moment.now + moment.ruleset.clear_hours * MICROS_AN_HOUR)
    return Answers(
        answers=tuple(
            Answer(
                verdict=assessment.verdict,
                decision=decision,
                valid_until=relied_on
                if assessment.verdict is Verdict.CLEAR
                else moment.now,
            )
            for assessment, decision in zip(
                assessments, _decisions(command, moment), strict=True
            )
        ),
        ruleset=moment.ruleset.version,
        decided_at=moment.now,
    )
