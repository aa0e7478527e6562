"""Holds of two who must not meet: who came meanwhile, and whom a hold keeps out."""

from kit.commands import caseworker
from kit.steps import confirm, hold
from kit.world import TODAY, day

from placement.domain.terms import MICROS_AN_HOUR, PlacementState, Verdict, Window

HOURS = 72 * MICROS_AN_HOUR
OTHER = caseworker("0180")


def test_a_rival_who_came_meanwhile(stage):
    """Confirming assesses again: the hold stands as it was, and the answer is why."""
    ours, theirs = stage.rivals()
    held = stage.held(ours)
    before = stage.state.placements[held.id]
    stage.placement(stage.state.cases[theirs], "2480")
    reply = stage.court.reply(confirm(held.id))

    assert (reply.answer.verdict, reply.state) == (
        Verdict.CONFLICT,
        PlacementState.HELD,
    )
    assert stage.state.placements[held.id] == before


def test_the_second_of_two_rivals(stage):
    """Of two holds in one place exactly one comes; the loser sees a CONFLICT."""
    ours, theirs = stage.rivals()
    held = stage.held(ours)
    (answer,) = stage.court.reply(hold(theirs, caller=OTHER)).answers
    got = [each.id for each in stage.state.placements.values()]

    assert (answer.verdict, answer.hold, got) == (Verdict.CONFLICT, None, [held.id])


def test_a_hold_that_lapsed_keeps_nobody_out(stage):
    """From its last microsecond on the other one may have the place."""
    ours, theirs = stage.rivals()
    stage.held(ours)
    stage.court.later(HOURS - 1)
    (early,) = stage.court.reply(hold(theirs, caller=OTHER)).answers
    stage.court.later(1)
    (late,) = stage.court.reply(hold(theirs, caller=OTHER)).answers

    assert (early.verdict, late.verdict) == (Verdict.CONFLICT, Verdict.CLEAR)


def test_windows_that_do_not_meet(stage):
    """Whoever comes on the day the other goes meets nobody."""
    ours, theirs = stage.rivals()
    stage.held(ours, window=Window(start=TODAY, end=day(5)))
    got = stage.held(theirs, window=Window(start=day(5)), caller=OTHER)

    assert got.valid_from == day(5)
