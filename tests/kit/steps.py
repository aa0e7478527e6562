"""Commands about holds, moves, permits and alerts by short names."""

from collections.abc import Mapping
from typing import Any

from kit.commands import (
    AS_IT_STANDS,
    AUDITOR,
    CASEWORKER,
    COORDINATOR,
    Court,
    asked,
    check,
    fresh,
    search,
)
from kit.world import TODAY, World, token
from placement.access import SERVICE, Caller
from placement.domain.affected import affected
from placement.domain.alerts import Alert
from placement.domain.decide import (
    alerts,
    checks,
    holds,
    idling,
    moves,
    permits,
    providers,
    reevaluations,
    register,
    searches,
)
from placement.domain.facts import Placement
from placement.domain.questions import Candidate
from placement.domain.terms import (
    AlertClosing,
    AlertKind,
    AlertState,
    AreaCode,
    Day,
    PermitGround,
    Revision,
    Window,
)


def hold(case: bytes, area: str | Candidate = "2480", **given: Any) -> checks.Check:
    """Check one place, and hold it."""
    given["hold"] = given.get("hold") or fresh()
    return check(case, area, **given)


def _step(kind: type, placement: bytes, given: Mapping[str, Any], **more: Any) -> Any:
    return kind(**asked(CASEWORKER, given), placement=placement, **more)


def confirm(hold: bytes, **given: Any) -> holds.ConfirmHold:
    return _step(holds.ConfirmHold, hold, given, decision=fresh())


def extend(hold: bytes, **given: Any) -> holds.ExtendHold:
    return _step(holds.ExtendHold, hold, given)


def release(hold: bytes, **given: Any) -> holds.ReleaseHold:
    return _step(holds.ReleaseHold, hold, given)


def move_in(placement: bytes, **given: Any) -> moves.MoveIn:
    return _step(moves.MoveIn, placement, given, decision=fresh())


def move(left: bytes, hold: bytes, **given: Any) -> moves.Move:
    return _step(moves.Move, hold, given, left=left, decision=fresh())


def move_out(placement: bytes, days: int = 0, **given: Any) -> moves.MoveOut:
    """Move out, on a day counted from today."""
    return _step(moves.MoveOut, placement, given, valid_to=Day(TODAY + days))


def abort(placement: bytes, **given: Any) -> moves.Abort:
    return _step(moves.Abort, placement, given)


def _place(given: Mapping[str, Any]) -> dict[str, Any]:
    area = given.get("area", "2480")
    facility = given.get("facility")
    return {
        "candidate": Candidate(
            area=AreaCode(area), facility=token(facility) if facility else None
        ),
        "window": given.get("window", Window(start=TODAY)),
    }


def explain(case: bytes, **given: Any) -> permits.ExplainPlacement:
    caller = given.get("caller", COORDINATOR)
    return permits.ExplainPlacement(caller=caller, case=case, **_place(given))


def release_place(case: bytes, seen: bytes, **given: Any) -> permits.ReleasePlace:
    """Release a place of a case, as ``explain`` showed it."""
    return permits.ReleasePlace(
        **asked(COORDINATOR, given),
        **_place(given),
        case=case,
        seen=seen,
        permit=given.get("permit") or fresh(),
        change=given.get("change") or fresh(),
    )


def propose_override(case: bytes, **given: Any) -> permits.ProposeOverride:
    """Propose an override; ``days`` from today it is looked at again."""
    return permits.ProposeOverride(
        **asked(CASEWORKER, given),
        **_place(given),
        case=case,
        ground=PermitGround.GREATER_DANGER,
        follow_up=Day(TODAY + given.get("days", 30)),
        permit=given.get("permit") or fresh(),
    )


def show_override(permit: bytes, caller: Caller = COORDINATOR) -> permits.ShowOverride:
    return permits.ShowOverride(caller=caller, permit=permit)


def sign_override(
    permit: bytes, seen: bytes = b"", **given: Any
) -> permits.SignOverride:
    return permits.SignOverride(**asked(COORDINATOR, given), permit=permit, seen=seen)


def stop_provider(
    name: str = "firm", *, lift: bool = False, **given: Any
) -> providers.StopProvider:
    change = given.get("change") or fresh()
    return providers.StopProvider(
        **asked(COORDINATOR, given), provider=token(name), lift=lift, change=change
    )


def watch_alerts(
    since: int | None = None, caller: Caller = COORDINATOR
) -> alerts.WatchAlerts:
    return alerts.WatchAlerts(caller=caller, since=since)


def tell_alerts(*ids: bytes, caller: Caller = COORDINATOR) -> alerts.TellAlerts:
    return alerts.TellAlerts(caller=caller, alerts=ids)


def list_alerts(caller: Caller = COORDINATOR) -> alerts.ListAlerts:
    return alerts.ListAlerts(caller=caller)


def show_alert(alert: bytes, caller: Caller = COORDINATOR) -> alerts.ShowAlert:
    return alerts.ShowAlert(caller=caller, alert=alert)


def _on_alert(kind: type, alert: bytes, given: Mapping[str, Any], **more: Any) -> Any:
    shown = Revision(given.get("shown", AS_IT_STANDS))
    return kind(**asked(COORDINATOR, given), alert=alert, shown=shown, **more)


def acknowledge(alert: bytes, **given: Any) -> alerts.AcknowledgeAlert:
    return _on_alert(alerts.AcknowledgeAlert, alert, given)


def hand_over(alert: bytes, region: str = "nord", **given: Any) -> alerts.HandOverAlert:
    return _on_alert(alerts.HandOverAlert, alert, given, region=region)


def close_alert(alert: bytes, **given: Any) -> alerts.CloseAlert:
    closing = given.get("closing", AlertClosing.ACCEPTED)
    return _on_alert(alerts.CloseAlert, alert, given, closing=closing)


def tick() -> reevaluations.Tick:
    return reevaluations.Tick(caller=SERVICE)


def idle(events: int = 1) -> idling.Idle:
    return idling.Idle(caller=SERVICE, events=events)


def reevaluate(
    until: int, *placements: bytes, done: bool = True
) -> reevaluations.Reevaluate:
    return reevaluations.Reevaluate(
        caller=SERVICE, until=Revision(until), placements=placements, done=done
    )


def list_permits(caller: Caller = AUDITOR, **asked: Any) -> searches.Search:
    return search(register.ListPermits, caller=caller, **{"since": 0, **asked})


class Stage(World):
    """A world whose picture is fresh everywhere, and a court that decides on it."""

    def __init__(self) -> None:
        super().__init__()
        self.cover(region="national")
        self.court = Court(self.state)

    def rivals(self) -> tuple[bytes, bytes]:
        """Return the cases of h and r, whose groups are at war."""
        self.rivalry("A", "B")
        self.affiliation("h", "A")
        self.affiliation("r", "B")
        return self.case("h").handle, self.case("r", org="0180").handle

    def held(self, case: bytes, area: str = "2480", **given: Any) -> Placement:
        """Return the hold that a check makes."""
        (answer,) = self.court.reply(hold(case, area, **given)).answers
        assert answer.hold is not None
        return answer.hold

    def placed(self, case: bytes, area: str = "2480", **given: Any) -> bytes:
        """Return the id of a placement that was held and confirmed."""
        held = self.held(case, area, **given)
        caller = given.get("caller", CASEWORKER)
        self.court.reply(confirm(held.id, caller=caller))
        return held.id

    def work(self) -> None:
        """Let the service do whatever it has to do by itself."""
        court = self.court
        while reevaluations.awaits(self.state, court.moment):
            court.reply(tick())
        while (turn := self.state.agenda.next()) is not None:
            touch = self.state.agenda.touch_of(turn.until)
            ids = affected(self.state, self.ruleset, touch)
            court.reply(reevaluate(turn.until, *ids))

    def alert(self) -> Alert:
        """Return the one alert that there is."""
        (alert,) = self.state.alerts
        return alert


def raised(stage: Stage) -> list[tuple[AlertKind, str, str, AlertState]]:
    """Return what was raised: kind, verdicts before and now, and where it is."""
    return [
        (each.kind, each.before.name, each.verdict.name, each.state)
        for each in stage.state.alerts
    ]
