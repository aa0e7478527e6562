"""The check: may this household be placed there (rules.md).

Invariants:
    * the form of a question is validated first, for every case alike;
    * a refusal rests on the form and on the history of questions, never on the graph;
    * a question that is asked again under its request id is decided anew; like every
      repetition it is free for some days, and no longer;
    * a hold is made in the step that assesses its place, and once for a request id,
      whatever becomes of it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from placement.access import Action, Caller
from placement.domain.budgets import Balances
from placement.domain.decide.command import CaseCommand, Moment, Note, Outcome, require
from placement.domain.decide.placements import require_candidate
from placement.domain.decide.weighing import (
    answered,
    hold_ends,
    permit_for,
    question_of,
)
from placement.domain.decide.whose import own_case
from placement.domain.events import Asked, Event, PlacementRecorded
from placement.domain.facts import Case, Placement
from placement.domain.permits import keys_of
from placement.domain.questions import Assessment, Candidate, Question
from placement.domain.state import State
from placement.domain.terms import (
    MICROS_AN_HOUR,
    AreaCode,
    CaseHandle,
    FactId,
    Micros,
    PlacementState,
    Revision,
    Verdict,
    Window,
    decided_when,
)
from placement.errors import BudgetError, ClosedError, ConflictError, StaleError

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
        hold: 16 fresh random bytes, if the one place shall be held; else ``None``.
    """

    action = Action.CHECK
    anew = True

    candidates: tuple[Candidate, ...]
    window: Window
    justification: str
    least: Revision
    decisions: tuple[bytes, ...]
    hold: FactId | None = None

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
    """The verdict on one place.

    Attributes:
        verdict: it.
        decision: its id.
        valid_until: until when it may be relied on.
        hold: the hold that stands for it, or ``None``.
    """

    verdict: Verdict
    decision: bytes
    valid_until: Micros
    hold: Placement | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """The reply to a check.

    Attributes:
        answers: one a candidate, in order.
        ruleset: the rules they rest on.
        decided_at: when.
        ahead_days: of the ruleset: what begins later gets at best UNKNOWN.
        balances: of the budgets, as they were before the question, and its cost.
    """

    answers: tuple[Answer, ...]
    ruleset: str
    decided_at: Micros
    ahead_days: int
    balances: Balances


def check(state: State, command: Check, moment: Moment) -> Outcome:
    """Admit a question, charge it, and assess."""
    _validate(state, command, moment)
    if command.least > state.revision:
        raise StaleError
    case = own_case(state, command.caller, command.case)
    if case.closed_at is not None:
        raise ClosedError
    held = _held(state, command, case, moment)
    asked = _asked(state, command, case, moment)
    balances = state.ledger.balances(
        asked[0] if asked else _asked_by(command.caller, case.handle, ()),
        moment.now,
        moment.ruleset.budgets,
    )
    assessments = _assess(state, command, case, moment)
    if held.may_come:
        held = held.after(state, command, case, assessments[0], moment)
    reply = _answers(command, assessments, moment, held.hold, balances)
    return Outcome(
        reply=reply,
        events=(*asked, *held.events),
        made=held.made,
        note=replace(
            command.note,
            reference=case.reference,
            verdicts=tuple(assessment.verdict for assessment in assessments),
            decisions=tuple(answer.decision for answer in reply.answers),
            valid_until=tuple(answer.valid_until for answer in reply.answers),
            objects=() if held.hold is None else (held.hold.id,),
        ),
    )


def _assess(
    state: State, command: Check, case: Case, moment: Moment
) -> tuple[Assessment, ...]:
    question = Question(
        case=case,
        candidates=command.candidates,
        window=command.window,
        now=moment.now,
    )
    return answered(state, question, moment)


@dataclass(frozen=True, slots=True)
class _Held:
    """What comes of wanting to hold a place.

    Attributes:
        hold: the hold that stands, or ``None``.
        made: its id, if this request made it, now or before.
        may_come: there is none yet, and there may be one.
        events: that make it.
    """

    hold: Placement | None = None
    made: tuple[bytes, ...] = ()
    may_come: bool = False
    events: tuple[Event, ...] = ()

    def after(
        self,
        state: State,
        command: Check,
        case: Case,
        found: Assessment,
        moment: Moment,
    ) -> "_Held":
        """Return the hold that an assessment leads to, if it does."""
        (place,), window = command.candidates, command.window
        question = question_of(case, place, window, moment)
        permit = permit_for(state, question, found, moment)
        if command.hold is None or not (
            found.verdict is Verdict.CLEAR or permit is not None
        ):
            return self
        hold = Placement(
            id=command.hold,
            case=case.handle,
            area=place.area,
            facility=place.facility,
            valid_from=window.start,
            valid_to=window.end,
            state=PlacementState.HELD,
            expires_at=hold_ends(moment),
            verdict=found.real.verdict,
            seen=keys_of(found.real.findings),
            permit=None if permit is None else permit.id,
        )
        return _Held(hold, (hold.id,), events=(PlacementRecorded(placement=hold),))


def _held(state: State, command: Check, case: Case, moment: Moment) -> _Held:
    """Return the hold that this request made before, or whether it may make one.

    Raises:
        ConflictError: the case has as many as it may.
    """
    if command.hold is None:
        return _Held()
    earlier = state.requests.get(command.request_key)
    if earlier is not None:
        made = earlier.request.made
        hold = state.placements[FactId(made[0])] if made else None
        stands = hold is not None and hold.live(moment.now)
        return _Held(hold if stands else None, made)
    live = [
        each
        for each in state.stays.of_case(case.handle)
        if each.state is PlacementState.HELD and each.live(moment.now)
    ]
    if len(live) >= moment.ruleset.holds.live:
        raise ConflictError
    return _Held(may_come=True)


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
    one = command.hold is None or len(candidates) == 1
    require(one, "candidates", "must be one if it is to be held")
    for index, candidate in enumerate(candidates):
        require_candidate(state, moment, candidate, day, f"candidates[{index}]")


def _asked(
    state: State, command: Check, case: Case, moment: Moment
) -> tuple[Asked, ...]:
    """Return what the question costs; of an unassessed case nothing, nor is it kept.

    Unless it wanted to hold: then a retry has to find that it did not.
    """
    areas = tuple(candidate.area for candidate in command.candidates)
    if case.assessed_at is None:
        if command.hold is None:
            return ()
        areas = ()
    return (charge(state, command.caller, case.handle, areas, moment),)


def charge(
    state: State,
    caller: Caller,
    case: CaseHandle,
    areas: Iterable[AreaCode],
    moment: Moment,
) -> Asked:
    """Return what asking about areas costs.

    Raises:
        BudgetError: more than is left.
    """
    budgets = moment.ruleset.budgets
    pays = state.ledger.charge(case, areas, moment.now, budgets)
    asked = _asked_by(caller, case, pays)
    if not state.ledger.affords(asked, moment.now, budgets):
        raise BudgetError
    return asked


def _asked_by(caller: Caller, case: CaseHandle, areas: tuple[AreaCode, ...]) -> Asked:
    """Return a question that pays for areas."""
    return Asked(
        case=case,
        organisation=caller.organisation,
        person=caller.person,
        areas=areas,
    )


def decided(drawn: bytes, moment: Moment) -> bytes:
    """Return a decision's id: when, in milliseconds, then what was drawn.

    Whoever has an id knows when it was answered; the log is in the order of time, so
    the entry of a decision is found without looking through all of it.
    """
    when = decided_when(moment.now)
    return when + drawn[len(when) :]


def valid_until(verdict: Verdict, moment: Moment) -> Micros:
    """Return until when a verdict may be relied on: only CLEAR reaches beyond now."""
    hours = moment.ruleset.clear_hours if verdict is Verdict.CLEAR else 0
    return Micros(moment.now + hours * MICROS_AN_HOUR)


def _answers(
    command: Check,
    assessments: tuple[Assessment, ...],
    moment: Moment,
    hold: Placement | None,
    balances: Balances,
) -> Answers:
    """Give each verdict its decision id and, to a CLEAR, its time."""
    return Answers(
        answers=tuple(
            Answer(
                verdict=assessment.verdict,
                decision=decided(drawn, moment),
                valid_until=valid_until(assessment.verdict, moment),
                hold=hold,
            )
            for assessment, drawn in zip(assessments, command.decisions, strict=True)
        ),
        ruleset=moment.ruleset.version,
        decided_at=moment.now,
        ahead_days=moment.ruleset.ahead_days,
        balances=balances,
    )
