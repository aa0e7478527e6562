"""One hidden person is found without phantoms, and seldom with them."""

from random import Random

from tests.attack.chances import best_guess
from tests.attack.hunt import MARKS, Hunted, hunt
from tests.attack.measuring import SHORT, scene

HERE = scene(1, SHORT)


def hunted(control, cases=None):
    """Hunt people of small and medium groups."""
    known, seen = HERE.of(control)
    draw, found = Random("hunt"), Hunted()
    groups = [
        group
        for group, size in enumerate(HERE.nation.sizes)
        if size <= 2 and HERE.nation.rivals[group]
    ]
    for _ in range(40):
        group = draw.choice(groups)
        many = known.phantoms_of(group)
        bound = best_guess(many) if many else 1.0
        found.add(
            hunt(HERE.nation, known, seen, draw, cases=cases, group=group, bound=bound)
        )
    return found


def test_phantoms_hide_who_is_found_without_them():
    """The mean belief in the right place is many times less."""
    free, haunted = hunted("none"), hunted("phantoms")

    assert free.truth / free.hunts > 0.4
    assert haunted.truth / haunted.hunts < 0.2
    assert haunted.questions > free.questions


def test_belief_begins_at_the_prior_and_is_noted_on_the_way():
    """One number for each mark; the first is what was known before."""
    got = hunted("phantoms")

    assert len(got.curve) == len(MARKS)
    assert got.curve[0] < got.prior
    assert got.curve[-1] == got.truth


def test_a_budget_ends_a_hunt():
    """Six areas for each of two cases."""
    got = hunted("both", cases=2)

    assert got.questions <= 2 * 6 * got.hunts
    assert got.left > 250 * got.hunts
