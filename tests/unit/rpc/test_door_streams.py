"""The door before a method that answers in pieces: the same law, and a later end."""

import asyncio
import time

import grpc
import pytest
from kit.commands import CASEWORKER
from kit.gate import PATH, Aborted, Context, Gate
from kit.town import GROUND, PATHS, TIMEOUT, Refused, Town

from placement.access import Action
from placement.api.v1 import audit_service_pb2 as audit
from placement.api.v1 import check_service_pb2 as check
from placement.errors import CertificateError, UnavailableError
from placement.rpc import door as door_module
from placement.rpc.door import MAX_DEADLINE, MAX_STREAM, STREAMS_EACH
from placement.rpc.limits import MAX_REQUEST
from placement.service.entries import Refused as Logged

SHOW = check.ShowCaseRequest(case_handle=bytes(16))
FOLLOW = audit.TailEntriesRequest(ground=GROUND)


# In the small


def refusal(gate, content=b"", context=None):
    """Return status and reason of a stream that is refused."""
    context = context or Context()
    with pytest.raises(Aborted):
        gate.call(content, context, handler=gate.stream_handler())
    return context.status[0], context.reason


def test_a_good_call_is_served_in_pieces():
    """Decoded, with its caller and action beside it; every piece is sent."""
    gate, context = Gate(pieces=("one", "two")), Context(MAX_STREAM)
    gate.call(SHOW.SerializeToString(), context, handler=gate.stream_handler())
    ((request, call),) = gate.served

    assert context.written == ["one", "two"]
    assert request == SHOW
    assert (call.caller, call.action) == (CASEWORKER, Action.CASE_SHOW)
    assert gate.logged == []


def test_a_refused_certificate_is_logged():
    """Nothing is sent, and the entry names nobody."""
    gate, context = Gate(caller=CertificateError(), pieces=("one",)), Context()

    assert refusal(gate, context=context) == ("UNAUTHENTICATED", "CERTIFICATE_REFUSED")
    assert gate.logged == [Logged(Action.CASE_SHOW, gate.caller, None)]
    assert (gate.served, context.written) == ([], [])


@pytest.mark.parametrize("left", [None, MAX_STREAM + 30])
def test_a_stream_that_could_last_for_ever(left):
    """Ten minutes at most; then its caller comes again."""
    gate = Gate(pieces=("one",))

    assert refusal(gate, context=Context(left)) == ("INVALID_ARGUMENT", "INVALID_INPUT")
    (logged,) = gate.logged
    assert (logged.refusal.field, logged.caller) == ("grpc-timeout", CASEWORKER)
    assert logged.refusal.description == "must be a deadline of at most 600 s"


@pytest.mark.parametrize("left", [MAX_DEADLINE + 5, MAX_STREAM, MAX_STREAM + 18])
def test_a_stream_may_last_longer_than_a_call(left):
    """What takes long comes in pieces; gRPC rounds a deadline up by up to 3 %."""
    gate, context = Gate(pieces=("one",)), Context(left)
    gate.call(b"", context, handler=gate.stream_handler())

    assert context.written == ["one"]


@pytest.mark.parametrize(
    "content",
    [bytes(MAX_REQUEST + 1), b"\xff", SHOW.SerializeToString() + b"\xfa\x3f\x00"],
    ids=["too large", "noise", "unknown field"],
)
def test_messages_that_are_none(content):
    """As of every other call."""
    gate = Gate(pieces=("one",))

    assert refusal(gate, content) == ("INVALID_ARGUMENT", "INVALID_INPUT")
    assert [logged.refusal.field for logged in gate.logged] == ["request"]
    assert gate.served == []


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (UnavailableError(), ("UNAVAILABLE", "UNAVAILABLE")),
        (ZeroDivisionError("850101-1234"), ("INTERNAL", "INTERNAL")),
    ],
)
def test_an_error_between_two_pieces(error, expected, caplog):
    """What was sent is sent; whatever it is, it leaves as one of our refusals."""
    gate, context = Gate(pieces=("one",), serve=error), Context()

    assert refusal(gate, context=context) == expected
    assert context.written == ["one"]
    assert "850101" not in caplog.text


def test_a_certificate_that_is_refused_between_two_pieces():
    """The stream ends as a new call would; what was made ready is not sent."""
    gate, refused = Gate(pieces=("one", "two")), CertificateError()

    class Revoking(Context):
        async def write(self, response):
            await super().write(response)
            gate.caller = refused

    context = Revoking()

    assert refusal(gate, context=context) == ("UNAUTHENTICATED", "CERTIFICATE_REFUSED")
    assert context.written == ["one"]
    assert gate.logged == [Logged(Action.CASE_SHOW, gate.caller, None)]
    assert gate.ended


def test_a_server_that_stops_ends_what_is_followed():
    """As one that can't be reached: its caller comes again.

    Behind what is being written, of which gRPC takes one at a time.
    """
    gate, writing, busy = Gate(pieces=("one", "two")), asyncio.Event(), []

    class Slow(Context):
        async def write(self, response):
            assert not busy
            busy.append(response)
            await super().write(response)
            writing.set()
            await asyncio.sleep(0.05)
            busy.clear()

    async def run(context):
        guarded = await gate.guarded(PATH, gate.stream_handler())
        task = asyncio.ensure_future(guarded.unary_stream(b"", context))
        await writing.wait()
        gate.door.drain()
        await task
        late = Context()
        await guarded.unary_stream(b"", late)
        return late

    context = Slow()
    late = asyncio.run(run(context))

    assert (context.status[0], context.reason) == ("UNAVAILABLE", "UNAVAILABLE")
    assert (late.reason, late.written) == ("UNAVAILABLE", [])
    assert context.written == ["one"]
    assert gate.ended
    assert gate.logged == []


def test_whoever_goes_away_between_two_pieces_holds_nothing():
    """The method ends there and then, not when somebody collects it."""
    gate, kept = Gate(pieces=("one", "two")), []

    class Gone(Context):
        async def write(self, response):
            raise asyncio.CancelledError

    async def run():
        guarded = await gate.guarded(PATH, gate.stream_handler())
        try:
            await guarded.unary_stream(b"", Gone())
        except asyncio.CancelledError as cancelled:
            kept.append(cancelled)  # and with it every frame it came through
        return gate.ended

    assert asyncio.run(run())
    assert len(kept) == 1


def test_whoever_goes_away_while_something_is_sent_is_no_incident(caplog):
    """Nobody is left to be told, and nothing of ours went wrong."""
    gate = Gate(pieces=("one", "two"))

    class Gone(Context):
        async def write(self, response):
            raise grpc.aio.InternalError

    context = Gone()
    gate.call(b"", context, handler=gate.stream_handler())

    assert gate.ended
    assert context.status is None
    assert caplog.records == []


# In the large


def test_ten_minutes_are_ten_minutes_whatever_was_sent_before(town):
    """A client's gRPC sends a near deadline again instead of the one that is meant."""
    for timeout in (MAX_STREAM + 12, MAX_STREAM):
        got = town.call("auditor", "TailEntries", FOLLOW, timeout=timeout)

    assert isinstance(got, bytes)


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    with Town(tmp_path_factory.mktemp("town")) as town:
        yield town


def follow(town, **how):
    ask = town.channel("auditor").unary_stream(PATHS["TailEntries"])
    return ask(FOLLOW.SerializeToString(), **how)


def tasks(town):
    """Count what the server is doing."""
    return len(asyncio.all_tasks(town.served._loop))


def calmed(town, most):
    """Wait until the server does no more than it did; tell whether that came."""
    end = time.monotonic() + TIMEOUT
    while tasks(town) > most and time.monotonic() < end:
        time.sleep(0.05)
    return tasks(town) <= most


@pytest.mark.parametrize("timeout", [None, MAX_STREAM + 30])
def test_a_late_deadline_is_refused_and_logged(town, timeout):
    """Over the wire, too."""
    before = town.head()
    got = town.call("auditor", "TailEntries", FOLLOW, timeout=timeout)
    (entry,) = town.entries(before.leaves)

    assert isinstance(got, Refused)
    assert (got.code.name, got.fields) == ("INVALID_ARGUMENT", ["grpc-timeout"])
    assert (entry.action, entry.outcome) == ("ENTRY_TAIL", "INVALID_INPUT")
    assert entry.person == "au-01"


def test_many_who_follow_and_go_away_leave_room(town, monkeypatch):
    """More streams than threads; all are served, and all of them end."""
    monkeypatch.setattr(door_module, "STREAMS_EACH", 24)
    before = tasks(town)
    streams = [follow(town, timeout=MAX_STREAM) for _ in range(24)]
    first = [next(stream) for stream in streams]
    listed = town.done(
        "second-auditor",
        "ListEntries",
        audit.ListEntriesRequest(
            filter=audit.EntryFilter(first_index=0), page_size=1, ground=GROUND
        ),
        audit.ListEntriesResponse,
    )
    during = tasks(town)
    for stream in streams:
        stream.cancel()

    assert (len(first), len(listed.entries)) == (24, 1)
    assert during >= before + 24
    assert calmed(town, before)


def test_nobody_takes_all_the_streams(town):
    """One certificate has a few at once; one more is refused, and that is logged."""
    streams = [follow(town, timeout=MAX_STREAM) for _ in range(STREAMS_EACH)]
    first = [next(stream) for stream in streams]
    before = town.head().leaves
    with pytest.raises(grpc.RpcError) as full:
        next(follow(town, timeout=MAX_STREAM))
    (entry,) = town.entries(before)
    streams.pop().cancel()
    other = tail(town)
    for stream in streams:
        stream.cancel()

    assert len(first) == STREAMS_EACH
    assert full.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert (entry.action, entry.outcome) == ("ENTRY_TAIL", "OVERLOADED")
    assert isinstance(other, audit.TailEntriesResponse)


def tail(town):
    """Follow once there is room; return the first answer."""
    end = time.monotonic() + TIMEOUT
    while True:
        try:
            stream = follow(town, timeout=MAX_STREAM)
            first = next(stream)
        except grpc.RpcError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)
        else:
            stream.cancel()
            return audit.TailEntriesResponse.FromString(first)


def test_a_stream_ends_with_its_deadline(town):
    """The server stops when the time that the caller gave is over."""
    before = tasks(town)
    stream = follow(town, timeout=1.0)
    with pytest.raises(grpc.RpcError) as over:
        list(stream)

    assert over.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert calmed(town, before)
