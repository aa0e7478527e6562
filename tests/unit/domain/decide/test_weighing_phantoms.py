"""Phantoms act in whatever answers a municipality, and in nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kit.commands import NATIONAL, check
from kit.drawn import phantom
from kit.haunting import LONG, haunt, rival_there
from kit.often import often
from kit.permitted import holds, overridden, released, seen
from kit.steps import Stage, confirm, explain, move, move_in, raised, show_alert
from kit.world import NOW, TODAY, token

from placement.domain.terms import (
    AlertKind,
    Day,
    PlacementState,
    Verdict,
    Window,
)

OPEN, OTHER = "2480", "1480"


def answered(stage, case, *areas):
    answers = stage.court.reply(check(case, *(areas or (OPEN,)))).answers
    return [each.verdict.name for each in answers]


def test_a_check_is_answered_with_phantoms(stage):
    """Where one stands, and nowhere else."""
    case = rival_there(stage)

    assert answered(stage, case, OPEN, OTHER) == ["CONFLICT", "CLEAR"]


def test_a_place_is_not_held_over_a_phantom(stage):
    """A hold that succeeded would tell that nobody real is there."""
    case = rival_there(stage)

    assert not holds(stage, case)
    assert holds(stage, case, area=OTHER)


@pytest.mark.parametrize("step", ["confirm", "move_in", "move"])
def test_each_step_is_answered_with_phantoms(stage, step):
    """It is taken on a verdict of that same step, phantoms included."""
    stage.rivalry("A", "B")
    stage.affiliation("h", "A")
    case = stage.case("h").handle
    home = b""
    if step == "move":
        home = stage.placed(case, OTHER)
        stage.court.reply(move_in(home))
    held = stage.placed(case) if step == "move_in" else stage.held(case).id
    haunt(stage, phantom("B", OPEN, NOW, gone=LONG))
    asked = {
        "confirm": lambda: confirm(held),
        "move_in": lambda: move_in(held),
        "move": lambda: move(home, held),
    }[step]()
    reply = stage.court.reply(asked)

    assert reply.answer.verdict is Verdict.CONFLICT
    assert stage.state.placements[held].moved_in_on is None
    assert (reply.state is PlacementState.HELD) is (step != "move_in")


def test_a_placement_keeps_what_its_place_is_really_worth(stage):
    """Held, confirmed and moved into despite a phantom, it is CLEAR by what is real."""
    case = rival_there(stage)
    overridden(stage, case)
    made = stage.held(case)
    kept = [(made.verdict, made.seen)]
    for step in (confirm, move_in):
        reply = stage.court.reply(step(made.id))
        placement = stage.state.placements[made.id]
        kept.append((placement.verdict, placement.seen))
        assert reply.answer.verdict is Verdict.CONFLICT

    assert kept == [(Verdict.CLEAR, ())] * 3


def test_a_phantom_raises_no_alert(stage):
    """It comes where somebody is placed, and everything is weighed again."""
    stage.rivalry("A", "B")
    stage.affiliation("h", "A")
    stage.placed(stage.case("h").handle)
    haunt(stage, phantom("B", OPEN, NOW, gone=LONG))
    stage.work()

    assert raised(stage) == []


def test_a_phantom_hides_no_alert(stage):
    """Whoever was placed despite one is warned of somebody real, for the same reason."""
    case = rival_there(stage)
    overridden(stage, case)
    stage.placed(case)
    stage.work()
    stage.affiliation("r", "B")
    stage.placement(stage.case("r", org="0180"), OPEN)
    stage.work()

    alert = next(each for each in stage.state.alerts if each.case == case)
    shown = stage.court.reply(show_alert(alert.id, NATIONAL))

    assert (alert.kind, alert.before, alert.verdict) == (
        AlertKind.WORSE,
        Verdict.CLEAR,
        Verdict.CONFLICT,
    )
    assert [each.rule for each in shown.reasons] == ["R3"]


_WHERE = st.sampled_from((OPEN, OTHER))


@often(15)
@given(st.lists(st.tuples(st.sampled_from("ABC"), _WHERE), max_size=4), _WHERE)
def test_alerts_are_the_same_with_phantoms_and_without(stays, where):
    """Whatever phantoms there are, whoever is placed is warned of the same."""
    told = []
    for there in ((), stays):
        stage = Stage()
        stage.affiliation("h", "A")
        stage.rivalry("A", "B")
        case = stage.case("h").handle
        haunt(stage, *(phantom(g, area, NOW, gone=LONG) for g, area in there))
        stage.court.reply(check(case))
        overridden(stage, case)
        stage.placed(case)
        stage.work()
        stage.affiliation("r", "B")
        stage.placement(stage.case("r", org="0180"), where)
        stage.presence("C", OPEN)
        stage.alliance("B", "C")
        stage.work()
        told.append(raised(stage))

    assert told[0] == told[1]
    assert told[0]


def test_a_coordinator_sees_what_is_real(stage):
    """The verdict as it is answered, the real one, and the reasons of that alone."""
    case = rival_there(stage)
    stage.tie("h", OPEN)
    stage.court.reply(check(case))
    reply = stage.court.reply(explain(case, caller=NATIONAL))

    assert (reply.verdict, reply.real) == (Verdict.CONFLICT, Verdict.REVIEW)
    assert [each.rule for each in reply.reasons] == ["R6"]


def test_a_release_covers_the_phantoms_that_were_seen(stage):
    """And none that comes later."""
    case = rival_there(stage, firm=False)
    assert answered(stage, case) == ["REVIEW"]
    released(stage, case)
    assert holds(stage, case)
    haunt(
        stage,
        phantom("B", OPEN, NOW, gone=LONG, firm=False),
        phantom("B", OPEN, NOW, gone=LONG, firm=False, id=token("another")),
    )

    assert not holds(stage, case)


def test_what_was_seen_is_stale_when_a_phantom_came(stage):
    """As with everything else that is answered."""
    case = rival_there(stage, firm=False)
    stage.court.reply(check(case))
    before = seen(stage, case)
    haunt(stage)

    assert seen(stage, case) != before


def test_a_phantom_acts_for_its_days(stage):
    """Not for a window before it."""
    case = rival_there(stage, valid_from=Day(TODAY + 30))

    before = check(case, OPEN, window=Window(start=TODAY, end=Day(TODAY + 30)))
    (answer,) = stage.court.reply(before).answers

    assert answered(stage, case) == ["CONFLICT"]
    assert answer.verdict is Verdict.CLEAR
