"""What is sealed to a public key opens with its private half alone."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from placement.crypto.exchange import KEY_SIZE, ExchangeKey, seal
from placement.errors import TamperedError

KEY, OTHER = ExchangeKey(b"1" * KEY_SIZE), ExchangeKey(b"2" * KEY_SIZE)
CONTENT, INFO = b"c" * 32, b"for this alone"
SEALED = seal(KEY.public, CONTENT, info=INFO)


def test_it_opens():
    """Forty-eight bytes longer, and never twice the same."""
    assert KEY.open(SEALED, info=INFO) == CONTENT
    assert len(SEALED) == len(CONTENT) + 48
    assert seal(KEY.public, CONTENT, info=INFO) != SEALED


@pytest.mark.parametrize(
    ("key", "info"), [(OTHER, INFO), (KEY, b""), (KEY, INFO + b"!")]
)
def test_it_opens_for_nobody_and_nothing_else(key, info):
    """Neither with another key nor under another name."""
    with pytest.raises(TamperedError):
        key.open(SEALED, info=info)


@settings(max_examples=50)
@given(st.integers(0, 8 * len(SEALED) - 1))
def test_whatever_is_altered_is_refused(bit):
    """Any bit, of the sender's key and of the content."""
    altered = bytearray(SEALED)
    altered[bit // 8] ^= 1 << bit % 8
    with pytest.raises(TamperedError):
        KEY.open(bytes(altered), info=INFO)


@pytest.mark.parametrize("size", [0, 1, 31, 32, 47, len(SEALED) - 1])
def test_whatever_is_cut_is_refused(size):
    """At any length."""
    with pytest.raises(TamperedError):
        KEY.open(SEALED[:size], info=INFO)


@pytest.mark.parametrize("public", [b"", bytes(31), bytes(32)])
def test_nothing_is_sealed_to_no_key(public):
    """Of another length, or a point that gives everybody the same secret."""
    with pytest.raises(TamperedError):
        seal(public, CONTENT, info=INFO)


def test_a_key_shows_nothing_of_itself():
    """Its type only."""
    assert repr(KEY) == "ExchangeKey()"
    assert KEY.public != OTHER.public
