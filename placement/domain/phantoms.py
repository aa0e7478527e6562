"""Phantom stays: who is placed nowhere, and answers as if they were (rules.md, R15).

A phantom is one person outside every household, who belongs to one group and always did.

Invariants:
    * what is answered with phantoms is never milder than without: they are added to what
      stands, and take nothing away;
    * they follow from a key, the ruleset, the registered groups and houses, and the day;
      what is recorded of anybody changes none of them.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from placement.domain.terms import (
    AreaCode,
    Day,
    FacilityToken,
    FactId,
    GroupToken,
    Micros,
    ProviderToken,
    Window,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Phantom:
    """A stay that is nobody's.

    Attributes:
        id: 16 bytes, as those of placements.
        group: to which the person belongs.
        area: where.
        facility: the house, or ``None``.
        provider: who runs it, or ``None``.
        valid_from: first day.
        valid_to: planned first day after; ``None`` is open.
        noted: from when on it counts.
        gone: from when on it counts no more.
        firm: whether it is known firmly that the person belongs to the group.
    """

    id: FactId
    group: GroupToken
    area: AreaCode
    facility: FacilityToken | None
    provider: ProviderToken | None
    valid_from: Day
    valid_to: Day | None
    noted: Micros
    gone: Micros
    firm: bool

    def acts(self, window: Window, now: Micros) -> bool:
        """Tell whether it counts now, for these days."""
        return self.noted <= now < self.gone and window.overlaps(
            self.valid_from, self.valid_to
        )


Found = Mapping[GroupToken, Sequence[Phantom]]
"""Phantoms by the token that stands for their group."""
_NOTHING: Final[Found] = {}


class Phantoms:
    """Phantom stays by whatever the rules look for them: where, with whom, of whom.

    Args:
        stays: some of them may be over, or to come.
        of: returns the token that stands for a group.
    """

    def __init__(
        self, stays: Iterable[Phantom], of: Callable[[GroupToken], GroupToken]
    ) -> None:
        self._places: dict[AreaCode, dict[GroupToken, list[Phantom]]] = {}
        self._providers: dict[ProviderToken, dict[GroupToken, list[Phantom]]] = {}
        for stay in stays:
            group = of(stay.group)
            here = self._places.setdefault(stay.area, {})
            here.setdefault(group, []).append(stay)
            if stay.provider is not None:
                there = self._providers.setdefault(stay.provider, {})
                there.setdefault(group, []).append(stay)

    def in_area(self, code: AreaCode) -> Found:
        """Return those in an area, by the token that stands for their group."""
        return self._places.get(code, _NOTHING)

    def with_provider(self, provider: ProviderToken) -> Found:
        """Return those in the houses of a provider, in the same way."""
        return self._providers.get(provider, _NOTHING)


NOBODY: Final = Phantoms((), lambda group: group)
"""No phantoms: the real picture alone."""
