"""The register of releases, overrides and lifts, for audit staff."""

import pytest
from kit.commands import SECOND, approve, check, field_of
from kit.haunting import lift, rival_there
from kit.permitted import seen
from kit.steps import explain, list_permits, propose_override, release_place
from kit.world import NOW

from placement.domain.decide import register
from placement.domain.terms import MICROS_A_DAY, MICROS_AN_HOUR


@pytest.fixture
def permits(stage):
    """The ids of a release, and of an override an hour later."""
    stage.tie("h", "2480")
    case = stage.case("h").handle
    stage.court.reply(check(case))
    seen = stage.court.reply(explain(case)).seen
    released = stage.court.reply(release_place(case, seen)).ids[0]
    stage.court.later(MICROS_AN_HOUR)
    overridden = stage.court.reply(propose_override(case)).ids[0]
    stage.court.later(MICROS_AN_HOUR)
    return released, overridden


@pytest.mark.parametrize(
    ("since", "until", "found"),
    [
        (0, None, (0, 1)),
        (1, None, (1,)),
        (0, 1, (0,)),
        (0, 2, (0, 1)),
        (2, None, ()),
    ],
)
def test_the_permits_of_a_period(stage, permits, since, until, found):
    """From a time on, before another or now; the oldest first."""
    end = None if until is None else NOW + until * MICROS_AN_HOUR
    command = list_permits(since=NOW + since * MICROS_AN_HOUR, until=end)
    reply = stage.court.reply(command)

    assert [each.id for each in reply.permits] == [permits[index] for index in found]
    assert not reply.more


def test_a_search_has_a_beginning(stage, permits):
    """Nobody looks through everything for want of a question."""
    assert field_of(stage.court, list_permits(since=None)) == "filter"


def test_a_page_has_an_end(stage, permits, monkeypatch):
    """What is left out is said to be there."""
    monkeypatch.setattr(register, "MAX_LISTED", 1)
    reply = stage.court.reply(list_permits())

    assert ([each.id for each in reply.permits], reply.more) == ([permits[0]], True)


def test_lifts_stand_beside_permits(stage):
    """Who proposed and who approved; and those that wait now, if it reaches today."""
    case = rival_there(stage)
    stage.court.reply(check(case, "2480"))
    (change,) = stage.court.reply(lift(case, seen(stage, case))).ids
    waiting = stage.court.reply(list_permits())
    past = stage.court.reply(list_permits(until=NOW - MICROS_A_DAY, since=0))
    stage.court.later(1)
    approved = stage.court.reply(approve(change, caller=SECOND))
    stage.court.later(1)
    reply = stage.court.reply(list_permits())
    (found,) = reply.lifts

    assert [(c.id, each.case) for c, each in waiting.waiting] == [(change, case)]
    assert (waiting.lifts, reply.waiting) == ((), ())
    assert past.waiting == ()
    assert approved.ids == (case,)
    assert (found.change, found.person, found.second) == (change, "co-01", "co-02")
    assert stage.court.reply(list_permits(since=found.at + 1)).lifts == ()
    assert stage.court.reply(list_permits(until=found.at)).lifts == ()


def test_looking_is_noted(stage, permits):
    """The search stands in the log with its ground."""
    decision = stage.court.decide(list_permits())

    assert decision.note.purpose == "SUPERVISION"
    assert decision.outcome.events == ()
