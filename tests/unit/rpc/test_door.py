"""The door: who and what is let in, and what leaves when something isn't."""

import asyncio
from contextlib import contextmanager, suppress
from types import SimpleNamespace

import grpc
import pytest
from google.protobuf import descriptor_pool
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from kit.commands import CASEWORKER
from kit.faults import damage
from kit.gate import PATH, Aborted, Context, Gate
from kit.town import PATHS, TIMEOUT, Refused, Town

from placement.access import Action
from placement.api.v1 import check_service_pb2 as check
from placement.errors import (
    CertificateError,
    InvalidInputError,
    TamperedError,
    UnavailableError,
)
from placement.rpc import door as door_module
from placement.rpc.door import MAX_DEADLINE
from placement.rpc.even import Pace
from placement.rpc.host import SERVICES
from placement.rpc.limits import MAX_REQUEST
from placement.rpc.methods import METHODS
from placement.service.entries import Refused as Logged

SHOW = check.ShowCaseRequest(case_handle=bytes(16))


def test_every_method_of_every_service_is_listed():
    """What a proto has and the list has not would be refused, and the reverse."""
    pool = descriptor_pool.Default()
    methods = {
        f"/{name}/{method.name}"
        for name in SERVICES
        for method in pool.FindServiceByName(name).methods
    }

    assert set(METHODS) == methods
    assert set(METHODS.values()) < set(Action) - {Action.NO_METHOD}


# In the small: one call, and nothing but the door


def refusal(gate, *args, **given):
    """Return the status and the reason of a call that is refused."""
    context = given.setdefault("context", Context())
    with pytest.raises(Aborted):
        gate.call(*args, **given)
    return context.status[0], context.reason


def test_a_good_call_is_served():
    """Decoded, with its caller and action beside it."""
    gate = Gate()

    assert gate.call(SHOW.SerializeToString()) == "response"
    ((request, call),) = gate.served
    assert request == SHOW
    assert (call.caller, call.action) == (CASEWORKER, Action.CASE_SHOW)
    assert gate.logged == []


class Counting:
    """Counts what begins and ends."""

    def __init__(self):
        self.seen = []

    @contextmanager
    def call(self):
        self.seen.append("begun")
        yield
        self.seen.append("ended")


@pytest.mark.parametrize("caller", [CASEWORKER, CertificateError()])
def test_a_call_is_counted_while_it_is_under_way(caller):
    """Until it leaves at its point, served or refused."""
    gate, counting = Gate(caller=caller), Counting()
    gate.door._pulse = counting

    class Paced(Pace):
        async def keep(self, begun, method, *, counts):
            counting.seen.append("waits")

    gate.door._pace = Paced()
    with suppress(Aborted):
        gate.call(SHOW.SerializeToString())

    assert counting.seen == ["begun", "waits", "ended"]


def test_a_refused_certificate_is_logged():
    """Without a caller, since nobody knows who it is."""
    gate = Gate(caller=CertificateError())

    assert refusal(gate) == ("UNAUTHENTICATED", "CERTIFICATE_REFUSED")
    assert gate.logged == [Logged(Action.CASE_SHOW, gate.caller, None)]
    assert gate.served == []


@pytest.mark.parametrize(
    ("left", "fits"),
    [(None, False), (MAX_DEADLINE + 5, False), (MAX_DEADLINE, True), (0.0, True)],
)
def test_deadlines(left, fits):
    """There is one, and not a late one."""
    gate, context = Gate(), Context(left)
    if fits:
        assert gate.call(context=context) == "response"
    else:
        assert refusal(gate, context=context) == ("INVALID_ARGUMENT", "INVALID_INPUT")
        assert gate.logged[0].refusal.field == "grpc-timeout"
        assert gate.logged[0].caller is CASEWORKER


NESTED = b"\x22\x03\xfa\x3f\x00"  # in a question's window


@pytest.mark.parametrize(
    ("method", "content"),
    [
        ("ShowCase", bytes(MAX_REQUEST + 1)),
        ("ShowCase", b"\xff"),
        ("ShowCase", SHOW.SerializeToString()[:-1]),
        ("ShowCase", SHOW.SerializeToString() + b"\xfa\x3f\x00"),
        ("CheckPlacement", NESTED),
        ("CheckPlacement", b"\x22\x02\x08\x01" * 2),
        ("CheckPlacement", b"\x22\x06\x08\x81\x80\x80\x80\x10"),
        ("CheckPlacement", b"\x30\x00"),
    ],
    ids=[
        *("too large", "noise", "cut", "unknown field", "unknown field inside"),
        *("a field twice", "a number cut to fit", "a default that is sent"),
    ],
)
def test_messages_that_are_none(method, content):
    """Nothing is parsed of them, and the refusal is logged."""
    gate = Gate()
    kinds = {"ShowCase": check.ShowCaseRequest}
    kind = kinds.get(method, check.CheckPlacementRequest)
    got = refusal(
        gate, content, path=PATHS[method], handler=gate.handler(kind.FromString)
    )

    assert got == ("INVALID_ARGUMENT", "INVALID_INPUT")
    assert [logged.refusal.field for logged in gate.logged] == ["request"]
    assert gate.served == []


def test_a_full_message_passes():
    """The limit itself is not beyond it."""
    reference = "x" * (MAX_REQUEST - 4)
    content = check.OpenCaseRequest(reference=reference).SerializeToString()
    gate = Gate()
    handler = gate.handler(check.OpenCaseRequest.FromString)

    assert len(content) == MAX_REQUEST
    assert gate.call(content, path=PATHS["OpenCase"], handler=handler) == "response"


@pytest.mark.parametrize("error", [ZeroDivisionError("850101-1234"), ValueError()])
def test_the_unforeseen_leaves_as_one_sentence(error, caplog):
    """While serving, decoding or identifying; the log names its kind alone."""

    def decode(_):
        raise error

    for gate, handler in (
        (Gate(serve=error), None),
        (Gate(), Gate().handler(decode)),
        (Gate(caller=error), None),
    ):
        assert refusal(gate, handler=handler) == ("INTERNAL", "INTERNAL")
    assert "850101" not in caplog.text
    assert type(error).__name__ in caplog.text


def test_our_refusals_leave_as_they_are():
    """A deliberate error of the service is its own status."""
    gate = Gate(serve=UnavailableError())

    assert refusal(gate) == ("UNAVAILABLE", "UNAVAILABLE")
    assert gate.logged == []


@pytest.mark.parametrize(
    ("error", "condemned"),
    [
        (TamperedError(), True),
        (damage(), True),
        (UnavailableError(), False),
        (ValueError(), False),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_what_does_not_verify_condemns_the_engine(error, condemned, stream):
    """Whoever met it, in whichever method."""
    gate = Gate(serve=error)
    refusal(gate, handler=gate.stream_handler() if stream else None)

    assert gate.condemned == condemned


@pytest.mark.parametrize(
    "path",
    [
        "/placement.api.v1.CheckService/ListPlacements",
        "/placement.api.v1.CheckService/Check",
        "/placement.api.v2.CheckService/ShowCase",
        "/grpc.channelz.v1.Channelz/GetServers",
        "",
    ],
)
def test_a_method_that_is_not_listed(path):
    """Does not exist, whoever asks (scenario 40), whether or not it is implemented."""
    gate = Gate()

    assert refusal(gate, path=path) == ("PERMISSION_DENIED", "ACCESS_DENIED")
    assert gate.served == []


def test_a_method_that_is_none_under_a_certificate_that_is_none():
    """Why the certificate was refused, and nobody's name in the entry."""
    gate = Gate(caller=CertificateError())
    got = refusal(gate, path="/placement.api.v1.CheckService/ListPlacements")

    assert got == ("UNAUTHENTICATED", "CERTIFICATE_REFUSED")
    assert gate.logged == [Logged(Action.NO_METHOD, gate.caller, None)]


@pytest.mark.parametrize(
    "handler",
    [
        None,
        grpc.stream_unary_rpc_method_handler(None),
        grpc.stream_stream_rpc_method_handler(None),
    ],
    ids=["nobody", "a stream in", "streams both ways"],
)
def test_a_listed_method_without_its_handler(handler):
    """A method that nobody serves, or that reads a stream, is refused."""

    async def run():
        async def found(_):
            return handler

        details = SimpleNamespace(method=PATH)
        guarded = await Gate().door.intercept_service(found, details)
        context = Context()
        with pytest.raises(Aborted):
            await guarded.unary_unary(b"", context)
        return context.status[0]

    assert asyncio.run(run()) == "PERMISSION_DENIED"


def test_decoding_names_the_request():
    """The field of a message that is none is the request itself."""
    with pytest.raises(InvalidInputError) as refused:
        door_module._decoded(b"\xff", check.ShowCaseRequest.FromString)

    assert refused.value.field == "request"


# In the large: a live server with everything that it can serve


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    """A served town that describes its methods."""
    with Town(tmp_path_factory.mktemp("town"), reflection=True) as town:
        yield town


@pytest.mark.parametrize(
    "path",
    [
        "/placement.api.v1.CheckService/ListPlacements",
        "/placement.api.v1.CheckService",
        "/placement.api.v1.checkservice/CheckPlacement",
        "/elsewhere.Service/Method",
    ],
)
def test_a_method_that_is_none_is_refused_and_logged(town, path):
    """No service of ours lists placements, and who tries stands in the access log."""
    before = town.head()
    got = town.call("worker", path, b"")
    (entry,) = town.entries(before.leaves)

    assert isinstance(got, Refused)
    assert (got.code.name, got.reason) == ("PERMISSION_DENIED", "ACCESS_DENIED")
    assert (entry.action, entry.person, entry.outcome) == (
        "NO_METHOD",
        "cw-01",
        "ACCESS_DENIED",
    )
    assert town.head().revision == before.revision


def test_health_asks_for_a_good_certificate(town):
    """Any role may ask; it needs no deadline and leaves no entry."""
    head = town.settled()
    pair = town.served.pki.client("operator", "drift", "op-77")
    channel = town.served.connect(pair)
    stub = health_pb2_grpc.HealthStub(channel)
    request = health_pb2.HealthCheckRequest(service=SERVICES[0])
    serving = stub.Check(request).status
    watched = next(iter(stub.Watch(request))).status
    town.served.pki.revoke(pair)
    with pytest.raises(grpc.RpcError) as refused:
        stub.Check(request)
    with pytest.raises(grpc.RpcError) as unwatched:
        next(iter(stub.Watch(request)))
    channel.close()

    assert serving == watched == health_pb2.HealthCheckResponse.SERVING
    assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED
    assert unwatched.value.code() is grpc.StatusCode.UNAUTHENTICATED
    assert town.head() == head


def test_reflection_asks_for_a_good_certificate(town):
    """It names our services, and nothing else that the server holds."""
    stub = reflection_pb2_grpc.ServerReflectionStub(town.channel("operator"))
    request = reflection_pb2.ServerReflectionRequest(list_services="")
    (answer,) = stub.ServerReflectionInfo(iter([request]), timeout=TIMEOUT)
    names = {one.name for one in answer.list_services_response.service}

    assert set(SERVICES) < names
    assert names - set(SERVICES) == {"grpc.reflection.v1alpha.ServerReflection"}
