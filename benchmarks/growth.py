"""``make bench-growth``: what a fact costs, and whether that grows with the registry.

For each size, in processes of its own: the memory that the folded state takes, the rules
alone, the snapshot on the disk, and a start from it, which opens and authenticates every
part. Times are of the processor. A size whose facts would not fit into what memory is
free is not measured, and the run says so and fails.
"""

import argparse
import platform
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

from sqlalchemy import func, select

from benchmarks.holds import Holds
from benchmarks.nation import Nation
from benchmarks.peers.ours import Ours
from benchmarks.peers.run import resident
from benchmarks.plots import svg
from placement.crypto.custody import FileCustody
from placement.service import fold
from placement.store import tables
from placement.store.codec import encode
from placement.store.log import Store

QUESTIONS: Final = 300
SECONDS: Final = 3.0
_ROOM: Final = 2_500
"""Bytes a fact that must be free, or a size is left out."""
_MIB: Final = 1 << 20
_SPAWN: Final = get_context("spawn")
AIMS: Final = {
    "memory, bytes a fact": "120",
    "fold, µs a fact": "",
    "rules alone, a second": "20,000",
    "holds decided, a second": "",
    "snapshot, bytes a fact": "64",
    "padded on the disk, bytes a fact": "",
    "keeping it, µs a fact": "",
    "start, µs a fact": "2",
    "memory after a start, bytes a fact": "120",
}


@dataclass(frozen=True, slots=True)
class Figures:
    """What one size measured, by what it is called.

    Attributes:
        facts: how many facts and placements.
        by_name: ``AIMS`` has the names.
    """

    facts: int
    by_name: dict[str, float]


def build(pipe: Connection, folder: Path, factor: float) -> None:
    """Fold a nation, ask, and keep it as a snapshot."""
    nation = Nation.of(factor)
    before, began = resident(), time.process_time()
    ours = Ours(nation)
    folded, memory = time.process_time() - began, resident() - before
    rate = _rate(ours, nation)
    written = sum(len(encode(record)) for record in ours.state.records())
    custody = FileCustody.create(folder / "store.key")
    with closing(Store.create(_url(folder), custody)) as store:
        fold.found(store, bytes(16), 0, None)
        began = time.process_time()
        fold.keep(store, ours.state, store.read_head())
        keeping = time.process_time() - began
        holds = _holds(ours, nation)  # behind it, since it adds cases
        with store.reading() as connection:
            parts = select(func.sum(func.length(tables.snapshot.c.blob)))
            padded = connection.scalar(parts) or 0
    facts = nation.facts
    figures = {
        "memory, bytes a fact": memory * _MIB / facts,
        "fold, µs a fact": folded * 1e6 / facts,
        "rules alone, a second": rate,
        "holds decided, a second": holds,
        "snapshot, bytes a fact": written / facts,
        "padded on the disk, bytes a fact": padded / facts,
        "keeping it, µs a fact": keeping * 1e6 / facts,
    }
    pipe.send(Figures(facts, figures))


def start(pipe: Connection, folder: Path, factor: float) -> None:
    """Start from what was kept."""
    before, facts = resident(), Nation.of(factor).facts
    custody = FileCustody(folder / "store.key")
    with closing(Store.open(_url(folder), custody)) as store:
        began = time.process_time()
        state, _ = fold.load(store)
        took, memory = time.process_time() - began, resident() - before
    kept = len(state.facts) + len(state.placements)
    if kept != facts:
        raise SystemExit(f"{facts - kept} facts did not come back")
    figures = {
        "start, µs a fact": took * 1e6 / facts,
        "memory after a start, bytes a fact": memory * _MIB / facts,
    }
    pipe.send(Figures(facts, figures))


def _rate(ours: Ours, nation: Nation) -> float:
    """Return how many questions the rules answer a second, once views are kept."""
    asked = nation.questions(QUESTIONS)
    for each in asked:
        ours.answer(each)
    done, began = 0, time.process_time()
    while (took := time.process_time() - began) < SECONDS:
        for each in asked:
            ours.answer(each)
        done += QUESTIONS
    return done / took


def _holds(ours: Ours, nation: Nation) -> float:
    """Return how many holds are decided a second; none takes effect."""
    holds = Holds(nation, ours.registry, ours.state, QUESTIONS)
    if not holds.decide():
        raise SystemExit("nothing is held")
    done, began = 0, time.process_time()
    while (took := time.process_time() - began) < SECONDS:
        holds.decide()
        done += len(holds)
    return done / took


def _url(folder: Path) -> str:
    return f"sqlite:///{folder}/placement.db"


def alone(work: Callable[..., None], *given: Any) -> Figures:  # noqa: ANN401 (as it takes)
    """Have a process of its own do something.

    Raises:
        SystemExit: it failed.
    """
    pipe, theirs = _SPAWN.Pipe()
    process = _SPAWN.Process(target=work, args=(theirs, *given))
    process.start()
    theirs.close()
    try:
        told: Figures = pipe.recv()
    except EOFError:
        raise SystemExit(f"{work.__name__} failed") from None
    finally:
        process.join()
    return told


def free() -> int:
    """Return how many bytes of memory there are to be had."""
    for line in Path("/proc/meminfo").read_text("ascii").splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    raise SystemExit("nobody says how much memory there is")


def measure(factor: float) -> Figures:
    """Measure one size."""
    with tempfile.TemporaryDirectory(prefix="placement-growth-") as name:
        built = alone(build, Path(name), factor)
        begun = alone(start, Path(name), factor)
    return Figures(built.facts, built.by_name | begun.by_name)


def main(arguments: list[str]) -> int:
    """Measure each size.

    Returns:
        0; 1 if one was left out.
    """
    parser = argparse.ArgumentParser(prog="make bench-growth", description=__doc__)
    parser.add_argument("--factors", type=float, nargs="+", default=[1.0, 10.0, 100.0])
    parser.add_argument("--room", type=int, default=_ROOM, help="bytes a fact")
    parser.add_argument("--plot", type=Path, default=Path("build/growth.svg"))
    asked = parser.parse_args(arguments)
    print(f"Python {platform.python_version()}")
    curves: dict[str, dict[float, float]] = {name: {} for name in AIMS}
    left_out = []
    for factor in asked.factors:
        room = int(74_000 * factor) * asked.room
        if room > free():
            left_out.append(factor)
            continue
        figures = measure(factor)
        print(f"\nx{factor:g}: {figures.facts:,} facts and placements")
        for name, aim in AIMS.items():
            value = figures.by_name[name]
            curves[name][factor] = value
            ratio = value / next(iter(curves[name].values()))
            told = f"{value:12,.1f}   {ratio:5.2f} of the first"
            print(f"  {name:36}{told}{aim and f'   aim {aim}'}", flush=True)
    if len(left_out) < len(asked.factors):
        asked.plot.parent.mkdir(parents=True, exist_ok=True)
        picture = svg("What a fact costs", "times the national set", curves)
        asked.plot.write_text(picture, "utf-8")
    for factor in left_out:
        print(f"x{factor:g} does not fit into memory: NOT MEASURED", file=sys.stderr)
    return 1 if left_out else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
