"""Placements by whatever one looks for them: who, where, with whom, until when.

Invariants:
    * a placement that left its life stands under its id and nowhere else, so that
      looking around an area costs what stands there;
    * a hold that has lapsed stands until its end is an event; ``Placement.live`` tells.
"""

from collections.abc import Collection, Mapping

from placement.domain.facts import Facility, Placement
from placement.domain.terms import (
    AreaCode,
    CaseHandle,
    FacilityToken,
    FactId,
    Micros,
    PlacementState,
    ProviderToken,
)

_Key = AreaCode | CaseHandle | ProviderToken


class Stays:
    """Every placement, and those that stand by area, case and provider.

    Args:
        facilities: by token; where each house belongs.

    Attributes:
        by_id: every placement, also those that are over.
    """

    def __init__(self, facilities: Mapping[FacilityToken, Facility]) -> None:
        self.by_id: dict[FactId, Placement] = {}
        self._facilities = facilities
        self._standing: dict[_Key, dict[FactId, Placement]] = {}
        self._held: dict[FactId, Placement] = {}
        self._ever: dict[CaseHandle, dict[FactId, None]] = {}

    def put(self, placement: Placement) -> None:
        """Add a placement, or replace it by its newer form."""
        self.by_id[placement.id] = placement
        self._ever.setdefault(placement.case, {})[placement.id] = None
        for key in self._keys(placement):
            if placement.over:
                self._drop(key, placement.id)
            else:
                self._standing.setdefault(key, {})[placement.id] = placement
        self._held.pop(placement.id, None)
        if placement.state is PlacementState.HELD:
            self._held[placement.id] = placement

    def forget(self, case: CaseHandle) -> list[Placement]:
        """Remove every placement of a case; return them."""
        gone = [self.by_id.pop(each) for each in self._ever.pop(case, ())]
        for placement in gone:
            self._held.pop(placement.id, None)
            for key in self._keys(placement):
                self._drop(key, placement.id)
        return gone

    def _drop(self, key: _Key, placement_id: FactId) -> None:
        standing = self._standing.get(key, {})
        standing.pop(placement_id, None)
        if not standing:
            self._standing.pop(key, None)

    def _keys(self, placement: Placement) -> tuple[_Key, ...]:
        keys: tuple[_Key, ...] = (placement.area, placement.case)
        if placement.facility is not None:
            keys = (*keys, self._facilities[placement.facility].provider)
        return keys

    def in_area(self, code: AreaCode) -> Collection[Placement]:
        """Return what stands in an area."""
        return self._standing.get(code, {}).values()

    def of_case(self, case: CaseHandle) -> Collection[Placement]:
        """Return what stands of a case."""
        return self._standing.get(case, {}).values()

    def ever_of(self, case: CaseHandle) -> list[Placement]:
        """Return every placement that a case ever had, in the order they came."""
        return [self.by_id[each] for each in self._ever.get(case, ())]

    def with_provider(self, provider: ProviderToken) -> Collection[Placement]:
        """Return what stands in the houses of a provider."""
        return self._standing.get(provider, {}).values()

    def lapsed(self, now: Micros) -> list[Placement]:
        """Return the holds that lapsed and whose end is no event yet, in order."""
        lapsed = [each for each in self._held.values() if not each.live(now)]
        return sorted(lapsed, key=lambda each: each.id)

    def standing(self) -> list[FactId]:
        """Return the ids of everything that is not over, in order."""
        return sorted(each.id for each in self.by_id.values() if not each.over)
