"""Coalitions find everybody without phantoms, and nobody with them."""

import pytest
from kit.world import NOW

from tests.attack.measuring import SHORT, scene
from tests.attack.static import Beliefs, Purse, coalition, oracle, questions
from tests.attack.table import Table


@pytest.fixture(scope="module")
def here():
    return scene(1, SHORT)


def held(here, control, many=None, *, budget=False):
    """Return what a coalition comes to believe."""
    known, seen = here.of(control)
    asked = questions(here.nation, coalition(here.nation, many), budget=budget)
    beliefs = Beliefs(here.nation, Table(here.nation, seen), known, asked, SHORT.effort)
    return beliefs.judged(here.real)


def test_without_phantoms_whoever_asks_everything_finds_everybody(here):
    """With no doubt."""
    got = held(here, "none")

    assert got.cells > 50
    assert got.over_nine > 0.9 * got.cells


def test_with_phantoms_whoever_asks_everything_finds_nobody(here):
    """No cell is held with more than one half."""
    got = held(here, "phantoms")

    assert (got.over_half, got.wrong, got.over_bound) == (0, 0, 0)
    assert 0.3 < got.highest < 0.5
    assert got.brier < got.before


def test_whoever_is_told_everything_finds_nobody(here):
    """The oracle's beliefs are within the bound, and what it sees is seldom real."""
    got = oracle(here.nation, here.seen, here.real, here.of("both")[0])

    assert (got.over_half, got.wrong, got.over_bound) == (0, 0, 0)
    assert sum(each.cells for each in got.bins) > 100


def test_budgets_are_the_services(here):
    """Six areas a case; a second question about one is free."""
    purse = Purse(here.nation, NOW)
    paid = [purse.pays(0, area) for area in range(8)]

    assert paid == [True] * 6 + [False] * 2
    assert purse.pays(0, 0)
    assert purse.pays(1, 7)
