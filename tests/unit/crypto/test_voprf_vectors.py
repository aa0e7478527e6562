"""RFC 9497's vectors for P256-SHA256, in both modes and with a split key."""

import json
from pathlib import Path

import pytest

from placement.crypto import p256, voprf
from placement.errors import TamperedError

VECTORS = Path(__file__).parents[2] / "vectors" / "rfc9497.json"


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
