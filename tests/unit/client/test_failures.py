"""Every refusal becomes its one class; what can't be read becomes no verdict."""

import grpc
import pytest
from google.protobuf.any_pb2 import Any as Packed
from google.rpc.error_details_pb2 import ErrorInfo
from google.rpc.status_pb2 import Status
from kit.wire import DOMAIN, RefusalError, invalid, refusal
from placement_client.calls import Patience
from placement_client.failures import condemned, translate
from placement_client.session import Session

from placement import errors
from placement.api.v1.types_pb2 import ErrorReason
from placement.rpc.status import status_of

CASE = bytes(16)
CODE = grpc.StatusCode
REASONS = [
    name.removeprefix("ERROR_REASON_")
    for name in ErrorReason.keys()  # noqa: SIM118 (an enumeration is no mapping)
    if not name.endswith("UNSPECIFIED")
]


@pytest.fixture
def failed(wire, profile):
    """Return what a call that ends in a refusal raises."""

    def failed(error):
        wire.answers["ShowCase"] = error
        with (
            Session.open(profile, patience=Patience(pauses=())) as session,
            pytest.raises(errors.PlacementError) as caught,
        ):
            session.show_case(CASE)
        return caught.value

    return failed


def notes(error):
    return error.notes


@pytest.mark.parametrize("reason", REASONS)
def test_each_reason_of_the_wire_has_its_class(failed, reason):
    """One generic table: the reason decides, not the status code."""
    got = failed(refusal(CODE.FAILED_PRECONDITION, reason))

    assert got.reason == reason
    assert str(got) == type(got).text


@pytest.mark.parametrize(
    "error",
    [
        errors.InvalidInputError("candidates[1].area", "is no code in use"),
        errors.BudgetError(),
        errors.PlacementError(),
    ],
    ids=lambda error: error.reason,
)
def test_what_the_service_sends_comes_back_the_same(failed, error):
    """The service's own rendering and this reading fit together."""
    code, text, trailers = status_of(error)
    got = failed(RefusalError(code, message=text, trailers=trailers))

    assert type(got) is type(error)
    if isinstance(error, errors.InvalidInputError):
        assert (got.field, got.description) == (error.field, error.description)
    if error.reason == "INTERNAL":
        assert notes(got)[0].startswith("incident ")


def test_the_incident_is_noted(failed):
    """What the server's log has too."""
    got = failed(refusal(CODE.INTERNAL, "INTERNAL", incident="4f6c"))

    assert notes(got) == ["incident 4f6c"]


def test_an_incident_that_could_steer_a_terminal_is_dropped(failed):
    """Only letters, digits and hyphens are an id."""
    got = failed(refusal(CODE.INTERNAL, "INTERNAL", incident="\x1b[2J"))

    assert notes(got) == []


def test_an_unknown_reason_is_internal(failed):
    """A reason of the future is no verdict, as any other."""
    got = failed(refusal(CODE.ABORTED, "NEW_REASON", incident="1"))

    assert type(got) is errors.PlacementError
    assert notes(got) == ["incident 1"]


def test_every_field_is_named(failed):
    """The first is the error's own, the others stand in notes."""
    got = failed(invalid(("window", "is empty"), ("case_handle", "must be 16 bytes")))

    assert (got.field, got.description) == ("window", "is empty")
    assert notes(got) == ["case_handle must be 16 bytes"]


@pytest.mark.parametrize(
    ("field", "description"),
    [("WINDOW", "is empty"), ("window", "\x1b[2J"), ("window", ""), ("a", "x" * 201)],
)
def test_a_field_that_cannot_be_shown_is_not(failed, field, description):
    """What does not have the form is left out; the class stays."""
    got = failed(invalid((field, description)))

    assert (got.field, got.description) == ("request", "is not valid")


def test_a_header_is_a_field(failed):
    """The deadline's field is no name of the wire's own."""
    got = failed(invalid(("grpc-timeout", "must be at most 10 s")))

    assert got.field == "grpc-timeout"


def _unreadable():
    packed = Packed(type_url="type.googleapis.com/google.rpc.ErrorInfo", value=b"\xff")
    status = Status(code=CODE.ABORTED.value[0], message="refused", details=[packed])
    return (("grpc-status-details-bin", status.SerializeToString()),)


UNREADABLE = {
    "no details": RefusalError(CODE.ABORTED),
    "no trailers": RefusalError(CODE.ABORTED, trailers=()),
    "another domain": RefusalError(
        CODE.ABORTED, ErrorInfo(reason="STALE", domain="elsewhere")
    ),
    "no status": RefusalError(
        CODE.ABORTED, trailers=(("grpc-status-details-bin", b"\xff"),)
    ),
    "another code": RefusalError(
        CODE.ABORTED,
        trailers=refusal(CODE.NOT_FOUND, "NOT_FOUND").trailers,
    ),
    "another detail": RefusalError(CODE.ABORTED, trailers=_unreadable()),
}


@pytest.mark.parametrize("error", UNREADABLE.values(), ids=UNREADABLE)
def test_what_cannot_be_read_is_internal(failed, error):
    """No reason that is known, no other class than the last."""
    got = failed(error)

    assert type(got) is errors.PlacementError


@pytest.mark.parametrize(
    "code", [CODE.UNAVAILABLE, CODE.DEADLINE_EXCEEDED, CODE.CANCELLED]
)
def test_silence_is_unavailable(failed, code):
    """Without details these mean that nobody answered."""
    assert type(failed(RefusalError(code))) is errors.UnavailableError


def test_the_domain_is_the_services(failed):
    """Both ends name the same domain."""
    assert DOMAIN == "placement.api.v1"


def test_a_call_without_trailers_is_read(failed):
    """A call may end before it has any metadata."""

    class Ended(grpc.RpcError):
        def code(self):
            return CODE.UNAVAILABLE

        def trailing_metadata(self):
            return None

    assert type(translate(Ended())) is errors.UnavailableError


def test_a_service_that_condemns_its_own_data_is_quoted(failed):
    """Whatever was made of its word since; nobody else's word is taken for it."""
    own = failed(refusal(CODE.DATA_LOSS, "TAMPERED", incident="4f6c"))
    silent = failed(refusal(CODE.DATA_LOSS, "TAMPERED"))
    made = errors.TamperedError()
    made.__cause__ = own
    words = "The service says that its stored data does not verify"

    assert condemned(own) == condemned(made) == f"{words} (incident 4f6c)."
    assert condemned(silent) == f"{words}."
    assert not condemned(errors.TamperedError())
    assert not condemned(failed(refusal(CODE.NOT_FOUND, "NOT_FOUND")))
