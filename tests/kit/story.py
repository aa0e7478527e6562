"""A log of some hundred varied entries, and a second way to search it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from functools import partial
from itertools import cycle
from typing import Any, Final

from hypothesis import strategies as st

from kit.commands import (
    AUDITOR,
    NATIONAL,
    OPERATOR,
    SECOND,
    approve,
    assess_case,
    attest,
    caseworker,
    check,
    close_case,
    coordinator,
    draft,
    end_facts,
    evaluate,
    list_changes,
    list_entries,
    open_case,
    presence,
    read_receipt,
    record_facts,
    register_groups,
    retract_facts,
    rivalry,
    search,
    show_case,
    show_change,
)
from kit.engines import SECONDS
from kit.world import NOW, subject, token
from placement.access import Action, Caller
from placement.audit import note
from placement.audit.checkpoint import Checkpoint
from placement.audit.checkpoint import parse as parse_checkpoint
from placement.audit.details import Matter, Outline
from placement.audit.entry import Entry
from placement.domain.decide import searches
from placement.domain.decide.command import Command
from placement.domain.decide.searches import Admitted, Filter
from placement.domain.facts import Tie
from placement.domain.terms import Verdict
from placement.errors import CertificateError, PlacementError
from placement.service.bookmarks import Bookmarks
from placement.service.engine import Engine
from placement.service.entries import Refused
from placement.service.review import Review
from placement.service.search import Listed, Searcher
from placement.store.ledger import Ledger
from placement.store.log import Store

AREAS: Final = ("2480", "0180", "1480", "1280", "0380")
WORKERS: Final = tuple(
    caseworker(organisation, f"cw-{number:02}")
    for organisation in ("1280", "0180", "1480")
    for number in (1, 2)
)
SCOPE: Final = bytes([7]) * 32
TEXTS: Final = (
    "person",
    "organisation",
    "role",
    "kind",
    "action",
    "purpose",
    "outcome",
)
STEPS: Final = (0, 1, 999, 1_000, 60_000_000, 0, 3_600_000_000)  # microseconds

OTHER_AUDITOR: Final = Caller(AUDITOR.role, "imy", "au-02", bytes(32))

Asked = Command | Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One entry of the log, as whoever has the keys reads it.

    Attributes:
        index: its place.
        entry: what its leaf is the hash of.
        outline, matter: its details; ``None`` once they were taken.
    """

    index: int
    entry: Entry
    outline: Outline | None
    matter: Matter | None


class Teller:
    """Has an engine write the log.

    Args:
        engine: decides.
        clock: has a ``now`` that may be set.

    Attributes:
        cases: handles by whose they are and under which reference.
    """

    def __init__(self, engine: Engine, clock: Any) -> None:
        self._engine = engine
        self._clock = clock
        self._steps = cycle(STEPS)
        self.cases: dict[tuple[str, str], set[bytes]] = {}

    def ask(self, *items: Asked) -> list[Any]:
        """Ask some things at once; return replies, and refusals as they are."""
        self._clock.now += next(self._steps)
        futures = [self._engine.submit(item) for item in items]
        errors = [future.exception(SECONDS) for future in futures]
        return [
            future.result().reply if error is None else error
            for future, error in zip(futures, errors, strict=True)
        ]

    def tell(self, chapters: int) -> None:
        """Write so many chapters, of some 30 entries each."""
        self._clock.now = NOW
        self.ask(attest(caller=NATIONAL))
        for number in range(chapters):
            worker = WORKERS[number % len(WORKERS)]
            case = self._opened(number, worker)
            self._questions(number, case, worker)
            self._registry(number)
            self._audit(number, case)

    def _opened(self, number: int, worker: Caller) -> bytes:
        reference = f"SN {number % 4}"
        given = {"caller": worker, "reference": reference, "request": f"r{number}"}
        opened, again, wrong = self.ask(
            open_case(f"h{number % 5}", f"i{number}", **given),
            open_case(f"h{number % 5}", f"i{number}", **given),
            open_case("x", reference="Anna", caller=worker),
        )
        assert opened == again
        assert isinstance(wrong, PlacementError)
        case: bytes = opened.ids[0]
        self.cases.setdefault((worker.organisation, reference), set()).add(case)
        self.ask(check(case, caller=worker), assess_case(case, caller=NATIONAL))
        return case

    def _questions(self, number: int, case: bytes, worker: Caller) -> None:
        foreign = WORKERS[(number + 2) % len(WORKERS)]
        area = AREAS[number % len(AREAS)]
        tie = draft(
            Tie, "tie", subject=subject(f"i{number}"), area=area, danger=number % 2 == 0
        )
        recorded, change = self.ask(record_facts(tie, caller=NATIONAL))[0].ids
        self.ask(approve(change or recorded, caller=coordinator("national", "co-08")))
        self.ask(
            check(case, area, caller=worker, justification="URGENT"),
            check(case, *AREAS[:3], caller=worker),
            check(case, "9999", caller=worker),
            check(case, "2480", caller=foreign),
            show_case(case, worker),
            show_case(case, OPERATOR),
        )
        self.ask(check(case, *AREAS, caller=worker), evaluate(2, worker))
        if number % 3 == 0:
            self.ask(
                close_case(case, caller=worker), check(case, "2480", caller=worker)
            )

    def _registry(self, number: int) -> None:
        group, rival = f"A{number}", f"B{number}"
        self.ask(register_groups(group, rival))
        stays = presence(group, AREAS[number % 3])
        (fact, _), (war, change) = (
            reply.ids
            for reply in self.ask(
                record_facts(stays), record_facts(rivalry(group, rival, severity=3))
            )
        )
        self.ask(show_change(change), approve(change), list_changes(SECOND))
        self.ask(
            end_facts((fact, 0)),
            retract_facts(war),
            approve(token("nothing")),
            Refused(Action.CHECK, CertificateError(), None),
            evaluate(1, AUDITOR),
        )

    def _audit(self, number: int, case: bytes) -> None:
        auditor = (AUDITOR, OTHER_AUDITOR)[number % 2]
        self.ask(
            list_entries(Filter(case=case), caller=auditor),
            list_entries(Filter(case=token(f"unknown {number % 2}")), caller=auditor),
            list_entries(Filter(), caller=auditor),
            search(searches.ExportEntries, first=number, caller=auditor),
            search(searches.ReplayDecision, decision=token("d"), caller=auditor),
            read_receipt(number),
            read_receipt(number, owned=False),
        )


def naive(story: list[Told], asked: Filter, cases: set[bytes]) -> list[int]:
    """Return the indexes of what a filter selects, by looking at everything.

    Args:
        story: all entries.
        asked: the filter.
        cases: the handles that its reference names.
    """
    # What entries show of a case, learnt from those that name both.
    shown = {
        told.matter.case: told.outline.case
        for told in story
        if told.matter is not None and told.outline is not None and told.matter.case
    }
    named = {shown.get(case, b"?") for case in cases}
    alike = {asked.case, shown.get(asked.case, asked.case)}
    tests: dict[str, Callable[[Told, Any], bool]] = {
        "since": lambda told, since: told.entry.at >= since,
        "until": lambda told, until: told.entry.at < until,
        "first": lambda told, first: told.index >= first,
        "end": lambda told, end: told.index < end,
        "verdict": lambda told, verdict: verdict in _outline(told).verdicts,
        "decision": lambda told, decision: decision in _outline(told).decisions,
        "case": lambda told, _: _outline(told).case in alike,
        "reference": lambda told, _: _outline(told).case in named,
    } | {
        name: lambda told, text, name=name: getattr(told.entry, name) == text
        for name in TEXTS
    }
    given = {
        each.name: value
        for each in fields(asked)
        if (value := getattr(asked, each.name)) not in {None, "", b""}
    }
    return [
        told.index
        for told in story
        if all(tests[name](told, value) for name, value in given.items())
    ]


def _outline(told: Told) -> Outline:
    """Return what may be seen; of what was taken, nothing that anybody looks for."""
    return told.outline or Outline(case=b"taken")


def filters(
    story: list[Told], cases: dict[tuple[str, str], set[bytes]]
) -> st.SearchStrategy[Filter]:
    """Make filters that select something, or miss it narrowly.

    Each field is that of one entry; now and then it is another entry's.
    """
    references = {
        case: reference for (_, reference), named in cases.items() for case in named
    }
    spread = st.integers(-3, 300)

    @st.composite
    def made(draw: Any) -> Filter:
        one, stray = draw(st.tuples(*[st.sampled_from(story)] * 2))
        names = draw(st.sets(st.sampled_from([each.name for each in fields(Filter)])))
        given: dict[str, Any] = {}
        for name in sorted(names):
            told = stray if draw(st.integers(0, 9)) == 0 else one
            values = _values(told, name, references, draw(spread))
            if values:
                given[name] = draw(st.sampled_from(values))
        if "reference" in given and not given.get("organisation"):
            given["organisation"] = draw(st.sampled_from(["1280", "0180", "1480"]))
        if not {"person", "case", "reference", "decision", "since"} & set(given):
            given.setdefault("first", 0)
        return Filter(**given)

    return made()


def _values(
    told: Told, name: str, references: dict[bytes, str], spread: int
) -> list[Any]:
    """Return values of a field that select an entry, or that miss it by little."""
    outline, matter = told.outline or Outline(), told.matter or Matter()
    around: dict[str, Any] = {
        "since": max(told.entry.at - spread * 1_000_000, 0),
        "until": told.entry.at + spread * 1_000_000,
        "first": max(told.index - spread, 0),
        "end": told.index + spread,
    }
    if name in around:
        return [around[name]]
    match name:
        case "verdict":
            return [*map(Verdict, outline.verdicts)]
        case "decision":
            return [*outline.decisions]
        case "case":
            return [case for case in (matter.case, outline.case) if case]
        case "reference":
            return [references[matter.case]] if matter.case in references else []
    return [text] if (text := getattr(told.entry, name)) else []


class ReadingRoom:
    """Everything that a server reads its access log with.

    Args:
        store: whose log.
        scan: how many entries a page looks at; ``None`` for as many as usual.

    Attributes:
        incidents: one for each time that the engine was condemned.
    """

    def __init__(self, store: Store, scan: int | None = None) -> None:
        self.incidents: list[str] = []
        self.ledger = Ledger(store)
        self.review = Review(store, lambda: self.incidents.append("condemned"))
        self.bookmarks = Bookmarks(store.ring, store.owner)
        self.searcher = Searcher(self.review, self.ledger, self.bookmarks)
        if scan is not None:
            vars(self.review)["page"] = partial(self.review.page, scan=scan)

    def pages(
        self, asked: Filter, cases: frozenset[bytes] | None, size: int, most: int = 100
    ) -> Iterator[Listed]:
        """List page after page, as an auditor does."""
        command = replace(list_entries(asked, most), scope=SCOPE)
        while True:
            admitted = Admitted(search=command, cases=cases)
            listed = self.searcher.list(admitted, AUDITOR, size)
            yield listed
            if not listed.token:
                return
            resume = self.bookmarks.open(AUDITOR, SCOPE, listed.token, "page_token")
            assert resume[0] > (command.resume[0] if command.resume else -1)
            command = replace(command, resume=resume)

    def checkpoint(self, least: int = 0) -> tuple[bytes, Checkpoint]:
        """Return the newest signed note, and what it says."""
        made = self.ledger.newest(least_size=least)
        return note.render(made), parse_checkpoint(made.text)
