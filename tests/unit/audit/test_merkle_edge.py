"""The right edge grows as the tree does, leaf by leaf or by whole subtrees."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kit.rfc9162 import LEAVES, NOWHERE, SWEEP, edge_of, mth

from placement.audit.merkle import Frontier, leaf_hash
from placement.errors import TamperedError


def test_the_edge_grows_as_the_tree_does():
    """At every size its root is the tree's, and it can be written and read again."""
    edge = Frontier()
    for size in range(SWEEP + 1):
        assert edge.size == size
        assert edge.root() == mth(LEAVES[:size])
        assert len(edge.hashes) == size.bit_count()
        assert Frontier(edge.size, edge.hashes) == edge
        edge = edge.append(leaf_hash(LEAVES[size]))


def test_an_edge_never_changes():
    """Appending gives another one."""
    edge = edge_of(LEAVES[:7])
    before = edge.root()
    edge.append(NOWHERE)

    assert (edge.size, edge.root()) == (7, before)


@pytest.mark.parametrize(
    ("size", "hashes"),
    [
        (0, (NOWHERE,)),
        (1, ()),
        (2, (NOWHERE, NOWHERE)),
        (3, (NOWHERE,)),
        (-1, (NOWHERE,)),
        (1, (NOWHERE[:-1],)),
        (1, (NOWHERE + b"\0",)),
        (3, (NOWHERE, b"")),
    ],
)
def test_no_tree_has_such_an_edge(size, hashes):
    """One hash for each bit of the size, of 32 bytes each."""
    with pytest.raises(TamperedError):
        Frontier(size, hashes)


@pytest.mark.parametrize("leaf", [b"", NOWHERE[:-1], NOWHERE + b"\0"])
def test_no_leaf_has_such_a_hash(leaf):
    """A hash of another length does not even reach a node."""
    for edge in (Frontier(), edge_of(LEAVES[:1])):
        with pytest.raises(TamperedError):
            edge.append(leaf)
        with pytest.raises(TamperedError):
            edge.extend([NOWHERE, leaf])


def hashes_of(leaves):
    return [leaf_hash(content) for content in leaves]


@given(st.lists(st.integers(0, 70), max_size=6))
def test_the_edge_grows_by_any_number_at_once(steps):
    """However the leaves are cut, the edge is the same, none included."""
    edge, size = Frontier(), 0
    for step in steps:
        edge = edge.extend(hashes_of(LEAVES[size : size + step]))
        size += step

    assert edge == edge_of(LEAVES[:size])
    assert edge.root() == mth(LEAVES[:size])


def test_whoever_grows_an_edge_is_told_of_each_subtree_once():
    """Level, index and hash of every complete one, children before their parents."""
    for cut in (0, 1, 5, 64, SWEEP):
        told = []

        def complete(*subtree, told=told):
            told.append(subtree)

        edge = Frontier().extend(hashes_of(LEAVES[:cut]), complete=complete)
        edge.extend(hashes_of(LEAVES[cut:SWEEP]), complete=complete)
        places = [place[:2] for place in told]
        expected = {
            (level, index): mth(LEAVES[index << level : (index + 1) << level])
            for level in range(1, SWEEP.bit_length())
            for index in range(SWEEP >> level)
        }

        assert len(set(places)) == len(places)
        assert {place[:2]: place[2] for place in told} == expected
        assert places == sorted(places, key=lambda at: ((at[1] + 1) << at[0], at[0]))


def test_an_edge_grows_by_whole_subtrees():
    """Over the same leaves it comes to the same edge, and tells of the same above."""
    for level, count in product(range(5), range(7)):
        leaves = LEAVES[: count << level]
        subtrees = [
            mth(leaves[start : start + (1 << level)])
            for start in range(0, len(leaves), 1 << level)
        ]
        told, by_leaves = [], []
        edge = Frontier().extend(
            subtrees, level=level, complete=lambda *one, told=told: told.append(one)
        )
        Frontier().extend(
            hashes_of(leaves),
            complete=lambda *one, told=by_leaves: told.append(one),
        )

        assert edge == edge_of(leaves)
        assert told == [one for one in by_leaves if one[0] > level]


def test_a_subtree_begins_where_its_size_divides():
    """In between it would stand over other leaves than it was made of."""
    for size, level in product(range(17), range(5)):
        edge = edge_of(LEAVES[:size])
        if size % (1 << level):
            for hashes in ([], [NOWHERE]):
                with pytest.raises(TamperedError):
                    edge.extend(hashes, level=level)
        else:
            grown = edge.extend([NOWHERE], level=level)

            assert grown.size == size + (1 << level)


def test_an_edge_that_is_grown_stays():
    """Extending gives another one."""
    edge = edge_of(LEAVES[:7])
    before = edge.root()
    edge.extend([NOWHERE] * 9)

    assert (edge.size, edge.root()) == (7, before)
