"""``make bench-across``: from a rivalry at one server to the alerts at another.

Two servers share one PostgreSQL. At one of them rivalries are recorded, one after another,
each of which affects ten placements; at the other a coordinator watches. *first* and
*last* are from the call that records a rivalry, so from before its commit, until its first
and its last alert have come. Once with the news of each other that servers get from the
database, once without: then each looks by itself, once a second.

Seconds: the median of all rounds, and the worst.
"""

import argparse
import asyncio
import shutil
import statistics
import sys
import time
from pathlib import Path
from random import Random
from typing import Any, Final

import uvloop

from benchmarks.alerts import AFFECTED, Figures, Watch, prepared
from benchmarks.channels import connect
from benchmarks.databases import database
from benchmarks.dataset import PATIENCE, SEED, fact, fresh
from benchmarks.host import DEAF
from benchmarks.serving import serving
from benchmarks.standing import Nation, Pair
from placement.api.v1 import registry_service_pb2 as registry
from placement.api.v1 import types_pb2 as wire
from placement.api.v1.registry_service_pb2_grpc import RegistryServiceStub
from placement.app import micros, read_ruleset
from placement.crypto.custody import FileCustody
from placement.domain.terms import Micros
from placement.store.log import Store

PEOPLE: Final = ["coordinator/national/co-01", "coordinator/national/co-02"]
WAYS: Final = {"with news": (), "without": (DEAF,)}
AIM: Final = 5.0
"""Seconds that an alert may take across servers."""


def main(argv: list[str] | None = None) -> int:
    """Measure and print; return 0 if every alert came in time."""
    parser = argparse.ArgumentParser(prog="make bench-across")
    parser.add_argument("--standing", type=int, default=10_000, help="placements")
    parser.add_argument("--rounds", type=int, default=20)
    args = parser.parse_args(argv)
    with database("postgresql") as where, prepared(PEOPLE, where.lines) as folder:
        custody = FileCustody(folder / "store.key")
        store = Store.open(where.url, custody, where.keys)
        pairs = _stand(store, args.standing, args.rounds * len(WAYS))
        store.close()
        found: dict[str, Figures] = {}
        for way, how in WAYS.items():
            turn = [pairs.pop() for _ in range(args.rounds)]
            told = len(found) * args.rounds * AFFECTED
            found[way] = uvloop.run(_measure(folder, turn, how, told))
    print(f"\n{args.standing:,} standing, {AFFECTED} affected, {args.rounds} rounds")
    print(f"{'':>12} {'first':>8} {'worst':>8} {'last':>8} {'worst':>8}")
    for way, figures in found.items():
        columns = [
            f"{each(seconds):>8.2f}"
            for seconds in (figures.first, figures.last)
            for each in (statistics.median, max)
        ]
        print(f"{way:>12} {' '.join(columns)}")
    worst = max(max(figures.last) for figures in found.values())
    print(f"across: the slowest alert took {worst:.2f} s; the aim is {AIM:g} s")
    return 0 if worst < AIM else 1


def _stand(store: Store, placements: int, rounds: int) -> list[Pair]:
    """Fill a store; return the pairs that no rivalry joins yet."""
    nation = Nation(store, read_ruleset(None), Micros(micros()))
    nation.cover()
    nation.stand(placements)
    pairs = [nation.pair(AFFECTED) for _ in range(rounds)]
    nation.finish()
    return pairs


async def _measure(
    folder: Path, pairs: list[Pair], how: tuple[str, ...], told: int
) -> Figures:
    """Record rivalries at one server, and watch at another.

    Args:
        folder: of the settings.
        pairs: that rivalries are to join.
        how: what the servers do otherwise.
        told: how many alerts there are already; a stream begins with them.
    """
    one = folder / "placement.toml"
    other = folder / "other.toml"
    other.write_text(f'{one.read_text("utf-8")}anchor = "other.anchor"\n', "utf-8")
    shutil.copy(folder / "placement.anchor", folder / "other.anchor")
    figures, draw = Figures(), Random(SEED)
    with (
        serving(one, *how) as (port, _, finish),
        serving(other, *how) as (watched, _, end),
    ):
        recorder = connect(folder, "co-01", port)
        watcher = connect(folder, "co-02", watched)
        stub: Any = RegistryServiceStub(recorder)
        watch = Watch(watcher)
        await watch.ready()
        await watch.alerts(told)
        for pair in pairs:
            await asyncio.sleep(draw.uniform(1, 2))  # not in step with who looks
            rivalry = wire.Rivalry(group_a=pair.one, group_b=pair.other, severity=1)
            request = registry.RecordFactsRequest(
                request_id=fresh(), facts=[fact(rivalry=rivalry)]
            )
            began = time.perf_counter()
            await stub.RecordFacts(request, timeout=PATIENCE)
            came = await watch.alerts(pair.placements)
            figures.first.append(came[0] - began)
            figures.last.append(came[-1] - began)
        await watch.close()
        await recorder.close()
        await watcher.close()
        finish()
        end()
    return figures


if __name__ == "__main__":
    sys.exit(main())
