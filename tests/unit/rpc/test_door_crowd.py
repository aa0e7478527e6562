"""The door when too many are inside, of one certificate or of all."""

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from kit.refused import details
from kit.town import PATHS, PEOPLE, TIMEOUT, Refused, Town

from placement.api.v1 import check_service_pb2 as check
from placement.errors import OverloadedError
from placement.rpc import limits

SERVING = health_pb2.HealthCheckResponse.SERVING
WATCH = health_pb2.HealthCheckRequest()


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    with Town(tmp_path_factory.mktemp("town")) as town:
        yield town


@pytest.fixture
def few(monkeypatch):
    """Let a certificate have one call inside."""
    monkeypatch.setattr(limits, "CALLS_EACH", 1)


class Watching:
    """Somebody who follows the health, once or several times, and reads nothing."""

    def __init__(self, town, who):
        self._town, self._who = town, who
        self._stub = health_pb2_grpc.HealthStub(town.channel(who))
        self._streams = []

    def __enter__(self):
        self.more()
        return self

    def more(self):
        stream = self._stub.Watch(WATCH)
        self._streams.append(stream)
        next(stream)

    def __exit__(self, *_):
        for stream in self._streams:
            stream.cancel()
        while is_too_much(show(self._town, self._who)):
            pass


def show(town, who="worker"):
    request = check.ShowCaseRequest(case_handle=town.case)
    return town.call(who, "ShowCase", request)


def is_too_much(got):
    return isinstance(got, Refused) and got.reason == "OVERLOADED"


def refused(got):
    return got.code.name, got.reason, got.text


OVERLOADED = ("RESOURCE_EXHAUSTED", "OVERLOADED", OverloadedError.text)


def test_too_many_calls_are_refused_without_an_entry(town, monkeypatch):
    """An entry would have to wait in the line; health is told all the same."""
    monkeypatch.setattr(limits, "MAX_CALLS", 0)
    before = town.head().leaves
    got = show(town)
    nothing = town.call("worker", "/placement.api.v1.CheckService/Nothing", b"")
    health = health_pb2_grpc.HealthStub(town.channel("operator"))
    status = health.Check(WATCH, timeout=TIMEOUT).status
    after = town.head().leaves

    assert refused(got) == refused(nothing) == OVERLOADED
    assert status == SERVING
    assert after == before


def test_who_follows_the_health_has_no_more_calls_than_others(town, few):
    """It needs no deadline, so it could go on for ever; others are let in."""
    with Watching(town, "worker"):
        got = show(town)
        other = show(town, "neighbour")

    assert refused(got) == OVERLOADED
    assert refused(other)[:2] == ("NOT_FOUND", "NOT_FOUND")
    assert isinstance(show(town), bytes)


def test_a_stream_that_is_too_much_is_refused_in_a_piece(town, few):
    """As any refusal of it."""
    with Watching(town, "coordinator"):
        got = town.call("coordinator", "WatchAlerts", b"")

    assert refused(got) == OVERLOADED


@pytest.mark.parametrize("method", ["ShowCase", "WatchAlerts"])
def test_whoever_crams_gets_a_status_and_nothing_to_read(
    town, few, monkeypatch, method
):
    """Nothing that a closed window could hold up."""
    with Watching(town, "worker") as watching:
        # One that is refused, and stays, since its refusal is not read.
        monkeypatch.setattr(limits, "CALLS_EACH", 2)
        watching.more()
        monkeypatch.setattr(limits, "CALLS_EACH", 1)
        channel = town.channel("worker")
        path = PATHS[method]
        call = channel.unary_unary if method == "ShowCase" else channel.unary_stream
        with pytest.raises(grpc.RpcError) as end:
            list(call(path)(b"", timeout=TIMEOUT))
        monkeypatch.undo()

    assert end.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert details(end.value) == ("OVERLOADED", [])


def test_who_is_not_let_in_shares_the_calls_of_one(town, monkeypatch):
    """However many certificates are refused."""
    counted, enter = [], limits.Inside.enter

    def noted(self, certificate, *args, **given):
        counted.append(certificate)
        enter(self, certificate, *args, **given)

    monkeypatch.setattr(limits.Inside, "enter", noted)
    role, organisation, _ = PEOPLE["worker"]
    pair = town.served.pki.client(role, organisation, "no-44")
    with town.served.connect(pair) as channel:
        ask = channel.unary_unary(PATHS["ShowCase"])
        for _ in range(2):
            with pytest.raises(grpc.RpcError):
                ask(b"", timeout=TIMEOUT)
            town.served.pki.revoke(pair)

    assert [len(one) for one in counted] == [32, 0]
    assert counted[1] == limits.NOBODY
