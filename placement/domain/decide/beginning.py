"""Nothing begins twice: an id that is known is refused, whatever it was drawn for.

Ids are drawn at random, so one that comes again says that a machine gives out what it
gave out before, as one that was copied or put back may. What bore the id first must not
be replaced: a case with others for its members would hide who is placed.
"""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from typing import Final

from placement.domain.events import (
    CaseOpened,
    ChangeProposed,
    CoverageAttested,
    Event,
    FacilityRegistered,
    FactRecorded,
    PlacementRecorded,
)
from placement.domain.group_events import GroupRegistered
from placement.domain.import_events import ImportBegun
from placement.domain.rule_events import RulesetProposed
from placement.domain.state import State
from placement.domain.stay_events import PermitGiven
from placement.errors import ConflictError

Beginning = tuple[type[Event], bytes]
"""What an event begins: of which kind, and its id."""
_NOTHING: Final[AbstractSet[Beginning]] = frozenset()


def refuse_known(
    state: State, events: Iterable[Event], before: AbstractSet[Beginning] = _NOTHING
) -> set[Beginning]:
    """Refuse events that begin what is there already, or was, or one thing twice.

    Args:
        state: before them.
        events: of one command.
        before: what others of the same command begin.

    Returns:
        What they begin.

    Raises:
        ConflictError: there is such an event.
    """
    begun = set[Beginning]()
    for event in events:
        key, known = _begun(state, event)
        if not key:
            continue
        beginning = (type(event), key)
        if known or beginning in begun or beginning in before:
            raise ConflictError
        begun.add(beginning)
    return begun


def _begun(state: State, event: Event) -> tuple[bytes, bool]:  # noqa: C901, PLR0911 (a table)
    """Return the id of what an event begins, empty if nothing; and if it is known."""
    match event:
        case CaseOpened(case=case):
            gone = state.erasures.gone(case.handle)
            return case.handle, gone or case.handle in state.cases
        case FactRecorded(fact=fact):
            return fact.id, state.erasures.gone(fact.id) or fact.id in state.facts
        case PlacementRecorded(placement=placement):
            return placement.id, placement.id in state.placements
        case PermitGiven(permit=permit):
            return permit.id, permit.id in state.permits
        case ChangeProposed(id=key):
            return key, key in state.changes or key in state.extracts.granted
        case CoverageAttested(attestation=attestation):
            return attestation.id, attestation.id in state.attestations
        case FacilityRegistered(facility=facility):
            return facility.token, facility.token in state.facilities
        case GroupRegistered(group=group):
            return group.token, group.token in state.groups
        case ImportBegun(id=key):
            return key, key in state.imports.by_id
        case RulesetProposed(id=key):
            return key, state.rulebook.knows(key)
        case _:
            return b"", False
