"""Rivalries are not hidden, and the harness says so."""

from tests.attack.edges import recover
from tests.attack.measuring import SHORT, scene
from tests.attack.table import Table


def test_rivalries_are_learnt_within_the_budgets_and_among_phantoms():
    """Nearly all of those among the coalition's own groups."""
    here = scene(1, SHORT)
    got = recover(here.nation, Table(here.nation, here.seen), 20, budget=True)

    assert got.edges > 10
    assert got.right > 0.6 * got.edges
    assert got.areas <= 6 * 60
