"""A witness cosigns what begins with what it cosigned before, and nothing else."""

import pytest
from kit.signed_log import ORIGIN, SignedLog

from placement.audit import note
from placement.audit.checkpoint import Checkpoint
from placement.audit.merkle import EMPTY_ROOT
from placement.audit.note import MAX_NOTE, Kind, Signer, Verifier, VerifierKey
from placement.audit.witness import Seen, advance, cosigned, offered
from placement.crypto.signing import SigningKey
from placement.crypto.signing import verify as check
from placement.errors import TamperedError

LOG = SignedLog(40)
WITNESS = SigningKey(bytes([1]) * 32)
NOTHING = Seen(LOG.public)
FORKED = "The log forked: two roots of the same size."
SMALLER = "The log became smaller: leaves were taken away."
UNPROVEN = "The log does not prove that it only grew."
UNSIGNED = "It is not signed by the log's pinned key."


def seen(size, log=LOG):
    """Return what a witness of a size holds."""
    return Seen(LOG.public, log.checkpoint(size).text())


def signed(size, log=LOG):
    """Return a log's note of a size."""
    return note.parse(log.note(size))


def text(content, key=LOG.key, name=ORIGIN):
    """Return a note of any text."""
    return note.sign(content, Signer(name, key))


def why(call, *given):
    """Return the phrase with which something is refused."""
    with pytest.raises(TamperedError) as caught:
        call(*given, check)
    (phrase,) = caught.value.notes
    return phrase


# What is held


def test_before_the_first_a_witness_holds_the_empty_log():
    """So that the rules need no other case."""
    assert NOTHING.checkpoint() == Checkpoint(ORIGIN, 0, EMPTY_ROOT)


def test_what_was_cosigned_is_held():
    """Leaf for leaf."""
    assert seen(7).checkpoint() == LOG.checkpoint(7)


@pytest.mark.parametrize(
    "content",
    [LOG.checkpoint(7).text()[:-1], SignedLog(7, origin="b").checkpoint().text()],
    ids=["no checkpoint", "another log's"],
)
def test_what_no_witness_came_to_hold_is_refused(content):
    """Also by hand."""
    with pytest.raises(TamperedError):
        Seen(LOG.public, content)


@pytest.mark.parametrize(
    "key",
    [
        VerifierKey(ORIGIN, Kind.COSIGNATURE, LOG.key.public_key),
        VerifierKey("a\x7fb", Kind.ED25519, LOG.key.public_key),
    ],
    ids=["a witness's", "no origin"],
)
def test_what_no_log_signs_with_is_no_key(key):
    """A log's key is of one kind, and its name an origin."""
    with pytest.raises(ValueError, match=r"a log signs|a line has text"):
        Seen(key)


# The rules


@pytest.mark.parametrize("old", [0, 1, 7, 8, 39, 40])
@pytest.mark.parametrize("new", [1, 7, 8, 39, 40])
def test_growth_is_cosigned_and_nothing_else(old, new):
    """Every size from every size, with the log's own proof."""
    held = seen(old) if old else NOTHING
    if new < old:
        assert why(advance, held, signed(new), ()) == SMALLER
    else:
        found = advance(held, signed(new), LOG.prove(old, new), check)

        assert found == LOG.checkpoint(new)


def test_an_empty_log_may_be_cosigned():
    """The first contact may come before the first entry."""
    assert advance(NOTHING, signed(0), (), check) == LOG.checkpoint(0)
    assert advance(seen(0), signed(3), (), check) == LOG.checkpoint(3)


def test_the_same_size_is_cosigned_again():
    """Its root is the same, so nothing needs a proof."""
    assert advance(seen(7), signed(7), (), check) == LOG.checkpoint(7)
    assert why(advance, seen(7), signed(7), LOG.prove(3, 7)) == UNPROVEN


def test_another_root_of_the_same_size_is_a_fork():
    """Whatever proof comes with it."""
    fork = LOG.fork(6, 7)

    assert why(advance, seen(7), signed(7, fork), ()) == FORKED
    assert why(advance, seen(7), signed(7, fork), fork.prove(3, 7)) == UNPROVEN


@pytest.mark.parametrize("at", [0, 3, 6])
@pytest.mark.parametrize("size", [8, 12, 30])
def test_a_fork_that_grew_is_refused(at, size):
    """Neither log's own proof leads there."""
    fork = LOG.fork(at, size)

    for proof in (fork.prove(7, size), LOG.prove(7, size), ()):
        assert why(advance, seen(7), signed(size, fork), proof) == UNPROVEN


@pytest.mark.parametrize(
    "proof",
    [
        (),
        LOG.prove(6, 20),
        LOG.prove(7, 19),
        LOG.prove(7, 20)[:-1],
        (*LOG.prove(7, 20), bytes(32)),
        LOG.prove(7, 20)[::-1],
        (b"", *LOG.prove(7, 20)[1:]),
    ],
)
def test_a_proof_for_something_else_is_refused(proof):
    """Sizes, order, number and length of the hashes."""
    assert why(advance, seen(7), signed(20), proof) == UNPROVEN


def test_the_first_contact_needs_no_proof():
    """And takes none."""
    assert why(advance, NOTHING, signed(20), LOG.prove(7, 20)) == UNPROVEN


# Who signed


@pytest.mark.parametrize(
    "found",
    [
        signed(7, SignedLog(7, seed=bytes([2]) * 32)),
        signed(7, SignedLog(7, origin="example.org/other")),
        text(LOG.checkpoint(7).text(), name="example.org/other"),
        note.sign(LOG.checkpoint(7).text(), Signer(ORIGIN, LOG.key, 12)),
    ],
    ids=["another key", "another log", "another name", "a cosignature"],
)
def test_only_the_pinned_key_speaks_for_the_log(found):
    """Under its own name, as a log signs."""
    assert why(offered, LOG.public, found) == UNSIGNED
    assert why(advance, NOTHING, found, ()) == UNSIGNED


def test_every_signature_of_the_log_must_hold():
    """One that does not under its key id spoils the note."""
    (good,) = signed(7).signatures
    bad = note.Signature(good.name, good.key_id, bytes(64))

    for lines in ((good, bad), (bad, good)):
        spoilt = note.Note(LOG.checkpoint(7).text(), lines)

        assert why(offered, LOG.public, spoilt) == UNSIGNED


def test_signatures_of_others_change_nothing():
    """A witness asks no other witness."""
    found = note.add(signed(7), Signer("w2", SigningKey(bytes([9]) * 32), 5))

    assert offered(LOG.public, found, check) == LOG.checkpoint(7)


def test_another_origin_is_refused_though_the_log_signed_it():
    """A key belongs to one log."""
    other = SignedLog(7, origin="example.org/other")
    found = text(other.checkpoint().text())

    assert why(offered, LOG.public, found) == "It is a checkpoint of another log."


def test_what_the_log_signed_must_be_a_checkpoint():
    """In its one form."""
    found = text("hello\n")

    assert why(offered, LOG.public, found) == "The log signed what is no checkpoint."


# What leaves


def test_the_cosigned_note_has_two_signatures():
    """The log's, once, and the witness's; nobody else's."""
    (own,) = signed(7).signatures
    crowd = note.Note(LOG.checkpoint(7).text(), (own,) * 99)
    crowd = note.add(crowd, Signer("w2", SigningKey(bytes([9]) * 32), 5))
    signer = Signer("witness.example/w1", WITNESS, 1_764_000_000)
    found = cosigned(LOG.public, crowd, signer, check)
    line = note.verified(found, [Verifier(signer.public, check)])[0]

    assert [one.name for one in found.signatures] == [ORIGIN, "witness.example/w1"]
    assert found.signatures[0] == own
    assert note.cosigned_at(line) == 1_764_000_000
    assert found.text == LOG.checkpoint(7).text()


def test_nothing_is_cosigned_that_the_log_did_not_sign():
    """Whoever asks."""
    signer = Signer("w", WITNESS, 1)
    found = signed(7, SignedLog(7, seed=bytes([2]) * 32))

    assert why(cosigned, LOG.public, found, signer) == UNSIGNED


def test_a_note_without_room_is_refused():
    """A log may fill its note to the last byte."""
    lines = ("x" * (MAX_NOTE - 300),)
    found = text(Checkpoint(ORIGIN, 7, bytes(32), lines).text())
    spare = MAX_NOTE - len(note.render(found))
    lines = (lines[0] + "x" * spare,)
    found = text(Checkpoint(ORIGIN, 7, bytes(32), lines).text())
    refused = why(cosigned, LOG.public, found, Signer("w", WITNESS, 1))

    assert len(note.render(found)) == MAX_NOTE
    assert refused == "The note has no room for a cosignature."
