"""What a municipality holds and places in a town, what becomes of it, and who is told."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from kit.still import STILL
from kit.town import GROUND, PEOPLE, Town, fresh
from placement.api.v1 import alert_service_pb2 as alert
from placement.api.v1 import audit_service_pb2 as audit
from placement.api.v1 import check_service_pb2 as check
from placement.api.v1 import placement_service_pb2 as place
from placement.api.v1 import registry_service_pb2 as registry
from placement.api.v1 import types_pb2 as wire
from placement.domain.alerts import Alert
from placement.domain.terms import AlertKind

NO_HOLD = bytes(16)
FAR = 100
"""Days ahead: nobody's picture reaches so far, so the verdict is UNKNOWN."""

Make = Callable[[Town, str], Any]


def roomy(folder: Path) -> dict[str, Path]:
    """Return settings of a town where nobody's budget is ever spent."""
    text = STILL
    for line in ("areas = 6\n", "areas = 30\n", "areas = 10\n", "person_day = 5 "):
        assert line in text, line
        text = text.replace(line, f"{line.split()[0]} = 1000000000{line[-1]}")
    path = folder / "roomy.toml"
    path.write_text(text, "utf-8")
    return {"ruleset": path}


def cover(town: Town) -> None:
    """Attest the whole country, so that what is nothing else is CLEAR."""
    attest = registry.AttestCoverageRequest(
        request_id=fresh(), reviewed_on_day=town.today, whole_region=True
    )
    town.done("national", "AttestCoverage", attest, registry.AttestCoverageResponse)


def belongs(town: Town, case: bytes, group: bytes) -> bytes:
    """Record that whoever a case is about left a group."""
    affiliation = wire.Affiliation(
        person=wire.Person(case_member=wire.CaseMember(case_handle=case)),
        group=group,
        role=wire.AFFILIATION_ROLE_CORE,
    )
    return record(town, town.fact_of(affiliation=affiliation))


def rivals(town: Town, severity: int = 1) -> bytes:
    """Record that the town's two groups are rivals."""
    rivalry = wire.Rivalry(group_a=town.group, group_b=town.other, severity=severity)
    return record(town, town.fact_of(rivalry=rivalry))


def record(town: Town, fact: wire.Fact) -> bytes:
    """Record a fact, by two coordinators where it needs two; return its id."""
    recorded: registry.RecordFactsResponse = town.done(
        "national", "RecordFacts", town.record(fact), registry.RecordFactsResponse
    )
    if recorded.change_id:
        approve(town, recorded.change_id, "national-second")
    return recorded.fact_ids[0]


def approve(town: Town, change: bytes, who: str = "second") -> None:
    """Let a second coordinator stand behind a change, as it is shown to them."""
    show = registry.ShowChangeRequest(change_id=change)
    shown: registry.ShowChangeResponse = town.done(
        who, "ShowChange", show, registry.ShowChangeResponse
    )
    request = registry.ApproveChangeRequest(
        request_id=fresh(), change_id=change, seen=shown.explained.seen
    )
    town.done(who, "ApproveChange", request, registry.ApproveChangeResponse)


def retract(town: Town, fact: bytes) -> None:
    """Say that a fact was never true, by two coordinators."""
    request = registry.RetractFactsRequest(request_id=fresh(), fact_ids=[fact])
    retracted: registry.RetractFactsResponse = town.done(
        "national", "RetractFacts", request, registry.RetractFactsResponse
    )
    approve(town, retracted.change_id, "national-second")


# Holds and placements


def wish(town: Town, case: bytes, area: str = "2480", **given: Any) -> Any:
    """Return a request to hold a place for a case."""
    return town.question(
        area, case_handle=case, mode=check.CHECK_MODE_CHECK_AND_HOLD, **given
    )


def hold(
    town: Town, case: bytes, area: str = "2480", *, who: str = "worker", **given: Any
) -> check.CandidateVerdict:
    """Try to hold a place; return what is answered about it."""
    request = wish(town, case, area, **given)
    answer: check.CheckPlacementResponse = town.done(
        who, "CheckPlacement", request, check.CheckPlacementResponse
    )
    return answer.verdicts[0]


def held(town: Town, case: bytes = b"", area: str = "2480", **given: Any) -> bytes:
    """Hold a place, for a new case if none is named; return the hold."""
    answered = hold(town, case or town.opened("worker"), area, **given)
    assert answered.hold_id != NO_HOLD, answered.verdict
    hold_id: bytes = answered.hold_id
    return hold_id


def request(method: str, **given: Any) -> Any:
    """Return a request of a municipality's that has an id."""
    return getattr(place, f"{method}Request")(request_id=fresh(), **given)


def step(
    town: Town, method: str, kind: Any, *, who: str = "worker", **given: Any
) -> Any:
    """Take a step of a municipality's with what it holds and has placed."""
    return town.done(who, method, request(method, **given), kind)


def confirm(
    town: Town, hold_id: bytes, who: str = "worker"
) -> place.ConfirmHoldResponse:
    """Confirm a hold."""
    answer: place.ConfirmHoldResponse = step(
        town, "ConfirmHold", place.ConfirmHoldResponse, who=who, hold_id=hold_id
    )
    return answer


def placed(
    town: Town, case: bytes = b"", area: str = "2480", *, who: str = "worker"
) -> bytes:
    """Hold a place and confirm it; return the placement."""
    hold_id = held(town, case or town.opened(who), area, who=who)
    answer = confirm(town, hold_id, who).answer
    assert answer.state == wire.PLACEMENT_STATE_ACTIVE
    return hold_id


def shown(
    town: Town, case: bytes, who: str = "worker"
) -> list[tuple[bytes, "wire.PlacementState.ValueType", bool]]:
    """Show a case; return its placements, newest first: id, state, moved in."""
    request = check.ShowCaseRequest(case_handle=case)
    answer = town.done(who, "ShowCase", request, check.ShowCaseResponse)
    return [
        (each.placement_id, each.state, each.moved_in) for each in answer.placements
    ]


# Releases and overrides


def far(town: Town) -> wire.Window:
    """Return days that are too far ahead to be known."""
    return wire.Window(start_day=town.today + FAR)


def question_of(case: bytes, area: str, window: wire.Window) -> dict[str, Any]:
    """Return what a release, an override or an explanation is about."""
    return {
        "case_handle": case,
        "candidate": check.Candidate(area=area),
        "window": window,
    }


def explained(
    town: Town, who: str = "coordinator", **about: Any
) -> registry.ExplainPlacementResponse:
    """Have a place explained."""
    request = registry.ExplainPlacementRequest(**about)
    answer: registry.ExplainPlacementResponse = town.done(
        who, "ExplainPlacement", request, registry.ExplainPlacementResponse
    )
    return answer


def releasing(town: Town, who: str = "coordinator", **about: Any) -> Any:
    """Return a request that releases a place for what is seen of it now."""
    seen = explained(town, who, **about).seen
    return registry.ReleasePlaceRequest(request_id=fresh(), seen=seen, **about)


def released(
    town: Town, who: str = "coordinator", **about: Any
) -> registry.ReleasePlaceResponse:
    """Release a place."""
    request = releasing(town, who, **about)
    answer: registry.ReleasePlaceResponse = town.done(
        who, "ReleasePlace", request, registry.ReleasePlaceResponse
    )
    return answer


def proposing(town: Town, **about: Any) -> Any:
    """Return a request for a place despite what was answered."""
    return place.ProposeOverrideRequest(
        request_id=fresh(),
        ground=place.OVERRIDE_GROUND_GREATER_DANGER,
        follow_up_day=town.today + 30,
        **about,
    )


def proposed(town: Town, who: str = "worker", **about: Any) -> bytes:
    """Propose an override; return its id."""
    request = proposing(town, **about)
    answer: place.ProposeOverrideResponse = town.done(
        who, "ProposeOverride", request, place.ProposeOverrideResponse
    )
    return answer.override_id


def override_shown(
    town: Town, override: bytes, who: str = "coordinator"
) -> registry.ShowOverrideResponse:
    """Show an override to a coordinator."""
    request = registry.ShowOverrideRequest(override_id=override)
    answer: registry.ShowOverrideResponse = town.done(
        who, "ShowOverride", request, registry.ShowOverrideResponse
    )
    return answer


def signing(
    town: Town, override: bytes, who: str = "coordinator"
) -> registry.SignOverrideRequest:
    """Return a request to sign an override, as it is shown now."""
    seen = override_shown(town, override, who).explained.seen
    return registry.SignOverrideRequest(
        request_id=fresh(), override_id=override, seen=seen
    )


# Alerts


def alarm(town: Town, placement: bytes = b"", area: str = "2480") -> Alert:
    """Make a placement worse than it was; return the alert once it is raised."""
    placement = placement or placed(town)
    case = town.state().placements[placement].case
    tie = wire.Tie(
        person=wire.Person(case_member=wire.CaseMember(case_handle=case)), area=area
    )
    record(town, town.fact_of(tie=tie))
    return raised(town, placement)


def raised(town: Town, placement: bytes, kind: AlertKind = AlertKind.WORSE) -> Alert:
    """Return the open alert of a placement, once everything was weighed."""
    town.settled()
    state = town.state()
    found = state.alerts.open_of(kind, state.placements[placement].case, placement)
    assert found is not None
    return found


def taken(town: Town, who: str = "coordinator") -> Alert:
    """Return an alert that a coordinator has taken on."""
    alarmed = alarm(town)
    request = alert.AcknowledgeAlertRequest(
        request_id=fresh(), alert_id=alarmed.id, revision=alarmed.revision
    )
    town.done(who, "AcknowledgeAlert", request, alert.AcknowledgeAlertResponse)
    return town.state().alerts[alarmed.id]


def _moving(town: Town, who: str) -> place.MovePlacementRequest:
    case = town.opened("worker")
    return place.MovePlacementRequest(
        request_id=fresh(),
        placement_id=placed(town, case),
        hold_id=held(town, case, "0580"),
    )


def _about(town: Town) -> dict[str, Any]:
    """Ask about a place whose verdict is UNKNOWN; return what it is."""
    case, window = town.opened("worker"), far(town)
    hold(town, case, window=window)
    return question_of(case, "2480", window)


def _stopping(town: Town, who: str) -> registry.StopProviderRequest:
    request = registry.RegisterFacilitiesRequest(
        request_id=fresh(), facilities=[registry.NewFacility(area="1280")]
    )
    made = town.done(
        "coordinator",
        "RegisterFacilities",
        request,
        registry.RegisterFacilitiesResponse,
    )
    provider = made.facilities[0].provider
    return registry.StopProviderRequest(request_id=fresh(), provider=provider)


def _acknowledging(town: Town, who: str) -> alert.AcknowledgeAlertRequest:
    alarmed = alarm(town)
    return alert.AcknowledgeAlertRequest(
        request_id=fresh(), alert_id=alarmed.id, revision=alarmed.revision
    )


def _handing_over(town: Town, who: str) -> alert.HandOverAlertRequest:
    alarmed = alarm(town)
    return alert.HandOverAlertRequest(
        request_id=fresh(),
        alert_id=alarmed.id,
        revision=alarmed.revision,
        region="vast",
    )


def _closing(town: Town, who: str) -> alert.CloseAlertRequest:
    alarmed = taken(town, _coordinator(who))
    return alert.CloseAlertRequest(
        request_id=fresh(),
        alert_id=alarmed.id,
        closing=alert.ALERT_CLOSING_NO_DANGER,
        revision=alarmed.revision,
    )


def _coordinator(who: str) -> str:
    """Return who is shown a place: the caller, if that may be."""
    return who if PEOPLE[who][0] == "coordinator" else "coordinator"


PLACING: dict[str, Make] = {
    "ConfirmHold": lambda town, who: place.ConfirmHoldRequest(
        request_id=fresh(), hold_id=held(town)
    ),
    "ExtendHold": lambda town, who: place.ExtendHoldRequest(
        request_id=fresh(), hold_id=held(town)
    ),
    "ReleaseHold": lambda town, who: place.ReleaseHoldRequest(
        request_id=fresh(), hold_id=held(town)
    ),
    "MoveIn": lambda town, who: place.MoveInRequest(
        request_id=fresh(), placement_id=placed(town)
    ),
    "MovePlacement": _moving,
    "EndPlacement": lambda town, who: place.EndPlacementRequest(
        request_id=fresh(), placement_id=placed(town), valid_to_day=town.today
    ),
    "AbortPlacement": lambda town, who: place.AbortPlacementRequest(
        request_id=fresh(), placement_id=placed(town)
    ),
    "ProposeOverride": lambda town, who: proposing(town, **_about(town)),
    "ExplainPlacement": lambda town, who: registry.ExplainPlacementRequest(
        **_about(town)
    ),
    "ReleasePlace": lambda town, who: releasing(
        town, _coordinator(who), **_about(town)
    ),
    "ShowOverride": lambda town, who: registry.ShowOverrideRequest(
        override_id=proposed(town, **_about(town))
    ),
    "SignOverride": lambda town, who: signing(
        town, proposed(town, **_about(town)), _coordinator(who)
    ),
    "StopProvider": _stopping,
    "WatchAlerts": lambda town, who: alert.WatchAlertsRequest(),
    "ListAlerts": lambda town, who: alert.ListAlertsRequest(),
    "ShowAlert": lambda town, who: alert.ShowAlertRequest(alert_id=alarm(town).id),
    "AcknowledgeAlert": _acknowledging,
    "HandOverAlert": _handing_over,
    "CloseAlert": _closing,
    "ListPermits": lambda town, who: audit.ListPermitsRequest(
        ground=GROUND, since=0, until=2**61
    ),
}
"""By method: makes a request that is answered, if its caller may. The town is covered."""
