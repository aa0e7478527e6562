"""Scores stay small where nothing differs, and grow where something does."""

from random import Random

import pytest

from tests.timing.scores import (
    CROPS,
    LIMIT,
    TESTS,
    Pairs,
    cut_offs,
    judge,
    signs,
    squares,
    welch,
)

STEP = 0.025


def drawn(seed, pairs=300, *, late=0.03, shift=0.0, later=None, spread=1.0):
    """Times on a grid, of a machine that drifts and is late now and then."""
    draw, found = Random(seed), Pairs()
    for number in range(pairs):
        drift = 0.0005 * (number // 50 % 3)
        times = [
            STEP
            + drift
            + scale * draw.expovariate(2000)
            + STEP * (draw.random() < share)
            for scale, share in (
                (1.0, late),
                (spread, late if later is None else later),
            )
        ]
        found.add(times[0], times[1] + shift)
    return found


def test_welch_is_what_the_books_say():
    """Means 3 and 5, variances 2.5 and 10, five of each."""
    got = welch([1, 2, 3, 4, 5], [1, 3, 5, 7, 9])

    assert got == pytest.approx(-2 / (2.5 / 5 + 10 / 5) ** 0.5)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ([1.0], [2.0, 3.0], 0.0),
        ([1.0, 1.0], [1.0, 1.0], 0.0),
        ([2.0, 2.0], [1.0, 1.0], float("inf")),
        ([1.0, 1.0], [2.0, 2.0], float("-inf")),
    ],
)
def test_times_that_never_change_have_a_score(first, second, expected):
    """Nothing of too few; without spread any difference is as large as can be."""
    assert welch(first, second) == expected


def test_cut_offs_are_halves_of_what_is_left():
    """Below the first half of all, then three quarters, seven eighths."""
    got = cut_offs(range(1025))

    assert got[:3] == [512, 768, 896]
    assert len(got) == CROPS


def test_squares_are_about_the_mean():
    """Of 1, 2, 3."""
    assert squares([1, 2, 3]) == [1, 0, 1]


def test_signs_count_what_is_slower():
    """Three of four, one tie."""
    got = signs([2, 2, 2, 0, 5], [1, 1, 1, 1, 5])

    assert got == pytest.approx(2 / 4**0.5)
    assert signs([1], [1]) == 0


@pytest.mark.slow
def test_nothing_is_found_where_nothing_is():
    """Of 300 pairs of kinds that are alike, in a machine that drifts, none differs."""
    worst = [abs(judge(drawn(seed), STEP).worst.value) for seed in range(300)]

    assert max(worst) < LIMIT
    assert sorted(worst)[150] > 1  # the tests do say something


@pytest.mark.parametrize(
    ("what", "how"),
    [
        ("below 50.00%", {"shift": 0.0005}),
        ("late", {"later": 0.25}),
        ("squares", {"spread": 3.0, "late": 0.005}),
    ],
)
def test_each_way_to_differ_is_found(what, how):
    """A shift, a point missed oftener, a spread: each by a test that is made for it."""
    judged = judge(drawn(1, **how), STEP)
    scores = {each.test: each.value for each in judged.scores}

    assert judged.differ
    assert abs(scores[what]) >= LIMIT
    assert len(judged.scores) == TESTS


def test_a_judgement_tells_what_it_rests_on():
    """Pairs without those for the cut-offs, medians, late ones, how likely the signs."""
    pairs = Pairs([1.0, 2.0] * 50, [2.0, 52.0] * 50)
    got = judge(pairs, 25)

    assert got.pairs == 90
    assert got.medians == pytest.approx((1.5, 27.0))
    assert got.late == (0.0, 0.5)
    assert got.sign < 1e-20
    assert got.differ
    assert abs(got.worst.value) > LIMIT


def test_too_few_pairs_say_nothing():
    """Neither that kinds differ nor that they don't."""
    with pytest.raises(ValueError, match="too few pairs"):
        judge(Pairs([1.0] * 20, [1.0] * 20), STEP)


def test_what_two_measured_is_kept_together():
    """Times in their order, and the strange ones."""
    one, other = Pairs([1.0], [2.0], 1), Pairs([3.0], [4.0], 2)
    one.extend(other)

    assert one == Pairs([1.0, 3.0], [2.0, 4.0], 3)
