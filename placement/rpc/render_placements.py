"""From replies about holds, placements and alerts to responses."""

from collections.abc import Callable, Mapping
from typing import Any, Final, assert_never

from placement.access import Caller, Role
from placement.api.v1 import alert_service_pb2 as alert_wire
from placement.api.v1 import placement_service_pb2 as placement_wire
from placement.api.v1 import registry_service_pb2 as registry_wire
from placement.api.v1 import types_pb2 as wire
from placement.domain import alerts as domain
from placement.domain.decide.alerts import Listed, Shown
from placement.domain.decide.approvals import ChangeView
from placement.domain.decide.explaining import Hidden, Link, Neighbour, Reason, Visible
from placement.domain.decide.holds import Extended
from placement.domain.decide.permits import Shown as ShownOverride
from placement.domain.decide.seeing import Explained
from placement.domain.decide.steps import Stepped
from placement.domain.terms import AlertState, PermitGround, Window
from placement.rpc import render_facts
from placement.rpc.render import (
    VERDICTS,
    candidate_verdict,
    days,
    expires_at,
    place,
    written_ids,
)
from placement.rpc.render_facts import fact_of
from placement.service.batch import Answer

GROUNDS: Final[Mapping[PermitGround, placement_wire.OverrideGround.ValueType]] = {
    PermitGround.RELEASED: placement_wire.OVERRIDE_GROUND_UNSPECIFIED,
    PermitGround.GREATER_DANGER: placement_wire.OVERRIDE_GROUND_GREATER_DANGER,
    PermitGround.DECISION: placement_wire.OVERRIDE_GROUND_DECISION,
    PermitGround.CARE: placement_wire.OVERRIDE_GROUND_CARE,
    PermitGround.OWN_WISH: placement_wire.OVERRIDE_GROUND_OWN_WISH,
}
"""Each ground on the wire."""
ContactOf = Callable[[str], str]
"""Whom to phone in a region."""


def weighed(answer: Answer) -> placement_wire.PlacementAnswer:
    """Render what was decided about a placement."""
    reply: Stepped = _reply(answer)
    return placement_wire.PlacementAnswer(
        verdict=candidate_verdict(reply.answer, reply.decided_at),
        state=wire.PlacementState.ValueType(reply.state),
        revision=answer.revision,
        decided_at=reply.decided_at,
    )


def confirmed(answer: Answer, contact: str) -> placement_wire.ConfirmHoldResponse:
    """Render a hold that was or was not confirmed."""
    reply: Stepped = _reply(answer)
    return placement_wire.ConfirmHoldResponse(
        answer=weighed(answer),
        ruleset=reply.ruleset,
        contact=contact,
        leaf_index=answer.leaf,
    )


def moved_in(answer: Answer, contact: str) -> placement_wire.MoveInResponse:
    """Render whether a household moved in."""
    reply: Stepped = _reply(answer)
    return placement_wire.MoveInResponse(
        answer=weighed(answer),
        ruleset=reply.ruleset,
        contact=contact,
        leaf_index=answer.leaf,
        moved_in=reply.moved_in,
    )


def moved(answer: Answer, contact: str) -> placement_wire.MovePlacementResponse:
    """Render whether a household moved."""
    reply: Stepped = _reply(answer)
    return placement_wire.MovePlacementResponse(
        answer=weighed(answer),
        ruleset=reply.ruleset,
        contact=contact,
        leaf_index=answer.leaf,
    )


def extended(answer: Answer) -> placement_wire.ExtendHoldResponse:
    """Render until when a hold stands."""
    reply: Extended = _reply(answer)
    return placement_wire.ExtendHoldResponse(
        revision=answer.revision, expires_at=reply.expires_at
    )


def proposed(answer: Answer) -> placement_wire.ProposeOverrideResponse:
    """Render an override that waits."""
    (made,) = written_ids(answer)
    return placement_wire.ProposeOverrideResponse(
        revision=answer.revision, override_id=made, expires_at=expires_at(answer)
    )


def explained(
    answer: Answer, contact_of: ContactOf
) -> registry_wire.ExplainPlacementResponse:
    """Render what a place is worth, and why."""
    reply: Explained = _reply(answer)
    return _explained(reply, answer, contact_of)


def _explained(
    explained: Explained, answer: Answer, contact_of: ContactOf
) -> registry_wire.ExplainPlacementResponse:
    return registry_wire.ExplainPlacementResponse(
        verdict=VERDICTS[explained.verdict],
        findings=[_finding(reason, contact_of) for reason in explained.reasons],
        seen=explained.seen,
        revision=answer.revision,
        needs_second=explained.needs_second,
        real_verdict=VERDICTS[explained.real],
    )


def override(
    answer: Answer, contact_of: ContactOf
) -> registry_wire.ShowOverrideResponse:
    """Render an override that waits, and what its place is worth."""
    reply: ShownOverride = _reply(answer)
    permit = reply.permit
    return registry_wire.ShowOverrideResponse(
        case_handle=permit.case,
        candidate=place(permit.candidate),
        window=days(permit.window),
        ground=GROUNDS[permit.ground],
        follow_up_day=permit.follow_up or 0,
        proposed_by=f"{permit.organisation}/{permit.person}",
        expires_at=permit.expires_at,
        explained=_explained(reply.explained, answer, contact_of),
        signed_by=f"{permit.signed_by_organisation}/{permit.signed_by}"
        if permit.signed
        else "",
        used=permit.used,
    )


def change(answer: Answer, contact_of: ContactOf) -> registry_wire.ShowChangeResponse:
    """Render a change that waits, and what a place that it releases is worth."""
    reply: ChangeView = _reply(answer)
    response = render_facts.change(answer)
    if reply.explained is not None:
        response.explained.CopyFrom(_explained(reply.explained, answer, contact_of))
    return response


def signed(answer: Answer) -> registry_wire.SignOverrideResponse:
    """Render an override that is signed."""
    return registry_wire.SignOverrideResponse(
        revision=answer.revision, expires_at=expires_at(answer)
    )


def released(answer: Answer) -> registry_wire.ReleasePlaceResponse:
    """Render a release."""
    release, change = written_ids(answer)
    return registry_wire.ReleasePlaceResponse(
        revision=answer.revision,
        release_id=release,
        change_id=change,
        expires_at=expires_at(answer),
    )


def stopped(answer: Answer) -> registry_wire.StopProviderResponse:
    """Render a provider that is stopped, or the change that waits."""
    (change,) = written_ids(answer)
    return registry_wire.StopProviderResponse(
        revision=answer.revision, change_id=change
    )


def alert(each: domain.Alert, caller: Caller) -> alert_wire.Alert:
    """Render an alert as a caller's role sees it."""
    if caller.role is Role.COORDINATOR:
        return alert_wire.Alert(police_alert=police_alert(each))
    return alert_wire.Alert(case_alert=_case_alert(each))


def _case_alert(each: domain.Alert) -> alert_wire.CaseAlert:
    """Render what a municipality learns: every field set, and no cause."""
    state = AlertState.ACKNOWLEDGED if each.seen else AlertState.RAISED
    if each.state is AlertState.CLOSED:
        state = AlertState.CLOSED
    return alert_wire.CaseAlert(
        alert_id=each.id,
        case_handle=each.case,
        state=alert_wire.AlertState.ValueType(state),
        raised_at=each.raised_at,
        revision=each.told,
        # A snapshot from before this was kept does not say.
        told_at=each.told_at or each.raised_at,
        raising=_raising(each),
    )


def _raising(each: domain.Alert) -> alert_wire.AlertRaising.ValueType:
    again = each.again
    return alert_wire.ALERT_RAISING_AGAIN if again else alert_wire.ALERT_RAISING_FIRST


def police_alert(each: domain.Alert) -> alert_wire.PoliceAlert:
    """Render what a coordinator learns without asking for the cause."""
    return alert_wire.PoliceAlert(
        alert_id=each.id,
        case_handle=each.case,
        placement_id=each.placement,
        kind=alert_wire.AlertKind.ValueType(each.kind),
        verdict=VERDICTS[each.verdict],
        before=VERDICTS[each.before],
        state=alert_wire.AlertState.ValueType(each.state),
        regions=each.regions,
        owner=each.owner,
        acknowledge_by=each.acknowledge_by,
        raised_at=each.raised_at,
        revision=each.revision,
        closing=alert_wire.AlertClosing.ValueType(each.closing or 0),
        told_at=each.changed_at or each.raised_at,
        raising=_raising(each),
        seen=each.seen,
    )


def listed(answer: Answer, caller: Caller) -> alert_wire.ListAlertsResponse:
    """Render alerts that are not closed."""
    reply: Listed = _reply(answer)
    return alert_wire.ListAlertsResponse(
        alerts=[alert(each, caller) for each in reply.alerts], more=reply.more
    )


def shown(answer: Answer, contact_of: ContactOf) -> alert_wire.ShowAlertResponse:
    """Render an alert with its cause."""
    reply: Shown = _reply(answer)
    response = alert_wire.ShowAlertResponse(
        alert=police_alert(reply.alert),
        findings=[_finding(reason, contact_of) for reason in reply.reasons],
    )
    if reply.placement is not None:
        response.area = reply.placement.area
        response.facility = reply.placement.facility or b""
        window = Window(start=reply.placement.valid_from, end=reply.placement.valid_to)
        response.window.CopyFrom(days(window))
    return response


def _finding(reason: Reason, contact_of: ContactOf) -> alert_wire.Finding:
    return alert_wire.Finding(
        rule=reason.rule,
        verdict=VERDICTS[reason.verdict],
        links=[_link(link, contact_of) for link in reason.links],
    )


def _link(link: Link, contact_of: ContactOf) -> alert_wire.FindingLink:
    match link:
        case Visible(fact=fact):
            visible = alert_wire.VisibleFact(fact_id=fact.id, fact=fact_of(fact))
            return alert_wire.FindingLink(fact=visible)
        case Hidden(region=region):
            hidden = alert_wire.HiddenFact(region=region, contact=contact_of(region))
            return alert_wire.FindingLink(hidden=hidden)
        case Neighbour(case=case, region=region):
            placed = alert_wire.PlacementLink(
                case_handle=case, region=region, contact=contact_of(region)
            )
            return alert_wire.FindingLink(placement=placed)
        case _ as never:
            assert_never(never)


def _reply(answer: Answer) -> Any:  # noqa: ANN401 (the command's own)
    return answer.reply
