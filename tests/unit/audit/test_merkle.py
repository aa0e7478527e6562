"""Proofs and roots are those of RFC 9162, and those that are published."""

import base64
import json
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kit.rfc9162 import LEAVES, SWEEP, Kept, edge_of, mth, path, proof, verifies

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
