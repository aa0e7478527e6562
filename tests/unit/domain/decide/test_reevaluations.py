"""Weighing again what stands: what is worse, in slices, and the sweep."""

import pytest
from kit.commands import approve, caseworker, coordinator
from kit.steps import (
    Stage,
    acknowledge,
    close_alert,
    raised,
    reevaluate,
    stop_provider,
)
from kit.world import NOW, TODAY, token

from placement.domain.decide import weighing
from placement.domain.decide.command import Outcome
from placement.domain.decide.reevaluations import Swept
from placement.domain.questions import Candidate
from placement.domain.stay_events import (
    Reevaluated,
    SweepBegun,
)
from placement.domain.terms import (
    MICROS_A_DAY,
    MICROS_AN_HOUR,
    AlertKind,
    AlertState,
    PlacementState,
    Verdict,
    Window,
)

UMEA = coordinator("nord")
OPEN = "2480"


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
    stage.court.later(1)
    stage.presence("A", OPEN, "base")
    stage.work()
    again = stage.alert()
    later = NOW + 1

    assert (again.id, again.state) == (alert.id, AlertState.RAISED)
    assert (again.before, again.verdict) == (Verdict.REVIEW, Verdict.CONFLICT)
    assert (again.seen, again.acknowledge_by) == (False, later + MICROS_AN_HOUR)
    assert (again.raised_at, again.told_at, again.changed_at) == (NOW, later, later)
    assert (alert.again, again.again) == (False, True)
    assert (again.owner, again.owner_region) == ("", "")


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
