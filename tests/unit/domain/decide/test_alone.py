"""What nobody says or takes away alone."""

import pytest
from kit.world import World

from placement.domain.decide.alone import ends_by_two, needs_second


@pytest.mark.parametrize(
    ("make", "recorded", "ended"),
    [
        (lambda world: world.affiliation("h", "A"), False, False),
        (lambda world: world.faction("A", "B"), False, True),
        (lambda world: world.rivalry("A", "B", severity=2), False, True),
        (lambda world: world.rivalry("A", "B", severity=3), True, True),
        (lambda world: world.alliance("A", "B"), False, False),
        (lambda world: world.presence("A", "1480", "occasional"), False, True),
        (lambda world: world.presence("A", "1480", "active"), False, True),
        (lambda world: world.presence("A", "1480", "base"), True, True),
        (lambda world: world.threat("h", group="A"), True, True),
        (lambda world: world.located("x", "1480"), False, True),
        (lambda world: world.tie("h", "1480"), False, False),
        (lambda world: world.tie("h", "1480", danger=True), True, True),
        (lambda world: world.same_as("h", "i"), True, True),
    ],
    ids=[
        *("affiliation", "faction", "feud", "war", "alliance", "seldom", "active"),
        *("base", "threat", "located", "tie", "danger", "same-as"),
    ],
)
def test_who_records_and_who_ends(make, recorded, ended):
    """Two persons, where a CONFLICT may rest on it; some of it one may record."""
    world = World()
    fact = world.state.facts[make(world)]

    assert (needs_second(fact), ends_by_two(fact)) == (recorded, ended)
