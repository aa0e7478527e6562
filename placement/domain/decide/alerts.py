"""Alerts: who gets them, who has them, how they end.

Whoever may know of an alert finds it; to everybody else there is none. A municipality
has those of its own cases, a region those that name it, the national unit all.
"""

from dataclasses import dataclass, replace
from typing import Final

from placement.access import NATIONAL, POLICE_REGIONS, Action, Caller, Role
from placement.domain.alerts import Alert, acknowledge_by
from placement.domain.decide.command import (
    Command,
    Moment,
    Note,
    Outcome,
    RequestCommand,
    require,
)
from placement.domain.decide.explaining import Reason, reasons
from placement.domain.decide.weighing import remaining, weighed
from placement.domain.events import Event
from placement.domain.facts import Placement
from placement.domain.state import State
from placement.domain.stay_events import (
    AlertAcknowledged,
    AlertClosed,
    AlertHandedOver,
    AlertSeen,
)
from placement.domain.terms import (
    AlertClosing,
    AlertState,
    FactId,
    Revision,
)
from placement.errors import ConflictError, NotFoundError, StaleError

MAX_LISTED: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchAlerts(Command):
    """Follow the own alerts.

    Attributes:
        since: revision behind which to go on; ``None`` begins with what is open.
    """

    action = Action.ALERT_WATCH

    since: Revision | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TellAlerts(Command):
    """Tell somebody who follows them about alerts that changed."""

    action = Action.ALERT_TELL

    alerts: tuple[FactId, ...]

    @property
    def note(self) -> Note:
        """Name the alerts."""
        return Note(objects=self.alerts)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListAlerts(Command):
    """List the own alerts that are not closed."""

    action = Action.ALERT_LIST


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowAlert(Command):
    """Show what an alert rests on."""

    action = Action.ALERT_SHOW

    alert: FactId

    @property
    def note(self) -> Note:
        """Name the alert."""
        return Note(objects=(self.alert,))


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertCommand(RequestCommand):
    """A request that changes an alert.

    Attributes:
        alert: which.
        shown: the revision with which it was shown.
    """

    alert: FactId
    shown: Revision

    @property
    def note(self) -> Note:
        """Name the alert."""
        return Note(objects=(self.alert,))


@dataclass(frozen=True, slots=True, kw_only=True)
class AcknowledgeAlert(AlertCommand):
    """Say that one has seen it; a coordinator takes it on."""

    action = Action.ALERT_ACKNOWLEDGE


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOverAlert(AlertCommand):
    """Give it to another region, too."""

    action = Action.ALERT_HAND_OVER

    region: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseAlert(AlertCommand):
    """Say that it is done."""

    action = Action.ALERT_CLOSE

    closing: AlertClosing


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """The reply to ``WatchAlerts``: revision behind which to go on, or ``None``."""

    since: Revision | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """The reply to ``ListAlerts``: the oldest first."""

    alerts: tuple[Alert, ...]
    more: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """The reply to ``ShowAlert``.

    Attributes:
        alert: it.
        placement: as it stands, or ``None`` where it is about the case alone.
        reasons: what its place is worth now rests on, the worst first.
    """

    alert: Alert
    placement: Placement | None
    reasons: tuple[Reason, ...]


def concerns(alert: Alert, caller: Caller) -> bool:
    """Tell whether a caller has an alert."""
    if caller.role is Role.COORDINATOR:
        return caller.organisation in (*alert.regions, NATIONAL)
    return caller.organisation == alert.organisation


def as_shown(alert: Alert, caller: Caller) -> Revision:
    """Return the revision with which a caller is shown an alert."""
    return alert.revision if caller.role is Role.COORDINATOR else alert.told


def watch_alerts(state: State, command: WatchAlerts, moment: Moment) -> Outcome:
    """Let somebody follow their alerts."""
    del moment
    if command.since is not None and command.since > state.revision:
        raise StaleError  # of another log than this one; nothing may be passed by
    return Outcome(reply=Followed(since=command.since))


def list_alerts(state: State, command: ListAlerts, moment: Moment) -> Outcome:
    """List somebody's alerts that are not closed."""
    del moment
    found = [
        alert for alert in state.alerts.not_closed() if concerns(alert, command.caller)
    ]
    found.sort(key=lambda alert: (alert.raised_at, alert.id))
    listed = tuple(found[:MAX_LISTED])
    note = Note(objects=tuple(alert.id for alert in listed))
    reply = Listed(alerts=listed, more=len(found) > len(listed))
    return Outcome(reply=reply, note=note)


def tell_alerts(state: State, command: TellAlerts, moment: Moment) -> Outcome:
    """Note which alerts somebody who follows them is about to be told."""
    del state, command, moment
    return Outcome(reply=None)


def show_alert(state: State, command: ShowAlert, moment: Moment) -> Outcome:
    """Show a coordinator an alert, and its cause as it stands now."""
    alert = _own(state, command.caller, command.alert)
    placement = state.placements.get(alert.placement)
    case = state.cases[alert.case]
    note = replace(command.note, case=case.handle, reference=case.reference)
    found: tuple[Reason, ...] = ()
    window = None if placement is None else remaining(placement, moment)
    if placement is not None and not placement.over and window is not None:
        assessment = weighed(state, placement, window, moment)
        found = reasons(state, command.caller, moment, assessment.findings)
        note = replace(
            note,
            candidates=(placement.area,),
            facilities=(placement.facility or b"",),
            window=str(window),
            verdicts=(assessment.verdict,),
        )
    shown = Shown(alert=alert, placement=placement, reasons=found)
    return Outcome(reply=shown, note=note)


def acknowledge_alert(
    state: State, command: AcknowledgeAlert, moment: Moment
) -> Outcome:
    """Note who has seen an alert; the coordinator who acknowledges it owns it."""
    del moment
    caller = command.caller
    alert = _open(state, command)
    if caller.role is not Role.COORDINATOR:
        return _written(state, command, AlertSeen(id=alert.id))
    taken = AlertAcknowledged(
        id=alert.id, person=caller.person, region=caller.organisation
    )
    return _written(state, command, taken)


def hand_over_alert(state: State, command: HandOverAlert, moment: Moment) -> Outcome:
    """Give an alert to another region, too; until somebody has it, it waits.

    Whoever had it and passes it on starts the time anew; who only lets it wait does not.
    """
    known = command.region in (*POLICE_REGIONS, NATIONAL)
    require(known, "region", "is no police region")
    alert = _open(state, command)
    if command.region in alert.regions:
        raise ConflictError
    due = acknowledge_by(alert.verdict, moment.now, moment.ruleset.alert_hours)
    if alert.state is not AlertState.ACKNOWLEDGED:
        due = min(due, alert.acknowledge_by)
    given = AlertHandedOver(id=alert.id, region=command.region, acknowledge_by=due)
    return _written(state, command, given)


def close_alert(state: State, command: CloseAlert, moment: Moment) -> Outcome:
    """Close an alert that one has taken on; from somebody else it is taken over first.

    Nobody was moved away from a place where they still are.
    """
    del moment
    alert, caller = _open(state, command), command.caller
    taken = alert.state is AlertState.ACKNOWLEDGED
    if not taken or (alert.owner, alert.owner_region) != (
        caller.person,
        caller.organisation,
    ):
        raise ConflictError
    stay = state.placements.get(alert.placement)
    if command.closing is AlertClosing.MOVED and stay is not None and not stay.over:
        raise ConflictError
    return _written(state, command, AlertClosed(id=alert.id, closing=command.closing))


def _own(state: State, caller: Caller, key: FactId) -> Alert:
    """Return an alert that a caller has.

    Raises:
        NotFoundError: there is none, or it is somebody else's.
    """
    alert = state.alerts.get(key)
    if alert is None or not concerns(alert, caller):
        raise NotFoundError
    return alert


def _open(state: State, command: AlertCommand) -> Alert:
    """Return an alert that a caller has, as it was shown, and that is not closed.

    Raises:
        NotFoundError: there is none, or it is somebody else's.
        ConflictError: it is closed.
        StaleError: it is not as it was shown.
    """
    alert = _own(state, command.caller, command.alert)
    if alert.state is AlertState.CLOSED:
        raise ConflictError
    if command.shown != as_shown(alert, command.caller):
        raise StaleError
    return alert


def _written(state: State, command: AlertCommand, event: Event) -> Outcome:
    """Return that an alert changes, and name its case."""
    alert = state.alerts[command.alert]
    case = state.cases[alert.case]
    note = replace(command.note, case=case.handle, reference=case.reference)
    return replace(Outcome.written(event), note=note)
