"""What a caller learns of an error: a code, a constant sentence, a reason."""

import logging

import grpc
import pytest
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status

from placement import errors
from placement.api.v1 import types_pb2 as wire
from placement.api.v1.refusal_pb2 import Envelope
from placement.errors import InvalidInputError, PlacementError
from placement.rpc.status import (
    DETAILS_KEY,
    DOMAIN,
    RETRY_AFTER,
    refusal_of,
    response_of,
    status_of,
)

CODES = {
    "PlacementError": "INTERNAL",
    "InvalidInputError": "INVALID_ARGUMENT",
    "AccessDeniedError": "PERMISSION_DENIED",
    "CertificateError": "UNAUTHENTICATED",
    "NotFoundError": "NOT_FOUND",
    "ClosedError": "FAILED_PRECONDITION",
    "ConflictError": "FAILED_PRECONDITION",
    "RequestReusedError": "ALREADY_EXISTS",
    "StaleError": "ABORTED",
    "BudgetError": "RESOURCE_EXHAUSTED",
    "TamperedError": "DATA_LOSS",
    "UnavailableError": "UNAVAILABLE",
    "OverloadedError": "RESOURCE_EXHAUSTED",
}
KINDS = {
    name: kind
    for name, kind in vars(errors).items()
    if isinstance(kind, type) and issubclass(kind, PlacementError)
}


def make(kind):
    return kind("window", "is empty") if kind is InvalidInputError else kind()


def unpacked(trailers):
    """Return the status in the trailers, its ErrorInfo and its BadRequest."""
    ((key, content),) = trailers
    status, info, bad = Status.FromString(content), ErrorInfo(), BadRequest()

    assert key == DETAILS_KEY
    assert status.details[0].Unpack(info)
    if len(status.details) > 1 and not status.details[1].Is(RetryInfo.DESCRIPTOR):
        assert status.details[1].Unpack(bad)
    return status, info, bad


def test_every_error_has_a_code():
    """And every reason stands on the wire; no reason has no error."""
    values = wire.ErrorReason.DESCRIPTOR.values_by_name
    names = {name.removeprefix("ERROR_REASON_") for name in values}

    assert set(CODES) == set(KINDS)
    assert names - {"UNSPECIFIED"} == {kind.reason for kind in KINDS.values()}


@pytest.mark.parametrize("name", CODES)
def test_an_error_is_its_status(name):
    """Code and text as told, the same in the details, and our reason."""
    error = make(KINDS[name])
    code, text, trailers = status_of(error)
    status, info, bad = unpacked(trailers)

    assert code is grpc.StatusCode[CODES[name]]
    assert text == type(error).text == str(error)
    assert (status.code, status.message) == (code.value[0], text)
    assert (info.reason, info.domain) == (error.reason, DOMAIN)
    assert bool(bad.field_violations) is (name == "InvalidInputError")


@pytest.mark.parametrize("name", sorted(set(CODES) - {"PlacementError"}))
def test_two_of_a_kind_are_the_same_bytes(name):
    """Absent and not yours can't be told apart, nor anything else of one kind."""
    assert status_of(make(KINDS[name])) == status_of(make(KINDS[name]))


def test_a_field_is_named():
    """With the programmer's phrase, never with what the caller sent."""
    *_, trailers = status_of(InvalidInputError("candidates[1].area", "must be four"))
    _, _, bad = unpacked(trailers)
    (violation,) = bad.field_violations

    assert (violation.field, violation.description) == (
        "candidates[1].area",
        "must be four",
    )


def test_the_unforeseen_has_an_incident(caplog):
    """A random id that the server's log has too; each time another."""
    with caplog.at_level(logging.ERROR):
        found = [unpacked(status_of(PlacementError())[2])[1] for _ in range(2)]
    incidents = [info.metadata["incident"] for info in found]

    assert len(set(incidents)) == 2
    assert [record.getMessage() for record in caplog.records] == [
        f"incident id={incident}" for incident in incidents
    ]


def test_what_is_not_ours_says_nothing_of_itself():
    """Ours passes; whatever else becomes the one fixed sentence."""
    ours = errors.NotFoundError()

    assert refusal_of(ours) is ours
    foreign = refusal_of(KeyError("19850101-1234"))
    assert type(foreign) is PlacementError
    assert "1985" not in str(status_of(foreign))


def test_several_things_that_are_wrong_are_named_each():
    """Under the same field, in order."""
    *_, trailers = status_of(InvalidInputError("content", "one", "two", "three"))
    _, _, bad = unpacked(trailers)

    assert [(each.field, each.description) for each in bad.field_violations] == [
        ("content", "one"),
        ("content", "two"),
        ("content", "three"),
    ]


@pytest.mark.parametrize("name", sorted(set(CODES) - {"PlacementError"}))
def test_a_response_holds_what_a_status_would(name):
    """The same bytes, in the field that every response has."""
    error = make(KINDS[name])
    envelope = Envelope.FromString(response_of(error))
    ((_, content),) = status_of(error)[2]

    assert envelope.refusal.SerializeToString() == content
    assert envelope.refusal.code != 0


def test_overload_says_when_to_come_again():
    """After the same time whoever asks, and whatever others ask."""
    *_, trailers = status_of(errors.OverloadedError())
    status, info, _ = unpacked(trailers)
    delay = RetryInfo()

    assert info.reason == "OVERLOADED"
    assert status.details[1].Unpack(delay)
    assert delay.retry_delay.ToSeconds() == RETRY_AFTER


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_notes_stay_here(kind):
    """Neither in a response nor in gRPC's own status, whatever the error."""
    refusal = refusal_of(make(kind).because("Quartz Union"))
    _, text, trailers = status_of(refusal)

    assert b"Quartz" not in response_of(refusal)
    assert "Quartz" not in f"{text}{trailers}"
