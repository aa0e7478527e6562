"""``make bench``: checks over mutual TLS with the audit commit, beside a bare echo.

Prints checks per second, p50 and p99 at 1, 16 and 64 clients, each the median of
several rounds, and the same for an echo of the same sizes in the same process, round by
round in turn. The ratio is what counts; absolute figures drift with the machine.
"""

import argparse
import asyncio
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from itertools import cycle
from pathlib import Path
from typing import Any, Final

import grpc
import uvloop

from benchmarks.channels import connect
from benchmarks.dataset import PATIENCE, Loader, Municipality, Sizes, fresh
from benchmarks.host import ECHO
from benchmarks.plots import svg
from placement.api.v1 import check_service_pb2 as check
from placement.api.v1 import types_pb2 as wire
from placement.api.v1.check_service_pb2_grpc import CheckServiceStub
from placement.crypto.pki import SERVER_LIFETIME, Authority
from placement.domain.areas import parse_areas
from placement.domain.terms import Micros, stockholm_day
from placement.ops.main import main as placement_server
from placement.rpc.even import SIZES

CLIENTS: Final = (1, 16, 64)
CASES_EACH: Final = 2
AREAS_A_CHECK: Final = 5
CHECK: Final = "/placement.api.v1.CheckService/CheckPlacement"

ROOT: Final = Path(__file__).parents[1]
_DOMAIN: Final = "bench.placement"
_AT_ONCE: Final = "pace = 0\n"
AREAS: Final = tuple(
    parse_areas(
        (files("placement.domain") / "data" / "municipalities.csv").read_text("utf-8")
    )
)

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


def main() -> int:
    """Run the benchmark and print its tables."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--seconds", type=float, default=4.0, help="a round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--factors", type=float, nargs="+", default=[1.0, 10.0])
    parser.add_argument("--plot", type=Path, default=Path("build/bench.svg"))
    args = parser.parse_args()
    options = Options(args.seconds, args.rounds, tuple(args.factors))
    print(f"Python {platform.python_version()}, grpcio {grpc.__version__}")
    curves: dict[str, dict[float, float]] = {}
    for factor in options.factors:
        with tempfile.TemporaryDirectory(prefix="placement-bench-") as folder:
            found = uvloop.run(measure(Path(folder), factor, options))
        curves[f"x{factor:g}"] = found
    args.plot.parent.mkdir(parents=True, exist_ok=True)
    args.plot.write_text(svg("Checks by a bare echo", "clients", curves), "utf-8")
    return 0


async def measure(folder: Path, factor: float, options: Options) -> dict[float, float]:
    """Load one data set and measure it; return by clients the ratio to the echo."""
    settings = prepare(folder)
    sizes = Sizes.national(factor)
    with serving(settings) as (port, echo_port, finish):
        callers = [caller_of(folder, index, port) for index in range(max(CLIENTS))]
        loader = Loader(
            connect(folder, "co-01", port),
            connect(folder, "co-02", port),
            callers,
            AREAS,
            today(),
        )
        began = time.perf_counter()
        await loader.load(sizes, CASES_EACH)
        took = time.perf_counter() - began
        print(
            f"\nx{factor:g}: {sizes.facts:,} facts and placements loaded over the wire"
            f" in {took:.1f} s ({sizes.facts / took:,.0f} a second)"
        )
        checks = [checking(caller) for caller in callers]
        size = SIZES[CHECK]
        echoes = [
            echoing(folder, index, echo_port, size) for index in range(len(checks))
        ]
        ratios = await compare(checks, echoes, options)
        resident = finish()
    disk = sum(file.stat().st_size for file in folder.glob("placement.db*"))
    print(
        f"{disk / sizes.facts:,.0f} bytes a fact on the disk (log and entries),"
        f" {resident * 1024 / sizes.facts:,.0f} in memory at the peak"
    )
    settings.write_text(settings.read_text("utf-8").replace(_AT_ONCE, ""), "utf-8")
    began = time.perf_counter()
    with serving(settings) as (port, _, finish):
        print(f"start, whole chain verified: {time.perf_counter() - began:.1f} s")
        again = [caller_of(folder, index, port) for index in range(len(callers))]
        for caller, known in zip(again, callers, strict=True):
            caller.cases.extend(known.cases)
        await pace([checking(caller) for caller in again], options)
        finish()
    return ratios


async def pace(checks: list[Any], options: Options) -> None:
    """Measure checks that leave on the grid, and print the medians."""
    print(f"on the grid:\n{'clients':>8} {'checks/s':>9} {'p50 ms':>7} {'p99 ms':>7}")
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


def prepare(folder: Path) -> Path:
    """Make certificates, keys, an empty store and the settings."""
    now = datetime.fromtimestamp(time.time(), UTC)
    authority = Authority.create(folder / "pki", name="bench", now=now)
    authority.issue_server("server", ["localhost"], now=now, lifetime=SERVER_LIFETIME)
    people = [f"coordinator/national/co-{number:02}" for number in (1, 2)]
    people += [f"caseworker/{AREAS[i]}/cw-{i:03}" for i in range(max(CLIENTS))]
    for person in people:
        authority.issue_client(
            person.rpartition("/")[2],
            f"spiffe://{_DOMAIN}/{person}",
            now=now,
            lifetime=timedelta(hours=12),
        )
    settings = folder / "placement.toml"
    settings.write_text(
        f'address = "127.0.0.1:0"\ntrust_domain = "{_DOMAIN}"\n' + _AT_ONCE, "utf-8"
    )
    if placement_server(["init", "--settings", str(settings)]):
        raise SystemExit(1)
    return settings


@contextmanager
def serving(settings: Path, *how: str) -> Iterator[tuple[int, int, Callable[[], int]]]:
    """Run the server under measurement; yield its ports and how to stop it.

    Args:
        settings: the server's.
        how: what ``benchmarks.host`` is to do otherwise.
    """
    command = [sys.executable, "-m", "benchmarks.host", str(settings), *how]
    environment = os.environ | {"GRPC_VERBOSITY": "ERROR"}
    with (settings.parent / "server.log").open("ab") as log:
        server = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )

    def finish() -> int:
        """Stop the server and return its memory at the peak, in KiB."""
        server.terminate()
        said, _ = server.communicate(timeout=120)
        return int(said)

    try:
        if server.stdout is None:
            raise SystemExit("the server has no voice")
        ports = server.stdout.readline().split()
        if len(ports) != 2:
            raise SystemExit((settings.parent / "server.log").read_text())
        yield int(ports[0]), int(ports[1]), finish
    finally:
        server.kill()
        server.wait()


@contextmanager
def hosting(settings: Path, module: str, *given: str) -> Iterator[list[int]]:
    """Run a host of another kind; yield the ports that it says it has.

    Args:
        settings: whose folder holds its certificates and its log.
        module: which.
        given: its arguments behind the settings.
    """
    with (settings.parent / "server.log").open("ab") as log:
        host = subprocess.Popen(
            [sys.executable, "-m", module, str(settings), *given],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    try:
        ports = host.stdout.readline().split() if host.stdout else []
        if not ports:
            raise SystemExit((settings.parent / "server.log").read_text())
        yield list(map(int, ports))
    finally:
        host.terminate()
        host.wait()


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
