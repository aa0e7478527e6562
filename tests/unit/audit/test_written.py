"""An entry says which events it wrote, in one hash over all of them."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from placement.audit.written import FIRST, Written
from placement.errors import TamperedError

EVENTS = st.lists(st.binary(max_size=5), max_size=5)


def test_the_bytes_are_what_the_drawing_says():
    """By hand: the hash of each event, behind a byte that tells the form."""
    hashes = [sha256(each).digest() for each in (b"a", b"", b"bc")]
    digest = sha256(b"\x02" + b"".join(hashes)).digest()
    written = Written.of(258, [b"a", b"", b"bc"])

    assert written == Written.over(258, hashes) == Written(258, 3, digest)
    assert written.render() == (
        b"\0\0\0\0\0\0\x01\x02" + b"\0\0\0\x03" + digest + b"\x02"
    )


def test_entries_from_before_say_it_otherwise():
    """Each event stands behind its length, and no byte at the end tells the form."""
    digest = sha256(b"\0\0\0\x01a" + b"\0\0\0\0" + b"\0\0\0\x02bc").digest()
    written = Written.before(258, [b"a", b"", b"bc"])

    assert written == Written(258, 3, digest, FIRST)
    assert written.render() == b"\0\0\0\0\0\0\x01\x02" + b"\0\0\0\x03" + digest
    assert Written.parse(written.render()) == written


def test_nothing_written_leaves_nothing():
    """A reading has no events, and no bytes that could say otherwise."""
    assert Written.of(7, []).render() == b""
    assert Written.parse(b"") is None


@given(st.integers(0, 2**64 - 1), EVENTS.filter(bool))
def test_what_is_read_is_what_was_written(first, events):
    """An iterator does as well as a list."""
    written = Written.of(first, iter(events))

    assert Written.parse(written.render()) == written
    assert written.count == len(events)


@given(EVENTS, EVENTS, st.integers(1, 9), st.integers(1, 9))
def test_no_other_events_have_these_bytes(one, other, first, second):
    """Not in another order, cut elsewhere, or from another revision on."""
    same = one == other and (first == second or not one)
    rendered = Written.of(first, one).render(), Written.of(second, other).render()

    assert (rendered[0] == rendered[1]) is same


@pytest.mark.parametrize("size", [1, 32, 43, 45, 46, 88])
def test_another_length_is_refused(size):
    """Neither a part nor two of them."""
    with pytest.raises(TamperedError):
        Written.parse(b"\x01" * size)


def test_some_events_are_at_least_one():
    """Nothing written has one form, and this is not it."""
    with pytest.raises(TamperedError):
        Written.parse(bytes(8) + bytes(4) + bytes(32))
