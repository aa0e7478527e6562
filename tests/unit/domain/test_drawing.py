"""Phantoms are drawn as the law says, and move for nothing."""

from collections import Counter
from dataclasses import replace
from itertools import pairwise
from math import comb, exp, log, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kit.drawn import (
    HOURS,
    NO_HOUSES,
    SHIPPED,
    arrivals,
    chances,
    drawing,
    groups,
    stay,
    stream_of,
)
from kit.often import often
from kit.small import AREAS
from kit.world import token

from placement.domain import drawing as module
from placement.domain.areas import Areas
from placement.domain.drawing import SLOTS, Drawing, first_of, month_of
from placement.domain.facts import Facility
from placement.domain.terms import (
    MICROS_AN_HOUR,
    AreaCode,
    Day,
    FacilityToken,
    GroupSize,
    ProviderToken,
    start_of,
    stockholm_day,
)

TODAY = Day(20_600)
NOON = start_of(TODAY) + 12 * MICROS_AN_HOUR
JULY = month_of(TODAY)
MANY = groups(200)
DRAWN = drawing()
ALL = arrivals(DRAWN, DRAWN.months(TODAY), MANY)
THERE = [each for each in ALL if each.noted <= NOON < each.gone]
YEAR = range(JULY - 12, JULY)
"""Months that are over."""


def house(name, area="0180", provider="firm"):
    return Facility(
        token=FacilityToken(token(name)),
        provider=ProviderToken(token(provider)),
        area=AreaCode(area),
    )


def deviates(found, tried, likely):
    """Tell by how many standard deviations a count is off."""
    return abs(found - tried * likely) / sqrt(tried * likely * (1 - likely))


@pytest.mark.parametrize(
    ("areas", "weight"), [(SHIPPED.phantoms.cities, 10), (SHIPPED.phantoms.towns, 3)]
)
def test_a_cell_holds_one_as_often_as_the_ruleset_says(areas, weight):
    """The chance is stays times the prior: size times weight over all weights."""
    total = sum(
        10
        if code in SHIPPED.phantoms.cities
        else 3
        if code in SHIPPED.phantoms.towns
        else 1
        for code in SHIPPED.areas
    )
    likely = 2 * 4 * weight / total
    held = {(each.group, each.area) for each in THERE if each.area in areas}
    got = deviates(len(held), len(MANY) * len(areas), likely)

    assert got < 4


@pytest.mark.slow
def test_no_cell_is_likelier_than_its_cap_or_less_likely_than_the_floor():
    """A very large group is cut at the prior; a small one never falls below the floor."""
    found = {}
    for size, code in ((GroupSize.VERY_LARGE, "0180"), (GroupSize.SMALL, "0114")):
        drawn = arrivals(DRAWN, DRAWN.months(TODAY), groups(600), size)
        held = {e.group for e in drawn if e.noted <= NOON < e.gone and e.area == code}
        found[size] = len(held)
    got = deviates(found[GroupSize.VERY_LARGE], 600, 0.45)

    assert got < 4
    assert deviates(found[GroupSize.SMALL], 600, 0.01) < 4


def test_arrivals_of_a_cell_and_a_month_are_poisson():
    """Cell by cell and month by month the counts are as Poisson's law says."""
    codes, months = SHIPPED.phantoms.cities, YEAR
    counts = Counter(
        (each.group, each.area, month_of(stockholm_day(each.noted)))
        for each in ALL
        if each.area in codes and month_of(stockholm_day(each.noted)) in months
    )
    cells = len(MANY) * len(codes) * len(months)
    mean = sum(counts.values()) / cells
    tally = Counter(counts.values())
    tally[0] = cells - len(counts)
    got = [
        deviates(tally[k], cells, exp(-mean) * mean**k / [1, 1, 2][k])
        for k in (0, 1, 2)
    ]

    assert max(got) < 4
    assert mean == pytest.approx(-log(1 - 80 / 373) * 30.4 / DRAWN_DAYS, rel=0.1)


DRAWN_DAYS = float(DRAWN._hours) / 24


def test_cells_are_independent():
    """Two areas hold a group's phantoms together no oftener than chance says."""
    one, other = (
        {each.group for each in arrivals(DRAWN, YEAR, groups(600)) if each.area == code}
        for code in ("1280", "1480")
    )
    got = deviates(len(one & other), 600, len(one) / 600 * len(other) / 600)

    assert got < 4


def test_stays_are_as_long_as_the_quantiles_say():
    """A tenth of those that are no holds lies between each two quantiles."""
    days = [
        each.valid_to - each.valid_from for each in ALL if each.valid_to is not None
    ]
    between = Counter(
        next(i for i, high in enumerate(SHIPPED.phantoms.stay.days[1:]) if day <= high)
        for day in days
    )
    got = [deviates(between[i], len(days), 0.1) for i in range(10)]

    assert max(got) < 4.5


def test_holds_lapse_to_the_second_and_some_after_an_extension():
    """A fifth are holds; a quarter of them stand longer, up to twice the time."""
    whole = HOURS * MICROS_AN_HOUR
    held = [
        each.gone - each.noted for each in ALL if each.gone - each.noted <= 2 * whole
    ]
    longer = [each for each in held if each != whole]

    assert deviates(len(held), len(ALL), 0.2) < 4
    assert deviates(len(longer), len(held), 0.25) < 4
    assert all(whole < each < 2 * whole for each in longer)


def test_nothing_arrives_or_ends_when_nobody_works():
    """Arrivals and moves are on weekdays from 8 to 17; a hold lapses whenever it does."""
    moves = [
        at
        for each in ALL
        for at in (
            (each.noted, each.gone)
            if each.gone - each.noted > 2 * HOURS * MICROS_AN_HOUR
            else (each.noted,)
        )
    ]
    hours = {(at - start_of(stockholm_day(at))) // MICROS_AN_HOUR for at in moves}

    assert {(stockholm_day(at) + 3) % 7 for at in moves} == set(range(5))
    assert hours == set(range(8, 17))


def test_shares_are_those_of_the_ruleset():
    """So many are open, soft and housed as it says."""
    housed = arrivals(DRAWN, YEAR, MANY, houses={"0180": [house("one"), house("two")]})
    here = [each for each in housed if each.area == "0180"]

    assert deviates(sum(each.valid_to is None for each in ALL), len(ALL), 0.4) < 4
    assert deviates(sum(not each.firm for each in ALL), len(ALL), 0.2) < 4
    assert deviates(sum(e.facility is not None for e in here), len(here), 0.6) < 4
    assert {e.provider for e in here} == {None, token("firm")}
    assert {e.facility for e in housed if e.area != "0180"} == {None}


@often(15)
@given(
    st.binary(min_size=4, max_size=4),
    st.tuples(st.integers(0, 5), st.integers(0, 4)),
    st.tuples(st.integers(0, 100), st.integers(0, 100)),
    st.sampled_from(list(pairwise(GroupSize))),
)
def test_more_only_adds(key, stays, floor, sizes):
    """More stays, a higher floor and a larger group leave every other phantom as it is."""
    small = drawing(key, stays=stays[0], floor=floor[0])
    large = drawing(key, stays=sum(stays), floor=sum(floor))
    few = arrivals(small, range(JULY, JULY + 3), MANY[:5], sizes[0])
    many = arrivals(large, range(JULY, JULY + 3), MANY[:5], sizes[1])

    assert set(few) <= set(many)


def test_another_group_changes_nothing():
    """What is drawn for a group does not know the others."""
    alone = arrivals(DRAWN, YEAR, MANY[:1])
    beside = arrivals(DRAWN, YEAR, MANY[:9])

    assert [each for each in beside if each.group == MANY[0]] == alone


def test_a_new_house_takes_its_share_and_moves_nobody_else():
    """With a third house, whoever does not live there lives where they did."""
    two = [house("one"), house("two")]
    before = {e.id: e for e in arrivals(DRAWN, YEAR, MANY, houses={"0180": two})}
    three = {"0180": [*two, house("three")]}
    after = arrivals(DRAWN, YEAR, MANY, houses=three)
    moved = [each for each in after if each != before[each.id]]

    assert {each.facility for each in moved} == {token("three")}


def test_an_area_that_comes_later_moves_nobody():
    """A new municipality stands behind the others, whatever its code."""
    first = AREAS["0001"]
    late = replace(
        first, code=AreaCode("0000"), near=frozenset(), valid_from=Day(20_000)
    )
    grown = Areas((*AREAS.values(), late))
    before = arrivals(drawing(areas=AREAS, prior=1), YEAR, MANY)
    after = arrivals(drawing(areas=grown, prior=1), YEAR, MANY)

    assert [each for each in after if each.area != "0000"] == before
    assert any(each.area == "0000" for each in after)


def test_nobody_is_placed_where_there_is_no_municipality_any_more():
    """A code that merged has none from then on."""
    found = arrivals(drawing(areas=AREAS), YEAR, MANY)
    gone = AREAS["0005"].valid_to

    assert all(
        first_of(month_of(stockholm_day(e.noted))) < gone
        for e in found
        if e.area == "0005"
    )


def test_other_keys_have_other_phantoms():
    """Nobody can draw them without the key."""
    one, other = (arrivals(drawing(key), YEAR, MANY[:9]) for key in (b"1", b"2"))

    assert not {each.id for each in one} & {each.id for each in other}


def test_without_stays_and_floor_there_are_none():
    """And the ruleset says so."""
    none = drawing(stays=0, floor=0)

    assert arrivals(none, YEAR, MANY[:20]) == []
    assert chances(stays=0, floor=0).none
    assert not SHIPPED.phantoms.none


def test_every_stay_that_can_still_be_there_is_looked_for():
    """The months reach back as far as the longest stay, or the longest hold."""
    months = DRAWN.months(TODAY)
    held = Drawing(
        stream_of(b"key"), stay(days=(14, 14), lead_days=(0, 0)), SHIPPED.areas, 8784
    )
    oldest = arrivals(DRAWN, range(months[0] - 12, months[0]), MANY)

    assert max(each.gone for each in oldest) < NOON
    assert len(months) == 32
    assert held.months(TODAY)[0] == month_of(Day(TODAY - 2 * 366 - 7))


def test_the_law_of_a_block_is_exact():
    """The thresholds are those of Poisson's law to the last of 64 bits."""
    total, got = 0.0, []
    for count, threshold in enumerate(module._COUNTS):
        total += exp(-4) * 4**count / (comb(count, count) * _factorial(count))
        got.append(abs(threshold / 2**64 - total))

    assert max(got) < 1e-12
    assert module._COUNTS[-1] == 2**64 - 1


def _factorial(number):
    return number * _factorial(number - 1) if number else 1


def test_more_areas_than_slots_are_refused():
    """Nobody would be placed in those that have none."""
    first = AREAS["0001"]
    rows = [
        replace(first, code=AreaCode(f"{number:04}"), near=frozenset())
        for number in range(SLOTS + 1)
    ]

    with pytest.raises(ValueError, match="slots"):
        drawing(areas=Areas(rows))


def test_no_houses_are_known_of_other_areas():
    """A phantom lives in a house of its own area, or in none."""
    found = arrivals(DRAWN, YEAR, MANY[:50], houses=NO_HOUSES)

    assert {each.facility for each in found} == {None}
