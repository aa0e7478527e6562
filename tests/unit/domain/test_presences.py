"""Presences by area and group."""

import pytest
from kit.world import World, token

from placement.domain.presences import Presences

HERE = "1480"


def ids(presences, area=HERE):
    """Return the ids of an area's presences, by group."""
    return {group: list(known) for group, known in presences.in_area(area).items()}


def test_they_are_found_by_area_and_group():
    """Two of one group stand together; of a strange area there is nothing."""
    world = World()
    one, two = world.presence("A", HERE), world.presence("A", HERE, "occasional")
    other = world.presence("B", HERE)
    got = world.state.presences

    assert ids(got) == {token("A"): [one, two], token("B"): [other]}
    assert [fact.id for fact in got.of(HERE)] == [one, two, other]
    assert (ids(got, "0180"), [*got.of("0180")]) == ({}, [])


def test_what_is_taken_out_leaves_nothing():
    """Its group goes with the last of it, and twice it can't be done."""
    world = World()
    facts = [world.state.facts[world.presence("A", HERE)] for _ in range(2)]
    got = world.state.presences
    got.drop(facts[0])

    assert ids(got) == {token("A"): [facts[1].id]}
    got.drop(facts[1])

    assert (ids(got), got._by_area) == ({}, {})
    with pytest.raises(KeyError):
        got.drop(facts[1])


def test_what_is_imagined_changes_nothing_real():
    """It begins as the real one, and goes on apart."""
    world = World()
    one = world.state.facts[world.presence("A", HERE)]
    two = world.state.facts[world.presence("B", "0180")]
    real = world.state.presences
    imagined = Presences(real)
    imagined.drop(one)
    imagined.put(world.state.facts[world.presence("C", "1280")])

    assert (ids(real), ids(imagined)) == ({token("A"): [one.id]}, {})
    assert ids(real, "0180") == ids(imagined, "0180") == {token("B"): [two.id]}
    assert list(ids(imagined, "1280")) == [token("C")]


def test_where_a_group_is_on_record():
    """By area; where it is no more, it isn't, and what is imagined says so apart."""
    world = World()
    one = world.state.facts[world.presence("A", HERE)]
    two = world.state.facts[world.presence("A", "0180")]
    other = world.state.facts[world.presence("A", "0180", "occasional")]
    real = world.state.presences
    imagined = Presences(real)
    imagined.drop(one)
    imagined.put(world.state.facts[world.presence("B", HERE)])

    assert imagined.areas_of(token("A")) == {"0180"}
    assert (imagined.areas_of(token("B")), imagined.areas_of(token("C"))) == (
        {HERE},
        set(),
    )
    assert real.areas_of(token("A")) == {HERE, "0180"}
    real.drop(two)
    assert real.areas_of(token("A")) == {HERE, "0180"}
    real.drop(other)
    assert real.areas_of(token("A")) == {HERE}
    real.drop(one)
    assert (real.areas_of(token("A")), token("A") in real._areas) == (set(), False)
