"""Circles of factions: on no day is a group part of itself, over whatever steps."""

from collections import Counter
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from math import inf
from typing import NamedTuple


class Edge(NamedTuple):
    """A faction, from its first day until the day it no longer is one."""

    child: bytes
    parent: bytes
    begin: float = -inf
    end: float = inf


def circular(rows: Mapping[int, Edge], standing: Iterable[Edge]) -> list[int]:
    """Return the rows whose links lie on a circle, or between two.

    If some links go round on a day, they do so on one on which one of them begins.

    Example:
        >>> a, b, c = b"a", b"b", b"c"
        >>> circular({1: Edge(a, b), 2: Edge(b, a), 3: Edge(c, a)}, ())
        [1, 2]
        >>> circular({1: Edge(a, b, end=7), 2: Edge(b, a, begin=7)}, ())
        []
    """
    left = _round({*rows.values(), *standing})
    found: set[Edge] = set()
    for day in {edge.begin for edge in left}:
        found |= _round({edge for edge in left if edge.begin <= day < edge.end})
    return [place for place, edge in rows.items() if edge in found]


def _round(edges: AbstractSet[Edge]) -> AbstractSet[Edge]:
    """Return what goes round if all hold.

    Groups that have no parent left, or no child, are taken away until none is left to
    take.
    """
    for end in (0, 1):  # once from below, once from above
        edges = _stripped(edges, end)
    return edges


def _stripped(edges: AbstractSet[Edge], end: int) -> set[Edge]:
    """Take away, again and again, whoever stands at one end of edges only."""
    at: dict[bytes, list[Edge]] = {}
    held: Counter[bytes] = Counter()
    for edge in edges:
        pair = edge[:2]
        at.setdefault(pair[end], []).append(edge)
        held[pair[1 - end]] += 1
    free = [group for group in at if not held[group]]
    gone: set[Edge] = set()
    while free:
        for edge in at.get(free.pop(), ()):
            gone.add(edge)
            other = edge[:2][1 - end]
            held[other] -= 1
            if not held[other]:
                free.append(other)
    return {*edges} - gone
