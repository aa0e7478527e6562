"""What has to be known after what was acknowledged: a plain model.

It keeps facts, cases, stays and attestations in dictionaries and asks the oracle
(``kit.oracle``) for verdicts; nothing of the rules, the fold or ``decide`` is used.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from kit import oracle
from kit.reading import Asked, Known

from placement.domain.decide import (
    approvals,
    cases,
    checks,
    coverage,
    placements,
    registry,
)
from placement.domain.decide.command import Command
from placement.domain.decide.drafts import Draft
from placement.domain.facts import (
    AnyFact,
    Attestation,
    Case,
    Faction,
    Located,
    Placement,
    Presence,
    Rivalry,
    Threat,
    Tie,
)
from placement.domain.terms import (
    AreaCode,
    Micros,
    PlacementState,
    PresenceKind,
    Scheme,
    Verdict,
    stockholm_day,
)
from tests.simulate.driven import RULESET

AREAS = tuple(AreaCode(code) for code in RULESET.areas)


@dataclass(slots=True)
class Book:
    """The model.

    Attributes:
        facts, cases, stays, attested: by their ids, as they stand.
        waiting: changes that wait for a second person: what they do.
    """

    facts: dict[bytes, AnyFact] = field(default_factory=dict)
    cases: dict[bytes, Case] = field(default_factory=dict)
    stays: dict[bytes, Placement] = field(default_factory=dict)
    attested: dict[bytes, Attestation] = field(default_factory=dict)
    waiting: dict[bytes, Command] = field(default_factory=dict)

    def note(self, command: Command, now: Micros) -> None:
        """Note what is durable.

        Args:
            command: which.
            now: when it was decided.
        """
        change = self.change_of(command, now)
        match command:
            case cases.OpenCase():
                self.cases[command.handle] = Case(
                    handle=command.handle,
                    organisation=command.caller.organisation,
                    reference=command.reference,
                    basis=command.basis,
                    members=command.members,
                    opened_at=now,
                )
            case cases.AssessCase():
                self._record(command.drafts, command, now, change)
                case = self.cases[command.case]
                self.cases[command.case] = replace(case, assessed_at=now)
            case registry.RecordFacts():
                self._record(command.drafts, command, now, change)
            case coverage.AttestCoverage():
                self.attested[command.attestation] = Attestation(
                    id=command.attestation,
                    region=command.caller.organisation,
                    areas=AREAS,
                    reviewed_on=command.reviewed_on,
                )
            case placements.RecordPlacements():
                for stay in command.placements:
                    self.stays[stay.id] = stay
            case approvals.ApproveChange():
                self._do(self.waiting.pop(command.change))
                return
            case _:
                if not change:
                    self._do(command)
        if change:
            self.waiting[change] = command

    def change_of(self, command: Command, now: Micros) -> bytes:
        """Return the change that waits for a second person, or nothing."""
        match command:
            case registry.RecordFacts() | cases.AssessCase():
                waits = any(map(_takes_two, command.drafts))
            case registry.EndFacts():
                today = stockholm_day(now)
                waits = any(
                    one.valid_to < today or _ends_by_two(self.facts[one.id])
                    for one in command.endings
                )
            case registry.RetractFacts() | placements.EndPlacements():
                waits = True
            case _:
                return b""
        return command.change if waits else b""

    def _record(
        self, drafts: Sequence[Draft], command: Any, now: Micros, change: bytes
    ) -> None:
        for draft in drafts:
            self.facts[draft.id] = _fact(draft, command.caller, now, change)

    def _do(self, command: Command) -> None:
        """Let something take effect, a second person's word included."""
        match command:
            case registry.RecordFacts() | cases.AssessCase():
                for draft in command.drafts:
                    fact = self.facts[draft.id]
                    self.facts[draft.id] = replace(fact, approved=True)
            case registry.EndFacts():
                for ending in command.endings:
                    fact = self.facts[ending.id]
                    self.facts[ending.id] = replace(fact, valid_to=ending.valid_to)
            case registry.RetractFacts():
                for key in command.ids:
                    self.facts[key] = replace(self.facts[key], retracted=True)
            case placements.EndPlacements():
                for over in command.endings:
                    stay = self.stays[over.id]
                    self.stays[over.id] = replace(
                        stay, valid_to=over.valid_to, state=PlacementState.ENDED
                    )

    def verdicts(self, command: checks.Check, now: Micros) -> tuple[Verdict, ...]:
        """Return what a check has to answer."""
        case = self.cases[command.case]
        known = Known(
            facts=tuple(self.facts.values()),
            placements=tuple(self.stays.values()),
            cases=tuple(self.cases.values()),
            facilities=(),
            attestations=tuple(self.attested.values()),
            areas=RULESET.areas,
        )
        return tuple(
            oracle.answer(
                known,
                Asked(
                    case=case,
                    area=candidate.area,
                    facility=None,
                    window=command.window,
                    now=now,
                    today=stockholm_day(now),
                ),
            )
            for candidate in command.candidates
        )

    def missing(self, state: Any) -> list[str]:
        """Return what a state does not know although it was acknowledged."""
        lost = [f"fact {key!r}" for key in self.facts if key not in state.facts]
        lost += [f"case {key!r}" for key in self.cases if key not in state.cases]
        lost += [f"stay {key!r}" for key in self.stays if key not in state.placements]
        lost += [
            f"change of {key!r}"
            for key, fact in self.facts.items()
            if key in state.facts and _said(state.facts[key]) != _said(fact)
        ]
        found = {each.id for each in state.attestations.values()}
        return lost + [f"coverage {key!r}" for key in self.attested if key not in found]


def _takes_two(draft: Draft) -> bool:
    """What gives CONFLICT by itself, from the text (semantics.md section 9)."""
    said = draft.statement
    match draft.name:
        case "rivalry":
            return bool(said["severity"] == 3)
        case "presence":
            return said["kind"] is PresenceKind.BASE
        case "tie":
            return bool(said["danger"])
        case name:
            return name == "threat"


def _ends_by_two(fact: AnyFact) -> bool:
    """What protects somebody by itself (ADR 0030)."""
    if isinstance(fact, Tie):
        return fact.danger
    return isinstance(fact, Rivalry | Faction | Presence | Threat | Located)


def _said(fact: AnyFact) -> tuple[object, ...]:
    return (fact.valid_to, fact.approved, fact.retracted, fact.recorded_at)


def _fact(draft: Draft, caller: Any, now: Micros, change: bytes) -> AnyFact:
    fact: AnyFact = draft.kind(
        id=draft.id,
        valid_from=draft.valid_from,
        valid_to=draft.valid_to,
        recorded_at=now,
        author=caller.person,
        region=caller.organisation,
        scheme=draft.scheme,
        given=draft.given,
        grade=RULESET.grades[Scheme(draft.scheme)][draft.given],
        review_by=draft.review_by,
        reason=draft.reason,
        approved=not change,
        **draft.statement,
    )
    return fact
