"""``placement``: a household moves in, on and out; each role ends in its own way."""

import grpc
import pytest
from kit.asked import CASE, CHANGE, NORTH, day
from kit.held import CONTACT, HOLD, PLACED, answer
from kit.receipted import RULESET
from kit.wire import refusal

from placement.access import Role
from placement.api.v1 import placement_service_pb2 as wire_form
from placement.api.v1 import registry_service_pb2 as registry
from placement.api.v1 import types_pb2 as types

CODE = grpc.StatusCode
ID, TO = PLACED.hex(), HOLD.hex()
MOVE_IN = ("placement", "move-in", ID)
MOVE = ("placement", "move", ID, "--to", TO)
ABORT = ("placement", "abort", ID)
END = ("placement", "end", ID, "--on", "2026-03-01")
METHODS = {
    MOVE_IN: "MoveIn",
    MOVE: "MovePlacement",
    ABORT: "AbortPlacement",
    END: "EndPlacement",
}

pytestmark = pytest.mark.usefixtures("at_noon")


def told(word, state="ACTIVE"):
    return {
        "answer": answer(word, state),
        "ruleset": RULESET,
        "contact": CONTACT,
        "leaf_index": 12,
    }


@pytest.fixture
def coordinator(cli, pki):
    cli.become(pki.client(Role.COORDINATOR, "vast", "co-01"))


# What a municipality does


def test_a_household_moves_in(cli, wire):
    """On a verdict of now; what comes at the end of it is told."""
    wire.answers["MoveIn"] = wire_form.MoveInResponse(**told("CLEAR"), moved_in=True)
    result = cli(*MOVE_IN)
    (request,) = wire.requests("MoveIn")

    assert (result.exit_code, request.placement_id) == (0, PLACED)
    assert result.stdout.splitlines()[:3] == [
        "Moved in: the household is placed from today on.",
        f"When it moves out: placement placement end {ID} --on DATE",
        f"Phone: {CONTACT}",
    ]


@pytest.mark.parametrize(
    ("word", "code"), [("UNKNOWN", 3), ("REVIEW", 3), ("CONFLICT", 4)]
)
def test_a_household_that_may_not_move_in_is_kept_out(cli, wire, word, code):
    """The placement is ACTIVE all the same, so the answer's own flag counts."""
    wire.answers["MoveIn"] = wire_form.MoveInResponse(**told(word))
    result = cli(*MOVE_IN)
    _, data = cli.json(*MOVE_IN)

    assert result.exit_code == code
    assert word in result.stdout
    assert (
        "Do not let them move in. The placement stands as it was, without the move-in.\n"
    ) in result.stdout
    assert (data["done"], data["state"]) == (False, "ACTIVE")


def test_a_household_moves_on(cli, wire):
    """From the placement to the hold."""
    wire.answers["MovePlacement"] = wire_form.MovePlacementResponse(**told("CLEAR"))
    result = cli(*MOVE)
    (request,) = wire.requests("MovePlacement")

    assert (result.exit_code, request.placement_id, request.hold_id) == (
        *(0, PLACED),
        HOLD,
    )
    assert result.stdout.splitlines()[:2] == [
        f"Moved: the household is placed from today on (placement {TO}).",
        f"The placement before, {ID}, has ended.",
    ]


def test_a_household_that_may_not_move_stays(cli, wire):
    """Both stand as they were."""
    wire.answers["MovePlacement"] = wire_form.MovePlacementResponse(
        **told("CONFLICT", "HELD")
    )
    result = cli(*MOVE)

    assert result.exit_code == 4
    assert "They do not move. The placement stands as it was" in result.stdout
    assert f"Phone: {CONTACT}" in result.stdout


def test_a_placement_is_aborted(cli, wire):
    """Nobody will move in."""
    wire.answers["AbortPlacement"] = wire_form.AbortPlacementResponse(revision=9)
    result, got = cli(*ABORT), cli.json(*ABORT)

    assert [each.placement_id for each in wire.requests("AbortPlacement")] == [
        *(PLACED, PLACED)
    ]
    assert result.stdout.startswith("Aborted. ")
    assert got == (0, {"revision": 9})


def test_a_municipality_ends_a_placement(cli, wire):
    """Its certificate says which role asks."""
    wire.answers["EndPlacement"] = wire_form.EndPlacementResponse(revision=9)
    result, got = cli(*END), cli.json(*END)
    request = wire.requests("EndPlacement")[0]

    assert result.stdout == "Ended.\n"
    assert got == (0, {"revision": 9})
    assert (request.placement_id, request.valid_to_day) == (PLACED, day("2026-03-01"))


def test_a_municipality_ends_one_at_a_time(cli, wire):
    """Each is a step of its own, so that none is half done."""
    result = cli("placement", "end", ID, TO, "--on", "today")

    assert result.exit_code == 2
    assert "must be one; a municipality ends one placement at a time" in result.stderr
    assert wire.seen == []


HINTS = {
    "CONTRADICTION": {
        MOVE_IN: "A household moves in once, into a place that is confirmed",
        MOVE: "A household moves from a placement that stands to a hold",
        ABORT: "Only a placement that is confirmed, and that nobody moved into",
        END: "Only a placement that is confirmed and not over can be ended",
    },
    "NOT_FOUND": dict.fromkeys(METHODS, "No case of your municipality has a hold"),
    "CASE_CLOSED": dict.fromkeys(METHODS, "nothing of it can be confirmed or moved"),
    "ACCESS_DENIED": dict.fromkeys(METHODS, "Caseworkers of the municipality do this."),
}


@pytest.mark.parametrize("words", METHODS, ids=" ".join)
@pytest.mark.parametrize("reason", HINTS)
def test_a_refusal_says_what_to_do(cli, wire, words, reason):
    """One sentence for each class that can come."""
    wire.answers[METHODS[words]] = refusal(CODE.FAILED_PRECONDITION, reason)
    result = cli(*words)

    assert (result.exit_code, result.stdout) == (1, "")
    assert HINTS[reason][words] in result.stderr


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("placement", "move-in", "00"), "placement_id (PLACEMENT)"),
        (("placement", "move", ID, "--to", "00"), "hold_id (--to)"),
        (("placement", "abort", "00"), "placement_id (PLACEMENT)"),
        (("placement", "end", "00", "--on", "today"), "PLACEMENT number 1"),
        (("placement", "end", ID, "--on", "soon"), "on (--on)"),
    ],
)
def test_what_cannot_be_is_not_sent(cli, wire, words, named):
    """The argument or option is named."""
    result = cli(*words)

    assert result.exit_code == 2
    assert named in result.stderr
    assert wire.seen == []


# What coordinators do


@pytest.mark.usefixtures("coordinator")
def test_placements_are_recorded_and_ended(cli, wire):
    """Those that stand already."""
    wire.answers["RecordPlacements"] = registry.RecordPlacementsResponse(
        revision=3, placement_ids=[CHANGE]
    )
    wire.answers["EndPlacements"] = registry.EndPlacementsResponse(
        revision=4, change_id=CHANGE
    )
    words = ("placement", "record", CASE.hex(), "--area", "1480")
    days = ("--from", "2026-01-01")
    cli(*words, *days)
    result = cli(*words, *days, "--to", "2026-02-01", "--facility", NORTH.hex())
    ended = cli("placement", "end", CHANGE.hex(), ID, "--on", "2026-03-01")
    first, second = (each.placements[0] for each in wire.requests("RecordPlacements"))
    (request,) = wire.requests("EndPlacements")

    assert result.stdout == f"Recorded placement {CHANGE.hex()}.\n"
    assert ended.stdout == (
        f"Change {CHANGE.hex()} waits for a second coordinator; until then nothing is "
        "changed.\n"
    )
    assert first == registry.StandingPlacement(
        case_handle=CASE,
        area="1480",
        window=types.Window(start_day=day("2026-01-01")),
    )
    assert second.facility == NORTH
    assert second.window.end_day == day("2026-02-01")
    assert list(request.endings) == [
        registry.PlacementEnding(placement_id=each, valid_to_day=day("2026-03-01"))
        for each in (CHANGE, PLACED)
    ]


@pytest.mark.usefixtures("coordinator")
@pytest.mark.parametrize(
    ("reason", "hint"),
    [
        ("NOT_FOUND", "One of them is no placement of a case of your region"),
        ("CONTRADICTION", "One of them is a hold or is over already"),
    ],
)
def test_a_coordinator_is_told_that_none_is_ended(cli, wire, reason, hint):
    """All of them, or none."""
    wire.answers["EndPlacements"] = refusal(CODE.FAILED_PRECONDITION, reason)

    assert hint in cli(*END).stderr


def test_a_municipality_records_nothing(cli, wire):
    """It is told what it does instead."""
    wire.answers["RecordPlacements"] = refusal(CODE.PERMISSION_DENIED, "ACCESS_DENIED")
    words = ("placement", "record", CASE.hex(), "--area", "1480", "--from", "today")

    assert "`placement check --hold`" in cli(*words).stderr
