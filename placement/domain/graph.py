"""The group graph in networkx: factions, rivalries, alliances, and what they close to.

A *view* is the graph as one question sees it: the links that act in its window, at one
strength; questions between the same turning days see the same. From it ``relations``
gives what every group means to somebody affiliated with one. Both are kept until a link
changes, so a check walks no graph.

Invariants:
    * the answer does not depend on the order in which facts came;
    * cycles of factions or alliances terminate, because closures are sets.
"""

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import TypeAlias

import networkx as nx

from placement.domain.facts import Alliance, Faction, Link, Rivalry, pair_of
from placement.domain.relations import Chain, Related, Relation
from placement.domain.strength import Era, Strength, Turns, Weigh
from placement.domain.terms import Day, FactId, GroupToken

Reach = dict[GroupToken, Chain]

Directed: TypeAlias = "nx.DiGraph[GroupToken]"
Undirected: TypeAlias = "nx.Graph[GroupToken]"
Onwards = Callable[[GroupToken, Faction], bool]
Step = Callable[[GroupToken], Iterator[tuple[GroupToken, FactId]]]

_VIEWS_KEPT = 64
_MOST_STEPS = 2  # an ally of a rival, a rival of an ally (R7)
_WAR = 3  # the severity that gives CONFLICT by itself (R2)


class View:
    """The links that act in one window at one strength."""

    def __init__(self, links: Iterable[Link], weigh: Weigh, at_least: Strength) -> None:
        self._parents: Directed = nx.DiGraph()
        self._heirs: Directed = nx.DiGraph()  # the same, where rivalry is inherited
        self._children = self._parents.reverse(copy=False)
        self._bequests = self._heirs.reverse(copy=False)
        self._rivals: Undirected = nx.Graph()
        self._allies: Undirected = nx.Graph()
        self._ended: dict[GroupToken, list[Faction]] = {}
        self._standing: dict[frozenset[GroupToken], list[Rivalry | Alliance]] = {}
        self._reached: dict[tuple[Directed, GroupToken], Reach] = {}
        self._eras: dict[GroupToken, tuple[Day, ...]] = {}
        self._known: dict[tuple[GroupToken, int], Related] = {}
        self._weigh = weigh
        for link in sorted(links, key=lambda link: link.id):
            self._add(link, at_least)

    def _add(self, link: Link, at_least: Strength) -> None:
        if isinstance(link, Faction) and self._weigh.splits(link, at_least):
            self._ended.setdefault(link.child, []).append(link)
            self._ended.setdefault(link.parent, []).append(link)
        if not isinstance(link, Faction) and self._weigh.firmly_stands(link):
            self._standing.setdefault(pair_of(link), []).append(link)
        if self._weigh.acting(link) < at_least:
            return
        if isinstance(link, Faction):
            self._parents.add_edge(link.child, link.parent, fact=link.id)
            if link.inherits_rivalry:
                self._heirs.add_edge(link.child, link.parent, fact=link.id)
        elif isinstance(link, Rivalry):
            self._add_rivalry(link)
        else:
            self._allies.add_edge(link.low, link.high, fact=link.id)

    def _add_rivalry(self, link: Rivalry) -> None:
        pair = (link.low, link.high)
        known = self._rivals.edges[pair] if self._rivals.has_edge(*pair) else {}
        if known.get("severity", 0) >= link.severity:
            return
        self._rivals.add_edge(*pair, fact=link.id, severity=link.severity)

    def related(self, group: GroupToken, since: Day | None) -> Related:
        """Return what is related to a person of ``group``.

        Args:
            group: what the person is affiliated with.
            since: first day of the affiliation; ``None``, unknown, is before any split.
        """
        if group not in self._eras:
            self._eras[group] = _Kinship(self, group, None).eras()
        era = 0 if since is None else bisect_right(self._eras[group], since)
        key = (group, era)
        if key not in self._known:
            self._known[key] = Related(_Kinship(self, group, since).relations())
        return self._known[key]

    def relations(
        self, group: GroupToken, since: Day | None
    ) -> Mapping[GroupToken, Relation]:
        """Return what every related group means to a person of ``group``."""
        return self.related(group, since).relations

    def family(self, group: GroupToken) -> Reach:
        """Return the group, its ancestors and its descendants over any faction link."""
        return self.ancestors(group) | self.descendants(group)

    def up(self, group: GroupToken) -> Reach:
        """Return the group and its ancestors, where rivalry is inherited."""
        return self._reach(self._heirs, group)

    def down(self, group: GroupToken) -> Reach:
        """Return the group and its descendants, where rivalry is passed on."""
        return self._reach(self._bequests, group)

    def ancestors(self, group: GroupToken) -> Reach:
        """Return the group and its ancestors over any faction link."""
        return self._reach(self._parents, group)

    def descendants(self, group: GroupToken) -> Reach:
        """Return the group and its descendants over any faction link."""
        return self._reach(self._children, group)

    def _reach(self, graph: Directed, group: GroupToken) -> Reach:
        key = (graph, group)
        if key not in self._reached:
            found: Reach = {group: ()}
            if group in graph:
                for here, there in nx.bfs_edges(graph, group):
                    found[there] = (*found[here], graph.edges[here, there]["fact"])
            self._reached[key] = found
        return self._reached[key]

    def sisters(self, group: GroupToken) -> Reach:
        """Return the other factions of the group's parents."""
        found: Reach = {}
        if group in self._parents:
            for parent, up in self._parents.adj[group].items():
                for child, down in self._children.adj[parent].items():
                    if child != group:
                        found.setdefault(child, (up["fact"], down["fact"]))
        return found

    def rivals_of(self, group: GroupToken) -> Iterator[tuple[GroupToken, FactId, int]]:
        """Yield (group, rivalry, severity) of the rivalries recorded for a group."""
        if group in self._rivals:
            for other, edge in self._rivals.adj[group].items():
                yield other, edge["fact"], edge["severity"]

    def allies_of(self, group: GroupToken) -> Iterator[tuple[GroupToken, FactId]]:
        """Yield (group, alliance) of the alliances recorded for a group."""
        if group in self._allies:
            for other, edge in self._allies.adj[group].items():
                yield other, edge["fact"]

    def ended_at(self, group: GroupToken) -> Iterator[tuple[GroupToken, Faction]]:
        """Yield (other half, link) of the splits that touch a group."""
        for link in self._ended.get(group, ()):
            yield (link.parent if link.child == group else link.child), link

    def settled(self, link: Faction) -> bool:
        """Tell whether a link between the halves ends a split's REVIEWs (R8)."""
        others = self._standing.get(frozenset((link.child, link.parent)), ())
        return any(self._weigh.settles(other, link) for other in others)


class _Kinship:
    """Closes the graph around one affiliation; used once a view, group and era."""

    def __init__(self, view: View, group: GroupToken, since: Day | None) -> None:
        self._view = view
        self._group = group
        self._since = since

    def relations(self) -> Mapping[GroupToken, Relation]:
        """Return all relations of the group."""
        own = self._own()
        rivals = self.rivals()
        kinds: dict[str, Reach] = {
            "own": own,
            **rivals,
            "allied": self._allied(rivals["rival"] | rivals["distant"]),
            "own_allied": _joined(own, self._view.allies_of),
            "sister": self._view.sisters(self._group),
            "split": self._split(own),
        }
        found: dict[GroupToken, dict[str, Chain]] = {}
        for kind, reach in kinds.items():
            for group, chain in reach.items():
                found.setdefault(group, {})[kind] = chain
        return {group: Relation(**chains) for group, chains in found.items()}

    def eras(self) -> tuple[Day, ...]:
        """Return the days on which the group's relations change with ``since``."""
        ends = {
            link.valid_to
            for group in self._own()
            for _, link in self._view.ended_at(group)
            if link.valid_to is not None
        }
        return tuple(sorted(ends))

    def _own(self) -> Reach:
        """Family, and the halves kept by a person who was there before a split."""
        up = self._kept(self._view.ancestors, lambda group, link: link.child == group)
        down = self._kept(
            self._view.descendants, lambda group, link: link.parent == group
        )
        return down | up

    def _kept(self, reach: Callable[[GroupToken], Reach], onwards: Onwards) -> Reach:
        """Reach on in one direction, over standing links and over kept ended ones."""
        found = dict(reach(self._group))
        open_ends = list(found)
        while open_ends:
            group = open_ends.pop()
            for other, link in self._view.ended_at(group):
                if not (onwards(group, link) and self._before(link)):
                    continue
                for relative, tail in reach(other).items():
                    if relative not in found:
                        found[relative] = (*found[group], link.id, *tail)
                        open_ends.append(relative)
        return found

    def _before(self, link: Faction) -> bool:
        if self._since is None or link.valid_to is None:
            return True
        return self._since < link.valid_to

    def rivals(self) -> dict[str, Reach]:
        """Rivals over inherited links; distant rivals over any link downwards too."""
        found: dict[str, Reach] = {
            "war": {},
            "rival": {},
            "distant_war": {},
            "distant": {},
        }
        up = self._view.up(self._group)
        for side, reach in (
            ("", up),
            ("distant_", self._view.descendants(self._group) | up),
        ):
            for group, chain in reach.items():
                for other, fact, severity in self._view.rivals_of(group):
                    far = self._view.down(other)
                    if side:
                        far = self._view.ancestors(other) | far
                    kinds = ["distant" if side else "rival"]
                    if severity >= _WAR:
                        kinds.append(f"{side}war")
                    for kind in kinds:
                        for end, tail in far.items():
                            found[kind].setdefault(end, (*chain, fact, *tail))
        return found

    def _allied(self, rivals: Reach) -> Reach:
        """Allies of rivals, and rivals of allies (R7; one step, no chain)."""
        found = _joined(rivals, self._view.allies_of)
        for ally, alliance in self._view.allies_of(self._group):
            reach = _Kinship(self._view, ally, None).rivals()
            for group, chain in (reach["rival"] | reach["distant"]).items():
                found.setdefault(group, (alliance, *chain))
        return found

    def _split(self, own: Reach) -> Reach:
        """The other halves and their families, over any number of ended links (R8).

        A half is split on wherever any group of its family was.
        """
        found = dict(own)
        open_ends = list(own)
        while open_ends:
            group = open_ends.pop()
            for other, link in self._view.ended_at(group):
                if self._view.settled(link):
                    continue
                for relative, tail in self._view.family(other).items():
                    if relative not in found:
                        found[relative] = (*found[group], link.id, *tail)
                        open_ends.append(relative)
        return {group: chain for group, chain in found.items() if group not in own}


class GroupGraph:
    """All links between groups, and the views kept of them."""

    def __init__(self) -> None:
        self._links: dict[FactId, Link] = {}
        self._pairs: dict[frozenset[GroupToken], dict[FactId, Link]] = {}
        self._at: dict[GroupToken, dict[FactId, Link]] = {}
        self._turns: dict[int, Turns] = {}
        self._views: OrderedDict[tuple[int, Era, Strength], View] = OrderedDict()
        self._around: dict[GroupToken, AbstractSet[GroupToken]] = {}

    def put(self, link: Link) -> None:
        """Add a link, or replace it by its newer form."""
        self._links[link.id] = link
        pair = pair_of(link)
        self._pairs.setdefault(pair, {})[link.id] = link
        for group in pair:
            self._at.setdefault(group, {})[link.id] = link
        self._turns.clear()
        self._views.clear()
        self._around.clear()

    def drop(self, link: Link) -> None:
        """Take a link out, as it was put; groups without any are none.

        Raises:
            KeyError: it isn't there.
        """
        pair = pair_of(link)
        del self._links[link.id]
        del self._pairs[pair][link.id]
        if not self._pairs[pair]:
            del self._pairs[pair]
        for group in pair:
            del self._at[group][link.id]
            if not self._at[group]:
                del self._at[group]
        self._turns.clear()
        self._views.clear()
        self._around.clear()

    def between(self, pair: frozenset[GroupToken]) -> Iterable[Link]:
        """Return all links between two groups, inert ones too."""
        return self._pairs.get(pair, {}).values()

    def parents(self, group: GroupToken) -> list[Faction]:
        """Return what makes a group a part of others, inert ones too."""
        links = self._at.get(group, {}).values()
        return [a for a in links if isinstance(a, Faction) and a.child == group]

    def close_to(self, groups: Iterable[GroupToken], steps: int) -> set[GroupToken]:
        """Return groups, their kin, and what is some wars or alliances away, of any day.

        Args:
            groups: where to begin.
            steps: how many rivalries or alliances to go.
        """
        found = self._kin(groups)
        for _ in range(steps):
            found = self._kin(found | self._beyond(found))
        return found

    def around(self, group: GroupToken) -> AbstractSet[GroupToken]:
        """Return every group that can be related to one, on any day, and more.

        No relation goes over more than two wars or alliances, and any number of kin on
        the way. That holds in either direction.
        """
        if group not in self._around:
            self._around[group] = self.close_to((group,), _MOST_STEPS)
        return self._around[group]

    def _kin(self, groups: Iterable[GroupToken]) -> set[GroupToken]:
        found = set(groups)
        frontier = list(found)
        while frontier:
            for link in self._at.get(frontier.pop(), {}).values():
                if isinstance(link, Faction):
                    reached = pair_of(link) - found
                    found |= reached
                    frontier.extend(reached)
        return found

    def _beyond(self, groups: Iterable[GroupToken]) -> set[GroupToken]:
        return {
            other
            for group in groups
            for link in self._at.get(group, {}).values()
            if not isinstance(link, Faction)
            for other in pair_of(link)
        }

    def view(self, weigh: Weigh, at_least: Strength) -> View:
        """Return the graph as one question sees it; alike questions share a view."""
        cool_down = weigh.cool_down_days
        if cool_down not in self._turns:
            self._turns[cool_down] = Turns(self._links.values(), cool_down)
        key = (cool_down, self._turns[cool_down].era(weigh), at_least)
        view = self._views.get(key)
        if view is None:
            view = View(self._links.values(), weigh, at_least)
            self._views[key] = view
            if len(self._views) > _VIEWS_KEPT:
                self._views.popitem(last=False)
        else:
            self._views.move_to_end(key)
        return view


def _joined(reach: Reach, step: Step) -> Reach:
    found: Reach = {}
    for group, chain in reach.items():
        for other, fact in step(group):
            found.setdefault(other, (*chain, fact))
    return found
