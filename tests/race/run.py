"""``make race N=1000``: of two simultaneous rival holds exactly one succeeds.

Scenario 7: on SQLite; on PostgreSQL with one server; on PostgreSQL with two, each rival
at a server of its own. The answers are counted, and afterwards the log is read: at no
revision do both stand.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from placement.app import micros, read_ruleset
from placement.crypto.custody import FileCustody
from placement.domain.terms import CaseHandle, stockholm_day
from placement.store.log import Store
from tests.crash.run import ROOT, database, serve
from tests.kit.processes import prepare, stop
from tests.race.judge import at_once
from tests.race.rivals import CONFLICT, HELD

# Beside the words: on how many servers' kind of database (``crash.run.database``), and
# how many there are.
STAGES = {
    "sqlite": ("SQLite, one server", 1, 1),
    "postgres": ("PostgreSQL, one server", 2, 1),
    "pair": ("PostgreSQL, two servers", 2, 2),
}
WON = (f"{HELD} / {CONFLICT}", f"{CONFLICT} / {HELD}")


@dataclass(slots=True)
class Tally:
    """What came of all runs."""

    one: int = 0
    none: int = 0
    two: int = 0
    strange: int = 0

    @property
    def runs(self) -> int:
        return self.one + self.none + self.two

    def add(self, answers: str, count: int) -> None:
        """Count runs that were answered alike."""
        held = sum(each.lower().startswith("held") for each in answers.split(" / "))
        self.one += count * (held == 1)
        self.none += count * (held == 0)
        self.two += count * (held > 1)
        self.strange += count * (answers not in WON)


def main(argv: list[str] | None = None) -> int:
    """Race and count.

    Returns:
        0 if in every run exactly one got the area, and the other CONFLICT.
    """
    parser = argparse.ArgumentParser(prog="make race")
    parser.add_argument("--runs", type=int, default=1000, help="of each stage")
    parser.add_argument("--only", choices=STAGES, action="append")
    args = parser.parse_args(argv)
    tally = Tally()
    both = 0
    for name in args.only or STAGES:
        both += stage(*STAGES[name], args.runs, tally)
    if tally.strange or both:
        print(f"{tally.strange} runs with another answer; both stood {both} times")
    print(
        f"race: {tally.runs} runs, {tally.one} with exactly one hold,"
        f" {tally.none} without, {tally.two} with two"
    )
    return 1 if both or tally.strange or tally.one != tally.runs else 0


def stage(what: str, kind: int, servers: int, runs: int, tally: Tally) -> int:
    """Race on one kind of database.

    Returns:
        At how many revisions both stood in the area.
    """
    with (
        tempfile.TemporaryDirectory(prefix="placement-race-") as place,
        database(kind) as url,
    ):
        folder = Path(place)
        ports = prepare(folder, servers, url)
        with serving(folder, servers):
            rivals = [str(folder), str(runs), str(stockholm_day(micros()))]
            command = [sys.executable, "-m", "tests.race.rivals", *rivals]
            subprocess.run(
                [*command, *map(str, ports)],
                cwd=ROOT,
                env=os.environ | {"GRPC_VERBOSITY": "NONE"},
                check=True,
                timeout=120 + runs * 2,
            )
        raced = json.loads((folder / "raced.json").read_text("utf-8"))
        custody = FileCustody(folder / "store.key")
        where = url or f"sqlite:///{folder}/placement.db"
        store = Store.open(where, custody, f"sqlite:///{folder}/keys.db")
        cases = {CaseHandle(bytes.fromhex(each)) for each in raced["cases"]}
        holds, both = at_once(store, cases)
        store.close()
    answered: Counter[str] = Counter(raced["answered"])
    for answers, count in answered.items():
        tally.add(answers, count)
    print(
        f"{what}: {runs} runs in {raced['seconds']:.1f} s; the first won"
        f" {answered[WON[0]]}, the second {answered[WON[1]]}; {holds} holds in the log"
    )
    for answers, count in answered.items():
        if answers not in WON:
            print(f"  {count} times: {answers}")
    return both


@contextmanager
def serving(folder: Path, servers: int) -> Iterator[list[int]]:
    """Fork servers; stop them when the block ends."""
    running = [serve(folder, number) for number in range(servers)]
    try:
        time.sleep(0.1)
        yield running
    finally:
        stop(running)


if __name__ == "__main__":
    read_ruleset(None)
    sys.exit(main())
