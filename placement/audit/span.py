"""A contiguous part of a log's leaves, and what joins it to the root of them all.

Whoever takes a part of the log along takes the hashes of what stands before and behind
it, and needs nothing else to see that every leaf of the part stands where it should.

Invariants:
    * a part of a tree has exactly one span, and ``verify`` refuses every other;
    * leaves come one after another and none is kept, so a span may be of any length.

In a tree of 11 leaves, the part from 3 up to 6::

    before    |   0-1   | 2 |              complete subtrees, the largest first
    leaves                    3 | 4 | 5
    after                                6-7 (level 1) | 8-9 (level 1) | 10 (level 0)

>>> from placement.audit.merkle import Frontier, leaf_hash, node_hash
>>> a, b, c = (leaf_hash(each) for each in (b"a", b"b", b"c"))
>>> hashes = {(0, 0): a, (0, 2): c}
>>> span = make(1, 1, 3, lambda level, index: hashes[level, index])
>>> (span.before, span.after) == ((a,), ((0, c),))
True
>>> verify(span, [b], 3, Frontier().extend([a, b, c]).root())
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from placement.audit.merkle import Frontier, Subtrees
from placement.errors import TamperedError

After = tuple[tuple[int, bytes], ...]
"""Level and hash of each complete subtree behind a part, in order."""


@dataclass(frozen=True, slots=True)
class Span:
    """What joins a part of the leaves to the root.

    Attributes:
        first: index of its first leaf.
        before: hashes of the complete subtrees before it, the largest first.
        count: how many leaves it has.
        after: the complete subtrees from its end to the end of the tree.
    """

    first: int
    before: tuple[bytes, ...]
    count: int
    after: After


def make(first: int, count: int, size: int, subtree: Subtrees) -> Span:
    """Make the span of a part.

    Args:
        first: index of its first leaf.
        count: how many leaves it has.
        size: of the tree.
        subtree: the hashes, for complete subtrees within ``size`` only.

    Raises:
        ValueError: the tree has no such part.
    """
    end = first + count
    return Span(first, before(first, subtree), count, after(end, size, subtree))


def before(first: int, subtree: Subtrees) -> tuple[bytes, ...]:
    """Return the hashes of the complete subtrees before a leaf, the largest first.

    Raises:
        ValueError: the index is negative.
    """
    return tuple(subtree(*place) for place in _cover(0, first))


def after(end: int, size: int, subtree: Subtrees) -> After:
    """Return the complete subtrees from a leaf on to the end of a tree, in order.

    Raises:
        ValueError: the tree ends before that leaf.
    """
    return tuple((place[0], subtree(*place)) for place in _cover(end, size))


def verify(span: Span, leaves: Iterable[bytes], size: int, root: bytes) -> None:
    """Verify that leaves stand where a span says, in the tree with this root.

    Args:
        span: from whoever handed over the leaves.
        leaves: their hashes, in order.
        size: of the tree, signed together with ``root``.
        root: of the tree.

    Raises:
        TamperedError: they do not stand there, or the span has another form.
    """
    edge = follow(span.first, span.before, span.count, leaves)
    close(edge, span.after, size, root)


def follow(
    first: int, before: Sequence[bytes], count: int, leaves: Iterable[bytes]
) -> Frontier:
    """Return the right edge behind a part, which nothing has verified yet.

    For whoever gets to know what stands behind a part only after its leaves.

    Args:
        first: index of the first leaf.
        before: hashes of the complete subtrees before it, the largest first.
        count: how many leaves there should be.
        leaves: their hashes, in order.

    Raises:
        TamperedError: there are fewer leaves or more, or no tree begins like this.
    """
    edge = Frontier(first, tuple(before)).extend(leaves)
    if edge.size != first + count:
        raise TamperedError
    return edge


def close(edge: Frontier, after: After, size: int, root: bytes) -> None:
    """Verify that an edge, with what stands behind it, leads to a root.

    Args:
        edge: from ``follow``.
        after: the complete subtrees behind it, in order.
        size: of the tree, signed together with ``root``.
        root: of the tree.

    Raises:
        TamperedError: it does not, or the same leaves are told in another form.
    """
    # Two halves in the place of their node would lead to the root as well.
    if edge.size > size or [level for level, _ in after] != [
        level for level, _ in _cover(edge.size, size)
    ]:
        raise TamperedError
    for level, found in after:
        edge = edge.extend([found], level=level)
    if edge.root() != root:
        raise TamperedError


def _cover(start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield level and index of the fewest subtrees over some leaves, in order.

    Raises:
        ValueError: there are no such leaves.
    """
    if not 0 <= start <= end:
        raise ValueError("no leaves stand there")
    while start < end:
        level = (end - start).bit_length() - 1
        if start:
            level = min(level, (start & -start).bit_length() - 1)
        yield level, start >> level
        start += 1 << level
