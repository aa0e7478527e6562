"""A part of a log leads to its root, and no other part does."""

from dataclasses import replace
from functools import cache
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kit.often import often

from placement.audit.merkle import EMPTY_ROOT, leaf_hash, node_hash
from placement.audit.span import Span, after, before, close, follow, make, verify
from placement.errors import TamperedError

MOST = 300
LEAVES = tuple(leaf_hash(number.to_bytes(2)) for number in range(MOST))
NOWHERE = sha256(b"nowhere").digest()


@cache
def subtree(level, index):
    """Return the hash over 2^level leaves, straight from the definition."""
    if not level:
        return LEAVES[index]
    return node_hash(subtree(level - 1, 2 * index), subtree(level - 1, 2 * index + 1))


@cache
def mth(start, end):
    """Return the root over some leaves, as RFC 9162, section 2.1.1 has it."""
    if start == end:
        return EMPTY_ROOT
    if end - start == 1:
        return LEAVES[start]
    k = 1
    while 2 * k < end - start:
        k *= 2
    return node_hash(mth(start, start + k), mth(start + k, end))


parts = st.tuples(
    *(st.integers(0, MOST) for _ in range(3)),
).map(sorted)


def refused(span, leaves, size, root):
    """Tell whether a part is refused."""
    try:
        verify(span, leaves, size, root)
    except TamperedError:
        return True
    return False


def flipped(content, place):
    """Return bytes with another bit at one place."""
    number = int.from_bytes(content) ^ 1 << place % (8 * len(content))
    return number.to_bytes(len(content))


def put(hashes, place, *others, instead):
    """Return hashes with others at a place, before or instead of what stands there."""
    return (*hashes[:place], *others, *hashes[place + instead :])


def damaged(hashes, place):
    """Give hashes with one of them changed, cut, dropped, swapped or doubled."""
    if not hashes:
        yield (NOWHERE,)
        return
    at = place % len(hashes)
    yield put(hashes, at, flipped(hashes[at], place), instead=1)
    yield put(hashes, at, hashes[at][1:], instead=1)
    yield put(hashes, at, instead=1)
    yield put(hashes, at, hashes[at], instead=0)
    yield put(hashes, at, NOWHERE, instead=0)
    if at + 1 < len(hashes):
        yield put(hashes, at, hashes[at + 1], hashes[at], instead=2)


def test_every_small_part_verifies():
    """All parts of all small trees, with the fewest hashes there can be."""
    for size in range(18):
        for first in range(size + 1):
            for end in range(first, size + 1):
                span = make(first, end - first, size, subtree)

                assert len(span.before) == first.bit_count()
                assert len(span.after) <= 2 * size.bit_length()
                verify(span, LEAVES[first:end], size, mth(0, size))


@often(100)
@given(parts, st.integers(0))
def test_only_the_part_itself_verifies(part, place):
    """A leaf or hash changed, cut, dropped, swapped or put in: refused."""
    first, end, size = part
    span = make(first, end - first, size, subtree)
    leaves, root = LEAVES[first:end], mth(0, size)
    levels = tuple(level for level, _ in span.after)
    bad = [(span, other) for other in damaged(leaves, place)]
    bad += [(replace(span, before=o), leaves) for o in damaged(span.before, place)]
    for other in damaged(tuple(each for _, each in span.after), place):
        padded = (*levels, 0)[: len(other)]
        bad.append(
            (replace(span, after=tuple(zip(padded, other, strict=False))), leaves)
        )
    bad += [(replace(span, first=first + by), leaves) for by in (-1, 1)]
    bad += [(replace(span, count=span.count + by), leaves) for by in (-1, 1)]

    verify(span, iter(leaves), size, root)
    assert all(refused(*case, size, root) for case in bad)
    assert refused(span, leaves, size, flipped(root, place))
    assert refused(span, leaves, size + 1, root)
    assert not size or refused(span, leaves, size - 1, root)


@settings(deadline=None)
@given(parts, st.integers(0), st.integers(-2, 70))
def test_another_level_is_refused(part, place, level):
    """A subtree counts for as many leaves as it has."""
    first, end, size = part
    span = make(first, end - first, size, subtree)
    if not span.after:
        return
    at = place % len(span.after)
    old, found = span.after[at]
    other = replace(span, after=put(span.after, at, (level, found), instead=1))

    assert (level == old) != refused(other, LEAVES[first:end], size, mth(0, size))


def test_two_halves_are_no_whole():
    """The same leaves in another form lead to the root, and are refused all the same."""
    span = make(0, 2, 4, subtree)
    halves = Span(0, (), 2, ((0, LEAVES[2]), (0, LEAVES[3])))

    verify(span, LEAVES[:2], 4, mth(0, 4))
    assert refused(halves, LEAVES[:2], 4, mth(0, 4))


def test_what_stands_behind_may_come_later():
    """The edge behind the leaves is followed by the rest."""
    edge = follow(3, before(3, subtree), 4, iter(LEAVES[3:7]))

    assert edge.size == 7
    close(edge, after(7, 11, subtree), 11, mth(0, 11))


@pytest.mark.parametrize(
    ("first", "count", "size"), [(-1, 1, 5), (0, -1, 5), (3, 3, 5)]
)
def test_no_tree_has_such_a_part(first, count, size):
    """A part begins and ends inside."""
    with pytest.raises(ValueError, match="no leaves"):
        make(first, count, size, subtree)
