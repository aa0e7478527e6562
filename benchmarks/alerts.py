"""``make bench-alerts``: from a new rivalry to the alerts, and many holds at once.

First, stores of 1,000 to 100,000 standing placements. In each, rivalries are recorded one
after another over the wire, and each affects ten placements; a coordinator watches. Then
rivalries that affect 10 to 1,000 placements, in one store. *work* is what the service
does for one of them, decided on the same state without a server: all from taking the
rivalry off the agenda to the last alert. *first alert* and *alert* are from the call
that records it until the first and the last alert have come; a stream looks every 100 ms
for what is new. In *quiet* areas nobody stands but those it affects, in *crowded* ones everybody
does: there every look at an area costs more, as a check does.

Last, callers who hold one area at the same instant, each over a connection of its own: of
two groups at war, and of groups that have nothing to do with each other.

Medians of several rounds, in milliseconds.
"""

import argparse
import asyncio
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Final

import grpc
import grpc.aio
import uvloop

from benchmarks.channels import connect
from benchmarks.dataset import PATIENCE, SEED, fact, fresh
from benchmarks.holding import Holder, race
from benchmarks.serving import AT_ONCE, by_person, prepare, serving
from benchmarks.standing import Nation, Pair
from placement.api.v1 import alert_service_pb2 as alert
from placement.api.v1 import registry_service_pb2 as registry
from placement.api.v1 import types_pb2 as wire
from placement.api.v1.alert_service_pb2_grpc import AlertServiceStub
from placement.api.v1.registry_service_pb2_grpc import RegistryServiceStub
from placement.app import micros, read_ruleset
from placement.crypto.custody import FileCustody
from placement.domain.decide.command import Moment, Outcome
from placement.domain.decide.table import decide
from placement.domain.events import FactRecorded, Record
from placement.domain.facts import Rivalry
from placement.domain.ruleset import Ruleset
from placement.domain.state import State
from placement.domain.terms import FactId, Grade, Micros, Reason, Scheme
from placement.service.fold import load
from placement.service.worker import Worker
from placement.store.log import Store

AFFECTED: Final = 10
"""By each rivalry, while everything else grows."""
GROWING: Final = (10, 100, 1_000)
"""By each rivalry, while everything else stays."""
WITHIN: Final = 120.0
"""Seconds that alerts may take to come."""
STREAMS: Final = 600.0
"""Seconds that a stream may last."""
MILLI: Final = 1e3


@dataclass(slots=True)
class Figures:
    """What was measured of one kind of rivalry: seconds, a number for each round."""

    work: list[float] = field(default_factory=list)
    first: list[float] = field(default_factory=list)
    last: list[float] = field(default_factory=list)

    def row(self) -> str:
        """Return the medians."""
        return "".join(
            f"{statistics.median(each) * MILLI:>12.1f}"
            for each in (self.work, self.first, self.last)
        )


class Watch:
    """A coordinator's stream of alerts.

    Attributes:
        came: by which placements' alerts, and when they came.
    """

    def __init__(self, channel: grpc.aio.Channel) -> None:
        stub: Any = AlertServiceStub(channel)
        self._pieces = stub.WatchAlerts(alert.WatchAlertsRequest(), timeout=STREAMS)
        self._task = asyncio.create_task(self._follow())
        self._new = asyncio.Event()
        self.came: list[float] = []

    async def _follow(self) -> None:
        try:
            async for piece in self._pieces:
                now = time.perf_counter()
                self.came += [now] * len(piece.alerts)
                self._new.set()
        finally:
            self._new.set()  # so that whoever waits sees the end

    async def _wait(self) -> None:
        async with asyncio.timeout(WITHIN):
            await self._new.wait()
        self._new.clear()
        if self._task.done():
            self._task.result()
            raise SystemExit("the stream of alerts ended")

    async def ready(self) -> None:
        """Wait until the stream has said that it follows."""
        await self._wait()

    async def alerts(self, count: int) -> list[float]:
        """Wait until so many have come, and return when; then forget them."""
        while len(self.came) < count:
            await self._wait()
        came, self.came = self.came, []
        return came

    async def close(self) -> None:
        """Follow no more."""
        self._pieces.cancel()
        with suppress(asyncio.CancelledError):
            await self._task


def main(argv: list[str] | None = None) -> int:
    """Run the benchmark and print its tables."""
    parser = argparse.ArgumentParser(prog="make bench-alerts")
    parser.add_argument("--most", type=int, default=100_000, help="placements")
    parser.add_argument("--growing", type=int, help="with so many; default: the middle")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--callers", type=int, default=200)
    args = parser.parse_args(argv)
    sizes = [10**power for power in range(3, 8) if 10**power <= args.most]
    print(f"Python {platform.python_version()}, grpcio {grpc.__version__}")
    heads = "".join(f"{each:>12}" for each in ("work", "first alert", "alert"))
    print(f"\n{'standing':>10} {'affected':>10} {'areas':>8}{heads}")
    for size in sizes:
        kinds = [(AFFECTED, True), (AFFECTED, False)]
        uvloop.run(measure(size, kinds, args.rounds))
    middle = args.growing or sizes[len(sizes) // 2]
    uvloop.run(measure(middle, [(each, True) for each in GROWING], args.rounds))
    uvloop.run(hold(args.callers, args.rounds))
    return 0


async def measure(size: int, kinds: list[tuple[int, bool]], rounds: int) -> None:
    """Measure rivalries of some kinds in a store of its own, and print a line for each."""
    ruleset = read_ruleset(None)
    with prepared(
        ["coordinator/national/co-01", "coordinator/national/co-02"]
    ) as folder:
        store = _opened(folder)
        nation = Nation(store, ruleset, Micros(micros()))
        nation.cover()
        nation.stand(size)
        pairs = [
            [nation.pair(count, quiet=quiet) for _ in range(rounds)]
            for count, quiet in kinds
        ]
        nation.finish()
        figures = [Figures() for _ in kinds]
        state, _ = load(store)
        store.close()
        for turn in zip(*pairs, strict=True):
            for found, pair in zip(figures, turn, strict=True):
                found.work.append(work(state, ruleset, pair))
        del state
        with serving(folder / "placement.toml") as (port, _, finish):
            await _over_the_wire(folder, port, pairs, figures)
            finish()
    for (count, quiet), found in zip(kinds, figures, strict=True):
        where = "quiet" if quiet else "crowded"
        print(f"{size:>10,} {count:>10,} {where:>8}{found.row()}", flush=True)


async def _over_the_wire(
    folder: Path, port: int, pairs: Sequence[Sequence[Pair]], figures: list[Figures]
) -> None:
    """Record the rivalries, kind by kind in turn, and time their alerts."""
    recorder, watcher = (connect(folder, name, port) for name in ("co-01", "co-02"))
    stub: Any = RegistryServiceStub(recorder)
    watch = Watch(watcher)
    await watch.ready()
    draw = Random(SEED)
    for turn in zip(*pairs, strict=True):
        for found, pair in zip(figures, turn, strict=True):
            rivalry = wire.Rivalry(group_a=pair.one, group_b=pair.other, severity=1)
            request = registry.RecordFactsRequest(
                request_id=fresh(), facts=[fact(rivalry=rivalry)]
            )
            await asyncio.sleep(draw.random())  # not in step with the stream
            began = time.perf_counter()
            await stub.RecordFacts(request, timeout=PATIENCE)
            came = await watch.alerts(pair.placements)
            found.first.append(came[0] - began)
            found.last.append(came[-1] - began)
    await watch.close()
    await recorder.close()
    await watcher.close()


def work(state: State, ruleset: Ruleset, pair: Pair) -> float:
    """Let a rivalry begin in a state, and do what follows; return the seconds."""
    moment = Moment(now=Micros(micros()), ruleset=ruleset)
    rivalry = Rivalry(
        id=FactId(fresh()),
        recorded_at=moment.now,
        author="co-01",
        region="national",
        scheme=Scheme.THREE_FIVE_TWO,
        given="2B",
        grade=Grade.MEDIUM,
        reason=Reason.INTELLIGENCE,
        low=min(pair.one, pair.other),
        high=max(pair.one, pair.other),
        severity=1,
    )
    state.apply(Record(at=moment.now, event=FactRecorded(fact=rivalry)))
    worker = Worker()
    began = time.perf_counter()
    raised = len(list(state.alerts))
    while (command := worker.next(state, moment)) is not None:
        outcome = decide(state, command, moment).outcome
        if not isinstance(outcome, Outcome):
            raise outcome
        for event in outcome.events:
            state.apply(Record(at=moment.now, event=event))
    took = time.perf_counter() - began
    if len(list(state.alerts)) - raised != pair.placements:
        raise SystemExit("a rivalry affected what it should not, or not what it should")
    return took


async def hold(callers: int, rounds: int) -> None:
    """Let many callers hold one area at once, and print what they saw."""
    ruleset = read_ruleset(None)
    codes = tuple(ruleset.areas)
    people = [f"caseworker/{codes[i % len(codes)]}/cw-{i:04}" for i in range(callers)]
    kinds = {"at war": ("0680", 2), "unrelated": ("2480", callers)}
    with prepared(people) as folder:
        store = _opened(folder)
        nation = Nation(store, ruleset, Micros(micros()))
        nation.cover()
        cases = {}
        for kind, (_, many) in kinds.items():
            groups = [nation.group() for _ in range(many)]
            if kind == "at war":
                nation.at_war(*groups)
            cases[kind] = [
                nation.case(groups[index % many], person.split("/")[1])
                for index, person in enumerate(people)
            ]
        nation.finish()
        store.close()
        with serving(folder / "placement.toml") as (port, _, finish):
            channels = [
                connect(folder, person.rpartition("/")[2], port) for person in people
            ]
            print(
                f"\n{callers} holds at once {'p50':>9} {'p99':>9} {'worst':>9}"
                f" {'held':>7} {'errors':>7} {'retries':>8}"
            )
            for kind, (area, _) in kinds.items():
                holders = [
                    Holder(channel, case, area)
                    for channel, case in zip(channels, cases[kind], strict=True)
                ]
                print(f"{kind:>15} {await race(holders, rounds)}", flush=True)
            for channel in channels:
                await channel.close()
            finish()


@contextmanager
def prepared(people: list[str], more: str = "") -> Iterator[Path]:
    """Make certificates, keys, an empty store and the settings.

    Args:
        people: role, organisation and person of each, with slashes.
        more: lines for the settings.
    """
    with tempfile.TemporaryDirectory(prefix="placement-alerts-") as name:
        folder = Path(name)
        prepare(folder, by_person(people), AT_ONCE + more)
        yield folder


def _opened(folder: Path) -> Store:
    custody = FileCustody(folder / "store.key")
    return Store.open(f"sqlite:///{folder}/placement.db", custody)


if __name__ == "__main__":
    sys.exit(main())
