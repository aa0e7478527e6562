"""What would become of everybody who is placed, by a ruleset that waits."""

from dataclasses import replace

import pytest
from kit.commands import field_of
from kit.ruled import approve, plan, propose, ruleset, shadow, text
from kit.steps import Stage
from kit.world import NOW, RULESET, TODAY, day, token

from placement.domain.agenda import Touch
from placement.domain.decide.shadows import MAX_SLICE, Moved
from placement.domain.rule_events import RulesetShadowed, Shift
from placement.domain.ruleset import parse_ruleset
from placement.domain.terms import PlacementState, Verdict

CLEAR, UNKNOWN, REVIEW, CONFLICT = Verdict
KEY = token("rules")
NEARER = text().replace("removed = []", 'removed = ["0183-0184"]')


@pytest.fixture
def near():
    """A placement next to the base of a rival: REVIEW by R9."""
    stage = Stage()
    stage.affiliation("h", "A")
    stage.rivalry("A", "B")
    stage.presence("B", "0184")
    case = stage.case("h")
    stage.near, stage.case_near = stage.placement(case, "0183"), case.handle
    stage.far = stage.placement(stage.case("i"), "2480")
    stage.work()
    return stage


def proposed(stage, content=NEARER):
    stage.court.reply(propose(content, ruleset=KEY))
    return KEY


def test_everything_that_stands_is_to_be_weighed(near):
    """In one order; what is over is not."""
    over = near.placement(near.case("j"), "2480", state=PlacementState.ENDED)
    got = near.court.reply(plan(proposed(near)))

    assert got.plan == tuple(sorted((near.near, near.far)))
    assert over not in got.plan


def test_a_run_that_begins_weighs_what_fits_into_a_slice(near):
    """Where that is all, it is done."""
    key = proposed(near)
    small = near.court.decide(plan(key)).outcome
    for _ in range(MAX_SLICE):
        near.placement(near.case("x"), "2480")
    large = near.court.decide(plan(key)).outcome

    assert (small.reply.weighed, len(small.events)) == (2, 1)
    assert (large.reply.weighed, len(large.reply.plan)) == (MAX_SLICE, MAX_SLICE + 2)
    assert large.events == ()
    assert large.note.objects == (key, *large.reply.plan[:MAX_SLICE])


def test_a_weaker_nearness_is_shown_before_it_takes_effect(near):
    """Whose verdict would change, from what to what; nothing changes yet."""
    key = proposed(near)
    before, alerts = dict(near.state.placements), list(near.state.alerts)
    outcome = near.court.decide(shadow(key, near.far, near.near)).outcome
    shift = Shift(before=REVIEW, after=CLEAR, count=1)

    assert outcome.reply.moved == (
        Moved(case=near.case_near, before=REVIEW, after=CLEAR),
    )
    assert (outcome.reply.weighed, outcome.reply.shifts) == (2, (shift,))
    assert outcome.events == (
        RulesetShadowed(id=key, person="co-09", weighed=2, shifts=(shift,)),
    )
    assert near.state.placements == before
    assert list(near.state.alerts) == alerts
    assert near.state.rulebook.drafts[key].shadowed == outcome.events[0]


def test_slices_add_up(near):
    """Only the last one writes down what all of them found."""
    key = proposed(near)
    first = near.court.decide(shadow(key, near.far, done=False)).outcome
    last = near.court.decide(
        shadow(
            key,
            near.near,
            weighed=first.reply.weighed,
            shifts=(Shift(before=REVIEW, after=CLEAR, count=2), *first.reply.shifts),
        )
    ).outcome

    assert first.events == ()
    assert last.reply.weighed == 2
    assert last.reply.shifts == (Shift(before=REVIEW, after=CLEAR, count=3),)


def test_what_it_shows_is_what_happens(near):
    """Once it is in force and everything was weighed again."""
    key = proposed(near)
    (moved,) = near.court.reply(shadow(key, near.far, near.near)).moved
    rules = near.state.rulebook.drafts[key].proposed.rules
    near.court.reply(approve(key, rules))

    assert near.state.agenda.touch_of(near.state.revision) == Touch(everything=True)
    near.ruleset = ruleset_of(near)
    near.court.moment = replace(near.court.moment, ruleset=near.ruleset)
    near.work()
    assert near.state.placements[near.near].verdict is moved.after
    assert near.state.placements[near.far].verdict is CLEAR


def ruleset_of(stage):
    content = stage.state.rulebook.in_force.proposed.content
    return parse_ruleset(content, stage.ruleset.table)


def test_what_was_never_weighed_counts_as_unknown(near):
    """As an alert would say it."""
    new = near.placement(near.case("k"), "0180")
    (moved,) = near.court.reply(shadow(proposed(near), new)).moved

    assert (moved.before, moved.after) == (UNKNOWN, CLEAR)


def test_what_is_over_meanwhile_is_passed_by(near):
    """So is what is gone, a hold that lapsed, and a stay whose days are over."""
    over = near.placement(near.case("j"), "2480", state=PlacementState.ENDED)
    lapsed = near.placement(
        near.case("l"), "2480", state=PlacementState.HELD, expires_at=NOW
    )
    past = near.placement(near.case("m"), "2480", start=day(-9), end=TODAY)
    reply = near.court.reply(
        shadow(proposed(near), over, lapsed, past, token("erased"))
    )

    assert (reply.weighed, reply.moved) == (3, ())


def test_a_slice_is_no_more_than_a_slice(near):
    """So that nobody waits for it."""
    key = proposed(near)
    many = [token(f"place {number}") for number in range(MAX_SLICE + 1)]

    assert field_of(near.court, shadow(key, *many)) == "placements"
    assert near.court.reply(shadow(key, *many[1:])).weighed == 0


def test_the_log_says_who_was_weighed(near):
    """And by which ruleset."""
    key = proposed(near)
    note = near.court.decide(shadow(key, near.near)).note

    assert note.objects == (key, near.near)
    begun = near.court.decide(plan(key)).note.objects
    assert begun == (key, *sorted((near.near, near.far)))


def test_the_newer_rules_are_those_of_the_file():
    """What ``NEARER`` says."""
    got = parse_ruleset(NEARER, RULESET.table)

    assert "0184" not in got.areas["0183"].near
    assert got.version == ruleset().version
