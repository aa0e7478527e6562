"""Municipalities, what is near, and mergers (R9)."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kit.world import RULESET

from placement.domain.areas import Area, Areas, parse_areas
from placement.domain.terms import AreaCode, Day, day_of

HEAD = "code,name,county_name,police_region,neighbour_codes,near_2km_codes,water_link_codes"
TABLE = f"""{HEAD},valid_from,valid_to,successor
0001,Östby,Län,Öst,0002 0003,,,,,
0002,Västby,Län,Väst,0001,0003,,,2027-01-01,0003
0003,Åby,Län,Väst,0001,0002,,2026-01-01,,
"""


def area(code: str, *near: str, **given: object) -> Area:
    return Area(
        code=AreaCode(code),
        near=frozenset(AreaCode(other) for other in near),
        **{"name": code, "county": "county", "police_region": "syd", **given},
    )


def test_parse():
    """The table is read with its borders, bridges, mergers and plain region names."""
    got = parse_areas(TABLE)["0002"]

    assert got == Area(
        code=AreaCode("0002"),
        name="Västby",
        county="Län",
        police_region="vast",
        near=frozenset({AreaCode("0001"), AreaCode("0003")}),
        valid_to=day_of(date(2027, 1, 1)),
        successor=AreaCode("0003"),
    )


def test_parse_without_mergers():
    """The columns of mergers may be missing."""
    text = f"{HEAD}\n0001,Östby,Län,Öst,,,\n"
    got = parse_areas(text)["0001"]

    assert got == area("0001", name="Östby", county="Län", police_region="ost")


def test_the_country():
    """There are 290 municipalities, all in use, and near goes both ways."""
    areas = RULESET.areas
    got = (
        len(areas),
        all(areas[code].valid_on(Day(20000)) for code in areas),
        all(code in areas[near].near for code in areas for near in areas[code].near),
        sum(map(len, map(areas.policed_by, {a.police_region for a in areas.values()}))),
    )

    assert got == (290, True, True, 290)


@pytest.mark.parametrize(
    ("code", "near", "expected"),
    [
        ("0184", "0183", True),  # a border
        ("0186", "0180", True),  # a bridge
        ("1480", "1407", True),  # a ferry
        ("0184", "0136", False),
    ],
)
def test_near(code, near, expected):
    """A border, two kilometres or a water link make an area near."""
    got = near in RULESET.areas[code].near

    assert got == expected


@pytest.mark.parametrize(
    ("day", "expected"), [(9, False), (10, True), (19, True), (20, False)]
)
def test_valid_on(day, expected):
    """A code is in use from its first day to the one before its last."""
    got = area("0001", valid_from=Day(10), valid_to=Day(20)).valid_on(Day(day))

    assert got == expected


def test_policed_by():
    """A region's codes are found by its plain name."""
    got = parse_areas(TABLE).policed_by("vast")

    assert got == ("0002", "0003")


@pytest.mark.parametrize(
    "rows",
    [
        (area("0001"), area("0001")),
        (area("001"),),
        (area("00001"),),
        (area("000\u0661"),),
        (area("0001\n"),),
        (area("0001", "0001"),),
        (area("0001", "0002"), area("0002")),
        (area("0001", "0002"),),
        (area("0001", valid_to=Day(5)),),
        (area("0001", successor="0002"), area("0002")),
        (area("0001", valid_to=Day(5), successor="0002"),),
        (
            area("0001", valid_to=Day(5), successor="0002"),
            area("0002", valid_from=Day(6)),
        ),
        (
            area("0001", valid_to=Day(5), successor="0002"),
            area("0002", valid_to=Day(5), successor="0001"),
        ),
        (
            area("0001", "0003", valid_to=Day(5), successor="0002"),
            area("0002"),
            area("0003", "0001"),
        ),
    ],
)
def test_a_table_that_contradicts_itself_is_refused(rows):
    """Doubles, odd codes, lopsided borders, mergers into nothing or out of a ring."""
    with pytest.raises(ValueError):  # noqa: PT011 (any reason will do)
        Areas(rows)


@given(st.permutations(range(6)), st.data())
def test_lineage_follows_every_merger(order, data):
    """All codes that end in one place are one place, whatever the table's order."""
    heirs = {
        index: data.draw(st.integers(index + 1, 6), label="successor")
        for index in range(6)
        if data.draw(st.booleans(), label="merged")
    }
    rows = [
        area(
            f"000{index}",
            valid_to=Day(index) if index in heirs else None,
            successor=AreaCode(f"000{heirs[index]}") if index in heirs else None,
        )
        for index in (*order, 6)
    ]
    areas = Areas(rows)
    got = {code: set(areas.lineage(code)) for code in areas}

    assert got == {
        code: {other for other in areas if _heir(areas, other) == _heir(areas, code)}
        for code in areas
    }
    some = frozenset(
        data.draw(st.sets(st.sampled_from(rows)))
    )  # and one that is unknown
    codes = frozenset(each.code for each in some) | {"9999"}
    assert areas.merged(codes) == codes.union(*(got.get(code, ()) for code in codes))


def _heir(areas, code):
    successor = areas[code].successor
    return code if successor is None else _heir(areas, successor)
