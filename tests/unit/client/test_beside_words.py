"""What is said beside a verdict lies in the question and in the own case."""

import pytest
from kit.asked import CASE, NOON, day
from kit.held import HOLD, PLACED, verdict
from placement_client.commands.beside_words import (
    asked_too_early,
    onward,
    twins,
    unassessed,
)

from placement.api.v1 import check_service_pb2 as check
from placement.api.v1.types_pb2 import PlacementState, Window

TODAY = day("2026-06-15")
QUESTION = check.CheckPlacementRequest(
    candidates=[check.Candidate(area="1480")], window=Window(start_day=TODAY)
)
ELSEWHERE = check.ShowCaseResponse(
    placements=[
        check.OwnPlacement(
            placement_id=PLACED,
            window=Window(start_day=TODAY - 9),
            state=PlacementState.PLACEMENT_STATE_ACTIVE,
        )
    ]
)


def early(ahead, most):
    answer = check.CheckPlacementResponse(decided_at=NOON, ahead_days=most)
    return list(asked_too_early(Window(start_day=TODAY + ahead), answer))


def test_a_question_that_comes_too_early_is_told_when_to_ask():
    """By the number in the answer, from the day that the answer was given."""
    (told,) = early(91, 90)

    assert told == (
        "The first day is more than 90 days ahead, so the answer is UNKNOWN at best. Ask "
        "again from 2026-06-16 on."
    )


@pytest.mark.parametrize(
    ("ahead", "most"), [(90, 90), (0, 90), (-5, 90), (8, 7 + 1), (999, 0)]
)
def test_a_question_in_time_is_not_commented(ahead, most):
    """Nor is one to a service that does not tell how far its rules look."""
    assert early(ahead, most) == []


def test_an_unknown_names_what_can_be_seen():
    """Both causes; whether the case is assessed the caseworker may see."""
    said = unassessed(CASE)

    assert f"placement case show {CASE.hex()} tells whether" in said
    assert "or too little is known there" in said


@pytest.mark.parametrize(
    ("given", "seen", "expected"),
    [
        (verdict(hold=HOLD), ELSEWHERE, [PLACED.hex()]),
        (verdict(hold=PLACED), ELSEWHERE, []),
        (verdict(), ELSEWHERE, []),
        (verdict(hold=HOLD), None, []),
    ],
    ids=["elsewhere", "itself", "not held", "not seen"],
)
def test_where_they_would_leave(given, seen, expected):
    """Of a place that is held, and of a case that is seen."""
    assert list(onward(QUESTION, given, seen)) == expected


@pytest.mark.parametrize("seen", [None, ELSEWHERE], ids=["not seen", "none alike"])
def test_no_other_hold_is_made_up(seen):
    """Only what is seen is told."""
    assert list(twins(QUESTION, verdict(hold=HOLD), seen, NOON)) == []
    assert list(twins(QUESTION, verdict(), seen, NOON)) == []
