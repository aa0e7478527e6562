"""What all attacks come to on some seeds, with the service as it is or with a bug in it."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final
from unittest.mock import patch

from placement.crypto import keyring, sealing
from placement.crypto.custody import FileCustody
from placement.service import fold
from placement.store import vault
from placement.store.log import Store
from tests.leak import attacks
from tests.leak.attacks import Score
from tests.leak.thief import Loot, steal
from tests.leak.worlds import Plan, Stolen, build, indexed

Bug = Callable[[], AbstractContextManager[object]]


@dataclass(slots=True)
class Measured:
    """What was measured, of all seeds.

    Attributes:
        scores: by attack.
        least: facts, cases and whatever else a state has, at least as far as the size
            of a snapshot tells, as a share of what it has; one for each seed.
        most: the same at most.
        journals: bytes of journal in the copies that were stolen behind a tick.
        beside: how often two neighbours are of one person, and two others, by seed.
        day: bytes by which the files grow in a day of the length of ticks that the
            service has.
    """

    scores: dict[str, Score] = field(default_factory=dict)
    least: list[float] = field(default_factory=list)
    most: list[float] = field(default_factory=list)
    journals: int = 0
    beside: list[tuple[float, float]] = field(default_factory=list)
    day: list[float] = field(default_factory=list)

    def add(self, other: "Measured") -> None:
        """Add what another seed gave."""
        for name, score in other.scores.items():
            mine = self.scores.setdefault(name, Score())
            mine.got += score.got
            mine.guessed += score.guessed
        self.least += other.least
        self.most += other.most
        self.journals = max(self.journals, other.journals)
        self.beside += other.beside
        self.day += other.day


RANK: Final = "name the 20 largest groups"
GROUP: Final = "say which group an event speaks of"
PAIR: Final = "say whether two events are of one person"
TICK: Final = "say in which ticks something happened"
HOURS: Final = "say in which hours something happened"
DAY: Final = "say how much was recorded in a day"
_STRETCH: Final = 2  # ticks of a world are half hours
_MINUTES: Final = 1440


def measured(seed: int, plan: Plan, bug: str = "") -> Measured:
    """Make all attacks on one seed."""
    plant = BUGS.get(bug, nullcontext)
    if bug == "no ticks":
        plan = replace(plan, ticking=False)
    with tempfile.TemporaryDirectory() as name, plant():
        folder = Path(name)
        stolen = build(folder, seed, plan)
        found = _attacked(stolen, seed, bug)
        low, count, high = attacks.sized(_records(folder))
    found.least.append(low / count)
    found.most.append(high / count)
    return found


def _attacked(stolen: Stolen, seed: int, bug: str) -> Measured:
    copies = [steal(copy) for copy in stolen.copies]
    truth, last = stolen.truth, stolen.copies[-1]
    labels = {"an index of groups": truth.groups, "an index of persons": truth.persons}
    with indexed(last, labels[bug]) if bug in labels else nullcontext():
        loot = steal(last)
    found = Measured(journals=max(each.journal for each in copies[:-1]))
    found.scores[RANK] = attacks.rank(loot, truth.groups, seed)
    found.scores[GROUP] = attacks.belonging(loot, truth.groups, seed)
    found.scores[PAIR] = attacks.pairs(loot, truth.persons, seed)
    for name, hours in ((TICK, 1), (HOURS, _STRETCH)):
        found.scores[name] = attacks.ticks(
            loot, stolen.ticks, truth.busy, hours=hours, seed=seed
        )
    found.scores[DAY] = attacks.days(copies, truth.facts, seed)
    found.beside.append(attacks.neighbours(truth.persons, len(loot.events)))
    found.day.append(_a_day(copies, len(stolen.ticks)))
    return found


def _a_day(copies: list[Loot], ticks: int) -> float:
    """Return by how much the files grow in as many ticks as a day has minutes."""
    return (copies[-2].bytes - copies[0].bytes) / (ticks - 1) * _MINUTES


def _records(folder: Path) -> list[object]:
    place = folder / "db"
    custody = FileCustody(folder / "store.key")
    url = f"sqlite:///{place}/placement.db"
    store = Store.open(url, custody, f"sqlite:///{place}/keys.db")
    state, _ = fold.load(store)
    store.close()
    return list(state.records())


@contextmanager
def _unpadded() -> Iterator[None]:
    """Seal records as long as they are."""
    with ExitStack() as stack:
        stack.enter_context(patch.dict(keyring._LEAST, clear=True))
        stack.enter_context(patch.object(sealing, "BLOCK", 1))
        yield


@contextmanager
def _uncounted() -> Iterator[None]:
    """Fill up everything but keys."""
    with patch.object(vault, "fill_up", lambda keys, made, least: True):
        yield


@contextmanager
def _bare() -> Iterator[None]:
    """Pad snapshots to 256 bytes."""

    def padded(self: sealing.Sealer, length: int, version: int) -> int:
        return -(-length // sealing.BLOCK) * sealing.BLOCK

    with patch.object(sealing.Sealer, "_padded", padded):
        yield


@contextmanager
def _planted() -> Iterator[None]:
    """Change nothing in the service: the bug is in the copy, or in the plan."""
    yield


BUGS: Final[dict[str, Bug]] = {
    "records unpadded": _unpadded,
    "an index of groups": _planted,
    "an index of persons": _planted,
    "no ticks": _planted,
    "keys not filled up": _uncounted,
    "snapshots in steps": _bare,
}
"""Each turns a gate red."""
SHORT: Final = Plan(days=6, groups=12)
"""Enough to find most bugs."""
_DAYS: Final = 14  # without which nothing can be said of days


def planted(bug: str, seed: int = 1) -> Measured:
    """Attack one bug."""
    of_days = bug in {"no ticks", "keys not filled up"}
    return measured(seed, replace(SHORT, days=_DAYS) if of_days else SHORT, bug)
