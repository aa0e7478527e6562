"""What an erasure takes out of a state: everything, wherever it is found.

Invariants:
    * what is left is a state in which it was never said, but that its areas were named;
    * a change that waits loses what was erased of it, and is none when that was all.
"""

from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import Protocol

from placement.domain import indexing
from placement.domain.budgets import Ledger
from placement.domain.calendar import Calendar
from placement.domain.casebook import Casebook
from placement.domain.erasures import Erasures
from placement.domain.events import (
    Amendment,
    ChangeProposed,
    FactAmendment,
    PlacementEnded,
    ReleaseSigned,
)
from placement.domain.facts import Placement
from placement.domain.group_events import GroupsMerged, GroupsUnmerged
from placement.domain.haunt_events import GroupSized, PhantomsLifted
from placement.domain.haunts import Haunts
from placement.domain.histories import Histories
from placement.domain.merges import Merges
from placement.domain.permits import Permit
from placement.domain.shelf import Shelf
from placement.domain.standing import Standing
from placement.domain.terms import CaseHandle, FactId


class Known(indexing.Indexes, Protocol):
    """What has to be known of a state."""

    facts: Shelf
    casebook: Casebook
    changes: dict[FactId, ChangeProposed]
    merges: Merges
    permits: dict[FactId, Permit]
    placements: dict[FactId, Placement]
    standing: Standing
    erasures: Erasures
    calendar: Calendar
    histories: Histories
    ledger: Ledger
    haunts: Haunts


def forget(state: Known, erased: AbstractSet[bytes]) -> None:
    """Let nothing be left of facts and cases.

    Args:
        state: out of which.
        erased: the ids of facts and handles of cases; what isn't there is gone already.
    """
    facts = [state.facts.pop(FactId(each)) for each in erased & state.facts.keys()]
    handles = {CaseHandle(each) for each in erased & state.casebook.by_handle.keys()}
    for fact in facts:
        indexing.drop(state, state.merges.resolved(fact))
    state.histories.forget(facts)
    for handle in handles:
        state.casebook.forget(handle)
    stays = state.standing.forget(handles)
    for stay in stays:
        state.residents.left(stay)
    ids = {fact.id for fact in facts} | {stay.id for stay in stays}
    state.calendar.forget(ids)
    state.ledger.forget(handles)
    state.haunts.forget(handles)
    for change in tuple(state.changes.values()):
        _trim(state, change, erased)


def lost(state: Known, amendment: Amendment) -> bool:
    """Tell whether what a change would amend is erased, or can't be opened."""
    if isinstance(amendment, PlacementEnded):
        return amendment.id not in state.placements and state.erasures.any
    return isinstance(amendment, FactAmendment) and state.erasures.gone(amendment.id)


def _trim(state: Known, change: ChangeProposed, erased: AbstractSet[bytes]) -> None:
    """Take what was erased out of a change that waits; drop it when that was all."""
    records = tuple(each for each in change.records if each not in erased)
    amendments = tuple(
        each for each in change.amendments if not _gone(state, each, erased)
    )
    if not records and not amendments:
        del state.changes[change.id]
    elif (records, amendments) != (change.records, change.amendments):
        trimmed = replace(change, records=records, amendments=amendments)
        state.changes[change.id] = trimmed


def _gone(state: Known, amendment: Amendment, erased: AbstractSet[bytes]) -> bool:
    match amendment:
        case GroupsMerged() | GroupsUnmerged() | GroupSized():
            return False
        case PhantomsLifted(case=case):
            return case in erased
        case ReleaseSigned(id=permit):
            return permit not in state.permits
        case PlacementEnded(id=stay):
            return stay not in state.placements
        case _:
            return amendment.id in erased
