"""Who is placed is found by area and group, and nobody is missed."""

from hypothesis import given
from hypothesis import strategies as st
from kit.world import World, day, subject, token

from placement.domain.erasure_events import DossiersErased
from placement.domain.events import CaseAssessed, PlacementEnded
from placement.domain.terms import PlacementState

AREAS = ("1280", "2480")
SUBJECTS = tuple("abcd")
GROUPS = ("A", "B")


def found(world):
    """Return placements by area and what their people ever belonged to."""
    return {
        (code, group, since): set(ids)
        for code in AREAS
        for group, eras in world.state.residents.in_area(code).items()
        for since, ids in eras.items()
    }


def searched(world):
    """Return the same, found by looking through everything."""
    state, expected = world.state, {}
    for placement in state.placements.values():
        if placement.over:
            continue
        for person in state.residents.connected(state.cases[placement.case].members):
            for fact in state.facts.values():
                if getattr(fact, "group", None) and fact.subject == person:
                    key = (placement.area, fact.group, fact.valid_from)
                    expected.setdefault(key, set()).add(placement.id)
    return expected


@st.composite
def deeds(draw):
    """Draw what happens, in any order."""
    person, other = draw(st.sampled_from(SUBJECTS)), draw(st.sampled_from(SUBJECTS))
    kind = draw(
        st.sampled_from(
            ("belong", "same", "place", "end", "retract", "assess", "erase", "forget")
        )
    )
    group, start = draw(st.sampled_from(GROUPS)), draw(st.sampled_from((None, -3)))
    number = draw(st.integers(0, 3))
    return kind, person, other, group, start, draw(st.sampled_from(AREAS)), number


def do(world, deed):
    """Let one thing happen, if it can."""
    kind, person, other, group, start, area, number = deed
    cases, stays = list(world.state.cases.values()), list(world.state.placements)
    match kind:
        case "belong":
            world.affiliation(person, group, start=start)
        case "same" if person != other:
            world.same_as(person, other)
        case "place":
            case = world.case(person, other, assessed=number > 0)
            world.placement(case, area)
        case "end" if len(stays) > number:
            world.apply(
                PlacementEnded(
                    id=stays[number], state=PlacementState.ENDED, valid_to=day(0)
                )
            )
        case "retract" if len(world.state.facts) > number:
            world.retract(list(world.state.facts)[number])
        case "erase" if len(world.state.facts) > number:
            world.apply(DossiersErased(dossiers=(list(world.state.facts)[number],)))
        case "forget" if len(cases) > number:
            world.apply(DossiersErased(dossiers=(cases[number].handle,)))
        case "assess" if len(cases) > number:
            handle = cases[number].handle
            world.apply(CaseAssessed(handle=handle, person="co-01", children=()))


@given(st.lists(deeds(), max_size=14))
def test_it_holds_whatever_looking_through_everything_finds(lived):
    """Whatever happened, and in whatever order."""
    world = World()
    for deed in lived:
        do(world, deed)

    assert found(world) == searched(world)


@given(st.lists(deeds(), max_size=14))
def test_it_knows_who_waits_for_a_coordinator(lived):
    """Every standing placement whose case nobody assessed, and no other."""
    world = World()
    for deed in lived:
        do(world, deed)
    state = world.state

    got = {each for code in AREAS for each in state.residents.unassessed(code)}

    assert got == {
        each.id
        for each in state.placements.values()
        if not each.over and state.cases[each.case].assessed_at is None
    }


def test_a_person_is_found_over_any_number_of_links():
    """Also over one that was retracted: the rules weigh, not the index."""
    world = World()
    world.affiliation("c", "A")
    world.same_as("a", "b")
    world.retract(world.same_as("b", "c"))
    stay = world.placement(world.case("a"), "2480")

    got = world.state.residents

    assert got.connected([subject("a")]) == {subject(each) for each in "abc"}
    assert list(got.in_area("2480")) == [token("A")]
    assert list(got.in_area("2480")[token("A")].items()) == [(None, {stay: None})]


def test_nobody_stands_in_an_area_that_nobody_named():
    """Neither by group nor waiting."""
    got = World().state.residents

    assert (list(got.in_area("0180")), list(got.unassessed("0180"))) == ([], [])


def test_whoever_stands_beside_what_is_erased_stays():
    """Two of one group in one area, of whom one is forgotten."""
    world = World()
    cases = [world.case(name) for name in ("one", "other")]
    for name in ("one", "other"):
        world.affiliation(name, "A")
    stays = [world.placement(case, "2480") for case in cases]
    world.apply(DossiersErased(dossiers=(cases[0].handle,)))
    got = world.state.residents.in_area("2480")

    assert list(got[token("A")][None]) == stays[1:]
