"""``make timing``: does the time of an answer tell what it says?

Live servers over mutual TLS, each a process of its own. With the grid: pairs of calls
that differ only in what is secret; what the next call, a call at the same instant and a
neighbour notice of them. Without it, so that one sees what the grid hides. And servers
with a planted leak: what is less than the pace may wait for is hidden by it, and found
where there is none; what is more, or comes after the waiting, must be found.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from rich.progress import Progress

from tests.timing.measure import (
    Both,
    Plan,
    Tick,
    answers,
    beside,
    following,
    measured,
    together,
)
from tests.timing.plant import Leak
from tests.timing.rows import Must, Row, chance, closing, told
from tests.timing.scene import PACE, serving
from tests.timing.scores import judge

PAIRS: Final[tuple[Both, ...]] = (
    ("clear", "clear"),
    ("clear", "conflict"),
    ("clear", "phantom"),
    ("phantom", "conflict"),
    ("spent", "clear"),
    ("invalid", "clear"),
    ("absent", "theirs"),
    ("absent, shown", "theirs, shown"),
    ("known", "unknown"),
)
"""The first is one kind twice: what it says is chance."""
FEW: Final[tuple[Both, ...]] = (("clear", "conflict"), ("known", "unknown"))
"""Those whose traces are looked for."""
SHORT: Final = 60
LEAST: Final = 100
"""Pairs of a stage with a part of the others'; a short run has fewer, but of leaks."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One setting.

    Attributes:
        name: for the table.
        make: what is timed (``measure``).
        both: pairs of kinds.
        part: one pair for so many of those that were asked for.
        must: what its rows must say.
        pace: of the server.
        leak: that is planted.
        alone: in one lane, whatever was asked for.
    """

    name: str
    make: Callable[..., Any] = answers
    both: tuple[Both, ...] = PAIRS
    part: int = 1
    must: Must = Must.SAME
    pace: int = PACE
    leak: Leak | None = None
    alone: bool = False

    def rounds(self, pairs: int) -> int:
        """Return how often each pair is measured."""
        return max(pairs // self.part, LEAST if self.leak else min(pairs, LEAST))


def _planted(leak: Leak, *, pace: int = PACE, must: Must = Must.DIFFER) -> Stage:
    return Stage(
        f"Planted, {f'grid of {pace} ms' if pace else 'no grid'}: {leak}",
        both=FEW[:1],
        part=10,
        must=must,
        pace=pace,
        leak=leak,
        alone=must is Must.DIFFER,
    )


STAGES: Final = (
    Stage(f"Grid of {PACE} ms: how long an answer takes"),
    Stage("What the next call takes", following, FEW, part=4),
    Stage("Two at the same instant: when each is answered", together, FEW, part=4),
    Stage("What a neighbour's health checks take", beside, FEW, part=8, alone=True),
    Stage(
        "What the same neighbour notices of 10 ms of work, planted in CONFLICT",
        beside,
        FEW[:1],
        part=8,
        must=Must.ANY,
        leak=Leak(10),
        alone=True,
    ),
    Stage("No grid: what it hides", part=10, must=Must.ANY, pace=0, alone=True),
    _planted(Leak(2), pace=0),
    _planted(Leak(2), must=Must.SAME),
    _planted(Leak(40), must=Must.SAME),
    _planted(Leak(300)),
    _planted(Leak(10, late=True)),
)


def run(stages: Sequence[Stage], pairs: int, lanes: int, seed: int) -> list[Row]:
    """Measure all stages, with a bar that shows how far it is."""
    rows: list[Row] = []
    with Progress() as progress:
        total = sum(len(each.both) * each.rounds(pairs) for each in stages)
        bar = progress.add_task("pairs", total=total)
        for stage in stages:
            tick = lambda: progress.update(bar, advance=1)  # noqa: E731
            rows += measure(stage, pairs, lanes, seed, tick)
    return rows


def measure(
    stage: Stage, pairs: int, lanes: int, seed: int, tick: Tick
) -> Iterator[Row]:
    """Measure one stage, on a server of its own; yield its rows."""
    with (
        tempfile.TemporaryDirectory(prefix="placement-timing-") as folder,
        serving(
            Path(folder), pace=stage.pace, leak=stage.leak, persons=max(pairs, 100)
        ) as site,
    ):
        plan = Plan(site, stage.both, stage.rounds(pairs), seed=seed, tick=tick)
        plan = replace(plan, lanes=1 if stage.alone else lanes)
        found = measured(plan, stage.make)
    for title, times in sorted(found.items()):
        judged = judge(times, stage.pace / 1000)
        yield Row(stage.name, title, stage.must, judged, times.strange)


def main(arguments: list[str]) -> int:
    """Measure, and tell.

    Returns:
        0 if no row is red.
    """
    parser = argparse.ArgumentParser(prog="make timing")
    parser.add_argument("--pairs", type=int, default=1500, help="of calls, each row")
    parser.add_argument("--lanes", type=int, default=4, help="that ask at once")
    parser.add_argument("--seed", type=int, default=1, help="of the order")
    parser.add_argument("--short", action="store_true", help=f"{SHORT} pairs")
    asked = parser.parse_args(arguments)
    began = time.monotonic()
    pairs = SHORT if asked.short else asked.pairs
    rows = run(STAGES, pairs, asked.lanes, asked.seed)
    print("\n".join(told(rows)))
    print(f"\n{chance(rows)}.")
    took = time.monotonic() - began
    load = os.getloadavg()[0]
    print(f"Seed {asked.seed}, {asked.lanes} lanes, {took:.0f} s, load {load:.1f}.")
    print(closing(rows))
    return 0 if all(row.green for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
