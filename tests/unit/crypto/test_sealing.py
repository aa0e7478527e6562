"""Seals open in their own place, and nowhere else."""

import struct

import pytest
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV
from hypothesis import given
from hypothesis import strategies as st

from placement.crypto import sealing
from placement.crypto.sealing import Sealer, context, tag_of
from placement.errors import TamperedError, UnavailableError

KEY = bytes(range(32))
PLACE = context(b"here", 1)

parts = st.lists(
    st.binary(max_size=20) | st.integers(min_value=0, max_value=2**64 - 1), max_size=5
)


def forge(padded: bytes, version: int = 1) -> bytes:
    """Seal any plaintext, as a holder of the key with a grudge would."""
    nonce = bytes(12)
    return bytes([version]) + nonce + AESGCMSIV(KEY).encrypt(nonce, padded, PLACE)


@given(st.binary(max_size=2000))
def test_what_is_sealed_opens(payload):
    """Opening returns the payload."""
    sealer = Sealer(KEY)

    assert sealer.open(sealer.seal(payload, context=PLACE), context=PLACE) == payload


@pytest.mark.parametrize(
    ("length", "size"),
    [(0, 285), (1, 285), (252, 285), (253, 541), (508, 541), (509, 797)],
)
def test_only_the_rounded_size_shows(length, size):
    """A blob is 29 bytes longer than a multiple of 256."""
    assert len(Sealer(KEY).seal(bytes(length), context=PLACE)) == size


@pytest.mark.parametrize(
    ("length", "size"),
    [(0, 541), (508, 541), (509, 1053), (1020, 1053), (1021, 2077), (5000, 8221)],
)
def test_only_a_power_of_two_shows(length, size):
    """With a least size: whatever is no larger looks the same."""
    sealer = Sealer(KEY, 512)
    blob = sealer.seal(bytes(length), context=PLACE)

    assert len(blob) == size
    assert blob[0] == 2
    assert sealer.open(blob, context=PLACE) == bytes(length)


def test_what_was_sealed_by_steps_still_opens():
    """A store of before keeps its records."""
    blob = Sealer(KEY).seal(b"payload", context=PLACE)

    assert Sealer(KEY, 512).open(blob, context=PLACE) == b"payload"


@pytest.mark.parametrize("size", [256, 768, 1024])
def test_another_power_of_two_is_refused(size):
    """A payload has one form of this version, too."""
    padded = struct.pack(">I", 1) + b"x" + bytes(size - 5)

    with pytest.raises(TamperedError):
        Sealer(KEY, 512).open(forge(padded, version=2), context=PLACE)


def test_layout_is_as_drawn():
    """Version, nonce, ciphertext and tag stand where the comment says."""
    blob = Sealer(KEY).seal(b"payload", context=PLACE)
    padded = AESGCMSIV(KEY).decrypt(blob[1:13], blob[13:], PLACE)

    assert blob[0] == 1
    assert padded == struct.pack(">I", 7) + b"payload" + bytes(245)
    assert tag_of(blob) == blob[-16:]


def test_every_seal_has_its_own_nonce():
    """The same payload never gives the same blob."""
    sealer = Sealer(KEY)

    assert sealer.seal(b"x", context=PLACE) != sealer.seal(b"x", context=PLACE)


@given(st.data())
def test_an_altered_byte_is_noticed(data):
    """Any change of any byte fails to open."""
    sealer = Sealer(KEY)
    blob = bytearray(sealer.seal(b"payload", context=PLACE))
    at = data.draw(st.integers(min_value=0, max_value=len(blob) - 1))
    blob[at] ^= data.draw(st.integers(min_value=1, max_value=255))

    with pytest.raises(TamperedError):
        sealer.open(bytes(blob), context=PLACE)


@pytest.mark.parametrize("size", [0, 1, 28, 29, 284, 286, 540])
def test_a_wrong_size_is_refused(size):
    """A blob that is too short, or not 29 + 256 n, fails to open."""
    with pytest.raises(TamperedError):
        Sealer(KEY).open(b"\x01" * size, context=PLACE)


def test_another_place_or_key_is_refused():
    """A blob opens neither elsewhere nor under another key."""
    blob = Sealer(KEY).seal(b"payload", context=PLACE)

    with pytest.raises(TamperedError):
        Sealer(KEY).open(blob, context=context(b"here", 2))
    with pytest.raises(TamperedError):
        Sealer(bytes(32)).open(blob, context=PLACE)


@pytest.mark.parametrize(
    "padded",
    [
        struct.pack(">I", 1) + b"xy" + bytes(250),
        struct.pack(">I", 1) + b"x" + bytes(250) + b"\x01",
        struct.pack(">I", 1) + b"x" + bytes(507),
        struct.pack(">I", 253) + bytes(252),
        struct.pack(">I", 2**32 - 1) + bytes(252),
    ],
    ids=["nonzero", "last nonzero", "a block too many", "too long", "longest"],
)
def test_a_second_form_of_a_payload_is_refused(padded):
    """Authentic bytes with another padding than the one form fail to open."""
    with pytest.raises(TamperedError):
        Sealer(KEY).open(forge(padded), context=PLACE)


def test_a_forger_with_the_key_can_be_believed_in_the_one_form():
    """The forgeries above fail for their padding alone."""
    blob = forge(struct.pack(">I", 1) + b"x" + bytes(251))

    assert Sealer(KEY).open(blob, context=PLACE) == b"x"


def test_another_version_is_refused():
    """Without a least size only version 1 opens."""
    with pytest.raises(TamperedError):
        Sealer(KEY).open(
            forge(struct.pack(">I", 0) + bytes(252), version=2), context=PLACE
        )


def test_limits_are_held():
    """Keys have 32 bytes and payloads at most 16 MiB."""
    with pytest.raises(ValueError, match="32 bytes"):
        Sealer(bytes(16))
    with pytest.raises(ValueError, match="power of two"):
        Sealer(KEY, 768)
    with pytest.raises(ValueError, match="16 MiB"):
        Sealer(KEY).seal(bytes(sealing.MAX_PAYLOAD + 1), context=PLACE)


def test_a_machine_without_gcm_siv_is_refused(monkeypatch):
    """An OpenSSL before 3.2 is noticed when the sealer is made."""

    def absent(key):
        raise UnsupportedAlgorithm("AES-GCM-SIV")

    monkeypatch.setattr(sealing, "AESGCMSIV", absent)

    with pytest.raises(UnavailableError):
        Sealer(KEY)


def test_repr_shows_the_type_only():
    """A sealer never prints its key."""
    assert repr(Sealer(KEY)) == "Sealer()"


@given(parts, parts)
def test_contexts_never_collide(one, other):
    """Two lists of parts have the same context only if they are the same."""
    assert (context(*one) == context(*other)) == (one == other)


@given(parts, parts)
def test_contexts_join(one, other):
    """A context can be built piece by piece."""
    assert context(*one) + context(*other) == context(*one, *other)


def test_a_context_is_as_drawn():
    """The encoding is the one in the docstring."""
    got = context(b"ab", 258)

    assert got == b"\x00\x00\x00\x00\x02ab" + b"\x01\x00\x00\x00\x00\x00\x00\x01\x02"
