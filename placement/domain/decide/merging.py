"""Two tokens that are one group, and two groups again; a second coordinator approves.

A merge can make a CONFLICT, and it can unmake one where a rivalry then ends what a split
leaves. So nobody merges alone, and nothing changes before a second one stood behind it.
Each region merges, and undoes what itself merged (ADR 0062): two tokens are one group as
long as anybody says so.
"""

from dataclasses import dataclass

from placement.access import Action
from placement.domain.decide.command import (
    Moment,
    Note,
    Outcome,
    RequestCommand,
    require,
)
from placement.domain.decide.drafts import propose
from placement.domain.decide.whose import taken_back_as
from placement.domain.group_events import GroupsMerged, GroupsUnmerged, MergeEvent
from placement.domain.state import State
from placement.domain.terms import FactId, GroupToken
from placement.errors import ConflictError, NotFoundError


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeGroups(RequestCommand):
    """Propose that two tokens are one group, or are two again.

    Attributes:
        one: a group.
        other: another one.
        undo: they are two again.
        change: 16 fresh random bytes.
    """

    action = Action.GROUP_MERGE

    one: GroupToken
    other: GroupToken
    undo: bool
    change: FactId

    @property
    def note(self) -> Note:
        """Name the groups where auditors don't see them."""
        return Note(tokens=(self.one, self.other))


def merge_groups(state: State, command: MergeGroups, moment: Moment) -> Outcome:
    """Propose a merge, or that one is undone."""
    require(command.one != command.other, "group_b", "must be another group")
    if not {command.one, command.other} <= state.groups.keys():
        raise NotFoundError
    low, high = sorted((command.one, command.other))
    if command.undo:
        whose = taken_back_as(command.caller, state.merges.regions(low, high))
        if whose is None:
            raise NotFoundError
        event: MergeEvent = GroupsUnmerged(low=low, high=high, region=whose)
    else:
        event = GroupsMerged(low=low, high=high, region=command.caller.organisation)
    if not state.merges.fits(event) or _waits(state, event, moment):
        raise ConflictError
    change = propose(moment, command.caller, command.change, amendments=(event,))
    return Outcome.written(change, made=(command.change,))


def _waits(state: State, event: MergeEvent, moment: Moment) -> bool:
    """Tell whether somebody proposed the same; approved late, it would act twice."""
    return any(
        item == event
        for change in state.changes.values()
        if moment.now < change.expires_at
        for item in change.amendments
    )
