"""The group graph looks alike from both sides, and in whichever order links came."""

from hypothesis import given
from hypothesis import strategies as st
from kit.often import often
from kit.related import kinds, view
from kit.world import World, day, token

from placement.domain.strength import Strength

LINK = st.tuples(
    st.sampled_from(("faction", "rivalry", "alliance")),
    st.lists(st.sampled_from("ABCDE"), min_size=2, max_size=2, unique=True),
    st.sampled_from((None, -300, -10, 5)),
)


def _relations(links, mine, other, since):
    world = World()
    for kind, pair, end in links:
        getattr(world, kind)(*pair, end=end)
    return kinds(world, mine, other, since, at_least=Strength.SOFT)


@often(100)
@given(st.lists(LINK, max_size=8), st.sampled_from("ABCDE"), st.sampled_from("ABCDE"))
def test_relations_are_symmetric(links, one, other):
    """Kinship, rivalry, sisterhood and splits look alike from both sides (P6).

    But for splits that a rivalry or alliance settled: what somebody keeps over them is
    own on one side alone, and the rules ask both sides where people meet.
    """
    same = {"own", "war", "rival", "distant_war", "distant", "sister"}
    pairs = [frozenset(pair) for kind, pair, _ in links if kind == "faction"]
    settled = any(
        frozenset(pair) in pairs for kind, pair, _ in links if kind != "faction"
    )
    same |= set() if settled else {"split"}
    got = _relations(links, one, other, None) & same

    assert got == _relations(links, other, one, None) & same


@given(st.lists(LINK, max_size=8), st.data())
def test_relations_do_not_depend_on_the_order_of_links(links, data):
    """The same links give the same relations in any order."""
    shuffled = data.draw(st.permutations(links))
    since = data.draw(st.sampled_from((None, -200, 0)))
    got = [_relations(shuffled, "A", other, since) for other in "ABCDE"]

    assert got == [_relations(links, "A", other, since) for other in "ABCDE"]


@given(st.lists(LINK, max_size=8), st.integers(0, 2))
def test_closeness_is_symmetric(links, steps):
    """Whoever is close to another has that one close."""
    world = World()
    for kind, pair, end in links:
        getattr(world, kind)(*pair, end=end)
    close = {
        group: world.state.graph.close_to([token(group)], steps) for group in "ABCDE"
    }
    got = {(one, two) for one in close for two in close if token(two) in close[one]}

    assert got == {(two, one) for one, two in got}


MANY = tuple("ABCDEFGHIJKL")


@given(
    st.lists(
        st.tuples(
            st.sampled_from(("faction", "faction", "rivalry", "alliance")),
            st.sampled_from(MANY),
            st.sampled_from(MANY),
            st.sampled_from((None, -5, 5)),
        ).filter(lambda link: link[1] != link[2]),
        max_size=12,
    ),
    st.sampled_from((None, -10, 0, 10)),
    st.sampled_from(tuple(Strength)[1:]),
)
def test_nothing_beyond_what_is_around_is_related(links, since, at_least):
    """In either direction, on any day, at any strength; over chains of any kind."""
    world = World()
    for kind, one, other, end in links:
        getattr(world, kind)(one, other, end=end)

    for group in MANY:
        for start in (-20, 0, 20):
            related = view(world, start=start, at_least=at_least).relations(
                token(group), day(since)
            )
            for other in related:
                assert other in world.state.graph.around(token(group))
                assert token(group) in world.state.graph.around(other)
