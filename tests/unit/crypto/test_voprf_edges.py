"""What is malformed, out of range or without a partner is refused by its name."""

import pytest
from kit.exchange import KEY, exchange

from placement.crypto import p256, voprf
from placement.errors import InvalidInputError

G = p256.GENERATOR


@pytest.mark.parametrize("scalar", [-1, 0, p256.ORDER])
def test_blinds_and_nonces_out_of_range_are_refused(scalar):
    """A blind or nonce of zero would hide nothing."""
    _, blinded, evaluated, _ = exchange(KEY)

    with pytest.raises(InvalidInputError):
        voprf.blind([b"input"], blinds=[scalar])
    with pytest.raises(InvalidInputError):
        voprf.prove(KEY, blinded, evaluated, nonce=scalar)


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (voprf.BlindedElement, "blinded_element"),
        (voprf.EvaluatedElement, "evaluated_element"),
        (voprf.PublicKey, "public_key"),
    ],
)
@pytest.mark.parametrize(
    "data",
    [
        pytest.param(bytes(33), id="identity"),
        pytest.param(b"\x02" + bytes(31), id="short"),
        pytest.param(b"\x02" + bytes(31) + b"\x01", id="non-square"),
        pytest.param(b"\x02" + b"\xff" * 32, id="x-above-p"),
    ],
)
def test_malformed_elements_name_their_part(kind, name, data):
    """The error names the field; the identity can't be built either."""
    with pytest.raises(InvalidInputError) as caught:
        kind.decode(data)
    with pytest.raises(InvalidInputError) as identity:
        kind(p256.IDENTITY)

    assert caught.value.field == name
    assert (identity.value.field, identity.value.description) == (
        name,
        "is the identity",
    )


@pytest.mark.parametrize(
    ("data", "description"),
    [
        (bytes(63), "must be 64 bytes"),
        (bytes(65), "must be 64 bytes"),
        (b"\xff" * 32 + bytes(32), "is out of range"),
        (bytes(32) + p256.ORDER.to_bytes(32, "big"), "is out of range"),
    ],
)
def test_a_malformed_proof_is_refused(data, description):
    """A half that is not reduced would give one proof two encodings."""
    with pytest.raises(InvalidInputError) as caught:
        voprf.Proof.decode(data)

    assert (caught.value.field, caught.value.description) == ("proof", description)


@pytest.mark.parametrize(
    ("data", "field"),
    [
        (bytes(31), "private_key"),
        (b"\xff" * 32, "private_key"),
        (bytes(32), "scalar"),
    ],
)
def test_a_malformed_private_key_is_refused(data, field):
    """Wrong length, above the order and zero are no keys."""
    with pytest.raises(InvalidInputError) as caught:
        voprf.PrivateKey.decode(data)

    assert caught.value.field == field


@pytest.mark.parametrize(
    ("seed", "info", "expected"),
    [
        (bytes(31), b"", ("seed", "must be 32 bytes")),
        (bytes(33), b"", ("seed", "must be 32 bytes")),
        (bytes(32), bytes(65_536), ("info", "must be at most 65,535 bytes")),
    ],
)
def test_a_seed_or_info_of_a_wrong_length_is_refused(seed, info, expected):
    """The seed is 32 bytes, the info fits a length of two bytes."""
    with pytest.raises(InvalidInputError) as caught:
        voprf.derive_key_pair(seed, info=info)

    assert (caught.value.field, caught.value.description) == expected


def test_derivation_defaults_to_no_info_and_to_proofs():
    """Saying nothing is the same as an empty info and the mode with proofs."""
    got = voprf.derive_key_pair(bytes(32))
    plain = voprf.derive_key_pair(bytes(32), mode=voprf.Mode.OPRF)
    named = voprf.derive_key_pair(bytes(32), info=b"\x00")
    expected = voprf.derive_key_pair(bytes(32), info=b"", mode=voprf.Mode.VOPRF)

    assert got.encode() == expected.encode()
    assert len({got.encode(), plain.encode(), named.encode()}) == 3


def test_derivation_skips_a_scalar_of_zero(monkeypatch):
    """The counter goes on to the next hash until one is a key."""
    hashes = iter([0, 0, 7])
    asked = []

    def hash_to_scalar(message, *, dst):
        asked.append(message[-1])
        return next(hashes)

    monkeypatch.setattr(p256, "hash_to_scalar", hash_to_scalar)

    assert voprf.derive_key_pair(bytes(32)).scalar == 7
    assert asked == [0, 1, 2]


def test_derivation_gives_up_after_256_zeroes(monkeypatch):
    """The counter is one byte; a seed that yields no key is refused."""
    monkeypatch.setattr(p256, "hash_to_scalar", lambda message, *, dst: 0)

    with pytest.raises(InvalidInputError) as caught:
        voprf.derive_key_pair(bytes(32))

    assert (caught.value.field, caught.value.description) == ("seed", "yields no key")


def test_an_input_without_a_point_is_refused(monkeypatch):
    """An input that maps to the identity can't be blinded (RFC 9497 section 3.3.1)."""
    monkeypatch.setattr(p256, "hash_to_curve", lambda message, *, dst: p256.IDENTITY)

    with pytest.raises(InvalidInputError) as caught:
        voprf.blind([b"input"])

    assert caught.value.field == "blinded_element"


def test_inputs_reach_up_to_their_limit():
    """65,535 bytes are an input, one more is not."""
    assert len(voprf.blind([bytes(65_535)])) == 1

    with pytest.raises(InvalidInputError) as caught:
        voprf.blind([bytes(65_536)])

    assert caught.value.field == "input"


def test_empty_batches_are_refused():
    """Nothing to do is a mistake of the caller, in every step."""
    proof = voprf.Proof(1, 1)

    for step in (
        lambda: voprf.blind([]),
        lambda: voprf.evaluate(KEY, []),
        lambda: voprf.prove(KEY, [], []),
        lambda: voprf.verify(KEY.public, [], [], proof),
        lambda: voprf.combine([], []),
        lambda: voprf.finalize([], []),
    ):
        with pytest.raises(InvalidInputError) as caught:
            step()
        assert caught.value.field == "batch"


def test_batches_reach_up_to_their_limit():
    """65,535 elements are a batch, one more is not, and an index fits in two bytes."""
    batch = [voprf.BlindedElement(G)] * 65_536

    assert len(voprf.evaluate(KEY, batch[1:])) == 65_535

    with pytest.raises(InvalidInputError) as caught:
        voprf.evaluate(KEY, batch)

    assert caught.value.description == "must have 1 to 65,535 members"


def test_batches_that_do_not_match_are_refused():
    """Each input has one blind, each blinded element one evaluation."""
    blindings, blinded, evaluated, proof = exchange(KEY)

    for step in (
        lambda: voprf.blind([b"one", b"two"], blinds=[1]),
        lambda: voprf.prove(KEY, blinded, evaluated[:1]),
        lambda: voprf.verify(KEY.public, blinded[:1], evaluated, proof),
        lambda: voprf.combine(evaluated, evaluated[:1]),
        lambda: voprf.finalize(blindings, evaluated[:1]),
    ):
        with pytest.raises(InvalidInputError) as caught:
            step()
        assert (caught.value.field, caught.value.description) == (
            "batch",
            "must match one to one",
        )
