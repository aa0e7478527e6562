"""A checkpoint has one text, and follows the one before or is refused."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from placement.audit.checkpoint import MAX_SIZE, Checkpoint, parse, require_follows
from placement.audit.merkle import (
    EMPTY_ROOT,
    Frontier,
    consistency_proof,
    leaf_hash,
    node_hash,
    verify_consistency,
)
from placement.errors import TamperedError

# C2SP tlog-checkpoint, introduction.
EXAMPLE = (
    "example.com/behind-the-sofa\n"
    "20852163\n"
    "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
)
ORIGIN = "example.org/log"
ROOT = bytes(range(32))
TEXT = Checkpoint(ORIGIN, 120, ROOT, ("more", "and more")).text()
LINES = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=20)
CHECKPOINTS = st.builds(
    Checkpoint,
    LINES,
    st.integers(1, MAX_SIZE),
    st.binary(min_size=32, max_size=32),
    st.lists(LINES, max_size=3).map(tuple),
)


def refused_or_itself(text):
    """Hold a text to the one rule: it is refused, or a checkpoint's only form."""
    try:
        found = parse(text)
    except TamperedError:
        return
    assert found.text() == text


def test_the_example_of_the_standard():
    """Read and written as it stands there."""
    found = parse(EXAMPLE)

    assert found.origin == "example.com/behind-the-sofa"
    assert found.size == 20852163
    assert found.root.hex().startswith("0ac5186a91863e8e")
    assert found.extensions == ()
    assert found.text() == EXAMPLE


def test_the_text_is_what_the_drawing_says():
    """By hand, so that nobody changes the form unnoticed."""
    root = base64.b64encode(ROOT).decode()

    assert f"{ORIGIN}\n120\n{root}\nmore\nand more\n" == TEXT


@given(CHECKPOINTS)
def test_a_checkpoint_survives_its_text(found):
    """What is read is what was written."""
    assert parse(found.text()) == found


@pytest.mark.slow
@given(st.text(max_size=90), st.text(max_size=9))
def test_noise_is_refused_or_itself(text, more):
    """Anything may be handed in."""
    refused_or_itself(text)
    refused_or_itself(EXAMPLE + text)
    refused_or_itself(EXAMPLE.replace("20852163", more))


def test_every_alteration_is_refused_or_another_checkpoint():
    """A character replaced, lost, doubled or cut off, anywhere."""
    for place in range(len(TEXT)):
        for other in "\n 0A=+/-x\u0661":
            refused_or_itself(TEXT[:place] + other + TEXT[place + 1 :])
            refused_or_itself(TEXT[:place] + other + TEXT[place:])
        refused_or_itself(TEXT[:place] + TEXT[place + 1 :])
        refused_or_itself(TEXT[:place])


@pytest.mark.parametrize(
    "size",
    [
        *("", "0", "00", "0120", "+1", "-1", "1.0", "0x1", "1_0", " 1", "1 ", "1e1"),
        *("\u0661", str(MAX_SIZE + 1), "9" * 5000),
    ],
)
def test_a_size_has_one_form(size):
    """Decimal digits without zeros in front; 0 has its own root."""
    with pytest.raises(TamperedError):
        parse(EXAMPLE.replace("20852163", size))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "\n\n\n",
        EXAMPLE[:-1],
        EXAMPLE + "\n",
        EXAMPLE + "more",
        EXAMPLE + "more\n\nmore\n",
        EXAMPLE.replace("\n", "\r\n"),
        "\n" + EXAMPLE,
        EXAMPLE.replace("example.com/behind-the-sofa", ""),
        EXAMPLE.replace("example", "exa\tmple"),
        EXAMPLE.replace("example", "exa\x7fmple"),
        EXAMPLE.replace("example", "exa\ud800mple"),
        EXAMPLE.replace("example", "exa\u0085mple"),
        EXAMPLE.replace("2I=", "2J="),
        EXAMPLE.replace("2I=", "2I"),
        EXAMPLE.replace("2I=", "2I= "),
        EXAMPLE.replace("Cs", ""),
        EXAMPLE.replace("CsUY", "CsUYCsUY"),
        EXAMPLE.replace("CsUY", "Cs_-"),
    ],
)
def test_everything_else_is_no_checkpoint(text):
    """Three lines at least, none empty, each ended by a newline."""
    with pytest.raises(TamperedError):
        parse(text)


@pytest.mark.parametrize(
    ("origin", "size", "root", "extensions"),
    [
        ("", 1, ROOT, ()),
        ("a\nb", 1, ROOT, ()),
        ("a\ud800b", 1, ROOT, ()),
        (ORIGIN, -1, ROOT, ()),
        (ORIGIN, MAX_SIZE + 1, ROOT, ()),
        (ORIGIN, 1, ROOT[:-1], ()),
        (ORIGIN, 1, ROOT + b"\0", ()),
        (ORIGIN, 0, ROOT, ()),
        (ORIGIN, 1, ROOT, ("",)),
        (ORIGIN, 1, ROOT, ("a", "b\nc")),
    ],
)
def test_no_such_checkpoint_can_be_made(origin, size, root, extensions):
    """What could not be read back does not exist."""
    with pytest.raises(ValueError, match=r"has|have"):
        Checkpoint(origin, size, root, extensions)


# One after the other.


def grown(count):
    """Give the checkpoints of one log from 0 to a number of leaves."""
    edge, made = Frontier(), [Checkpoint(ORIGIN, 0, EMPTY_ROOT)]
    for number in range(count):
        edge = edge.append(leaf_hash(bytes([number])))
        made.append(Checkpoint(ORIGIN, edge.size, edge.root()))
    return made


def subtree(level, index):
    if not level:
        return leaf_hash(bytes([index]))
    return node_hash(subtree(level - 1, 2 * index), subtree(level - 1, 2 * index + 1))


def test_a_log_that_grows_follows_itself():
    """From every size to every larger one, the empty log and equal ones included."""
    log = grown(9)
    for new in log:
        for old in log[: new.size + 1]:
            proof = consistency_proof(old.size, new.size, subtree)
            require_follows(old, new, proof)
            if old != new:
                with pytest.raises(TamperedError):
                    require_follows(new, old, proof)
            with pytest.raises(TamperedError):
                require_follows(old, new, (*proof, ROOT))


def test_another_log_never_follows():
    """Not even with the same leaves."""
    log = grown(3)
    proof = consistency_proof(2, 3, subtree)
    for old in log[:3]:
        other = Checkpoint("example.org/lag", 3, log[3].root)
        with pytest.raises(TamperedError):
            require_follows(old, other, proof if old.size == 2 else ())


def test_a_log_with_another_past_never_follows():
    """An old leaf replaced is noticed, with every proof at hand."""
    log = grown(3)
    forged = Checkpoint(ORIGIN, 2, node_hash(ROOT, leaf_hash(b"\1")))
    with pytest.raises(TamperedError):
        require_follows(forged, log[3], consistency_proof(2, 3, subtree))
    with pytest.raises(TamperedError):
        require_follows(log[2], forged, ())


def test_only_nothing_leads_from_the_empty_log():
    """Every log begins empty: that needs no proof, and takes none."""
    empty, *_, last = grown(3)
    require_follows(empty, last, ())
    require_follows(empty, empty, ())
    with pytest.raises(TamperedError):
        require_follows(empty, last, (ROOT,))
    with pytest.raises(TamperedError):
        verify_consistency(0, 3, EMPTY_ROOT, last.root, ())
