"""``make attack``: what attackers learn from answers, as tables, a plot, and gates.

Every seed gives a nation and a key of its own. All attacks are made on every seed, with
each control; then each planted bug is attacked, and must turn a gate red. The run fails
if a gate is red, or a bug is not found.
"""

import argparse
import os
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

from rich.progress import Progress

from tests.attack.gates import gates
from tests.attack.hunt import MARKS
from tests.attack.measuring import (
    CONTROLS,
    GATES,
    SHORT,
    SIZES,
    TASKS,
    Measured,
    Plan,
    short_of,
)
from tests.attack.plots import svg, text
from tests.attack.sources import BUGS
from tests.attack.static import Found


def run(
    seeds: Sequence[int], plan: Plan, workers: int
) -> tuple[Measured, dict[str, list[str]]]:
    """Measure all seeds, and attack all bugs.

    Returns:
        What was measured, and the gates that each bug turned red.
    """
    found, red = Measured(), {}
    with ProcessPoolExecutor(workers) as pool, Progress() as progress:
        jobs = {pool.submit(task, seed, plan): "" for task in TASKS for seed in seeds}
        for name, make in BUGS.items():
            jobs[pool.submit(short_of, seeds[0], make, plan)] = name
        bar = progress.add_task("attacks", total=len(jobs))
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
    yield "Coalitions: real cells with a prior below .2, a seed on average"
    yield (
        f"  {'control':9} {'municipalities':>14} {'questions':>9} {'> .9':>7} {'> .5':>7} "
        f"{'wrong':>7} {'top 100':>7} {'highest':>7} {'Brier':>6} {'(prior)':>7}"
    )
    rows = [
        (control, "all" if many is None else str(many), each)
        for (control, many), each in found.coalitions.items()
    ]
    for control, many, each in [*rows, ("phantoms", "told all", found.oracle)]:
        yield f"  {control:9} {many:>14} {_row(each)}"
    yield ""
    yield "One hidden person: right guesses, belief in the guess, what the bound allows"
    for (control, words, size), each in found.hunts.items():
        if each.hunts:
            n = each.hunts
            yield (
                f"  {control:9} {words:16} {size:10} {each.right / n:6.1%} "
                f"{each.believed / n:6.1%} {each.bound / n:7.1%}  "
                f"{each.questions / n:6.0f} questions {each.left / n:6.1f} places left"
            )
    yield ""
    yield "Watching every answer, week by week: flips, and cells where somebody appears"
    for control, each in found.watched.items():
        flips, came = _share(each.real, each.flips), _share(each.came, each.arrivals)
        yield (
            f"  {control:9} {each.flips:8} flips, real {flips:6.1%}"
            f" {each.arrivals:7} cells, real {came:6.1%}"
        )
    yield ""
    yield "Rivalries among the groups of 180 cases, learnt by placing each other's cases"
    for control, some in found.edges.items():
        right, edges = sum(e.right for e in some), sum(e.edges for e in some)
        yield f"  {control:9} {right} of {edges}"
    yield ""
    yield "Those who ask honestly: REVIEW, CONFLICT, no CLEAR among five places"
    for control in CONTROLS[::2]:
        rates = found.rates.get(control, [])
        n = max(1, len(rates))
        yield (
            f"  {control:9} {sum(r.review for r in rates) / n:6.1%} "
            f"{sum(r.conflict for r in rates) / n:6.1%} "
            f"{sum(r.stuck for r in rates) / n:6.2%}"
        )
    yield ""
    pairs, compared = found.paired, found.compared
    yield (
        f"{pairs.pairs} pairs of nations that differ in one person: phantoms differ in "
        f"{pairs.phantoms}, replies {pairs.replies}, strangers' answers {pairs.strangers}"
    )
    yield (
        f"{compared.cells:,} answers of the table held against the rules: "
        f"{compared.differences} differ, {compared.milder} are milder with phantoms"
    )


def _row(some: Sequence[Found]) -> str:
    n = max(1, len(some))
    highest = max((each.highest for each in some), default=0.0)
    return (
        f"{sum(e.questions for e in some) / n:9.0f} "
        f"{sum(e.over_nine for e in some) / n:7.1f} "
        f"{sum(e.over_half for e in some) / n:7.1f} "
        f"{sum(e.wrong for e in some) / n:7.1f} {sum(e.top for e in some) / n:7.1f} "
        f"{highest:7.2f} {sum(e.brier for e in some) / n:6.1f} "
        f"{sum(e.before for e in some) / n:7.1f}"
    )


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def curves(found: Measured) -> dict[str, list[float]]:
    """Return belief in the truth by questions, one line a control; of all sizes."""
    lines = {}
    for control, words in (
        ("none", "any number"),
        ("budget", "60 of rivals"),
        ("phantoms", "any number"),
        ("both", "60 of rivals"),
    ):
        some = [found.hunts.get((control, words, size)) for size in SIZES[:2]]
        met = [each for each in some if each and each.hunts]
        if met:
            hunts = sum(each.hunts for each in met)
            sums = zip(*(each.curve for each in met), strict=True)
            name = f"{control}, {words}"
            lines[name] = [sum(beliefs) / hunts for beliefs in sums]
    return lines


def main(arguments: list[str]) -> int:
    """Attack, and tell.

    Returns:
        0 if all gates are green and each planted bug turned one red.
    """
    parser = argparse.ArgumentParser(prog="make attack")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first", type=int, default=1, help="the first seed")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--short", action="store_true", help="a town, not a nation")
    parser.add_argument("--plot", type=Path, default=Path("build/attack.svg"))
    asked = parser.parse_args(arguments)
    began = time.monotonic()
    seeds = range(asked.first, asked.first + asked.seeds)
    found, red = run(seeds, SHORT if asked.short else GATES, asked.workers)
    print("\n".join(told(found)))
    print("\nBelief in the right place, by questions (small and medium groups)")
    print(text(curves(found), MARKS))
    asked.plot.parent.mkdir(parents=True, exist_ok=True)
    asked.plot.write_text(svg(curves(found), MARKS), "utf-8")
    print("\nGates")
    judged = list(gates(found))
    print("\n".join(map(str, judged)))
    print("\nPlanted bugs, and how many gates each turned red")
    for name, some in red.items():
        print("\n".join([f"  {name}: {len(some)}", *(f"    {gate}" for gate in some)]))
    ok = all(gate.green for gate in judged) and all(red.values())
    spent = sum(os.times()[:4])
    took = time.monotonic() - began
    print(
        f"\nSeeds {seeds[0]} to {seeds[-1]}, {took:.0f} s, of processors {spent:.0f} s."
    )
    print(
        "All gates are green, and every bug was found." if ok else "This does NOT hold."
    )
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
