"""Searches of the access log: admitted here, noted with their ground, read elsewhere.

Invariants:
    * a search names its purpose and the number of the matter it is for;
    * a search that would select everything needs a period;
    * what was looked for stands in the search's own entry; a case and a reference in
      its matter, which other auditors don't see.
"""

from dataclasses import dataclass, fields, replace
from typing import Final

from placement.access import Action
from placement.domain.decide.command import Command, Moment, Note, Outcome, require
from placement.domain.state import State
from placement.domain.terms import CaseHandle, Micros, Verdict
from placement.errors import NotFoundError

MAX_PAGE: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """Why a search is made.

    Attributes:
        purpose: as a code.
        matter: the auditor's own case number.
    """

    purpose: str
    matter: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which entries; what is empty or ``None`` selects everything.

    Attributes:
        person: the caller's id.
        organisation: the caller's.
        role: the caller's.
        kind: of processing.
        action: what was attempted.
        purpose: why, as a code.
        outcome: what came of it.
        verdict: given for at least one place.
        case: a handle, or what entries show instead of it.
        reference: of the municipality ``organisation``.
        decision: 16 bytes.
        since: not before.
        until: before.
        first: index of the first entry.
        end: index after the last.
    """

    person: str = ""
    organisation: str = ""
    role: str = ""
    kind: str = ""
    action: str = ""
    purpose: str = ""
    outcome: str = ""
    verdict: Verdict | None = None
    case: bytes = b""
    reference: str = ""
    decision: bytes = b""
    since: Micros | None = None
    until: Micros | None = None
    first: int | None = None
    end: int | None = None

    @property
    def is_whole(self) -> bool:
        """Tell whether it selects all of a range, so that its reader counts entries."""
        given = (each.name for each in fields(self) if each.name not in _RANGE)
        return all(getattr(self, name) in {None, "", b""} for name in given)

    def __str__(self) -> str:
        """Return what is looked for in words, but of no case and no municipality's."""
        given = ((each.name, getattr(self, each.name)) for each in fields(self))
        return " ".join(
            name if name in _UNNAMED else f"{name}={_word(value)}"
            for name, value in given
            if value not in {None, "", b""}
        )


_UNNAMED: Final = frozenset({"case", "reference"})
_RANGE: Final = frozenset({"since", "until", "first", "end"})


def _word(value: object) -> str:
    if isinstance(value, bytes):
        return value.hex()
    return value.name if isinstance(value, Verdict) else str(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Search(Command):
    """Something that audit staff look for.

    Attributes:
        ground: why.
        filter: which entries.
        scope: what goes on under one token only, 32 bytes.
        resume: where it goes on, from a token of its own; empty at first.
    """

    ground: Ground
    filter: Filter
    scope: bytes = b""
    resume: tuple[int, ...] = ()

    @property
    def note(self) -> Note:
        """Name the ground and what is looked for."""
        words = f"matter={self.ground.matter} {self.filter}".strip()
        return Note(purpose=self.ground.purpose, search=words)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListEntries(Search):
    """List a page of entries."""

    action = Action.ENTRY_LIST

    page_size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowEntry(Search):
    """Show one entry with its proof."""

    action = Action.ENTRY_SHOW


@dataclass(frozen=True, slots=True, kw_only=True)
class TailEntries(Search):
    """Follow the log."""

    action = Action.ENTRY_TAIL


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportEntries(Search):
    """Take a part of the log along."""

    action = Action.LOG_EXPORT


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayDecision(Search):
    """Decide a past question again."""

    action = Action.DECISION_REPLAY


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportAnomalies(Search):
    """Look for patterns that may be misuse."""

    action = Action.ANOMALY_REPORT


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadReceipt(Command):
    """Read the entry of one of the caller's own calls.

    Attributes:
        index: of the entry.
        owned: whether it is one.
    """

    action = Action.RECEIPT_READ

    index: int
    owned: bool

    @property
    def note(self) -> Note:
        """Name the entry."""
        return Note(search=f"first={self.index}")


Cases = frozenset[CaseHandle]


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """The reply to a search.

    Attributes:
        search: what was admitted.
        cases: the handles that its reference names; ``None``: it names none.
    """

    search: Search
    cases: Cases | None


def search(state: State, command: Search, moment: Moment) -> Outcome:
    """Admit a search; it changes nothing but the log."""
    del moment
    asked = command.filter
    if isinstance(command, ListEntries):
        fits = 1 <= command.page_size <= MAX_PAGE
        require(fits, "page_size", "must be 1 to 100")
    named = asked.person or asked.case or asked.reference or asked.decision
    begun = (
        isinstance(command, TailEntries)
        or asked.since is not None
        or asked.first is not None
    )
    require(named or begun, "filter", "must have a beginning, a person or a case")
    require(
        asked.organisation or not asked.reference,
        "filter.reference",
        "must stand with an organisation",
    )
    reply = Admitted(search=command, cases=_cases(state, asked))
    return Outcome(reply=reply, note=_noted(state, command))


def read_receipt(state: State, command: ReadReceipt, moment: Moment) -> Outcome:
    """Admit the reading of an own entry; a foreign one is not there."""
    del state, moment
    if not command.owned:
        raise NotFoundError
    return Outcome(reply=None)


def _cases(state: State, asked: Filter) -> Cases | None:
    if not asked.reference:
        return None
    return frozenset(
        handle
        for handle, case in state.cases.items()
        if (case.organisation, case.reference) == (asked.organisation, asked.reference)
    )


def _noted(state: State, command: Search) -> Note:
    """Name the case and the reference that are looked for."""
    case, note = command.filter.case, command.note
    note = replace(note, reference=command.filter.reference)
    if not case:
        return note
    known = CaseHandle(case) in state.cases
    return replace(note, case=case) if known else replace(note, alias=case)
