"""What a coordinator is shown of a place, and that it is this they then stand behind.

Whoever lets a place be had names the digest of what they were shown. Invariant: it is of
one person, one question and one answer. What another was shown, what was shown of other
days or of another place, and what has changed since give another digest.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from hashlib import sha256

from placement.access import Caller
from placement.domain.decide.command import Moment, Note, require
from placement.domain.decide.explaining import Reason, reasons
from placement.domain.decide.placements import require_candidate
from placement.domain.decide.weighing import answered, question_of
from placement.domain.facts import Case
from placement.domain.life_events import StepKind
from placement.domain.permits import keys_of
from placement.domain.questions import Assessment, Candidate, Question
from placement.domain.state import State
from placement.domain.terms import CaseHandle, Verdict, Window


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """A question about one place, and what it is worth now."""

    question: Question
    found: Assessment


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """What a place is worth to a case.

    Attributes:
        verdict: as the municipality would get it, with phantom stays.
        real: without them.
        reasons: what that rests on, the worst first, as the coordinator may see it.
        seen: digest of what this coordinator is shown, 32 bytes.
        needs_second: a second coordinator has to sign a release.
    """

    verdict: Verdict
    real: Verdict
    reasons: tuple[Reason, ...]
    seen: bytes
    needs_second: bool


def weighed_place(
    state: State, moment: Moment, case: Case, place: Candidate, window: Window
) -> Weighed:
    """Weigh a place whose form holds.

    Raises:
        InvalidInputError: it is no place, or the days are none to come.
    """
    if window.end is not None:
        after = window.start < window.end and moment.today < window.end
        require(after, "window.end_day", "must be after start_day, and after today")
    day = max(window.start, moment.today)
    require_candidate(state, moment, place, day, "candidate")
    question = question_of(case, place, window, moment)
    (found,) = answered(state, question, moment)
    return Weighed(question=question, found=found)


def explained(
    state: State, caller: Caller, moment: Moment, weighed: Weighed, about: bytes = b""
) -> Explained:
    """Return what a coordinator may see of a place.

    Args:
        state: what is known.
        caller: the coordinator.
        moment: now, and under which rules.
        weighed: the place.
        about: the permit or change that it is shown for, if it is.
    """
    real = weighed.found.real
    return Explained(
        verdict=weighed.found.verdict,
        real=real.verdict,
        reasons=reasons(state, caller, moment, real.findings),
        seen=seen_by(caller, weighed, about),
        needs_second=needs_second(state, caller, weighed),
    )


def needs_second(state: State, caller: Caller, weighed: Weighed) -> bool:
    """Tell whether a release needs a second coordinator.

    Where a child is in the household (R14); and where the caller alone ended something
    that it rests on, so that nobody alone goes from CONFLICT to a place.
    """
    return bool(weighed.question.case.children) or any(
        step.kind is StepKind.ENDED and step.person == caller.person and not step.second
        for finding in weighed.found.findings
        for fact in finding.facts
        for step in state.histories.later(fact)
    )


def seen_by(caller: Caller, weighed: Weighed, about: bytes = b"") -> bytes:
    """Return the digest of what somebody is shown, 32 bytes (docs/protocol.md)."""
    question, found = weighed.question, weighed.found
    (place,) = question.candidates
    parts = (
        caller.organisation.encode(),
        caller.person.encode(),
        about,
        question.case.handle,
        place.area.encode(),
        place.facility or b"",
        str(question.window).encode(),
        bytes([found.verdict, found.floor]),
        b"".join(keys_of(found.findings)),
    )
    return digest_of(parts)


def asked_note(case: CaseHandle, place: Candidate, window: Window) -> Note:
    """Name a case and a place."""
    return Note(
        case=case,
        candidates=(place.area,),
        facilities=(place.facility or b"",),
        window=str(window),
    )


def told_note(note: Note, weighed: Weighed) -> Note:
    """Add whose case it is, and what the place is worth."""
    case = weighed.question.case
    return replace(
        note,
        case=case.handle,
        reference=case.reference,
        verdicts=(weighed.found.verdict,),
    )


def digest_of(parts: Iterable[bytes]) -> bytes:
    """Return the digest of some parts in their order, 32 bytes."""
    framed = (len(part).to_bytes(4) + part for part in parts)
    return sha256(b"".join(framed)).digest()
