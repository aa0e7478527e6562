"""``make bench-peers``: the same question, answered by what one might take instead.

Each peer has a process of its own and answers the same questions, in turn with the
others, round by round; each answer is held against one by brute force. Counted is the
time of the processor, that of a database's own process, too; what that takes to load, and
its memory, is not known. The ratio to our own rules counts; absolute figures drift with the
machine. A peer that is not installed, or whose answers are wrong, makes the run fail.
"""

import argparse
import os
import platform
import statistics
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from importlib import import_module
from itertools import cycle
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

from benchmarks.nation import Nation, answer
from benchmarks.plots import svg

PEERS: Final[Mapping[str, str]] = {
    "our rules": "ours.Ours",
    "dicts and sets": "plain.Dicts",
    "roaring bitmaps": "bitmaps.Roaring",
    "numpy rows": "arrays.Numpy",
    "rustworkx": "graphs.Rustworkx",
    "networkx, naive": "graphs.Networkx",
    "SQLite, one query": "sql.Sqlite",
    "DuckDB, one query": "sql.Duckdb",
    "PostgreSQL, one query": "sql.Postgresql",
    "PostgreSQL, pgcrypto": "sealed.Pgcrypto",
    "Ladybug, Cypher": "cypher.Ladybug",
    "set intersection": "private.Private",
}
OURS: Final = "our rules"
MISSING: Final = "not installed"
_SPAWN: Final = get_context("spawn")
_AT_A_TIME: Final = 20  # questions between two looks at the time
_MOST_CHECKED: Final = 300  # questions; those by brute force take long


@dataclass(slots=True)
class Told:
    """What is known of a peer at one size."""

    pipe: Connection
    cost: tuple[float, float] | None = None
    # seconds to load, and MiB above the bare nation; nothing of a database elsewhere
    wrong: int = 0
    rates: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Questions a second, the median of the rounds."""
        return statistics.median(self.rates)


def serve(pipe: Connection, where: str, factor: float, many: int) -> None:
    """Be one peer: load, say what that took, and answer for as long as one is told."""
    nation = Nation.of(factor)
    asked = nation.questions(many)
    module, _, name = where.partition(".")
    before, began = resident(), time.process_time()
    try:
        peer = getattr(import_module(f"benchmarks.peers.{module}"), name)(nation)
    except ModuleNotFoundError as missing:
        pipe.send((MISSING, missing.name))
        return
    cost = time.process_time() - began, resident() - before
    try:
        pipe.send(None if hasattr(peer, "pid") else cost)
        pipe.send([peer.answer(each) for each in asked])
        turn = cycle(asked)
        while seconds := pipe.recv():
            pipe.send(_rate(peer, turn, seconds))
    finally:
        if hasattr(peer, "close"):
            peer.close()


def _rate(peer: Any, turn: Iterator[Any], seconds: float) -> float:  # noqa: ANN401 (any peer)
    """Return how many questions are answered in a second of the processor's."""
    beside = getattr(peer, "pid", 0)

    def spent() -> float:
        return time.process_time() + (processed(beside) if beside else 0)

    done, began = 0, spent()
    while (took := spent() - began) < seconds:
        for _ in range(_AT_A_TIME):
            peer.answer(next(turn))
        done += _AT_A_TIME
    return done / took


def processed(pid: int) -> float:
    """Return how many seconds of the processor's another process has had."""
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident() -> float:
    """Return how much memory this process takes, in MiB."""
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * 4096 / (1 << 20)


@contextmanager
def started(where: str, factor: float, many: int) -> Iterator[Connection]:
    """Start a peer; stop it in the end."""
    pipe, theirs = _SPAWN.Pipe()
    process = _SPAWN.Process(target=serve, args=(theirs, where, factor, many))
    process.start()
    theirs.close()
    try:
        yield pipe
    finally:
        with suppress(OSError):  # it may have gone, and said why
            pipe.send(0)
        pipe.close()
        process.join(60)


def compare(
    names: Iterable[str], factor: float, seconds: float, rounds: int
) -> tuple[dict[str, Told], list[str]]:
    """Let all answer the same.

    Returns:
        What is known of those that are installed, and the names of those that are not.
    """
    nation = Nation.of(factor)
    asked = nation.questions(_MOST_CHECKED)
    right = [answer(nation, each) for each in asked]
    found: dict[str, Told] = {}
    missing: list[str] = []
    with ExitStack() as stack:
        for name in names:  # one after the other, so that each loads undisturbed
            pipe = stack.enter_context(started(PEERS[name], factor, len(asked)))
            cost = pipe.recv()
            if cost and cost[0] == MISSING:
                missing.append(name)
                continue
            wrong = sum(a != b for a, b in zip(pipe.recv(), right, strict=True))
            found[name] = Told(pipe, cost, wrong)
        for _ in range(rounds):
            for told in found.values():
                told.pipe.send(seconds)
                told.rates.append(told.pipe.recv())
    return found, missing


def tell(found: Mapping[str, Told], nation: Nation, checked: int) -> None:
    """Print a table."""
    ours = found[OURS].rates
    print(f"{nation.facts:,} facts and placements, {checked} answers checked")
    head = ("questions/s", "of ours", "load s", "MiB", "wrong")
    print(f"{'':22}" + "".join(f"{each:>12}" for each in head))
    for name, told in found.items():
        ratio = statistics.median(a / b for a, b in zip(told.rates, ours, strict=True))
        cost = " " * 24
        if told.cost is not None:
            cost = f"{told.cost[0]:12.1f}{told.cost[1]:12,.0f}"
        print(
            f"{name:22}{told.rate:12,.0f}{ratio:12.2f}{cost}{told.wrong:12}", flush=True
        )


def main(arguments: list[str]) -> int:
    """Compare at each size.

    Returns:
        0; 1 if a peer is missing or wrong.
    """
    parser = argparse.ArgumentParser(prog="make bench-peers", description=__doc__)
    parser.add_argument("--seconds", type=float, default=2.0, help="a round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--factors", type=float, nargs="+", default=[1.0, 10.0])
    parser.add_argument("--peers", nargs="+", choices=PEERS, default=list(PEERS))
    parser.add_argument("--plot", type=Path, default=Path("build/peers.svg"))
    asked = parser.parse_args(arguments)
    names = [name for name in PEERS if name == OURS or name in asked.peers]
    print(f"Python {platform.python_version()}")
    curves: dict[str, dict[float, float]] = {}
    failed: set[str] = set()
    for factor in asked.factors:
        print(f"\nx{factor:g}: ", end="", flush=True)
        found, missing = compare(names, factor, asked.seconds, asked.rounds)
        tell(found, Nation.of(factor), _MOST_CHECKED)
        failed |= {f"{name} is {MISSING}: NOT MEASURED" for name in missing}
        failed |= {f"{name} gave wrong answers" for name in found if found[name].wrong}
        for name, told in found.items():
            curves.setdefault(name, {})[factor] = told.rate
    asked.plot.parent.mkdir(parents=True, exist_ok=True)
    asked.plot.write_text(
        svg("Questions a second of the processor", "times the national set", curves),
        "utf-8",
    )
    for why in sorted(failed):
        print(why, file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
