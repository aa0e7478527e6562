"""The rules, one by one (semantics.md section 6)."""

import pytest
from kit.changing import ended
from kit.small import SMALL
from kit.world import NOW, TODAY, World, token

from placement.domain.changeover_events import ChangeoverBegun
from placement.domain.questions import Candidate, Finding, Question
from placement.domain.rules import assess
from placement.domain.stay_events import ProviderStopped
from placement.domain.terms import AreaCode, PlacementState, Verdict, Window


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


def test_r10_while_somebody_was_left(world):
    """R10: nothing is CLEAR while a person is on record whom no pseudonym leads to."""
    world.cover("2480")
    own = world.case("h")
    before = world.verdict(own, "2480")
    world.apply(ChangeoverBegun(from_key=b"a", to_key=b"b"))
    during = world.verdict(own, "2480")
    world.apply(ended(world.state))

    assert (before, during) == ("CLEAR", "CLEAR")
    assert world.verdict(own, "2480") == "UNKNOWN"


def test_r3_somebody_of_whom_nothing_was_said(world):
    """R3: who is placed there but was never assessed is a missing fact, not a clear one."""
    world.cover("2480", "0680")
    world.placement(world.case("p", assessed=False), "2480")
    own = world.case("h", assessed=False)
    world.placement(own, "0680")
    got = [world.verdict(world.case("h"), area) for area in ("2480", "0680")]

    assert got == ["REVIEW", "CLEAR"]


def test_r10_looks_at_municipalities_in_use():
    """R10: 0005 is no longer in use, so 0003, which is near it, needs no cover of it."""
    small = World(SMALL)
    small.cover("0002", "0003", "0004")
    got = [small.verdict(small.case("h"), area) for area in ("0003", "0002", "0004")]

    assert got == ["CLEAR", "UNKNOWN", "CLEAR"]


@pytest.mark.parametrize(
    ("region", "age", "expected"),
    [
        ("nord", 0, "CLEAR"),
        ("nord", 90, "CLEAR"),
        ("nord", 91, "UNKNOWN"),
        ("nord", -1, "UNKNOWN"),
        ("syd", 0, "UNKNOWN"),
        ("national", 0, "CLEAR"),
    ],
)
def test_r10_by_whom_and_when(region, age, expected):
    """R10: the own region's or the national word counts for 90 days, not ahead."""
    small = World(SMALL)
    small.cover("0003", region="nord")
    small.cover("0004", age=age, region=region)
    got = small.verdict(small.case("h"), "0004")

    assert got == expected


@pytest.mark.parametrize(
    ("start", "expected"), [(0, "CLEAR"), (90, "CLEAR"), (91, "UNKNOWN")]
)
def test_a_window_far_ahead(world, start, expected):
    """A window that starts more than 90 days ahead gets at best UNKNOWN."""
    got = world.verdict(world.case("h"), "2480", start=start)

    assert got == expected


def test_worst_wins_over_unknown():
    """What is known to be dangerous is said, however old the picture."""
    empty = World()
    empty.affiliation("h", "A")
    empty.presence("A", "2480", "occasional")
    got = empty.verdict(empty.case("h"), "2480")

    assert got == "REVIEW"


@pytest.mark.parametrize(("now", "expected"), [(-1, "CONFLICT"), (0, "CLEAR")])
def test_a_hold_acts_until_it_expires(world, now, expected):
    """A hold counts while now is before its expiry (scenario 8)."""
    world.affiliation("h", "A")
    world.affiliation("p", "B")
    world.rivalry("A", "B", 1)
    hold = {"state": PlacementState.HELD, "expires_at": NOW}
    world.placement(world.case("p"), "0580", **hold)
    got = world.verdict(world.case("h"), "0580", now=NOW + now)

    assert got == expected


def test_each_place_has_its_own_answer(world):
    """Candidates are answered one by one, in order, the same area twice too."""
    world.facility("red", "firm", "0680")
    world.affiliation("h", "A")
    world.affiliation("p", "A")
    world.placement(world.case("p"), "0680", facility="red")
    candidates = (
        Candidate(area=AreaCode("0680")),
        Candidate(area=AreaCode("2480")),
        Candidate(area=AreaCode("0680"), facility=token("red")),
    )
    question = Question(
        case=world.case("h"),
        candidates=candidates,
        window=Window(start=TODAY),
        now=NOW,
    )
    answers = assess(world.state, question, world.ruleset, TODAY)
    got = [answer.verdict.name for answer in answers]

    assert got == ["REVIEW", "CLEAR", "CONFLICT"]


def test_findings_name_rule_and_chain(world):
    """A verdict rests on findings: the rule, what it says, and the facts, in order."""
    mine = world.affiliation("h", "A")
    war = world.rivalry("A", "B")
    base = world.presence("B", "1480", grade="3D")
    (answer,) = world.check(world.case("h"), "1480")
    got = [(one.rule, one.verdict, one.at_most, one.facts) for one in answer.findings]

    assert got == [
        ("R2", Verdict.CONFLICT, Verdict.REVIEW, (mine, war, base)),
        ("R2", Verdict.CONFLICT, Verdict.REVIEW, (mine, war, base)),
    ]


def test_findings_of_a_ring_name_the_rule(world):
    """R9: what is found near carries the rule that found it, one step weaker."""
    mine = world.affiliation("h", "A")
    base = world.presence("A", "0184")
    (answer,) = world.check(world.case("h"), "0183")
    firm = answer.findings[-1]

    assert firm == Finding(rule="R9/R1", verdict=Verdict.REVIEW, facts=(mine, base))


@pytest.mark.parametrize(
    ("verdict", "at_most", "expected"),
    [
        (Verdict.CONFLICT, Verdict.CONFLICT, Verdict.CONFLICT),
        (Verdict.CONFLICT, Verdict.REVIEW, Verdict.REVIEW),
        (Verdict.REVIEW, Verdict.CONFLICT, Verdict.REVIEW),
    ],
)
def test_outcome(verdict, at_most, expected):
    """A finding gives what its rule says, within what is allowed."""
    got = Finding(rule="R2", verdict=verdict, facts=(), at_most=at_most).outcome

    assert got == expected


@pytest.mark.parametrize(
    ("given", "near"),
    [
        ({}, "REVIEW"),
        ({"grade": "3D"}, "REVIEW"),
        ({"end": -1}, "REVIEW"),
        ({"grade": "1E"}, "CLEAR"),
    ],
)
def test_caps_come_after_the_ring(world, given, near):
    """R9: a base is weakened once, to REVIEW, and a cap takes nothing more off."""
    world.affiliation("h", "A")
    world.presence("A", "0184", **given)
    got = world.verdict(world.case("h"), "0183")

    assert got == near


def test_nothing_that_rests_on_a_placement_rings(world):
    """R9: rings around placements would point at the middle."""
    for name in ("h", "p", "q"):
        world.affiliation(name, "A")
    world.threat("h", by="p")
    world.threat("q", by="h")
    for name in ("p", "q"):
        world.placement(world.case(name), "0184")
    case = world.case("h")
    got = [world.verdict(case, area) for area in ("0184", "0183")]

    assert got == ["CONFLICT", "CLEAR"]


def test_a_stopped_provider(world):
    """Nobody comes into one of its houses; the town around it is open."""
    world.facility("house", "firm", "2480")
    world.facility("other", "another", "2480")
    case = world.case("h")
    before = world.verdict(case, "2480", facility="house")
    world.apply(ProviderStopped(provider=token("firm"), region="syd"))
    (found,) = world.check(case, "2480", facility="house")

    assert before == "CLEAR"
    assert (found.verdict.name, [each.rule for each in found.findings]) == (
        "CONFLICT",
        ["STOP", "STOP"],
    )
    assert world.verdict(case, "2480") == "CLEAR"
    assert world.verdict(case, "2480", facility="other") == "CLEAR"


def test_the_floor_is_what_nothing_found_would_give(world):
    """A REVIEW on a lapsed picture says both."""
    world.tie("h", "2480")
    case = world.case("h")
    (fresh,) = world.check(case, "2480")
    world.state.coverage = type(world.state.coverage)()
    (lapsed,) = world.check(case, "2480")

    assert (fresh.verdict, lapsed.verdict) == (Verdict.REVIEW, Verdict.REVIEW)
    assert (fresh.floor, lapsed.floor) == (Verdict.CLEAR, Verdict.UNKNOWN)


@pytest.mark.parametrize(
    ("group", "expected"), [("A", "CONFLICT"), ("a", "REVIEW"), ("B", "CLEAR")]
)
def test_r5_a_group_that_threatens(world, group, expected):
    """Itself present is a danger, its family a doubt, any other nothing."""
    world.faction("a", "A")
    world.threat("h", group="A")
    world.presence(group, "2480")

    assert world.verdict(world.case("h"), "2480") == expected


@pytest.mark.parametrize(("by", "expected"), [("nord", "CLEAR"), ("syd", "REVIEW")])
def test_r8_who_says_the_split_says_the_peace(world, by, expected):
    """A peace that another region left on record does not end its REVIEWs."""
    world.affiliation("h", "a", start=-100)
    world.faction("a", "A", start=-900, end=-300, region="nord")
    world.faction("b", "A", region="nord")
    world.presence("b", "2480", region="nord")
    world.alliance("a", "A", region=by, recorded_at=NOW + 1)

    assert world.verdict(world.case("h"), "2480") == expected


def test_r8_a_sister_is_present(world):
    """Two factions of one parent are relatives."""
    world.affiliation("h", "a")
    world.faction("a", "A")
    world.faction("b", "A")
    world.presence("b", "2480")
    (found,) = world.check(world.case("h"), "2480")

    assert {each.rule for each in found.findings} == {"R8"}
    assert found.verdict is Verdict.REVIEW


def test_r8_a_sister_is_placed(world):
    """It is a doubt from both sides."""
    world.affiliation("h", "a")
    world.affiliation("r", "b")
    world.faction("a", "A")
    world.faction("b", "A")
    world.placement(world.case("r"), "2480")
    (found,) = world.check(world.case("h"), "2480")

    assert {each.rule for each in found.findings} == {"R8"}
    assert found.verdict is Verdict.REVIEW
