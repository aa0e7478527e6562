"""The own case of an alert: seen once, and never waited for."""

import pytest
from kit.alarmed import case_alert, police_alert
from kit.asked import CASE
from kit.wire import RefusalError, grpc, refusal
from placement_client.commands.alert_cases import OwnCases

from placement.api.v1.check_service_pb2 import ShowCaseResponse

ALERT = case_alert(1).case_alert


@pytest.fixture
def cases(session):
    return OwnCases(lambda: session)


def test_a_case_is_looked_at_once(wire, cases):
    """However many alerts are about it."""
    wire.answers["ShowCase"] = ShowCaseResponse(reference="SN 7")

    assert [cases.of(ALERT).reference for _ in range(2)] == ["SN 7", "SN 7"]
    assert [each.case_handle for each in wire.requests("ShowCase")] == [CASE]


@pytest.mark.parametrize(
    "given",
    [
        refusal(grpc.StatusCode.NOT_FOUND, "NOT_FOUND"),
        RefusalError(grpc.StatusCode.UNAVAILABLE),
    ],
    ids=["refused", "unanswered"],
)
def test_no_alert_waits_for_its_case(wire, cases, pauses, given):
    """One try, and another one with the next alert."""
    wire.answers["ShowCase"] = [given, ShowCaseResponse(reference="SN 7")]

    assert cases.of(ALERT) is None
    assert cases.of(ALERT).reference == "SN 7"
    assert pauses == []


def test_a_connection_that_is_closed_is_no_end(session, cases):
    """The alert is shown without its number."""
    session.close()

    assert cases.of(ALERT) is None


def test_a_coordinators_alert_needs_no_case(wire, cases):
    """Nothing is asked for it."""
    assert cases.of(police_alert(1).police_alert) is None
    assert wire.seen == []
