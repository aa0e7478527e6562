"""A call is asked again, unchanged, where nobody answered; its id is its own."""

import time
from dataclasses import replace

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import ErrorInfo, RetryInfo
from kit.asked import CASE, ask
from kit.wire import DOMAIN, RefusalError, refusal
from placement_client.calls import Patience, RequestIds
from placement_client.session import Session

from placement.api.v1 import check_service_pb2 as check
from placement.api.v1 import registry_service_pb2 as registry
from placement.errors import (
    BudgetError,
    InvalidInputError,
    OverloadedError,
    PlacementError,
    UnavailableError,
)

UNAVAILABLE = RefusalError(grpc.StatusCode.UNAVAILABLE)


# Tries


@pytest.mark.parametrize("code", ["UNAVAILABLE", "DEADLINE_EXCEEDED", "CANCELLED"])
def test_what_went_unanswered_is_asked_again_unchanged(wire, session, pauses, code):
    """Two more tries, with the same request id, after a pause each."""
    answer = check.OpenCaseResponse(case_handle=CASE, revision=3)
    refusal = RefusalError(grpc.StatusCode[code])
    wire.answers["OpenCase"] = [refusal, refusal, answer]
    got = session.open_case([bytes(32)], reference="SN 1", basis=check.BASIS_POLICE)
    asked = wire.requests("OpenCase")

    assert got == answer
    assert [each == asked[0] for each in asked] == [True, True, True]
    assert len(asked[0].request_id) == 16
    assert 0.1 <= pauses[0] <= 0.2
    assert 0.5 <= pauses[1] <= 1


TOO_MUCH = RefusalError(
    grpc.StatusCode.RESOURCE_EXHAUSTED,
    ErrorInfo(reason="OVERLOADED", domain=DOMAIN),
    RetryInfo(retry_delay=Duration(seconds=1)),
)
FAR_TOO_MUCH = RefusalError(
    grpc.StatusCode.RESOURCE_EXHAUSTED,
    ErrorInfo(reason="OVERLOADED", domain=DOMAIN),
    RetryInfo(retry_delay=Duration(seconds=3600)),
)
CUT_OFF = RefusalError(grpc.StatusCode.RESOURCE_EXHAUSTED, trailers=())


@pytest.mark.parametrize(
    ("refused", "least"), [(TOO_MUCH, 1), (FAR_TOO_MUCH, 5), (CUT_OFF, 0)]
)
def test_overload_is_waited_out(wire, session, pauses, refused, least):
    """As long as the service says, though not for ever, and a little more by chance."""
    answer = check.OpenCaseResponse(case_handle=CASE, revision=3)
    wire.answers["OpenCase"] = [refused, refused, answer]
    got = session.open_case([bytes(32)], reference="SN 1", basis=check.BASIS_POLICE)
    asked = wire.requests("OpenCase")

    assert got == answer
    assert [each == asked[0] for each in asked] == [True, True, True]
    assert least + 0.1 <= pauses[0] <= least + 0.2
    assert least + 0.5 <= pauses[1] <= least + 1


@pytest.mark.parametrize("refused", [TOO_MUCH, CUT_OFF])
def test_overload_that_lasts_is_an_error(wire, session, pauses, refused):
    """Of its own, so that whoever reads it knows that nothing was stored."""
    wire.answers["CheckPlacement"] = refused

    with pytest.raises(OverloadedError):
        ask(session)
    assert len(wire.requests("CheckPlacement")) == 3


def test_a_budget_is_not_waited_out(wire, session, pauses):
    """It has the same code, and will not be back in a second."""
    code = grpc.StatusCode.RESOURCE_EXHAUSTED
    wire.answers["CheckPlacement"] = refusal(code, "BUDGET_SPENT")

    with pytest.raises(BudgetError):
        ask(session)
    assert len(wire.requests("CheckPlacement")) == 1
    assert pauses == []


def test_after_the_last_try_there_is_an_error(wire, session, pauses):
    """Nothing is made up for an answer."""
    wire.answers["CheckPlacement"] = UNAVAILABLE

    with pytest.raises(UnavailableError):
        ask(session)
    assert len(wire.requests("CheckPlacement")) == 3
    assert len(pauses) == 2


def test_a_refusal_is_not_asked_again(wire, session, pauses):
    """Only silence is worth another try."""
    wire.answers["ShowCase"] = refusal(grpc.StatusCode.NOT_FOUND, "NOT_FOUND")

    with pytest.raises(PlacementError):
        session.show_case(CASE)
    assert len(wire.seen) == 1
    assert pauses == []


def test_a_call_has_a_deadline(wire, profile):
    """A server that does not answer in time costs the deadlines and no more."""
    wire.answers["ShowCase"] = lambda _request: time.sleep(0.5)
    patience = Patience(deadline=0.1, pauses=())
    with (
        Session.open(profile, patience=patience) as session,
        pytest.raises(UnavailableError),
    ):
        session.show_case(CASE)


def test_a_server_that_is_away_is_an_error(profile):
    """Nobody listening is nobody answering."""
    patience = Patience(pauses=(0,))
    with (
        Session.open(replace(profile, server="localhost:1"), patience=patience) as s,
        pytest.raises(UnavailableError),
    ):
        s.show_case(CASE)


@pytest.mark.parametrize("deadline", [0, -1, 10.1, float("nan"), float("inf")])
def test_a_deadline_that_the_server_refuses_is_refused_here(deadline):
    """More than ten seconds, or none, is no deadline."""
    with pytest.raises(InvalidInputError):
        Patience(deadline=deadline)


# Request ids


def test_each_write_has_an_id_of_its_own(wire, session):
    """Two writes are two requests."""
    wire.answers["ApproveChange"] = registry.ApproveChangeResponse(revision=1)
    for _ in range(2):
        session.registry.approve_change(CASE)
    first, second = wire.requests("ApproveChange")

    assert first.request_id != second.request_id


def test_a_repeated_session_repeats_its_ids(wire, profile):
    """The seed of a run that failed gives the same ids in the same order."""
    wire.answers["ApproveChange"] = registry.ApproveChangeResponse(revision=1)
    seed = RequestIds().seed
    for _ in range(2):
        with Session.open(profile, request_ids=RequestIds(seed)) as session:
            session.registry.approve_change(CASE)
            session.registry.approve_change(CASE)
    ids = [each.request_id for each in wire.requests("ApproveChange")]

    assert ids[:2] == ids[2:]
    assert len(set(ids)) == 2


def test_a_seed_has_sixteen_bytes():
    """Nothing else seeds ids."""
    with pytest.raises(InvalidInputError):
        RequestIds(bytes(15))
