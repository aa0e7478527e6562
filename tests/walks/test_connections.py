"""The end of a connection: a server that stops, one that grows old, one that is gone."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from kit.placing import alarm, cover, roomy
from kit.town import PATHS, TIMEOUT, Town
from placement_client.failures import translate

from placement.api.v1 import alert_service_pb2 as alert
from placement.api.v1 import check_service_pb2 as check
from placement.errors import UnavailableError
from placement.rpc import limits
from placement.rpc.limits import GRACE

LATE = 30.0  # seconds
CROWD = 24  # threads
SHOW = PATHS["ShowCase"]


def showing(town):
    return check.ShowCaseRequest(case_handle=town.case).SerializeToString()


class Held:
    """Has the engine wait before it decides, until it is freed.

    Attributes:
        begun: something is to be decided.
        free: it may.
    """

    def __init__(self, town, monkeypatch):
        engine = town.served.app.engine
        self._begun = engine._begun
        self.begun, self.free = threading.Event(), threading.Event()
        monkeypatch.setattr(engine, "_begun", self._held)

    def _held(self, *args):
        self.begun.set()
        self.free.wait(LATE)
        return self._begun(*args)


def stop(town):
    """Stop a server; return how long it took."""
    began = time.monotonic()
    town.served.stop()
    return time.monotonic() - began


def asked(ask, town):
    """Ask; return what a client makes of it if it is refused."""
    try:
        ask(showing(town), timeout=TIMEOUT)
    except grpc.RpcError as error:
        return type(translate(error))
    return None


def late(ask, town):
    """Ask until it is refused; return what a client makes of it."""
    while (refused := asked(ask, town)) is None:
        pass
    return refused


def ending(stream):
    """Read a stream to its end; return how it ended."""
    try:
        list(stream)
    except grpc.RpcError as error:
        return error.code()
    return None


def test_a_server_that_stops_answers_what_it_has_begun(tmp_path, monkeypatch):
    """Whoever comes later is refused, and can try elsewhere; it takes a bounded time."""
    with Town(tmp_path) as town, ThreadPoolExecutor() as lanes:
        ask = town.channel("worker").unary_unary(SHOW)
        health = health_pb2_grpc.HealthStub(town.channel("operator"))
        watched = health.Watch(health_pb2.HealthCheckRequest())
        next(watched)
        held = Held(town, monkeypatch)
        under_way = lanes.submit(ask, showing(town), timeout=TIMEOUT)
        assert held.begun.wait(TIMEOUT)
        stopped = lanes.submit(stop, town)
        end = ending(watched)
        refused = late(ask, town)
        is_waited_for = not stopped.done() and not under_way.done()
        held.free.set()
        answered, took = under_way.result(), stopped.result()
        town.served.start()

    assert is_waited_for
    assert check.ShowCaseResponse.FromString(answered).reference
    assert (end, refused) == (grpc.StatusCode.UNAVAILABLE, UnavailableError)
    assert took < GRACE / 2


def test_who_comes_while_a_server_stops_is_told_to_try_again(tmp_path):
    """Whatever the transport has not looked at, it ends with another status."""
    with Town(tmp_path) as town, ThreadPoolExecutor(CROWD) as lanes:
        ask = town.channel("worker").unary_unary(SHOW)
        assert asked(ask, town) is None
        free = threading.Event()
        town.served.stall(free, LATE)
        stopped = lanes.submit(stop, town)
        crowd = [lanes.submit(asked, ask, town) for _ in range(CROWD - 1)]
        time.sleep(0.3)
        free.set()
        told = {each.result() for each in crowd}
        stopped.result()
        town.served.start()

    assert told <= {None, UnavailableError}
    assert UnavailableError in told


def test_stopping_does_not_wait_for_ever(tmp_path, monkeypatch):
    """A call that does not end is cut off when the grace is over, and can be retried."""
    monkeypatch.setattr("placement.rpc.host.GRACE", 0.5)
    with Town(tmp_path) as town, ThreadPoolExecutor() as lanes:
        ask = town.channel("worker").unary_unary(SHOW)
        held = Held(town, monkeypatch)
        under_way = lanes.submit(ask, showing(town), timeout=TIMEOUT)
        assert held.begun.wait(TIMEOUT)
        stopped = lanes.submit(stop, town)
        error = under_way.exception()
        held.free.set()
        took = stopped.result()
        town.served.start()

    assert error.code() is grpc.StatusCode.UNAVAILABLE
    assert took < GRACE / 2


def grow_old_soon(monkeypatch, grace):
    """Let connections grow old soon; calls under way have so many seconds then."""
    younger = {
        "grpc.max_connection_age_ms": 300,
        "grpc.max_connection_age_grace_ms": int(1000 * grace),
    }
    options = tuple((dict(limits.OPTIONS) | younger).items())
    monkeypatch.setattr(limits, "OPTIONS", options)


@pytest.mark.slow
def test_an_old_connection_is_changed_for_a_new_one(tmp_path, monkeypatch):
    """No call of it fails, though nothing is tried again."""
    grow_old_soon(monkeypatch, TIMEOUT)  # however slow the machine is
    with Town(tmp_path) as town:
        channel, states = town.channel("worker"), []
        channel.subscribe(states.append)
        ask, end = channel.unary_unary(SHOW), time.monotonic() + 3
        while time.monotonic() < end:
            ask(showing(town), timeout=TIMEOUT)

    assert states.count(grpc.ChannelConnectivity.READY) > 3


@pytest.mark.slow
def test_a_stream_goes_on_over_the_next_connection(tmp_path, monkeypatch):
    """Its token says where; each alert is told once."""
    grow_old_soon(monkeypatch, 0.5)
    with Town(tmp_path, **roomy(tmp_path)) as town:
        cover(town)
        watch = town.channel("coordinator").unary_stream(PATHS["WatchAlerts"])
        over, told, ends = threading.Event(), [], []

        def follow():
            token = b""
            while not over.is_set():
                request = alert.WatchAlertsRequest(resume_token=token)
                try:
                    for piece in watch(request.SerializeToString(), timeout=LATE):
                        answer = alert.WatchAlertsResponse.FromString(piece)
                        told.extend(
                            each.police_alert.alert_id for each in answer.alerts
                        )
                        token = answer.resume_token
                except grpc.RpcError as error:
                    ends.append(error.code())

        following = threading.Thread(target=follow)
        following.start()
        raised = []
        for _ in range(4):
            raised.append(alarm(town).id)
            time.sleep(0.5)
        end = time.monotonic() + TIMEOUT
        while len(told) < len(raised) and time.monotonic() < end:
            time.sleep(0.05)
        over.set()
        following.join()

    assert told == raised
    assert len(ends) >= 2
