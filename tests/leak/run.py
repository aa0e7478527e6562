"""``make leak``: what a thief of the database learns, as tables and gates.

Every seed gives a registry of its own. All attacks are made on every seed; then each
planted bug is attacked, and must turn a gate red. The run fails if a gate is red, or a
bug is not found.
"""

import argparse
import os
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed

from rich.progress import Progress

from tests.leak.gates import gates
from tests.leak.load import LEASTS, table
from tests.leak.measuring import BUGS, Measured, measured, planted
from tests.leak.worlds import Plan


def run(
    seeds: Sequence[int], plan: Plan, workers: int
) -> tuple[Measured, dict[str, list[str]]]:
    """Measure all seeds, and attack all bugs.

    Returns:
        What was measured, and the gates that each bug turned red.
    """
    found, red = Measured(), {}
    with ProcessPoolExecutor(workers) as pool, Progress() as progress:
        jobs = {pool.submit(measured, seed, plan): "" for seed in seeds}
        for bug in BUGS:
            jobs[pool.submit(planted, bug, seeds[0])] = bug
        bar = progress.add_task("copies", total=len(jobs))
        for job in as_completed(jobs):
            name = jobs[job]
            if name:
                red[name] = [
                    str(gate) for gate in gates(job.result()) if not gate.green
                ]
            else:
                found.add(job.result())
            progress.update(bar, advance=1)
    return found, red


def told(found: Measured) -> Iterator[str]:
    """Yield the tables, line by line."""
    yield f"  {'the thief tries to':46} {'got':>7} {'guess':>7} {'more':>7} {'noise':>15}"
    for name, score in found.scores.items():
        noise = 1.96 * score.noise
        yield (
            f"  {name:46} {score.mean:7.1%} {score.guess:7.1%} {score.advantage:+7.1%}"
            f"   ({-noise:+6.1%} {noise:+6.1%})"
        )
    yield ""
    yield (
        f"A snapshot's size: between {min(found.least):.2f} and {max(found.most):.2f} "
        "times what the state has"
    )
    side = sum(each for each, _ in found.beside) / len(found.beside)
    other = sum(each for _, each in found.beside) / len(found.beside)
    yield f"Neighbouring events of one person: {side:.1%}; any two: {other:.2%}"
    grown = sum(found.day) / len(found.day) / 1e6
    yield f"Ticks of a minute take {grown:.1f} MB a day"
    yield ""
    yield "Ticks, and hours, that show more than quiet ones, by what a tick has at least"
    for length, least in LEASTS.items():
        yield f" ticks of {length} s"
        yield from table(length, least, seed=1)


def main() -> int:
    """Run it all; return 0 if every gate is green and every bug is found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--days", type=int, default=Plan().days)
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    given = parser.parse_args()
    began = time.perf_counter()
    seeds = range(1, given.seeds + 1)
    found, red = run(seeds, Plan(days=given.days), given.workers)
    print(*told(found), "", sep="\n")
    held = list(gates(found))
    print(*held, "", sep="\n")
    for bug, names in red.items():
        print(f"{'found' if names else 'NOT FOUND':9}  planted: {bug}")
        print(*(f"             {name}" for name in names), sep="\n")
    print(f"\nSeeds 1 to {given.seeds}, {time.perf_counter() - began:.0f} s")
    return 0 if all(gate.green for gate in held) and all(red.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
