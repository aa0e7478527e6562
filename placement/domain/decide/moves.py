"""Moves: in, on, out, or not at all."""

from dataclasses import dataclass, replace

from placement.access import Action
from placement.domain.decide.command import (
    Moment,
    Note,
    Outcome,
    require,
)
from placement.domain.decide.steps import (
    PlacementCommand,
    Weighing,
    WeighingCommand,
    left,
    noted,
    overlapping,
    own_placement,
    own_step,
    require_active,
    require_begun,
    require_held,
)
from placement.domain.events import PlacementEnded
from placement.domain.state import State
from placement.domain.terms import (
    Day,
    EndCause,
    FactId,
    PlacementState,
)
from placement.errors import ConflictError, NotFoundError


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveIn(WeighingCommand):
    """Say that the household moves in today."""

    action = Action.PLACEMENT_MOVE_IN


@dataclass(frozen=True, slots=True, kw_only=True)
class Move(WeighingCommand):
    """Move a household to a place that is held; ``placement`` is the hold.

    Attributes:
        left: the placement that it leaves.
    """

    action = Action.PLACEMENT_MOVE

    left: FactId

    @property
    def note(self) -> Note:
        """Name both placements."""
        return Note(objects=(self.left, self.placement), request=self.request_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveOut(PlacementCommand):
    """Say that a household moved out, from a day on."""

    action = Action.PLACEMENT_MOVE_OUT

    valid_to: Day


@dataclass(frozen=True, slots=True, kw_only=True)
class Abort(PlacementCommand):
    """Say that nobody will move in."""

    action = Action.PLACEMENT_ABORT


def move_in(state: State, command: MoveIn, moment: Moment) -> Outcome:
    """Let a household move in if the place is still as safe as it has to be."""
    placement, again = own_step(state, command)
    if not again:
        if placement.moved_in_on is not None:
            raise ConflictError
        require_active(placement)
        require_begun(placement, moment)
    weighing = Weighing.of(state, placement, moment, again=again)
    events = (weighing.moved_in(moment),) if weighing.lets and not again else ()
    return weighing.outcome(state, command, moment, *events)


def move(state: State, command: Move, moment: Moment) -> Outcome:
    """Move a household to the place that is held for it, in one step or not at all."""
    hold, again = own_step(state, command)
    left = own_placement(state, command.caller, command.left)
    if left.case != hold.case:
        raise NotFoundError
    if not again:
        require_active(left)
        require_begun(left, moment)
        require_held(hold, moment)
        require_begun(hold, moment)
        if any(each.id != left.id for each in overlapping(state, hold)):
            raise ConflictError
    weighing = Weighing.of(state, hold, moment, again=again)
    if again or not weighing.lets:
        return weighing.outcome(state, command, moment)
    ended = PlacementEnded(
        id=left.id,
        state=PlacementState.ENDED,
        valid_to=moment.today,
        cause=EndCause.MOVED_ON,
    )
    entered = weighing.moved_in(moment)
    return weighing.outcome(
        state, command, moment, ended, weighing.confirmed(), entered
    )


def move_out(state: State, command: MoveOut, moment: Moment) -> Outcome:
    """End a placement; not ahead, since an ended placement no longer counts."""
    placement = own_placement(state, command.caller, command.placement)
    require_active(placement)
    day = command.valid_to
    require(day <= moment.today, "valid_to_day", "must not be after today")
    begun = placement.valid_from <= day
    require(begun, "valid_to_day", "must not be before its first day")
    ended = PlacementEnded(
        id=placement.id,
        state=PlacementState.ENDED,
        valid_to=day,
        cause=EndCause.MOVED_OUT,
    )
    outcome = Outcome.written(ended)
    return replace(outcome, note=noted(state, command, placement))


def abort(state: State, command: Abort, moment: Moment) -> Outcome:
    """End a placement that nobody moved into."""
    placement = own_placement(state, command.caller, command.placement)
    require_active(placement)
    if placement.moved_in_on is not None:
        raise ConflictError
    return left(state, command, placement, moment, EndCause.NOT_MOVED_IN)
