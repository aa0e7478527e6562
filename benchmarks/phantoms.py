"""``make bench-phantoms``: what phantom stays cost.

How long it takes to draw them for 300 groups in 290 municipalities: all of them, when a
server starts or a ruleset is adopted, and those of a new month. And what they add to a
check: the same questions are decided with phantoms and without, in turns, first by the
pure function alone, and then by an engine that writes events and entries to SQLite. Over
the wire a check takes longer still, so that the share is less.
"""

import argparse
import secrets
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from hashlib import shake_256
from pathlib import Path
from random import Random
from typing import Any, Final

from benchmarks.dataset import SEED
from placement.access import Caller, Role
from placement.app import micros, read_ruleset
from placement.audit.note import Signer
from placement.crypto.custody import FileCustody
from placement.crypto.signing import SigningKey
from placement.domain.decide.checks import Check
from placement.domain.decide.command import Moment, nobody
from placement.domain.decide.table import decide
from placement.domain.dossiers import begun_by, dossier_of
from placement.domain.drawing import first_of, month_of
from placement.domain.events import (
    CaseOpened,
    CoverageAttested,
    Event,
    FactRecorded,
    PlacementRecorded,
    Record,
)
from placement.domain.facts import (
    Affiliation,
    Attestation,
    Case,
    Group,
    Placement,
    Rivalry,
)
from placement.domain.group_events import GroupRegistered
from placement.domain.questions import Candidate
from placement.domain.ruleset import Ruleset
from placement.domain.state import State
from placement.domain.terms import (
    MICROS_AN_HOUR,
    AffiliationRole,
    AreaCode,
    Basis,
    CaseHandle,
    FactId,
    Grade,
    GroupToken,
    Micros,
    PlacementState,
    Reason,
    Revision,
    Scheme,
    SubjectId,
    Window,
    start_of,
    stockholm_day,
)
from placement.service.engine import Engine
from placement.service.phantoms import Haunting
from placement.service.rules import Rules
from placement.store.log import Store

GROUPS: Final = 300
RIVALRIES: Final = 1_500
PEOPLE: Final = 20_000
STAYS: Final = 1_000
AREAS: Final = 3
"""Places in one question."""
_MS: Final = 1_000


@dataclass(frozen=True, slots=True)
class Nation:
    """A state, and the cases that ask."""

    state: State
    cases: tuple[CaseHandle, ...]
    records: list[Record]


class Maker:
    """Makes a nation at random."""

    def __init__(self, ruleset: Ruleset, now: Micros) -> None:
        self._draw = Random(SEED)
        self._areas = tuple(AreaCode(code) for code in ruleset.areas)
        self._now, self._today = now, stockholm_day(now)
        self._groups = [GroupToken(self._draw.randbytes(16)) for _ in range(GROUPS)]

    def nation(self, cases: int) -> Nation:
        """Return groups at war, people in them, some of whom are placed."""
        state = State()
        at = Micros(self._now - MICROS_AN_HOUR)
        records = [Record(at=at, event=event) for event in self._events(cases)]
        for record in records:
            state.apply(record)
        handles = tuple(state.cases)[:cases]
        return Nation(state, handles, records)

    def _id(self) -> FactId:
        return FactId(self._draw.randbytes(16))

    def _common(self) -> dict[str, Any]:
        return {
            "id": self._id(),
            "valid_from": None,
            "valid_to": None,
            "recorded_at": self._now,
            "author": "co-01",
            "region": "national",
            "scheme": Scheme.THREE_FIVE_TWO,
            "given": "1B",
            "grade": Grade.STRONG,
            "review_by": None,
            "reason": Reason.INTELLIGENCE,
            "approved": True,
        }

    def _events(self, cases: int) -> Iterator[Event]:
        for group in self._groups:
            print_ = self._draw.randbytes(32)
            named = Group(token=group, fingerprint=print_, label=b"")
            yield GroupRegistered(group=named)
        attested = Attestation(
            id=self._id(), region="national", areas=self._areas, reviewed_on=self._today
        )
        yield CoverageAttested(attestation=attested)
        for _ in range(RIVALRIES):
            low, high = sorted(self._draw.sample(self._groups, 2))
            war = Rivalry(low=low, high=high, severity=3, **self._common())
            yield FactRecorded(fact=war)
        people = [SubjectId(self._draw.randbytes(32)) for _ in range(PEOPLE)]
        for person in people:
            member = Affiliation(
                subject=person,
                group=self._draw.choice(self._groups),
                role=AffiliationRole.CORE,
                **self._common(),
            )
            yield FactRecorded(fact=member)
        yield from self._placed(people, cases)

    def _placed(self, people: list[SubjectId], cases: int) -> Iterator[Event]:
        for number in range(cases + STAYS):
            case = Case(
                handle=CaseHandle(self._id()),
                organisation="1280",
                reference=f"SN {number}",
                basis=Basis.POLICE,
                members=(people[number],),
                opened_at=self._now,
                assessed_at=self._now,
            )
            yield CaseOpened(case=case)
            if number >= cases:
                placement = Placement(
                    id=self._id(),
                    case=case.handle,
                    area=self._draw.choice(self._areas),
                    valid_from=self._today,
                    state=PlacementState.ACTIVE,
                )
                yield PlacementRecorded(placement=placement)


def checks(nation: Nation, ruleset: Ruleset, now: Micros) -> Iterator[Check]:
    """Yield a question for each case, about some places."""
    draw = Random(SEED)
    codes = [AreaCode(code) for code in ruleset.areas]
    caller = Caller(Role.CASEWORKER, "1280", "cw-01", bytes(32))
    for case in nation.cases:
        yield Check(
            caller=caller,
            request_id=draw.randbytes(16),
            digest=bytes(32),
            case=case,
            candidates=tuple(
                Candidate(area=area) for area in draw.sample(codes, AREAS)
            ),
            window=Window(start=stockholm_day(now)),
            justification="PLACEMENT",
            least=Revision(0),
            decisions=tuple(draw.randbytes(16) for _ in range(AREAS)),
        )


def roomy(ruleset: Ruleset) -> Ruleset:
    """Return a ruleset by which nobody's budget is spent."""
    many = 10**9
    budgets = replace(
        ruleset.budgets, case_areas=many, organisation_areas=many, person_areas=many
    )
    return replace(ruleset, budgets=budgets)


def stream(label: bytes, size: int) -> bytes:
    """Return a stream as a store's key ring gives it."""
    return shake_256(bytes(32) + label).digest(size)


def drawing(nation: Nation, ruleset: Ruleset, now: Micros) -> None:
    """Say how long it takes to draw all, and those of a new month."""
    firsts, months = [], []
    following = Micros(start_of(first_of(month_of(stockholm_day(now)) + 1)) + 1)
    for _ in range(5):
        of = Haunting(stream).of
        firsts.append(timed(partial(of, nation.state, ruleset, now)))
        months.append(timed(partial(of, nation.state, ruleset, following)))
    print(
        f"All phantoms of {GROUPS} groups x {len(ruleset.areas)} areas, milliseconds:"
    )
    print(f"  at a start, or under a new ruleset   {statistics.median(firsts):8.1f}")
    print(f"  when a month begins                  {statistics.median(months):8.1f}")


def timed(work: Callable[[], object]) -> float:
    """Return how many milliseconds of processor time something takes."""
    began = time.process_time()
    work()
    return (time.process_time() - began) * _MS


def asking(nation: Nation, ruleset: Ruleset, now: Micros, rounds: int) -> None:
    """Say what phantoms add to deciding, over rounds in turns."""
    haunting = Haunting(stream)
    moments = {
        "without": Moment(now=now, ruleset=ruleset, phantoms=nobody),
        "with": Moment(now=now, ruleset=ruleset, phantoms=haunting.of),
    }
    asked = list(checks(nation, ruleset, now))
    spent: dict[str, list[float]] = {"without": [], "with": []}

    def all_of(moment: Moment) -> None:
        for command in asked:
            decide(nation.state, command, moment)

    for moment in moments.values():
        all_of(moment)  # views of the graph, and what is drawn, are kept from here on
    for number in range(rounds):
        for name in sorted(moments, reverse=bool(number % 2)):
            spent[name].append(timed(partial(all_of, moments[name])) / len(asked))
    told("Deciding", spent)


@contextmanager
def engine_of(nation: Nation, ruleset: Ruleset) -> Iterator[Engine]:
    """Yield an engine on a store of its own that holds the nation."""
    with tempfile.TemporaryDirectory(prefix="placement-phantoms-") as name:
        folder = Path(name)
        custody = FileCustody.create(folder / "store.key")
        store = Store.create(f"sqlite:///{folder}/placement.db", custody)
        nothing = State()  # none of these speaks of anything before it
        owned = [(each, dossier_of(each.event, nothing)) for each in nation.records]
        begun = (begun_by(each.event, nothing) for each in nation.records)
        store.vault.begin([of for of in begun if of])
        payloads = [store.vault.seal(each, of) for each, of in owned]
        with store.writing() as log:
            store.vault.flush()
            log.append(payloads, ())
        signer = Signer("bench.placement/log", SigningKey.create(folder / "log.key"))
        rules = Rules(ruleset)
        engine = Engine(store, rules, custodian=b"", signer=signer, clock=micros)
        engine.start()
        yield engine
        engine.stop()
        store.close()


def writing(nation: Nation, ruleset: Ruleset, now: Micros, rounds: int) -> None:
    """Say what phantoms add to a check that an engine decides and writes down."""
    none = replace(ruleset, phantoms=replace(ruleset.phantoms, stays=0, floor=0))
    spent: dict[str, list[float]] = {"without": [], "with": []}
    asked = list(checks(nation, ruleset, now))
    with engine_of(nation, none) as without, engine_of(nation, ruleset) as with_:
        engines = {"without": without, "with": with_}

        def all_by(engine: Engine) -> None:
            for command in asked:
                fresh = replace(command, request_id=secrets.token_bytes(16))
                engine.submit(fresh).result(60)

        for engine in engines.values():
            all_by(engine)
        for number in range(rounds):
            for name in sorted(engines, reverse=bool(number % 2)):
                took = timed(partial(all_by, engines[name])) / len(asked)
                spent[name].append(took)
    told("Deciding and writing down", spent)


def told(what: str, spent: Mapping[str, list[float]]) -> None:
    """Print two medians, and what the one has over the other."""
    without, with_ = (statistics.median(spent[name]) for name in ("without", "with"))
    added = with_ / without - 1
    print(f"\n{what} a check of {AREAS} places, microseconds of processor time:")
    print(f"  without phantoms   {without * _MS:8.1f}")
    print(f"  with phantoms      {with_ * _MS:8.1f}   {added:+.1%}")


def main(arguments: list[str]) -> int:
    """Measure, and tell.

    Returns:
        0.
    """
    parser = argparse.ArgumentParser(prog="make bench-phantoms")
    parser.add_argument("--cases", type=int, default=200, help="that ask")
    parser.add_argument("--rounds", type=int, default=15)
    asked = parser.parse_args(arguments)
    ruleset, now = roomy(read_ruleset(None)), Micros(micros())
    nation = Maker(ruleset, now).nation(asked.cases)
    drawing(nation, ruleset, now)
    asking(nation, ruleset, now, asked.rounds)
    writing(nation, ruleset, now, asked.rounds)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
