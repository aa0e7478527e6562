"""What stays of R10 between two questions, and for how long."""

from dataclasses import replace

import pytest
from kit.world import RULESET, TODAY, World, token

from placement.domain.coverage import Coverage

AREA = "1480"
NEAR = RULESET.areas.near(AREA)


def fresh(coverage, *, ruleset=RULESET, today=TODAY):
    return coverage.is_fresh(AREA, ruleset, today)


def test_it_follows_statements_the_day_and_the_ruleset():
    """None of what was found before outlives what it was found from."""
    world = World()
    world.cover(AREA, *NEAR[1:], region="national", age=20)
    got = world.state.coverage

    assert not fresh(got)
    world.cover(NEAR[0], region="national", age=20)
    assert fresh(got)
    assert not fresh(got, today=TODAY - 21)  # not attested yet
    assert fresh(got)
    strict = replace(RULESET, coverage_days=19)
    assert not fresh(got, ruleset=strict)
    assert fresh(got)
    assert not fresh(got, today=TODAY + RULESET.coverage_days)


def test_a_statement_that_is_taken_out_covers_nothing():
    """And was there only once."""
    world = World()
    world.cover(AREA, *NEAR, region="national")
    (statement,) = world.state.coverage.of(AREA)
    got = Coverage()
    for code in (AREA, *NEAR):
        got.put(code, statement.id, statement)

    assert fresh(got)
    got.drop(NEAR[0], statement.id)
    assert not fresh(got)
    with pytest.raises(KeyError):
        got.drop(NEAR[0], token("x"))
