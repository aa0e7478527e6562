"""A past decision, decided again: at its revision, by its ruleset, on its day.

The log is folded up to what the decision saw, and the same rules are asked the same
question. What comes out must be what was answered then; that it is not would be an
incident.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final

from placement.audit.details import Details
from placement.audit.written import Written
from placement.domain.decide.command import Moment
from placement.domain.decide.weighing import answered
from placement.domain.questions import Assessment, Candidate, Finding, Question
from placement.domain.relations import Chain
from placement.domain.ruleset import Ruleset
from placement.domain.state import State
from placement.domain.terms import (
    AreaCode,
    CaseHandle,
    FacilityToken,
    FactId,
    Micros,
    ProviderToken,
    Revision,
    Verdict,
    Window,
)
from placement.errors import NotFoundError
from placement.service.fold import fold_until
from placement.service.phantoms import Haunting
from placement.service.rules import Rules
from placement.service.selection import Found
from placement.store.log import Store

_STEP: Final = 5_000  # records between two words about how far it has come


class Replayed(Enum):
    """Whether a decision came out as it did."""

    EQUAL = "equal"
    DIFFERENT = "different"
    ERASED = "erased"
    NO_RULESET = "no_ruleset"


@dataclass(frozen=True, slots=True, kw_only=True)
class GroundFact:
    """A fact that a verdict rests on, as it stood then.

    Attributes:
        id: of the fact.
        kind: for example ``rivalry``; or ``placement``, ``phantom``, or ``provider``.
        grade: normalised; empty for what is no fact.
    """

    id: FactId
    kind: str
    grade: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One reason for a verdict."""

    rule: str
    verdict: Verdict
    facts: tuple[GroundFact, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """What a replay found.

    Attributes:
        outcome: whether the decision came out as it did.
        found: its entry.
        revision: as its entry says it.
        recorded: what was answered; ``None`` once the law took it.
        replayed: what comes out, or ``None``.
        reasons: for that, the worst first.
    """

    outcome: Replayed
    found: Found
    revision: Revision
    recorded: Verdict | None = None
    replayed: Verdict | None = None
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class Progress:
    """So many of so many."""

    done: int
    total: int


def replay(
    store: Store,
    found: Found,
    decision: bytes,
    rules: Rules,
) -> Iterator[Progress | Replay]:
    """Decide a past question again.

    Args:
        store: whose log.
        found: the decision's entry.
        decision: its id.
        rules: finds the ruleset of a state; one that says anything else than the one
            in force then is not at hand either.

    Yields:
        How far it has come, and in the end what it found.

    Raises:
        NotFoundError: the entry is none of a decision.
        TamperedError: something stored does not verify.
        UnavailableError: the database does not answer.
    """
    details = found.opened
    if details is None:
        yield _erased(found)
        return
    asked = _Asked.of(found, details, decision)
    state = State()
    for state in fold_until(store, asked.revision):
        if not state.revision % _STEP:
            yield Progress(state.revision, asked.revision)
    ruleset = rules.then(state, found.entry.ruleset)
    if ruleset is None or ruleset.digest != found.entry.rules:
        yield asked.ended(Replayed.NO_RULESET)
        return
    yield asked.decided(state, ruleset, Haunting(store.ring.stream))


def _erased(found: Found) -> Replay:
    revision = Revision(found.entry.revision)
    return Replay(outcome=Replayed.ERASED, found=found, revision=revision)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """The question that a decision answered."""

    found: Found
    case: CaseHandle
    candidates: tuple[Candidate, ...]
    place: int
    window: Window
    recorded: Verdict
    revision: Revision

    @classmethod
    def of(cls, found: Found, details: Details, decision: bytes) -> "_Asked":
        """Read it from the entry's details.

        Raises:
            NotFoundError: they are of no decision.
        """
        outline, matter = details.outline, details.matter
        if outline is None or matter is None or decision not in outline.decisions:
            raise NotFoundError
        place = outline.decisions.index(decision)
        houses = matter.facilities or (b"",) * len(matter.areas)
        written = Written.parse(matter.events)
        seen = found.entry.revision if written is None else written.first - 1
        return cls(
            found=found,
            case=CaseHandle(matter.case),
            candidates=tuple(
                Candidate(
                    area=AreaCode(area),
                    facility=FacilityToken(house) if house else None,
                )
                for area, house in zip(matter.areas, houses, strict=True)
            ),
            place=place,
            window=Window.parse(matter.window),
            recorded=Verdict(outline.verdicts[place]),
            revision=Revision(seen),
        )

    def ended(self, outcome: Replayed) -> Replay:
        """Return that nothing could be decided."""
        return Replay(
            outcome=outcome,
            found=self.found,
            revision=Revision(self.found.entry.revision),
            recorded=self.recorded,
        )

    def decided(self, state: State, ruleset: Ruleset, haunting: Haunting) -> Replay:
        """Ask the rules, with the phantom stays of that day."""
        case = state.cases.get(self.case)
        if case is None:
            return self.ended(Replayed.ERASED)
        now = Micros(self.found.entry.at)
        question = Question(
            case=case, candidates=self.candidates, window=self.window, now=now
        )
        moment = Moment(now=now, ruleset=ruleset, phantoms=haunting.of)
        assessments = answered(state, question, moment)
        assessment = assessments[self.place]
        equal = assessment.verdict is self.recorded
        if not equal and state.erasures.unproven:
            # What was known then can't all be read any more: nobody can tell.
            return self.ended(Replayed.ERASED)
        return Replay(
            outcome=Replayed.EQUAL if equal else Replayed.DIFFERENT,
            found=self.found,
            revision=Revision(self.found.entry.revision),
            recorded=self.recorded,
            replayed=assessment.verdict,
            reasons=_reasons(assessment, state),
        )


def _reasons(assessment: Assessment, state: State) -> tuple[Reason, ...]:
    # What is found firmly was found softly, too: the worst says it.
    worst: dict[tuple[str, Chain], tuple[Verdict, Verdict]] = {}
    for each in assessment.findings:
        key = (each.rule, each.facts)
        worst[key] = max(worst.get(key, _strength(each)), _strength(each))
    found = [
        each
        for each in assessment.findings
        if _strength(each) == worst[each.rule, each.facts]
    ]
    ordered = sorted(found, key=lambda finding: -finding.outcome)
    return tuple(_reason(finding, state) for finding in ordered)


def _strength(finding: Finding) -> tuple[Verdict, Verdict]:
    return finding.outcome, finding.at_most


def _reason(finding: Finding, state: State) -> Reason:
    return Reason(
        rule=finding.rule,
        verdict=finding.outcome,
        facts=tuple(
            _fact(fact_id, state, phantom=finding.phantom) for fact_id in finding.facts
        ),
    )


def _fact(fact_id: FactId, state: State, *, phantom: bool) -> GroundFact:
    fact = state.facts.get(fact_id)
    if fact is None:
        kind = "phantom" if phantom else "placement"
        if ProviderToken(fact_id) in state.stopped:
            kind = "provider"
        return GroundFact(id=fact_id, kind=kind, grade="")
    return GroundFact(
        id=fact_id, kind=type(fact).__name__.lower(), grade=fact.grade.name
    )
