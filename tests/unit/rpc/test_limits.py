"""What one process bears: counting who is inside, and descriptors for all of them."""

import resource

import pytest

from placement.errors import OverloadedError
from placement.rpc import limits
from placement.rpc.limits import (
    CALLS_EACH,
    MAX_CALLS,
    MAX_CONNECTIONS,
    MAX_REQUEST,
    MAX_STREAMS,
    CrammedError,
    Inside,
    allow_files,
)


class Call:
    """A call that ends when told."""

    def __init__(self):
        self._callbacks = []

    def add_done_callback(self, callback):
        self._callbacks.append(callback)

    def end(self):
        for callback in self._callbacks:
            callback(self)


def enter(inside, certificate, **given):
    """Come in; return the call and how it was refused."""
    call = Call()
    try:
        inside.enter(certificate, call, **given)
    except OverloadedError as error:
        return call, type(error)
    return call, None


def test_the_transport_has_limits():
    """Messages, metadata and connections are bounded before anything of ours runs."""
    options = dict(limits.options(shared=False))

    assert options["grpc.max_receive_message_length"] == 4 * MAX_REQUEST
    assert options["grpc.absolute_max_metadata_size"] <= 8 * 1024
    assert options["grpc.max_concurrent_streams"] == MAX_STREAMS
    assert options["grpc.max_allowed_incoming_connections"] == MAX_CONNECTIONS
    assert options["grpc.so_reuseport"] == 0
    gone = options["grpc.keepalive_time_ms"] + options["grpc.keepalive_timeout_ms"]
    assert gone <= 30_000
    assert options["grpc.http2.max_ping_strikes"] == 2
    assert options["grpc.server_handshake_timeout_ms"] <= 3_000
    assert options["grpc.max_connection_age_ms"] <= 900_000
    assert dict(limits.options(shared=True)) == options | {"grpc.so_reuseport": 1}


def test_one_certificate_has_some_calls_and_no_more():
    """Then it is refused, in two ways; another one comes in all the while."""
    inside = Inside()
    refused = [enter(inside, b"one")[1] for _ in range(2 * CALLS_EACH + 1)]

    assert 2 * CALLS_EACH < MAX_STREAMS  # so that it meets our bound, and not that
    assert refused == [
        *[None] * CALLS_EACH,
        *[OverloadedError] * CALLS_EACH,
        CrammedError,
    ]
    assert enter(inside, b"other")[1] is None
    assert len(inside) == 2 * CALLS_EACH + 2


def test_whoever_leaves_makes_room():
    """What was refused counts until it has gone, too."""
    inside = Inside()
    calls = [enter(inside, b"one")[0] for _ in range(CALLS_EACH)]
    late, refused = enter(inside, b"one")
    calls.pop().end()
    still = enter(inside, b"one")[1]
    late.end()
    calls.pop().end()
    again = enter(inside, b"one")[1]

    assert (refused, still, again) == (OverloadedError, OverloadedError, None)


def test_nothing_is_kept_of_who_has_gone():
    """Certificates come and go."""
    inside = Inside()
    for number in range(100):
        enter(inside, bytes([number]))[0].end()

    assert len(inside) == 0
    assert inside._here == {}


def test_all_together_have_a_bound():
    """Whoever they are; who looks whether the service is well comes in all the same."""
    inside = Inside()
    for number in range(MAX_CALLS):
        enter(inside, number.to_bytes(2, "big"))

    assert enter(inside, b"late")[1] is OverloadedError
    assert enter(inside, b"probe", watches=True)[1] is None


@pytest.mark.parametrize(
    ("had", "got"),
    [
        ((100, 5000), (1280, 5000)),
        ((100, 1000), (1000, 1000)),
        ((4096, 5000), None),
        ((resource.RLIM_INFINITY, resource.RLIM_INFINITY), None),
        ((100, resource.RLIM_INFINITY), (1280, resource.RLIM_INFINITY)),
    ],
)
def test_there_are_files_for_all_connections(monkeypatch, had, got):
    """As far as the machine allows; never fewer than before."""
    done = []
    monkeypatch.setattr(limits.resource, "getrlimit", lambda _: had)
    monkeypatch.setattr(
        limits.resource, "setrlimit", lambda _, values: done.append(values)
    )
    allow_files(1280)

    assert done == ([] if got is None else [got])
