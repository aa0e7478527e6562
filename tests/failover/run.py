"""``make failover-drill``: a primary is lost under load, and what was acknowledged is not.

Three machines on loopback run etcd, Patroni and PostgreSQL as docs/patroni.yml says; two
servers find the primary by the URL of docs/several-machines.md, and callers who never give
up work at both (``tests.crash.load``). Then, one after another, to whoever is primary:

* ``postgres``: its PostgreSQL is killed, and Patroni starts it again or another;
* ``machine``: all of its processes are killed at once; later it comes back;
* ``etcd``: it loses its etcd, and with it the right to be primary; later it gets it back;
* ``paused``: all of its processes are stopped, and wake when another is primary:
  PostgreSQL first, to whom the servers are driven, and later what would stop it.

Each must be over, with all callers served and all machines in step, before the next one.
At the end the servers start once more, from the anchors that they wrote, and everything
that was acknowledged must stand in the log, once, and every checkpoint must begin it.

``--planted`` runs machines that confirm nothing to each other, and cuts the others off
before the primary is lost. Then the drill must find what is gone, the servers must have
refused to go on, and must refuse to start.
"""

import argparse
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from placement.crypto.custody import FileCustody
from placement.errors import PlacementError
from placement.store.log import Store
from tests.chaos.judge import incidents
from tests.crash.judge import report
from tests.crash.run import CALLERS, DOMAIN, prepare, serve, start_load
from tests.failover.installed import etcd, is_steady, lacking
from tests.failover.machines import (
    PATIENCE,
    Machine,
    Machines,
    listens,
    running,
    signal_all,
    wait,
)
from tests.failover.woken import Woken
from tests.kit.processes import stop

SERVERS: Final = 2
CALM: Final = 3.0  # seconds of work before each event
ALONE: Final = 5.0  # seconds that PostgreSQL is awake before the rest of its machine
MISSING: Final = "NOT RUN: not installed here:"


@dataclass(frozen=True, slots=True)
class Told:
    """What became of one event."""

    event: str
    before: str
    after: str
    acknowledged: int
    silence: float
    callers: int


class Drill:
    """Lets things happen to the primary.

    Args:
        machines: all three.
        folder: where the callers write down what they were promised.
    """

    def __init__(self, machines: Machines, folder: Path) -> None:
        self._machines = machines
        self._path = folder / "acknowledged.jsonl"
        self.woken = Woken(machines)
        self.events: Mapping[str, Callable[[Machine], None]] = {
            "postgres": self._postgres,
            "machine": self._machine,
            "etcd": self._etcd,
            "paused": self._paused,
        }

    def play(self, event: str) -> Told:
        """Let one thing happen, and see everybody served again.

        Raises:
            TimeoutError: somebody is not.
        """
        time.sleep(CALM)
        before, start = self._where(), time.monotonic()
        self.events[event](before[0])
        wait(self._machines.whole, f"after {event} the machines don't get whole")
        healed = time.monotonic()
        wait(lambda: len(self._served(healed)) == CALLERS, f"{event}: who is served?")
        after, lines = self._where(), self._lines(start)
        times = [start, *(line["at"] for line in lines)]
        return Told(
            event,
            _named(before),
            _named(after),
            len(lines),
            max(end - begin for begin, end in pairwise(times)),
            len(self._served(healed)),
        )

    def plant(self) -> int:
        """Lose a primary that nobody had copied for a while; return what was promised."""
        time.sleep(CALM)
        primary, _ = self._where()
        self._machines.cut(primary)
        start = time.monotonic()
        time.sleep(CALM)
        primary.lose()
        promised = len(self._lines(start))
        self._other(primary)
        time.sleep(3 * CALM)  # in which the servers look at what is there now
        return promised

    def _postgres(self, primary: Machine) -> None:
        signal_all(primary.postgres(), signal.SIGKILL)
        time.sleep(1)

    def _machine(self, primary: Machine) -> None:
        primary.lose()
        self._other(primary)
        self._goes_on()
        self._machines.start(primary)

    def _etcd(self, primary: Machine) -> None:
        signal_all(primary.etcd(), signal.SIGSTOP)
        try:
            self._other(primary)
            self._goes_on()
        finally:
            signal_all(primary.etcd(), signal.SIGCONT)

    def _paused(self, primary: Machine) -> None:
        self.woken.prepare(primary)
        stopped = self._pausing(primary)
        signal_all(stopped, signal.SIGSTOP)
        try:
            self._other(primary)
            self._goes_on()
            self.woken.insist()
            signal_all(primary.postgres(), signal.SIGCONT)
            self._machines.end_sessions(primary)
            time.sleep(ALONE)
        finally:
            signal_all(stopped, signal.SIGCONT)
        self.woken.end()

    def _pausing(self, primary: Machine) -> list[int]:
        """Return what of a machine is paused: all, unless its etcd is one to be replaced."""
        version = etcd()
        if is_steady(version):
            return primary.everything()
        print(
            f"etcd {'.'.join(map(str, version))} is not paused: it would lose commits"
        )
        return [each for each in primary.everything() if each not in primary.etcd()]

    def _other(self, primary: Machine) -> None:
        """Wait until another machine is primary."""
        wait(lambda: self._machines.primary(primary), "nobody becomes primary")

    def _goes_on(self) -> None:
        """See everybody served while the one that was primary is still away."""
        since = time.monotonic()
        wait(lambda: len(self._served(since)) == CALLERS, "nobody is served meanwhile")

    def _where(self) -> tuple[Machine, int]:
        """Return the primary and its timeline."""
        found: list[Machine] = []
        wait(
            lambda: found.extend(filter(None, [self._machines.primary()])) or found, ""
        )
        return found[0], int(found[0].word()["timeline"])

    def _served(self, since: float) -> set[str]:
        """Return the callers whose case was acknowledged since then."""
        lines = [line for line in self._lines(since) if "reference" in line]
        return {line["reference"].partition("/")[0] for line in lines}

    def lately(self) -> list[str]:
        """Return the callers who were served in the last minute."""
        return sorted(self._served(time.monotonic() - 60))

    def _lines(self, since: float) -> list[dict[str, Any]]:
        whole = self._path.read_text("utf-8").rpartition("\n")[0]
        lines = [json.loads(line) for line in whole.splitlines()]
        return [line for line in lines if line["at"] >= since]


def _named(place: tuple[Machine, int]) -> str:
    return f"{place[0].name}/{place[1]}"


def main(argv: list[str] | None = None) -> int:
    """Play the events and count.

    Returns:
        0 if nothing was lost, doubled or forked and everybody was served; 2 if the drill
        could not run.
    """
    parser = argparse.ArgumentParser(prog="make failover-drill")
    names = ("postgres", "machine", "etcd", "paused")
    parser.add_argument("--events", nargs="+", choices=names, default=names)
    parser.add_argument("--rounds", type=int, default=1, choices=range(1, 1001))
    parser.add_argument("--planted", action="store_true")
    parser.add_argument("--keep", action="store_true", help="keep the folders")
    args = parser.parse_args(argv)
    if missing := lacking():
        print(MISSING, missing)
        print("apt-get install etcd-server postgresql python3-venv; make patroni")
        return 2
    with _folder(keep=args.keep) as own, _folder(keep=args.keep) as shared:
        shared.chmod(0o755)
        with running(shared, planted=args.planted) as machines:
            events = [] if args.planted else list(args.events) * args.rounds
            return _drill(machines, own, events)


def _drill(machines: Machines, folder: Path, events: list[str]) -> int:
    """Play events on machines that are whole; with none, plant what must be found."""
    ports = prepare(folder, SERVERS, machines.found(), machines.found("placement_keys"))
    _anchor_apart(folder)
    _look_backwards(folder, machines)
    drill = Drill(machines, folder)
    servers = [serve(folder, number) for number in range(SERVERS)]
    callers = start_load(folder, ports)
    unserved = ""
    try:
        wait((folder / "acknowledged.jsonl").exists, "the callers don't start")
        unserved = _play(drill, events)
        if not events:
            print(f"{drill.plant()} acknowledged by a primary that nobody copied; lost")
        callers.terminate()
        callers.wait(timeout=60)
    finally:
        callers.kill()
        callers.wait()
        stop(servers)
    sound = _is_sound(machines, folder, drill, ports, len(events)) and not unserved
    print("nothing acknowledged was lost" if sound else "FAILED")
    return 0 if sound else 1


def _is_sound(
    machines: Machines, folder: Path, drill: Drill, ports: list[int], kills: int
) -> bool:
    """Tell whether the servers start again, complained of nothing, and all is there."""
    started = _start_again(folder, ports)
    said = incidents((folder / "server.log").read_text("utf-8", "replace"))
    print(
        f"{started} of {SERVERS} servers start again from the anchors they had written;"
        f" {_refused(folder)} refused the log; incidents: {said}"
    )
    promised = drill.woken.report()
    custody = FileCustody(folder / "store.key")
    try:
        store = Store.open(machines.found(), custody, machines.found("placement_keys"))
        wrong = report(store, folder, kills, f"{DOMAIN}/log")
    except PlacementError as error:
        print(f"the log does not verify: {error.reason}")
        wrong = 1
    return not wrong and promised and started == SERVERS and not said


def _play(drill: Drill, events: list[str]) -> str:
    """Play events until one leaves somebody unserved; return what was missed."""
    try:
        for event in events:
            _print(drill.play(event))
    except TimeoutError as error:
        print(f"{error}; served in the last minute: {drill.lately()}", flush=True)
        return str(error)
    return ""


def _start_again(folder: Path, ports: list[int]) -> int:
    """Start each server once more; return how many their anchors let."""
    started = 0
    for number, port in enumerate(ports):
        server = serve(folder, number)
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            if os.waitpid(server, os.WNOHANG)[0]:
                break
            if listens(port):
                started += 1
                stop([server])
                break
            time.sleep(0.05)
        else:
            raise TimeoutError("a server neither serves nor ends")
    return started


def _refused(folder: Path) -> int:
    """Return how often a server said that the database is older than its anchor."""
    log = (folder / "server.log").read_text("utf-8", "replace")
    return log.count("does not continue from the anchor")


def _print(told: Told) -> None:
    print(
        f"{told.event}: primary/timeline {told.before} -> {told.after};"
        f" {told.acknowledged} acknowledged since, {told.silence:.1f} s without any;"
        f" {told.callers} of {CALLERS} callers served at the end",
        flush=True,
    )


def _anchor_apart(folder: Path) -> None:
    """Give each server an anchor of its own, as servers on several machines have."""
    for number in range(SERVERS):
        shutil.copy(folder / "placement.anchor", folder / f"{number}.anchor")
        with (folder / f"{number}.toml").open("a", encoding="utf-8") as file:
            file.write(f'anchor = "{number}.anchor"\n')
    (folder / "placement.anchor").unlink()


def _look_backwards(folder: Path, machines: Machines) -> None:
    """Let one server try the machines in another order: so one meets who wakes first."""
    file = folder / "1.toml"
    text = file.read_text("utf-8")
    for database in ("placement_keys", "placement"):
        given, other = (machines.found(database, way) for way in (1, -1))
        text = text.replace(given, other)
    file.write_text(text, "utf-8")


@contextmanager
def _folder(*, keep: bool) -> Iterator[Path]:
    name = tempfile.mkdtemp(prefix="placement-failover-")
    try:
        yield Path(name)
    finally:
        if keep or os.environ.get("KEEP"):
            print(f"kept: {name}")
        else:
            shutil.rmtree(name, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
