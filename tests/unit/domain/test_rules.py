"""The rules, one by one (semantics.md section 6)."""

import pytest
from kit.world import World


@pytest.fixture
def world() -> World:
    world = World()
    world.cover()
    return world


def test_quiet_area_is_clear(world):
    """Nothing known and everything covered gives CLEAR."""
    world.affiliation("h", "A")

    assert world.verdict(world.case("h"), "2480") == "CLEAR"


def test_unassessed_case_is_unknown(world):
    """Until a coordinator assessed the case nothing is looked at."""
    world.affiliation("h", "A")
    world.presence("A", "2480")

    assert world.verdict(world.case("h", assessed=False), "2480") == "UNKNOWN"


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("base", "CONFLICT"), ("active", "CONFLICT"), ("occasional", "REVIEW")],
)
def test_r1(world, kind, expected):
    """R1: a group of own is present."""
    world.affiliation("h", "A")
    world.presence("A", "0180", kind)

    assert world.verdict(world.case("h"), "0180") == expected


@pytest.mark.parametrize(
    ("severity", "kind", "expected"),
    [
        (3, "base", "CONFLICT"),
        (3, "active", "CONFLICT"),
        (3, "occasional", "REVIEW"),
        (2, "base", "REVIEW"),
        (1, "active", "REVIEW"),
    ],
)
def test_r2(world, severity, kind, expected):
    """R2: a rival is present."""
    world.affiliation("h", "A")
    world.rivalry("B", "A", severity)
    world.presence("B", "1480", kind)

    assert world.verdict(world.case("h"), "1480") == expected


@pytest.mark.parametrize("severity", [1, 2, 3])
def test_r3(world, severity):
    """R3: a member of a rival is placed, any severity."""
    world.affiliation("h", "A")
    world.affiliation("p", "B")
    world.rivalry("A", "B", severity)
    world.placement(world.case("p"), "0580")

    assert world.verdict(world.case("h"), "0580") == "CONFLICT"


def test_r4(world):
    """R4: a member of own is placed: REVIEW, in the same house CONFLICT."""
    world.affiliation("h", "A")
    world.affiliation("p", "A")
    world.facility("house", "firm", "0580")
    world.placement(world.case("p"), "0580", facility="house")
    case = world.case("h")

    assert world.verdict(case, "0580") == "REVIEW"
    assert world.verdict(case, "0580", facility="house") == "CONFLICT"


def test_r6(world):
    """R6: a tie gives REVIEW, a danger tie CONFLICT and rings."""
    world.tie("h", "2480")
    world.tie("h", "0580", danger=True)
    case = world.case("h")
    near = min(world.ruleset.areas["0580"].near)

    assert world.verdict(case, "2480") == "REVIEW"
    assert world.verdict(case, "0580") == "CONFLICT"
    assert world.verdict(case, near) == "REVIEW"


def test_r10(world):
    """R10: an area without fresh coverage gives UNKNOWN at best."""
    empty = World()
    empty.affiliation("h", "A")

    assert empty.verdict(empty.case("h"), "2480") == "UNKNOWN"
