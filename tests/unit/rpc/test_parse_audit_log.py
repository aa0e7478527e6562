"""Requests about the log as a whole: numbers that a log may have, and cosignatures."""

from dataclasses import replace

import pytest
from kit.certs import TRUST_DOMAIN
from kit.commands import CASEWORKER
from kit.parsed import violation

from placement.api.v1 import log_service_pb2 as log
from placement.audit import note
from placement.audit.note import Signer, Verifier
from placement.crypto.signing import SigningKey, verify
from placement.domain.decide import searches
from placement.rpc import parse_audit as parse


def test_a_receipt_to_read(origin):
    """Whose, was looked up before."""
    request = log.GetReceiptRequest(index=7, cosignatures=50)
    got = parse.read_receipt(request, origin, owned=True)

    assert got == searches.ReadReceipt(caller=CASEWORKER, index=7, owned=True)
    assert not parse.read_receipt(request, origin, owned=False).owned


@pytest.mark.parametrize(
    ("given", "expected"),
    [({"index": 2**62}, "index"), ({"cosignatures": 51}, "cosignatures")],
    ids=["index", "cosignatures"],
)
def test_receipts_that_can_not_be(origin, given, expected):
    """Beyond every log, or more witnesses than there may be."""
    request = log.GetReceiptRequest(**given)

    assert violation(parse.read_receipt, request, origin, owned=True) == expected


LAST = 2**62 - 1


@pytest.mark.parametrize(
    ("form", "request_", "expected"),
    [
        (parse.checkpoint, log.GetCheckpointRequest(), (0, 0)),
        (
            parse.checkpoint,
            log.GetCheckpointRequest(cosignatures=50, least_size=LAST),
            (50, LAST),
        ),
        (parse.checkpoint, log.GetCheckpointRequest(cosignatures=51), "cosignatures"),
        (parse.checkpoint, log.GetCheckpointRequest(least_size=2**62), "least_size"),
        (parse.checkpoints, log.ListCheckpointsRequest(count=1), (0, 1)),
        (
            parse.checkpoints,
            log.ListCheckpointsRequest(least_size=LAST, count=100),
            (LAST, 100),
        ),
        (parse.checkpoints, log.ListCheckpointsRequest(), "count"),
        (parse.checkpoints, log.ListCheckpointsRequest(count=101), "count"),
        (
            parse.checkpoints,
            log.ListCheckpointsRequest(count=1, least_size=2**62),
            "least_size",
        ),
        (
            parse.consistency,
            log.ProveConsistencyRequest(old_size=1, new_size=LAST),
            (1, LAST),
        ),
        (parse.consistency, log.ProveConsistencyRequest(old_size=2**62), "old_size"),
        (parse.consistency, log.ProveConsistencyRequest(new_size=2**62), "new_size"),
        (parse.inclusion, log.ProveInclusionRequest(index=1, size=LAST), (1, LAST)),
        (parse.inclusion, log.ProveInclusionRequest(index=2**62), "index"),
        (parse.inclusion, log.ProveInclusionRequest(size=2**62), "size"),
    ],
    ids=map(str, range(15)),
)
def test_sizes_and_indexes(form, request_, expected):
    """Numbers that a log may have, and no others."""
    if isinstance(expected, tuple):
        assert form(request_) == expected
    else:
        assert violation(form, request_) == expected


# Cosignatures

TEXT = f"{TRUST_DOMAIN}/log\n7\n{'A' * 43}=\n"
LOG = Signer(f"{TRUST_DOMAIN}/log", SigningKey(b"l" * 32))
ONE = Signer("w.test/one", SigningKey(b"1" * 32), 1_781_517)
TWO = Signer("w.test/two", SigningKey(b"2" * 32), 1_781_518)
STRANGER = Signer("w.test/three", SigningKey(b"3" * 32), 1_781_518)
KNOWN = tuple(Verifier(each.public, verify) for each in (ONE, TWO))


def cosigned(*signers, text=TEXT):
    signed = note.sign(text, LOG)
    for signer in signers:
        signed = note.add(signed, signer)
    return log.AddCosignatureRequest(size=7, note=note.render(signed))


def test_a_cosignature():
    """Of the note nothing is kept but the text and the witness's line."""
    size, got = parse.cosignature(cosigned(ONE), KNOWN)

    assert (size, got.text) == (7, TEXT)
    assert [each.name for each in got.signatures] == ["w.test/one"]
    assert note.verify(got, KNOWN) == {"w.test/one"}


def test_a_note_that_others_have_cosigned():
    """A witness signs what is published, others' signatures and all."""
    _, got = parse.cosignature(cosigned(TWO, STRANGER, ONE), KNOWN)

    assert [each.name for each in got.signatures] == ["w.test/two", "w.test/one"]


def spoilt(request):
    """Return a cosignature whose last byte is another."""
    changed = note.parse(request.note)
    last = changed.signatures[-1]
    content = last.content[:-1] + bytes([last.content[-1] ^ 1])
    signatures = (*changed.signatures[:-1], replace(last, content=content))
    request.note = note.render(replace(changed, signatures=signatures))
    return request


@pytest.mark.parametrize(
    ("request_", "known"),
    [
        (cosigned(), KNOWN),
        (cosigned(ONE), ()),
        (cosigned(ONE), KNOWN[1:]),
        (cosigned(Signer("w.test/one", SigningKey(b"3" * 32), 1)), KNOWN),
        (spoilt(cosigned(ONE)), KNOWN),
        (log.AddCosignatureRequest(size=7, note=b""), KNOWN),
        (log.AddCosignatureRequest(size=7, note=b"\xff"), KNOWN),
        (log.AddCosignatureRequest(size=7, note=cosigned(ONE).note[:-1]), KNOWN),
    ],
    ids=[
        *("nobody's", "no witness known", "another's", "another key of that name"),
        *("altered", "empty", "noise", "cut"),
    ],
)
def test_what_is_no_cosignature(request_, known):
    """Nothing that a known witness signed: the note is at fault."""
    assert violation(parse.cosignature, request_, known) == "note"


def test_a_cosignature_of_no_size():
    """Beyond every log."""
    request = cosigned(ONE)
    request.size = 2**62

    assert violation(parse.cosignature, request, KNOWN) == "size"
