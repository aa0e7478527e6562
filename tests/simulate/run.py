"""``make simulate SEEDS=100000``: play seeds, and print how to see a failing one again.

Each seed says everything: who asks what in which order, which answers get lost, when
the clock jumps, where a commit fails and where the process ends. ``make simulate
SEED=n`` plays one again and prints its steps.
"""

import argparse
import gc
import logging
import os
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from multiprocessing.util import Finalize
from pathlib import Path

from rich.progress import Progress

from tests.simulate import driven
from tests.simulate.play import EVES, Found, Play

_CHUNK = 10  # seeds between two words
_MEMORY = Path("/dev/shm")


@dataclass(slots=True)
class Tally:
    """What came of seeds.

    Attributes:
        seeds: how many.
        answered: how many commands were acknowledged.
        starts: of servers.
        happened: what went wrong on purpose, by where.
        failed: why, by seed.
    """

    seeds: int = 0
    answered: int = 0
    starts: int = 0
    happened: Counter[str] = field(default_factory=Counter)
    failed: dict[int, str] = field(default_factory=dict)

    def add(self, other: "Tally") -> None:
        """Count other seeds, too."""
        self.seeds += other.seeds
        self.answered += other.answered
        self.starts += other.starts
        self.happened.update(other.happened)
        self.failed.update(other.failed)

    def __str__(self) -> str:
        """Return it in some lines."""
        happened = "; ".join(
            f"{count:,} {point}" for point, count in sorted(self.happened.items())
        )
        return (
            f"{self.seeds:,} seeds: {self.answered:,} answers, {self.starts:,} starts\n"
            f"  failures and ends of the process: {happened or 'none'}"
        )


def some(first: int, count: int, tell: Callable[[str], None] = lambda _: None) -> Tally:
    """Play some seeds; whatever a seed stumbles over is a failure of it."""
    source, tally = _source(os.getpid()), Tally()
    with _undisturbed():
        for seed in range(first, first + count):
            play = Play(seed, source, tell)
            try:
                play.run()
            except Exception as error:  # noqa: BLE001 (it is what is looked for)
                kind = "" if isinstance(error, Found) else f"{type(error).__name__} "
                tally.failed[seed] = f"{kind}{error}"
            tally.seeds += 1
            tally.answered += play.answered
            tally.starts += play.starts
            tally.happened.update(play.happened)
    return tally


@cache
def _source(_process: int) -> Path:
    """Make what all seeds of a process begin with, until it ends."""
    memory = _MEMORY if _MEMORY.is_dir() else None
    source = Path(tempfile.mkdtemp(prefix="placement-simulate-", dir=memory))
    Finalize(None, shutil.rmtree, (source, True), exitpriority=0)
    driven.make(source, min(EVES) - 1)
    return source


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Log nothing in the block, and look through no memory for what is in circles.

    That takes a fifth of a seed, since everything that was imported is looked through.
    """
    logging.disable(logging.CRITICAL)
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        logging.disable(logging.NOTSET)


def run(seeds: int, first: int, workers: int) -> Tally:
    """Play all seeds, and show how far it has come."""
    tally = Tally()
    starts = range(first, first + seeds, _CHUNK)
    sizes = [min(_CHUNK, first + seeds - start) for start in starts]
    with ProcessPoolExecutor(workers) as pool, Progress() as progress:
        task = progress.add_task("seeds", total=seeds)
        for found in pool.map(some, starts, sizes):
            tally.add(found)
            progress.update(task, advance=found.seeds)
    return tally


def main(arguments: list[str]) -> int:
    """Play, and tell what came of it.

    Returns:
        0 if everything held in every seed.
    """
    parser = argparse.ArgumentParser(prog="make simulate")
    parser.add_argument("--seeds", type=int, default=1_000)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--seed", type=int, help="play this one, and print its steps")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    asked = parser.parse_args(arguments)
    began = time.monotonic()
    if asked.seed is not None:
        tally = some(asked.seed, 1, print)
    else:
        tally = run(asked.seeds, asked.first, asked.workers)
    print(tally)
    for seed, why in sorted(tally.failed.items()):
        print(f"Seed {seed}: {why}. See it again: make simulate SEED={seed}")
    held = tally.seeds - len(tally.failed)
    print(f"{held:,} of {tally.seeds:,} seeds held, {time.monotonic() - began:.0f} s.")
    return 1 if tally.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
