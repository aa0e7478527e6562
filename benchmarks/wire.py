"""``make bench-wire``: grpc.aio on two loops, threads, and how long a commit waits.

One server for each, all of them with the same data, asked in turn, round by round, so
that a machine that is busy is busy for all of them. For each the same checks, and a bare
echo over the same wire. What counts are the ratios, within a round, to the first.
"""

import argparse
import statistics
import sys
import tempfile
from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import uvloop

from benchmarks.channels import connect
from benchmarks.dataset import Loader, Sizes
from benchmarks.run import CHECK, Figures, caller_of, checking, echoing, measured, today
from benchmarks.serving import AREAS, CLIENTS, hosting, prepare
from placement.rpc.even import SIZES

WIRES: Final = ("uvloop", "asyncio", "threads", "uvloop+1", "uvloop+3", "uvloop+5")
"""A number is of milliseconds that a commit waits for company, when it has some."""


@dataclass(frozen=True, slots=True)
class Wire:
    """One server, and what is called of it, by client."""

    name: str
    checks: list[Any]
    echoes: list[Any]


def main() -> int:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(prog="make bench-wire", description=__doc__)
    parser.add_argument("--seconds", type=float, default=2.0, help="a round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--factor", type=float, default=0.1, help="of the national set")
    parser.add_argument("--wires", nargs="+", default=WIRES)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="placement-wire-") as name:
        uvloop.run(measure(Path(name), args))
    return 0


async def measure(folder: Path, args: argparse.Namespace) -> None:
    """Serve over each wire, and measure them in turn."""
    with ExitStack() as stack:
        wires = []
        for number, name in enumerate(args.wires):
            own = folder / str(number)
            own.mkdir()
            ports = stack.enter_context(_serving(prepare(own), name))
            wires.append(await _loaded(own, name, ports, Sizes.national(args.factor)))
        print(
            f"{'':>12} {'clients':>8} {'checks/s':>9} {'p50 ms':>7} {'p99 ms':>7}",
            end="",
        )
        print(f" {'ratio':>6} {'echo/s':>8} {'ratio':>6} {'of echo':>8}")
        for clients in CLIENTS:
            rounds: list[list[tuple[Figures, Figures]]] = [[] for _ in wires]
            for _ in range(args.rounds):
                for wire, found in zip(wires, rounds, strict=True):
                    ours = await measured(wire.checks[:clients], args.seconds)
                    bare = await measured(wire.echoes[:clients], args.seconds / 2)
                    found.append((ours, bare))
            for wire, found in zip(wires, rounds, strict=True):
                _tell(wire.name, clients, found, rounds[0])


def _tell(
    name: str,
    clients: int,
    found: list[tuple[Figures, Figures]],
    first: list[tuple[Figures, Figures]],
) -> None:
    middle = statistics.median
    pairs = list(zip(found, first, strict=True))
    print(
        f"{name:>12} {clients:>8}"
        f" {middle(ours.per_second for ours, _ in found):>9,.0f}"
        f" {middle(ours.p50 for ours, _ in found):>7.2f}"
        f" {middle(ours.p99 for ours, _ in found):>7.2f}"
        f" {middle(one[0].per_second / by[0].per_second for one, by in pairs):>6.2f}"
        f" {middle(bare.per_second for _, bare in found):>8,.0f}"
        f" {middle(one[1].per_second / by[1].per_second for one, by in pairs):>6.2f}"
        f" {middle(ours.per_second / bare.per_second for ours, bare in found):>8.2f}",
        flush=True,
    )


async def _loaded(folder: Path, name: str, ports: Sequence[int], sizes: Sizes) -> Wire:
    port, echo_port = ports
    callers = [caller_of(folder, index, port) for index in range(max(CLIENTS))]
    first, second = (connect(folder, f"co-0{number}", port) for number in (1, 2))
    await Loader(first, second, callers, AREAS, today()).load(sizes, 1)
    return Wire(
        name,
        [checking(caller) for caller in callers],
        [echoing(folder, n, echo_port, SIZES[CHECK]) for n in range(len(callers))],
    )


def _serving(settings: Path, name: str) -> AbstractContextManager[list[int]]:
    wire, _, window = name.partition("+")
    return hosting(settings, "benchmarks.wire_host", wire, window or "0")


if __name__ == "__main__":
    sys.exit(main())
