"""Ways from a change to a placement that random worlds seldom take, one each."""

from dataclasses import replace

import pytest
from kit.affecting import Change, after, reached, settle
from kit.changing import ended
from kit.small import AREAS, HOUSES, SMALL
from kit.world import TODAY, World, day, subject

from placement.domain.affected import affected
from placement.domain.agenda import Touch, joined
from placement.domain.areas import Areas
from placement.domain.changeover_events import ChangeoverBegun, Pair, PairsOffered
from placement.domain.erasure_events import DossiersErased
from placement.domain.stay_events import DayPassed, RulesFollowed, SweepBegun
from placement.domain.terms import AreaCode, Day, PlacementState


@pytest.fixture
def world() -> World:
    world = World(SMALL)
    world.cover()
    return world


def test_nothing_is_touched_nothing_is_affected(world):
    """Without a touch nobody is weighed."""
    world.placement(world.case("h"), "0001")

    assert affected(world.state, SMALL, Touch()) == []


def test_everything(world):
    """A sweep reaches all that stands, in order, and nothing that is over."""
    case = world.case("h")
    made = [world.placement(case, area) for area in ("0001", "0004")]
    over = world.placement(case, "0001", state=PlacementState.ENDED)
    settle(world)
    world.apply(SweepBegun(day=TODAY))
    got = affected(world.state, SMALL, Touch(everything=True, sweep=True))

    assert got == sorted(made)
    assert reached(world) == set(made) == set(world.state.placements) - {over}


def test_other_rules_reach_everything(world):
    """But not the first ones, by which everything is weighed anyhow."""
    made = world.placement(world.case("h"), "0001")
    settle(world)
    world.apply(RulesFollowed(rules=b"one"))
    first = reached(world)
    world.apply(RulesFollowed(rules=b"two"))

    assert (first, reached(world)) == (set(), {made})


def test_a_key_that_is_replaced_reaches_everything(world):
    """Whoever was left makes everybody's place UNKNOWN, until that is erased."""
    made = world.placement(world.case("h"), "0001")
    fact = world.affiliation("x", "A")
    settle(world)
    world.apply(ChangeoverBegun(from_key=b"a", to_key=b"b"))
    members = (subject("h"), subject("x"))
    for person in ("co-01", "co-02"):
        pairs = (Pair(old=members[0], new=subject("h under b")),)
        world.apply(
            PairsOffered(
                organisation="syd", person=person, coordinates=True, pairs=pairs
            )
        )
    before = after(world)
    world.apply(ended(world.state))
    left = after(world)
    settle(world)
    world.apply(DossiersErased(dossiers=(fact,), counts=()))

    assert (before, left, after(world)) == (
        (set(), set()),
        ({made},) * 2,
        ({made},) * 2,
    )


def test_a_first_day_reaches_everything(world):
    """Nobody noticed the days before it."""
    made = world.placement(world.case("h"), "0001")
    world.state.agenda.keep(())
    world.apply(DayPassed(day=TODAY))

    assert reached(world) == {made}


def test_a_threat_follows_its_source(world):
    """Whoever is the same as one who threatens endangers where he is located."""
    target = world.placement(world.case("h"), "0001")
    world.threat("h", by="x")
    world.located("y", "0001")
    settle(world)
    world.same_as("x", "y")

    assert after(world) == ({target}, {target})


@pytest.mark.parametrize(("age", "lapses"), [(89, False), (90, True)])
def test_a_picture_becomes_too_old(age, lapses):
    """On the day after the last on which it holds, for what is near, too."""
    world = World(SMALL)
    world.cover("0001", "0003", "0004", "0005")
    world.cover("0002", age=age)
    made = [
        world.placement(world.case(who), area)
        for who, area in (("h", "0001"), ("i", "0002"), ("j", "0003"), ("p", "0004"))
    ]
    settle(world)
    expected = set(made[:3]) if lapses else set()

    assert after(world, days=1) == (expected, expected)


def test_coverage_reaches_only_what_lacked_it():
    """A placement that is worth less for another reason gets no better by it."""
    world = World(SMALL)
    lacking = world.placement(world.case("h"), "0001")
    world.tie("i", "0001", danger=True)
    world.placement(world.case("i"), "0001")
    settle(world)
    world.cover("0001", "0002")

    assert after(world) == ({lacking}, {lacking})


def test_what_was_too_far_ahead(world):
    """The day on which a far placement comes within reach is a day that changes it."""
    far = world.placement(world.case("h"), "0001", start=91)
    settle(world)

    assert after(world, days=1) == ({far}, {far})


def test_a_merger():
    """On the day a municipality goes up in another, everything may be near another."""
    merging = Areas(
        replace(area, valid_to=day(1)) if area.code == "0005" else area
        for area in AREAS.values()
    )
    world = World(replace(SMALL, areas=merging))
    world.cover()
    made = [world.placement(world.case(who), "0001") for who in "hi"]
    settle(world)
    Change("pass", 0, 1).happen(world)

    assert reached(world) == set(made)


def test_kin_of_an_ally_of_a_rival(world):
    """A faction moves what is a war and an alliance away from it."""
    made = world.placement(world.case("h"), "0001")
    world.affiliation("h", "A")
    world.alliance("A", "B")
    world.rivalry("B", "C")
    world.presence("D", "0001")
    settle(world)
    world.faction("D", "C")

    assert after(world) == ({made}, {made})


def test_cost_grows_with_what_is_affected(world):
    """A rivalry between two groups leaves the placements of all others alone."""
    made = {
        who: world.placement(world.case(who), "0001") for who in ("h", "i", "j", "p")
    }
    for who, group in zip("hijp", "ABCD", strict=True):
        world.affiliation(who, group)
    settle(world)
    world.rivalry("A", "B")

    assert after(world) == ({made["h"], made["i"]},) * 2


def test_joined_touches_reach_what_each_reaches(world):
    """A round of several changes misses nothing of any."""
    made = [
        world.placement(world.case(who), area)
        for who, area in (("h", "0001"), ("i", "0004"))
    ]
    touches = [Touch(places=(AreaCode("0001"),)), Touch(places=(AreaCode("0004"),))]
    got = affected(world.state, SMALL, joined(touches))

    assert got == sorted(made)


def test_a_ring(world):
    """What stands in a municipality reaches what is near, and no further."""
    made = [
        world.placement(world.case(who), area)
        for who, area in (("h", "0001"), ("i", "0003"), ("j", "0004"))
    ]
    for who in "hij":
        world.affiliation(who, who.upper())
    settle(world)
    for group in "HIJ":
        world.presence(group, "0002")

    assert after(world) == (set(made[:2]), set(made[:2]))


def test_a_merged_municipality(world):
    """What stood in it reaches whoever is placed in its successor."""
    made = world.placement(world.case("h"), "0004")
    world.affiliation("h", "A")
    settle(world)
    world.presence("A", "0005")

    assert after(world) == ({made}, {made})


def test_neighbours_of_somebody_who_changes(world):
    """Whoever is placed where they are, and in other houses of their provider."""
    for name, (provider, area) in HOUSES.items():
        world.facility(name, provider, area)
    world.affiliation("h", "A")
    world.affiliation("i", "B")
    world.rivalry("B", "C")
    world.rivalry("A", "C")
    mine = world.placement(world.case("r"), "0001", facility="red")
    here = world.placement(world.case("h"), "0001")
    firm = world.placement(world.case("i"), "0004", facility="blue")
    world.placement(world.case("p"), "0004")
    world.same_as("r", "q")
    settle(world)
    world.affiliation("q", "C")

    assert after(world) == ({mine, here, firm}, {mine, here, firm})


def test_an_ally_of_a_group_at_war(world):
    """A war reaches the friends of those who wage it."""
    made = world.placement(world.case("h"), "0001")
    world.affiliation("h", "A")
    world.alliance("A", "B")
    world.presence("C", "0001")
    settle(world)
    world.rivalry("B", "C")

    assert after(world) == ({made}, {made})


def test_a_fact_that_turns_on_a_day(world):
    """Whoever it touches is weighed on that day, and nobody on the day before."""
    made = world.placement(world.case("h"), "0001")
    world.affiliation("h", "A")
    world.presence("A", "0001", end=5)
    got = [
        affected(world.state, SMALL, Touch(first_day=turned, last_day=turned))
        for turned in (Day(TODAY + 4), Day(TODAY + 5))
    ]

    assert got == [[], [made]]


def test_what_was_erased_turns_no_more(world):
    """Nor anybody near it, on the day it would have ended, though a calendar knew it."""
    case = world.case("h")
    stay = world.state.placements[world.placement(case, "0001", end=5)]
    world.apply(DossiersErased(dossiers=(case.handle,)))
    world.state.calendar.put(stay)
    touch = Touch(first_day=Day(TODAY + 5), last_day=Day(TODAY + 5))

    assert affected(world.state, SMALL, touch) == []
