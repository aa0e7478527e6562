"""The slope of a line, and how far off it may be."""

import random

import pytest

from tests.soak.slope import Slope, blocks, slope


def test_a_straight_line_has_no_error():
    """Whatever it begins with."""
    got = slope([(at, 5.0 + 3.0 * at) for at in range(10)])

    assert got is not None
    assert got.per_second == pytest.approx(3.0)
    assert got.error == pytest.approx(0.0, abs=1e-9)


def test_four_points_by_hand():
    """Worked out on paper: 0, 1, 1, 2 rise by 0.6; what is left is 0.2 in squares."""
    got = slope([(0, 0), (1, 1), (2, 1), (3, 2)])

    assert got == Slope(pytest.approx(0.6), pytest.approx((0.2 / 2 / 5) ** 0.5), 4)


def test_too_few_points():
    """Two points have a line, and no error."""
    assert slope([(0, 0), (1, 1)]) is None


@pytest.mark.parametrize("points", [4, 6, 20])
def test_noise_is_within_the_margin_mostly(points):
    """As many times as it should, of few points, too."""
    draw, inside = random.Random(7), 0
    for _ in range(400):
        got = slope([(at, 0.5 * at + draw.gauss(0, 3)) for at in range(points)])
        inside += abs(got.per_second - 0.5) <= got.margin

    assert 0.92 <= inside / 400 <= 0.98


def test_of_whole_blocks_the_least_counts():
    """What is left over at the end belongs to none."""
    got = blocks([(float(at), float(at % 4)) for at in range(10)], 4)

    assert got == [(1.5, 0.0), (5.5, 0.0)]
    assert blocks([], 4) == []
