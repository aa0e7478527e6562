"""Health with its reason, and for probes that have no certificate."""

import asyncio
from contextlib import closing
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


def test_who_watches_is_told(monkeypatch):
    """When it changes, and when it ends; no more than there is room for may."""
    monkeypatch.setattr(health, "PROBES", 1)

    async def act(probes):
        await probes.health.say({"": "starting"})
        async with grpc.aio.insecure_channel(f"127.0.0.1:{probes.port}") as channel:
            stub = health_pb2_grpc.HealthStub(channel)
            watch = stub.Watch(health_pb2.HealthCheckRequest(), timeout=TIMEOUT)
            seen = [(await watch.read()).status]
            with pytest.raises(grpc.aio.AioRpcError) as full:
                await stub.Check(health_pb2.HealthCheckRequest(), timeout=TIMEOUT)
            await probes.health.say({"": ""})
            seen.append((await watch.read()).status)
            await probes.health.end()
            seen.append((await watch.read()).status)
            watch.cancel()
        return seen, full.value.code()

    seen, full = beside(act)

    assert seen == [NOT_SERVING, SERVING, NOT_SERVING]
    assert full is grpc.StatusCode.RESOURCE_EXHAUSTED


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
