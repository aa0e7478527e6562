"""A look at the case after a refusal: the likely reason, or the hint as ever."""

import grpc
import pytest
from kit.asked import CASE, NOON
from kit.held import HOLD, PLACED
from kit.wire import refusal
from placement_client.commands.looking import case_seen
from placement_client.commands.verb import Common, Run

from placement.api.v1 import check_service_pb2 as check
from placement.api.v1.types_pb2 import PlacementState, Window

CODE = grpc.StatusCode
ID, TO = PLACED.hex(), HOLD.hex()
REFUSED = refusal(CODE.FAILED_PRECONDITION, "CONTRADICTION")
GONE = check.OwnPlacement(
    placement_id=PLACED,
    place=check.Candidate(area="1480"),
    window=Window(start_day=20_000),
    state=PlacementState.PLACEMENT_STATE_ABORTED,
    end_cause=check.END_CAUSE_EXPIRED,
)
STEPS = {
    ("hold", "confirm", ID): "ConfirmHold",
    ("hold", "extend", ID): "ExtendHold",
    ("hold", "release", ID): "ReleaseHold",
    ("placement", "move-in", ID): "MoveIn",
    ("placement", "move", ID, "--to", TO): "MovePlacement",
    ("placement", "end", ID, "--on", "2026-03-01"): "EndPlacement",
    ("placement", "abort", ID): "AbortPlacement",
}

pytestmark = pytest.mark.usefixtures("at_noon")


@pytest.mark.parametrize("words", STEPS, ids=" ".join)
def test_a_step_that_contradicts_says_what_stands(cli, wire, words):
    """The case is looked at by the placement, after the refusal."""
    wire.answers[STEPS[words]] = REFUSED
    held = check.OwnPlacement(placement_id=HOLD)
    wire.answers["ShowCase"] = check.ShowCaseResponse(
        case_handle=CASE, opened_at=NOON, placements=[held, GONE]
    )
    result = cli(*words)
    (look,) = wire.requests("ShowCase")

    assert (result.exit_code, result.stdout) == (1, "")
    assert look == check.ShowCaseRequest(placement_id=PLACED)
    assert "The hold lapsed. To hold the place again" in result.stderr
    assert len(result.stderr.splitlines()) == 2


def test_what_is_refused_otherwise_is_not_looked_at(cli, wire):
    """Only what contradicts can be told by what stands."""
    wire.answers["ConfirmHold"] = refusal(CODE.NOT_FOUND, "NOT_FOUND")
    result = cli("hold", "confirm", ID)

    assert "No case of your municipality has a hold" in result.stderr
    assert wire.requests("ShowCase") == []


def test_a_case_that_cannot_be_seen_is_none(cli, wire, monkeypatch):
    """Whatever the look would have told is left out."""
    monkeypatch.setenv("PLACEMENT_CONFIG", str(cli.path))
    run = Run(Common())
    wire.answers["ShowCase"] = [
        refusal(CODE.NOT_FOUND, "NOT_FOUND"),
        check.ShowCaseResponse(reference="SN 1"),
    ]

    assert case_seen(run, CASE) is None
    assert case_seen(run, CASE).reference == "SN 1"


def test_nobody_moves_from_a_place_to_itself(cli, wire):
    """Exit code 2, what to do first, and nothing on the wire."""
    result = cli("placement", "move", ID, "--to", ID)

    assert result.exit_code == 2
    assert "must be the hold of another place than the one" in result.stderr
    assert wire.seen == []
