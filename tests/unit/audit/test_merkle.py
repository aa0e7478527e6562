"""Proofs are those of RFC 9162, and nothing else verifies."""

import base64
import json
from functools import cache
from hashlib import sha256
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from placement.audit.merkle import (
    EMPTY_ROOT,
    Frontier,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    root,
    verify_consistency,
    verify_inclusion,
)
from placement.errors import TamperedError

VECTORS = json.loads(
    (Path(__file__).parents[2] / "vectors" / "merkle.json").read_text("utf-8")
)
REFERENCE = tuple(
    bytes.fromhex(content)
    for content in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
)
SWEEP = 130
LEAVES = tuple(number.to_bytes(2) for number in range(2000))
NOWHERE = sha256(b"nowhere").digest()


# The recursive definitions of RFC 9162, section 2.1, word for word, over lists.
# Remembering is all that was added.


def largest_power_below(n):
    k = 1
    while 2 * k < n:
        k *= 2
    return k


@cache
def mth(d):
    if len(d) == 0:
        return sha256(b"").digest()
    if len(d) == 1:
        return sha256(b"\x00" + d[0]).digest()
    k = largest_power_below(len(d))
    return sha256(b"\x01" + mth(d[:k]) + mth(d[k:])).digest()


def path(m, d):
    if len(d) == 1:
        return []
    k = largest_power_below(len(d))
    if m < k:
        return [*path(m, d[:k]), mth(d[k:])]
    return [*path(m - k, d[k:]), mth(d[:k])]


def proof(m, d):
    return subproof(m, d, b=True)


def subproof(m, d, *, b):
    if m == len(d):
        return [] if b else [mth(d)]
    k = largest_power_below(len(d))
    if m <= k:
        return [*subproof(m, d[:k], b=b), mth(d[k:])]
    return [*subproof(m - k, d[k:], b=False), mth(d[:k])]


def sides_of(m, n):
    """Tell, from the leaf up, on which side each element of PATH stands."""
    if n == 1:
        return ""
    k = largest_power_below(n)
    return sides_of(m, k) + "R" if m < k else sides_of(m - k, n - k) + "L"


def shape_of(m, n, *, b=True):
    """Tell the same of PROOF, and whether the earlier root begins it."""
    if m == n:
        return "old " if b else "sent "
    k = largest_power_below(n)
    if m <= k:
        return shape_of(m, k, b=b) + "R"
    return shape_of(m - k, n - k, b=False) + "L"


# What stands between the code and the definitions.


class Kept:
    """The complete subtrees of a list of leaves, and how often one was asked for."""

    def __init__(self, leaves):
        self.leaves = leaves
        self.asked = 0
        self.known = {}

    def __call__(self, level, index):
        self.asked += 1
        start, end = index << level, (index + 1) << level
        assert 0 <= start < end <= len(self.leaves)
        if (level, index) not in self.known:
            self.known[level, index] = mth(self.leaves[start:end])
        return self.known[level, index]


def verifies(verify, *arguments):
    """Tell whether a verification goes through; it returns nothing, ever."""
    try:
        assert verify(*arguments) is None
    except TamperedError:
        return False
    return True


def flips(content):
    """Give every byte string that differs in one bit."""
    for place in range(8 * len(content)):
        flipped = bytearray(content)
        flipped[place // 8] ^= 1 << place % 8
        yield bytes(flipped)


def damaged(hashes):
    """Give every other proof of the same length, longer or shorter by one, or bent."""
    hashes = list(hashes)
    for place, found in enumerate(hashes):
        for flipped in flips(found):
            yield [*hashes[:place], flipped, *hashes[place + 1 :]]
        yield [*hashes[:place], *hashes[place + 1 :]]
        yield [*hashes[:place], found[:-1], *hashes[place + 1 :]]
        yield [*hashes[:place], found + b"\0", *hashes[place + 1 :]]
    for place, extra in product(range(len(hashes) + 1), (NOWHERE, EMPTY_ROOT)):
        yield [*hashes[:place], extra, *hashes[place:]]


def edge_of(leaves):
    edge = Frontier()
    for content in leaves:
        edge = edge.append(leaf_hash(content))
    return edge


def unbase64(texts):
    return [base64.b64decode(text) for text in texts or ()]


# The published vectors.


def named(kind):
    return [pytest.param(vector, id=vector["name"]) for vector in VECTORS[kind]]


def inclusion_of(vector):
    leaf, top = unbase64([vector["leafHash"], vector["root"]])
    sent = unbase64(vector["proof"])
    return leaf, vector["leafIdx"], vector["treeSize"], sent, top


def consistency_of(vector):
    old_root, new_root = unbase64([vector["root1"], vector["root2"]])
    sent = unbase64(vector["proof"])
    return vector["size1"], vector["size2"], old_root, new_root, sent


@pytest.mark.parametrize("vector", named("inclusion"))
def test_published_inclusion_proofs(vector):
    """Each verifies, or is refused, as published."""
    assert verifies(verify_inclusion, *inclusion_of(vector)) is not vector["wantErr"]


@pytest.mark.parametrize("vector", named("consistency"))
def test_published_consistency_proofs(vector):
    """Each verifies, or is refused, as published."""
    got = verifies(verify_consistency, *consistency_of(vector))

    assert got is not vector["wantErr"]


def test_every_vector_is_there():
    """A lost vector would pass unnoticed."""
    counts = {
        kind: (len(VECTORS[kind]), sum(not v["wantErr"] for v in VECTORS[kind]))
        for kind in ("inclusion", "consistency")
    }

    assert counts == {"inclusion": (49, 3), "consistency": (49, 4)}


def test_the_good_vectors_are_what_we_make():
    """Same leaves, same proofs, same roots."""
    for vector in VECTORS["inclusion"]:
        if not vector["wantErr"]:
            leaf, index, size, sent, top = inclusion_of(vector)
            kept = Kept(REFERENCE[:size])

            assert leaf_hash(REFERENCE[index]) == leaf
            assert list(inclusion_proof(index, size, kept)) == sent
            assert root(size, kept) == top
    for vector in VECTORS["consistency"]:
        if not vector["wantErr"]:
            old, new, old_root, new_root, sent = consistency_of(vector)
            kept = Kept(REFERENCE[:new])

            assert list(consistency_proof(old, new, kept)) == sent
            assert (root(old, kept), root(new, kept)) == (old_root, new_root)


# The definitions.


def test_hashes_are_as_written():
    """A leaf has 00 in front, a node 01, no leaves nothing."""
    assert sha256().digest() == EMPTY_ROOT
    assert leaf_hash(b"x") == sha256(b"\x00x").digest()
    assert node_hash(b"l", b"r") == sha256(b"\x01lr").digest()


def test_every_small_tree():
    """All sizes, all leaves, all earlier sizes: proofs and roots are the RFC's."""
    roots = [mth(LEAVES[:size]) for size in range(SWEEP + 1)]
    for size in range(SWEEP + 1):
        leaves = LEAVES[:size]
        kept = Kept(leaves)

        assert root(size, kept) == roots[size]
        for index in range(size):
            sent = inclusion_proof(index, size, kept)

            assert list(sent) == path(index, leaves)
            verify_inclusion(leaf_hash(leaves[index]), index, size, sent, roots[size])
        for old in range(1, size + 1):
            sent = consistency_proof(old, size, kept)

            assert list(sent) == proof(old, leaves)
            verify_consistency(old, size, roots[old], roots[size], sent)


@settings(deadline=None, max_examples=60)
@given(st.integers(1, len(LEAVES)), st.data())
def test_trees_of_any_size(size, data):
    """The same beyond the sweep, with few questions to whoever keeps the hashes."""
    index = data.draw(st.integers(0, size - 1))
    old = data.draw(st.integers(1, size))
    leaves = LEAVES[:size]
    kept = Kept(leaves)
    included = inclusion_proof(index, size, kept)
    consistent = consistency_proof(old, size, kept)

    assert list(included) == path(index, leaves)
    assert list(consistent) == proof(old, leaves)
    assert root(size, kept) == edge_of(leaves).root() == mth(leaves)
    assert kept.asked <= 5 * size.bit_length()
    verify_inclusion(leaf_hash(leaves[index]), index, size, included, mth(leaves))
    verify_consistency(old, size, mth(leaves[:old]), mth(leaves), consistent)


def test_the_beginning_of_a_tree_needs_no_later_leaf():
    """Proofs for a smaller size come from the hashes of a larger log."""
    kept = Kept(LEAVES[:100])

    assert root(37, kept) == mth(LEAVES[:37])
    assert list(inclusion_proof(36, 37, kept)) == path(36, LEAVES[:37])
    assert list(consistency_proof(21, 37, kept)) == proof(21, LEAVES[:37])


# The right edge.


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


# What must not verify.


def test_every_damaged_inclusion_proof_is_refused():
    """A bit anywhere, a hash lost, put in, cut or lengthened."""
    for size in range(1, 10):
        top = mth(LEAVES[:size])
        for index in range(size):
            leaf = leaf_hash(LEAVES[index])
            sent = path(index, LEAVES[:size])
            bad = [(leaf, index, size, other, top) for other in damaged(sent)]
            bad += [(other, index, size, sent, top) for other in flips(leaf)]
            bad += [(leaf, index, size, sent, other) for other in flips(top)]
            bad += [(leaf, index, size, sent, other) for other in (b"", top + b"\0")]
            bad += [(other, index, size, sent, top) for other in (b"", leaf[1:])]

            assert verifies(verify_inclusion, leaf, index, size, sent, top)
            assert not any(verifies(verify_inclusion, *case) for case in bad)


def test_every_damaged_consistency_proof_is_refused():
    """A bit anywhere, a hash lost, put in, cut or lengthened."""
    for new in range(1, 10):
        new_root = mth(LEAVES[:new])
        for old in range(1, new + 1):
            old_root = mth(LEAVES[:old])
            sent = proof(old, LEAVES[:new])
            bad = [(old, new, old_root, new_root, other) for other in damaged(sent)]
            bad += [(old, new, other, new_root, sent) for other in flips(old_root)]
            bad += [(old, new, old_root, other, sent) for other in flips(new_root)]
            bad += [(old, new, old_root[1:], new_root, sent)]
            bad += [(old, new, old_root, new_root + b"\0", sent)]

            assert verifies(verify_consistency, old, new, old_root, new_root, sent)
            assert not any(verifies(verify_consistency, *case) for case in bad)


def test_numbers_that_change_the_way_are_refused():
    """A proof holds for another place and size only where the way up is the same.

    A proof can't tell such trees apart: signing size and root together does. In one
    tree no two leaves share their way, so there another index never verifies.
    """
    places = [(index, size) for size in range(1, 18) for index in range(size)]
    for index, size in places:
        leaf, top = leaf_hash(LEAVES[index]), mth(LEAVES[:size])
        sent = path(index, LEAVES[:size])
        for place, other in places:
            same = sides_of(place, other) == sides_of(index, size)

            assert same is verifies(verify_inclusion, leaf, place, other, sent, top)
            assert not same or size != other or place == index


def test_sizes_that_change_the_way_are_refused():
    """The same for consistency: with the later size given, the earlier is bound."""
    pairs = [(old, new) for new in range(2, 18) for old in range(1, new)]
    for old, new in pairs:
        roots = mth(LEAVES[:old]), mth(LEAVES[:new])
        sent = proof(old, LEAVES[:new])
        for other_old, other_new in pairs:
            same = shape_of(other_old, other_new) == shape_of(old, new)
            got = verifies(verify_consistency, other_old, other_new, *roots, sent)

            assert same is got
            assert not same or new != other_new or old == other_old


@pytest.mark.parametrize(
    ("index", "size"), [(0, 0), (1, 1), (2, 1), (-1, 1), (-1, 0), (0, -1), (-2, -1)]
)
def test_no_leaf_stands_outside_its_tree(index, size):
    """Neither proven nor verified, whatever the hashes say."""
    assert not verifies(verify_inclusion, NOWHERE, index, size, [], NOWHERE)
    with pytest.raises(ValueError, match="no such leaf"):
        inclusion_proof(index, size, Kept(LEAVES[:2]))


@pytest.mark.parametrize(("old", "new"), [(2, 1), (1, 0), (-1, 1), (-1, -1), (0, -1)])
def test_no_tree_shrinks(old, new):
    """Neither proven nor verified, whatever the hashes say."""
    assert not verifies(verify_consistency, old, new, NOWHERE, NOWHERE, [])
    with pytest.raises(ValueError, match="no tree begins"):
        consistency_proof(old, new, Kept(LEAVES[:2]))


def test_no_tree_has_a_negative_size():
    """A root is asked for from 0 leaves on."""
    with pytest.raises(ValueError, match="negative"):
        root(-1, Kept(()))


def test_equal_sizes_have_equal_roots_and_no_proof():
    """There is nothing to prove, and nothing is taken for a proof."""
    top = mth(LEAVES[:3])

    assert consistency_proof(3, 3, Kept(LEAVES[:3])) == ()
    assert verifies(verify_consistency, 3, 3, top, top, [])
    assert not verifies(verify_consistency, 3, 3, top, NOWHERE, [])
    assert not verifies(verify_consistency, 3, 3, top, top, [top])


def test_the_empty_tree_proves_nothing():
    """It equals itself alone; a proof from it to another tree is refused."""
    assert consistency_proof(0, 3, Kept(LEAVES[:3])) == ()
    assert verifies(verify_consistency, 0, 0, EMPTY_ROOT, EMPTY_ROOT, [])
    assert not verifies(verify_consistency, 0, 0, NOWHERE, NOWHERE, [])
    assert not verifies(verify_consistency, 0, 0, EMPTY_ROOT, EMPTY_ROOT, [NOWHERE])
    for sent in ([], [mth(LEAVES[:3])]):
        assert not verifies(verify_consistency, 0, 3, EMPTY_ROOT, mth(LEAVES[:3]), sent)


def test_a_hash_lends_no_bytes_to_its_neighbour():
    """What is hashed together stays the same, but is no leaf beside a sibling."""
    leaf, other = leaf_hash(b"a"), leaf_hash(b"b")
    top = node_hash(leaf, other)

    assert verifies(verify_inclusion, leaf, 0, 2, [other], top)
    for cut in (0, 31):
        shifted = [leaf[cut:] + other]
        assert node_hash(leaf[:cut], *shifted) == top
        assert not verifies(verify_inclusion, leaf[:cut], 0, 2, shifted, top)
        assert not verifies(verify_consistency, 1, 2, leaf[:cut], top, shifted)


@pytest.mark.parametrize("top", [b"", NOWHERE[1:], NOWHERE + b"\0"])
def test_no_tree_has_such_a_root(top):
    """Not even where two of them only need to be equal."""
    assert not verifies(verify_consistency, 3, 3, top, top, [])
    assert not verifies(verify_inclusion, top, 0, 1, [], top)


def test_a_leaf_is_no_node():
    """Two leaves' hashes joined are no leaf's content."""
    left, right = leaf_hash(b"a"), leaf_hash(b"b")

    assert leaf_hash(left + right) != node_hash(left, right)
