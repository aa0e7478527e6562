"""``make chaos MINUTES=30 SERVERS=3``: several servers, and nothing that spares them.

Each is killed, stopped (SIGSTOP) and cut off from the PostgreSQL that they share, at
moments drawn anew: reset, swallowed one way or both, slowed. Meanwhile callers hold and
confirm, record facts and ask, at all of them (``tests.chaos.callers``, and the load of
``make crash``). In the end every history of holds must have an order in which all could have
happened; no check that began after a contradicting fact was acknowledged, anywhere, may
have been CLEAR; everything acknowledged must stand in the log, once; and every checkpoint
must be one of the log as it is.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from io import StringIO
from pathlib import Path
from random import Random

import psycopg

from placement.app import micros, read_ruleset
from placement.crypto.custody import FileCustody
from placement.domain.terms import stockholm_day
from placement.errors import PlacementError
from placement.ops.main import main as placement_server
from placement.store.log import Store
from tests.chaos.bugs import BUGS
from tests.chaos.judge import Findings, incidents, judge
from tests.chaos.storm import Storm
from tests.crash.judge import report
from tests.crash.run import ROOT, database, whom
from tests.kit.processes import DOMAIN, prepare
from tests.kit.proxy import Network, network, socket_of, through

CALLERS = 4  # of the load of ``make crash``
TICK = 2  # seconds
SETTLE = 3.0  # seconds of calm before the callers are stopped
END = 150.0  # seconds that they may take then
LOADER = ("caseworker", "1280", "cw-11")
"""Who makes the load of ``make crash``, beside a coordinator who is there already."""
HAPPENS = ("kills", "pauses", "partitions")


def main(argv: list[str] | None = None) -> int:
    """Let it blow, and judge.

    Returns:
        0 if all that must hold was measured, and held.
    """
    parser = argparse.ArgumentParser(prog="make chaos")
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--servers", type=int, default=3)
    parser.add_argument("--seed", type=int, default=time.time_ns())
    parser.add_argument("--plant", choices=BUGS, help="a bug, in every server")
    args = parser.parse_args(argv)
    print(f"seed {args.seed}", flush=True)
    with (
        tempfile.TemporaryDirectory(prefix="placement-chaos-") as place,
        database(2) as url,
        network(socket_of(url), args.servers) as gates,
    ):
        folder = Path(place)
        ports, keys = settle(folder, url, gates)
        storm = Storm(
            folder, ports, gates, Random(args.seed), BUGS.get(args.plant, _nothing)
        )
        try:
            storm.answering()
            with calling(folder, ports, args.seed):
                storm.blow(args.minutes * 60)
                time.sleep(SETTLE)
        finally:
            storm.stop()
        found = judge(folder)
        stored(folder, url, keys, found, storm.counts["kills"])
    return tell(found, storm, args.minutes, args.servers)


def settle(folder: Path, url: str, gates: Network) -> tuple[list[int], str]:
    """Make what the servers need, each behind its gate.

    Returns:
        Their ports, and the URL of the key store.
    """
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute("CREATE DATABASE keys")
    keys = url.replace("/postgres?", "/keys?")
    ports = prepare(folder, len(gates.ports), url, budgets=False, keys=keys)
    place = ["--dir", str(folder / "pki")]
    client = ["pki", "issue-client", *place, "--trust-domain", DOMAIN, "--hours", "24"]
    with redirect_stdout(StringIO()):
        placement_server([*client, "--name", "caseworker", *whom(*LOADER)])
    for number, gate in enumerate(gates.ports):
        settings = folder / f"{number}.toml"
        text = settings.read_text("utf-8").replace("tick = 0", f"tick = {TICK}")
        for direct in (url, keys):
            text = text.replace(direct, through(direct, gate))
        settings.write_text(f'{text}anchor = "{number}.anchor"\n', "utf-8")
        shutil.copy(folder / "placement.anchor", folder / f"{number}.anchor")
    return ports, keys


@contextmanager
def calling(folder: Path, ports: list[int], seed: int) -> Iterator[None]:
    """Have callers call while the block runs; they end their last calls after it."""
    today = str(stockholm_day(micros()))
    where = [str(folder), today]
    numbers = list(map(str, ports))
    commands = [
        ["tests.chaos.callers", *where, str(seed), *numbers],
        ["tests.crash.load", *where, str(CALLERS), *numbers],
    ]
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=ROOT,
            env=os.environ | {"GRPC_VERBOSITY": "NONE"},
        )
        for command in commands
    ]
    try:
        yield
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(END)
    finally:
        for process in processes:
            process.kill()
            process.wait()


def stored(folder: Path, url: str, keys: str, found: Findings, kills: int) -> None:
    """Hold what was acknowledged against the log, and the servers' own words."""
    seen = folder / "seen.jsonl"
    if seen.exists():
        with (folder / "acknowledged.jsonl").open("a", encoding="utf-8") as file:
            file.write(seen.read_text("utf-8"))
    try:
        store = Store.open(url, FileCustody(folder / "store.key"), keys)
        if report(store, folder, kills, f"{DOMAIN}/log"):
            found.wrong.append("the log does not say what was answered")
    except PlacementError as error:
        found.wrong.append(f"the log does not verify: {error.reason}")
    found.wrong += incidents((folder / "server.log").read_text("utf-8"))


def tell(found: Findings, storm: Storm, minutes: float, servers: int) -> int:
    """Say what was seen; return 0 if nothing is wrong, and all was measured."""
    counts, holds = storm.counts, found.histories
    faults = found.faults(servers)
    faults += [f"no {each}" for each in HAPPENS if not counts[each]]
    kinds = {kind: counts[kind] for kind in sorted(counts) if kind not in HAPPENS}
    print(
        f"{minutes:g} min, {servers} servers: {counts['kills']} kills,"
        f" {counts['pauses']} pauses, {counts['partitions']} partitions {kinds};"
        f" {found.answers} answers, longest time without one {found.longest:.1f} s"
    )
    print(
        f"{holds.histories} histories of holds ({holds.operations} operations,"
        f" {holds.unanswered} unanswered); {found.facts} contradicting facts,"
        f" {found.before} checks before ({found.clear} CLEAR), {found.after} after"
    )
    for fault in faults:
        print(f"  {fault}")
    verdict = (
        f"{len(faults)} faults"
        if faults
        else "holds are linearizable, every acknowledged entry is found once,"
        " no stale CLEAR, no fork"
    )
    print(f"chaos: {verdict}")
    return 1 if faults else 0


def _nothing() -> None:
    """Plant nothing."""


if __name__ == "__main__":
    read_ruleset(None)
    sys.exit(main())
