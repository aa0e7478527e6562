"""Phantoms act as somebody real does, make nothing milder, and are told from what is real."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kit.drawn import phantom, phantoms
from kit.often import often
from kit.small import CODES, EVERYWHERE, GROUPS, HOUSES, SMALL, Small, worlds
from kit.world import NOW, TODAY, World, day, token

from placement.domain.phantoms import NOBODY, Phantom
from placement.domain.questions import Assessment, Question
from placement.domain.rules import assess
from placement.domain.terms import Day, Micros, PlacementState, Verdict


@st.composite
def stays(draw: st.DrawFn) -> Phantom:
    """Draw one phantom of a small world."""
    house = draw(st.sampled_from((None, None, *HOUSES)))
    provider, area = HOUSES[house] if house else (None, draw(st.sampled_from(CODES)))
    housed = {"facility": house, "provider": provider} if house else {}
    return phantom(
        draw(st.sampled_from(GROUPS)),
        area,
        NOW,
        id=draw(st.binary(min_size=16, max_size=16)),
        valid_from=day(draw(st.sampled_from((-10, 0, 10)))),
        valid_to=day(draw(st.sampled_from((None, 11, 30)))),
        noted=Micros(NOW + draw(st.sampled_from((-1, 0, 1)))),
        gone=Micros(NOW + draw(st.sampled_from((0, 1, 2)))),
        firm=draw(st.booleans()),
        **housed,
    )


def ask(small: Small, world: World, found=NOBODY) -> tuple[Assessment, ...]:
    case = next(iter(world.state.cases.values()))
    question = Question(
        case=case, candidates=small.candidates, window=small.window, now=NOW
    )
    return assess(world.state, question, SMALL, TODAY, found)


def settle(world: World, stay: Phantom, number: int) -> None:
    """Place somebody real who is what a phantom seems to be."""
    name = f"z{number}"
    group = stay.group.rstrip(b"\0").decode()
    house = stay.facility and stay.facility.rstrip(b"\0").decode()
    world.affiliation(name, group, grade="1B" if stay.firm else "3D")
    made = world.case(name)
    world.placement(
        made,
        stay.area,
        facility=house,
        start=stay.valid_from - TODAY,
        end=None if stay.valid_to is None else stay.valid_to - TODAY,
        state=PlacementState.HELD,
        expires_at=stay.gone if stay.noted <= NOW else NOW,
    )


@often(100)
@given(worlds(), st.lists(stays(), min_size=1, max_size=6))
def test_no_answer_is_milder_for_a_phantom(small, drawn):
    """And without what rests on one, it is to the letter what is real."""
    world = small.build()
    real = ask(small, world)
    got = ask(small, world, phantoms(*drawn))

    assert all(
        one.verdict >= other.verdict for one, other in zip(got, real, strict=True)
    )
    assert [(each.real.verdict, each.real.floor) for each in got] == [
        (each.verdict, each.floor) for each in real
    ]
    assert [set(each.real.findings) for each in got] == [
        set(each.findings) for each in real
    ]


@pytest.mark.slow
@often(80)
@given(worlds(), st.lists(stays(), min_size=1, max_size=4))
def test_a_phantom_acts_as_somebody_real_would(small, drawn):
    """Every answer is the one that a person in its place would give."""
    got = [each.verdict for each in ask(small, small.build(), phantoms(*drawn))]
    peopled = small.build()
    for number, stay in enumerate(drawn):
        settle(peopled, stay, number)
    expected = [each.verdict for each in ask(small, peopled)]

    assert got == expected


@pytest.mark.slow
@often(60)
@given(worlds(), stays())
def test_nobody_who_is_placed_makes_an_answer_milder(small, drawn):
    """The rules are monotone in who is placed, so phantoms can't hide anybody."""
    before = [each.verdict for each in ask(small, small.build())]
    peopled = small.build()
    settle(peopled, drawn, 0)
    after = [each.verdict for each in ask(small, peopled)]

    assert all(one >= other for one, other in zip(after, before, strict=True))


def world_of() -> Small:
    return Small(
        households=(("h",),),
        statements=(),
        stands=(),
        covered=EVERYWHERE,
        start=0,
        end=None,
    )


def built(**given) -> World:
    world = World(SMALL)
    for name, (provider, area) in HOUSES.items():
        world.facility(name, provider, area)
    world.cover(*CODES, region="national")
    world.affiliation("h", "A")
    world.case("h")
    for kind, parts in given.items():
        getattr(world, kind)(*parts)
    return world


def verdict(world: World, *found: Phantom, area="0001", house=None) -> str:
    case = next(iter(world.state.cases.values()))
    places = world_of().candidates
    (place,) = (
        each
        for each in places
        if each.area == area and each.facility == (house and token(house))
    )
    question = Question(
        case=case, candidates=(place,), window=world_of().window, now=NOW
    )
    return assess(world.state, question, SMALL, TODAY, phantoms(*found))[0].verdict.name


RIVAL = {"rivalry": ("A", "B")}


@pytest.mark.parametrize(
    ("links", "group", "expected"),
    [
        (RIVAL, "B", "CONFLICT"),  # R3
        ({}, "A", "REVIEW"),  # R4
        ({"alliance": ("A", "B")}, "B", "REVIEW"),  # R7
        ({"threat": ("h",)}, "B", "CLEAR"),
        ({}, "B", "CLEAR"),
    ],
)
def test_each_rule_about_who_is_placed_sees_phantoms(links, group, expected):
    """Of a rival, of the own group, of an ally; and of a stranger nothing."""
    if "threat" in links:
        world = built()
        world.threat("h", by="x")
    else:
        world = built(**links)

    assert verdict(world, phantom(group, "0001", NOW)) == expected


def test_a_sister_faction_is_seen():
    """R8."""
    world = built()
    world.faction("A", "P")
    world.faction("S", "P")

    assert verdict(world, phantom("S", "0001", NOW)) == "REVIEW"


def test_the_family_of_a_group_that_threatens_is_seen():
    """R5, where it looks at groups that are placed."""
    world = built()
    world.threat("h", group="T")

    assert verdict(world, phantom("T", "0001", NOW)) == "REVIEW"
    assert verdict(world, phantom("U", "0001", NOW)) == "CLEAR"


def test_houses_and_providers_are_seen():
    """R3 and R4 in the same house; R3 with the same provider, wherever."""
    world = built(**RIVAL)
    own = phantom("A", "0001", NOW, facility="red", provider="firm")
    rival = phantom("B", "0004", NOW, facility="blue", provider="firm")

    assert verdict(world, own, house="red") == "CONFLICT"
    assert verdict(world, own, house="old") == "REVIEW"
    assert verdict(world, rival, house="red") == "REVIEW"
    assert verdict(world, rival, house="old") == verdict(world, rival) == "CLEAR"


def test_what_is_known_softly_gives_review():
    """A rival's, of whom it is not firmly known that it is one."""
    world = built(**RIVAL)

    assert verdict(world, phantom("B", "0001", NOW, firm=False)) == "REVIEW"


def test_phantoms_of_a_merged_municipality_follow_it():
    """What was in 0005 is in 0004."""
    world = built(**RIVAL)

    assert verdict(world, phantom("B", "0005", NOW), area="0004") == "CONFLICT"


def test_they_are_nowhere_near():
    """Nothing that rests on a placement has a ring."""
    world = built(**RIVAL)

    assert verdict(world, phantom("B", "0002", NOW)) == "CLEAR"


def test_an_unassessed_case_looks_at_no_phantom():
    """It is answered UNKNOWN, whatever there is."""
    world = built(**RIVAL)
    case = next(iter(world.state.cases.values()))
    question = Question(
        case=replace(case, assessed_at=None),
        candidates=world_of().candidates,
        window=world_of().window,
        now=NOW,
    )
    found = phantoms(phantom("B", "0001", NOW, valid_from=Day(0)))
    got = {each.verdict for each in assess(world.state, question, SMALL, TODAY, found)}

    assert got == {Verdict.UNKNOWN}
