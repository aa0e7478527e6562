"""Circles of factions: no group is part of itself, over whatever steps."""

from collections import Counter
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet

Edge = tuple[bytes, bytes]
"""A child and its parent."""


def circular(rows: Mapping[int, Edge], standing: Iterable[Edge]) -> list[int]:
    """Return the rows whose links lie on a circle, or between two.

    Groups that have no parent left, or no child, are taken away until none is left to
    take; what remains goes round.

    Example:
        >>> circular({1: (b"a", b"b"), 2: (b"b", b"a"), 3: (b"c", b"a")}, ())
        [1, 2]
    """
    left = {*rows.values(), *standing}
    for end in (0, 1):  # once from below, once from above
        left = _stripped(left, end)
    return [place for place, edge in rows.items() if edge in left]


def _stripped(edges: AbstractSet[Edge], end: int) -> set[Edge]:
    """Take away, again and again, whoever stands at one end of edges only."""
    at: dict[bytes, list[Edge]] = {}
    held: Counter[bytes] = Counter()
    for edge in edges:
        at.setdefault(edge[end], []).append(edge)
        held[edge[1 - end]] += 1
    free = [group for group in at if not held[group]]
    gone: set[Edge] = set()
    while free:
        for edge in at.get(free.pop(), ()):
            gone.add(edge)
            held[edge[1 - end]] -= 1
            if not held[edge[1 - end]]:
                free.append(edge[1 - end])
    return {*edges} - gone
