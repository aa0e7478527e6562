"""A proof has one form, and holds only what its own checkpoint signs."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from placement.audit import note
from placement.audit.checkpoint import MAX_SIZE, Checkpoint
from placement.audit.merkle import Frontier, inclusion_proof, leaf_hash, node_hash
from placement.audit.note import Signer, sign
from placement.audit.proof import SUFFIX, Proof, parse, render, verify
from placement.crypto.signing import SigningKey
from placement.errors import TamperedError

LOG = Signer("example.org/log", SigningKey(bytes(range(32))))
# C2SP tlog-proof, the figure, with the parts that it leaves out made up.
LINES = (
    "gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=\n"
    "B95lDa8R83lS8n0eG+o0buTxRKQTYFi//1U8anccXmA=\n"
)
CHECKPOINT = (
    "example.com/fancylog\n"
    "109482\n"
    "sFodV/vSp5O8n9a8QpW6PRY97tfOSW5bsc2Xl/EQi08=\n"
    "\n"
    "— example.com/fancylog hI2DJwAA\n"
    "— witness1.example mJirIgAA\n"
)
HEADER = "c2sp.org/tlog-proof@v1\n"
INDEX = "index 73894\n"
EXTRA = "extra YWdlLXYxLjIuMS1kYXJ3aW4tYXJtNjQudGFyLmd6\n"
EXAMPLE = f"{HEADER}{EXTRA}{INDEX}{LINES}\n{CHECKPOINT}"
HASH = bytes(range(32))

PROOFS = st.builds(
    Proof,
    index=st.integers(0, MAX_SIZE - 1),
    hashes=st.lists(st.binary(min_size=32, max_size=32), max_size=4).map(tuple),
    note=st.just(CHECKPOINT.encode()),
    extra=st.binary(max_size=40),
)


def refused_or_itself(content):
    """Hold bytes to the one rule: they are refused, or a proof's only form."""
    try:
        found = parse(content)
    except TamperedError:
        return
    assert render(found) == content


def test_the_figure_of_the_standard():
    """Read and written as it stands there."""
    found = parse(EXAMPLE.encode())

    assert found.index == 73894
    assert found.extra == b"age-v1.2.1-darwin-arm64.tar.gz"
    assert found.hashes == tuple(map(base64.b64decode, LINES.split()))
    assert found.note == CHECKPOINT.encode()
    assert render(found) == EXAMPLE.encode()
    assert SUFFIX == ".tlog-proof"


def test_extra_data_and_hashes_may_be_missing():
    """The line of the one is left out; the other are no lines."""
    found = parse(f"{HEADER}index 0\n\n{CHECKPOINT}".encode())

    assert found == Proof(index=0, hashes=(), note=CHECKPOINT.encode())
    assert render(found) == f"{HEADER}index 0\n\n{CHECKPOINT}".encode()


@given(PROOFS)
def test_a_proof_survives_its_bytes(found):
    """What is read is what was written."""
    assert parse(render(found)) == found


@given(st.binary(max_size=90), st.text(max_size=9))
def test_noise_is_refused_or_itself(content, more):
    """Anything may be handed in."""
    refused_or_itself(content)
    refused_or_itself(EXAMPLE.encode() + content)
    refused_or_itself(content + EXAMPLE.encode())
    refused_or_itself(EXAMPLE.replace("73894", more).encode())


def test_every_alteration_is_refused_or_another_proof():
    """A byte replaced, put in, lost or cut off, anywhere."""
    content = EXAMPLE.encode()
    for place in range(len(content)):
        for other in b"\n\x00 0A=+/-\xff":
            refused_or_itself(content[:place] + bytes([other]) + content[place + 1 :])
            refused_or_itself(content[:place] + bytes([other]) + content[place:])
        refused_or_itself(content[:place] + content[place + 1 :])
        refused_or_itself(content[:place])


@pytest.mark.parametrize(
    "index",
    [
        *("", "00", "073894", "+1", "-1", "-0", "1.0", "1_0", " 1", "1 ", "0x1"),
        *("\u0661", str(MAX_SIZE), "9" * 5000),
    ],
)
def test_an_index_has_one_form(index):
    """Decimal digits without zeros in front, below every size."""
    with pytest.raises(TamperedError):
        parse(EXAMPLE.replace("73894", index).encode())


@pytest.mark.parametrize(
    "text",
    [
        "",
        HEADER,
        f"{HEADER}\n{CHECKPOINT}",
        f"{HEADER}{EXTRA}\n{CHECKPOINT}",
        f"{HEADER}{EXTRA}{INDEX}{LINES}",
        f"{HEADER}{EXTRA}{INDEX}{LINES}\n",
        f"{HEADER}{EXTRA}{INDEX}{LINES}{CHECKPOINT}",
        f"{HEADER}{EXTRA}{INDEX}{LINES}\n\n{CHECKPOINT}",
        f"{HEADER}{EXTRA}{EXTRA}{INDEX}{LINES}\n{CHECKPOINT}",
        f"{HEADER}{INDEX}{EXTRA}{LINES}\n{CHECKPOINT}",
        f"{HEADER}{INDEX}{INDEX}{LINES}\n{CHECKPOINT}",
        f"{HEADER}extra \n{INDEX}{LINES}\n{CHECKPOINT}",
        f"{HEADER}extra\n{INDEX}{LINES}\n{CHECKPOINT}",
        f"{HEADER}extra YQ\n{INDEX}{LINES}\n{CHECKPOINT}",
        f"{HEADER}extra YR==\n{INDEX}{LINES}\n{CHECKPOINT}",
        f"{HEADER}{EXTRA}73894\n{LINES}\n{CHECKPOINT}",
        EXAMPLE.replace("@v1", "@v2"),
        EXAMPLE.replace("\n", "\r\n"),
        EXAMPLE.replace("PlQ=", "PlR="),
        EXAMPLE.replace("PlQ=", "PlQ"),
        EXAMPLE.replace("gSKyXoYZ", ""),
        EXAMPLE.replace("gSKyXoYZ", "gSKyXoYZgSKyXoYZ"),
        EXAMPLE.removesuffix("\n"),
        EXAMPLE + "\n",
        "\n" + EXAMPLE,
    ],
)
def test_everything_else_is_no_proof(text):
    """Every line in its place, in its one form, and a note behind them."""
    with pytest.raises(TamperedError):
        parse(text.encode())


@pytest.mark.parametrize(
    "part",
    [
        {"index": -1},
        {"index": MAX_SIZE},
        {"hashes": (HASH, HASH[:-1])},
        {"hashes": (HASH + b"\0",)},
        {"note": b""},
        {"note": CHECKPOINT.encode()[:-1]},
    ],
)
def test_no_such_proof_can_be_made(part):
    """What could not be read back does not exist."""
    given = {"index": 0, "hashes": (HASH,), "note": CHECKPOINT.encode()} | part
    with pytest.raises(ValueError, match=r"has|is"):
        Proof(**given)


# Verifying


def subtree(level, index):
    if not level:
        return leaf_hash(bytes([index]))
    return node_hash(subtree(level - 1, 2 * index), subtree(level - 1, 2 * index + 1))


def proven(index, size):
    """Return the proof of a leaf in a log, and the log's checkpoint."""
    edge = Frontier().extend(leaf_hash(bytes([n])) for n in range(size))
    checkpoint = Checkpoint(LOG.name, size, edge.root())
    hashes = inclusion_proof(index, size, subtree)
    signed = note.render(sign(checkpoint.text(), LOG))
    return Proof(index=index, hashes=hashes, note=signed), checkpoint


def test_every_leaf_stands_in_its_place_alone():
    """In logs of all sizes; another leaf, place or proof is refused."""
    for size in range(1, 9):
        for index in range(size):
            proof, checkpoint = proven(index, size)
            leaf = leaf_hash(bytes([index]))
            verify(parse(render(proof)), leaf, checkpoint)
            altered = [
                Proof(index=index + 1, hashes=proof.hashes, note=proof.note),
                Proof(index=index, hashes=(*proof.hashes, HASH), note=proof.note),
            ]
            for other in altered:
                with pytest.raises(TamperedError):
                    verify(other, leaf, checkpoint)
            with pytest.raises(TamperedError):
                verify(proof, leaf_hash(b"other"), checkpoint)


def test_the_checkpoint_is_the_notes_own():
    """A true one of another size does not stand in for it."""
    proof, _ = proven(0, 1)
    _, other = proven(0, 2)
    longer, checkpoint = proven(0, 2)
    swapped = Proof(index=0, hashes=longer.hashes, note=proof.note)

    verify(longer, leaf_hash(b"\0"), checkpoint)
    for each in (proof, swapped):
        with pytest.raises(TamperedError):
            verify(each, leaf_hash(b"\0"), other)
