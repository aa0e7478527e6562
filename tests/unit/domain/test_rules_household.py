"""Who was named into a household and is placed in another case."""

import pytest
from kit.world import World


@pytest.fixture
def world():
    world = World()
    world.cover()
    return world


@pytest.mark.parametrize(
    ("placed", "expected", "alone"),
    [("r", "REVIEW", "CLEAR"), ("rh", "CLEAR", "CONFLICT")],
    ids=["alone", "together"],
)
def test_r3_an_enemy_who_was_named_into_the_household(world, placed, expected, alone):
    """Nobody hides a placed rival by naming them: people judge whether they belong there."""
    world.affiliation("h", "A")
    world.affiliation("r", "B")
    world.rivalry("A", "B", severity=2)
    world.placement(world.case(*placed), "2480")

    assert world.verdict(world.case("h", "r"), "2480") == expected
    assert world.verdict(world.case("r"), "2480") == alone


@pytest.mark.parametrize(
    "threat",
    [
        lambda world: world.threat("h", by="r"),
        lambda world: world.threat("r", by="h"),
        lambda world: world.threat("h", group="B"),
        lambda world: world.threat("r", group="A"),
    ],
    ids=["by them", "against them", "by their group", "by ours"],
)
@pytest.mark.parametrize(("placed", "expected"), [("r", "REVIEW"), ("rh", "CLEAR")])
def test_r5_a_threat_that_was_named_into_the_household(world, threat, placed, expected):
    """Nor who threatens, or is in danger; unless they were placed together."""
    world.affiliation("h", "A")
    world.affiliation("r", "B")
    threat(world)
    world.placement(world.case(*placed), "2480")

    assert world.verdict(world.case("h", "r"), "2480") == expected
    assert world.verdict(world.case("h", "r"), "1480") == "CLEAR"
