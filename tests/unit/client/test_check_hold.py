"""``check --hold``: one place, a verdict as ever, and what is held for it."""

import re

import grpc
import pytest
from kit.asked import CASE, NOON, day
from kit.held import HOLD, PLACED, verdict
from kit.wire import RefusalError, refusal

from placement.api.v1 import check_service_pb2 as check
from placement.api.v1.types_pb2 import PlacementState, Window

CODE = grpc.StatusCode
DAY = 24 * 3_600_000_000
ASKED = (
    *("check", "--case", CASE.hex(), "--from", "2026-06-15", "--justification"),
    *("planned", "--area", "1480"),
)

pytestmark = pytest.mark.usefixtures("at_noon")


def answered(word="CLEAR", hold=HOLD, **changes):
    response = check.CheckPlacementResponse(
        verdicts=[verdict(word, hold=hold)],
        revision=8,
        ruleset="2026-11-4",
        decided_at=NOON,
        contact="031-700 00 00",
        leaf_index=12,
    )
    for name, value in changes.items():
        setattr(response.verdicts[0], name, value)
    return response


@pytest.mark.parametrize(("words", "mode"), [((), 1), (("--hold",), 2)])
def test_a_place_is_held_only_on_demand(cli, wire, words, mode):
    """The mode tells the service."""
    wire.answers["CheckPlacement"] = answered(hold=HOLD if words else bytes(16))
    result = cli(*ASKED, *words)
    (request,) = wire.requests("CheckPlacement")

    assert (result.exit_code, request.mode) == (0, mode)


def test_a_hold_stands_between_the_verdict_and_the_telephone(cli, wire):
    """The lines that a check prints are the same as ever."""
    wire.answers["CheckPlacement"] = answered(hold=bytes(16))
    asked = cli(*ASKED).stdout.splitlines()
    wire.answers["CheckPlacement"] = answered()
    held = cli(*ASKED, "--hold").stdout.splitlines()

    assert held[:2] == asked[:2]
    assert held[2].startswith("Held for the case until 2026-06-18 12:00 Stockholm time")
    assert held[4] == f"Next, before then: placement hold confirm {HOLD.hex()}"
    assert held[5:] == asked[2:]


@pytest.mark.parametrize(
    ("word", "code"), [("UNKNOWN", 3), ("REVIEW", 3), ("CONFLICT", 4)]
)
def test_what_is_not_held_says_so_and_no_more(cli, wire, word, code):
    """One line, behind the verdict."""
    wire.answers["CheckPlacement"] = answered(word, hold=bytes(16))
    asked, wanted = cli(*ASKED), cli(*ASKED, "--hold")
    lines = asked.stdout.splitlines()

    assert (asked.exit_code, wanted.exit_code) == (code, code)
    assert wanted.stdout.splitlines() == [*lines[:2], "Nothing is held.", *lines[2:]]


@pytest.mark.parametrize(
    ("word", "code"), [("UNKNOWN", 3), ("REVIEW", 3), ("CONFLICT", 4)]
)
def test_what_a_permit_covers_is_not_forbidden(cli, wire, word, code):
    """The verdict and its code stay; what to do is what was agreed."""
    wire.answers["CheckPlacement"] = answered(word)
    result = cli(*ASKED, "--hold")
    got, data = cli.json(*ASKED, "--hold")
    row = result.stdout.splitlines()[1]

    assert (result.exit_code, got) == (code, code)
    assert f"{word} " in row
    assert "under a release or an override: go on as agreed with the coor" in row
    assert "do not place here" not in result.stdout
    assert data["verdicts"][0]["verdict"] == word
    assert data["verdicts"][0]["must"].startswith("under a release or an override")


def own(key, state, area="1480", **given):
    return check.OwnPlacement(
        placement_id=key,
        place=check.Candidate(area=area),
        window=Window(start_day=day("2026-06-15")),
        state=PlacementState.Value(f"PLACEMENT_STATE_{state}"),
        **given,
    )


def test_who_is_placed_elsewhere_moves(cli, wire):
    """Not confirms: that would be refused."""
    wire.answers["CheckPlacement"] = answered()
    wire.answers["ShowCase"] = check.ShowCaseResponse(
        placements=[own(HOLD, "HELD"), own(PLACED, "ACTIVE", "1280")]
    )
    result = cli(*ASKED, "--hold")

    assert (
        f"Next, before then: placement placement move {PLACED.hex()} --to {HOLD.hex()}"
    ) in result.stdout.splitlines()
    assert "hold confirm" not in result.stdout


def test_a_second_hold_of_the_same_place_is_told(cli, wire):
    """Which one stands already, and how to give it up."""
    wire.answers["CheckPlacement"] = answered()
    wire.answers["ShowCase"] = check.ShowCaseResponse(
        placements=[own(HOLD, "HELD"), own(PLACED, "HELD", expires_at=NOON + DAY)]
    )
    result = cli(*ASKED, "--hold")

    assert (
        f"The case holds this place already: hold {PLACED.hex()}, until 2026-06-16 12:00 "
        "Stockholm time. One is enough; to give that one up: placement hold release "
        f"{PLACED.hex()}"
    ) in result.stdout.splitlines()


@pytest.mark.parametrize("word", ["CLEAR", "UNKNOWN", "REVIEW", "CONFLICT"])
def test_the_look_at_the_case_tells_no_verdict(cli, wire, word):
    """Whoever watches the connection sees the same calls, held or not."""
    for held in (HOLD, bytes(16)):
        wire.answers["CheckPlacement"] = answered(word, hold=held)
        cli(*ASKED, "--hold")

    assert [name for name, _ in wire.seen] == [
        *("ShowBudgets", "CheckPlacement", "ShowCase"),
    ] * 2


def test_a_hold_is_in_the_object(cli, wire):
    """The documented form of ``--json``; the code is the verdict's."""
    wire.answers["CheckPlacement"] = answered("REVIEW")
    code, data = cli.json(*ASKED, "--hold")
    (got,) = data["verdicts"]

    assert (code, got["hold_id"]) == (3, HOLD.hex())
    assert got["hold_expires_at"] == "2026-06-18T10:00:00.000000Z"


def test_more_than_one_place_is_not_asked(cli, wire):
    """Exit code 2, in a plain sentence, and nothing on the wire."""
    result = cli(*ASKED, "--area", "1280", "--hold")

    assert (result.exit_code, result.stdout) == (2, "")
    assert "candidates (--area) must be one place if it is to be held" in result.stderr
    assert wire.seen == []


def test_a_timeout_never_makes_a_second_hold(cli, wire):
    """Within a run, and from one run to the next, the request id is the same."""
    wire.answers["CheckPlacement"] = RefusalError(CODE.UNAVAILABLE)
    result = cli(*ASKED, "--hold")
    seed = re.search("--request-id ([0-9a-f]{32})", result.stderr)[1]
    wire.answers["CheckPlacement"] = answered()
    again = cli(*ASKED, "--hold", "--request-id", seed)
    requests = wire.requests("CheckPlacement")

    assert (result.exit_code, again.exit_code) == (1, 0)
    assert len(requests) == 4
    assert all(each == requests[0] for each in requests)


def test_a_case_that_holds_enough_is_told_so(cli, wire):
    """With what to do about it; a check alone has no such hint."""
    wire.answers["CheckPlacement"] = refusal(CODE.FAILED_PRECONDITION, "CONTRADICTION")
    wanted, asked = cli(*ASKED, "--hold"), cli(*ASKED)

    assert wanted.exit_code == 1
    assert "The case holds as many places as it may." in wanted.stderr
    assert "placement hold release" in wanted.stderr
    assert "holds as many" not in asked.stderr


BAD = {
    "no id of a hold": answered(hold_id=b"\1"),
    "for ever": answered(hold_expires_at=NOON + 40 * DAY),
    "lapsed before it began": answered(hold_expires_at=NOON - 1),
}


@pytest.mark.parametrize("given", BAD.values(), ids=BAD)
def test_what_no_hold_can_be_is_no_answer(cli, wire, given):
    """Exit code 5; it may be held all the same."""
    wire.answers["CheckPlacement"] = given
    result = cli(*ASKED, "--hold")

    assert (result.exit_code, result.stdout) == (5, "")
    assert "A hold was answered" in result.stderr
    assert "`placement case show` tells what is held" in result.stderr


def test_a_hold_that_nobody_asked_for_is_no_answer(cli, wire):
    """Nothing is held by a question."""
    wire.answers["CheckPlacement"] = answered()
    result = cli(*ASKED)

    assert (result.exit_code, result.stdout) == (5, "")
