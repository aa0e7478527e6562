"""Requests about extracts: the form of each field; what is wrong is named."""

import pytest
from kit.commands import COORDINATOR
from kit.extracting import approving, proposing

from placement.api.v1 import extract_service_pb2 as wire
from placement.domain.changeover import Named
from placement.domain.extract_events import ExtractPart
from placement.errors import InvalidInputError
from placement.rpc import parse_extracts as parse
from placement.rpc.origin import Origin

ID, WHO = bytes([7]) * 16, bytes([8]) * 32
ORIGIN = Origin(COORDINATOR, lambda pseudonym: pseudonym[::-1], None)


def named(who):
    return Named("pseudonyms[0]", ((b"", who[::-1]),))


def read(change=ID, who=(WHO,)):
    return wire.ReadExtractRequest(change_id=change, pseudonyms=who)


def shown(change=ID, who=(WHO,)):
    return wire.ShowExtractRequest(change_id=change, pseudonyms=who)


def test_a_proposal_is_read_whole():
    """The person as the store keeps them, never as they came."""
    number = b"a".ljust(32)
    request = proposing(number, case_handles=[ID])
    got = parse.propose_extract(request, ORIGIN)

    assert got.subjects == (named(number),)
    assert got.cases == (ID,)
    assert (got.ground, got.reference) == ("OWN_REQUEST", "A 12/2026")
    assert len(got.change) == 16
    assert got.request_id == request.request_id


def test_an_approval_is_read_whole():
    """What is released, and what else is told."""
    parts, other = [wire.EXTRACT_PART_POLICE_ENTRIES], bytes([9]) * 16
    given = {"released_ids": [ID], "withheld_ids": [other], "parts": parts}
    given["seen"] = bytes(32)
    request = approving(ID, WHO, **given)
    got = parse.approve_extract(request, ORIGIN)

    assert (got.change, got.released, got.withheld) == (ID, (ID,), (other,))
    assert got.parts == (ExtractPart.POLICE_ENTRIES,)
    assert got.seen == bytes(32)
    assert got.subjects == (named(WHO),)


def test_looking_and_reading_name_change_and_person():
    """And nothing else."""
    looked = parse.show_extract(shown(), ORIGIN)
    told = parse.read_extract(read(), ORIGIN)

    assert (looked.change, looked.subjects) == (ID, (named(WHO),))
    assert (told.change, told.subjects) == (ID, (named(WHO),))


BAD = [
    (parse.propose_extract, proposing(b"short"), "pseudonyms[0]"),
    (parse.propose_extract, proposing(*[WHO] * 5), "pseudonyms"),
    (parse.propose_extract, proposing(WHO, b"x"), "pseudonyms[1]"),
    (parse.propose_extract, proposing(case_handles=[ID] * 6), "case_handles"),
    (parse.propose_extract, proposing(case_handles=[b"x"]), "case_handles[0]"),
    (parse.propose_extract, proposing(ground=0), "ground"),
    (parse.propose_extract, proposing(ground=9), "ground"),
    (parse.propose_extract, proposing(request_id=b""), "request_id"),
    (parse.approve_extract, approving(b"x"), "change_id"),
    (parse.approve_extract, approving(ID, b"x"), "pseudonyms[0]"),
    (parse.approve_extract, approving(ID, released_ids=[b"x"]), "released_ids[0]"),
    (parse.approve_extract, approving(ID, released_ids=[ID] * 501), "released_ids"),
    (parse.approve_extract, approving(ID, withheld_ids=[b"x"]), "withheld_ids[0]"),
    (parse.approve_extract, approving(ID, withheld_ids=[ID] * 501), "withheld_ids"),
    (parse.approve_extract, approving(ID, parts=[0]), "parts[0]"),
    (parse.approve_extract, approving(ID, parts=[3]), "parts[0]"),
    (parse.approve_extract, approving(ID, parts=[1, 2, 1]), "parts"),
    (parse.show_extract, shown(b""), "change_id"),
    (parse.show_extract, shown(who=(b"x",)), "pseudonyms[0]"),
    (parse.read_extract, read(b""), "change_id"),
    (parse.read_extract, read(who=[WHO] * 5), "pseudonyms"),
]


@pytest.mark.parametrize("place", range(len(BAD)))
def test_what_can_not_be_is_refused(place):
    """By the name of the field."""
    function, request_, field = BAD[place]
    with pytest.raises(InvalidInputError) as refused:
        function(request_, ORIGIN)

    assert refused.value.field == field
