"""What a check asks, and what the rules answer: places, findings, verdicts."""

from dataclasses import dataclass, replace
from typing import NamedTuple

from placement.domain.facts import Case
from placement.domain.relations import Chain
from placement.domain.terms import AreaCode, FacilityToken, Micros, Verdict, Window


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A proposed place.

    Attributes:
        area: the municipality.
        facility: the house, or ``None``.
    """

    area: AreaCode
    facility: FacilityToken | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a check asks.

    Attributes:
        case: whose household.
        candidates: the proposed places, in the caller's order.
        window: for which days.
        now: the instant, for holds.
    """

    case: Case
    candidates: tuple[Candidate, ...]
    window: Window
    now: Micros


class Finding(NamedTuple):
    """One reason for a verdict.

    Attributes:
        rule: the rule's id.
        verdict: what the rule says.
        facts: the chain it rests on.
        at_most: what inference or distance allows; applied after R9's weakening.
        phantom: a phantom stay is in it.
    """

    rule: str
    verdict: Verdict
    facts: Chain
    at_most: Verdict = Verdict.CONFLICT
    phantom: bool = False

    @property
    def outcome(self) -> Verdict:
        """Return what the finding gives in the end."""
        return min(self.verdict, self.at_most)


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """The verdict on one candidate and what it rests on.

    Attributes:
        verdict: the worst of all.
        findings: what was found.
        floor: what it would be if nothing had been found.
    """

    verdict: Verdict
    findings: tuple[Finding, ...] = ()
    floor: Verdict = Verdict.CLEAR

    @property
    def real(self) -> "Assessment":
        """What it would be without phantom stays: each finding stands by itself."""
        findings = tuple(each for each in self.findings if not each.phantom)
        if len(findings) == len(self.findings):
            return self
        worst = max((each.outcome for each in findings), default=self.floor)
        verdict = max(self.floor, worst)
        return replace(self, verdict=verdict, findings=findings)
