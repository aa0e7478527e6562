"""What a year's report counts of facts, and of those that are erased."""

from collections import Counter
from dataclasses import replace

import pytest
from kit.world import NOW, TODAY, World

from placement.domain.erasure_events import YearCount
from placement.domain.life_events import Step, StepKind
from placement.domain.tallies import KINDS, Tallies, Year, counted_of, is_kept, lines_of
from placement.domain.terms import MICROS_A_DAY, Grade, Micros, Reason, Revision

PRESENCE = [kind.__name__ for kind in KINDS].index("Presence")
A_YEAR = 365
KEPT = (PRESENCE, None, None)


@pytest.fixture
def fact():
    """A presence that was recorded in 2026 and stands."""
    world = World()
    return world.state.facts[world.presence("A", "1480")]


def step(kind, days=0, **given):
    """Something that happened to it, so many days after it was recorded."""
    at = Micros(NOW + days * MICROS_A_DAY)
    return Step(kind=kind, at=at, revision=Revision(9), person="co-01", **given)


def lines(fact, *later, year=2026, today=TODAY):
    return Counter(lines_of(fact, later, Year.of(year, today)))


def counted(*lives, years=0):
    """Erase facts so many years after they were recorded; return what is counted."""
    days = years * A_YEAR
    now = Micros(NOW + days * MICROS_A_DAY)
    return {
        (each.year, each.step or each.reason): each.count
        for each in counted_of(lives, now, TODAY + days)
    }


def test_a_fact_is_counted_in_the_years_in_which_something_happened(fact):
    """What was done with it, why it was kept, and that it stood in the end."""
    renewed = step(StepKind.RENEWED, 9, reason=Reason.COURT)
    ended = step(StepKind.ENDED, A_YEAR)
    recorded, renewal = (PRESENCE, StepKind.RECORDED, None), (PRESENCE, renewed.kind)

    assert lines(fact, renewed, ended) == {
        recorded: 1,
        (*renewal, None): 1,
        (PRESENCE, None, Reason.COURT): 1,
        KEPT: 1,
    }
    assert lines(fact, renewed, ended, year=2027) == {
        (PRESENCE, StepKind.ENDED, None): 1,
        KEPT: 1,
    }
    assert lines(fact, renewed, ended, year=2025) == {}


def test_what_was_kept_at_the_end_of_a_year(fact):
    """Neither what had ended nor what was worth nothing; what came to light later did."""
    year = Year.of(2026, TODAY)
    ended = replace(fact, valid_to=TODAY)
    worthless = replace(fact, grade=Grade.DISCREDITED)
    untrue = replace(fact, retracted=True)
    soon, late = step(StepKind.RETRACTED, 1), step(StepKind.RETRACTED, A_YEAR)

    assert [is_kept(each, (), year) for each in (fact, ended, worthless)] == [
        True,
        False,
        False,
    ]
    assert is_kept(replace(fact, valid_to=TODAY + 1), (), year)
    assert not is_kept(untrue, (soon,), year)
    assert is_kept(untrue, (late,), year)
    assert not is_kept(fact, (), Year.of(2025, TODAY))


def test_an_erased_fact_is_counted_in_the_years_that_are_over(fact):
    """That it was kept this year is not so any more; what was done this year was."""
    ended = step(StepKind.ENDED, 2 * A_YEAR)
    over = replace(fact, valid_to=TODAY + 2 * A_YEAR)

    assert counted((fact, ())) == {(2026, StepKind.RECORDED): 1}
    assert counted((over, (ended,)), (fact, ()), years=2) == {
        (2026, None): 2,
        (2026, StepKind.RECORDED): 2,
        (2027, None): 2,
        (2028, StepKind.ENDED): 1,
    }


def test_tallies_add_up():
    """By year and region; what is yielded gives the same again."""
    given = {"kind": PRESENCE, "step": None, "reason": None}
    one = YearCount(year=2026, region="syd", count=2, **given)
    other = YearCount(year=2026, region="nord", count=1, **given)
    tallies, again = Tallies(), Tallies()
    tallies.add([one, one, other])
    again.add(tallies.all())

    assert tallies.of(2026, "syd") == again.of(2026, "syd") == {KEPT: 4}
    assert (tallies.of(2026, "vast"), tallies.of(2027, "syd")) == ({}, {})
    assert tallies.regions() == {"syd", "nord"}
