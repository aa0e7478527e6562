"""What is wrong with a ruleset file: all of it, each with its place."""

import re

import pytest
from kit.ruled import faults
from kit.small import AREAS
from kit.world import RULESET

from placement.domain.areas import Areas
from placement.domain.lines import Place
from placement.domain.ruleset_keys import KEYS
from placement.domain.ruleset_reading import MAX_TEXT, Fault, near

TEXT = RULESET.content


def line_of(text, part):
    return text[: text.index(part)].count("\n") + 1


def spoilt(sound, instead):
    assert TEXT.count(sound) >= 1
    return TEXT.replace(sound, instead, 1)


@pytest.mark.parametrize(
    ("sound", "instead", "key", "said"),
    [
        (
            "cool_down_days = 180",
            "cool_down_days = 0",
            "time.cool_down_days",
            "must be a whole number, 1 to 3660",
        ),
        (
            "cool_down_days = 180",
            "cool_down_days = true",
            "time.cool_down_days",
            "must be a whole number, 1 to 3660",
        ),
        (
            "cool_down_days = 180",
            "cooldown_days = 180",
            "",
            "[time] has no such key; perhaps cool_down_days is meant",
        ),
        (
            "live = 2",
            "live = 2\nzzz = 1",
            "",
            "[hold] has no such key; it has hours, live, permit_hours, follow_up_days",
        ),
        (
            "[budget.person]",
            "[xyz]\n[budget.person]",
            "",
            "the file has no such key",
        ),
        (
            "person_day = 40",
            "person_day = 2.0",
            "preview.person_day",
            "must be a whole number, 1 or more",
        ),
        (
            'version = "2026-11-7"',
            'version = "4"',
            "version",
            'must be year, month and number, such as "2026-11-1"',
        ),
        (
            'version = "2026-11-7"',
            "version = 4",
            "version",
            'must be year, month and number, such as "2026-11-1"',
        ),
        ("format = 4", "format = 5", "format", "must be 4; this program knows no other form of file"),
        ("format = 4", 'format = "2"', "format", "must be 4"),
        ("begins = 6", "begins = 20", "anomaly.night_work.begins", "must be before ends"),
        ('STRONG = ["1A"', 'STRONG = ["1B"', "grade.three_five_two.STRONG", "has a grade that stands twice"),
        ('STRONG = ["1A"', 'STRONG = ["1a"', "grade.three_five_two.STRONG", 'must be a list of grades, such as "2B"'),
        ('STRONG = ["1A"', "STRONG = [1", "grade.three_five_two.STRONG", 'must be a list of grades, such as "2B"'),
        ("DISCREDITED = []", "DISCREDITED = 5", "grade.four_four.DISCREDITED", 'must be a list of grades, such as "2B"'),
        ("added = []", 'added = ["0180"]', "near.added", 'must be a list of pairs of codes, such as "0180-0186"'),
        ("added = []", 'added = "0180-2480"', "near.added", 'must be a list of pairs of codes, such as "0180-0186"'),
        ("added = []", 'added = ["0180-9999"]', "near.added", "must name two municipalities that there are"),
        ("added = []", 'added = ["0180-0180"]', "near.added", "must name two municipalities that there are"),
        ("added = []", 'added = ["0180-2480", "2480-0180"]', "near.added", "has a pair that stands twice"),
        ("added = []", 'added = ["0180-0186"]', "near.added", "names two that are near already"),
        ("removed = []", 'removed = ["0180-2480"]', "near.removed", "names two that are not near as it is"),
        ("[retention.tie]\nended = 1095", "[retention.tie]\nended = 179", "retention.tie.ended", "must not be less than time.cool_down_days"),
        ("[import]\n", "[import]\n= 1\n", "", "this is not TOML"),
    ],
)  # fmt: skip
def test_a_fault_says_where_what_and_what_would_be_right(sound, instead, key, said):
    """One edit is one fault, on the line of the edit; a missing key is another."""
    text = spoilt(sound, instead)
    changed = [
        number
        for number, line in enumerate(text.split("\n"), 1)
        if line not in TEXT.split("\n")
    ]
    first, *others = [each for each in faults(text) if "is missing" not in each.text]

    assert (first.key, first.text, others) == (key, said, [])
    assert first.place.line in (*changed, line_of(text, "MEDIUM"))


def test_a_fault_in_one_line():
    """As operators and coordinators read it."""
    known = Fault(Place(3, 7), "time.ahead_days", "is missing")
    unknown = Fault(Place(1, 1), "", "this is not TOML")

    assert str(known) == "line 3, column 7: time.ahead_days is missing"
    assert str(unknown) == "line 1, column 1: this is not TOML"


def test_a_fault_points_into_a_list():
    """At the item, not at the list."""
    text = spoilt('MEDIUM = ["1C", "2B", "2C"]', 'MEDIUM = ["1C", "2B", "??"]')
    (fault,) = faults(text)

    assert fault.place == Place(line_of(text, "??"), len('MEDIUM = ["1C", "2B", ') + 1)


def test_a_missing_key_points_at_its_table():
    """And a missing table at the file's begin."""
    text = spoilt("cool_down_days = 180\n", "")
    whole = TEXT[: TEXT.index("\n[hold]")] + TEXT[TEXT.index("\n[review]") :]

    assert [str(each) for each in faults(text)] == [
        f"line {line_of(text, '[time]')}, column 2: time.cool_down_days is missing"
    ]
    assert [str(each) for each in faults(whole)] == [
        "line 1, column 1: hold is missing"
    ]


def test_everything_is_told_at_once():
    """In the order of the file."""
    text = (
        TEXT.replace("cool_down_days = 180", "cool_down_days = -1")
        .replace("live = 2", "lives = 2")
        .replace("percent = 80", "percent = 100")
    )
    got = faults(text)

    assert [each.key for each in got] == [
        "time.cool_down_days",
        "hold.live",
        "",
        "anomaly.large_share.percent",
    ]
    assert sorted(got) == list(got)


@pytest.mark.parametrize("value", ["1", '"x"', "[1]"])
def test_what_is_no_table_is_told(value):
    """Whatever stands there instead, and what depends on it is passed by."""
    tables = [key for key, inside in KEYS.items() if isinstance(inside, dict)]
    lines = "\n".join(f"{name} = {value}" for name in tables)
    got = faults(f'format = 4\nversion = "2026-12-1"\n{lines}\n')

    assert [(each.key, each.text) for each in got] == [
        (name, "must be a table") for name in tables
    ]


def test_what_stands_in_retention_instead_of_a_table():
    """Is one fault, and no error of ours."""
    start = TEXT.index("[retention.case]")
    got = faults(TEXT[:start] + "[retention]\ncase = 5\n")

    assert [str(each).split(": ")[1] for each in got] == [
        "retention.case must be a table"
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("#" * (MAX_TEXT + 1), f"is longer than {MAX_TEXT} characters"),
        ("a = " + "[" * 5000, "has values too deep inside one another"),
        ("a = " + "9" * 5000, "this is not TOML"),
        ("\ufeff" + TEXT, "this is not TOML"),
        ("\0", "this is not TOML"),
    ],
    ids=["long", "deep", "wide", "byte order mark", "nul"],
)
def test_what_no_file_should_be(text, said):
    """Is a fault like any other."""
    assert [each.text for each in faults(text)] == [said]


def test_a_removed_pair_may_contradict_a_merger():
    """Who takes over must be near what the merged one was near."""
    text = re.sub(r"(cities|towns) = .*", r"\1 = []", TEXT)
    text = text.replace("removed = []", 'removed = ["0003-0004"]')
    (fault,) = faults(text, AREAS)

    assert (fault.key, fault.place.line) == ("near.removed", line_of(text, "removed"))
    assert fault.text.startswith("contradicts a merger")


def test_near_is_changed_both_ways():
    """What is added and what is removed."""
    got = near(RULESET.table, {"added": ["0180-2480"], "removed": ["0180-0186"]})

    assert "2480" in got["0180"].near
    assert "0180" in got["2480"].near
    assert "0186" not in got["0180"].near
    assert "0180" not in got["0186"].near
    assert isinstance(got, Areas)


@pytest.mark.parametrize(
    ("sound", "instead", "key", "said"),
    [
        (
            "stays = 0",
            "stays = 11",
            "phantom.stays",
            "must be a whole number, 0 to 10",
        ),
        (
            "lead_days = [0, 0, 1, 2, 3, 5, 7, 14, 21, 30, 60]",
            "lead_days = [0, 2, 1]",
            "phantom.stay.lead_days",
            "must be 2 to 101 whole numbers that rise, 0 to 366",
        ),
        (
            "lead_days = [0, 0,",
            "lead_days = [0, true,",
            "phantom.stay.lead_days",
            "must be 2 to 101 whole numbers that rise, 0 to 366",
        ),
        (
            "lead_days = [0, 0, 1, 2, 3, 5, 7, 14, 21, 30, 60]",
            "lead_days = 3",
            "phantom.stay.lead_days",
            "must be 2 to 101 whole numbers that rise, 0 to 366",
        ),
        (
            "540, 900]",
            "540, 1097]",
            "phantom.stay.days",
            "must be 2 to 101 whole numbers that rise, 0 to 1096",
        ),
        (
            "days = [14, 45, 80, 110, 150, 190, 240, 300, 370, 540, 900]",
            "days = [13, 14]",
            "phantom.stay.days",
            "must have a mean of 14 or more",
        ),
        (
            'cities = ["0180", "1280", "1480"]',
            'cities = ["0180", "9999"]',
            "phantom.weight.cities",
            "must name a municipality that there is",
        ),
        (
            'cities = ["0180", "1280", "1480"]',
            'cities = ["0180", "0123"]',
            "phantom.weight.towns",
            "has a code that stands twice",
        ),
        (
            'cities = ["0180", "1280", "1480"]',
            'cities = ["180"]',
            "phantom.weight.cities",
            'must be a list of codes, such as "0180"',
        ),
        (
            'cities = ["0180", "1280", "1480"]',
            "cities = 1",
            "phantom.weight.cities",
            'must be a list of codes, such as "0180"',
        ),
    ],
)
def test_what_is_wrong_with_phantoms(sound, instead, key, said):
    """Where, what, and what would be right."""
    (fault,) = faults(spoilt(sound, instead))

    assert (fault.key, fault.text) == (key, said)
    there = "towns =" if key.endswith("towns") else sound
    assert fault.place.line == line_of(TEXT, there)
