"""A step in a placement's life: whose it is, what has to hold, what its place is worth.

Invariants:
    * nothing becomes ACTIVE, and nobody moves in, but on a verdict of that same step
      that is CLEAR, or that a permit covers;
    * a step that is asked for again under its request id changes nothing again.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from placement.access import Caller
from placement.domain.decide.checks import Answer, charge, decided, valid_until
from placement.domain.decide.command import (
    Moment,
    Note,
    Outcome,
    RequestCommand,
)
from placement.domain.decide.weighing import (
    permit_for,
    place_of,
    question_of,
    remaining,
    weigh,
)
from placement.domain.events import Event, PlacementEnded
from placement.domain.facts import Case, Placement
from placement.domain.permits import keys_of
from placement.domain.questions import Assessment
from placement.domain.state import State
from placement.domain.stay_events import HoldConfirmed, MovedIn
from placement.domain.terms import (
    Day,
    EndCause,
    FactId,
    Micros,
    PlacementState,
    Verdict,
    Window,
)
from placement.errors import ClosedError, ConflictError, NotFoundError


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacementCommand(RequestCommand):
    """A request about a placement of one of the caller's own cases."""

    placement: FactId

    @property
    def note(self) -> Note:
        """Name the placement."""
        return Note(objects=(self.placement,), request=self.request_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class WeighingCommand(PlacementCommand):
    """One that is answered with a verdict.

    Attributes:
        decision: 16 fresh random bytes.
    """

    anew = True

    decision: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Stepped:
    """The reply to a ``WeighingCommand``.

    Attributes:
        answer: the verdict.
        state: where the placement then is.
        moved_in: the household has moved in.
        ruleset: the rules that it rests on.
        decided_at: when.
    """

    answer: Answer
    state: PlacementState
    moved_in: bool
    ruleset: str
    decided_at: Micros


@dataclass(frozen=True, slots=True)
class Weighing:
    """A placement of an open case, and what its place is worth in this step.

    Attributes:
        placement: it.
        case: whose.
        window: its days that are still to come.
        found: what they are worth.
        permit: what covers that, or ``None``.
        lets: the step may be taken.
    """

    placement: Placement
    case: Case
    window: Window
    found: Assessment
    permit: FactId | None
    lets: bool

    @classmethod
    def of(
        cls, state: State, placement: Placement, moment: Moment, *, again: bool = False
    ) -> "Weighing":
        """Weigh a placement.

        Args:
            state: of now.
            placement: of the case.
            moment: the time.
            again: the step was taken before: what is over is weighed for today.

        Raises:
            ConflictError: its days are over.
        """
        case = state.cases[placement.case]
        window, place = remaining(placement, moment), place_of(placement)
        if window is None and again:
            window = Window(start=moment.today, end=Day(moment.today + 1))
        if window is None:
            raise ConflictError
        question = question_of(case, place, window, moment)
        found = weigh(state, question, moment)
        permit = permit_for(state, question, found, moment)
        return cls(
            placement,
            case,
            window,
            found,
            None if permit is None else permit.id,
            found.verdict is Verdict.CLEAR or permit is not None,
        )

    def charged(self, state: State, caller: Caller, moment: Moment) -> Iterator[Event]:
        """Yield what asking costs.

        Raises:
            BudgetError: more than is left.
        """
        areas = (self.placement.area,)
        asked = charge(state, caller, self.case.handle, areas, moment)
        if asked.areas:
            yield asked

    def outcome(
        self, state: State, command: WeighingCommand, moment: Moment, *events: Event
    ) -> Outcome:
        """Return the verdict, and what happens on it."""
        again = taken_before(state, command)
        decision = decided(command.decision, moment)
        until = valid_until(self.found.verdict, moment)
        answer = Answer(
            verdict=self.found.verdict, decision=decision, valid_until=until
        )
        moved_in = any(isinstance(event, MovedIn) for event in events)
        reply = Stepped(
            answer=answer,
            state=PlacementState.ACTIVE if events else self.placement.state,
            moved_in=moved_in or self.placement.moved_in_on is not None,
            ruleset=moment.ruleset.version,
            decided_at=moment.now,
        )
        note = replace(
            command.note,
            case=self.case.handle,
            reference=self.case.reference,
            candidates=(self.placement.area,),
            facilities=(self.placement.facility or b"",),
            window=str(self.window),
            verdicts=(self.found.verdict,),
            decisions=(decision,),
            valid_until=(until,),
        )
        return Outcome(
            reply=reply,
            # Asking about a place again is free for some days, as in a check.
            events=(*self.charged(state, command.caller, moment), *events),
            made=(self.placement.id,) if events or again else (),
            note=note,
        )

    def confirmed(self) -> HoldConfirmed:
        """Return that the hold is confirmed."""
        return HoldConfirmed(
            id=self.placement.id,
            verdict=self.found.verdict,
            seen=keys_of(self.found.findings),
            permit=self.permit,
        )

    def moved_in(self, moment: Moment) -> MovedIn:
        """Return that the household has moved in."""
        return MovedIn(
            id=self.placement.id,
            day=moment.today,
            verdict=self.found.verdict,
            seen=keys_of(self.found.findings),
            permit=self.permit,
        )


def aborted(placement: Placement, moment: Moment, cause: EndCause) -> PlacementEnded:
    """Return that nobody moves in, from today on."""
    return PlacementEnded(
        id=placement.id,
        state=PlacementState.ABORTED,
        valid_to=max(placement.valid_from, moment.today),
        cause=cause,
    )


def left(
    state: State,
    command: PlacementCommand,
    placement: Placement,
    moment: Moment,
    cause: EndCause,
) -> Outcome:
    """End a placement that nobody moves into."""
    outcome = Outcome.written(aborted(placement, moment, cause))
    return replace(outcome, note=noted(state, command, placement))


def noted(state: State, command: PlacementCommand, placement: Placement) -> Note:
    """Name the case, too."""
    case = state.cases[placement.case]
    return replace(command.note, case=case.handle, reference=case.reference)


def own_placement(state: State, caller: Caller, key: FactId) -> Placement:
    """Return a placement of a municipality's own case.

    Raises:
        NotFoundError: there is none, or it is another municipality's.
    """
    placement = state.placements.get(key)
    if placement is None:
        raise NotFoundError
    if state.cases[placement.case].organisation != caller.organisation:
        raise NotFoundError
    return placement


def own_open_placement(state: State, caller: Caller, key: FactId) -> Placement:
    """Return a placement of a municipality's own case that is open.

    Raises:
        NotFoundError: there is none, or it is another municipality's.
        ClosedError: its case is closed, whatever became of the placement.
    """
    placement = own_placement(state, caller, key)
    if state.cases[placement.case].closed_at is not None:
        raise ClosedError
    return placement


def own_step(state: State, command: PlacementCommand) -> tuple[Placement, bool]:
    """Return the placement of a step, and whether the step was taken before.

    One that was is answered again, whatever became of the placement and its case.

    Raises:
        NotFoundError: there is none, or it is another municipality's.
        ClosedError: its case is closed, and the step was not taken before.
    """
    again = taken_before(state, command)
    find = own_placement if again else own_open_placement
    return find(state, command.caller, command.placement), again


def taken_before(state: State, command: RequestCommand) -> bool:
    """Tell whether a step was taken before under the same request id."""
    earlier = state.requests.get(command.request_key)
    return earlier is not None and bool(earlier.request.made)


def require_held(placement: Placement, moment: Moment) -> None:
    """Refuse what is no hold, or has lapsed.

    Raises:
        ConflictError: either.
    """
    held = placement.state is PlacementState.HELD
    if not held or not placement.live(moment.now):
        raise ConflictError


def require_active(placement: Placement) -> None:
    """Refuse what is not confirmed, or is over.

    Raises:
        ConflictError: either.
    """
    if placement.state is not PlacementState.ACTIVE:
        raise ConflictError


def require_begun(placement: Placement, moment: Moment) -> None:
    """Refuse what begins later.

    Raises:
        ConflictError: its first day is to come.
    """
    if moment.today < placement.valid_from:
        raise ConflictError


def overlapping(state: State, hold: Placement) -> Iterator[Placement]:
    """Yield where somebody of the household is placed already, in those days.

    In cases of the same municipality, which knows as much itself: of any other the
    refusal would tell.
    """
    case = state.cases[hold.case]
    window = Window(start=hold.valid_from, end=hold.valid_to)
    handles = {
        handle for member in case.members for handle in state.cases_of.get(member, ())
    }
    for handle in sorted(handles):
        if state.cases[handle].organisation != case.organisation:
            continue
        for each in state.stays.of_case(handle):
            active = each.state is PlacementState.ACTIVE
            if active and window.overlaps(each.valid_from, each.valid_to):
                yield each
