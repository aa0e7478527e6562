"""What the service does by itself: time that passes, and weighing again."""

from dataclasses import replace

import pytest
from kit.commands import MOMENT, approve, caseworker, coordinator
from kit.steps import (
    Stage,
    acknowledge,
    close_alert,
    confirm,
    propose_override,
    reevaluate,
    show_override,
    sign_override,
    stop_provider,
    tick,
)
from kit.world import NOW, TODAY, day, token

from placement.domain.decide import weighing
from placement.domain.decide.command import Outcome
from placement.domain.decide.reevaluations import MAX_AT_ONCE, Swept, awaits
from placement.domain.questions import Candidate
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
    EndCause,
    PlacementState,
    Verdict,
    Window,
)

HOURS = 72 * MICROS_AN_HOUR
UMEA = coordinator("nord")
OPEN = "2480"


@pytest.fixture
def home(stage):
    """A placement of h, of group A, that was safe when it was made."""
    stage.affiliation("h", "A")
    made = stage.placed(stage.case("h").handle)
    stage.work()
    return made


def raised(stage: Stage) -> list[tuple[AlertKind, str, str, AlertState]]:
    return [
        (each.kind, each.before.name, each.verdict.name, each.state)
        for each in stage.state.alerts
    ]


# Worse


def test_worse_raises_one_alert(stage, home):
    """However many changes there are, a placement has one."""
    for group in "BCD":
        stage.rivalry("A", group)
        stage.presence(group, OPEN)
    before = raised(stage)
    stage.work()
    alert = stage.alert()

    assert before == []
    assert (alert.placement, alert.organisation) == (home, "1280")
    assert (alert.before, alert.verdict) == (Verdict.CLEAR, Verdict.CONFLICT)
    assert alert.regions == ("nord", "syd")
    assert stage.state.placements[home].verdict is Verdict.CONFLICT
    assert len(stage.state.agenda) == 0


def test_nothing_new_says_nothing(stage, home):
    """Weighed again and worth the same, a placement stays as it is."""
    stage.rivalry("X", "Y")
    stage.presence("A", "1480")
    stage.work()

    assert raised(stage) == []


def test_it_gets_worse_again(stage, home):
    """The alert that stands is raised again; whoever had it has to look again."""
    stage.presence("A", OPEN, "occasional")
    stage.work()
    alert = stage.alert()
    stage.court.reply(acknowledge(alert.id, caller=UMEA))
    stage.court.reply(acknowledge(alert.id, caller=caseworker()))
    stage.presence("A", OPEN, "base")
    stage.work()
    again = stage.alert()

    assert (again.id, again.state) == (alert.id, AlertState.RAISED)
    assert (again.before, again.verdict) == (Verdict.REVIEW, Verdict.CONFLICT)
    assert (again.seen, again.acknowledge_by) == (False, NOW + MICROS_AN_HOUR)
    assert again.raised_at == alert.raised_at


def test_another_reason_for_the_same(stage, home):
    """Whoever let a REVIEW stand knew of one reason, not of the next."""
    stage.presence("A", OPEN, "occasional")
    stage.work()
    stage.court.reply(acknowledge(stage.alert().id, caller=UMEA))
    stage.tie("h", OPEN)
    stage.work()

    assert raised(stage) == [(AlertKind.WORSE, "REVIEW", "REVIEW", AlertState.RAISED)]


def test_a_reason_that_hardens(stage, home):
    """What was soft and becomes firm is new, though the verdict was CONFLICT before."""
    stage.presence("A", OPEN, "base")
    weak = stage.tie("h", OPEN, danger=True, grade="3D")
    stage.work()
    stage.court.reply(acknowledge(stage.alert().id, caller=UMEA))
    stage.regrade(weak, "1B")
    stage.work()

    assert stage.alert().state is AlertState.RAISED


def test_one_reason_less_is_silent(stage, home):
    """A CONFLICT for one reason instead of two is no worse."""
    stage.presence("A", OPEN, "base")
    tie = stage.tie("h", OPEN, danger=True)
    stage.work()
    stage.court.reply(acknowledge(stage.alert().id, caller=UMEA))
    stage.retract(tie)
    stage.work()

    assert stage.alert().state is AlertState.ACKNOWLEDGED


def test_better_is_silent(stage, home):
    """The alert stands until somebody closes it; the next time is a new one."""
    stay = stage.presence("A", OPEN)
    stage.work()
    first = stage.alert()
    stage.retract(stay)
    stage.work()
    unchanged = stage.alert() == first
    stage.court.reply(acknowledge(first.id, caller=UMEA))
    stage.court.reply(close_alert(first.id, caller=UMEA))
    stage.presence("A", OPEN)
    stage.work()
    states = [(each.id == first.id, each.state) for each in stage.state.alerts]

    assert unchanged
    assert states == [(True, AlertState.CLOSED), (False, AlertState.RAISED)]


def test_a_lapsed_picture_is_worse(stage, home):
    """CLEAR becomes UNKNOWN on the day after the last."""
    stage.court.later(70 * MICROS_A_DAY)
    stage.work()
    before = raised(stage)
    stage.court.later(MICROS_A_DAY)
    stage.work()

    assert before == []
    assert raised(stage) == [(AlertKind.WORSE, "CLEAR", "UNKNOWN", AlertState.RAISED)]


def test_a_recorded_placement_was_never_weighed(stage):
    """It counts as UNKNOWN: a REVIEW is worse, and CLEAR is not."""
    stage.affiliation("h", "A")
    stage.presence("A", "1480", "occasional")
    stage.placement(stage.case("h"), OPEN)
    stage.placement(stage.case("h"), "1480")
    stage.work()

    assert raised(stage) == [(AlertKind.WORSE, "UNKNOWN", "REVIEW", AlertState.RAISED)]


def test_what_is_over_is_not_weighed(stage, home):
    """Neither what ended nor what lapsed nor what has no days left."""
    case = stage.case("i")
    ids = [
        stage.placement(case, OPEN, state=PlacementState.ENDED),
        stage.placement(case, OPEN, state=PlacementState.HELD, expires_at=NOW),
        stage.placement(case, OPEN, end=0),
    ]
    until = stage.state.agenda.next().until
    outcome = stage.court.decide(reevaluate(until, *ids)).outcome

    assert outcome.events == (Reevaluated(until=until, after=ids[-1], done=True),)


def test_a_hold_is_weighed_too(stage):
    """A hold whose place got worse raises an alert like any placement."""
    ours, theirs = stage.rivals()
    held = stage.held(ours)
    stage.work()
    stage.placement(stage.state.cases[theirs], OPEN)
    stage.work()

    assert {each.placement for each in stage.state.alerts} >= {held.id}


def test_a_stopped_provider_alarms(stage):
    """Whoever lives in one of its houses is in danger at once; lifting is silent."""
    stage.facility("house", "firm", OPEN)
    place = Candidate(area=OPEN, facility=token("house"))
    made = stage.placed(stage.case("h").handle, place)
    stage.court.reply(stop_provider())
    stage.work()
    alert = stage.alert()
    change = stage.court.reply(stop_provider(lift=True)).ids[0]
    stage.court.reply(approve(change))
    stage.work()

    assert (alert.placement, alert.verdict) == (made, Verdict.CONFLICT)
    assert stage.state.placements[made].verdict is Verdict.CLEAR


def test_an_unassessed_case_alarms_the_police_alone(stage):
    """Its municipality would learn that somebody is on record."""
    stage.affiliation("h", "A")
    case = stage.case("h", assessed=False)
    stage.placement(case, OPEN)
    stage.work()
    stage.presence("A", OPEN)
    stage.work()

    assert stage.alert().organisation == ""
    assert stage.alert().verdict is Verdict.CONFLICT


# In slices


def test_a_slice_goes_on_behind_the_last(stage):
    """What is weighed stays weighed; the round ends with the last slice."""
    stage.affiliation("h", "A")
    stage.affiliation("i", "B")
    made = sorted(stage.placed(stage.case(who).handle, "1480") for who in "hi")
    stage.work()
    stage.presence("A", "1480")
    stage.presence("B", "1480")
    until = stage.state.agenda.next().until
    stage.court.reply(reevaluate(until, made[0], done=False))
    half = (stage.state.agenda.next().after, len(raised(stage)))
    stage.court.reply(reevaluate(until, made[1]))

    assert half == (made[0], 1)
    assert (len(stage.state.agenda), len(raised(stage))) == (0, 2)


def test_work_that_was_done_changes_nothing(stage, home):
    """Another server was there first."""
    stage.presence("A", OPEN)
    until = stage.state.agenda.next().until
    stage.court.reply(reevaluate(until, home))
    got = stage.court.decide(reevaluate(until, home)).outcome

    assert got == Outcome(reply=Swept())


def test_nothing_to_weigh_is_worked_off(stage, home):
    """A change that reaches nobody is done at once."""
    stage.presence("A", "1480")
    until = stage.state.agenda.next().until
    stage.court.reply(reevaluate(until))

    assert len(stage.state.agenda) == 0


def test_a_defect_keeps_no_other_waiting(stage, home, monkeypatch):
    """Whatever goes wrong with one placement, the next is weighed."""
    other = stage.placed(stage.case("i").handle, "1480")
    stage.tie("i", "1480", danger=True)
    weigh = weighing.weigh

    def broken(state, question, moment):
        if question.candidates[0].area == OPEN:
            raise RuntimeError
        return weigh(state, question, moment)

    monkeypatch.setattr(weighing, "weigh", broken)
    until = stage.state.agenda.next().until
    decision = stage.court.decide(reevaluate(until, home, other))

    assert decision.outcome.reply == Swept(failed=1)
    assert stage.alert().placement == other
    assert decision.note.objects == (home, other, stage.alert().id)


# The sweep


def swept(stage: Stage, home: bytes) -> Swept:
    """Work off a sweep; return what it says."""
    state, court = stage.state, stage.court
    stage.apply(SweepBegun(day=court.moment.today))
    return court.reply(reevaluate(state.revision, home))


def test_a_sweep_finds_nothing(stage, home):
    """What changes touched was weighed when they came."""
    stage.presence("A", OPEN)
    stage.work()

    assert swept(stage, home) == Swept()


def test_a_sweep_that_finds_something_says_so(stage, home):
    """A change that touched nobody, though it should have, is a defect of ours."""
    stage.presence("A", OPEN)
    stage.state.agenda.keep(())

    assert swept(stage, home) == Swept(unforeseen=1)
    assert stage.alert().placement == home


@pytest.mark.parametrize("what", ["a day", "a hold"])
def test_what_time_changed_just_now_is_foreseen(stage, what):
    """A tick will say it; it is no defect that it has not yet."""
    ours, theirs = stage.rivals()
    made = stage.placed(ours, window=Window(start=TODAY))
    stage.work()
    if what == "a day":
        stage.court.later(71 * MICROS_A_DAY)
    else:
        case = stage.state.cases[theirs]
        held = PlacementState.HELD
        stage.placement(case, OPEN, state=held, expires_at=NOW + 1)
        stage.work()
        stage.court.later(1)

    assert swept(stage, made) == Swept()


# Time that passes


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
