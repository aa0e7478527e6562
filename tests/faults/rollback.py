"""``make rollback-drill``: databases put back, cut, swapped and forked; each is noticed.

A server lives through some days, and each evening its files are copied. Then somebody
who runs the machine puts something back, and the server is started. It has to refuse;
or, where only the whole machine was put back, a witness has to refuse its next
checkpoint. An older snapshot is no older state: it must lead to the very same one.
"""

import argparse
import logging
import os
import shutil
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from random import Random
from typing import Any, Final

from kit.engines import SIGNER
from rich.progress import Progress

from placement.audit.witness import Seen, advance
from placement.crypto.signing import verify
from placement.domain.terms import Day, stockholm_day
from placement.errors import PlacementError, TamperedError
from placement.store.anchor import Anchor
from placement.store.ledger import Ledger
from tests.simulate import driven
from tests.simulate.author import Author
from tests.simulate.book import Book
from tests.simulate.driven import Clock, Driven
from tests.simulate.play import EVES

EVENINGS: Final = 4
CHUNK: Final = 2
DATABASE, KEYS, ANCHOR = "placement.db", "placement.keys.db", "anchor"
AT_START, AT_CHECKPOINT, SAME, MISSED = (
    "refused at the start, or proving it",
    "refused by a witness",
    "the same state",
    "UNNOTICED",
)


class Life:
    """Some days of one store, by a seed.

    Attributes:
        now: folder of the files as they are.
        evenings: folders of the files as they were, the oldest first.
        seen: what a witness holds.
    """

    def __init__(self, seed: int, folder: Path) -> None:
        self.chance = Random(seed)
        self._folder = folder
        self.now = folder / "now"
        self.now.mkdir()
        self.clock = Clock(EVES[0])
        driven.make(self.now, EVES[0] - 1)
        self.book = Book()
        self._author = Author(self.chance, self.book)
        self.seen = Seen(SIGNER.public)
        self.evenings: list[Path] = []
        for evening in range(EVENINGS + 1):
            self._day(self.now, first=evening == 0)
            if evening < EVENINGS:
                self.evenings.append(folder / f"evening {evening}")
                driven.copy(self.now, self.evenings[-1], make=True)

    def _day(self, folder: Path, *, first: bool = False) -> None:
        server = Driven.start(folder, self.clock)
        if first:
            for command in self._author.prologue(self._today()):
                self._said(server, command)
        self._said(server, self._author.open_case())  # it has a key of its own
        for _ in range(self.chance.randint(1, 5)):
            self._said(server, self._author.draw(self._today()))
        server.rest()
        self.seen = witnessed(self.seen, server)
        server.stop(snapshot=self.chance.random() < 0.7)

    def _said(self, server: Driven, command: Any) -> None:
        self.clock.now += 30_000_000
        (said,) = server.ask(command)
        assert not isinstance(said, PlacementError)
        self.book.note(command, server.now)

    def _today(self) -> Day:
        return Day(stockholm_day(self.clock.now))

    @contextmanager
    def crime(self) -> Iterator[Path]:
        """Give a copy of the files as they are, to be spoilt."""
        place = self._folder / "crime"
        driven.copy(self.now, place, make=True)
        try:
            yield place
        finally:
            driven.disconnect()
            shutil.rmtree(place)

    def older(self) -> Path:
        """Return an evening."""
        return self.chance.choice(self.evenings)

    def another_day(self, folder: Path) -> None:
        """Let a server that remembers nothing else go on with some files."""
        store = driven.opened(folder)
        Anchor(folder / ANCHOR, store).replace(store.read_head())
        store.close()
        server = Driven.start(folder, self.clock)
        self.clock.now += 30_000_000
        for _ in range(self.chance.randint(1, 12)):
            (said,) = server.ask(self._author.open_case())
            assert not isinstance(said, PlacementError)
        server.rest()
        server.stop()


def witnessed(seen: Seen, server: Driven) -> Seen:
    """Show a witness the newest checkpoint; return what it holds then.

    Raises:
        TamperedError: it refuses.
    """
    ledger = Ledger(server.store)
    note = ledger.newest()
    old = seen.checkpoint().size
    size = int(note.text.split("\n")[1])
    proof = ledger.consistency(old, size) if 0 < old < size else ()
    advance(seen, note, proof, verify)
    return Seen(SIGNER.public, note.text)


# What somebody does.

Crime = Callable[[Life, Path], None]


def _put_back(life: Life, place: Path, *names: str) -> None:
    older = life.older()
    for name in names:
        shutil.copyfile(older / name, place / name)


def _cut(life: Life, place: Path) -> None:
    """Take the newest records, and the head of an older evening with them or not."""
    with (
        closing(sqlite3.connect(life.older() / DATABASE)) as old,
        closing(sqlite3.connect(place / DATABASE)) as now,
        now,
    ):
        head = old.execute("SELECT revision, leaves, epoch, blob FROM head").fetchone()
        now.execute("DELETE FROM event WHERE revision > ?", head[:1])
        now.execute('DELETE FROM leaf WHERE "index" >= ?', head[1:2])
        if life.chance.random() < 0.7:
            now.execute("DELETE FROM checkpoint WHERE size > ?", head[1:2])
            now.execute("DELETE FROM snapshot")
            now.execute("UPDATE head SET revision=?, leaves=?, epoch=?, blob=?", head)


def _swap(life: Life, place: Path) -> None:
    """Swap the contents of two records."""
    table, number = life.chance.choice((("event", "revision"), ("leaf", '"index"')))
    with closing(sqlite3.connect(place / DATABASE)) as now, now:
        rows = now.execute(f"SELECT {number}, blob FROM {table}").fetchall()
        (one, first), (other, second) = life.chance.sample(rows, 2)
        for key, blob in ((one, second), (other, first)):
            now.execute(f"UPDATE {table} SET blob=? WHERE {number}=?", (blob, key))


def _fork(life: Life, place: Path) -> None:
    """Let another server go on from an older evening; put its database here."""
    branch = place / "branch"
    driven.copy(life.older(), branch, make=True)
    life.another_day(branch)
    driven.disconnect()
    for name in (DATABASE, KEYS):
        shutil.copyfile(branch / name, place / name)


def _stranger(life: Life, place: Path) -> None:
    """Put the files of another store here."""
    other = place / "other"
    other.mkdir()
    driven.make(other, EVES[0] - 1)
    for name in life.chance.choice(((DATABASE,), (KEYS,), (DATABASE, KEYS))):
        shutil.copyfile(other / name, place / name)


def _snapshot(life: Life, place: Path) -> None:
    """Put the snapshot of an older evening into the database."""
    with closing(sqlite3.connect(life.older() / DATABASE)) as old:
        rows = old.execute("SELECT * FROM snapshot").fetchall()
    with closing(sqlite3.connect(place / DATABASE)) as now, now:
        now.execute("DELETE FROM snapshot")
        now.executemany("INSERT INTO snapshot VALUES (?, ?, ?, ?)", rows)


CRIMES: Final[dict[str, Crime]] = {
    "database put back": lambda life, place: _put_back(life, place, DATABASE),
    "database and keys put back": lambda life, place: _put_back(
        life, place, DATABASE, KEYS
    ),
    "keys put back": lambda life, place: _put_back(life, place, KEYS),
    "snapshot put back": _snapshot,
    "newest records cut": _cut,
    "two records swapped": _swap,
    "forked": _fork,
    "another store's files": _stranger,
    "anchor removed": lambda _, place: (place / ANCHOR).unlink(),
    "the whole machine put back": lambda life, place: _put_back(
        life, place, DATABASE, KEYS, ANCHOR
    ),
}


def outcome(life: Life, crime: Crime) -> str:
    """Do it, start the server, and tell who noticed."""
    with life.crime() as place:
        crime(life, place)
        try:
            server = Driven.start(place, life.clock)
        except PlacementError:
            return AT_START
        try:
            folded = server.engine._folded
            assert folded is not None
            if not life.book.missing(folded[0]):
                return SAME
            life.clock.now += 30_000_000
            for _ in range(life.chance.randint(1, 12)):
                server.ask(life._author.open_case())
            server.rest()
            witnessed(life.seen, server)
        except TamperedError:
            return AT_CHECKPOINT
        finally:
            server.die()
    return MISSED


def some(first: int, count: int) -> Counter[tuple[str, str]]:
    """Do everything to some lives, by their seeds."""
    logging.disable(logging.CRITICAL)
    found: Counter[tuple[str, str]] = Counter()
    memory = "/dev/shm" if Path("/dev/shm").is_dir() else None
    try:
        for seed in range(first, first + count):
            with (
                tempfile.TemporaryDirectory(dir=memory) as name,
                driven.same_engines(),
            ):
                life = Life(seed, Path(name))
                for kind, crime in CRIMES.items():
                    found[kind, outcome(life, crime)] += 1
    finally:
        logging.disable(logging.NOTSET)
    return found


def main(arguments: list[str]) -> int:
    """Do it, and tell who noticed.

    Returns:
        0 if everything was noticed, or was the same state.
    """
    parser = argparse.ArgumentParser(prog="make rollback-drill")
    parser.add_argument("--lives", type=int, default=100)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    asked = parser.parse_args(arguments)
    began = time.monotonic()
    found: Counter[tuple[str, str]] = Counter()
    starts = range(0, asked.lives, CHUNK)
    sizes = [min(CHUNK, asked.lives - start) for start in starts]
    with ProcessPoolExecutor(asked.workers) as pool, Progress() as progress:
        task = progress.add_task("stores", total=asked.lives)
        for part, size in zip(pool.map(some, starts, sizes), sizes, strict=True):
            found.update(part)
            progress.update(task, advance=size)
    for kind in CRIMES:
        told = [
            f"{found[kind, how]:,} {how}"
            for how in (AT_START, AT_CHECKPOINT, SAME, MISSED)
            if found[kind, how]
        ]
        print(f"{kind:27} {', '.join(told)}")
    unnoticed = sum(count for (_, how), count in found.items() if how == MISSED)
    print(
        f"{found.total() - unnoticed:,} of {found.total():,} noticed or without effect,"
        f" {time.monotonic() - began:.0f} s."
    )
    return 1 if unnoticed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
