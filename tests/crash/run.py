"""``make crash N=500``: SIGKILL at random points under load, then count what was lost.

The server process is forked from this one, so that a start costs no imports; it runs
``placement-server serve`` as it is. Every kill comes at a moment drawn anew. At the end
every acknowledged case, fact and verdict must stand in the store, once.
"""

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from random import Random

from placement.app import micros, read_ruleset
from placement.audit.entry import ANSWERED
from placement.crypto.custody import FileCustody
from placement.domain.terms import stockholm_day
from placement.ops.main import main as placement_server
from placement.service.fold import load
from placement.service.review import Review
from placement.store.log import Store

ROOT = Path(__file__).parents[2]
DOMAIN = "crash.placement"
CALLERS = 8
LONGEST = 0.8  # seconds between a start and its kill


def main(argv: list[str] | None = None) -> int:
    """Kill and count.

    Returns:
        0 if nothing was lost, torn or doubled.
    """
    parser = argparse.ArgumentParser(prog="make crash")
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--seed", type=int, default=time.time_ns())
    args = parser.parse_args(argv)
    print(f"seed {args.seed}")
    with tempfile.TemporaryDirectory(prefix="placement-crash-") as name:
        folder = Path(name)
        port = prepare(folder)
        callers = start_load(folder, port)
        try:
            kill_often(folder, args.kills, Random(args.seed))
            server = serve(folder)  # so that whoever waits gets an answer
            time.sleep(3)
            callers.terminate()
            callers.wait(timeout=60)
            os.kill(server, signal.SIGTERM)
            os.waitpid(server, 0)
        finally:
            callers.kill()
            callers.wait()
        return report(folder, args.kills)


def prepare(folder: Path) -> int:
    """Make certificates, keys, an empty store and settings; return a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    text = (ROOT / "placement/domain/data/ruleset.toml").read_text("utf-8")
    for line in ("areas = 6\n", "areas = 30\n", "areas = 10\n"):
        text = text.replace(line, "areas = 1000000000\n")
    (folder / "ruleset.toml").write_text(text, "utf-8")
    settings = folder / "placement.toml"
    settings.write_text(
        f'address = "127.0.0.1:{port}"\ntrust_domain = "{DOMAIN}"\n'
        'ruleset = "ruleset.toml"\n',
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
            ["init", "--settings", str(settings)],
        ):
            if placement_server(command):
                raise SystemExit(1)
    return port


def whom(role: str, organisation: str, person: str) -> list[str]:
    return ["--role", role, "--organisation", organisation, "--person", person]


def start_load(folder: Path, port: int) -> "subprocess.Popen[bytes]":
    """Start the callers as a process of their own."""
    today = str(stockholm_day(micros()))
    command = [sys.executable, "-m", "tests.crash.load"]
    command += [str(folder), str(port), today, str(CALLERS)]
    environment = os.environ | {"GRPC_VERBOSITY": "NONE"}
    return subprocess.Popen(command, cwd=ROOT, env=environment)


def serve(folder: Path) -> int:
    """Fork a server; return its process id."""
    child = os.fork()
    if child:
        return child
    log = os.open(folder / "server.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    code = 70
    try:
        code = placement_server(["serve", "--settings", str(folder / "placement.toml")])
    finally:
        os._exit(code)


def kill_often(folder: Path, kills: int, draw: Random) -> None:
    """Start and kill, at a moment drawn anew each time."""
    for count in range(1, kills + 1):
        server = serve(folder)
        time.sleep(draw.uniform(0, LONGEST))
        os.kill(server, signal.SIGKILL)
        _, status = os.waitpid(server, 0)
        if not os.WIFSIGNALED(status):
            raise SystemExit((folder / "server.log").read_text("utf-8"))
        if count % 50 == 0:
            print(f"{count} kills", flush=True)


def report(folder: Path, kills: int) -> int:
    """Compare what was acknowledged with what is stored."""
    store = Store.open(
        f"sqlite:///{folder}/placement.db", FileCustody(folder / "store.key")
    )
    head = store.verify()
    state, _ = load(store)
    entries = dict(_entries(store))
    store.close()
    text = (folder / "acknowledged.jsonl").read_text("utf-8")
    promised = [json.loads(line) for line in text.splitlines()]
    counts: Counter[str] = Counter()
    for line in promised:
        counts.update(_judge(line, state, entries))
    references = Counter(case.reference for case in state.cases.values())
    counts["doubled"] = sum(count > 1 for count in references.values())
    lost = {key: counts[key] for key in ("lost", "unlogged", "doubled", "failed")}
    print(
        f"{kills} kills; {head.revision} events, {head.leaves} entries verified;"
        f" acknowledged: {counts['cases']} cases, {counts['facts']} facts,"
        f" {counts['verdicts']} verdicts; {lost}"
    )
    shown = all(counts[key] for key in ("cases", "facts", "verdicts"))
    return 0 if shown and not any(lost.values()) else 1


def _judge(line, state, entries):
    """Yield what a line counts as, and what is wrong with it."""
    if "failure" in line:
        yield "failed"
    elif "case" in line:
        yield "cases"
        case = state.cases.get(bytes.fromhex(line["case"]))
        if case is None or case.reference != line["reference"]:
            yield "lost"
    elif "fact" in line:
        yield "facts"
        if bytes.fromhex(line["fact"]) not in state.facts:
            yield "lost"
    else:
        yield "verdicts"
        entry = entries.get(line["leaf"])
        said = (tuple(line["verdicts"]), tuple(map(bytes.fromhex, line["decisions"])))
        held = entry and (entry.verdicts, entry.decisions)
        if entry is None or entry.outcome != ANSWERED or held != said:
            yield "unlogged"


def _entries(store):
    """Yield every entry of the access log by its index."""
    review, first = Review(store, lambda: None), 0
    while found := review.entries(first, 1000):
        yield from found
        first += len(found)


if __name__ == "__main__":
    read_ruleset(None)
    sys.exit(main())
