"""``make linear R=50``: holds under kills, and one order in which all could have happened.

On SQLite with one server, then on PostgreSQL with two, of which one is killed at a time.
Callers in another process (``callers``) record when they asked and what they were
answered; for each history an order is searched that the model of the areas agrees with.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from placement.app import micros, read_ruleset
from placement.domain.terms import stockholm_day
from tests.crash.run import ROOT, database, serve
from tests.kit.processes import answers, prepare, stop
from tests.linear.areas import Areas
from tests.linear.callers import RIVALS
from tests.linear.checker import Step, UndecidedError, order
from tests.linear.history import Call, steps

STAGES = {"sqlite": ("SQLite, one server", 1), "pair": ("PostgreSQL, two servers", 2)}
LIVES = (0.05, 1.2)  # seconds until the next kill
YOUNG = 0.2  # how often a server is killed before it answers
SHOWN = 10  # histories between two lines of progress


@dataclass(slots=True)
class Tally:
    """What was seen."""

    histories: int = 0
    operations: int = 0
    unanswered: int = 0
    repeated: int = 0
    kills: int = 0
    bad: int = 0
    missing: int = 0

    @property
    def verdict(self) -> str:
        """What the last line says."""
        if not self.bad and not self.missing:
            return "all are linearizable"
        return f"{self.bad} are not linearizable, {self.missing} were not recorded"

    def judge(self, line: str) -> None:
        """Search an order for one history; show it if there is none."""
        told = json.loads(line)
        calls = [_call(each) for each in told["calls"]]
        history = steps(calls)
        self.histories += 1
        self.operations += len(calls)
        self.unanswered += sum(call.ret is None for call in calls)
        self.repeated += sum(
            call.attempts > 1 and call.ret is not None for call in calls
        )
        for failure in told["failures"]:
            print(f"  a caller gave up: {failure}")
        try:
            found = order(history, Areas([frozenset(pair) for pair in RIVALS]))
        except UndecidedError:
            found = None
            print("  undecided")
        if found is None:
            show(history)
        self.bad += found is None or bool(told["failures"])


def main(argv: list[str] | None = None) -> int:
    """Record histories and judge them.

    Returns:
        0 if every one is linearizable.
    """
    parser = argparse.ArgumentParser(prog="make linear")
    parser.add_argument("--histories", type=int, default=50, help="of each stage")
    parser.add_argument("--seed", type=int, default=time.time_ns())
    parser.add_argument("--only", choices=STAGES, action="append")
    args = parser.parse_args(argv)
    print(f"seed {args.seed}")
    tally = Tally()
    for name in args.only or STAGES:
        stage(*STAGES[name], args.histories, args.seed, tally)
    print(
        f"linear: {tally.histories} histories, {tally.operations} operations"
        f" ({tally.repeated} repeated, {tally.unanswered} unanswered),"
        f" {tally.kills} kills: {tally.verdict}"
    )
    return 1 if tally.bad or tally.missing else 0


def stage(what: str, servers: int, histories: int, seed: int, tally: Tally) -> None:
    """Record histories on one kind of database, and judge them."""
    with (
        tempfile.TemporaryDirectory(prefix="placement-linear-") as place,
        database(servers) as url,
    ):
        folder = Path(place)
        ports = prepare(folder, servers, url, budgets=False)
        began, before = time.monotonic(), tally.kills
        today = stockholm_day(micros())
        numbers = [histories, today, seed, *ports]
        callers = subprocess.Popen(
            [sys.executable, "-m", "tests.linear.callers", place, *map(str, numbers)],
            cwd=ROOT,
            env=os.environ | {"GRPC_VERBOSITY": "NONE"},
        )
        try:
            tally.kills += kill_until_done(folder, ports, callers, Random(seed))
        finally:
            callers.kill()
            callers.wait()
        took = time.monotonic() - began
        lines = (folder / "histories.jsonl").read_text("utf-8").splitlines()
    for line in lines:
        tally.judge(line)
    missing = histories - len(lines)
    tally.missing += missing
    print(
        f"{what}: {len(lines)} histories in {took:.0f} s, {tally.kills - before} kills"
        + (f"; {missing} missing" if missing else ""),
        flush=True,
    )


def kill_until_done(
    folder: Path, ports: list[int], callers: "subprocess.Popen[bytes]", draw: Random
) -> int:
    """Kill one of the servers again and again until the callers are through.

    Returns:
        How often.
    """
    running = [serve(folder, number) for number in range(len(ports))]
    kills = 0
    try:
        while not _through(callers, draw.uniform(*LIVES)):
            number = draw.randrange(len(ports))
            if draw.random() > YOUNG:
                answers(ports[number])
            server = running.pop(number)
            os.kill(server, signal.SIGKILL)
            _, status = os.waitpid(server, 0)
            if not os.WIFSIGNALED(status):
                raise SystemExit((folder / "server.log").read_text("utf-8"))
            running.insert(number, serve(folder, number))
            kills += 1
    finally:
        stop(running)
    return kills


def _through(callers: "subprocess.Popen[bytes]", seconds: float) -> bool:
    """Tell whether the callers are through, within some seconds."""
    try:
        callers.wait(seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


def _call(told: dict[str, Any]) -> Call:
    """Read a call again: JSON has no tuples."""
    return Call(**{name: _tuples(value) for name, value in told.items()})


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


def show(history: list[Step]) -> None:
    """Print a history for which no order was found."""
    print("  no order for this history (milliseconds):")
    zero = min(step.call for step in history)
    for number, step in sorted(enumerate(history), key=lambda each: each[1].call):
        end = "never" if step.ret is None else f"{1000 * (step.ret - zero):.1f}"
        behind = "" if step.after is None else f" after {step.after}"
        print(
            f"  {number:3} {1000 * (step.call - zero):9.1f} {end:>9}"
            f" {' '.join(map(str, step.act))} -> {step.answer}{behind}"
        )


if __name__ == "__main__":
    read_ruleset(None)
    sys.exit(main())
