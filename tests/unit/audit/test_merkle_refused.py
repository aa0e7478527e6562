"""Nothing but a proof verifies."""

from itertools import product

import pytest
from kit.rfc9162 import (
    LEAVES,
    NOWHERE,
    Kept,
    mth,
    path,
    proof,
    shape_of,
    sides_of,
    verifies,
)

from placement.audit.merkle import (
    EMPTY_ROOT,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    root,
    verify_consistency,
    verify_inclusion,
)


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


@pytest.mark.slow
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
