"""Placements by whatever one looks for them."""

from dataclasses import replace

import pytest
from kit.world import NOW, TODAY, World, token

from placement.domain.events import PlacementEnded
from placement.domain.stay_events import HoldConfirmed, HoldExtended
from placement.domain.terms import AreaCode, PlacementState, Verdict

HERE = AreaCode("0180")
HELD = PlacementState.HELD


@pytest.fixture
def world():
    """A world with a firm that has two houses."""
    world = World()
    world.facility("house", "firm", "0180")
    world.facility("other", "firm", "1480")
    return world


def ids(placements):
    return [each.id for each in placements]


def test_a_placement_is_found(world):
    """By area, case and provider, wherever its house is."""
    case = world.case("h")
    made = [
        world.placement(case, "0180", facility="house"),
        world.placement(case, "1480", facility="other"),
        world.placement(world.case("i"), "0180"),
    ]
    stays = world.state.stays

    assert ids(stays.in_area(HERE)) == [made[0], made[2]]
    assert ids(stays.of_case(case.handle)) == made[:2]
    assert ids(stays.with_provider(token("firm"))) == made[:2]
    assert list(stays.in_area(AreaCode("2480"))) == []


@pytest.mark.parametrize("state", [PlacementState.ENDED, PlacementState.ABORTED])
def test_what_is_over_stands_nowhere(world, state):
    """But under its id, and in what its case ever had."""
    case = world.case("h")
    made = world.placement(case, "0180", facility="house")
    later = world.placement(case, "0180")
    world.apply(PlacementEnded(id=made, state=state, valid_to=TODAY))
    stays = world.state.stays

    assert ids(stays.in_area(HERE)) == [later]
    assert ids(stays.with_provider(token("firm"))) == []
    assert ids(stays.ever_of(case.handle)) == [made, later]
    assert stays.ever_of(case.handle)[0] == stays.by_id[made]
    assert stays.standing() == [later]


def test_a_newer_form_replaces_the_older(world):
    """Everywhere, and once."""
    made = world.placement(world.case("h"), "0180", state=HELD, expires_at=NOW + 1)
    before = world.state.placements[made]
    world.apply(HoldExtended(id=made, expires_at=NOW + 9))

    assert list(world.state.stays.in_area(HERE)) == [
        replace(before, expires_at=NOW + 9, extended=True)
    ]


def test_what_lapsed(world):
    """Holds alone, in order, until their end is an event."""
    case = world.case("h")
    made = [
        world.placement(case, "0180", state=HELD, expires_at=at)
        for at in (NOW, NOW, NOW, NOW + 1)
    ]
    world.placement(case, "0180")
    stays = world.state.stays
    early, now = stays.lapsed(NOW - 1), ids(stays.lapsed(NOW))
    world.apply(HoldExtended(id=made[0], expires_at=NOW + 9))
    world.apply(HoldConfirmed(id=made[1], verdict=Verdict.CLEAR, seen=(), permit=None))
    ended = PlacementState.ABORTED
    world.apply(PlacementEnded(id=made[2], state=ended, valid_to=TODAY))

    assert (early, now) == ([], sorted(made[:3]))
    assert ids(stays.lapsed(NOW)) == []
    assert ids(stays.lapsed(NOW + 1)) == [made[3]]
