"""Data keys: each opens what it sealed, and unwraps under its own name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from placement.crypto.datakeys import WRAPPED_SIZE, Wrapping, opened, sealed
from placement.errors import TamperedError

SECRET = bytes(range(32))
BYTES = st.binary(max_size=80)


@given(content=BYTES, name=BYTES, where=BYTES)
def test_what_is_sealed_opens(content, name, where):
    """Under the key, unwrapped again, and its context."""
    key, wrapped = Wrapping(SECRET, b"owner").make(name)
    again = Wrapping(SECRET, b"owner").open(wrapped, name)

    assert again == key
    assert len(wrapped) == WRAPPED_SIZE == 60
    assert opened(again, sealed(key, content, where), where) == content


@given(content=BYTES, data=st.data())
def test_every_bit_counts(content, data):
    """Of what is sealed, and of a wrapped key."""
    wrapping = Wrapping(SECRET, b"owner")
    key, wrapped = wrapping.make(b"name")
    for blob, reads in (
        (sealed(key, content, b""), lambda blob: opened(key, blob, b"")),
        (wrapped, lambda blob: wrapping.open(blob, b"name")),
    ):
        bit = data.draw(st.integers(0, 8 * len(blob) - 1))
        turned = bytearray(blob)
        turned[bit // 8] ^= 1 << bit % 8
        with pytest.raises(TamperedError):
            reads(bytes(turned))


@pytest.mark.parametrize(
    ("secret", "owner", "name"),
    [
        (bytes(32), b"owner", b"name"),
        (SECRET, b"other", b"name"),
        (SECRET, b"owner", b"other"),
    ],
)
def test_a_wrapped_key_is_of_one_secret_store_and_name(secret, owner, name):
    """It opens under no other."""
    _, wrapped = Wrapping(SECRET, b"owner").make(b"name")
    with pytest.raises(TamperedError):
        Wrapping(secret, owner).open(wrapped, name)


def test_what_is_sealed_is_of_one_key_and_place():
    """No two seals of one content are the same."""
    wrapping = Wrapping(SECRET, b"owner")
    key, _ = wrapping.make(b"name")
    other, _ = wrapping.make(b"name")
    blob = sealed(key, b"content", b"here")
    for with_, place in ((other, b"here"), (key, b"there")):
        with pytest.raises(TamperedError):
            opened(with_, blob, place)

    assert sealed(key, b"content", b"here") != blob


@pytest.mark.parametrize("size", [0, 12, 27])
def test_what_is_cut_is_refused(size):
    """Before anything is opened."""
    key, _ = Wrapping(SECRET, b"").make(b"")
    with pytest.raises(TamperedError):
        opened(key, bytes(size), b"")
    with pytest.raises(TamperedError):
        Wrapping(SECRET, b"").open(bytes(size), b"")


def test_a_name_of_nothing_is_known_by_the_secret_alone():
    """Under another secret it is a name like any other."""
    one, other = Wrapping(bytes(32), b"owner"), Wrapping(bytes([1]) * 32, b"owner")
    name = one.idle_name()

    assert (one.is_idle(name), other.is_idle(name)) == (True, False)
    assert len(name) == 16
    assert name != one.idle_name()
    assert not one.is_idle(bytes(16))
