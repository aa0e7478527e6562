"""What one question sees, firmly and softly."""

import pytest
from kit.small import SMALL
from kit.world import NOW, TODAY, World, day, token

from placement.domain.picture import Picture
from placement.domain.strength import Strength
from placement.domain.terms import AreaCode, PlacementState, Window

HERE = AreaCode("0001")


@pytest.fixture
def world() -> World:
    return World(SMALL)


def picture(world, *members, at_least=Strength.FIRM, start=0, end=None, now=NOW):
    return Picture(
        world.state,
        world.ruleset,
        members=[token(member, 32) for member in members],
        case=token("a case"),
        window=Window(start=day(start), end=day(end)),
        now=now,
        today=TODAY,
        at_least=at_least,
    )


def test_persons_close_over_same_as(world):
    """A household is closed over its links, each person by the shortest chain."""
    one = world.same_as("h", "i")
    two = world.same_as("i", "j")
    world.same_as("h", "x", grade="3D")
    world.same_as("h", "y", grade="1E")
    got = dict(picture(world, "h").persons)

    assert got == {
        token("h", 32): (),
        token("i", 32): (one,),
        token("j", 32): (one, two),
    }


def test_a_weak_link_adds_a_person_softly(world):
    """A weak link, or one past its review, adds a person to a soft reading only."""
    weak = world.same_as("h", "i", grade="3D")
    late = world.same_as("j", "h", review_by=-1)
    got = dict(picture(world, "h", at_least=Strength.SOFT).persons)

    assert got == {token("h", 32): (), token("i", 32): (weak,), token("j", 32): (late,)}


def test_same_as_has_no_time(world):
    """A link between persons counts whatever its dates."""
    link = world.same_as("h", "i", start=-500, end=-400)
    got = picture(world, "h").persons[token("i", 32)]

    assert got == (link,)


def test_sightings(world):
    """Only presences that act and mean something are seen, each with its chain."""
    mine = world.affiliation("h", "A")
    war = world.rivalry("A", "B")
    seen = world.presence("B", "0001")
    world.presence("X", "0001")
    world.presence("B", "0001", end=-1)
    world.presence("B", "0002")
    (sighting,) = picture(world, "h").sightings(HERE)
    got = sighting.chain(sighting.relation.war)

    assert got == (mine, war, seen)


def test_presences(world):
    """The acting presences of some groups in an area are there, whatever they mean."""
    expected = [world.presence("X", "0001"), world.presence("Y", "0001", "occasional")]
    world.presence("Z", "0001", grade="3D")
    world.presence("W", "0001")
    groups = {token(name) for name in "XYZ"}
    got = [presence.id for presence in picture(world, "h").presences(HERE, groups)]

    assert got == expected


def test_a_merged_area_and_its_successor_are_one_place(world):
    """What stands in 0005 stands in its successor 0004, and the other way round."""
    world.presence("A", "0005")
    world.presence("B", "0004")
    located = world.located("x", "0005")
    made = world.placement(world.case("p"), "0005")
    one = picture(world, "h")
    both = {token("A"), token("B")}
    got = (
        {presence.group for presence in one.presences(AreaCode("0004"), both)},
        {presence.group for presence in one.presences(AreaCode("0005"), both)},
        list(one.located(token("x", 32), AreaCode("0004"))),
        dict(one.placed(AreaCode("0004"))),
    )

    assert got == (
        both,
        both,
        [(located,)],
        {token("p", 32): (made,)},
    )


def test_located(world):
    """Somebody is located where an acting fact puts him."""
    fact = world.located("x", "0001")
    world.located("x", "0002")
    world.located("x", "0001", end=-1)
    world.located("y", "0001")
    got = list(picture(world, "h").located(token("x", 32), HERE))

    assert got == [(fact,)]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, True),
        ({"state": PlacementState.HELD, "expires_at": NOW + 1}, True),
        ({"state": PlacementState.HELD, "expires_at": NOW}, False),
        ({"state": PlacementState.ENDED}, False),
        ({"state": PlacementState.ABORTED}, False),
        ({"start": 30}, False),
        ({"start": 29}, True),
        ({"start": -10, "end": 0}, False),
        ({"start": -10, "end": 1}, True),
    ],
)
def test_placed(world, given, expected):
    """Who is placed counts while it lives and overlaps the window."""
    made = world.placement(world.case("p"), "0001", **given)
    got = dict(picture(world, "h", end=30).placed(HERE))

    assert got == ({token("p", 32): (made,)} if expected else {})


def test_nobody_is_placed_against_himself(world):
    """Firmly linked persons are excused, weakly linked ones never are."""
    firm, weak = world.same_as("h", "p"), world.same_as("h", "q", grade="3D")
    first = world.placement(world.case("p", "r"), "0001")
    second = world.placement(world.case("q"), "0001")
    got = [
        dict(picture(world, "h", at_least=strength).placed(HERE))
        for strength in (Strength.FIRM, Strength.SOFT)
    ]

    assert got == [
        {token("r", 32): (first,), token("q", 32): (second,)},
        {token("r", 32): (first,), token("q", 32): (first, firm, weak)},
    ]


def test_a_placement_places_linked_persons(world):
    """A placement places a household with its links, the nearest chain first."""
    link = world.same_as("p", "q")
    made = world.placement(world.case("p"), "0001")
    again = world.placement(world.case("q"), "0001")
    got = dict(picture(world, "h").placed(HERE))

    assert got == {token("p", 32): (made,), token("q", 32): (made, link)}
    assert made != again


def test_meetings(world):
    """Those meet of whom one means something to the other, from both sides."""
    mine = world.affiliation("h", "A")
    theirs = world.affiliation("p", "B")
    world.affiliation("p", "X")
    world.affiliation("q", "X")
    war = world.rivalry("A", "B")
    made = world.placement(world.case("p"), "0001")
    world.placement(world.case("q"), "0001")
    (meeting,) = picture(world, "h").meetings(HERE)
    got = (meeting.chain(meeting.ours.rival), meeting.theirs.rival)

    assert got == ((mine, war, made, theirs), (war,))


def test_meetings_from_one_side(world):
    """A person from before a split meets one from after it, though not the reverse."""
    world.faction("A1", "A", end=-300)
    world.alliance("A", "C")
    world.affiliation("h", "C")
    world.affiliation("p", "A1", start=-900)
    world.placement(world.case("p"), "0001")
    (meeting,) = picture(world, "h").meetings(HERE)
    got = (meeting.ours.own_allied, meeting.theirs.own_allied is None)

    assert got == (None, False)


def test_meetings_with_a_provider(world):
    """Other houses of the provider are found wherever they are; the house itself not."""
    for name, provider, area in (
        ("red", "firm", "0001"),
        ("blue", "firm", "0004"),
        ("green", "other", "0004"),
    ):
        world.facility(name, provider, area)
        world.affiliation(name, "A")
        world.placement(world.case(name), area, facility=name)
    world.affiliation("h", "A")
    meetings = picture(world, "h").meetings_with(token("red"))
    got = [meeting.facility for meeting in meetings]

    assert got == [token("blue")]


def test_threats_and_ties(world):
    """Acting threats against the household, by it and its kin, and its ties, are there."""
    same = world.same_as("h", "i")
    mine = world.affiliation("h", "A1")
    link = world.faction("A1", "A")
    against = world.threat("i", by="x")
    world.threat("i", by="y", end=-1)
    by_me = world.threat("p", by="i")
    by_kin = world.threat("p", group="A")
    world.threat("p", group="B")
    tie = world.tie("i", "0001")
    world.tie("i", "0001", grade="3D")
    one = picture(world, "h")
    got = tuple(
        [chain for _, chain in found]
        for found in (one.threats, one.own_threats, one.ties)
    )

    assert got == (
        [(same, against)],
        [(same, by_me), (mine, link, by_kin)],
        [(same, tie)],
    )
