"""Which facts and placements begin, end or fall due for review on a day."""

import pytest
from kit.world import TODAY, World, day

from placement.domain.calendar import Calendar
from placement.domain.roll import Roll

COOL, AHEAD = 180, 90


def turning(world: World, days: int) -> list[bytes]:
    return list(world.state.calendar.turning(TODAY + days, COOL, AHEAD))


@pytest.mark.parametrize(
    ("days", "turns"),
    [
        (1, False),
        (2, True),
        (3, False),
        (7, True),
        (8, False),
        (2 - AHEAD, True),
        (7 + COOL, True),
        (7 + COOL + 1, False),
    ],
)
def test_a_fact_turns(days, turns):
    """When it begins, when it ends, and when its cool-down does."""
    world = World()
    fact = world.presence("A", "0180", start=2, end=7)

    assert turning(world, days) == ([fact] if turns else [])


@pytest.mark.parametrize(("days", "turns"), [(4, False), (5, True), (6, False)])
def test_a_review_falls_due(days, turns):
    """From the day after its last day a fact is soft."""
    world = World()
    fact = world.presence("A", "0180", review_by=4)

    assert turning(world, days) == ([fact] if turns else [])


def test_a_placement_turns():
    """When it begins, when it ends, and when it comes within reach."""
    world = World()
    made = world.placement(world.case("h"), "0180", start=100, end=200)
    got = [days for days in range(300) if turning(world, days)]

    assert turning(world, 100) == [made]
    assert got == [10, 100, 110, 200, 280]


def test_a_newer_form_adds_its_days():
    """Those that it no longer has stay, and find nothing."""
    world = World()
    fact = world.presence("A", "0180", end=7)
    world.end(fact, 3)

    assert turning(world, 3) == turning(world, 7) == [fact]


def test_begins_and_ends_on_a_day():
    """Without what follows from them."""
    world = World()
    fact = world.presence("A", "0180", start=2, end=7, review_by=3)
    calendar = world.state.calendar
    got = [days for days in range(200) if list(calendar.turning_on(day(days)))]

    assert got == [2, 7]
    assert list(calendar.turning_on(day(2))) == [fact]


def test_an_empty_calendar():
    """Nothing turns."""
    assert list(Calendar(Roll()).turning(TODAY, COOL, AHEAD)) == []
