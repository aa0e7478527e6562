"""Outputs depend on nothing but input, key and mode; a forged proof never holds."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kit.exchange import KEY, OTHER_KEY, exchange, run

from placement.crypto import p256, voprf
from placement.errors import InvalidInputError, TamperedError

G = p256.GENERATOR
inputs_strategy = st.lists(st.binary(max_size=40), min_size=1, max_size=3)


def test_shares_add_up_to_the_key():
    """The second share is what the first leaves of the key, modulo the order."""
    first, second = KEY.split(share=p256.ORDER - 1)

    assert (first.scalar, second.scalar) == (p256.ORDER - 1, KEY.scalar + 1)
    assert p256.add(first.public.point, second.public.point) == KEY.public.point


@pytest.mark.parametrize("share", [0, KEY.scalar, p256.ORDER])
def test_a_share_that_splits_nothing_is_refused(share):
    """A share of nothing, or of the whole key, would leave one holder alone."""
    with pytest.raises(InvalidInputError) as caught:
        KEY.split(share=share)

    assert caught.value.field == "scalar"


def test_shares_that_cancel_out_are_refused():
    """Two evaluations that add up to the identity give no output."""
    element = voprf.EvaluatedElement(G)
    opposite = voprf.EvaluatedElement(p256.negate(G))

    with pytest.raises(InvalidInputError) as caught:
        voprf.combine([element], [opposite])

    assert caught.value.field == "evaluated_element"


@settings(max_examples=25)
@given(inputs_strategy, st.integers(1, p256.ORDER - 1))
def test_the_output_does_not_depend_on_the_blind(inputs, scalar):
    """Fresh blinds, batched or alone, give one output for one input and key."""
    key = voprf.PrivateKey.of(scalar)
    outputs = run(key, inputs)

    assert outputs == tuple(run(key, [message])[0] for message in inputs)
    assert {len(output) for output in outputs} == {voprf.OUTPUT_BYTES}


@settings(max_examples=25)
@given(inputs_strategy, st.integers(1, p256.ORDER - 1))
def test_every_honest_proof_holds(inputs, scalar):
    """What a key evaluates and proves verifies after a trip over the wire."""
    key = voprf.PrivateKey.decode(voprf.PrivateKey.of(scalar).encode())
    blinded = [
        voprf.BlindedElement.decode(blinding.element.encode())
        for blinding in voprf.blind(inputs)
    ]
    evaluated = voprf.evaluate(key, blinded)
    proof = voprf.Proof.decode(voprf.prove(key, blinded, evaluated).encode())

    voprf.verify(key.public, blinded, evaluated, proof)


@settings(max_examples=25)
@given(st.integers(0, 2 * 8 * 32 - 1))
def test_every_bit_of_a_proof_counts(bit):
    """No single bit can change without the proof failing or being malformed."""
    _, blinded, evaluated, proof = exchange(KEY)
    flipped = int.from_bytes(proof.encode(), "big") ^ 1 << bit

    with pytest.raises((TamperedError, InvalidInputError)):
        voprf.verify(
            KEY.public,
            blinded,
            evaluated,
            voprf.Proof.decode(flipped.to_bytes(64, "big")),
        )


def test_outputs_differ_by_input_key_and_mode():
    """Nothing but the same input under the same key and mode gives the same output."""
    outputs = {
        *run(KEY, [b"one", b"two"]),
        *run(OTHER_KEY, [b"one", b"two"]),
        *run(KEY, [b"one", b"two"], voprf.Mode.OPRF),
        *run(KEY, [b""]),
    }

    assert len(outputs) == 7


def test_a_blinded_element_never_repeats():
    """The same input is blinded afresh each time, within a batch too."""
    blindings = voprf.blind([b"same", b"same"]) + voprf.blind([b"same"])

    assert len({blinding.element for blinding in blindings}) == 3


def test_generated_keys_and_proofs_never_repeat():
    """Keys and nonces come from the system's generator."""
    assert voprf.generate_key().encode() != voprf.generate_key().encode()

    _, blinded, evaluated, proof = exchange(KEY)

    assert voprf.prove(KEY, blinded, evaluated) != proof


def refuse(public, blinded, evaluated, proof):
    """Expect a proof to fail."""
    with pytest.raises(TamperedError):
        voprf.verify(public, blinded, evaluated, proof)


def test_a_proof_binds_the_key():
    """Another key's proof, and another key's evaluations, fail."""
    _, blinded, evaluated, proof = exchange(KEY)
    others = voprf.evaluate(OTHER_KEY, blinded)

    refuse(OTHER_KEY.public, blinded, evaluated, proof)
    refuse(KEY.public, blinded, others, proof)
    refuse(KEY.public, blinded, others, voprf.prove(OTHER_KEY, blinded, others))
    refuse(KEY.public, blinded, others, voprf.prove(KEY, blinded, others))


def test_a_proof_binds_every_element_and_its_place():
    """One element exchanged, dropped, negated or moved spoils the batch."""
    _, blinded, evaluated, proof = exchange(KEY)
    negated = voprf.EvaluatedElement(p256.negate(evaluated[0].point))
    fresh = voprf.blind([b"fresh"])[0].element

    refuse(KEY.public, blinded, evaluated[::-1], proof)
    refuse(KEY.public, blinded[::-1], evaluated[::-1], proof)
    refuse(KEY.public, blinded[:1], evaluated[:1], proof)
    refuse(KEY.public, blinded, [negated, evaluated[1]], proof)
    refuse(KEY.public, [fresh, blinded[1]], evaluated, proof)
    refuse(KEY.public, [*blinded, fresh], [*evaluated, evaluated[0]], proof)


def test_an_error_in_one_element_is_not_evened_out_by_another():
    """Elements shifted by opposite amounts keep their plain sum but not the proof."""
    _, blinded, evaluated, _ = exchange(KEY)
    shifted = [
        voprf.EvaluatedElement(p256.add(evaluated[0].point, G)),
        voprf.EvaluatedElement(p256.add(evaluated[1].point, p256.negate(G))),
    ]

    refuse(KEY.public, blinded, shifted, voprf.prove(KEY, blinded, shifted))


@pytest.mark.parametrize("challenge", [1, 12345, p256.ORDER - 1])
def test_commitments_that_cancel_out_are_refused(challenge):
    """A response of minus challenge times key makes both commitments the identity."""
    _, blinded, evaluated, _ = exchange(KEY)
    response = -challenge * KEY.scalar % p256.ORDER

    refuse(KEY.public, blinded, evaluated, voprf.Proof(challenge, response))


@pytest.mark.parametrize(
    ("challenge", "response"), [(0, 0), (0, 1), (1, 0), (1, p256.ORDER - 1)]
)
def test_trivial_proofs_are_refused(challenge, response):
    """Zeroes and ones verify nothing and crash nothing."""
    _, blinded, evaluated, _ = exchange(KEY)

    refuse(KEY.public, blinded, evaluated, voprf.Proof(challenge, response))


def test_sums_that_cancel_out_are_refused(monkeypatch):
    """If the weights ever made a sum vanish, the proof would fail, not crash."""
    monkeypatch.setattr(voprf, "_weights", lambda *_: [1, 1])
    blinded = [voprf.BlindedElement(G), voprf.BlindedElement(p256.negate(G))]

    refuse(KEY.public, blinded, voprf.evaluate(KEY, blinded), voprf.Proof(1, 1))


@pytest.mark.parametrize("scalar", [1, 2, 0xC0FFEE, p256.ORDER - 2, p256.ORDER - 1])
@pytest.mark.parametrize("multiple", [1, 2, -1, -2])
def test_elements_around_the_generator_are_evaluated_and_proven(scalar, multiple):
    """A client may send G, -G or a neighbour; the answer is true, and proven."""
    key = voprf.PrivateKey.of(scalar)
    blinded = [voprf.BlindedElement(p256.multiply(multiple, G))]
    evaluated = voprf.evaluate(key, blinded)
    expected = [voprf.EvaluatedElement(p256.multiply(multiple * scalar, G))]

    assert list(evaluated) == expected

    voprf.verify(key.public, blinded, evaluated, voprf.prove(key, blinded, evaluated))


@pytest.mark.parametrize("scalar", [1, p256.ORDER - 1])
def test_blinds_of_one_and_minus_one_are_undone(scalar):
    """The blind's value never shows in the output."""
    blindings = voprf.blind([b"input"], blinds=[scalar])
    evaluated = voprf.evaluate(KEY, [blindings[0].element])

    assert voprf.finalize(blindings, evaluated) == run(KEY, [b"input"])


def test_elements_of_different_parts_are_never_equal():
    """The same point as blinded and as evaluated element are two things."""
    assert voprf.BlindedElement(G) != voprf.EvaluatedElement(G)


def test_no_repr_shows_a_secret():
    """Reprs tell the type; a proof's numbers are public."""
    blinding = voprf.blind([b"input"], blinds=[987654321])[0]

    assert repr(KEY) == "PrivateKey(public=PublicKey(point=Point()))"
    assert repr(blinding) == "Blinding(element=BlindedElement(point=Point()))"


def test_keys_and_blindings_are_compared_by_identity():
    """Comparing secrets value by value would leak by time, so it is not offered."""
    assert voprf.PrivateKey.of(5) != voprf.PrivateKey.of(5)
    assert voprf.blind([b""], blinds=[5]) != voprf.blind([b""], blinds=[5])
