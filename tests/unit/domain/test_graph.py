"""The group graph: what one group means to somebody of another."""

from itertools import permutations

import pytest
from kit.related import kinds, view
from kit.world import NOW, World, token

from placement.domain import graph
from placement.domain.facts import pair_of
from placement.domain.relations import Relation


@pytest.fixture
def world() -> World:
    return World()


def test_a_group_is_its_own(world):
    """A group without any link means itself."""
    got = dict(view(world).relations(token("A"), None))

    assert got == {token("A"): Relation(own=())}


def test_family(world):
    """Family is up and down, over any number of links, and never sideways."""
    world.faction("A1", "A", inherits=False)
    world.faction("A2", "A")
    world.faction("A11", "A1")
    got = {
        name: sorted(
            bytes(group).rstrip(b"\0") for group in view(world).family(token(name))
        )
        for name in ("A", "A1", "A2")
    }

    assert got == {
        "A": [b"A", b"A1", b"A11", b"A2"],
        "A1": [b"A", b"A1", b"A11"],
        "A2": [b"A", b"A2"],
    }


def test_chains_name_the_links(world):
    """Each relation names the facts that make it so, in order."""
    up = world.faction("A1", "A")
    war = world.rivalry("A", "B")
    down = world.faction("B1", "B")
    pact = world.alliance("B1", "C")
    relations = view(world).relations(token("A1"), None)
    got = (
        relations[token("A")].own,
        relations[token("B1")].war,
        relations[token("C")].allied,
    )

    assert got == ((up,), (up, war, down), (up, war, down, pact))


@pytest.mark.parametrize(
    ("severity", "expected"),
    [
        (3, {"war", "rival", "distant_war", "distant"}),
        (2, {"rival", "distant"}),
    ],
)
def test_rivals(world, severity, expected):
    """Severity 3 is war, anything less is a rivalry; rivals are distant rivals too."""
    world.rivalry("A", "B", severity)
    got = (kinds(world, "A", "B"), kinds(world, "B", "A"))

    assert got == (expected, expected)


@pytest.mark.parametrize("order", [*permutations((1, 3, 2))])
def test_the_worst_of_several_rivalries_counts(world, order):
    """Of several rivalries of a pair the worst decides, in whatever order they came."""
    for severity in order:
        world.rivalry("A", "B", severity)
    got = kinds(world, "A", "B")

    assert got == {"war", "rival", "distant_war", "distant"}


def test_distant_rivals(world):
    """A faction's war is its parent's only distantly, from both sides."""
    world.faction("A1", "A")
    world.faction("B1", "B")
    world.rivalry("A1", "B1")
    got = [kinds(world, *pair) for pair in (("A", "B"), ("B", "A"), ("A", "B1"))]

    assert got == [{"distant_war", "distant"}] * 3


def test_allies(world):
    """Allies of own, of rivals and rivals of allies are one step away, no further."""
    world.alliance("A", "C")
    world.rivalry("C", "B")
    world.alliance("B", "D")
    world.alliance("C", "E")
    got = {other: kinds(world, "A", other) for other in "BCDE"}

    assert got == {"B": {"allied"}, "C": {"own_allied"}, "D": set(), "E": set()}


def test_allies_of_a_rival(world):
    """An ally of a rival, near or distant, is allied."""
    world.rivalry("A", "B", 1)
    world.alliance("B", "C")
    world.faction("D1", "D")
    world.rivalry("D1", "A", 1)
    world.alliance("D", "E")
    got = (kinds(world, "A", "C"), kinds(world, "A", "E"))

    assert got == ({"allied"}, {"allied"})


def test_sisters(world):
    """Sisters share a parent; a group is not its own sister."""
    world.faction("A1", "A")
    world.faction("A2", "A", inherits=False)
    got = (kinds(world, "A1", "A2"), kinds(world, "A1", "A1"), kinds(world, "A", "A1"))

    assert got == ({"sister"}, {"own"}, {"own"})


@pytest.mark.parametrize(
    ("since", "expected"),
    [(None, {"own"}), (-301, {"own"}), (-300, {"split"}), (0, {"split"})],
)
def test_a_split_keeps_both_halves_of_those_before(world, since, expected):
    """Who was there before the link ended keeps both halves, later ones do not."""
    world.faction("A1", "A", start=-900, end=-300)
    got = (
        kinds(world, "A1", "A", since),
        kinds(world, "A", "A1", since),
    )

    assert got == (expected, expected)


def test_eras_are_told_apart(world):
    """Two splits make three eras for one group."""
    world.faction("A", "B", end=-300)
    world.faction("A", "C", end=-200)
    got = [
        (kinds(world, "A", "B", since), kinds(world, "A", "C", since))
        for since in (-301, -300, -201, -200)
    ]

    assert got == [
        ({"own"}, {"own"}),
        ({"split"}, {"own"}),
        ({"split"}, {"own"}),
        ({"split"}, {"split"}),
    ]


def test_the_other_half_s_family_is_split_from_both_sides(world):
    """What was a sister before the split is a relative, whichever half one is in."""
    world.faction("A1", "A", end=-300)
    world.faction("A2", "A")
    got = [kinds(world, *pair) for pair in (("A1", "A2"), ("A2", "A1"))]

    assert got == [{"split"}, {"split"}]


def test_a_kept_half_is_kept_with_its_own_line(world):
    """Who was there before keeps what was above and below, on through either half."""
    world.faction("A1", "A", end=-300)
    world.faction("A", "P")
    world.faction("A11", "A1")
    pairs = (("A1", "P"), ("P", "A1"), ("A", "A11"), ("A11", "A"), ("A11", "P"))
    got = [kinds(world, *pair) for pair in pairs]

    assert got == [{"own"}] * 5


def test_splits_go_on_through_standing_links(world):
    """A half whose family split once more is split on, from either end."""
    world.faction("A", "B", end=-500)
    world.faction("C", "B")
    world.faction("C", "D", end=-300)
    got = [kinds(world, *pair) for pair in (("A", "D"), ("D", "A"))]

    assert got == [{"split"}, {"split"}]


@pytest.mark.parametrize("kind", ["rivalry", "alliance"])
@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, set()),
        ({"start": -400}, set()),
        ({"start": 1}, {"split"}),
        ({"end": 5}, {"split"}),
        ({"grade": "3D"}, {"split"}),
        ({"review_by": -1}, {"split"}),
        ({"approved": False}, {"split"}),
        ({"recorded_at": NOW}, {"split"}),
    ],
)
def test_a_settled_split(world, kind, given, expected):
    """Halves that stand firmly as rivals or allies are no longer relatives."""
    world.faction("A1", "A", end=-300)
    world.faction("A2", "A", inherits=False)
    getattr(world, kind)("A", "A1", **{"recorded_at": NOW + 1} | given)
    got = kinds(world, "A1", "A2")

    assert got == expected


def test_a_link_that_ends_in_the_window_acts_and_splits(world):
    """Until it ends a link acts; a person who comes after it has the split as well."""
    world.faction("A1", "A", end=5)
    got = (
        kinds(world, "A1", "A", 6),
        kinds(world, "A1", "A", 6, end=5),
        kinds(world, "A1", "A", 6, start=5),
    )

    assert got == ({"own"}, {"own"}, {"split"})


@pytest.mark.parametrize("size", [2, 50])
def test_circles_end(world, size):
    """Circles of factions, alliances and rivalries terminate, alike from everywhere."""
    names = [f"g{index}" for index in range(size)]
    for one, other in zip(names, (*names[1:], names[0]), strict=True):
        world.faction(one, other)
    world.rivalry(names[0], "B")
    got = {
        (
            len(view(world).family(token(name))),
            frozenset(kinds(world, name, "B")),
            frozenset(kinds(world, "B", name)),
        )
        for name in names
    }
    war = frozenset({"war", "rival", "distant_war", "distant"})

    assert got == {(size, war, war)}


def test_a_view_is_kept_until_a_link_changes(world):
    """Questions of one era share a view; a new link makes a new one."""
    world.faction("A1", "A", end=10)
    first = view(world)
    kept = (view(world) is first, view(world, start=9) is first)
    turned = view(world, start=10) is first
    world.rivalry("A", "B")
    got = (kept, turned, view(world) is first)

    assert got == ((True, True), False, False)


def test_only_so_many_views_are_kept(world, monkeypatch):
    """The view that was used longest ago is dropped first."""
    monkeypatch.setattr(graph, "_VIEWS_KEPT", 2)
    world.faction("A1", "A", start=10, end=20)
    first = view(world)
    view(world, start=10)
    again = view(world) is first
    view(world, start=20)
    got = (again, view(world) is first, len(world.state.graph._views))

    assert got == (True, True, 2)


def test_pairs(world):
    """The links of a pair are found whichever is named first, inert ones too."""
    made = [world.faction("A", "B"), world.rivalry("B", "A"), world.alliance("A", "B")]
    world.retract(made[0])
    found = world.state.graph.between(frozenset((token("A"), token("B"))))
    got = [(link.id, pair_of(link)) for link in found]

    assert got == [(fact, frozenset((token("A"), token("B")))) for fact in made]


# Who is close, whatever the day and the grade


@pytest.mark.parametrize(
    ("groups", "steps", "expected"),
    [
        ("", 2, ""),
        ("A", 0, "Aab"),
        ("a", 0, "Aab"),
        ("A", 1, "AabBC"),
        ("b", 2, "AabBCD"),
        ("A", 3, "AabBCDE"),
        ("X", 5, "X"),
    ],
)
def test_close_to(world, groups, steps, expected):
    """Kin over factions, and some wars and alliances away from any of them."""
    world.faction("a", "A")
    world.faction("b", "A", end=-400)
    world.retract(world.rivalry("a", "B"))
    world.alliance("b", "C", grade="1E")
    world.rivalry("C", "D", start=400)
    world.alliance("D", "E")
    close = world.state.graph.close_to(map(token, groups), steps)

    assert close == set(map(token, expected))


def test_what_is_around_follows_the_links(world):
    """It is looked up anew once a link came."""
    before = world.state.graph.around(token("A"))
    world.rivalry("A", "B")

    assert before == {token("A")}
    assert world.state.graph.around(token("A")) == {token("A"), token("B")}
