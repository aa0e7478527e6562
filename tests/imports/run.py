"""``make import-drill``: an import that is killed at random points, and one that isn't.

The same sheet goes to two servers. At the one nothing happens. At the other the client
and the server are killed with SIGKILL, at moments drawn anew, while rows are staged,
and the server while they are taken over; each time they go on. In the end both are
exported, and the two files must be the same bytes, and the sheet's own.
"""

import argparse
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

from placement.domain.import_events import ImportState
from tests.imports.sheet import write
from tests.imports.site import Site

OPEN = ImportState.OPEN
_EARLY = 0.2  # how often a kill comes before anything is sent
_LOOKS = 5.0  # seconds in which a server that has started goes on with rows


def main(argv: list[str] | None = None) -> int:
    """Import twice and compare.

    Returns:
        0 if both registries are the same, and every kind of kill happened half way.
    """
    parser = argparse.ArgumentParser(prog="make import-drill")
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--kills", type=int, default=6, help="of each kind")
    parser.add_argument("--seed", type=int, default=time.time_ns())
    args = parser.parse_args(argv)
    print(f"seed {args.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="placement-imports-") as name:
        folder = Path(name)
        sheet = folder / "sheet.csv"
        write(sheet, args.rows)
        calm, kept = _calm(folder / "calm", sheet)
        drill = Drill(folder / "killed", sheet, calm, args.kills, Random(args.seed))
        found = drill.run()
        return report(args.rows, drill.kills, (sheet.read_bytes(), kept, found))


def report(rows: int, kills: Counter[str], exports: tuple[bytes, ...]) -> int:
    """Say whether the exports are one, and return the exit code."""
    print(", ".join(f"{count} kills of {kind}" for kind, count in kills.items()))
    digests = {sha256(each).hexdigest() for each in exports}
    if len(digests) != 1:
        print("FAILED: the registries differ")
        return 1
    missed = [kind for kind in Drill.KINDS if not kills[kind]]
    if missed:
        print(f"never half way: {', '.join(missed)}")
        return 1
    print(
        f"After {kills.total()} kills the export of {rows} rows equals that of an "
        f"uninterrupted import, byte for byte: {digests.pop()[:16]}"
    )
    return 0


def _calm(folder: Path, sheet: Path) -> tuple[dict[str, float], bytes]:
    """Import without a kill; return how long each step took, and the export."""
    folder.mkdir()
    took: dict[str, float] = {}
    with Site(folder) as site:
        began = time.monotonic()
        plan = site.ask("coordinator", "import", "dry-run", sheet)
        took["dry run"] = time.monotonic() - began
        sent = site.ask(
            "coordinator", "import", "commit", sheet, "--plan", plan["plan"]
        )
        took["commit"] = time.monotonic() - began - took["dry run"]
        # To read and compare takes as long again; at least what is left is sending.
        took["sending"] = max(0.5, took["commit"] - took["dry run"])
        _approve(site, sent)
        began = time.monotonic()
        site.ask("second", "import", "show", sent["import_id"], "--wait")
        took["taking over"] = time.monotonic() - began
        exported = _exported(site)
    print("; ".join(f"{step} {seconds:.1f} s" for step, seconds in took.items()))
    return took, exported


def _approve(site: Site, sent: Any) -> None:
    key = ("import", "approve", sent["import_id"], "--digest", sent["digest"])
    site.insist("second", *key)


def _exported(site: Site) -> bytes:
    path = site.folder / "export.csv"
    site.insist("coordinator", "export", path)
    return path.read_bytes()


class Drill:
    """Imports with kills.

    Args:
        folder: for the server and its people.
        sheet: what is imported.
        took: how long each step takes when nothing happens, in seconds.
        kills: how many of each kind.
        random: when.

    Attributes:
        kills: how many there were, of whom and meanwhile.
    """

    KINDS = ("client sending", "server receiving", "server taking over")

    def __init__(
        self,
        folder: Path,
        sheet: Path,
        took: dict[str, float],
        kills: int,
        random: Random,
    ) -> None:
        folder.mkdir()
        self.kills: Counter[str] = Counter()
        self._site = Site(folder)
        self._sheet = sheet
        self._took = took
        self._most = kills
        self._random = random

    def run(self) -> bytes:
        """Import; return the export."""
        with self._site as site:
            plan = site.ask("coordinator", "import", "dry-run", self._sheet)["plan"]
            first = ("import", "commit", self._sheet, "--plan", plan)
            self._interrupt(first)
            sent = self._sent(first)
            _approve(site, sent)
            self._taken(sent["import_id"])
            return _exported(site)

    def _interrupt(self, first: tuple[object, ...]) -> None:
        """Kill the client, and the server, while rows are sent."""
        for _ in range(20 * self._most):
            wanted = [kind for kind in self.KINDS[:2] if self.kills[kind] < self._most]
            if not wanted or self._state() == "WAITING":
                return
            client = self._site.begin("coordinator", *self._next(first))
            self._wait(client)
            if client.poll() is not None:
                client.communicate(timeout=600)
                continue
            victim = min(
                wanted, key=lambda kind: (self.kills[kind], self._random.random())
            )
            if len(wanted) > 1 or victim == self.KINDS[0]:
                # Else it might come to its end, and nothing were left to interrupt.
                client.send_signal(signal.SIGKILL)
            if victim == self.KINDS[1]:
                known = self._site.kill()
                self.kills[victim] += known is not None and known.state == OPEN
            elif self._state() == "OPEN":
                self.kills[victim] += 1
            client.communicate(timeout=600)

    def _wait(self, client: "subprocess.Popen[str]") -> None:
        """Wait for some moment: mostly while rows are sent, else before."""
        if self._random.random() < _EARLY:
            time.sleep(self._random.uniform(0.2, self._took["dry run"]))
            return
        before = self._written()
        while client.poll() is None and (not self._ids() or self._written() == before):
            time.sleep(0.02)
        time.sleep(self._random.uniform(0, self._took["sending"] / (4 * self._most)))

    def _written(self) -> int:
        """Tell when the server last wrote: it does with whatever it is asked."""
        files = self._site.folder.glob("placement.db*")
        return max(each.stat().st_mtime_ns for each in files)

    def _ids(self) -> list[Path]:
        """Return the files that say which import the client has begun."""
        return sorted(self._site.folder.glob("coordinator/imports/*.id"))

    def _sent(self, first: tuple[object, ...]) -> Any:
        """Send what is left."""
        for _ in range(60):
            found = self._import()
            if found is not None and found["state"] != "OPEN":
                return found
            self._site.ask("coordinator", *self._next(first))
        raise SystemExit("it never came to an end")

    def _taken(self, key: str) -> None:
        """Kill the server while rows are taken over."""
        for _ in range(20 * self._most):
            self._let_begin()
            known = self._site.kill()
            half = known is not None and 0 < known.taken < known.staged
            self.kills[self.KINDS[2]] += half
            # Only now, since to ask takes as long as some slices.
            if self.kills[self.KINDS[2]] == self._most or self._done(key):
                break
        while not self._done(key):
            time.sleep(0.1)

    def _let_begin(self) -> None:
        """Wait for some moment behind the first rows: a new server looks after seconds."""
        before, until = self._written(), time.monotonic() + _LOOKS
        while self._written() == before and time.monotonic() < until:
            time.sleep(0.02)
        longest = self._took["taking over"] / (2 * self._most)
        time.sleep(self._random.uniform(0, longest))

    def _done(self, key: str) -> bool:
        """Tell whether all rows were looked at."""
        found = self._site.insist("second", "import", "show", key)
        return str(found["state"]) == "DONE"

    def _next(self, first: tuple[object, ...]) -> tuple[object, ...]:
        """Return the command that goes on."""
        ids = self._ids()
        if not ids:
            return first
        return "import", "resume", ids[0].read_text("ascii")

    def _state(self) -> str:
        found = self._import()
        return "" if found is None else str(found["state"])

    def _import(self) -> Any:
        listed = self._site.insist("second", "import", "list")["imports"]
        if len(listed) > 1:
            raise SystemExit("a resumed import became two")
        return listed[0] if listed else None


if __name__ == "__main__":
    sys.exit(main())
