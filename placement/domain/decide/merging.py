"""Two tokens that are one group, and two groups again; a second coordinator approves.

A merge can make a CONFLICT, and it can unmake a REVIEW where a rivalry then ends what a
split leaves. So nobody merges alone, and nothing changes before a second one stood behind it.
Each region merges, and undoes what itself merged (ADR 0062): two tokens are one group as
long as the merges of all regions together join them.
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
from placement.domain.decide.waiting import waiting_for
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
    own = command.caller.organisation
    if command.undo:
        event: MergeEvent = GroupsUnmerged(low=low, high=high, region=own)
        if not state.merges.fits(event):
            raise NotFoundError
    else:
        event = GroupsMerged(low=low, high=high, region=own)
    # One at a time: approved later, a second one would act on what came meanwhile.
    if not state.merges.fits(event) or waiting_for(state, moment, event):
        raise ConflictError
    change = propose(moment, command.caller, command.change, amendments=(event,))
    return Outcome.written(change, made=(command.change,))
