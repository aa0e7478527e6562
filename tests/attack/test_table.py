"""The table is what the rules say."""

from kit.drawn import SHIPPED
from kit.world import NOW

from tests.attack.sources import sound
from tests.attack.table import Here, Table, compare, phantoms_here, real_here
from tests.attack.worlds import TOWN, Nation


def _compared(seen=None):
    nation = Nation(1, SHIPPED, TOWN)
    phantoms = sound(b"key")(nation, NOW, 0)
    there = seen or real_here(nation) | phantoms_here(nation, phantoms)
    return compare(nation, Table(nation, there), phantoms, 5)


def test_the_table_answers_as_the_rules_do():
    """Five cases everywhere, with phantoms; and none is milder for them."""
    got = _compared()

    assert (got.cells, got.differences, got.milder) == (5 * 290, 0, 0)


def test_a_table_of_nobody_is_not_what_the_rules_say():
    """So the comparison can fail."""
    nobody = Here([0] * TOWN.groups, [0] * TOWN.groups)

    assert _compared(nobody).differences > 50
