"""Which groups are present in an area.

Looking around an area must cost what means something to the household that asks, and
not what is present there. So presences are found by their groups.
"""

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Final, TypeAlias

from placement.domain.facts import Presence
from placement.domain.terms import AreaCode, FactId, GroupToken

Present: TypeAlias = Mapping[GroupToken, Mapping[FactId, Presence]]
"""Presences in one area, inert ones too, by group."""

_Here: TypeAlias = dict[GroupToken, dict[FactId, Presence]]
_NONE: Final[_Here] = {}


class Presences:
    """Presences by area and group, the newest form of each.

    Args:
        real: what this begins as, if it is only imagined; nothing of it is changed.
    """

    def __init__(self, real: "Presences | None" = None) -> None:
        self._real = real
        self._by_area: dict[AreaCode, _Here] = {}
        self._areas: dict[GroupToken, dict[AreaCode, None]] = {}

    def put(self, fact: Presence) -> None:
        """Add a presence, or replace its older form of the same area and group."""
        self._own(fact.area).setdefault(fact.group, {})[fact.id] = fact
        self._areas.setdefault(fact.group, {})[fact.area] = None

    def drop(self, fact: Presence) -> None:
        """Take a presence out; an area without any is none.

        Raises:
            KeyError: it isn't there.
        """
        here = self._own(fact.area)
        del here[fact.group][fact.id]
        if not here[fact.group]:
            del here[fact.group]
            self._leave(fact.group, fact.area)
        if not here and self._real is None:  # else the real one would show through
            del self._by_area[fact.area]

    def _leave(self, group: GroupToken, code: AreaCode) -> None:
        del self._areas[group][code]
        if not self._areas[group]:
            del self._areas[group]

    def areas_of(self, group: GroupToken) -> AbstractSet[AreaCode]:
        """Return the areas where a group is on record."""
        own = self._areas.get(group, {}).keys()
        if self._real is None:
            return own
        return own | (self._real.areas_of(group) - self._by_area.keys())

    def in_area(self, code: AreaCode) -> Present:
        """Return the presences in an area, inert ones too, by group."""
        return self._in(code)

    def of(self, code: AreaCode) -> Iterator[Presence]:
        """Yield the presences in an area, inert ones too."""
        for known in self._in(code).values():
            yield from known.values()

    def _in(self, code: AreaCode) -> _Here:
        here = self._by_area.get(code)
        if here is None:
            return _NONE if self._real is None else self._real._in(code)  # noqa: SLF001 (its own kind)
        return here

    def _own(self, code: AreaCode) -> _Here:
        """Have an area of this one's own, to write into."""
        if code not in self._by_area:
            here = {group: dict(known) for group, known in self._in(code).items()}
            self._by_area[code] = here
            for group in here:
                self._areas.setdefault(group, {})[code] = None
        return self._by_area[code]
