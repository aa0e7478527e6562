"""A seeded registry, written by the real engine into a real database, and the truth.

Days pass by the engine's clock. In working hours half of the ticks have a deed that fits
into what a tick has at least: a case is opened and assessed, a presence recorded, a place
asked about with its receipt, something read. Groups have skewed sizes, and a home region
each, whose coordinators write about them.
"""

import secrets
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Final

from kit.commands import (
    assess_case,
    caseworker,
    check,
    coordinator,
    draft,
    fresh,
    list_changes,
    open_case,
    presence,
    read_receipt,
    record_facts,
    register_groups,
)
from kit.engines import SECONDS, answer, engine_on
from kit.world import NOW, token

from placement.crypto.custody import FileCustody
from placement.domain.decide.command import Command
from placement.domain.decide.drafts import Member
from placement.domain.facts import Affiliation
from placement.domain.terms import MICROS_A_DAY, AffiliationRole
from placement.errors import PlacementError
from placement.service.engine import Engine
from placement.service.fold import keep, load
from placement.service.ticks import Ticks
from placement.store.log import Store

TICK: Final = 1_800_000_000
"""Microseconds; that it is half an hour makes days cheap, and changes nothing else."""
TICKS: Final = MICROS_A_DAY // TICK
WORKING: Final = range(16, 34)
"""The ticks of a day in which people work: eight to five."""
BUSY: Final = 0.5
"""How often one of them has a deed."""
HOMES: Final = (
    ("syd", "1280"),
    ("stockholm", "0180"),
    ("bergslagen", "1880"),
    ("ost", "0580"),
)
"""Regions, and an area of each."""


@dataclass(slots=True)
class Truth:
    """What the thief would like to know.

    Attributes:
        groups: which group an event speaks of, by revision.
        persons: which person, by revision.
        busy: for each tick, how many entries it had that something happened for.
        facts: how many facts were recorded, by day.
    """

    groups: dict[int, int] = field(default_factory=dict)
    persons: dict[int, int] = field(default_factory=dict)
    busy: list[int] = field(default_factory=list)
    facts: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Plan:
    """How large a world is.

    Attributes:
        days: how many.
        groups: how many.
        ticking: whether ticks are filled.
    """

    days: int = 14
    groups: int = 60
    ticking: bool = True


@dataclass(frozen=True, slots=True)
class Stolen:
    """What a thief has, and what is true.

    Attributes:
        ticks: where revision, entries, checkpoints and keys stood at the end of each
            tick, as a series of copies shows.
        copies: folders with the database files, one a day, the last at the end.
        truth: what is true.
    """

    ticks: list[tuple[int, int, int, int]]
    copies: list[Path]
    truth: Truth


class Clock:
    """A clock that stands until it is set."""

    def __init__(self) -> None:
        self.now = NOW // MICROS_A_DAY * MICROS_A_DAY

    def __call__(self) -> int:
        return self.now


class Registry:
    """Writes the deeds of one seed."""

    def __init__(self, engine: Engine, store: Store, seed: int, plan: Plan) -> None:
        self._engine = engine
        self._store = store
        self._draw = Random(seed)
        self._groups = plan.groups
        self._weights = [1 / (rank + 1) for rank in range(plan.groups)]
        self._cases: list[tuple[bytes, int]] = []
        self.truth = Truth()
        self.facts = 0
        for start in range(0, plan.groups, 20):
            names = [f"g{each}" for each in range(start, min(start + 20, plan.groups))]
            answer(engine, register_groups(*names))

    def deed(self) -> int:
        """Do something; return how many entries it left."""
        deeds: list[Callable[[], int]] = [self._assess, self._presence, self._look]
        if self._cases:
            deeds.append(self._ask)
        return self._draw.choices(deeds, (5, 2, 1, 3)[: len(deeds)])[0]()

    def _group(self) -> int:
        (found,) = self._draw.choices(range(self._groups), self._weights)
        return found

    def _do(self, command: Command, group: int = -1, person: int = -1) -> int:
        before = self._store.read_head().revision
        with suppress(PlacementError):
            answer(self._engine, command)
        for revision in range(before + 1, self._store.read_head().revision + 1):
            if group >= 0:
                self.truth.groups[revision] = group
            if person >= 0:
                self.truth.persons[revision] = person
        return 1

    def _assess(self) -> int:
        group, person = self._group(), len(self._cases)
        region, area = HOMES[group % len(HOMES)]
        case = fresh()
        members = [f"p{person}", *(f"k{person}-{n}" for n in range(group % 3))]
        given = {"handle": case, "caller": caseworker(area, f"cw-0{group % 7}")}
        belongs = draft(
            Affiliation,
            "affiliation",
            subject=Member(case=case, position=0),
            group=token(f"g{group}"),
            role=AffiliationRole.CORE,
        )
        who = coordinator(region, f"co-0{group % 5}")
        done = self._do(open_case(*members, **given), group, person)
        assess = assess_case(case, belongs, none_known=False, caller=who)
        done += self._do(assess, group, person)
        self._cases.append((case, group))
        self.facts += 1
        return done

    def _presence(self) -> int:
        group = self._group()
        region, area = HOMES[group % len(HOMES)]
        stated = presence(f"g{group}", area)
        self.facts += 1
        return self._do(record_facts(stated, caller=coordinator(region)), group)

    def _ask(self) -> int:
        person = self._draw.randrange(len(self._cases))
        case, group = self._cases[person]
        _, area = HOMES[group % len(HOMES)]
        who = caseworker(area, f"cw-0{group % 7}")
        done = self._do(check(case, area, caller=who), group, person)
        self._engine.publish().result(SECONDS)
        return done + self._do(read_receipt(0, caller=who))

    def _look(self) -> int:
        return self._do(list_changes())


def build(folder: Path, seed: int, plan: Plan, url: str = "") -> Stolen:
    """Let days pass, and steal a copy at the end of each.

    Args:
        folder: for the database, and the copies.
        seed: of the deeds.
        plan: how large.
        url: of another database than SQLite's, of which no copies are made.
    """
    custody = FileCustody.create(folder / "store.key")
    place = folder / "db"
    place.mkdir()
    keys = f"sqlite:///{place}/keys.db"
    store = Store.create(url or f"sqlite:///{place}/placement.db", custody, keys)
    clock = Clock()
    ticks = Ticks(TICK) if plan.ticking else None
    engine = engine_on(store, clock, ticks=ticks)
    engine.start()
    registry = Registry(engine, store, seed, plan)
    _pass(engine, store, clock, ticks)
    stolen = Stolen([_ends(store, place)], [_copy(place, folder / "0")], registry.truth)
    for day in range(1, plan.days + 1):
        before = registry.facts
        for tick in range(TICKS):
            busy = tick in WORKING and Random(f"{seed} {day} {tick}").random() < BUSY
            stolen.truth.busy.append(registry.deed() if busy else 0)
            _pass(engine, store, clock, ticks)
            stolen.ticks.append(_ends(store, place))
        stolen.truth.facts.append(registry.facts - before)
        if day == plan.days:
            keep(store, *load(store))
        stolen.copies.append(_copy(place, folder / str(day)))
    engine.stop()
    store.close()
    return stolen


def _pass(engine: Engine, store: Store, clock: Clock, ticks: Ticks | None) -> None:
    """Let a tick pass, and wait until whatever its end brings is written."""
    clock.now += TICK
    engine._waiting.wake()
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        head = store.read_head()
        done = head.leaves == head.published
        if done and (ticks is None or ticks._tick == clock.now // TICK):
            return
        time.sleep(0.0005)
    raise TimeoutError


def _ends(store: Store, place: Path) -> tuple[int, int, int, int]:
    head = store.read_head()
    with store.reading() as connection:
        notes = connection.exec_driver_sql("SELECT count(*) FROM checkpoint").scalar()
    with sqlite3.connect(place / "keys.db") as keys:
        (made,) = keys.execute("SELECT count(*) FROM data_key").fetchone()
    return head.revision, head.leaves, int(notes or 0), int(made)


def _copy(place: Path, to: Path) -> Path:
    """Steal the database's files, and no key files."""
    shutil.copytree(place, to)
    return to


@contextmanager
def indexed(copy: Path, labels: dict[int, int]) -> Iterator[None]:
    """Plant a blind index: beside each event, a keyed hash of what it speaks of."""
    key = secrets.token_bytes(16)
    with sqlite3.connect(copy / "placement.db") as database:
        database.execute("CREATE TABLE sought (revision INTEGER PRIMARY KEY, tag BLOB)")
        database.executemany(
            "INSERT INTO sought VALUES (?, ?)",
            [
                (revision, sha256(key + b"%d" % label).digest()[:8])
                for revision, label in labels.items()
            ],
        )
    yield
    with sqlite3.connect(copy / "placement.db") as database:
        database.execute("DROP TABLE sought")
