"""The head says where everything ends, in one form of bytes."""

from dataclasses import fields, replace
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from placement.audit.merkle import Frontier, leaf_hash
from placement.errors import TamperedError
from placement.store.chain import End
from placement.store.head import Head, with_note

NUMBER = st.integers(0, 2**63 - 1)


@st.composite
def heads(draw):
    """Draw a head, with the edge that its number of leaves has."""
    leaves = draw(NUMBER)
    edge = [
        draw(st.binary(min_size=32, max_size=32)) for _ in range(leaves.bit_count())
    ]
    return Head(
        revision=draw(NUMBER),
        tag=draw(st.binary(min_size=16, max_size=16)),
        leaves=leaves,
        leaf_tag=draw(st.binary(min_size=16, max_size=16)),
        edge=tuple(edge),
        at=draw(NUMBER),
        published=draw(NUMBER),
        notes=draw(st.binary(min_size=32, max_size=32)),
    )


def test_the_bytes_are_what_the_drawing_says():
    """By hand, so that nobody changes the form unnoticed."""
    head = Head(7, b"t" * 16, 3, b"l" * 16, (b"a" * 32, b"b" * 32), 258, 2, b"n" * 32)

    assert head.content() == b"".join(
        [
            b"t" * 16,
            b"l" * 16,
            b"\0\0\0\0\0\0\x01\x02",
            b"\0\0\0\0\0\0\0\x02",
            b"n" * 32,
            b"a" * 32,
            b"b" * 32,
        ]
    )


@given(heads())
def test_a_head_survives_its_bytes(head):
    """Revision and number of leaves stand beside them."""
    assert Head.of(head.revision, head.leaves, head.content()) == head


@given(heads(), st.data())
def test_a_head_of_another_length_is_refused(head, data):
    """Nothing is missing, nothing is left over, and the leaves have that edge."""
    content = head.content()
    cut = data.draw(st.integers(0, len(content) - 1))
    other = data.draw(NUMBER.filter(lambda n: n.bit_count() != head.leaves.bit_count()))
    for leaves, spoilt in (
        (head.leaves, content[:cut]),
        (head.leaves, content + bytes(1)),
        (head.leaves, content + bytes(32)),
        (other, content),
    ):
        with pytest.raises(TamperedError):
            Head.of(head.revision, leaves, spoilt)


@given(heads(), heads())
def test_two_heads_never_share_their_bytes(one, other):
    """Every field is in them, or beside them."""
    content = [(each.revision, each.leaves, each.content()) for each in (one, other)]

    assert (content[0] == content[1]) is (one == other)


@pytest.mark.parametrize("name", [field.name for field in fields(Head)])
def test_every_field_is_kept(name):
    """None of them is lost on the way, whichever differs."""
    head = Head(7, b"t" * 16, 1, b"l" * 16, (b"a" * 32,), 258, 2, b"n" * 32)
    value = getattr(head, name)
    other = {bytes: lambda: bytes(len(value)), tuple: lambda: (bytes(32),)}
    changed = replace(head, **{name: other.get(type(value), lambda: value + 1)()})
    if name == "leaves":
        changed = replace(changed, edge=(b"a" * 32,))

    assert Head.of(changed.revision, changed.leaves, changed.content()) == changed
    assert changed != head


def test_before_everything_there_is_nothing():
    """No record, no leaf, no checkpoint; both chains begin at their first number."""
    head = Head.GENESIS

    assert (head.last_event, head.last_leaf) == (End(0, bytes(16)), End(-1, bytes(16)))
    assert head.tree == Frontier()
    assert (head.at, head.published, head.notes) == (0, 0, bytes(32))
    assert Head.of(0, 0, head.content()) == head


def test_a_head_knows_where_chains_and_tree_end():
    """All that appending needs."""
    tree = Frontier().extend([leaf_hash(b"a"), leaf_hash(b"b"), leaf_hash(b"c")])
    head = Head(7, b"t" * 16, 3, b"l" * 16, tree.hashes)

    assert head.last_event == End(7, b"t" * 16)
    assert head.last_leaf == End(2, b"l" * 16)
    assert head.tree == tree


def test_the_checkpoints_are_one_hash():
    """In their order, each of them whole."""
    first = sha256(bytes(32) + sha256(b"one").digest()).digest()
    second = sha256(first + sha256(b"two").digest()).digest()

    assert with_note(with_note(bytes(32), b"one"), b"two") == second
    assert with_note(with_note(bytes(32), b"two"), b"one") != second
