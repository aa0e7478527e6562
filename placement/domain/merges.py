"""Groups that turned out to be one: which token stands for all of them.

A merge joins two tokens. The lowest of those that hang together stands for all; which
one it is decides nothing. Facts are kept as they were recorded (P5), and *resolved*
where the state indexes them, so that rules, graph and indexes see one group.

Invariants:
    * a merge that is undone leaves what there was before it, in whatever order merges
      came and went: those of one region are a forest, and one of its branches is cut;
    * what one region says, no other takes away: two tokens are one group as long as the
      merges of any of them, or of several together, join them;
    * resolving a fact changes its groups and nothing else.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from placement.domain.facts import (
    Affiliation,
    Alliance,
    AnyFact,
    Faction,
    Located,
    Presence,
    Rivalry,
    SameAs,
    Threat,
    Tie,
)
from placement.domain.group_events import GroupsMerged, GroupsUnmerged, MergeEvent
from placement.domain.terms import GroupToken

GROUPS: Final[Mapping[type[AnyFact], tuple[str, ...]]] = {
    Affiliation: ("group",),
    Faction: ("child", "parent"),
    Rivalry: ("low", "high"),
    Alliance: ("low", "high"),
    Presence: ("group",),
    Threat: ("source_group",),
    Located: (),
    Tie: (),
    SameAs: (),
}
"""Which attributes of a fact name groups."""

ChiefOf = Callable[[GroupToken], GroupToken]
Pair = tuple[GroupToken, GroupToken]


class Merges:
    """What was merged.

    Attributes:
        links: the merges that stand, by their two tokens, the lower first, then by region.
    """

    def __init__(self) -> None:
        self.links: dict[Pair, dict[str, GroupsMerged]] = {}
        self._chiefs: dict[GroupToken, GroupToken] = {}
        self._own: dict[str, dict[GroupToken, GroupToken]] = {}

    def copy(self) -> "Merges":
        """Return the same merges, apart from these."""
        found = Merges()
        found.links = {pair: dict(by) for pair, by in self.links.items()}
        found._chiefs, found._own = self._chiefs, self._own  # replaced, never changed
        return found

    def __iter__(self) -> Iterator[GroupsMerged]:
        """Iterate over the merges that stand."""
        for by_region in self.links.values():
            yield from by_region.values()

    def of(self, group: GroupToken) -> GroupToken:
        """Return the token that stands for a group."""
        return self._chiefs.get(group, group)

    def with_(self, *groups: GroupToken) -> set[GroupToken]:
        """Return groups and all that were merged with them."""
        chiefs = {self.of(group) for group in groups}
        joined = (group for group, chief in self._chiefs.items() if chief in chiefs)
        return {*groups, *joined}

    def fits(self, event: MergeEvent) -> bool:
        """Tell whether an event says something that its region has not said already."""
        if isinstance(event, GroupsUnmerged):
            return event.region in self.links.get((event.low, event.high), {})
        own = self.said_by(event.region)
        return own(event.low) != own(event.high)

    def said_by(self, region: str) -> ChiefOf:
        """Return what stands for a group to one region: by what it merged itself."""
        own = self._own.get(region, {})
        return lambda group: own.get(group, group)

    def apply(self, event: MergeEvent) -> None:
        """Join two tokens, or part them.

        Raises:
            KeyError: what is to be undone does not stand.
        """
        pair = event.low, event.high
        if isinstance(event, GroupsUnmerged):
            by_region = self.links[pair]
            # In logs from before each region had its own, there was one.
            del by_region[event.region or min(by_region)]
            if not by_region:
                del self.links[pair]
        else:
            self.links.setdefault(pair, {})[event.region] = event
        self._settle()

    def _settle(self) -> None:
        self._chiefs = _chiefs(self)
        own: dict[str, list[GroupsMerged]] = {}
        for link in self:
            own.setdefault(link.region, []).append(link)
        self._own = {region: _chiefs(links) for region, links in own.items()}

    def resolved(self, fact: AnyFact) -> AnyFact:
        """Return a fact as the rules see it: of the groups that stand for its own."""
        if not self._chiefs:
            return fact
        seen: dict[str, Any] = {
            name: self.of(group) for name, group in _named(fact) if group is not None
        }
        if "low" in seen:
            seen["low"], seen["high"] = sorted(seen.values())
        if all(seen[name] == getattr(fact, name) for name in seen):
            return fact
        return replace(fact, **seen)


def _chiefs(links: Iterable[GroupsMerged]) -> dict[GroupToken, GroupToken]:
    """Return which token stands for each that some merges name."""
    chiefs: dict[GroupToken, GroupToken] = {}

    def chief_of(group: GroupToken) -> GroupToken:
        while chiefs.setdefault(group, group) != group:
            group = chiefs[group]
        return group

    for link in links:
        low, high = sorted((chief_of(link.low), chief_of(link.high)))
        chiefs[high] = low
    return {group: chief_of(group) for group in chiefs}


def names_any(fact: AnyFact, groups: Collection[GroupToken]) -> bool:
    """Tell whether a fact names one of some groups."""
    return any(group in groups for _, group in _named(fact))


def _named(fact: AnyFact) -> Iterator[tuple[str, GroupToken | None]]:
    return ((name, getattr(fact, name)) for name in GROUPS[type(fact)])
