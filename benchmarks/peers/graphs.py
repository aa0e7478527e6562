"""Everything as nodes and edges of one graph: naively in networkx, and in rustworkx.

People, groups and areas are nodes. Of a person lead edges to groups and to areas where
they are placed, of a group to its rivals and to areas where it is present.
"""

from collections.abc import Iterable, Iterator
from importlib import import_module
from typing import Any, TypeAlias

import networkx as nx

from benchmarks.nation import (
    CLEAR,
    CONFLICT,
    NOTHING,
    OCCASIONAL,
    OWN,
    REVIEW,
    Answer,
    Asked,
    Means,
    Nation,
    means_of,
)

Edge: TypeAlias = tuple[str, int]
"""What kind it is, and how severe, or of which kind of presence."""


def edges(
    nation: Nation, area: int, person: int
) -> Iterator[tuple[int, int, str, int]]:
    """Yield all edges.

    Args:
        nation: groups are its nodes from 0 on.
        area: where the nodes of areas begin.
        person: where those of people begin.
    """
    for (low, high), severity in nation.rivalries.items():
        yield low, high, "rivalry", severity
    for who, group in enumerate(nation.group_of):
        yield person + who, group, "affiliation", 0
    for group, where, kind in nation.presences:
        yield group, area + where, "presence", kind
    for who, where in nation.placements:
        yield person + who, area + where, "placement", 0


class _Graph:
    """A walk over whatever graph there is."""

    def __init__(self, nation: Nation) -> None:
        self._near = nation.near
        self._areas = nation.groups
        self._people = nation.groups + len(nation.codes)
        self._size = self._people + len(nation.group_of)
        self._build(edges(nation, self._areas, self._people))

    def _build(self, found: Iterable[tuple[int, int, str, int]]) -> None:
        raise NotImplementedError

    def _around(self, node: int) -> Iterator[tuple[int, Edge]]:
        """Yield the neighbours of a node, and by which edges."""
        raise NotImplementedError

    def answer(self, asked: Asked) -> Answer:
        """Answer a question."""
        me = self._people + asked.person
        means: dict[int, Means] = {}
        for mine in self._groups_of(me):
            for other, (kind, severity) in self._around(mine):
                if kind == "rivalry":
                    means[other] = means_of(severity)
            means[mine] = OWN
        return tuple(
            max(self._found(me, area, means), default=CLEAR) for area in asked.areas
        )

    def _groups_of(self, person: int) -> Iterator[int]:
        for other, (kind, _) in self._around(person):
            if kind == "affiliation":
                yield other

    def _found(self, me: int, area: int, means: dict[int, Means]) -> Iterator[int]:
        for other, (kind, how) in self._around(self._areas + area):
            if kind == "presence":
                yield means.get(other, NOTHING)[how == OCCASIONAL]
            elif other != me:
                for group in self._groups_of(other):
                    yield means.get(group, NOTHING)[2]
        for near in self._near[area]:
            for other, (kind, how) in self._around(self._areas + near):
                firmly = kind == "presence" and how != OCCASIONAL
                if firmly and means.get(other, NOTHING)[0] == CONFLICT:
                    yield REVIEW


class Networkx(_Graph):
    """A multigraph of networkx."""

    def _build(self, found: Iterable[tuple[int, int, str, int]]) -> None:
        self._graph: nx.MultiGraph[int] = nx.MultiGraph()
        self._graph.add_nodes_from(range(self._size))
        for low, high, kind, how in found:
            self._graph.add_edge(low, high, kind=kind, how=how)

    def _around(self, node: int) -> Iterator[tuple[int, Edge]]:
        for other, parallel in self._graph.adj[node].items():
            for edge in parallel.values():
                yield other, (edge["kind"], edge["how"])


class Rustworkx(_Graph):
    """A multigraph of rustworkx."""

    def _build(self, found: Iterable[tuple[int, int, str, int]]) -> None:
        library: Any = import_module("rustworkx")
        self._graph = library.PyGraph(multigraph=True)
        self._graph.add_nodes_from(range(self._size))
        self._graph.add_edges_from(
            [(low, high, (kind, how)) for low, high, kind, how in found]
        )

    def _around(self, node: int) -> Iterator[tuple[int, Edge]]:
        for low, high, edge in self._graph.incident_edge_index_map(node).values():
            yield (high if low == node else low), edge
