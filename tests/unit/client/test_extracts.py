"""An extract is whole, or there is none."""

import grpc
import pytest
from kit.wire import refusal

from placement.api.v1 import extract_service_pb2 as wire_
from placement.errors import NotFoundError, TamperedError

ID, WHO = bytes([7]) * 16, bytes([8]) * 32
HEAD = wire_.ReadExtractResponse(head=wire_.ExtractHead(reference="A 1"))


def piece(*actions, last=False):
    entries = [wire_.ExtractEntry(action=each) for each in actions]
    told = wire_.ExtractEntries(entries=entries, last=last)
    return wire_.ReadExtractResponse(entries=told)


def test_pieces_come_together(wire, session):
    """In their order, behind the head."""
    wire.answers["ReadExtract"] = (HEAD, piece("a", "b"), piece("c", last=True))
    got = session.extracts.read(ID, [WHO])
    (request,) = wire.requests("ReadExtract")

    assert got.head.reference == "A 1"
    assert [each.action for each in got.entries] == ["a", "b", "c"]
    assert (request.change_id, [*request.pseudonyms]) == (ID, [WHO])


BROKEN = {
    "nothing": [],
    "a head alone": [HEAD],
    "no head": [piece(last=True)],
    "no head, but entries": [piece("a"), piece(last=True)],
    "no end": [HEAD, piece("a")],
    "an end too early": [HEAD, piece(last=True), piece("a")],
    "two ends": [HEAD, piece(last=True), piece(last=True)],
    "two heads": [HEAD, HEAD, piece(last=True)],
    "a piece of nothing": [HEAD, wire_.ReadExtractResponse(), piece(last=True)],
}


@pytest.mark.parametrize("broken", BROKEN)
def test_a_broken_one_is_none(wire, session, broken):
    """What is missing might be what matters."""
    wire.answers["ReadExtract"] = (*BROKEN[broken],)
    with pytest.raises(TamperedError):
        session.extracts.read(ID, [WHO])


def test_a_refusal_is_told(wire, session):
    """Also in the midst of it."""
    gone = refusal(grpc.StatusCode.NOT_FOUND, "NOT_FOUND")
    wire.answers["ReadExtract"] = (HEAD, gone)
    with pytest.raises(NotFoundError):
        session.extracts.read(ID, [WHO])


def test_a_proposal_without_a_change_is_refused(wire, session):
    """Nobody could approve it."""
    wire.answers["ProposeExtract"] = wire_.ProposeExtractResponse(revision=8)
    with pytest.raises(TamperedError):
        session.extracts.propose(wire_.ProposeExtractRequest(pseudonyms=[WHO]))


def test_what_is_written_has_a_request_id(wire, session):
    """So that a retry counts once."""
    wire.answers["ProposeExtract"] = wire_.ProposeExtractResponse(change_id=ID)
    wire.answers["ApproveExtract"] = wire_.ApproveExtractResponse(revision=9)
    session.extracts.propose(wire_.ProposeExtractRequest(pseudonyms=[WHO]))
    session.extracts.approve(wire_.ApproveExtractRequest(change_id=ID))
    ids = [request.request_id for _, request in wire.seen]

    assert [len(each) for each in ids] == [16, 16]
    assert ids[0] != ids[1]
    assert session.min_revision == 9
