"""What has come with time: lapsed holds, days, alerts that nobody took on."""

from dataclasses import replace

import pytest
from kit.commands import MOMENT, coordinator
from kit.steps import (
    Stage,
    acknowledge,
    confirm,
    propose_override,
    raised,
    reevaluate,
    show_override,
    sign_override,
    tick,
)
from kit.world import NOW, TODAY, day, subject, token

from placement.domain.changeover_events import Pair, PairsKept, PairState
from placement.domain.decide.reevaluations import MAX_AT_ONCE, awaits
from placement.domain.events import Record
from placement.domain.stay_events import (
    AlertEscalated,
    AlertRaised,
    DayPassed,
    PlacementWeighed,
    Reevaluated,
    SweepBegun,
)
from placement.domain.terms import (
    MICROS_A_DAY,
    MICROS_AN_HOUR,
    AlertKind,
    AlertState,
    DossierId,
    EndCause,
    PlacementState,
    Window,
)

HOURS = 72 * MICROS_AN_HOUR
UMEA = coordinator("nord")
OPEN = "2480"


def ticks(stage: Stage) -> list[str]:
    """Return what a tick notices, by name."""
    return [type(event).__name__ for event in stage.court.decide(tick()).outcome.events]


def test_nothing_passes_where_nobody_is_placed(stage):
    """There is nothing that time could change."""
    stage.court.later(10 * MICROS_A_DAY)

    assert not awaits(stage.state, stage.court.moment)
    assert ticks(stage) == []


def test_the_first_tick(stage):
    """From the first placement on, rules and days are noticed; and once."""
    stage.placement(stage.case("h"), OPEN)

    assert ticks(stage) == ["RulesFollowed", "DayPassed", "SweepBegun"]
    assert ticks(stage) == []
    assert not awaits(stage.state, stage.court.moment)


def test_a_server_that_was_down_catches_up(stage, home):
    """All days that passed are one event, and what they changed is weighed."""
    stage.court.later(3 * MICROS_A_DAY)
    got = stage.court.decide(tick()).outcome.events
    day_due, _ = stage.state.agenda

    assert got == (DayPassed(day=TODAY + 3), SweepBegun(day=TODAY + 3))
    assert (day_due.touch.first_day, day_due.touch.last_day) == (TODAY + 1, TODAY + 3)


def test_pairs_of_nobody_go_with_a_day(stage, home):
    """Of whom nothing else is kept; once, and all the others stay."""
    here = Pair(old=subject("h"), new=subject("h2"))
    gone = Pair(old=subject("nobody"), new=subject("nobody2"))
    pairs = PairsKept(
        state=PairState.RESOLVED,
        pairs=(here, gone),
        dossier=DossierId(token("pairs")),
        first=True,
    )
    stage.state.apply(Record(at=stage.court.moment.now, event=pairs))
    early = ticks(stage)
    stage.court.later(MICROS_A_DAY)
    got = ticks(stage)
    stage.court.later(MICROS_A_DAY)

    assert early == []
    assert got == ["DayPassed", "PairsKept", "DossiersErased", "SweepBegun"]
    assert stage.state.changeover.resolved == {here.new: here.old}
    assert ticks(stage) == ["DayPassed", "SweepBegun"]


def test_other_rules_weigh_everything(stage, home):
    """Rules that nobody followed yet are noticed at once."""
    stage.court.moment = replace(MOMENT, ruleset=replace(MOMENT.ruleset, digest=b"x"))

    assert ticks(stage) == ["RulesFollowed"]
    assert [each.touch.everything for each in stage.state.agenda] == [True]


def test_two_servers_do_not_take_turns(stage, home):
    """Rules that were followed before wait an hour; two that differ would never end."""
    old = stage.court.moment
    new = replace(old, ruleset=replace(old.ruleset, digest=b"x"))
    got = []
    for moment in (new, old, new, old):
        stage.court.moment = moment
        got.append(ticks(stage))
    stage.court.later(MICROS_AN_HOUR)

    assert got == [["RulesFollowed"], [], [], []]
    assert ticks(stage) == ["RulesFollowed"]
    assert stage.state.agenda.rules == (b"x", old.ruleset.digest)


@pytest.mark.parametrize(("micros", "lapsed"), [(HOURS - 1, False), (HOURS, True)])
def test_a_lapsed_hold_becomes_an_event(stage, micros, lapsed):
    """Even when no server was up at that minute; its end is the day it is noticed."""
    held = stage.held(stage.case("h").handle)
    stage.work()
    stage.court.later(micros)
    decision = stage.court.decide(tick())
    ended = [each for each in decision.outcome.events if hasattr(each, "cause")]

    assert [(each.id, each.cause) for each in ended] == (
        [(held.id, EndCause.EXPIRED)] if lapsed else []
    )
    assert (held.id in decision.note.objects) is lapsed


def test_many_lapse_in_several_steps(stage):
    """One step is not longer than others bear."""
    case = stage.case("h")
    state = PlacementState.HELD
    for _ in range(MAX_AT_ONCE + 1):
        stage.placement(case, OPEN, state=state, expires_at=NOW)
    first = ticks(stage).count("PlacementEnded")

    assert (first, ticks(stage)) == (MAX_AT_ONCE, ["PlacementEnded"])


def test_an_alert_that_nobody_took_escalates(stage, home):
    """To the microsecond, and once."""
    stage.presence("A", OPEN)
    stage.work()
    alert = stage.alert()
    stage.court.later(MICROS_AN_HOUR - 1)
    early = ticks(stage)
    stage.court.later(1)
    decision = stage.court.decide(tick())

    assert early == []
    assert decision.outcome.events == (AlertEscalated(id=alert.id),)
    assert decision.note.objects == (alert.id,)
    assert stage.alert().state is AlertState.ESCALATED
    assert ticks(stage) == []


def test_an_alert_that_somebody_took_does_not(stage, home):
    """Whoever has it has it."""
    stage.presence("A", OPEN)
    stage.work()
    stage.court.reply(acknowledge(stage.alert().id, caller=UMEA))
    stage.court.later(MICROS_AN_HOUR)

    assert ticks(stage) == []


def test_raising_again_gives_nobody_more_time(stage, home):
    """However often it gets worse, the hour runs from the first time."""
    stage.presence("A", OPEN)
    stage.work()
    stage.court.later(MICROS_AN_HOUR - 1)
    stage.tie("h", OPEN, danger=True)
    stage.work()
    waits = stage.alert()
    stage.court.later(1)
    stage.work()
    stage.rivalry("A", "B")
    stage.presence("B", OPEN)
    stage.work()

    assert waits.acknowledge_by == NOW + MICROS_AN_HOUR
    assert stage.alert().state is AlertState.ESCALATED
    assert stage.alert().acknowledge_by == NOW + MICROS_AN_HOUR


# Days that somebody set


def override(stage: Stage, case: bytes, days: int) -> bytes:
    """Return an override that is signed."""
    court = stage.court
    (permit,) = court.reply(propose_override(case, days=days)).ids
    seen = court.reply(show_override(permit)).explained.seen
    court.reply(sign_override(permit, seen))
    return permit


@pytest.mark.parametrize("used", [True, False])
def test_the_day_to_look_again(stage, used):
    """It comes once, and only where somebody was placed under the override."""
    ours, theirs = stage.rivals()
    stage.placement(stage.state.cases[theirs], OPEN)
    permit = override(stage, ours, 2)
    if used:
        made = stage.placed(ours)
        assert stage.state.placements[made].permit == permit
    stage.work()
    kinds = []
    for _ in range(3):
        kinds.append([each.kind for each in stage.state.alerts if each.case == ours])
        stage.court.later(MICROS_A_DAY)
        stage.work()

    assert kinds == [[], [], [AlertKind.FOLLOW_UP] if used else []]


def test_the_day_to_look_again_stays(stage):
    """Also for a place that was confirmed without the override."""
    ours, theirs = stage.rivals()
    rival = stage.placement(stage.state.cases[theirs], OPEN, end=1)
    override(stage, ours, 4)
    held = stage.held(ours)
    stage.court.later(MICROS_A_DAY)
    stage.work()
    stage.court.reply(confirm(held.id))
    stage.court.later(3 * MICROS_A_DAY)
    stage.work()
    (alert,) = (each for each in stage.state.alerts if each.case == ours)

    assert (alert.kind, alert.placement) == (AlertKind.FOLLOW_UP, held.id)
    assert rival in stage.state.placements


@pytest.mark.parametrize("days", [1, 5], ids=["noticed", "noticed late"])
def test_a_placement_whose_days_are_over(stage, days):
    """Nobody said that they moved out: somebody has to ask."""
    made = stage.placed(stage.case("h").handle, window=Window(start=TODAY, end=day(1)))
    stage.work()
    before = raised(stage)
    stage.court.later(days * MICROS_A_DAY)
    stage.work()
    stage.work()

    assert before == []
    assert [(each.kind, each.placement) for each in stage.state.alerts] == [
        (AlertKind.OVERDUE, made)
    ]


def test_events_are_named_in_the_log(stage, home):
    """Which alerts were raised, beside what was weighed."""
    stage.presence("A", OPEN)
    until = stage.state.agenda.next().until
    decision = stage.court.decide(reevaluate(until, home))
    kinds = [type(each) for each in decision.outcome.events]

    assert kinds == [PlacementWeighed, AlertRaised, Reevaluated]
    assert decision.note.objects == (home, stage.alert().id)
