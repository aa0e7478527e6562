"""RFC 9497's vectors for P256-SHA256, forgeries, edges and the split key."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from placement.crypto import p256, voprf
from placement.errors import InvalidInputError, TamperedError

VECTORS = Path(__file__).parents[2] / "vectors" / "rfc9497.json"
KEY = voprf.PrivateKey.of(0xC0FFEE)
OTHER_KEY = voprf.PrivateKey.of(0xDECADE)
G = p256.GENERATOR

inputs_strategy = st.lists(st.binary(max_size=40), min_size=1, max_size=3)


def suites():
    """Read both P256-SHA256 suites, by mode."""
    document = json.loads(VECTORS.read_text(encoding="utf-8"))
    found = [s for s in document["suites"] if s["identifier"] == "P256-SHA256"]
    return {voprf.Mode(suite["mode"]): suite for suite in found}


SUITES = suites()
CASES = [
    pytest.param(mode, vector, id=f"{mode.name}-{number}-batch-{vector['Batch']}")
    for mode, suite in SUITES.items()
    for number, vector in enumerate(suite["vectors"])
]
PROVEN_CASES = [case for case in CASES if case.values[0] is voprf.Mode.VOPRF]


def unhex(text):
    """Split a vector's comma-separated list of hex strings."""
    return [bytes.fromhex(part) for part in text.split(",")]


def key_of(mode):
    """Decode a suite's private key."""
    return voprf.PrivateKey.decode(bytes.fromhex(SUITES[mode]["skSm"]))


def blindings_of(mode, vector):
    """Blind a vector's inputs with its fixed blinds."""
    blinds = [p256.decode_scalar(blind) for blind in unhex(vector["Blind"])]
    return voprf.blind(unhex(vector["Input"]), mode=mode, blinds=blinds)


def elements_of(vector):
    """Decode what a vector sends and what comes back."""
    return (
        [voprf.BlindedElement.decode(d) for d in unhex(vector["BlindedElement"])],
        [voprf.EvaluatedElement.decode(d) for d in unhex(vector["EvaluationElement"])],
    )


def exchange(key, count=2):
    """Blind, evaluate and prove a batch."""
    blindings = voprf.blind([bytes([number]) for number in range(count)])
    blinded = [blinding.element for blinding in blindings]
    evaluated = voprf.evaluate(key, blinded)
    return blindings, blinded, evaluated, voprf.prove(key, blinded, evaluated)


def run(key, inputs, mode=voprf.Mode.VOPRF):
    """Go through the whole protocol with fresh blinds."""
    blindings = voprf.blind(inputs, mode=mode)
    evaluated = voprf.evaluate(key, [blinding.element for blinding in blindings])
    return voprf.finalize(blindings, evaluated)


def test_both_suites_have_all_their_vectors():
    """Two cases without proof, three with; a lost vector would pass unnoticed."""
    got = {mode: len(suite["vectors"]) for mode, suite in SUITES.items()}

    assert got == {voprf.Mode.OPRF: 2, voprf.Mode.VOPRF: 3}


@pytest.mark.parametrize("mode", list(voprf.Mode))
def test_keys_derive_as_published(mode):
    """Seed and info give the RFC's key pair in each mode."""
    suite = SUITES[mode]
    seed, info = bytes.fromhex(suite["seed"]), bytes.fromhex(suite["keyInfo"])
    key = voprf.derive_key_pair(seed, info=info, mode=mode)

    assert key.encode().hex() == suite["skSm"]
    assert key.public.encode().hex() == suite.get("pkSm", key.public.encode().hex())


@pytest.mark.parametrize("mode", list(voprf.Mode))
def test_the_tags_are_the_published_ones(mode):
    """The context string is the one that the vectors were made with."""
    got = b"HashToGroup-" + voprf._context(mode)

    assert got.hex() == SUITES[mode]["groupDST"]


@pytest.mark.parametrize(("mode", "vector"), CASES)
def test_inputs_blind_as_published(mode, vector):
    """The fixed blinds give the RFC's blinded elements."""
    got = [blinding.element.encode() for blinding in blindings_of(mode, vector)]

    assert got == unhex(vector["BlindedElement"])


@pytest.mark.parametrize(("mode", "vector"), CASES)
def test_elements_evaluate_as_published(mode, vector):
    """The RFC's key gives the RFC's evaluated elements."""
    blinded, _ = elements_of(vector)
    got = [element.encode() for element in voprf.evaluate(key_of(mode), blinded)]

    assert got == unhex(vector["EvaluationElement"])


@pytest.mark.parametrize(("mode", "vector"), PROVEN_CASES)
def test_proofs_come_out_as_published(mode, vector):
    """The fixed nonce gives the RFC's proof, for single elements and the batch."""
    blinded, evaluated = elements_of(vector)
    nonce = p256.decode_scalar(bytes.fromhex(vector["Proof"]["r"]))
    proof = voprf.prove(key_of(mode), blinded, evaluated, nonce=nonce)

    assert proof.encode().hex() == vector["Proof"]["proof"]


@pytest.mark.parametrize(("mode", "vector"), PROVEN_CASES)
def test_published_proofs_verify(mode, vector):
    """The RFC's proof holds under the RFC's public key."""
    public = voprf.PublicKey.decode(bytes.fromhex(SUITES[mode]["pkSm"]))
    proof = voprf.Proof.decode(bytes.fromhex(vector["Proof"]["proof"]))

    voprf.verify(public, *elements_of(vector), proof)


@pytest.mark.parametrize(("mode", "vector"), CASES)
def test_outputs_finalize_as_published(mode, vector):
    """The RFC's elements give the RFC's outputs."""
    _, evaluated = elements_of(vector)
    got = voprf.finalize(blindings_of(mode, vector), evaluated)

    assert list(got) == unhex(vector["Output"])


@pytest.mark.parametrize(("mode", "vector"), PROVEN_CASES)
@pytest.mark.parametrize("position", [0, 31, 32, 63])
def test_a_published_proof_with_one_bit_changed_fails(mode, vector, position):
    """Both halves of the proof count, at either end."""
    data = bytearray.fromhex(vector["Proof"]["proof"])
    data[position] ^= 1

    with pytest.raises(TamperedError):
        voprf.verify(
            key_of(mode).public,
            *elements_of(vector),
            voprf.Proof.decode(bytes(data)),
        )


@pytest.mark.parametrize(("mode", "vector"), CASES)
def test_a_split_key_gives_the_published_outputs(mode, vector):
    """Two shares, each with its own proof, add up to the RFC's outputs."""
    blindings = blindings_of(mode, vector)
    blinded = [blinding.element for blinding in blindings]
    shares = key_of(mode).split()
    parts = [voprf.evaluate(share, blinded) for share in shares]
    for share, part in zip(shares, parts, strict=True):
        voprf.verify(share.public, blinded, part, voprf.prove(share, blinded, part))
    evaluated = voprf.combine(*parts)

    assert [element.encode() for element in evaluated] == unhex(
        vector["EvaluationElement"]
    )
    assert list(voprf.finalize(blindings, evaluated)) == unhex(vector["Output"])


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
