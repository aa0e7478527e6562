"""``audit replay``: what came of a decision, decided again, in words and exit codes."""

import pytest
from kit.access_log import AT, DECISION

from placement.api.v1 import audit_service_pb2 as audit
from placement.api.v1.types_pb2 import Verdict

FACT = bytes([0xFA]) * 16
REPLAY = (
    *("audit", "replay", DECISION.hex()),
    *("--purpose", "incident", "--matter", "TSN 7"),
)
REVIEW, CONFLICT = Verdict.VERDICT_REVIEW, Verdict.VERDICT_CONFLICT
UNSET = Verdict.VERDICT_UNSPECIFIED


def replayed(outcome, recorded=CONFLICT, replayed=UNSET, **changes):
    found = audit.Replay(
        outcome=f"REPLAY_OUTCOME_{outcome}",
        index=12,
        revision=8,
        ruleset="2026-11-1",
        decided_at=AT,
        recorded=recorded,
        replayed=replayed,
        **changes,
    )
    return audit.ReplayDecisionResponse(replay=found)


def progress(done, total=9):
    return audit.ReplayDecisionResponse(progress=audit.Progress(done=done, total=total))


FINDINGS = [
    audit.ReplayFinding(
        rule="R2",
        verdict=CONFLICT,
        facts=[
            audit.ReplayFact(fact_id=FACT, kind="rivalry", grade="STRONG"),
            audit.ReplayFact(fact_id=DECISION, kind="presence", grade="MEDIUM"),
        ],
    ),
    audit.ReplayFinding(rule="R10", verdict=REVIEW),
]
EQUAL = replayed("EQUAL", CONFLICT, CONFLICT, findings=FINDINGS)


@pytest.mark.parametrize(
    ("answer", "word", "code"),
    [
        (EQUAL, "EQUAL", 0),
        (replayed("DIFFERENT", CONFLICT, REVIEW), "DIFFERENT", 5),
        (replayed("ERASED"), "ERASED", 3),
        (replayed("ERASED", UNSET), "ERASED", 3),
        (replayed("NO_RULESET"), "NO_RULESET", 3),
    ],
    ids=["equal", "different", "erased", "erased with the verdict", "no ruleset"],
)
def test_the_outcome_is_the_exit_code(cli, wire, answer, word, code):
    """A script needs no parsing to see an incident."""
    wire.answers["ReplayDecision"] = [progress(3), progress(9), answer]
    result = cli(*REPLAY)
    told, data = cli.json(*REPLAY)

    assert (result.exit_code, told) == (code, code)
    assert f"{word}: " in result.stdout
    assert data["outcome"] == word


def test_a_replay_is_two_tables(cli, wire):
    """Both verdicts; then what was found, each once, and the facts, one a line."""
    twice = replayed("EQUAL", CONFLICT, CONFLICT, findings=[FINDINGS[0], *FINDINGS])
    wire.answers["ReplayDecision"] = twice
    result = cli(*REPLAY)
    lines = [line.split() for line in result.stdout.splitlines()]

    assert result.stderr == ""
    assert ["Recorded", "CONFLICT"] in lines
    assert ["Replayed", "CONFLICT"] in lines
    assert ["Entry", "12"] in lines
    assert lines[-4:] == [
        ["Rule", "Gives", "Times", "Fact", "is", "a", "Grade", "Fact"],
        ["R2", "CONFLICT", "2", "rivalry", "STRONG", FACT.hex()],
        ["presence", "MEDIUM", DECISION.hex()],
        ["R10", "REVIEW", "1", "-", "-", "-"],
    ]


def test_a_replay_is_an_object(cli, wire):
    """As the wire names it; what could not be decided is null."""
    wire.answers["ReplayDecision"] = replayed("ERASED")
    _, data = cli.json(*REPLAY)

    assert data == {
        "decision_id": DECISION.hex(),
        "outcome": "ERASED",
        "index": 12,
        "revision": 8,
        "ruleset": "2026-11-1",
        "decided_at": "2026-06-15T10:00:00.000000Z",
        "recorded": "CONFLICT",
        "replayed": None,
        "findings": [],
    }


def test_the_decision_is_asked_for(cli, wire):
    """By its id; anything else is refused before."""
    wire.answers["ReplayDecision"] = EQUAL
    cli(*REPLAY)
    result = cli("audit", "replay", "12", *REPLAY[3:])
    (request,) = wire.requests("ReplayDecision")

    assert request.decision_id == DECISION
    assert result.exit_code == 2
    assert "decision_id (DECISION) must be 32 hex digits." in result.stderr


@pytest.mark.parametrize(
    "answers",
    [
        [replayed("EQUAL", CONFLICT, REVIEW)],
        [replayed("EQUAL", UNSET, UNSET)],
        [replayed("EQUAL", 9, 9)],
        [replayed("DIFFERENT", CONFLICT, CONFLICT)],
        [replayed("DIFFERENT", UNSET, CONFLICT)],
        [replayed("DIFFERENT", CONFLICT, UNSET)],
        [replayed("ERASED", CONFLICT, CONFLICT)],
        [replayed("NO_RULESET", CONFLICT, REVIEW)],
        [replayed("UNSPECIFIED", CONFLICT, CONFLICT)],
        [audit.ReplayDecisionResponse()],
        [EQUAL, EQUAL],
        [EQUAL, progress(9)],
    ],
)
def test_an_outcome_that_the_verdicts_deny_is_refused(cli, wire, answers):
    """Whatever a server calls equal must be equal."""
    wire.answers["ReplayDecision"] = answers
    result = cli(*REPLAY)

    assert (result.exit_code, result.stdout) == (5, "")


def test_a_replay_that_ends_early_came_to_nothing(cli, wire):
    """No outcome is made up."""
    wire.answers["ReplayDecision"] = [progress(3)]
    result = cli(*REPLAY)

    assert (result.exit_code, result.stdout) == (1, "")
