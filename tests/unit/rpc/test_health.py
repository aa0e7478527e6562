"""Health with its reason, and for probes that have no certificate."""

import asyncio
import socket
import time
from contextlib import ExitStack, closing
from types import SimpleNamespace

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from kit.town import PATHS, TIMEOUT, Town

from placement.rpc import health
from placement.rpc.health import (
    CUSTODY,
    HARDENING,
    REASON,
    REASONS,
    REEVALUATION,
    Probes,
    statuses,
)
from placement.rpc.limits import PROBE_CONNECTIONS

SECONDS = 30
SERVING, NOT_SERVING = 1, 2
NAMES = ("placement.api.v1.CheckService", "placement.api.v1.LogService")


def outlook(trouble="", found="", *, hardened=True):
    return SimpleNamespace(trouble=trouble, found=found, hardened=hardened)


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (outlook(), ("", "", "")),
        (outlook("database"), ("database", "database", "")),
        (outlook(found="sweep"), ("", "sweep", "")),
        (outlook("anchor", "weighing"), ("anchor", "anchor", "")),
        (outlook(hardened=False), ("", "", "memory")),
    ],
)
def test_every_name_has_its_reason(seen, expected):
    """What is well has none."""
    served, weighing, process = expected

    assert statuses(seen, NAMES) == {
        **dict.fromkeys(("", *NAMES), served),
        REEVALUATION: weighing,
        CUSTODY: "",
        HARDENING: process,
    }
    assert {*expected} <= {"", *REASONS}


def asked(channel, service=""):
    """Ask for health; return the status, and the reason if there is one."""
    stub = health_pb2_grpc.HealthStub(channel)
    request = health_pb2.HealthCheckRequest(service=service)
    answer, call = stub.Check.with_call(request, timeout=TIMEOUT)
    return answer.status, dict(call.trailing_metadata()).get(REASON)


def beside(act):
    """Serve probes, and let a thread call them; return what it returns."""

    async def run():
        probes = Probes("127.0.0.1:0")
        await probes.start()
        try:
            return await act(probes)
        finally:
            await probes.stop()

    return asyncio.run(run())


def calling(ask):
    """Return what a thread gets from probes that said something."""

    async def act(probes):
        await probes.health.say({"": "", NAMES[0]: "", REEVALUATION: "sweep"})

        def call():
            with closing(grpc.insecure_channel(f"127.0.0.1:{probes.port}")) as channel:
                return ask(channel)

        return await asyncio.to_thread(call)

    return beside(act)


def test_a_probe_needs_no_certificate():
    """It learns what is served, and why not."""

    def ask(channel):
        return [asked(channel, name) for name in ("", NAMES[0], REEVALUATION)]

    assert calling(ask) == [(SERVING, None), (SERVING, None), (NOT_SERVING, "sweep")]


def test_a_name_that_is_nobodys():
    """It is not known, which is not the same as not served."""

    def ask(channel):
        with pytest.raises(grpc.RpcError) as refused:
            asked(channel, "nobody")
        return refused.value.code()

    assert calling(ask) is grpc.StatusCode.NOT_FOUND


def test_all_names_at_once():
    """Without reasons, which the message has no place for."""

    def ask(channel):
        stub = health_pb2_grpc.HealthStub(channel)
        answer = stub.List(health_pb2.HealthListRequest(), timeout=TIMEOUT)
        return {name: each.status for name, each in answer.statuses.items()}

    assert calling(ask) == {
        "": SERVING,
        NAMES[0]: SERVING,
        REEVALUATION: NOT_SERVING,
    }


@pytest.mark.parametrize(
    "method",
    [*sorted(PATHS.values()), "/grpc.reflection.v1alpha.ServerReflection/Info", "/x/y"],
)
def test_nothing_else_is_served_to_probes(method):
    """Whatever it is called; there is nothing behind it."""

    def ask(channel):
        with pytest.raises(grpc.RpcError) as refused:
            channel.unary_unary(method)(b"", timeout=TIMEOUT)
        return refused.value.code()

    assert calling(ask) is grpc.StatusCode.UNIMPLEMENTED


def test_too_large_a_question_is_refused():
    """Nobody fills the memory from there."""

    def ask(channel):
        with pytest.raises(grpc.RpcError) as refused:
            asked(channel, "x" * 5000)
        return refused.value.code()

    assert calling(ask) is grpc.StatusCode.RESOURCE_EXHAUSTED


def test_who_would_stay_is_refused():
    """Else a few of them took the room of all who ask."""

    def ask(channel):
        stub = health_pb2_grpc.HealthStub(channel)
        codes = set()
        for _ in range(health.PROBES + 1):
            watch = stub.Watch(health_pb2.HealthCheckRequest(), timeout=TIMEOUT)
            with pytest.raises(grpc.RpcError) as refused:
                next(watch)
            codes.add(refused.value.code())
        return codes, asked(channel)

    assert calling(ask) == ({grpc.StatusCode.UNIMPLEMENTED}, (SERVING, None))


@pytest.mark.slow
def test_connections_of_probes_are_bounded():
    """Beyond the bound one is closed; idle ones go by themselves, and make room."""

    async def act(probes):
        await probes.health.say({"": ""})

        def call():
            with ExitStack() as stack:
                target = ("127.0.0.1", probes.port)
                opened = [
                    stack.enter_context(socket.create_connection(target, TIMEOUT))
                    for _ in range(PROBE_CONNECTIONS + 50)
                ]
                closed = sum(ended(each) for each in opened)
                began = time.monotonic()
                while not all(map(ended, opened)):
                    assert time.monotonic() - began < SECONDS
                channel = grpc.insecure_channel(f"127.0.0.1:{probes.port}")
                with closing(channel):
                    return closed, asked(channel)

        return await asyncio.to_thread(call)

    closed, after = beside(act)

    assert closed >= 50
    assert after == (SERVING, None)


def ended(connection):
    """Tell whether the server has closed a connection, once it has had its say."""
    connection.settimeout(0.1)
    try:
        while connection.recv(4096):
            continue
    except TimeoutError:
        return False
    except ConnectionError:
        return True
    return True


def test_who_watches_is_told():
    """With a certificate: when it changes, and when it ends."""

    async def run():
        server = grpc.aio.server()
        watched = health.Health()
        health_pb2_grpc.add_HealthServicer_to_server(watched, server)
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        await watched.say({"": "starting"})
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            stub = health_pb2_grpc.HealthStub(channel)
            watch = stub.Watch(health_pb2.HealthCheckRequest(), timeout=TIMEOUT)
            seen = [(await watch.read()).status]
            await watched.say({"": ""})
            seen.append((await watch.read()).status)
            await watched.end()
            seen.append((await watch.read()).status)
            watch.cancel()
        await server.stop(None)
        return seen

    assert asyncio.run(run()) == [NOT_SERVING, SERVING, NOT_SERVING]


def test_an_address_of_another_machine():
    """There is nothing to listen on."""

    async def run():
        Probes("192.0.2.1:1")

    with pytest.raises(OSError, match="assign"):
        asyncio.run(run())


def test_the_server_says_why_to_whom_it_let_in(tmp_path):
    """With a certificate, as ever; the same words."""
    with Town(tmp_path) as town:
        channel = town.channel("operator")
        well = asked(channel)
        town.served.app.engine.condemn()
        while (ill := asked(channel)) == well:
            continue

    assert (well, ill) == ((SERVING, None), (NOT_SERVING, "unverified"))
