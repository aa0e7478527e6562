"""A sealed server says the same to everybody, in the size that its answers have."""

import asyncio
import time
from contextlib import closing

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from kit.certs import TRUST_DOMAIN, Pki
from kit.town import STREAMS, TIMEOUT

from placement.access import Role
from placement.errors import UnavailableError
from placement.rpc.even import SIZES, Pace
from placement.rpc.health import CUSTODY, REASON
from placement.rpc.identity import Identifier, Revocation
from placement.rpc.methods import METHODS
from placement.rpc.sealed import SealedHost


@pytest.fixture
def asked(tmp_path):
    """Return a function that speaks with a sealed server as somebody."""
    pki = Pki(tmp_path)
    pki.server()
    identifier = Identifier(TRUST_DOMAIN, Revocation(pki.paths), clock=time.time)
    people = {
        "worker": pki.client(Role.CASEWORKER, "1280", "cw-01"),
        "stranger": pki.client_uri(f"spiffe://{TRUST_DOMAIN}/nobody/1/x"),
    }

    def speak(who, question):
        pair = people[who]
        credentials = grpc.ssl_channel_credentials(pki.ca, pair.key, pair.certificate)

        async def run():
            host = SealedHost(
                "127.0.0.1:0", tls=pki.paths, identifier=identifier, pace=Pace(0.01)
            )
            await host.start()
            try:
                return await asyncio.to_thread(connected, host.port)
            finally:
                await host.stop()

        def connected(port):
            address = f"localhost:{port}"
            with closing(grpc.secure_channel(address, credentials)) as channel:
                return question(channel)

        return asyncio.run(run())

    return speak


def every(channel):
    """Call every method with something that is no request."""
    found = {}
    for path in METHODS:
        if path in STREAMS:
            (found[path],) = channel.unary_stream(path)(b"\xff", timeout=TIMEOUT)
        else:
            found[path] = channel.unary_unary(path)(b"\xff", timeout=TIMEOUT)
    return found


@pytest.mark.slow
def test_every_method_says_the_same(asked):
    """To a good certificate and to a stranger: nobody is told apart, nothing is read."""
    worker, stranger = asked("worker", every), asked("stranger", every)

    assert worker == stranger
    assert {path: len(answer) for path, answer in worker.items()} == SIZES
    assert all(UnavailableError.text.encode() in each for each in worker.values())


def test_a_method_that_is_none_is_unavailable(asked):
    """There is no response that it could be in."""

    def question(channel):
        with pytest.raises(grpc.RpcError) as refused:
            channel.unary_unary("/any.Service/Any")(b"", timeout=TIMEOUT)
        return refused.value.code(), refused.value.details()

    assert asked("worker", question) == (
        grpc.StatusCode.UNAVAILABLE,
        UnavailableError.text,
    )


def test_health_is_for_good_certificates(asked):
    """It says that nothing is served, whatever is asked; a stranger is told nothing."""

    def question(channel):
        stub = health_pb2_grpc.HealthStub(channel)
        names = ("", CUSTODY, "any")
        requests = [health_pb2.HealthCheckRequest(service=name) for name in names]
        calls = [stub.Check.with_call(each, timeout=TIMEOUT) for each in requests]
        return {
            (answer.status, tuple(map(tuple, call.trailing_metadata())))
            for answer, call in calls
        }

    assert asked("worker", question) == {
        (health_pb2.HealthCheckResponse.NOT_SERVING, ((REASON, "sealed"),))
    }
    with pytest.raises(grpc.RpcError) as refused:
        asked("stranger", question)
    assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED
