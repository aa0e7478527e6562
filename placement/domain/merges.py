"""Groups that turned out to be one: which token stands for all of them.

A merge joins two tokens. The lowest of those that hang together stands for all; which
one it is decides nothing. Facts are kept as they were recorded (P5), and *resolved*
where the state indexes them, so that rules, graph and indexes see one group.

Invariants:
    * a merge that is undone leaves what there was before it, in whatever order merges
      came and went: merges are a forest, and one of its branches is cut;
    * resolving a fact changes its groups and nothing else.
"""

from collections.abc import Collection, Iterator, Mapping
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


class Merges:
    """What was merged.

    Attributes:
        links: the merges that stand, by their two tokens.
    """

    def __init__(self) -> None:
        self.links: dict[frozenset[GroupToken], GroupsMerged] = {}
        self._chiefs: dict[GroupToken, GroupToken] = {}

    def copy(self) -> "Merges":
        """Return the same merges, apart from these."""
        found = Merges()
        found.links, found._chiefs = dict(self.links), dict(self._chiefs)
        return found

    def of(self, group: GroupToken) -> GroupToken:
        """Return the token that stands for a group."""
        return self._chiefs.get(group, group)

    def with_(self, *groups: GroupToken) -> set[GroupToken]:
        """Return groups and all that were merged with them."""
        chiefs = {self.of(group) for group in groups}
        joined = (group for group, chief in self._chiefs.items() if chief in chiefs)
        return {*groups, *joined}

    def fits(self, event: MergeEvent) -> bool:
        """Tell whether an event says something that does not hold already."""
        if isinstance(event, GroupsMerged):
            return self.of(event.low) != self.of(event.high)
        return frozenset((event.low, event.high)) in self.links

    def apply(self, event: MergeEvent) -> None:
        """Join two tokens, or part them.

        Raises:
            KeyError: what is to be undone does not stand.
        """
        pair = frozenset((event.low, event.high))
        if isinstance(event, GroupsUnmerged):
            del self.links[pair]
        else:
            self.links[pair] = event
        self._settle()

    def _settle(self) -> None:
        chiefs: dict[GroupToken, GroupToken] = {}

        def chief_of(group: GroupToken) -> GroupToken:
            while chiefs.setdefault(group, group) != group:
                group = chiefs[group]
            return group

        for pair in self.links:
            low, high = sorted(map(chief_of, pair))
            chiefs[high] = low
        self._chiefs = {group: chief_of(group) for group in chiefs}

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


def names_any(fact: AnyFact, groups: Collection[GroupToken]) -> bool:
    """Tell whether a fact names one of some groups."""
    return any(group in groups for _, group in _named(fact))


def _named(fact: AnyFact) -> Iterator[tuple[str, GroupToken | None]]:
    return ((name, getattr(fact, name)) for name in GROUPS[type(fact)])
