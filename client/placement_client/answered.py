"""What a call was answered: what has to stand in its entry in the access log."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

from placement.api.v1.check_service_pb2 import (
    Candidate,
    CheckPlacementRequest,
    CheckPlacementResponse,
    Justification,
)
from placement.api.v1.types_pb2 import Window
from placement.audit.checkpoint import MAX_SIZE
from placement.errors import TamperedError
from placement_client.days import iso_day
from placement_client.holds import Decided
from placement_client.verdicts import is_held

CHECK: Final = "CHECK"
"""The action in a check's entry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What a call was answered: all of it stands in its entry.

    What was decided about a placement names neither the case nor place and days nor a
    reason, so those are empty then; the entry shows them.

    Attributes:
        index: the entry's.
        request: the request's id, 16 bytes: no other answer has it.
        decisions: 16 bytes each, in the order asked.
        verdicts: numbers of the wire, in that order.
        valid_until: microseconds since 1970-01-01T00:00Z, in that order.
        areas: four digits each, in that order.
        facilities: 16 bytes each or empty, in that order; none if none is meant.
        window: for which days, as a matter writes it.
        justification: why, as a code.
        case: the handle, 16 bytes.
        revision: the state that it rests on.
        ruleset: the rules that it rests on.
        decided_at: microseconds since 1970-01-01T00:00Z.
        certificate: SHA-256 of the certificate that asked, in DER.
        action: what was asked for, as entries name it.
        objects: 16 bytes each: the hold that a check made, or the placements that were
            changed, in the order of their ids.
    """

    index: int
    request: bytes
    decisions: tuple[bytes, ...]
    verdicts: tuple[int, ...]
    valid_until: tuple[int, ...]
    areas: tuple[str, ...]
    facilities: tuple[bytes, ...]
    window: str
    justification: str
    case: bytes
    revision: int
    ruleset: str
    decided_at: int
    certificate: bytes
    action: str = CHECK
    objects: tuple[bytes, ...] = ()

    @classmethod
    def of(
        cls,
        question: CheckPlacementRequest,
        answer: CheckPlacementResponse,
        *,
        certificate: bytes,
    ) -> Self:
        """Return what has to stand in the entry of a check.

        Raises:
            TamperedError: the answer names no entry, or one that no log has.
        """
        why = Justification.Name(question.justification)
        return cls(
            index=_index(leaf_of(answer)),
            request=question.request_id,
            decisions=tuple(each.decision_id for each in answer.verdicts),
            verdicts=tuple(each.verdict for each in answer.verdicts),
            valid_until=tuple(each.valid_until for each in answer.verdicts),
            areas=tuple(each.area for each in question.candidates),
            facilities=_facilities(question.candidates),
            window=_days(question.window),
            justification=why.removeprefix("JUSTIFICATION_"),
            case=question.case_handle,
            revision=answer.revision,
            ruleset=answer.ruleset,
            decided_at=answer.decided_at,
            certificate=certificate,
            objects=tuple(each.hold_id for each in answer.verdicts if is_held(each)),
        )

    @classmethod
    def of_decided(cls, decided: Decided, *, certificate: bytes) -> Self:
        """Return what has to stand in the entry of what was decided.

        Raises:
            TamperedError: as ``of``.
        """
        answer = decided.answer
        return cls(
            index=_index(decided.leaf),
            request=decided.request,
            decisions=(answer.verdict.decision_id,),
            verdicts=(answer.verdict.verdict,),
            valid_until=(answer.verdict.valid_until,),
            areas=(),
            facilities=(),
            window="",
            justification="",
            case=b"",
            revision=answer.revision,
            ruleset=decided.ruleset,
            decided_at=answer.decided_at,
            certificate=certificate,
            action=decided.action,
            objects=tuple(sorted(decided.objects)),
        )


def leaf_of(answer: CheckPlacementResponse) -> int | None:
    """Return the index of an answer's entry, if it names one."""
    return answer.leaf_index if answer.HasField("leaf_index") else None


def _index(leaf: int | None) -> int:
    """Refuse an answer without an entry that a log can have."""
    if leaf is None or leaf >= MAX_SIZE:
        raise TamperedError
    return leaf


def _facilities(candidates: Sequence[Candidate]) -> tuple[bytes, ...]:
    """Return the houses as a matter has them: none if none is meant."""
    found = tuple(each.facility for each in candidates)
    return found if any(found) else ()


def _days(window: Window) -> str:
    """Return a window as a matter writes it."""
    end = iso_day(window.end_day) if window.HasField("end_day") else ""
    return f"{iso_day(window.start_day)}/{end}"
