"""Nobody can tell whether a person is on record."""

from tests.attack.measuring import SHORT, scene
from tests.attack.pairs import Paired, pair


def test_one_more_person_changes_what_the_rules_say_of_him_and_nothing_else():
    """Phantoms, replies and strangers' answers are the same."""
    here, got = scene(5, SHORT), Paired()
    for number in range(4):
        got.add(pair(here.nation, here.source, number))

    assert (got.pairs, got.differ) == (4, 0)
    assert got.told > 0
