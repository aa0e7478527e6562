"""Whether what waits for a second person still fits what it speaks of."""

from collections.abc import Collection, Iterator
from typing import Final

from placement.domain.events import (
    Amendment,
    ChangeProposed,
    FactAmendment,
    FactEnded,
    FactRegraded,
    PlacementEnded,
)
from placement.domain.group_events import GroupsMerged, GroupsUnmerged
from placement.domain.life_events import FactRenewed, StepKind
from placement.domain.state import State
from placement.domain.terms import FactId, PlacementState

_RESTATES: Final = frozenset(
    {StepKind.ENDED, StepKind.RETRACTED, StepKind.REGRADED, StepKind.RENEWED}
)
"""Steps behind which a fact says something else."""
_VOUCHES: Final = frozenset({StepKind.REGRADED, StepKind.RENEWED})
"""Steps by which somebody said anew how well a fact is known."""


def facts_of(change: ChangeProposed) -> Iterator[FactId]:
    """Yield the facts that a change speaks of."""
    yield from change.records
    for item in change.amendments:
        if isinstance(item, FactAmendment):
            yield item.id


def ended_by(change: ChangeProposed) -> tuple[FactId, ...]:
    """Return the placements that a change ends."""
    return tuple(
        each.id for each in change.amendments if isinstance(each, PlacementEnded)
    )


def still_fits(state: State, change: ChangeProposed) -> bool:
    """Tell whether what the change speaks of still stands as it was proposed."""
    if any(state.facts[each].retracted for each in facts_of(change)):
        return False
    if any(_is_overtaken(state, change, each) for each in change.records):
        return False
    return all(_fits(state, change, item) for item in change.amendments)


def _is_overtaken(state: State, change: ChangeProposed, key: FactId) -> bool:
    """Tell whether a fact replaces one that was changed since it was proposed.

    It was made of that one: a grade that it got since would be lost.
    """
    before = state.facts[key].replaces
    return before is not None and _has_since(state, change, before, _RESTATES)


def _has_since(
    state: State, change: ChangeProposed, key: FactId, kinds: Collection[StepKind]
) -> bool:
    """Tell whether a fact took such a step since a change was proposed."""
    return any(
        step.kind in kinds and step.revision > change.revision
        for step in state.histories.later(key)
    )


def _fits(state: State, change: ChangeProposed, item: Amendment) -> bool:
    if isinstance(item, FactEnded | FactRegraded) and _has_since(
        state, change, item.id, _VOUCHES
    ):
        return False  # whoever proposed it had not heard that
    match item:
        case GroupsMerged() | GroupsUnmerged():
            return state.merges.fits(item)
        case PlacementEnded(id=stay):
            return state.placements[stay].state is PlacementState.ACTIVE
        case FactEnded(id=key, valid_to=day):
            end = state.facts[key].valid_to
            return end is None or end >= day
        case FactRenewed(id=key, review_by=day):
            review_by = state.facts[key].review_by
            return review_by is None or review_by <= day
        case _:
            return True
