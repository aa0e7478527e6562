"""Extracts: telling a person what is kept about them, by two persons.

Invariants:
    * whoever is named, proposing and approving are answered alike: that somebody is on
      record is shown to a second coordinator alone, who named the same person, and is
      told to the two of them once that coordinator stood behind it;
    * facts, and cases in which somebody else stands first, are withheld unless the
      second coordinator released each of them; the person's own cases are told unless
      that coordinator withheld them, or they were opened afterwards;
    * how many may be asked for is a budget, and every step is an entry.
"""

from dataclasses import dataclass, replace
from typing import Final, Self

from placement.access import NATIONAL, Action, Caller
from placement.domain.changeover import Named
from placement.domain.decide.command import (
    Command,
    Moment,
    Note,
    Outcome,
    RequestCommand,
    SubjectOf,
    require,
)
from placement.domain.decide.drafts import propose
from placement.domain.decide.extracting import Kept, kept_of, seen_of
from placement.domain.events import ChangeApproved, ChangeProposed
from placement.domain.extract_events import (
    ExtractAgreed,
    ExtractAsked,
    ExtractGranted,
    ExtractPart,
)
from placement.domain.extracts import named
from placement.domain.state import State
from placement.domain.terms import (
    MICROS_A_DAY,
    CaseHandle,
    DossierId,
    FactId,
    Micros,
    SubjectId,
)
from placement.errors import (
    AccessDeniedError,
    BudgetError,
    ConflictError,
    NotFoundError,
    StaleError,
)
from placement.reference import require_reference

MAX_SUBJECTS: Final = 4
MAX_CASES: Final = 5
MAX_RELEASED: Final = 500
READ_DAYS: Final = 7
"""How long an extract that was approved can be read."""


class _AboutSomebody:
    """A call about somebody, by every number that they have."""

    __slots__ = ()
    subjects: tuple[SubjectId | Named, ...]

    @property
    def found(self) -> tuple[SubjectId, ...]:
        """Whom it is about, as far as they were looked up."""
        return tuple(each for each in self.subjects if not isinstance(each, Named))

    def resolved(self, of: SubjectOf) -> Self:
        """Look them up."""
        subjects = tuple(map(of, self.subjects))
        return replace(self, subjects=subjects)  # type: ignore[type-var]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposeExtract(_AboutSomebody, RequestCommand):
    """Propose that a person is told what is kept about them.

    Attributes:
        subjects: every number of the one person.
        cases: handles that the person has.
        ground: why, as a code.
        reference: the authority's own number of the person's request.
        change: 16 fresh random bytes.
    """

    action = Action.EXTRACT_PROPOSE

    subjects: tuple[SubjectId | Named, ...]
    cases: tuple[CaseHandle, ...]
    ground: str
    reference: str
    change: FactId

    @property
    def note(self) -> Note:
        """Name the ground, and whom it is about, as auditors see that."""
        return Note(
            purpose=self.ground,
            subjects=self.found,
            about=self.change,
            objects=(self.change,),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowExtract(_AboutSomebody, Command):
    """See what could be told; for the second coordinator.

    Attributes:
        change: which.
        subjects: whom it is about.
    """

    action = Action.EXTRACT_SHOW

    change: FactId
    subjects: tuple[SubjectId | Named, ...]

    @property
    def note(self) -> Note:
        """Name the change, and whoever was named."""
        return Note(objects=(self.change,), subjects=self.found, about=self.change)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApproveExtract(_AboutSomebody, RequestCommand):
    """Stand behind another coordinator's extract.

    Attributes:
        change: which.
        subjects: whom it is about.
        released: facts and cases that are told.
        withheld: cases that are not, though the person stands first in them.
        parts: what else is told.
        seen: digest of what the coordinator was shown, from ``ShowExtract``.
    """

    action = Action.EXTRACT_APPROVE

    change: FactId
    subjects: tuple[SubjectId | Named, ...]
    released: tuple[DossierId, ...]
    withheld: tuple[DossierId, ...]
    parts: tuple[ExtractPart, ...]
    seen: bytes

    @property
    def note(self) -> Note:
        """Name the change, whoever was named, and what is told."""
        return Note(
            objects=(self.change, *self.released),
            subjects=self.found,
            about=self.change,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadExtract(_AboutSomebody, Command):
    """Read what is told; for the two who stand behind it.

    Attributes:
        change: which.
        subjects: whom it is about.
    """

    action = Action.EXTRACT_READ

    change: FactId
    subjects: tuple[SubjectId | Named, ...]

    @property
    def note(self) -> Note:
        """Name the extract, and whoever was named."""
        return Note(objects=(self.change,), subjects=self.found, about=self.change)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """The reply to ``ShowExtract`` and ``ReadExtract``.

    Attributes:
        agreed: what was proposed.
        region: whose facts and cases.
        proposer: person id of who proposed it.
        at: as of when.
        subjects: whom it is about.
        kept: what could be told, or is.
        erased: of the cases that were named, those that were erased.
        parts: what else is told.
        seen: digest of what is shown; empty where it is told.
    """

    agreed: ExtractAgreed
    region: str
    proposer: str
    at: Micros
    subjects: tuple[SubjectId, ...]
    kept: Kept
    erased: tuple[CaseHandle, ...]
    parts: tuple[ExtractPart, ...] = ()
    seen: bytes = b""


def propose_extract(state: State, command: ProposeExtract, moment: Moment) -> Outcome:
    """Propose an extract; nothing is looked up about anybody."""
    subjects, cases, caller = command.found, command.cases, command.caller
    require(1 <= len(subjects) <= MAX_SUBJECTS, "pseudonyms", "must be 1 to 4")
    differ = len(set(subjects)) == len(subjects)
    require(differ, "pseudonyms", "must all be different")
    require(len(cases) <= MAX_CASES, "case_handles", "must be at most 5")
    require(len(set(cases)) == len(cases), "case_handles", "must all be different")
    require_reference(command.reference)
    asked = ExtractAsked(organisation=caller.organisation, person=caller.person)
    if not state.extracts.affords(asked, moment.ruleset.budgets.extracts, moment.now):
        raise BudgetError
    agreed = ExtractAgreed(
        id=command.change,
        named=named(command.change, subjects),
        cases=cases,
        ground=command.ground,
        reference=command.reference,
    )
    proposed = propose(moment, caller, command.change, amendments=(agreed,))
    outcome = Outcome.written(asked, proposed, made=(command.change,))
    return replace(outcome, note=_noted(command.note, agreed))


def show_extract(state: State, command: ShowExtract, moment: Moment) -> Outcome:
    """Show the second coordinator what could be told."""
    change, agreed = _proposed(state, command.change, command.caller)
    if moment.now >= change.expires_at:
        raise NotFoundError
    _require_named(agreed, command.found)
    kept = kept_of(state, command.found, change.region, moment)
    told = Told(
        agreed=agreed,
        region=change.region,
        proposer=change.person,
        at=moment.now,
        subjects=command.found,
        kept=kept,
        erased=_erased(state, agreed),
        seen=seen_of(state, command.caller, change.id, kept),
    )
    return Outcome(reply=told, note=_noted(command.note, agreed))


def approve_extract(state: State, command: ApproveExtract, moment: Moment) -> Outcome:
    """Let an extract be read as it was shown; what was not released is withheld."""
    change, agreed = _proposed(state, command.change, command.caller)
    if moment.now >= change.expires_at:
        raise ConflictError
    _require_named(agreed, command.found)
    caller = command.caller
    kept = kept_of(state, command.found, change.region, moment)
    require(command.seen, "seen", "must be what was shown")
    if command.seen != seen_of(state, caller, change.id, kept):
        raise StaleError
    for field, ids, possible in (
        ("released_ids", command.released, kept.releasable),
        ("withheld_ids", command.withheld, kept.withholdable),
    ):
        require(len(ids) <= MAX_RELEASED, field, "must be at most 500")
        require(possible.issuperset(ids), field, "must be of what was shown")
    granted = ExtractGranted(
        agreed=agreed,
        region=change.region,
        proposer=change.person,
        approver=caller.person,
        organisation=caller.organisation,
        released=tuple(sorted(set(command.released))),
        withheld=tuple(sorted(set(command.withheld))),
        parts=tuple(sorted(set(command.parts))),
        expires_at=Micros(moment.now + READ_DAYS * MICROS_A_DAY),
    )
    approved = ChangeApproved(id=change.id, person=caller.person)
    outcome = Outcome.written(approved, granted)
    return replace(outcome, note=_noted(command.note, agreed))


def read_extract(state: State, command: ReadExtract, moment: Moment) -> Outcome:
    """Tell one of the two what is told, as it is kept now."""
    granted = state.extracts.granted.get(command.change)
    if (
        granted is None
        or moment.now >= granted.expires_at
        or not _stands_behind(granted, command.caller)
    ):
        raise NotFoundError
    agreed = granted.agreed
    _require_named(agreed, command.found)
    kept = kept_of(state, command.found, granted.region, moment)
    approved_at = Micros(granted.expires_at - READ_DAYS * MICROS_A_DAY)
    told = Told(
        agreed=agreed,
        region=granted.region,
        proposer=granted.proposer,
        at=moment.now,
        subjects=command.found,
        kept=kept.told(
            frozenset(granted.released), frozenset(granted.withheld), approved_at
        ),
        erased=_erased(state, agreed),
        parts=granted.parts,
    )
    return Outcome(reply=told, note=_noted(command.note, agreed))


def agreed_by(change: ChangeProposed) -> ExtractAgreed | None:
    """Return the extract that a change is; then ``ApproveExtract`` alone approves it."""
    for each in change.amendments:
        if isinstance(each, ExtractAgreed):
            return each
    return None


def _proposed(
    state: State, change_id: FactId, caller: Caller
) -> tuple[ChangeProposed, ExtractAgreed]:
    """Return an extract that waits for a second person, who calls.

    Raises:
        AccessDeniedError: the caller proposed it.
        NotFoundError: there is none, or it is another region's.
    """
    change = state.changes.get(change_id)
    agreed = None if change is None else agreed_by(change)
    if change is None or agreed is None:
        raise NotFoundError
    if caller.organisation not in (change.region, NATIONAL):
        raise NotFoundError
    if change.person == caller.person:
        raise AccessDeniedError
    return change, agreed


def _require_named(agreed: ExtractAgreed, subjects: tuple[SubjectId, ...]) -> None:
    """Refuse whoever names another person than was proposed.

    Raises:
        ConflictError: they do.
    """
    if named(agreed.id, subjects) != agreed.named:
        raise ConflictError


def _stands_behind(granted: ExtractGranted, caller: Caller) -> bool:
    return (caller.organisation, caller.person) in (
        (granted.region, granted.proposer),
        (granted.organisation, granted.approver),
    )


def _erased(state: State, agreed: ExtractAgreed) -> tuple[CaseHandle, ...]:
    """Return which cases were erased: nothing tells any more whose they were."""
    erased = state.erasures.erased
    return tuple(each for each in agreed.cases if DossierId(each) in erased)


def _noted(note: Note, agreed: ExtractAgreed) -> Note:
    """Add why, and under which number, for auditors."""
    return replace(note, purpose=agreed.ground, search=f"matter={agreed.reference}")
