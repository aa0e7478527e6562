"""``make restore-drill``: a machine is lost, and what comes back answers as before.

A server on a log of ``N`` events is asked, backed up while it serves, and killed with its
machine: database, key store and anchor are gone. On an empty folder there are then the
custody, settings and certificates, both backups, what a witness holds, and two officers.
The clock runs from there to the first verdict. Whatever is run is ``placement-server``
as a process of its own. The new log has to have the root that the witness cosigned, and
the verdict has to be the one of before.

Of the events, at most 60,000 are of people who stand somewhere, twenty times as many as
the national data set has; the rest is what ticks write. Each has its entry, so ``N``
events are 2 ``N`` records.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from placement.api.v1 import types_pb2 as wire
from placement.app import micros, read_ruleset
from placement.audit import checkpoint
from placement.audit import note as notes
from placement.audit.note import Note, Signer, render_key
from placement.audit.witness import Seen, advance
from placement.config import Settings, load
from placement.crypto.custody import FileCustody
from placement.crypto.keyfile import open_signing
from placement.crypto.signing import SigningKey, verify
from placement.domain.terms import Day, Micros, stockholm_day
from placement.service.fold import keep
from placement.service.fold import load as fold
from placement.store.anchor import Anchor
from placement.store.ledger import Ledger
from placement.store.log import Store
from tests.kit.processes import Desk, Party, Scene, insist, prepare, question
from tests.restore.many import Many

ROOT = Path(__file__).parents[2]
WITNESS = Signer("w.restore/one", SigningKey(b"1" * 32), 1_781_517)
AREA = "2480"
OFFICERS = ("kim", "robin")
LIMIT = 60.0  # seconds
CARRIED = ("0.toml", "ruleset.toml", "store.key", "log.key", "custodian.key")
"""What is not in a backup: custody, and what is installed with the software."""


@dataclass(slots=True)
class Drill:
    """One run, in a folder.

    Attributes:
        folder: with all machines.
        old: the machine that is lost.
        new: the empty one.
        safe: where backups, the officers' keys and the witness's file lie.
        steps: what took how many seconds.
    """

    folder: Path
    old: Path = field(init=False)
    new: Path = field(init=False)
    safe: Path = field(init=False)
    steps: list[tuple[str, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.old, self.new = self.folder / "old", self.folder / "new"
        self.safe = self.folder / "safe"
        for each in (self.old, self.new, self.safe / "one", self.safe / "other"):
            each.mkdir(parents=True)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Say how long something takes."""
        began = time.monotonic()
        yield
        self.steps.append((name, time.monotonic() - began))
        print(f"{name:44} {self.steps[-1][1]:7.1f} s", flush=True)

    def run(self, *words: object) -> str:
        """Run ``placement-server``, which shall succeed."""
        command = [sys.executable, str(ROOT / "server.py"), *map(str, words)]
        done = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise SystemExit(f"{words[0]}: {done.stdout}{done.stderr}")
        return done.stdout

    def prepare(self, events: int) -> int:
        """Make the old machine with its log; return its port."""
        (port,) = prepare(self.old, 1, budgets=False)
        lines = []
        for name in OFFICERS:
            key = self.safe / f"{name}.key"
            said = self.run("older", "key", "--name", name, "--key", key)
            lines.append(said.removesuffix("\n"))
        with (self.old / "0.toml").open("a", encoding="utf-8") as file:
            file.write(f"officers = {lines}\n".replace("'", '"'))
            file.write(f'witnesses = ["{render_key(WITNESS.public)}"]\n')
        settings, signer = opened_settings(self.old)
        with closing(opened_store(settings)) as store:
            rules = read_ruleset(settings.ruleset)
            Many(store, rules, Micros(micros()), signer).fill(events)
            keep(store, *fold(store))
            # As the server that wrote all this would have left it.
            Anchor(settings.anchor, store).replace(store.read_head())
        return port

    def live(self, port: int) -> tuple[Party, str]:
        """Ask the old server, back it up, and let the witness look; then kill it."""
        server, desk = self.serve(self.old, port)
        today = stockholm_day(micros())
        scene = Scene(desk, today)
        party = scene.party("one", scene.groups(1)[0])
        word = verdict(desk, party, today)
        self.witness()
        backup = ("--keys", self.safe / "other" / "keys")
        with self.step("backup, while serving"):
            self.run(
                *("backup", "--database", self.safe / "one" / "database", *backup),
                *("--settings", self.old / "0.toml"),
            )
        desk.close()
        server.kill()
        server.wait()
        return party, word

    def witness(self) -> None:
        """Cosign a checkpoint of all that there is, and keep it, as a witness does."""
        settings, signer = opened_settings(self.old)
        with closing(opened_store(settings)) as store:
            ledger, leaves = Ledger(store), store.read_head().leaves
            until = time.monotonic() + LIMIT
            while store.read_head().published < leaves and time.monotonic() < until:
                time.sleep(0.05)
            note = ledger.newest()
            advance(Seen(signer.public), note, (), verify)
            cosigned = notes.add(note, WITNESS)
            own = Note(note.text, cosigned.signatures[-1:])
            ledger.cosign(checkpoint.parse(note.text).size, own)
        (self.safe / "checkpoint").write_bytes(notes.render(cosigned))

    def lose(self) -> None:
        """Carry over what is not in a backup; the old machine is gone."""
        for name in CARRIED:
            shutil.copyfile(self.old / name, self.new / name)
            (self.new / name).chmod(0o600)
        shutil.copytree(self.old / "pki", self.new / "pki")
        shutil.rmtree(self.old)

    def come_back(self, port: int, party: Party) -> tuple[str, str]:
        """Restore, and ask; return what restore said, and the verdict."""
        settings = ("--settings", self.new / "0.toml")
        database = self.safe / "one" / "database"
        statement = self.safe / "statement"
        with self.step("two officers sign"):
            text = self.run(
                *("older", "show", "--backup", database, *settings),
                *("--reason", "the machine was lost"),
            )
            statement.write_text(text, "utf-8")
            for name in OFFICERS:
                key = self.safe / f"{name}.key"
                self.run("older", "sign", "--name", name, "--key", key, statement)
        with self.step("restore, proven against the checkpoint"):
            said = self.run(
                *("restore", "--database", database, *settings),
                *("--keys", self.safe / "other" / "keys"),
                *("--verify", self.safe / "checkpoint", "--accept", statement),
            )
        with self.step("start, to the first verdict"):
            server, desk = self.serve(self.new, port)
            word = verdict(desk, party, stockholm_day(micros()))
        desk.close()
        server.terminate()
        server.wait(timeout=LIMIT)
        return said, word

    def serve(self, folder: Path, port: int) -> "tuple[subprocess.Popen[bytes], Desk]":
        """Start a server, and wait until it answers."""
        command = [sys.executable, str(ROOT / "server.py"), "serve"]
        command += ["--settings", str(folder / "0.toml")]
        with (folder / "server.log").open("ab") as log:
            server = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
        desk = Desk(folder, port)
        desk.ready()
        return server, desk


def opened_settings(folder: Path) -> tuple[Settings, Signer]:
    settings = load(folder / "0.toml")
    custody = FileCustody(settings.store_key)
    return settings, Signer(settings.log_name, open_signing(settings.log_key, custody))


def opened_store(settings: Settings) -> Store:
    return Store.open(settings.database, FileCustody(settings.store_key), settings.keys)


def verdict(desk: Desk, party: Party, today: Day) -> str:
    """Ask about one area, and return the word."""
    request = question(party, AREA, today, hold=False)
    (one,) = insist(desk.checks[party.worker].CheckPlacement, request).verdicts
    return wire.Verdict.Name(one.verdict).removeprefix("VERDICT_")


def main(argv: list[str] | None = None) -> int:
    """Run the drill.

    Returns:
        0 if it came back as it was, in time.
    """
    parser = argparse.ArgumentParser(prog="make restore-drill")
    parser.add_argument("--events", type=int, default=50_000)
    parser.add_argument("--folder", type=Path, help="where; by default a temporary one")
    args = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(
        prefix="placement-restore-", dir=args.folder
    ) as name:
        drill = Drill(Path(name))
        with drill.step(f"a log of {args.events:,} events"):
            port = drill.prepare(args.events)
        party, before = drill.live(port)
        drill.lose()
        print("The machine is gone. From here on the clock runs.")
        began = time.monotonic()
        said, after = drill.come_back(port, party)
        took = time.monotonic() - began
        print(said, end="")
        known = checkpoint.parse(
            notes.parse((drill.safe / "checkpoint").read_bytes()).text
        )
    return judged(known, said, (before, after), took, args.events)


def judged(
    known: checkpoint.Checkpoint,
    said: str,
    verdicts: tuple[str, str],
    took: float,
    events: int,
) -> int:
    """Say in the last line what came of it; return the exit code."""
    root = known.text().split("\n")[2]
    same = f"{known.size} entries, root {root}." in said
    well = same and verdicts[0] == verdicts[1] and took < LIMIT
    print(
        f"{'Restored' if well else 'NOT as it shall be'}: {events:,} events, the root is"
        f" {'the' if same else 'NOT the'} witness's, {verdicts[1]} as first verdict"
        f" ({verdicts[0]} before), after {took:.1f} s."
    )
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
