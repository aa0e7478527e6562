"""``make bench``: checks over mutual TLS with the audit commit, beside a bare echo.

Prints checks per second, p50 and p99 at 1, 16 and 64 clients, each the median of
several rounds, and the same for an echo of the same sizes in the same process, round by
round in turn. The ratio is what counts; absolute figures drift with the machine.

Of several servers on one database each has its share of the clients, and an echo.
"""

import argparse
import asyncio
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import Any, Final

import grpc
import uvloop

from benchmarks.channels import connect
from benchmarks.databases import DATABASES, Database, database
from benchmarks.dataset import PATIENCE, Loader, Municipality, Sizes, fresh
from benchmarks.host import ECHO
from benchmarks.plots import svg
from benchmarks.serving import AREAS, AT_ONCE, CLIENTS, another, prepare, serving
from placement.api.v1 import check_service_pb2 as check
from placement.api.v1 import types_pb2 as wire
from placement.api.v1.check_service_pb2_grpc import CheckServiceStub
from placement.domain.terms import Micros, stockholm_day
from placement.rpc.even import SIZES

CASES_EACH: Final = 2
AREAS_A_CHECK: Final = 5
CHECK: Final = "/placement.api.v1.CheckService/CheckPlacement"


Call = Callable[[], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Figures:
    """What one round measured."""

    per_second: float
    p50: float  # milliseconds
    p99: float  # milliseconds


@dataclass(frozen=True, slots=True)
class Options:
    """How long and how much."""

    seconds: float
    rounds: int
    factors: tuple[float, ...]
    database: str
    servers: int


def main() -> int:
    """Run the benchmark and print its tables."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--seconds", type=float, default=4.0, help="a round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--factors", type=float, nargs="+", default=[1.0, 10.0])
    parser.add_argument("--database", choices=DATABASES, default=DATABASES[0])
    parser.add_argument("--servers", type=int, default=1)
    parser.add_argument("--plot", type=Path, default=Path("build/bench.svg"))
    args = parser.parse_args()
    if args.servers > 1 and args.database == "sqlite":
        parser.error("SQLite has one server")
    factors = tuple(args.factors)
    options = Options(args.seconds, args.rounds, factors, args.database, args.servers)
    print(f"Python {platform.python_version()}, grpcio {grpc.__version__}")
    curves: dict[str, dict[float, float]] = {}
    for factor in options.factors:
        with (
            tempfile.TemporaryDirectory(prefix="placement-bench-") as folder,
            database(options.database) as where,
        ):
            found = uvloop.run(measure(Path(folder), where, factor, options))
        curves[f"x{factor:g}"] = found
    args.plot.parent.mkdir(parents=True, exist_ok=True)
    args.plot.write_text(svg("Checks by a bare echo", "clients", curves), "utf-8")
    return 0


async def measure(
    folder: Path, where: Database, factor: float, options: Options
) -> dict[float, float]:
    """Load one data set and measure it; return by clients the ratio to the echo.

    Args:
        folder: for the servers' files.
        where: their database.
        factor: how large the set is.
        options: how long, and by how many.
    """
    settings = prepare(folder, lines=AT_ONCE + where.lines)
    sizes = Sizes.national(factor)
    with ExitStack() as stack:
        every = [settings, *(another(settings, n) for n in range(1, options.servers))]
        hosts = [stack.enter_context(serving(each)) for each in every]
        turn = list(islice(cycle(hosts), max(CLIENTS)))
        callers = [caller_of(folder, n, port) for n, (port, *_) in enumerate(turn)]
        await load(folder, hosts[0][0], callers, sizes)
        checks = [checking(caller) for caller in callers]
        size = SIZES[CHECK]
        echoes = [echoing(folder, n, echo, size) for n, (_, echo, _) in enumerate(turn)]
        ratios = await compare(checks, echoes, options)
        resident = sum(finish() for *_, finish in hosts)
    print(
        f"{where.size(folder) / sizes.facts:,.0f} bytes a fact on the disk (log, entries,"
        f" keys), {resident * 1024 / sizes.facts:,.0f} in memory at the peak (servers'"
        " own)"
    )
    await again(settings, callers, options)
    return ratios


async def load(
    folder: Path, port: int, callers: list[Municipality], sizes: Sizes
) -> None:
    """Load a data set over the wire, and print how long that took."""
    first, second = (connect(folder, f"co-0{number}", port) for number in (1, 2))
    began = time.perf_counter()
    await Loader(first, second, callers, AREAS, today()).load(sizes, CASES_EACH)
    took = time.perf_counter() - began
    print(
        f"\n{sizes.facts:,} facts and placements loaded over the wire"
        f" in {took:.1f} s ({sizes.facts / took:,.0f} a second)"
    )


async def again(settings: Path, known: list[Municipality], options: Options) -> None:
    """Start a server as it is installed, and measure it on the grid."""
    settings.write_text(settings.read_text("utf-8").replace(AT_ONCE, ""), "utf-8")
    began = time.perf_counter()
    with serving(settings) as (port, _, finish):
        took = time.perf_counter() - began
        print(f"start of one, whole chain verified: {took:.1f} s")
        checks = []
        for index, caller in enumerate(known):
            fresh_one = caller_of(settings.parent, index, port)
            fresh_one.cases.extend(caller.cases)
            checks.append(checking(fresh_one))
        await pace(checks, options)
        finish()


async def pace(checks: list[Any], options: Options) -> None:
    """Measure checks that leave on the grid, and print the medians."""
    print(
        f"on the grid, one server:\n{'clients':>8} {'checks/s':>9} {'p50 ms':>7} {'p99 ms':>7}"
    )
    for clients in CLIENTS:
        rounds = [
            await measured(checks[:clients], options.seconds)
            for _ in range(options.rounds)
        ]
        ours = _median(rounds)
        print(
            f"{clients:>8} {ours.per_second:>9,.0f} {ours.p50:>7.2f} {ours.p99:>7.2f}",
            flush=True,
        )


async def compare(
    checks: list[Any], echoes: list[Any], options: Options
) -> dict[float, float]:
    """Measure checks and echoes in turn, and print the medians; return their ratios."""
    ratios: dict[float, float] = {}
    print(
        f"{'clients':>8} {'checks/s':>9} {'p50 ms':>7} {'p99 ms':>7}"
        f" {'echo/s':>8} {'p50 ms':>7} {'p99 ms':>7} {'ratio':>6}"
    )
    for clients in CLIENTS:
        rounds = [
            (
                await measured(checks[:clients], options.seconds),
                await measured(echoes[:clients], options.seconds),
            )
            for _ in range(options.rounds)
        ]
        ours = _median([pair[0] for pair in rounds])
        bare = _median([pair[1] for pair in rounds])
        ratio = statistics.median(
            pair[0].per_second / pair[1].per_second for pair in rounds
        )
        print(
            f"{clients:>8} {ours.per_second:>9,.0f} {ours.p50:>7.2f} {ours.p99:>7.2f}"
            f" {bare.per_second:>8,.0f} {bare.p50:>7.2f} {bare.p99:>7.2f} {ratio:>6.2f}",
            flush=True,
        )
        ratios[clients] = ratio
    return ratios


async def measured(calls: list[Call], seconds: float) -> Figures:
    """Call as often as possible, each caller one at a time."""
    taken: list[float] = []
    end = time.perf_counter() + seconds

    async def go(call: Call) -> None:
        while (began := time.perf_counter()) < end:
            await call()
            taken.append(time.perf_counter() - began)

    began = time.perf_counter()
    await asyncio.gather(*(go(call) for call in calls))
    took = time.perf_counter() - began
    taken.sort()
    return Figures(
        per_second=len(taken) / took,
        p50=1000 * taken[len(taken) // 2],
        p99=1000 * taken[len(taken) * 99 // 100],
    )


def _median(rounds: list[Figures]) -> Figures:
    return Figures(
        statistics.median(figures.per_second for figures in rounds),
        statistics.median(figures.p50 for figures in rounds),
        statistics.median(figures.p99 for figures in rounds),
    )


def caller_of(folder: Path, index: int, port: int) -> Municipality:
    """Connect one of the caseworkers, who has no case yet."""
    channel = connect(folder, f"cw-{index:03}", port)
    return Municipality(CheckServiceStub(channel), [])


def checking(caller: Municipality) -> Callable[[], Awaitable[Any]]:
    """Return a call that asks about the caller's cases in turn."""
    stub: Any = caller.stub
    cases = cycle(caller.cases)
    start = int(caller.cases[0].hex(), 16) % (len(AREAS) - AREAS_A_CHECK)
    candidates = [
        check.Candidate(area=code) for code in AREAS[start : start + AREAS_A_CHECK]
    ]
    window = wire.Window(start_day=today())

    async def call() -> Any:  # noqa: ANN401 (a response)
        request = check.CheckPlacementRequest(
            request_id=fresh(),
            case_handle=next(cases),
            candidates=candidates,
            window=window,
            justification=check.JUSTIFICATION_PLANNED,
            mode=check.CHECK_MODE_CHECK,
        )
        return await stub.CheckPlacement(request, timeout=PATIENCE)

    return call


def echoing(
    folder: Path, index: int, port: int, size: int
) -> Callable[[], Awaitable[object]]:
    """Return a call that has as many bytes echoed as a check's answer has."""
    channel = connect(folder, f"cw-{index:03}", port)
    echo: Any = channel.unary_unary(ECHO)
    request = size.to_bytes(4, "big") + bytes(100)

    async def call() -> object:
        return await echo(request, timeout=PATIENCE)

    return call


def today() -> int:
    """Return the day in Stockholm."""
    return stockholm_day(Micros(time.time_ns() // 1000))


if __name__ == "__main__":
    sys.exit(main())
