"""How fast something grows: least squares, and how far off that may be."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

LEAST = 3
"""Points of which a slope and its error can be told."""
_T = (12.71, 4.30, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23)
"""By degrees of freedom, from one on; of more it is less."""


@dataclass(frozen=True, slots=True)
class Slope:
    """A line through points.

    Attributes:
        per_second: how fast it rises.
        error: the standard error of that.
        points: how many there were.
    """

    per_second: float
    error: float
    points: int

    @property
    def margin(self) -> float:
        """How far off it may be, 19 times of 20: the fewer points, the more errors.

        Source: quantiles 0.975 of Student's t.
        """
        freedom = self.points - 2
        return self.error * (_T[freedom - 1] if freedom <= len(_T) else _T[-1])


def blocks(
    points: Sequence[tuple[float, float]], seconds: float
) -> list[tuple[float, float]]:
    """Return the least of each whole block of so many seconds, in its middle.

    What is sampled each second hardly differs from the second before, so that as many
    samples as one likes would say the same with ever smaller an error. Longer stretches
    are nearly free of each other; and what grows for good raises the least of each.
    """
    if not points:
        return []
    began, found = points[0][0], {}
    for at, value in points:
        found.setdefault(int((at - began) // seconds), []).append((at, value))
    last = int((points[-1][0] - began) // seconds)
    return [
        (fmean(at for at, _ in block), min(value for _, value in block))
        for number, block in found.items()
        if number < last
    ]


def slope(points: Sequence[tuple[float, float]]) -> Slope | None:
    """Fit a line; return ``None`` if there are too few points."""
    if len(points) < LEAST:
        return None
    middle = fmean(at for at, _ in points)
    height = fmean(value for _, value in points)
    spread = sum((at - middle) ** 2 for at, _ in points)
    rise = sum((at - middle) * (value - height) for at, value in points) / spread
    left = sum((value - height - rise * (at - middle)) ** 2 for at, value in points)
    return Slope(rise, math.sqrt(left / (len(points) - 2) / spread), len(points))
