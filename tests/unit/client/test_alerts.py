"""Calls about alerts: what is sent, how a stream ends, how little is held of it."""

import threading
import time
from itertools import islice

import grpc
import pytest
from kit.alarmed import brought, case_alert, police_alert
from kit.wire import RefusalError, refusal

from placement.api.v1 import alert_service_pb2 as wire_pb
from placement.errors import AccessDeniedError, UnavailableError

ALERT = bytes([5]) * 16


def test_a_stream_goes_on_from_a_token(wire, session):
    """And ends when the server ends it."""
    wire.answers["WatchAlerts"] = [brought(case_alert(1)), brought(case_alert(2))]
    answers = list(session.alerts.watch(b"t0"))

    assert [each.resume_token for each in answers] == [b"t1", b"t2"]
    assert [each.resume_token for each in wire.requests("WatchAlerts")] == [b"t0"]


@pytest.mark.parametrize(
    ("given", "raised"),
    [
        (
            refusal(grpc.StatusCode.PERMISSION_DENIED, "ACCESS_DENIED"),
            AccessDeniedError,
        ),
        (RefusalError(grpc.StatusCode.UNAVAILABLE), UnavailableError),
    ],
)
def test_a_stream_that_is_refused_says_why(wire, session, given, raised):
    """After what it brought."""
    wire.answers["WatchAlerts"] = [brought(case_alert(1)), given]
    answers = session.alerts.watch(b"")
    next(answers)

    with pytest.raises(raised):
        next(answers)


def test_a_stream_that_falls_silent_is_lost(wire, session):
    """The network may never say so; what came before was not too late."""
    over = threading.Event()

    def silent():
        yield brought(case_alert(1))
        over.wait(5)

    wire.answers["WatchAlerts"] = lambda _request: silent()
    answers = session.alerts.watch(b"", quiet=0.3)
    next(answers)
    time.sleep(0.4)  # it is the server's silence that counts, not the reader's
    began = time.monotonic()
    with pytest.raises(UnavailableError):
        next(answers)
    over.set()

    assert 0.2 < time.monotonic() - began < 3


@pytest.mark.slow
def test_a_reader_who_reads_nothing_makes_nobody_hold_what_comes(wire, session):
    """Of forty megabytes little is on its way; nothing of it is lost."""
    sent = []
    long = police_alert(1, owner="x" * 40_000)

    def many():
        for number in range(1_000):
            sent.append(number)
            yield brought(long, token=b"t%d" % number)

    wire.answers["WatchAlerts"] = lambda _request: many()
    answers = session.alerts.watch(b"")
    next(answers)
    time.sleep(0.5)
    on_its_way = len(sent)
    rest = [each.resume_token for each in islice(answers, 999)]

    assert on_its_way < 500
    assert rest == [b"t%d" % number for number in range(1, 1_000)]


def test_a_stream_that_nobody_wants_any_more_is_ended(wire, session):
    """The server is told."""
    ended = threading.Event()

    def endless():
        try:
            while True:
                yield brought(token=b"t")
                time.sleep(0.01)
        finally:
            ended.set()

    wire.answers["WatchAlerts"] = lambda _request: endless()
    answers = session.alerts.watch(b"")
    next(answers)
    answers.close()

    assert ended.wait(5)


def test_alerts_are_listed_and_shown(wire, session):
    """As the service sends them."""
    wire.answers["ListAlerts"] = wire_pb.ListAlertsResponse(alerts=[case_alert()])
    wire.answers["ShowAlert"] = wire_pb.ShowAlertResponse(area="1480")

    assert list(session.alerts.list().alerts) == [case_alert()]
    assert session.alerts.show(ALERT).area == "1480"
    assert wire.requests("ShowAlert") == [wire_pb.ShowAlertRequest(alert_id=ALERT)]


def test_every_write_has_an_id_of_its_own(wire, session):
    """And says what it was given."""
    wire.answers["AcknowledgeAlert"] = wire_pb.AcknowledgeAlertResponse(revision=7)
    wire.answers["HandOverAlert"] = wire_pb.HandOverAlertResponse(revision=8)
    wire.answers["CloseAlert"] = wire_pb.CloseAlertResponse(revision=9)
    calls = session.alerts
    answers = (
        calls.acknowledge(ALERT, 5),
        calls.hand_over(ALERT, "nord", 5),
        calls.close(ALERT, wire_pb.ALERT_CLOSING_MOVED, 5),
    )
    requests = [request for _, request in wire.seen]
    ids = {request.request_id for request in requests}

    assert [each.revision for each in answers] == [7, 8, 9]
    assert {len(each) for each in ids} == {16}
    assert len(ids) == 3
    assert {(each.alert_id, each.revision) for each in requests} == {(ALERT, 5)}
    assert requests[1].region == "nord"
    assert requests[2].closing == wire_pb.ALERT_CLOSING_MOVED
