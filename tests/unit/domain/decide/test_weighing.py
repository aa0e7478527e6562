"""What a placement is worth now, and the alert when it is less."""

import pytest
from kit.commands import MOMENT, assess_case
from kit.world import TODAY, day

from placement.domain.decide.weighing import (
    alarm,
    case_closed,
    region_of,
    remaining,
    reweighed,
)
from placement.domain.stay_events import PlacementWeighed
from placement.domain.terms import AlertKind, AreaCode, Verdict, Window

OPEN = "2480"


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (-5, None, (0, None)),
        (0, 1, (0, 1)),
        (3, 4, (3, 4)),
        (-5, 0, None),
        (-5, -1, None),
    ],
)
def test_only_days_to_come_count(stage, start, end, expected):
    """What is past endangers nobody."""
    made = stage.placement(stage.case("h"), OPEN, start=start, end=end)
    got = remaining(stage.state.placements[made], MOMENT)

    assert got == (
        None
        if expected is None
        else Window(start=TODAY + expected[0], end=day(expected[1]))
    )


def test_what_is_worth_the_same_is_left_alone(stage):
    """Nothing is written that says nothing."""
    made = stage.placement(stage.case("h"), OPEN)
    (changed,) = reweighed(stage.state, MOMENT, stage.state.placements[made])
    stage.apply(changed)

    assert changed == PlacementWeighed(id=made, verdict=Verdict.CLEAR, seen=())
    assert reweighed(stage.state, MOMENT, stage.state.placements[made]) == ()


def test_an_alert_names_both_regions(stage):
    """Of the municipality and of the place; one where they are the same."""
    case = stage.case("h")
    made = [stage.placement(case, area) for area in (OPEN, "1281")]
    got = [
        alarm(
            stage.state,
            stage.state.placements[each],
            AlertKind.WORSE,
            Verdict.REVIEW,
            MOMENT,
        ).regions
        for each in made
    ]

    assert got == [("nord", "syd"), ("syd",)]


def test_where_there_is_no_region(stage):
    """The national unit has it."""
    assert region_of(MOMENT, AreaCode("0000")) == "national"


def test_alerts_of_different_kinds_are_two(stage):
    """Each has an id of its own."""
    made = stage.placement(stage.case("h"), OPEN)
    placement = stage.state.placements[made]
    ids = {
        alarm(stage.state, placement, kind, Verdict.REVIEW, MOMENT).id
        for kind in AlertKind
    }

    assert len(ids) == len(AlertKind)
    assert {len(each) for each in ids} == {16}


def test_a_municipality_is_told_late(stage):
    """What could not be told before an assessment is told with it."""
    stage.affiliation("h", "A")
    stage.presence("A", OPEN)
    case = stage.case("h", assessed=False)
    stage.placement(case, OPEN)
    stage.work()
    before = stage.alert()
    stage.court.reply(assess_case(case.handle))
    after = stage.alert()
    stage.work()

    assert (before.organisation, after.organisation) == ("", "1280")
    assert (after.id, after.verdict) == (before.id, Verdict.CONFLICT)
    assert after.told > before.revision
    assert stage.alert() == after


def test_an_assessment_tells_nothing_twice(stage):
    """What the municipality has it is not told again."""
    stage.affiliation("h", "A")
    stage.presence("A", OPEN)
    case = stage.case("h")
    stage.placement(case, OPEN)
    stage.work()
    before = stage.alert()
    stage.court.reply(assess_case(case.handle))

    assert stage.alert() == before


def test_a_closed_case_is_as_bad_as_its_worst_place(stage):
    """The alert goes to every region where something stands."""
    case = stage.case("h")
    stage.placement(case, OPEN)
    stage.placement(case, "1480")
    stage.tie("h", OPEN, danger=True)
    stage.work()
    got = case_closed(stage.state, case, MOMENT)

    assert (got.verdict, got.regions) == (Verdict.CONFLICT, ("nord", "syd", "vast"))
    assert got.placement == b""


def test_a_closed_case_without_a_place(stage):
    """Nothing is known to be bad; its own region is told."""
    got = case_closed(stage.state, stage.case("h"), MOMENT)

    assert (got.verdict, got.regions) == (Verdict.UNKNOWN, ("syd",))
