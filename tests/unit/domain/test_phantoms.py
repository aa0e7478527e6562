"""Phantoms are found where the rules look, and act when they are there."""

import pytest
from kit.drawn import phantom, phantoms
from kit.world import NOW, TODAY, token

from placement.domain.phantoms import NOBODY, Phantoms
from placement.domain.terms import Day, Micros, Window

AREA = "0180"


def test_they_are_found_by_area_and_by_provider():
    """By the group that each belongs to."""
    here = phantom("A", AREA, NOW)
    housed = phantom("A", "0184", NOW, facility="red", provider="firm")
    found = phantoms(here, housed)

    assert found.in_area(AREA) == {token("A"): [here]}
    assert found.with_provider(token("firm")) == {token("A"): [housed]}
    assert found.in_area("1480") == found.with_provider(token("other")) == {}


def test_merged_groups_are_found_under_the_token_that_stands_for_them():
    """The rules see one group."""
    one, other = phantom("A", AREA, NOW), phantom("B", AREA, NOW)
    found = Phantoms((one, other), lambda _: token("A"))

    assert found.in_area(AREA) == {token("A"): [one, other]}


@pytest.mark.parametrize(
    ("given", "acts"),
    [
        ({}, True),
        ({"noted": NOW}, True),
        ({"noted": Micros(NOW + 1)}, False),
        ({"gone": NOW}, False),
        ({"valid_from": Day(TODAY + 10)}, False),
        ({"valid_from": Day(TODAY + 9)}, True),
        ({"valid_to": TODAY}, False),
        ({"valid_to": Day(TODAY + 1)}, True),
    ],
)
def test_one_acts_while_it_is_noted_and_for_the_days_that_are_planned(given, acts):
    """As a placement does."""
    window = Window(start=TODAY, end=Day(TODAY + 10))

    assert phantom("A", AREA, NOW, **given).acts(window, NOW) is acts


def test_nobody_is_nowhere():
    """The real picture alone."""
    assert NOBODY.in_area(AREA) == {}
