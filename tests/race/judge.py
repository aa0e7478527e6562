"""What the log says of two who may never stand in one area together."""

from collections.abc import Collection

from placement.domain.events import PlacementEnded, PlacementRecorded
from placement.domain.facts import Placement
from placement.domain.terms import CaseHandle, FactId
from placement.store.head import Head
from placement.store.log import Store


def at_once(store: Store, cases: Collection[CaseHandle]) -> tuple[int, int]:
    """Follow holds and their ends through the whole log.

    Args:
        store: whose log.
        cases: of which no two may stand in one area.

    Returns:
        How many holds were made, and at how many of them somebody else stood there.
    """
    standing: dict[FactId, Placement] = {}
    made = both = 0
    for _, payload in store.tail(Head.GENESIS):
        match store.vault.open(payload).event:
            case PlacementRecorded(placement=placement) if placement.case in cases:
                made += 1
                both += any(
                    each.area == placement.area and each.case != placement.case
                    for each in standing.values()
                )
                standing[placement.id] = placement
            case PlacementEnded(id=key):
                standing.pop(key, None)
    return made, both
