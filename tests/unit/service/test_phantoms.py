"""What was drawn is kept, and follows from the state, the ruleset and the day alone."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from kit.drawn import SHIPPED, haunted, stream_of
from kit.small import AREAS, HOUSES, settled
from kit.world import NOW, TODAY, World, token

from placement.domain.drawing import Drawing, first_of, month_of
from placement.domain.events import FacilityRegistered, Record
from placement.domain.facts import Facility, Group
from placement.domain.group_events import GroupRegistered, GroupsMerged
from placement.domain.haunt_events import GroupSized
from placement.domain.phantoms import NOBODY
from placement.domain.ruleset import Ruleset
from placement.domain.terms import GroupSize, Micros, start_of
from placement.service.phantoms import Haunting

LATER = start_of(first_of(month_of(TODAY) + 1)) + 1


def registered(*names, world=None):
    world = world or World()
    for name in names:
        group = Group(token=token(name), fingerprint=token(name, 32), label=b"")
        world.apply(GroupRegistered(group=group))
    return world.state


def stays(haunting, state, ruleset=SHIPPED, now=NOW):
    found = haunting.of(state, ruleset, now)
    return {
        each
        for code in ruleset.areas
        for several in found.in_area(code).values()
        for each in several
    }


@pytest.fixture
def haunting():
    return Haunting(stream_of(b"key"))


def test_without_numbers_there_is_nobody(haunting):
    """A ruleset without phantoms has none, however many groups there are."""
    none = replace(SHIPPED, phantoms=replace(SHIPPED.phantoms, stays=0, floor=0))

    assert haunting.of(registered("A"), none, NOW) is NOBODY


def test_every_server_has_the_same(haunting):
    """And whoever was asked about another day before, too."""
    state = registered("A", "B")
    haunting.of(state, SHIPPED, LATER)

    assert stays(haunting, state) == stays(Haunting(stream_of(b"key")), state)
    assert stays(haunting, state)


def test_nothing_is_drawn_twice(monkeypatch, haunting):
    """A check draws nothing; a group that is new, no more than its own."""
    drawn = []
    arrivals = Drawing.arrivals

    def watched(self, group, size, month, houses):
        drawn.append(group)
        return arrivals(self, group, size, month, houses)

    monkeypatch.setattr(Drawing, "arrivals", watched)
    world = World()
    first = haunting.of(registered("A", world=world), SHIPPED, NOW)
    months = len(drawn)
    assert haunting.of(world.state, SHIPPED, Micros(NOW + 1)) is first
    haunting.of(registered("B", world=world), SHIPPED, NOW)
    assert drawn == [token("A")] * months + [token("B")] * months
    haunting.of(world.state, SHIPPED, LATER)

    assert drawn[2 * months :] == [token("A"), token("B")]


def test_another_ruleset_is_followed_at_once(haunting):
    """More stays, other areas, other times to hold: each has its own phantoms."""
    state = registered(*"ABCDEFGH")
    shipped = stays(haunting, state)
    more = replace(SHIPPED, phantoms=replace(SHIPPED.phantoms, stays=3))
    small = replace(SHIPPED, areas=AREAS)
    long = replace(SHIPPED, holds=replace(SHIPPED.holds, hours=100))

    assert shipped < stays(haunting, state, more)
    assert {each.area for each in stays(haunting, state, small)} <= set(AREAS)
    assert stays(haunting, state, long) != shipped
    assert stays(haunting, state) == shipped


def test_merged_groups_keep_their_phantoms_under_one_token(haunting):
    """A merge moves nobody."""
    world = World()
    state = registered("A", "B", world=world)
    before = stays(haunting, state)
    world.apply(GroupsMerged(low=token("A"), high=token("B"), region="syd"))
    found = haunting.of(state, SHIPPED, NOW)

    assert stays(haunting, state) == before
    assert {group for code in SHIPPED.areas for group in found.in_area(code)} == {
        token("A")
    }


def test_a_size_acts_from_the_next_month_on(haunting):
    """No statement moves what is past."""
    world = World()
    state = registered("A", world=world)
    before, plain = stays(haunting, state), stays(haunting, state, now=LATER)
    world.apply(GroupSized(group=token("A"), size=GroupSize.VERY_LARGE))
    fresh = Haunting(stream_of(b"key"))
    later = stays(fresh, state, now=LATER)

    assert stays(Haunting(stream_of(b"key")), state) == before
    assert plain < later
    assert {each.noted >= LATER - 1 for each in later - plain} == {True}


def test_a_house_has_phantoms_from_the_next_month_on(haunting):
    """What is past lives where it lived."""
    state = registered(*map(str, range(40)))
    small = haunted(replace(SHIPPED, areas=AREAS))
    for name, (provider, area) in HOUSES.items():
        house = Facility(token=token(name), provider=token(provider), area=area)
        state.apply(Record(at=NOW, event=FacilityRegistered(facility=house)))
    now = stays(haunting, state, small)
    later = stays(haunting, state, small, now=LATER)

    assert {each.facility for each in now} == {None}
    assert {each.facility for each in later - now} == {None, *map(token, HOUSES)}


@settings(max_examples=30, deadline=None)
@given(settled(), settled())
def test_what_is_recorded_of_anybody_changes_no_phantom(one, other):
    """Two worlds that differ in every fact and placement have the same phantoms."""
    found = []
    ruleset: Ruleset = haunted(replace(SHIPPED, areas=AREAS))
    for small in (one, other):
        state = registered(*"ABCDEF", world=small.build())
        found.append(stays(Haunting(stream_of(b"key")), state, ruleset))

    assert found[0] == found[1] != set()
