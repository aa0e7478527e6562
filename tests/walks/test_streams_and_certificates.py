"""A stream that is open when its caller's certificate stops being good."""

import time
from datetime import timedelta

import grpc
import pytest
from kit.placing import alarm, cover, roomy
from kit.refused import details
from kit.town import GROUND, PATHS, PEOPLE, Town

from placement.api.v1 import alert_service_pb2 as alert
from placement.api.v1 import audit_service_pb2 as audit
from placement.app import micros
from placement.rpc import servicers_placements as servicers

LIFE = timedelta(hours=1)
HOUR = 3_600_000_000  # microseconds
LATE = 60.0  # seconds
STREAMS = {
    "WatchAlerts": ("coordinator", alert.WatchAlertsRequest()),
    "TailEntries": ("auditor", audit.TailEntriesRequest(ground=GROUND)),
}
ACTIONS = {"WatchAlerts": "ALERT_WATCH", "TailEntries": "ENTRY_TAIL"}


@pytest.fixture
def ahead():
    """How far the server's clock is ahead of the true time, in microseconds."""
    return [0]


@pytest.fixture
def town(tmp_path, ahead, monkeypatch):
    monkeypatch.setattr(servicers, "ALIVE_EVERY", 0.2)
    with Town(tmp_path, clock=lambda: micros() + ahead[0], **roomy(tmp_path)) as town:
        cover(town)
        yield town


def revoked(town, pair, ahead):
    """Put a certificate on the authority's list."""
    del ahead
    town.served.pki.revoke(pair)


def expired(town, pair, ahead):
    """Let the time of a certificate go by."""
    del town, pair
    ahead[0] = 2 * HOUR


@pytest.mark.parametrize("end", [revoked, expired])
@pytest.mark.parametrize("method", STREAMS)
def test_a_stream_ends_with_its_certificate(town, ahead, method, end):
    """As a new call is refused; nothing that came later is sent, or said to be."""
    who, request = STREAMS[method]
    role, organisation, _ = PEOPLE[who]
    pair = town.served.pki.client(role, organisation, "no-77", lifetime=LIFE)
    channel = town.served.connect(pair)
    stream = channel.unary_stream(PATHS[method])(
        request.SerializeToString(), timeout=LATE
    )
    next(stream)
    before = town.head().leaves
    end(town, pair, ahead)
    if method == "WatchAlerts":
        alarm(town)
    began = time.monotonic()
    with pytest.raises(grpc.RpcError) as over:
        list(stream)
    took = time.monotonic() - began
    channel.close()
    entries = town.entries(before)
    refused = [each for each in entries if each.outcome == "CERTIFICATE_REFUSED"]

    assert over.value.code() is grpc.StatusCode.UNAUTHENTICATED
    assert details(over.value)[0] == "CERTIFICATE_REFUSED"
    assert [(each.action, each.person) for each in refused] == [(ACTIONS[method], "")]
    assert not [each for each in entries if each.person == "no-77"]
    assert took < LATE / 2
