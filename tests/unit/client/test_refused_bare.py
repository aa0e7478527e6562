"""What was refused with a bare sentence says whose it is, and what to do."""

import grpc
import pytest
from kit.asked import CASE
from kit.wire import refusal

CODE = grpc.StatusCode
ID = CASE.hex()
ASSESS = ("assess", ID, "--none-known")
APPROVE = ("change", "approve", ID)
CHECK = (
    *("check", "--case", ID, "--from", "2026-12-01", "--area", "1480"),
    *("--justification", "planned"),
)
METHODS = {
    ASSESS: "AssessCase",
    APPROVE: "ApproveChange",
    CHECK: "CheckPlacement",
    (*CHECK, "--hold"): "CheckPlacement",
}
SAID = [
    (ASSESS, "ACCESS_DENIED", "The police coordinator assesses."),
    (ASSESS, "NOT_FOUND", "Ask the caseworker to read the handle out again."),
    (ASSESS, "CASE_CLOSED", "the municipality opens a new one"),
    (APPROVE, "ACCESS_DENIED", "Another coordinator than the one who"),
    (APPROVE, "NOT_FOUND", "`placement change list` shows those that wait"),
    (APPROVE, "CONTRADICTION", "or what it speaks of has changed"),
    (CHECK, "CASE_CLOSED", "For the same people open a new one"),
    ((*CHECK, "--hold"), "CASE_CLOSED", "For the same people open a new one"),
    (CHECK, "NOT_FOUND", "the one that `placement case open` printed"),
    (CHECK, "ACCESS_DENIED", "Caseworkers of the municipality do this."),
]


@pytest.mark.parametrize(("words", "reason", "said"), SAID)
def test_a_refusal_says_what_to_do(cli, wire, words, reason, said):
    """One sentence for each class that can come."""
    wire.answers[METHODS[words]] = refusal(CODE.FAILED_PRECONDITION, reason)
    result = cli(*words)

    assert (result.exit_code, result.stdout) == (1, "")
    assert said in result.stderr


def test_a_place_is_given_as_a_check_takes_it(cli, wire):
    """Area and house in one word; it is the house that is asked for."""
    wire.answers["ProposeOverride"] = refusal(CODE.NOT_FOUND, "NOT_FOUND")
    cli(
        *("override", "propose", ID, "--area", f"Ystad:{ID}", "--from", "today"),
        *("--ground", "care", "--follow-up", "today", "--yes"),
    )
    (request,) = wire.requests("ProposeOverride")

    assert (request.candidate.area, request.candidate.facility) == ("1286", CASE)
