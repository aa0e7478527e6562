"""What is said beside a verdict: what lies in the question, and in the own case.

None of it depends on what is on record about anybody: the question is the caseworker's,
the case is the municipality's own, and the number of days is that of the rules.
"""

from collections.abc import Iterator, Sequence

from placement.api.v1.check_service_pb2 import (
    CandidateVerdict,
    CheckPlacementRequest,
    CheckPlacementResponse,
    ShowCaseResponse,
)
from placement.api.v1.types_pb2 import Window
from placement_client.days import iso_day, stockholm_day, stockholm_time
from placement_client.stays import alike, elsewhere
from placement_client.verdicts import is_held


def unassessed(case_handle: bytes) -> str:
    """Say of an UNKNOWN what the caseworker can see alone.

    Args:
        case_handle: 16 bytes.
    """
    return (
        "UNKNOWN comes of either: no coordinator has assessed the case, or too little is "
        f"known there. placement case show {case_handle.hex()} tells whether one has."
    )


def asked_too_early(window: Window, answer: CheckPlacementResponse) -> Iterator[str]:
    """Say that a window begins later than the rules look ahead.

    Args:
        window: asked about.
        answer: with the number of days; 0 where the service does not tell.
    """
    most = answer.ahead_days
    if not most or window.start_day - stockholm_day(answer.decided_at) <= most:
        return
    again = iso_day(window.start_day - most)
    yield (
        f"The first day is more than {most} days ahead, so the answer is UNKNOWN at "
        f"best. Ask again from {again} on."
    )


def onward(
    question: CheckPlacementRequest,
    verdict: CandidateVerdict,
    seen: ShowCaseResponse | None,
) -> Sequence[str]:
    """Return the ids of placements that the household would leave for a hold."""
    if seen is None or not is_held(verdict):
        return ()
    placed = elsewhere(seen.placements, verdict.hold_id, question.window)
    return [each.placement_id.hex() for each in placed]


def twins(
    question: CheckPlacementRequest,
    verdict: CandidateVerdict,
    seen: ShowCaseResponse | None,
    at: int,
) -> Iterator[str]:
    """Say which other holds of the case keep the same place for some of the same days."""
    if seen is None or not is_held(verdict):
        return
    place, hold = question.candidates[0], verdict.hold_id
    for each in alike(seen.placements, hold, place, question.window, at):
        other = each.placement_id.hex()
        yield (
            f"The case holds this place already: hold {other}, until "
            f"{stockholm_time(each.expires_at)}. One is enough; to give that one up: "
            f"placement hold release {other}"
        )
