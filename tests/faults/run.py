"""``make faults N=1000``: N faults of each kind under a working server, and what is left.

After each fault the store is intact, every acknowledged fact, case and entry in it, or
the server refuses to serve; and no verdict is milder than what is known, before or
after. A fault that nobody met any more is not counted.
"""

import argparse
import logging
import os
import shutil
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from rich.progress import Progress

from tests.faults.disk import Disk, Kind
from tests.faults.trial import Trial
from tests.faults.vfs import failing
from tests.simulate import driven
from tests.simulate.play import EVES

_CHUNK = 10  # faults between two words
_MEMORY = Path("/dev/shm")


@dataclass(slots=True)
class Tally:
    """What came of faults of one kind.

    Attributes:
        found: how many stores were ``intact``, ``refused`` or ``harmed``.
        harmed: why, by seed.
    """

    found: Counter[str] = field(default_factory=Counter)
    harmed: dict[int, str] = field(default_factory=dict)

    @property
    def faults(self) -> int:
        """How many were met."""
        return self.found.total()

    def add(self, other: "Tally") -> None:
        """Count others, too."""
        self.found.update(other.found)
        self.harmed.update(other.harmed)


def some(kind: Kind, first: int, count: int) -> Tally:
    """Let so many faults be met, by their seeds."""
    logging.disable(logging.CRITICAL)
    memory = _MEMORY if _MEMORY.is_dir() else None
    source = Path(tempfile.mkdtemp(prefix="placement-faults-", dir=memory))
    tally, seed = Tally(), first
    try:
        driven.make(source, min(EVES) - 1)
        while tally.faults < count:
            trial = Trial(kind, seed, source)
            try:
                found = trial.run()
            except Exception as error:  # noqa: BLE001 (it is what is looked for)
                tally.harmed[seed] = f"{type(error).__name__} {error}"
                found = "harmed"
            if found == "harmed" or not trial.missed:
                tally.found[found] += 1
            seed += 1
    finally:
        shutil.rmtree(source)
        logging.disable(logging.NOTSET)
    return tally


def run(faults: int, kind: Kind, workers: int) -> Tally:
    """Let all faults of a kind be met, and show how far it has come."""
    tally = Tally()
    starts = range(0, faults, _CHUNK)  # each has seeds of its own, a thousand a fault
    firsts = [start * 1000 for start in starts]
    sizes = [min(_CHUNK, faults - start) for start in starts]
    kinds = [kind] * len(sizes)
    with ProcessPoolExecutor(workers) as pool, Progress() as progress:
        task = progress.add_task(kind, total=faults)
        for found in pool.map(some, kinds, firsts, sizes):
            tally.add(found)
            progress.update(task, advance=found.faults)
    return tally


def main(arguments: list[str]) -> int:
    """Let them be met, and tell what came of it.

    Returns:
        0 if every store was intact or refused.
    """
    parser = argparse.ArgumentParser(prog="make faults")
    parser.add_argument("--faults", type=int, default=1_000, help="of each kind")
    parser.add_argument("--kind", choices=[*Kind], help="this kind alone")
    parser.add_argument("--seed", type=int, help="of the kind, this one alone")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    asked = parser.parse_args(arguments)
    try:
        with failing(Disk(chance=None)):  # type: ignore[arg-type]
            pass
    except OSError as error:
        print(f"NOT RUN: this Python's SQLite can't be reached: {error}.")
        return 1
    if asked.seed is not None:
        tally = some(Kind(asked.kind), asked.seed, 1)
        print(dict(tally.found), tally.harmed)
        return 1 if tally.harmed else 0
    began = time.monotonic()
    kinds = [Kind(asked.kind)] if asked.kind else list(Kind)
    tallies = []
    for kind in kinds:
        tally = run(asked.faults, kind, asked.workers)
        tallies.append(tally)
        for seed, why in sorted(tally.harmed.items())[:5]:
            print(f"{kind}, seed {seed}: {why}")
        found = tally.found
        print(
            f"{kind:12} {tally.faults:6,} faults: {found['intact']:6,} intact,"
            f" {found['refused']:6,} refused, {found['harmed']:4,} harmed",
            flush=True,
        )
    total = sum(tally.faults for tally in tallies)
    harmed = sum(tally.found["harmed"] for tally in tallies)
    print(
        f"{total - harmed:,} of {total:,} stores intact or refused, no verdict milder,"
        f" {time.monotonic() - began:.0f} s."
    )
    return 1 if harmed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
