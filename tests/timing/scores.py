"""Whether two kinds of times differ: Welch's t on all and on cropped ones, and signs.

The cut-offs come from the first times that were measured, of both kinds together; those
are not tested. What is tested comes in pairs, measured one after the other, the order
thrown anew for each. So whatever disturbs the machine disturbs both kinds alike, and only
a difference between the kinds makes a score grow.

Source: Reparaz, Balasch, Verbauwhede: Dude, is my code constant time? (eprint 2016/1123).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import erfc, sqrt
from statistics import fmean, median, variance
from typing import Final

LIMIT: Final = 4.5
"""Of the absolute value of a score; more is a leak."""
CROPS: Final = 10
"""Cut-offs: half of all, three quarters, seven eighths and so on."""
SHARE: Final = 10
"""One of so many pairs is for the cut-offs alone."""
EARLY: Final = 3
"""Number of the cut-off for squares: a late answer's would hide all others."""
FEWEST: Final = 20
"""Of each kind; a test of fewer says nothing."""
TESTS: Final = CROPS + 4
"""Of one pair: all, each crop, squares, signs, late ones."""

Times = Sequence[float]


@dataclass(slots=True)
class Pairs:
    """Times of two kinds in seconds, measured in pairs.

    Attributes:
        first, second: the kinds.
        strange: pairs in which an answer was not of its kind.
    """

    first: list[float] = field(default_factory=list)
    second: list[float] = field(default_factory=list)
    strange: int = 0

    def add(self, first: float, second: float) -> None:
        """Keep a pair."""
        self.first.append(first)
        self.second.append(second)

    def extend(self, other: "Pairs") -> None:
        """Keep what somebody else measured."""
        self.first += other.first
        self.second += other.second
        self.strange += other.strange


@dataclass(frozen=True, slots=True)
class Score:
    """What one test says.

    Attributes:
        test: which.
        value: how many standard deviations the kinds are apart.
    """

    test: str
    value: float


@dataclass(frozen=True, slots=True)
class Judged:
    """What all tests say of two kinds.

    Attributes:
        pairs: how many were tested.
        medians: of each kind, seconds.
        late: of each kind, the share that took half a step more than the median of both.
        scores: of all tests.
    """

    pairs: int
    medians: tuple[float, float]
    late: tuple[float, float]
    scores: tuple[Score, ...]

    @property
    def worst(self) -> Score:
        """The score that is farthest from nothing."""
        return max(self.scores, key=lambda each: abs(each.value))

    @property
    def sign(self) -> float:
        """How likely so uneven signs are by chance, two-sided."""
        (z,) = (each.value for each in self.scores if each.test == "signs")
        return erfc(abs(z) / sqrt(2))

    @property
    def differ(self) -> bool:
        """Whether some test tells the kinds apart."""
        return abs(self.worst.value) >= LIMIT


def judge(pairs: Pairs, step: float) -> Judged:
    """Test two kinds in every way.

    Args:
        pairs: what was measured, in its order.
        step: seconds between two points of the grid; 0 for none.

    Raises:
        ValueError: too few pairs.
    """
    cut = len(pairs.first) // SHARE
    first, second = pairs.first[cut:], pairs.second[cut:]
    if cut < 1 or len(first) < FEWEST:
        raise ValueError("too few pairs")
    cuts = cut_offs([*pairs.first[:cut], *pairs.second[:cut]])
    centre = median([*first, *second])
    bound = centre + (step / 2 if step else centre)
    late = [[float(each > bound) for each in kind] for kind in (first, second)]
    return Judged(
        pairs=len(first),
        medians=(median(first), median(second)),
        late=(fmean(late[0]), fmean(late[1])),
        scores=(
            Score("all", welch(first, second)),
            *_cropped(first, second, cuts),
            Score("squares", welch(*map(squares, _below(first, second, cuts[EARLY])))),
            Score("signs", signs(first, second)),
            Score("late", welch(late[0], late[1])),
        ),
    )


def cut_offs(times: Times) -> list[float]:
    """Return the times below which half of all are, three quarters, and so on."""
    ordered = sorted(times)
    return [
        ordered[int((len(ordered) - 1) * (1 - 0.5**number))]
        for number in range(1, CROPS + 1)
    ]


def welch(first: Times, second: Times) -> float:
    """Return Welch's t; nothing, if either has fewer than two values."""
    if min(len(first), len(second)) < 2:
        return 0.0
    error = variance(first) / len(first) + variance(second) / len(second)
    apart = fmean(first) - fmean(second)
    if error:
        return apart / sqrt(error)
    return 0.0 if not apart else float("inf") if apart > 0 else float("-inf")


def squares(times: Times) -> list[float]:
    """Return how far each is from the mean, squared: for tests of the second order."""
    mean = fmean(times) if times else 0.0
    return [(each - mean) ** 2 for each in times]


def signs(first: Times, second: Times) -> float:
    """Return how far from even it is which of two is the slower one, in deviations."""
    more = sum(one > other for one, other in zip(first, second, strict=True))
    less = sum(one < other for one, other in zip(first, second, strict=True))
    return (more - less) / sqrt(more + less) if more + less else 0.0


def _cropped(first: Times, second: Times, cuts: Times) -> Iterator[Score]:
    for number, cut in enumerate(cuts, 1):
        yield Score(f"below {1 - 0.5**number:.2%}", welch(*_below(first, second, cut)))


def _below(first: Times, second: Times, cut: float) -> tuple[Times, Times]:
    """Return the times below a cut-off; none, if they are too few."""
    kept = [[each for each in kind if each < cut] for kind in (first, second)]
    return (kept[0], kept[1]) if min(map(len, kept)) >= FEWEST else ((), ())
