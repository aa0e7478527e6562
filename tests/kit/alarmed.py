"""Alerts as the service sends them, for the client's tests."""

from kit.asked import CASE, NOON
from placement.api.v1 import alert_service_pb2 as wire
from placement.api.v1.types_pb2 import Verdict

HOUR = 3_600_000_000


def case_alert(
    number: int = 1,
    state: "wire.AlertState.ValueType" = wire.ALERT_STATE_RAISED,
    **changes: object,
) -> wire.Alert:
    """Return a caseworker's alert."""
    made = wire.CaseAlert(
        alert_id=number.to_bytes(16, "big"),
        case_handle=CASE,
        state=state,
        raised_at=NOON,
        revision=number,
        told_at=NOON,
        raising=wire.ALERT_RAISING_FIRST,
    )
    for name, value in changes.items():
        setattr(made, name, value)
    return wire.Alert(case_alert=made)


def police_alert(
    number: int = 1,
    state: "wire.AlertState.ValueType" = wire.ALERT_STATE_RAISED,
    **changes: object,
) -> wire.Alert:
    """Return a coordinator's alert."""
    made = wire.PoliceAlert(
        alert_id=number.to_bytes(16, "big"),
        case_handle=CASE,
        placement_id=bytes([7]) * 16,
        kind=wire.ALERT_KIND_WORSE,
        verdict=Verdict.VERDICT_CONFLICT,
        before=Verdict.VERDICT_CLEAR,
        state=state,
        regions=["syd", "vast"],
        acknowledge_by=NOON + HOUR,
        raised_at=NOON,
        revision=number,
        told_at=NOON,
        raising=wire.ALERT_RAISING_FIRST,
    )
    for name, value in changes.items():
        setattr(made, name, value)
    return wire.Alert(police_alert=made)


def brought(
    *alerts: wire.Alert, token: bytes | None = None
) -> wire.WatchAlertsResponse:
    """Return an answer of a stream; its token counts the last alert unless told."""
    last = alerts[-1] if alerts else wire.Alert()
    found = last.case_alert if last.HasField("case_alert") else last.police_alert
    given = b"t%d" % found.revision if token is None else token
    return wire.WatchAlertsResponse(alerts=alerts, resume_token=given)
