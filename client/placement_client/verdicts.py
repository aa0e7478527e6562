"""Whether what was answered can be an answer: whole, new, and valid for a sane time.

A service can give an old answer again, or a CLEAR that never ends. No key is needed to
notice that, so it is looked at for every check; that the access log bears the answer
out is another matter (``receipts``).

Invariants:
    * a verdict that this client does not know is no verdict;
    * only CLEAR is valid beyond the instant that it was given;
    * nothing is held that was not asked for, or for longer than any hold can be.
"""

from collections.abc import Sequence
from typing import Final

from placement.api.v1.check_service_pb2 import (
    CHECK_MODE_CHECK_AND_HOLD,
    CandidateVerdict,
    CheckPlacementRequest,
    CheckPlacementResponse,
)
from placement.api.v1.placement_service_pb2 import PlacementAnswer
from placement.api.v1.types_pb2 import PlacementState, Verdict
from placement.errors import TamperedError

SKEW: Final = 120_000_000
"""Microseconds that the clocks of client and service may differ. ``placement doctor``
complains of more than 30 s: four times that leaves room for a clock that has drifted
since, and none for the answer of another hour."""

LONGEST: Final = 31 * 24 * 3_600 * 1_000_000
"""Microseconds that a CLEAR may be relied on, and a place be held, at most, whatever
the ruleset."""

_NOT_NOW: Final = (
    "The answer does not seem to be of now: either the clock of this machine or of the "
    "service is wrong, or an old answer was given again. placement doctor compares the "
    "clocks. Do not place on this; phone instead."
)
_TOO_LONG: Final = (
    "A verdict claims to be valid for a time that none can be. Do not place on this; "
    "phone instead."
)
_NO_HOLD: Final = (
    "A hold was answered that was not asked for, or that no hold can be. Do not place "
    "on this; phone instead."
)
_VERDICTS: Final = frozenset(Verdict.values()) - {Verdict.VERDICT_UNSPECIFIED}
_STATES: Final = frozenset(PlacementState.values()) - {
    PlacementState.PLACEMENT_STATE_UNSPECIFIED
}
_HOLD_ID_SIZE: Final = 16  # bytes


def require_answer_now(
    question: CheckPlacementRequest,
    answer: CheckPlacementResponse,
    *,
    sent: int,
    received: int,
) -> None:
    """Refuse an answer that is not whole, not new, or valid for too long.

    Args:
        question: what was asked.
        answer: what came.
        sent: when it was asked, by this machine's clock, in microseconds.
        received: when the answer was there.

    Raises:
        TamperedError: it is; a note says so where people can do something about it.
    """
    if len(answer.verdicts) != len(question.candidates):
        raise TamperedError
    if answer.revision < question.min_revision:
        raise TamperedError
    _require_now(answer.verdicts, answer.decided_at, sent=sent, received=received)
    holding = question.mode == CHECK_MODE_CHECK_AND_HOLD
    for each in answer.verdicts:
        if is_held(each) and not (holding and _can_be_held(each, answer.decided_at)):
            raise TamperedError().because(_NO_HOLD)


def require_placement_now(answer: PlacementAnswer, *, sent: int, received: int) -> None:
    """Refuse what was decided about a placement as ``require_answer_now`` does.

    Args:
        answer: what came.
        sent: when it was asked, by this machine's clock, in microseconds.
        received: when the answer was there.

    Raises:
        TamperedError: it is not whole, not new, or valid for too long.
    """
    if answer.state not in _STATES:
        raise TamperedError
    _require_now([answer.verdict], answer.decided_at, sent=sent, received=received)


def is_held(verdict: CandidateVerdict) -> bool:
    """Tell whether a place is held; the id of no hold is all zero."""
    return any(verdict.hold_id)


def _require_now(
    verdicts: Sequence[CandidateVerdict], decided_at: int, *, sent: int, received: int
) -> None:
    if any(each.verdict not in _VERDICTS for each in verdicts):
        raise TamperedError
    if not sent - SKEW <= decided_at <= received + SKEW:
        raise TamperedError().because(_NOT_NOW)
    if not all(_is_sane(each, decided_at) for each in verdicts):
        raise TamperedError().because(_TOO_LONG)


def _can_be_held(each: CandidateVerdict, decided_at: int) -> bool:
    # A request that comes again may find its hold confirmed, which never lapses.
    whole = len(each.hold_id) == _HOLD_ID_SIZE
    return whole and 0 <= each.hold_expires_at - decided_at <= LONGEST


def _is_sane(each: CandidateVerdict, decided_at: int) -> bool:
    valid_for = each.valid_until - decided_at
    if each.verdict == Verdict.VERDICT_CLEAR:
        return 0 < valid_for <= LONGEST
    return not valid_for
