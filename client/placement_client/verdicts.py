"""Whether what was answered can be an answer: whole, new, and valid for a sane time.

A service can give an old answer again, or a CLEAR that never ends. No key is needed to
notice that, so it is looked at for every check; that the access log bears the answer
out is another matter (``receipts``).

Invariants:
    * a verdict that this client does not know is no verdict;
    * only CLEAR is valid beyond the instant that it was given.
"""

from typing import Final

from placement.api.v1.check_service_pb2 import (
    CandidateVerdict,
    CheckPlacementRequest,
    CheckPlacementResponse,
)
from placement.api.v1.types_pb2 import Verdict
from placement.errors import TamperedError

SKEW: Final = 120_000_000
"""Microseconds that the clocks of client and service may differ. ``placement doctor``
complains of more than 30 s: four times that leaves room for a clock that has drifted
since, and none for the answer of another hour."""

LONGEST: Final = 31 * 24 * 3_600 * 1_000_000
"""Microseconds that a CLEAR may be relied on at most, whatever the ruleset."""

_NOT_NOW: Final = (
    "The answer does not seem to be of now: either the clock of this machine or of the "
    "service is wrong, or an old answer was given again. placement doctor compares the "
    "clocks. Do not place on this; phone instead."
)
_TOO_LONG: Final = (
    "A verdict claims to be valid for a time that none can be. Do not place on this; "
    "phone instead."
)
_VERDICTS: Final = frozenset(Verdict.values()) - {Verdict.VERDICT_UNSPECIFIED}


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
    if any(each.verdict not in _VERDICTS for each in answer.verdicts):
        raise TamperedError
    if answer.revision < question.min_revision:
        raise TamperedError
    if not sent - SKEW <= answer.decided_at <= received + SKEW:
        raise _refused(_NOT_NOW)
    if not all(_is_sane(each, answer.decided_at) for each in answer.verdicts):
        raise _refused(_TOO_LONG)


def _is_sane(each: CandidateVerdict, decided_at: int) -> bool:
    valid_for = each.valid_until - decided_at
    if each.verdict == Verdict.VERDICT_CLEAR:
        return 0 < valid_for <= LONGEST
    return not valid_for


def _refused(why: str) -> TamperedError:
    error = TamperedError()
    error.add_note(why)
    return error
