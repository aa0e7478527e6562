"""Nations are drawn as the ruleset says, by their seed."""

from kit.drawn import SHIPPED
from kit.world import NOW, TODAY

from placement.domain.terms import Window
from tests.attack.worlds import NATION, TOWN, Nation, instant, mean_days


def test_a_seed_gives_one_nation():
    """Again the same stays and rivalries; another seed gives others."""
    one, again, other = (Nation(seed, SHIPPED, TOWN) for seed in (1, 1, 2))

    assert (one.stays, one.rivals) == (again.stays, again.rivals)
    assert (one.stays, one.rivals) != (other.stays, other.rivals)


def test_as_many_stay_as_are_to_be_expected():
    """Over a year, within a tenth."""
    nation = Nation(1, SHIPPED, TOWN)
    counts = [
        sum(each.noted <= instant(week) < each.gone for each in nation.stays)
        for week in range(0, 52, 4)
    ]
    got = sum(counts) / len(counts)

    assert abs(got - TOWN.stays) < TOWN.stays / 5


def test_a_group_is_said_to_be_no_smaller_than_it_is():
    """So that it has phantoms enough; in a nation every group fits a size."""
    nation = Nation(1, SHIPPED, TOWN)
    zipf = [(n + 1) ** -NATION.slope for n in range(NATION.groups)]
    got = [
        SHIPPED.phantoms.sizes[size - 1] >= expected
        for size, expected in zip(nation.sizes, nation.expected, strict=True)
    ]

    assert all(got)
    assert NATION.stays / sum(zipf) <= SHIPPED.phantoms.sizes[-1]


def test_what_is_on_record_is_who_is_there():
    """Each stay that counts now is a placement, and no other is."""
    nation = Nation(3, SHIPPED, TOWN)
    window = Window(start=TODAY)
    got = sorted(
        (each.area, each.valid_from)
        for each in nation.world.state.placements.values()
        if each.live(NOW) and window.overlaps(each.valid_from, each.valid_to)
    )
    acting = nation.acting(NOW, window)

    assert got == sorted((nation.codes[each.area], each.first) for each in acting)


def test_a_stay_counts_some_months():
    """By the quantiles of the ruleset."""
    assert 180 < mean_days(SHIPPED) < 260
