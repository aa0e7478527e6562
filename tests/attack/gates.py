"""The gates: what must not be learnt, as numbers. One that is red fails the run."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from math import sqrt
from typing import Final

from tests.attack.hunt import Hunted
from tests.attack.measuring import AS_THEY_COME, Measured
from tests.attack.static import BINS, Bin, Found
from tests.attack.watch import Watched

SIGMAS: Final = 3
STAYS: Final = 2  # phantoms for each real stay
SLACK: Final = 0.03  # of flips
NEAR: Final = 0.02  # to the prior
GUARDED: Final = ("small", "medium")
"""Sizes of groups whose hunts have gates: those with fewest phantoms."""


@dataclass(frozen=True, slots=True)
class Gate:
    """One gate.

    Attributes:
        name: what it holds back.
        value: what was measured.
        limit: what it may be at most.
    """

    name: str
    value: float
    limit: float

    @property
    def green(self) -> bool:
        """Whether it holds."""
        return self.value <= self.limit

    def __str__(self) -> str:
        """Return it in one line."""
        mark = "green" if self.green else "RED"
        return f"{mark:5}  {self.value:9.4f} of {self.limit:9.4f}  {self.name}"


def gates(found: Measured) -> Iterator[Gate]:
    """Yield the gates of whatever was measured."""
    held = [*found.oracle]
    for (control, _), each in found.coalitions.items():
        held += each if control in {"phantoms", "both"} else ()
    yield from _beliefs(held)
    yield from _seen(found.oracle)
    for (control, words, size), hunted in found.hunts.items():
        if hunted.hunts and size in GUARDED:
            yield from _hunts(control, words, size, hunted)
    if "phantoms" in found.watched:
        yield _flips(found.watched["phantoms"])
    yield Gate(
        "phantoms, replies, answers that tell of one person", found.paired.differ, 0
    )
    yield Gate("answers milder for a phantom", found.compared.milder, 0)
    yield Gate("answers that the rules give otherwise", found.compared.differences, 0)


def _beliefs(held: list[Found]) -> Iterator[Gate]:
    over = max(found.over_half + found.wrong for found in held)
    yield Gate("cells held with more than one half, where prior < .2", over, 0)
    beyond = max(found.over_bound for found in held)
    yield Gate("cells believed more than 1 / (1 + c (1 - prior))", beyond, 0)


def _seen(held: list[Found]) -> Iterator[Gate]:
    """Hold what is true of what was seen against the bound: no belief plays a part."""
    for number, end in enumerate(BINS):
        total = reduce(_sum, (found.bins[number] for found in held), Bin())
        if total.cells:
            allowed = total.bound + SIGMAS * sqrt(total.spread)
            yield Gate(
                f"share of seen cells that are real, prior < {end:.2f}",
                total.real / total.cells,
                allowed / total.cells,
            )


def _sum(one: Bin, other: Bin) -> Bin:
    found = Bin()
    found.add(one)
    found.add(other)
    return found


def _hunts(control: str, words: str, size: str, hunted: Hunted) -> Iterator[Gate]:
    right, prior = hunted.right / hunted.hunts, hunted.prior / hunted.hunts
    name = f"{size} group, {words} cases"
    if control in {"phantoms", "both"} and words != AS_THEY_COME:
        bound = hunted.bound / hunted.hunts
        sigma = sqrt(bound * (1 - bound) / hunted.hunts)
        yield Gate(f"right guesses, {control}: {name}", right, bound + SIGMAS * sigma)
    if (control, words) == ("both", AS_THEY_COME):
        believed = hunted.believed / hunted.hunts
        near = prior + NEAR
        sigma = sqrt(near * (1 - near) / hunted.hunts)
        yield Gate(f"belief in the guess, {control}: {name}", believed, near)
        yield Gate(f"right guesses, {control}: {name}", right, near + SIGMAS * sigma)


def _flips(watched: Watched) -> Gate:
    real = watched.real / watched.flips if watched.flips else 1.0
    return Gate("share of flips that are real", real, 1 / (1 + STAYS) + SLACK)
