"""What the service does by itself: notice that time has passed, and weigh again.

Invariants:
    * a placement is weighed by the rules of a check, on the state as it stands then;
    * work that another server did already changes nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from placement.access import Action
from placement.domain.agenda import NOTHING, Agenda
from placement.domain.decide.changeovers import without_faded
from placement.domain.decide.command import Command, Moment, Note, Outcome
from placement.domain.decide.imports import rows_erased
from placement.domain.decide.steps import aborted
from placement.domain.decide.weighing import alarm, place_of, reweighed
from placement.domain.events import Event, PlacementEnded
from placement.domain.facts import Placement
from placement.domain.permits import Permit
from placement.domain.state import State
from placement.domain.stay_events import (
    AlertEscalated,
    AlertRaised,
    DayPassed,
    PlacementWeighed,
    Reevaluated,
    RulesFollowed,
    SweepBegun,
)
from placement.domain.terms import (
    MICROS_AN_HOUR,
    AlertKind,
    Day,
    EndCause,
    FactId,
    Micros,
    PlacementState,
    Revision,
    Verdict,
)

MAX_AT_ONCE: Final = 100
"""Holds that lapse, and alerts that escalate, in one step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick(Command):
    """Notice what has come with time: lapsed holds, new days, alerts nobody took on."""

    action = Action.CLOCK_TICK


@dataclass(frozen=True, slots=True, kw_only=True)
class Reevaluate(Command):
    """Weigh some of what changes touched.

    Attributes:
        until: revision of the last change of the round.
        placements: what to weigh, in order; some, or what is left.
        done: nothing is left then.
    """

    action = Action.REEVALUATE

    until: Revision
    placements: tuple[FactId, ...]
    done: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """The reply to ``Reevaluate``.

    Attributes:
        unforeseen: how many placements a sweep found to be worth something else, though
            no change had touched them.
        failed: how many could not be weighed, for a defect of ours.
    """

    unforeseen: int = 0
    failed: int = 0


def awaits(state: State, moment: Moment) -> bool:
    """Tell whether a ``Tick`` would find something."""
    return next(_ticked(state, moment), None) is not None


def tick(state: State, command: Tick, moment: Moment) -> Outcome:
    """Write down what has come with time."""
    del command
    events = tuple(_ticked(state, moment))
    return Outcome(reply=None, events=events, note=_note(events))


def reevaluate(state: State, command: Reevaluate, moment: Moment) -> Outcome:
    """Weigh placements; whatever is worse than it was raises an alert."""
    touch = state.agenda.touch_of(command.until)
    if touch == NOTHING:
        return Outcome(reply=Swept())
    events, failed = _weigh_all(state, command.placements, moment)
    found = sum(isinstance(each, PlacementWeighed) for each in events)
    # What a date or a lapsed hold changed just now is no defect; a tick will say it.
    foreseen = not touch.sweep or _turned(state, moment)
    after = command.placements[-1] if command.placements else FactId(b"")
    events.append(Reevaluated(until=command.until, after=after, done=command.done))
    reply = Swept(unforeseen=0 if foreseen else found, failed=failed)
    note = _note(events)
    weighed = replace(note, objects=(*command.placements, *note.objects))
    return Outcome(reply=reply, events=tuple(events), note=weighed)


def _weigh_all(
    state: State, keys: tuple[FactId, ...], moment: Moment
) -> tuple[list[Event], int]:
    """Weigh placements; one that can't be weighed keeps no other waiting."""
    events: list[Event] = []
    failed = 0
    for key in keys:
        try:
            events += reweighed(state, moment, state.placements[key])
        except Exception:  # noqa: BLE001 (whatever it is, the others are weighed)
            failed += 1
    return events, failed


def _turned(state: State, moment: Moment) -> bool:
    """Tell whether time has changed something that no tick has written down yet."""
    agenda = state.agenda
    return bool(state.stays.lapsed(moment.now)) or agenda.day < moment.today


def _ticked(state: State, moment: Moment) -> Iterator[Event]:
    over = state.imports.due(moment.now)
    if over:
        yield rows_erased(*over)
    if not state.placements:  # nothing else that time could change
        return
    agenda, today = state.agenda, moment.today
    for hold in state.stays.lapsed(moment.now)[:MAX_AT_ONCE]:
        yield aborted(hold, moment, EndCause.EXPIRED)
    for alert in state.alerts.overdue(moment.now)[:MAX_AT_ONCE]:
        yield AlertEscalated(id=alert.id)
    if _are_new(moment.ruleset.digest, agenda, moment.now):
        yield RulesFollowed(rules=moment.ruleset.digest)
    if agenda.day < today:
        yield DayPassed(day=today)
        yield from without_faded(state)
        yield from _followed_up(state, moment)
        yield from _overdue(state, moment)
        yield SweepBegun(day=today)


def _are_new(rules: bytes, agenda: Agenda, now: Micros) -> bool:
    """Tell whether other rules are to be followed than those that were last.

    Two servers that differ for a while don't take turns at it: rules that were followed
    before wait.
    """
    if agenda.rules[-1:] == (rules,):
        return False
    return rules not in agenda.rules or now - agenda.ruled_at >= MICROS_AN_HOUR


def _overdue(state: State, moment: Moment) -> Iterator[Event]:
    """Yield alerts of the placements whose last day has passed, and nobody ended them."""
    since = state.agenda.day or Day(moment.today - 1)
    for day in range(since + 1, moment.today + 1):
        for key in state.calendar.turning_on(Day(day)):
            placement = state.placements.get(key)
            if placement is None or placement.state is not PlacementState.ACTIVE:
                continue
            if placement.valid_to == day:
                verdict = placement.verdict or Verdict.UNKNOWN
                kind = AlertKind.OVERDUE
                yield AlertRaised(alert=alarm(state, placement, kind, verdict, moment))


def _followed_up(state: State, moment: Moment) -> Iterator[Event]:
    """Yield alerts of the overrides whose day to look again has come."""
    since = state.agenda.day or moment.today - 1
    for permit in state.permits.values():
        if permit.follow_up is None or not permit.used:
            continue
        if Day(since) < permit.follow_up <= moment.today:
            for placement in _under(state, permit):
                verdict = placement.verdict or Verdict.UNKNOWN
                kind = AlertKind.FOLLOW_UP
                yield AlertRaised(alert=alarm(state, placement, kind, verdict, moment))


def _under(state: State, permit: Permit) -> Iterator[Placement]:
    """Yield what stands where a permit let it, even if another confirmed it."""
    return (
        placement
        for placement in state.stays.of_case(permit.case)
        if place_of(placement) == permit.candidate
    )


def _note(events: tuple[Event, ...] | list[Event]) -> Note:
    """Name the holds that lapsed, and the alerts that were raised, or escalated."""
    lapsed = [each.id for each in events if isinstance(each, PlacementEnded)]
    raised = [each.alert.id for each in events if isinstance(each, AlertRaised)]
    escalated = [each.id for each in events if isinstance(each, AlertEscalated)]
    return Note(objects=(*lapsed, *raised, *escalated))
