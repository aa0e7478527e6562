"""``phantom``: whom phantom stays leave alone, and how large a group is."""

import grpc
import pytest
from kit.asked import CASE, CHANGE, NORTH, day
from kit.wire import refusal
from placement_client.commands.change_words import effect, effect_words

from placement.api.v1 import phantom_service_pb2 as phantom
from placement.api.v1 import registry_service_pb2 as registry
from placement.api.v1 import types_pb2 as types
from placement.api.v1.check_service_pb2 import Candidate

CODE = grpc.StatusCode
SEEN = bytes(range(32))
LIFT = (
    *("phantom", "lift", CASE.hex(), "--area", "Malmö", "--from", "2026-07-01"),
    *("--seen", SEEN.hex(), "--ground", "urgent", "--yes"),
)
SIZE = ("phantom", "size", "North Side", "--size", "large")
WAITS = f"Change {CHANGE.hex()} waits for a second coordinator"


def test_a_lift_waits_for_a_second_coordinator(cli, wire):
    """It names the place, the days, the ground, and what was seen."""
    wire.answers["LiftPhantoms"] = phantom.LiftPhantomsResponse(
        revision=8, change_id=CHANGE
    )
    result = cli(*LIFT)
    (request,) = wire.requests("LiftPhantoms")

    assert WAITS in result.stdout.replace("\n", " ")
    assert len(request.request_id) == 16
    request.request_id = b""
    assert request == phantom.LiftPhantomsRequest(
        case_handle=CASE,
        candidate=Candidate(area="1280"),
        window=types.Window(start_day=day("2026-07-01")),
        ground=phantom.LIFT_GROUND_URGENT,
        seen=SEEN,
    )


def test_a_lift_is_an_object(cli, wire):
    """With the place."""
    wire.answers["LiftPhantoms"] = phantom.LiftPhantomsResponse(
        revision=8, change_id=CHANGE
    )
    code, got = cli.json(*LIFT)

    assert (code, got["change_id"], got["revision"]) == (0, CHANGE.hex(), 8)
    assert got["area"] == "1280"


def test_a_lift_is_asked_about(cli, wire):
    """Whoever says no lifts nothing."""
    result = cli(*LIFT[:-1], input="n\n")

    assert "shows the municipality where nobody is" in result.stderr.replace("\n", " ")
    assert wire.requests("LiftPhantoms") == []


def test_a_group_gets_a_size(cli, wire, groups):
    """By its name."""
    wire.answers["SizeGroup"] = phantom.SizeGroupResponse(revision=8, change_id=CHANGE)
    result = cli(*SIZE)
    (request,) = wire.requests("SizeGroup")

    assert WAITS in result.stdout.replace("\n", " ")
    assert (request.group, request.size) == (NORTH, phantom.GROUP_SIZE_LARGE)


@pytest.mark.parametrize(
    ("words", "refused", "said"),
    [
        (LIFT, (CODE.FAILED_PRECONDITION, "CONTRADICTION"), "No phantom stands"),
        (LIFT, (CODE.RESOURCE_EXHAUSTED, "BUDGET_SPENT"), "Your region has lifted"),
        (LIFT, (CODE.ABORTED, "STALE"), "you saw it of other days"),
        (SIZE, (CODE.FAILED_PRECONDITION, "CONTRADICTION"), "of that size already"),
    ],
)
@pytest.mark.usefixtures("groups")
def test_a_refusal_says_what_helps(cli, wire, words, refused, said):
    """Beside its constant text."""
    wire.answers["LiftPhantoms"] = wire.answers["SizeGroup"] = refusal(*refused)
    result = cli(*words)

    assert result.exit_code != 0
    assert said in result.stderr.replace("\n", " ")


@pytest.mark.parametrize(
    ("item", "data", "words"),
    [
        (
            registry.ChangeItem(
                lifted=registry.LiftedPhantoms(
                    case_handle=CASE,
                    area="1280",
                    ground=phantom.LIFT_GROUND_CARE,
                    hours=336,
                )
            ),
            {
                "effect": "lifted",
                "case_handle": CASE.hex(),
                "area": "1280",
                "ground": "CARE",
                "hours": 336,
            },
            f"let no phantom stand in the way of case {CASE.hex()} in 1280",
        ),
        (
            registry.ChangeItem(
                sized=registry.SizedGroup(group=NORTH, size=phantom.GROUP_SIZE_SMALL)
            ),
            {"effect": "sized", "group": "North Side", "size": "SMALL"},
            "let North Side be SMALL from the next month on",
        ),
    ],
)
def test_a_change_says_what_it_lifts_and_sizes(item, data, words):
    """For programs and for people."""
    got = effect(item, {NORTH: "North Side"})

    assert got == data
    assert effect_words(item, got).startswith(words)
