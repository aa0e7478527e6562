"""Placements that stand already: record them, and say that they ended."""

from dataclasses import dataclass
from typing import Final

from placement.access import Action
from placement.domain.decide.command import (
    Moment,
    Note,
    Outcome,
    RequestCommand,
    require,
)
from placement.domain.decide.drafts import require_area
from placement.domain.decide.registry import proposed
from placement.domain.decide.whose import linked_case
from placement.domain.events import PlacementEnded, PlacementRecorded
from placement.domain.facts import Placement
from placement.domain.questions import Candidate
from placement.domain.state import State
from placement.domain.terms import Day, FactId, PlacementState
from placement.errors import ConflictError, NotFoundError

MAX_PLACEMENTS: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordPlacements(RequestCommand):
    """Record placements that stand, each with a fresh id."""

    action = Action.PLACEMENT_RECORD

    placements: tuple[Placement, ...]

    @property
    def note(self) -> Note:
        """Name the case, if it is one."""
        cases = {placement.case for placement in self.placements}
        return Note(case=cases.pop() if len(cases) == 1 else b"")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacementEnding:
    """A placement, and the first day after it."""

    id: FactId
    valid_to: Day


@dataclass(frozen=True, slots=True, kw_only=True)
class EndPlacements(RequestCommand):
    """Say that placements ended.

    Attributes:
        endings: which, and when.
        change: 16 fresh random bytes; somebody has to stand behind it.
    """

    action = Action.PLACEMENT_END

    endings: tuple[PlacementEnding, ...]
    change: FactId

    @property
    def note(self) -> Note:
        """Name the placements."""
        return Note(objects=tuple(ending.id for ending in self.endings))


def require_candidate(
    state: State, moment: Moment, candidate: Candidate, day: Day, field: str
) -> None:
    """Refuse a place that isn't one on a day, or a facility that isn't there.

    Raises:
        InvalidInputError: either.
    """
    require_area(moment, candidate.area, day, f"{field}.area")
    if candidate.facility is not None:
        facility = state.facilities.get(candidate.facility)
        there = facility is not None and facility.area == candidate.area
        require(there, f"{field}.facility", "is no facility in that area")


def record_placements(
    state: State, command: RecordPlacements, moment: Moment
) -> Outcome:
    """Record placements; whoever is placed counts from now on."""
    placements = command.placements
    require(1 <= len(placements) <= MAX_PLACEMENTS, "placements", "must be 1 to 500")
    for index, placement in enumerate(placements):
        linked_case(state, command.caller, placement.case, moment)
        field = f"placements[{index}]"
        place = Candidate(area=placement.area, facility=placement.facility)
        require_candidate(state, moment, place, moment.today, field)
        end = placement.valid_to
        ordered = end is None or placement.valid_from < end
        require(ordered, f"{field}.window.end_day", "must be after start_day")
    events = [PlacementRecorded(placement=placement) for placement in placements]
    return Outcome.written(*events, made=tuple(item.id for item in placements))


def end_placements(state: State, command: EndPlacements, moment: Moment) -> Outcome:
    """Propose that placements ended; not ahead, since they no longer count then.

    Whoever is placed gives CONFLICT to their rivals, so nobody takes that away alone.
    """
    endings = command.endings
    require(1 <= len(endings) <= MAX_PLACEMENTS, "endings", "must be 1 to 500")
    distinct = {ending.id for ending in endings}
    require(len(distinct) == len(endings), "endings", "must all be different")
    events = []
    for index, ending in enumerate(endings):
        placement = state.placements.get(ending.id)
        if placement is None:
            raise NotFoundError
        linked_case(state, command.caller, placement.case, moment)
        if placement.state is not PlacementState.ACTIVE:
            raise ConflictError
        field = f"endings[{index}].valid_to_day"
        require(ending.valid_to <= moment.today, field, "must not be after today")
        begun = placement.valid_from <= ending.valid_to
        require(begun, field, "must not be before its first day")
        events.append(
            PlacementEnded(
                id=ending.id, state=PlacementState.ENDED, valid_to=ending.valid_to
            )
        )
    return proposed(moment, command.caller, command.change, tuple(events))
