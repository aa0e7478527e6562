"""The sampler draws by the law that it is given."""

import itertools

import pytest

from tests.attack.sampler import Puzzle, Sampler

LIKELY = (0.3, 0.1, 0.05)
NEEDS = ((1, (0, 1)), (1, (1, 2)))


def exact() -> list[float]:
    """Count every way in which the needs are met."""
    total, sums = 0.0, [0.0] * len(LIKELY)
    for ways in itertools.product((0, 1), repeat=len(LIKELY)):
        if all(any(ways[each] for each in members) for _, members in NEEDS):
            weight = 1.0
            for there, chance in zip(ways, LIKELY, strict=True):
                weight *= chance if there else 1 - chance
            total += weight
            sums = [s + weight * there for s, there in zip(sums, ways, strict=True)]
    return [each / total for each in sums]


def test_beliefs_are_those_of_counting_every_way():
    """Of three variables and two answers, in one area."""
    puzzle = Puzzle(
        alive=(1, 1, 1),
        needs=NEEDS,
        likely=[(each,) for each in LIKELY],
        kinds=[[0]],
        areas=1,
    )
    sampler = Sampler(puzzle, 512, "seed")
    for number in range(120):
        sampler.sweep()
        if number >= 40:
            sampler.count()
    got = [sampler.belief(each, 0) for each in range(3)]

    assert got == pytest.approx(exact(), abs=0.03)


def test_who_is_not_there_is_never_drawn():
    """An answer that left only one makes it certain."""
    puzzle = Puzzle(
        alive=(0, 1), needs=[(1, (0, 1))], likely=[(0.5,)] * 2, kinds=[[0]], areas=1
    )
    sampler = Sampler(puzzle, 8, "seed")
    sampler.sweep()
    sampler.count()

    assert [sampler.belief(each, 0) for each in range(2)] == [0.0, 1.0]
