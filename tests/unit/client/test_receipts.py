"""A receipt says what was answered, all of it, or it is refused."""

from dataclasses import replace
from hashlib import sha256

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from kit.asked import CASE
from kit.receipted import HOURS_72, NOON, REVISION, ReceiptedLog, witness
from kit.wire import RefusalError, refusal
from placement_client.answered import Answered
from placement_client.receipts import (
    Receipt,
    certificate_of,
    fetch,
    require_answer,
)
from placement_client.trust import LogView, Policy

from placement.api.v1 import check_service_pb2 as check
from placement.api.v1.types_pb2 import Window
from placement.audit.details import Details, Outline
from placement.audit.entry import render
from placement.audit.note import render_key
from placement.audit.proof import Proof
from placement.errors import NotFoundError, PlacementError, TamperedError

CODE = grpc.StatusCode
CERTIFICATE = bytes([3]) * 32
CANDIDATES = [check.Candidate(area="1480"), check.Candidate(area="0180")]
A, B = map(witness, ("a.example", "b.example"))


@pytest.fixture
def log(wire):
    log = ReceiptedLog(CERTIFICATE)
    log.words = ("CLEAR", "CONFLICT")
    wire.answers |= log.answers()
    return log


@pytest.fixture
def view(tmp_path, log):
    policy = Policy.parse(render_key(log.public), "", "")
    return LogView(tmp_path / "log" / "here.checkpoint", policy)


def demanding(view, quorum, *witnesses):
    keys = " ".join(render_key(each.public) for each in witnesses)
    policy = Policy.parse(render_key(view.policy.log), keys, str(quorum))
    return LogView(view.path, policy)


@pytest.fixture
def answered(session, log):
    """Ask for two places."""
    return asked(session)


def asked(session):
    question = session.question(
        CASE,
        CANDIDATES,
        window=Window(start_day=20_788),
        justification=check.JUSTIFICATION_FOLLOW_UP,
    )
    answer = session.check_placement(question)
    return Answered.of(question, answer, certificate=CERTIFICATE)


def test_a_true_receipt_verifies(session, log, view, answered):
    """Entry, details, proof and checkpoint, and the view has moved."""
    got = fetch(session.logs, view, answered)

    assert got.proof.index == answered.index == 3
    assert got.checkpoint == log.checkpoint(4) == view.newest()
    assert got.leaf == log.leaves[3]
    assert got.decisions == answered.decisions
    assert got.entry.certificate == CERTIFICATE
    assert got.details.matter.areas == ("1480", "0180")
    assert Receipt.verified(got.proof, got.checkpoint) == got


OTHERS = {
    "index": 4,
    "request": bytes(16),
    "decisions": (bytes([3, 1]) * 8, bytes([3, 0]) * 8),
    "verdicts": (1, 3),
    "valid_until": (NOON + HOURS_72, NOON + HOURS_72),
    "areas": ("0180", "1480"),
    "facilities": (b"", bytes(16)),
    "window": "2026-12-01/2027-01-01",
    "justification": "URGENT",
    "case": bytes(16),
    "revision": REVISION + 1,
    "ruleset": "2026-11-2",
    "decided_at": NOON + 1,
    "certificate": bytes(32),
    "action": "HOLD_CONFIRM",
    "objects": (CASE,),
}


@pytest.mark.parametrize("field", OTHERS)
def test_whatever_differs_is_refused(session, view, answered, field):
    """Each part of an answer for itself; none missing from the test."""
    receipt = fetch(session.logs, view, answered)
    require_answer(receipt, answered)
    with pytest.raises(TamperedError):
        require_answer(receipt, replace(answered, **{field: OTHERS[field]}))

    assert set(OTHERS) == set(answered.__slots__)


@pytest.mark.parametrize(
    "change",
    [
        {"action": "CASE_SHOW"},
        {"outcome": "NOT_FOUND"},
        {"certificate": bytes(32)},
        {"at": NOON - 1},
        {"revision": 0},
        {"ruleset": ""},
    ],
)
def test_a_log_that_wrote_another_entry_is_caught(session, log, view, change):
    """However well proven."""
    log.on_entry = lambda entry: replace(entry, **change)
    answered = asked(session)
    with pytest.raises(TamperedError):
        fetch(session.logs, view, answered)


@pytest.mark.parametrize(
    "change",
    [
        {"verdicts": (1, 1)},
        {"verdicts": (1,)},
        {"decisions": ()},
        {"areas": ("1480",)},
        {"areas": ("1480", "0181")},
        {"case": b""},
        {"request": b""},
        {"request": bytes(16)},
        {"valid_until": (NOON, NOON)},
        {"valid_until": ()},
        {"objects": (CASE,)},
    ],
    ids=str,
)
def test_a_log_that_wrote_other_details_is_caught(session, log, view, change):
    """However well committed to."""
    log.on_details = lambda details: replace(
        details, matter=replace(details.matter, **change)
    )
    answered = asked(session)
    with pytest.raises(TamperedError):
        fetch(session.logs, view, answered)


def flipped(content):
    return bytes([content[0] ^ 1]) + content[1:]


SENT = {
    "another entry": lambda sent: sent.__class__(
        entry=flipped(sent.entry),
        details=sent.details,
        hashes=sent.hashes,
        note=sent.note,
    ),
    "no entry": lambda sent: sent.ClearField("entry") or sent,
    "no details": lambda sent: sent.ClearField("details") or sent,
    "other details": lambda sent: (
        setattr(sent, "details", flipped(sent.details)) or sent
    ),
    "no hashes": lambda sent: sent.ClearField("hashes") or sent,
    "a hash too many": lambda sent: sent.hashes.append(bytes(32)) or sent,
    "a short hash": lambda sent: sent.hashes.append(bytes(31)) or sent,
    "no note": lambda sent: sent.ClearField("note") or sent,
    "an altered note": lambda sent: (
        setattr(sent, "note", sent.note[:-3] + b"==\n") or sent
    ),
}


@pytest.mark.parametrize("alter", SENT.values(), ids=SENT)
def test_a_server_that_sends_anything_else_is_caught(
    session, log, view, answered, alter
):
    """Details that were erased so soon are details that somebody hides."""
    log.on_receipt = alter
    with pytest.raises(TamperedError):
        fetch(session.logs, view, answered)


def test_the_receipt_of_another_answer_is_refused(session, log, view, answered):
    """Neither in the place of this one, nor under its index."""
    other = asked(session)
    log.held[answered.index] = log.held[other.index]
    with pytest.raises(TamperedError):
        fetch(session.logs, view, answered)
    with pytest.raises(TamperedError):
        fetch(session.logs, view, replace(answered, index=other.index))


def test_what_is_no_entry_is_refused(session, log, view):
    """Though it stands in the log."""
    log.on_entry = lambda entry: render(entry) + b"\0"
    answered = asked(session)
    with pytest.raises(TamperedError):
        fetch(session.logs, view, answered)


@pytest.mark.parametrize("extra", [b"", b"\0\0\0", b"\0\0\0\1", bytes(7), bytes(9)])
def test_extra_data_of_another_form_are_refused(log, extra):
    """Two parts, each behind its length, and nothing else."""
    proof = Proof(index=0, hashes=(), note=log.note(1), extra=extra)
    with pytest.raises(TamperedError):
        Receipt.verified(proof, log.checkpoint(1))


def test_erased_details_are_none(session, log, view, answered):
    """The entry stays proven; who it was about is nobody's to compare any more."""
    receipt = fetch(session.logs, view, answered)
    entry, _ = log.held[answered.index]
    extra = len(entry).to_bytes(4, "big") + entry + bytes(4)
    got = Receipt.verified(replace(receipt.proof, extra=extra), receipt.checkpoint)

    assert got.entry == receipt.entry
    assert got.details == Details(outline=None, matter=None)
    assert got.decisions == ()
    with pytest.raises(TamperedError):
        require_answer(got, answered)


def test_the_matter_alone_says_what_was_answered(session, view, answered):
    """What auditors see is not shown to its owner, and says too little."""
    receipt = fetch(session.logs, view, answered)
    auditors = Details(outline=Outline(), matter=None)
    with pytest.raises(TamperedError):
        require_answer(replace(receipt, details=auditors), answered)

    assert receipt.details.outline is None


# What can't be had yet


def test_witnesses_are_waited_for(session, wire, log, view, answered):
    """First the service has too few; then it counts others than the pinned ones."""
    strict = demanding(view, 1, A)
    with pytest.raises(NotFoundError):
        fetch(session.logs, strict, answered)
    log.cosigned = (B,)
    with pytest.raises(NotFoundError):
        fetch(session.logs, strict, answered)
    unmoved = view.newest()
    log.cosigned = (B, A)
    got = fetch(session.logs, strict, answered)

    assert unmoved is None
    assert strict.policy.cosigners(got.proof.note) == (A.name,)
    assert [each.cosignatures for each in wire.requests("GetReceipt")] == [1, 1, 1]


def test_a_checkpoint_is_waited_for_as_long_as_asked(session, log, view, answered):
    """Then there is none yet; other errors are never waited out."""
    log.published = 3
    slept = []
    with pytest.raises(NotFoundError):
        fetch(session.logs, view, answered, pauses=(0.5, 1.0), sleep=slept.append)
    waited = list(slept)

    def publish(seconds):
        slept.append(seconds)
        log.published = None

    got = fetch(session.logs, view, answered, pauses=(7.0,), sleep=publish)

    assert waited == [0.5, 1.0]
    assert slept == [0.5, 1.0, 7.0]
    assert got.checkpoint.size == 4


@pytest.mark.parametrize(
    "failure",
    [
        {"GetReceipt": RefusalError(CODE.UNAVAILABLE)},
        {"GetReceipt": refusal(CODE.INTERNAL, "INTERNAL")},
        {"ProveConsistency": RefusalError(CODE.UNAVAILABLE)},
        {"ProveConsistency": refusal(CODE.INTERNAL, "INTERNAL")},
    ],
)
def test_a_failed_call_accuses_nobody(wire, session, log, view, failure):
    """It is what it is, and the view does not move."""
    answered = asked(session)
    view.advance(log.note(2), log.prove)
    wire.answers |= failure
    with pytest.raises(PlacementError) as caught:
        fetch(session.logs, view, answered, pauses=(9.0,))

    assert not isinstance(caught.value, TamperedError | NotFoundError)
    assert view.newest() == log.checkpoint(2)


def test_a_split_view_is_caught_by_the_next_receipt(session, wire, log, view, answered):
    """The same key signed another history for this client before."""
    view.advance(log.forked(2, 3).note(), log.prove)
    with pytest.raises(TamperedError) as caught:
        fetch(session.logs, view, answered)

    assert "another history" in caught.value.notes[0]


def test_a_rolled_back_log_is_caught_by_the_next_receipt(session, wire, log, view):
    """An older copy was put back, and grew again: shorter than before, or longer."""
    view.advance(log.note(3), log.prove)
    seen = asked(session)
    fetch(session.logs, view, seen)
    asked(session)
    for size in (2, 7):
        back = log.forked(2, size)
        back.words = log.words
        wire.answers |= back.answers()
        answered = asked(session)
        with pytest.raises(TamperedError):
            fetch(session.logs, view, answered)


def test_the_certificate_is_the_profiles_own(pair, profile):
    """SHA-256 over DER, as the access log has it."""
    der = x509.load_pem_x509_certificate(pair.certificate).public_bytes(Encoding.DER)

    assert certificate_of(profile) == sha256(der).digest()
