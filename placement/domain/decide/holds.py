"""Holds: what a municipality does with a place that a check held for it.

A hold that has lapsed is none, whether or not its end is an event yet.
"""

from dataclasses import dataclass

from placement.access import Action
from placement.domain.decide.command import (
    Moment,
    Outcome,
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
    require_held,
)
from placement.domain.decide.weighing import hold_ends
from placement.domain.state import State
from placement.domain.stay_events import HoldExtended
from placement.domain.terms import (
    EndCause,
    Micros,
)
from placement.errors import ConflictError


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmHold(WeighingCommand):
    """Make a hold ACTIVE."""

    action = Action.HOLD_CONFIRM


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtendHold(PlacementCommand):
    """Give a hold its whole time again."""

    action = Action.HOLD_EXTEND
    anew = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseHold(PlacementCommand):
    """Give a hold up."""

    action = Action.HOLD_RELEASE


@dataclass(frozen=True, slots=True, kw_only=True)
class Extended:
    """The reply to ``ExtendHold``: when it lapses now."""

    expires_at: Micros


def confirm_hold(state: State, command: ConfirmHold, moment: Moment) -> Outcome:
    """Confirm a hold if its place is still as safe as it has to be."""
    placement, again = own_step(state, command)
    if not again:
        require_held(placement, moment)
        if any(overlapping(state, placement)):
            raise ConflictError
    weighing = Weighing.of(state, placement, moment, again=again)
    events = (weighing.confirmed(),) if weighing.lets and not again else ()
    return weighing.outcome(state, command, moment, *events)


def extend_hold(state: State, command: ExtendHold, moment: Moment) -> Outcome:
    """Give a hold its whole time again, once."""
    placement, again = own_step(state, command)
    if again:
        return Outcome(reply=Extended(expires_at=placement.expires_at or moment.now))
    require_held(placement, moment)
    if placement.extended:
        raise ConflictError
    expires_at = hold_ends(moment)
    return Outcome(
        reply=Extended(expires_at=expires_at),
        events=(HoldExtended(id=placement.id, expires_at=expires_at),),
        made=(placement.id,),
        note=noted(state, command, placement),
    )


def release_hold(state: State, command: ReleaseHold, moment: Moment) -> Outcome:
    """Give a hold up."""
    placement = own_placement(state, command.caller, command.placement)
    require_held(placement, moment)
    return left(state, command, placement, moment, EndCause.RELEASED)
