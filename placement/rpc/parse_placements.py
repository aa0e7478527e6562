"""From requests about holds, placements and alerts to commands: form only."""

from collections.abc import Iterable
from typing import Any, TypedDict

from placement.api.v1 import alert_service_pb2 as alert_wire
from placement.api.v1 import check_service_pb2 as check_wire
from placement.api.v1 import placement_service_pb2 as placement_wire
from placement.api.v1 import registry_service_pb2 as registry_wire
from placement.domain.decide import alerts, holds, moves, permits, providers
from placement.domain.questions import Candidate
from placement.domain.terms import (
    AlertClosing,
    FactId,
    PermitGround,
    ProviderToken,
    Revision,
)
from placement.errors import InvalidInputError
from placement.rpc import forms
from placement.rpc.origin import Origin, common, fresh
from placement.rpc.parse import case_of, facility_of

_GROUNDS = {
    placement_wire.OVERRIDE_GROUND_GREATER_DANGER: PermitGround.GREATER_DANGER,
    placement_wire.OVERRIDE_GROUND_DECISION: PermitGround.DECISION,
    placement_wire.OVERRIDE_GROUND_CARE: PermitGround.CARE,
    placement_wire.OVERRIDE_GROUND_OWN_WISH: PermitGround.OWN_WISH,
}

WATCH_SCOPE = b"alerts".ljust(32, b"\0")
"""What a token to go on with watching is sealed for."""


def candidate_of(candidate: check_wire.Candidate, field: str) -> Candidate:
    """Return a place."""
    return Candidate(
        area=forms.area(candidate.area, f"{field}.area"),
        facility=facility_of(candidate.facility, f"{field}.facility"),
    )


def _key(value: bytes, field: str) -> FactId:
    return FactId(forms.token(value, field))


def _weighing(request: Any, origin: Origin) -> dict[str, Any]:  # noqa: ANN401 (any of three)
    return {**common(request, origin), "decision": fresh()}


def confirm_hold(
    request: placement_wire.ConfirmHoldRequest, origin: Origin
) -> holds.ConfirmHold:
    """Read which hold to confirm."""
    key = _key(request.hold_id, "hold_id")
    return holds.ConfirmHold(**_weighing(request, origin), placement=key)


def extend_hold(
    request: placement_wire.ExtendHoldRequest, origin: Origin
) -> holds.ExtendHold:
    """Read which hold to extend."""
    key = _key(request.hold_id, "hold_id")
    return holds.ExtendHold(**common(request, origin), placement=key)


def release_hold(
    request: placement_wire.ReleaseHoldRequest, origin: Origin
) -> holds.ReleaseHold:
    """Read which hold to release."""
    key = _key(request.hold_id, "hold_id")
    return holds.ReleaseHold(**common(request, origin), placement=key)


def move_in(request: placement_wire.MoveInRequest, origin: Origin) -> moves.MoveIn:
    """Read where a household moves in."""
    key = _key(request.placement_id, "placement_id")
    return moves.MoveIn(**_weighing(request, origin), placement=key)


def move_placement(
    request: placement_wire.MovePlacementRequest, origin: Origin
) -> moves.Move:
    """Read from where and to where a household moves."""
    return moves.Move(
        **_weighing(request, origin),
        placement=_key(request.hold_id, "hold_id"),
        left=_key(request.placement_id, "placement_id"),
    )


def end_placement(
    request: placement_wire.EndPlacementRequest, origin: Origin
) -> moves.MoveOut:
    """Read which placement ended, and when."""
    return moves.MoveOut(
        **common(request, origin),
        placement=_key(request.placement_id, "placement_id"),
        valid_to=forms.day(request.valid_to_day, "valid_to_day"),
    )


def abort_placement(
    request: placement_wire.AbortPlacementRequest, origin: Origin
) -> moves.Abort:
    """Read which placement nobody moves into."""
    key = _key(request.placement_id, "placement_id")
    return moves.Abort(**common(request, origin), placement=key)


def propose_override(
    request: placement_wire.ProposeOverrideRequest, origin: Origin
) -> permits.ProposeOverride:
    """Read what an override is asked for."""
    ground = _GROUNDS.get(request.ground)
    if ground is None:
        raise InvalidInputError("ground", "is not a known value")
    return permits.ProposeOverride(
        **common(request, origin),
        case=case_of(request),
        candidate=candidate_of(request.candidate, "candidate"),
        window=forms.window(request.window, "window"),
        ground=ground,
        follow_up=forms.day(request.follow_up_day, "follow_up_day"),
        permit=FactId(fresh()),
    )


def show_override(
    request: registry_wire.ShowOverrideRequest, origin: Origin
) -> permits.ShowOverride:
    """Read which override to show."""
    key = _key(request.override_id, "override_id")
    return permits.ShowOverride(caller=origin.caller, permit=key)


def sign_override(
    request: registry_wire.SignOverrideRequest, origin: Origin
) -> permits.SignOverride:
    """Read which override to sign, as it was shown."""
    return permits.SignOverride(
        **common(request, origin),
        permit=_key(request.override_id, "override_id"),
        seen=forms.sized(request.seen, forms.DIGEST_SIZE, "seen"),
    )


def explain_placement(
    request: registry_wire.ExplainPlacementRequest, origin: Origin
) -> permits.ExplainPlacement:
    """Read which place to explain."""
    return permits.ExplainPlacement(
        caller=origin.caller,
        case=case_of(request),
        candidate=candidate_of(request.candidate, "candidate"),
        window=forms.window(request.window, "window"),
    )


def release_place(
    request: registry_wire.ReleasePlaceRequest, origin: Origin
) -> permits.ReleasePlace:
    """Read which place to release."""
    return permits.ReleasePlace(
        **common(request, origin),
        case=case_of(request),
        candidate=candidate_of(request.candidate, "candidate"),
        window=forms.window(request.window, "window"),
        seen=forms.sized(request.seen, forms.DIGEST_SIZE, "seen"),
        permit=FactId(fresh()),
        change=FactId(fresh()),
    )


def stop_provider(
    request: registry_wire.StopProviderRequest, origin: Origin
) -> providers.StopProvider:
    """Read which provider to stop, or to let go on."""
    return providers.StopProvider(
        **common(request, origin),
        provider=ProviderToken(forms.token(request.provider, "provider")),
        lift=request.lift,
        change=FactId(fresh()),
    )


def watch_alerts(
    request: alert_wire.WatchAlertsRequest, origin: Origin
) -> alerts.WatchAlerts:
    """Read from where on to watch."""
    since = None
    if request.resume_token:
        (number,) = origin.resume(WATCH_SCOPE, request.resume_token, "resume_token")
        since = Revision(number)
    return alerts.WatchAlerts(caller=origin.caller, since=since)


def list_alerts(
    request: alert_wire.ListAlertsRequest, origin: Origin
) -> alerts.ListAlerts:
    """Read that alerts are to be listed."""
    del request
    return alerts.ListAlerts(caller=origin.caller)


def show_alert(
    request: alert_wire.ShowAlertRequest, origin: Origin
) -> alerts.ShowAlert:
    """Read which alert to show."""
    key = _key(request.alert_id, "alert_id")
    return alerts.ShowAlert(caller=origin.caller, alert=key)


class _Named(TypedDict):
    """Which alert, and at which revision it was shown."""

    alert: FactId
    shown: Revision


def _shown(request: Any) -> _Named:  # noqa: ANN401 (any of three)
    return {
        "alert": _key(request.alert_id, "alert_id"),
        "shown": Revision(request.revision),
    }


def acknowledge_alert(
    request: alert_wire.AcknowledgeAlertRequest, origin: Origin
) -> alerts.AcknowledgeAlert:
    """Read which alert was seen."""
    return alerts.AcknowledgeAlert(**common(request, origin), **_shown(request))


def hand_over_alert(
    request: alert_wire.HandOverAlertRequest, origin: Origin
) -> alerts.HandOverAlert:
    """Read who gets an alert, too."""
    return alerts.HandOverAlert(
        **common(request, origin), **_shown(request), region=request.region
    )


def close_alert(
    request: alert_wire.CloseAlertRequest, origin: Origin
) -> alerts.CloseAlert:
    """Read which alert is done, and why."""
    closing = forms.member(AlertClosing, request.closing, "closing")
    return alerts.CloseAlert(
        **common(request, origin), **_shown(request), closing=closing
    )


def told(alerts_told: Iterable[FactId], origin: Origin) -> alerts.TellAlerts:
    """Return that somebody who follows their alerts is told about some."""
    return alerts.TellAlerts(caller=origin.caller, alerts=tuple(alerts_told))
