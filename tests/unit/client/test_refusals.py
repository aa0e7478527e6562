"""Refusals that responses hold: raised as what gRPC raises, and never an answer."""

import grpc
import pytest
from google.rpc.error_details_pb2 import ErrorInfo
from google.rpc.status_pb2 import Status
from grpc_status import rpc_status
from kit.refused import details
from kit.town import GROUND, PATHS, TIMEOUT, Town, fresh
from placement_client.failures import translate
from placement_client.refusals import DETAILS_KEY, RefusedError, evened, opened

from placement.api.v1 import audit_service_pb2 as audit
from placement.api.v1 import check_service_pb2 as check
from placement.api.v1.check_service_pb2_grpc import CheckServiceStub
from placement.api.v1.refusal_pb2 import Envelope, Refusal
from placement.errors import ClosedError, NotFoundError
from placement.rpc.even import SIZE, padded
from placement.rpc.status import response_of

ANSWER = check.ShowCaseResponse(reference="SN 1")


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    with Town(tmp_path_factory.mktemp("town")) as town:
        yield town


def refusal(error):
    """Return the error that the response of a refusal is raised as."""
    with pytest.raises(RefusedError) as raised:
        opened(response_of(error))
    return raised.value


def test_an_answer_loses_its_padding():
    """As a message and as bytes; what has none stays as it is."""
    content = ANSWER.SerializeToString()
    filled = padded(content, SIZE)

    assert opened(check.ShowCaseResponse.FromString(filled)) == ANSWER
    assert opened(filled) == opened(content) == content


def test_a_refusal_is_what_grpc_raises():
    """With code, sentence and details where whoever catches one looks for them."""
    error = refusal(ClosedError())

    assert isinstance(error, grpc.RpcError)
    assert error.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert error.details() == ClosedError.text
    assert error.initial_metadata() == ()
    assert details(error) == ("CASE_CLOSED", [])
    assert rpc_status.from_call(error).message == ClosedError.text
    assert type(translate(error)) is ClosedError
    with pytest.raises(RefusedError):
        error.result()


@pytest.mark.parametrize("code", [0, 99, -1])
def test_a_refusal_with_another_code_is_one_nevertheless(code):
    """An answer that says that it is none is none."""
    for response in (
        Envelope(refusal=Refusal(code=code)).SerializeToString(),
        check.ShowCaseResponse(reference="SN 1", refusal=Refusal(code=code)),
    ):
        with pytest.raises(RefusedError) as raised:
            opened(response)

        assert raised.value.code() is grpc.StatusCode.UNKNOWN


def test_a_refusal_has_the_bytes_of_a_status():
    """Whatever reads ``google.rpc.Status`` reads it."""
    ((key, content),) = refusal(NotFoundError()).trailing_metadata()
    status, info = Status.FromString(content), ErrorInfo()

    assert key == DETAILS_KEY
    assert status.code == grpc.StatusCode.NOT_FOUND.value[0]
    assert status.details[0].Unpack(info)
    assert info.reason == "NOT_FOUND"


def test_a_call_raises_its_refusal(town):
    """Typed or not, with its call or without it."""
    channel = town.channel("worker")
    unknown = check.ShowCaseRequest(case_handle=fresh())
    stub = CheckServiceStub(channel)
    bare = channel.unary_unary(PATHS["ShowCase"])
    for ask in (
        lambda: stub.ShowCase(unknown, timeout=TIMEOUT),
        lambda: stub.ShowCase.with_call(unknown, TIMEOUT),
        lambda: bare(unknown.SerializeToString(), timeout=TIMEOUT),
    ):
        with pytest.raises(RefusedError) as raised:
            ask()

        assert raised.value.code() is grpc.StatusCode.NOT_FOUND
    answer, call = stub.ShowCase.with_call(
        check.ShowCaseRequest(case_handle=town.case), timeout=TIMEOUT
    )

    assert (answer.reference, answer.padding) == ("SN 1", b"")
    assert call.code() is grpc.StatusCode.OK


def test_a_stream_raises_the_refusal_that_ends_it(town):
    """And has whatever else a call of gRPC's has."""
    ask = town.channel("worker").unary_stream(PATHS["TailEntries"])
    request = audit.TailEntriesRequest(ground=GROUND)
    pieces = ask(request.SerializeToString(), timeout=TIMEOUT)
    with pytest.raises(RefusedError) as raised:
        list(pieces)

    assert raised.value.code() is grpc.StatusCode.PERMISSION_DENIED
    assert pieces.code() is grpc.StatusCode.OK


def test_an_interceptor_before_it_sees_the_refusal(town):
    """As it sees one that gRPC itself raises."""
    seen = []

    class Watching(grpc.UnaryUnaryClientInterceptor):
        def intercept_unary_unary(self, continuation, client_call_details, request):
            call = continuation(client_call_details, request)
            seen.append(call.code())
            return call

    channel = grpc.intercept_channel(town.channel("worker"), Watching())
    with pytest.raises(RefusedError):
        CheckServiceStub(channel).ShowCase(
            check.ShowCaseRequest(case_handle=fresh()), timeout=TIMEOUT
        )

    assert seen == [grpc.StatusCode.NOT_FOUND]


class Channel:
    """A channel that says what it was asked for."""

    def __init__(self):
        self.asked = []

    def __getattr__(self, name):
        return lambda *args, **given: self.asked.append(name) or name


def test_what_is_not_ours_passes():
    """Health and reflection refuse as gRPC does; the connection is the channel's."""
    channel = Channel()
    with evened(channel) as got:
        kinds = ("unary_unary", "unary_stream", "stream_unary", "stream_stream")
        found = [getattr(got, kind)("/grpc.health.v1.Health/Check") for kind in kinds]
        got.subscribe(print, try_to_connect=True)
        got.unsubscribe(print)

    assert found == list(kinds)
    assert channel.asked == [*kinds, "subscribe", "unsubscribe", "close"]
