"""Permits: somebody may be placed despite what was answered.

A *release* is a coordinator's, for REVIEW and UNKNOWN; an *override* is proposed by the
municipality and signed by a second person, for CONFLICT too.

Invariants:
    * a permit covers what was known when it was given: whatever is added to the picture
      afterwards is covered by nobody;
    * an unsigned permit covers nothing, nor does one whose day to look again has come.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b

from placement.domain.questions import Assessment, Candidate, Finding
from placement.domain.terms import (
    CaseHandle,
    Day,
    FactId,
    FindingKey,
    Micros,
    PermitGround,
    Verdict,
    Window,
    stockholm_day,
)

_KEY_SIZE = 8  # bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Permit:
    """Leave to place a case in one place.

    Attributes:
        id: 16 random bytes.
        case: whose.
        candidate: where.
        window: for which days.
        ground: why; RELEASED for a release.
        verdict: the worst that it covers.
        seen: the findings that it covers.
        organisation: of who asked for it.
        person: who asked for it.
        proposed_at: when.
        expires_at: from when on nothing can be held or confirmed under it.
        follow_up: the day to look again; ``None`` for a release.
        signed_by_organisation: of who signed it; empty before.
        signed_by: who signed it; empty before.
        signed: it covers something: a second person stood behind it, or none is needed.
        used: something was held or confirmed under it.
        floor: how good the picture was at best.
    """

    id: FactId
    case: CaseHandle
    candidate: Candidate
    window: Window
    ground: PermitGround
    verdict: Verdict
    seen: tuple[FindingKey, ...]
    organisation: str
    person: str
    proposed_at: Micros
    expires_at: Micros
    follow_up: Day | None = None
    signed_by_organisation: str = ""
    signed_by: str = ""
    signed: bool = False
    used: bool = False
    floor: Verdict = Verdict.CLEAR

    @property
    def is_release(self) -> bool:
        """Whether a coordinator gave it."""
        return self.ground is PermitGround.RELEASED

    def covers(
        self,
        candidate: Candidate,
        window: Window,
        assessment: Assessment,
        now: Micros,
    ) -> bool:
        """Tell whether a place may be had despite an assessment."""
        return (
            self.signed
            and now < self.expires_at
            and (self.follow_up is None or stockholm_day(now) < self.follow_up)
            and self.candidate == candidate
            and within(window, self.window)
            and assessment.verdict <= self.verdict
            and assessment.floor <= self.floor
            and set(keys_of(assessment.findings)) <= set(self.seen)
        )


def key_of(finding: Finding) -> FindingKey:
    """Return what a finding is known by: its rule, what it gives and rests on."""
    named = finding.rule.encode() + finding.outcome.to_bytes() + b"".join(finding.facts)
    return FindingKey(blake2b(named, digest_size=_KEY_SIZE).digest())


def keys_of(findings: Iterable[Finding]) -> tuple[FindingKey, ...]:
    """Return what findings are known by, each once, in order."""
    return tuple(sorted(set(map(key_of, findings))))


def within(inner: Window, outer: Window) -> bool:
    """Tell whether a window lies in another."""
    if inner.start < outer.start:
        return False
    if outer.end is None:
        return True
    return inner.end is not None and inner.end <= outer.end
