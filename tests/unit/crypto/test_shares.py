"""Two custodians' shares: what they make together, and that one makes nothing."""

import json
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from placement.crypto import p256, voprf
from placement.crypto.shares import key_id, summed, whole
from placement.errors import InvalidInputError, TamperedError

SUITES = json.loads(
    (Path(__file__).parents[2] / "vectors" / "rfc9497.json").read_text("utf-8")
)["suites"]
VECTORS = [
    pytest.param(suite, vector, id=f"{number}")
    for suite in SUITES
    if (suite["identifier"], suite["mode"]) == ("P256-SHA256", voprf.Mode.VOPRF)
    for number, vector in enumerate(suite["vectors"])
]


def unhex(listed):
    return [bytes.fromhex(each) for each in listed.split(",")]


def test_there_are_published_vectors():
    """Those of the suite and mode that is used: two alone, one batch."""
    assert len(VECTORS) == 3


@pytest.mark.parametrize(("suite", "vector"), VECTORS)
def test_two_shares_give_the_published_output(suite, vector):
    """Each share proves by itself; the sum is what RFC 9497 says of the whole key."""
    key = voprf.PrivateKey.decode(bytes.fromhex(suite["skSm"]))
    shares = key.split()
    blinds = [int.from_bytes(each) for each in unhex(vector["Blind"])]
    blindings = voprf.blind(unhex(vector["Input"]), blinds=blinds)
    blinded = [each.element for each in blindings]
    evaluations = [voprf.evaluate(share, blinded) for share in shares]
    for share, evaluated in zip(shares, evaluations, strict=True):
        proof = voprf.prove(share, blinded, evaluated)
        voprf.verify(share.public, blinded, evaluated, proof)
    added = summed(evaluations)

    assert [each.encode() for each in added] == unhex(vector["EvaluationElement"])
    assert list(voprf.finalize(blindings, added)) == unhex(vector["Output"])
    assert whole([each.public for each in shares]).encode().hex() == suite["pkSm"]


@pytest.mark.parametrize(("suite", "vector"), VECTORS)
def test_one_share_alone_gives_nothing(suite, vector):
    """Its output is another one, and its proof does not pass for the key's."""
    key = voprf.PrivateKey.decode(bytes.fromhex(suite["skSm"]))
    blindings = voprf.blind(unhex(vector["Input"]))
    blinded = [each.element for each in blindings]
    for share in key.split():
        evaluated = voprf.evaluate(share, blinded)
        proof = voprf.prove(share, blinded, evaluated)
        got = voprf.finalize(blindings, evaluated)

        assert not set(got) & set(unhex(vector["Output"]))
        with pytest.raises(TamperedError):
            voprf.verify(key.public, blinded, evaluated, proof)


@settings(max_examples=10)
@given(st.integers(1, p256.ORDER - 1), st.integers(1, p256.ORDER - 1))
def test_every_share_fits_every_key(scalar, share):
    """So whoever has one learns nothing: any other key is as likely as before."""
    assume(scalar not in {share, 2 * share % p256.ORDER})  # nothing, or twice the same
    first, second = voprf.PrivateKey.of(scalar).split(share=share)

    assert whole([first.public, second.public]) == voprf.PrivateKey.of(scalar).public


def test_one_key_is_its_own_whole():
    """A custodian who is alone holds all of it."""
    key, element = voprf.generate_key(), voprf.EvaluatedElement(p256.GENERATOR)

    assert whole([key.public]) == key.public
    assert summed([[element]]) == [element]


def test_the_id_of_a_key_is_that_of_its_bytes():
    """As the wire has it."""
    key = voprf.generate_key().public

    assert key_id(key) == sha256(key.encode()).digest()


def test_shares_that_are_none_are_refused():
    """None; the same twice, so that one holder has all; two that cancel out."""
    key = voprf.generate_key()
    opposite = voprf.PrivateKey.of(p256.ORDER - key.scalar)
    for shares in ([], [key.public] * 2, [key.public, opposite.public]):
        with pytest.raises(InvalidInputError) as caught:
            whole(shares)

        assert caught.value.field == "public_key"
