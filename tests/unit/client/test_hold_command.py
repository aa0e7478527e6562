"""``hold``: confirmed on a verdict of now, extended once, given up."""

import grpc
import pytest
from kit.held import CONTACT, HOLD, answer
from kit.receipted import HOURS_72, NOON, RULESET
from kit.wire import refusal

from placement.api.v1 import placement_service_pb2 as wire_form

CODE = grpc.StatusCode
ID = HOLD.hex()
FOOTER = [
    f"Phone: {CONTACT}",
    "No reason is ever given.",
    f"Decided 2026-06-15 12:00 Stockholm time, ruleset {RULESET}.",
    f"Decision: {bytes([5] * 16).hex()}",
]

pytestmark = pytest.mark.usefixtures("at_noon")


@pytest.fixture
def confirmed(wire):
    def confirmed(word, state):
        wire.answers["ConfirmHold"] = wire_form.ConfirmHoldResponse(
            answer=answer(word, state, decision=bytes([5]) * 16),
            ruleset=RULESET,
            contact=CONTACT,
            leaf_index=12,
        )

    return confirmed


def test_a_hold_is_confirmed(cli, wire, confirmed):
    """It says what stands now, and what comes on the day of the move."""
    confirmed("CLEAR", "ACTIVE")
    result = cli("hold", "confirm", ID)
    (request,) = wire.requests("ConfirmHold")

    assert (result.exit_code, request.hold_id) == (0, HOLD)
    assert result.stdout.splitlines() == [
        f"Confirmed: the place is the household's (placement {ID}).",
        f"On the day that it moves in: placement placement move-in {ID}",
        *FOOTER,
    ]


@pytest.mark.parametrize("word", ["UNKNOWN", "REVIEW", "CONFLICT"])
def test_what_a_permit_covers_is_confirmed_and_says_so(cli, confirmed, word):
    """Exit code 0, since it is done; whom to phone stands below."""
    confirmed(word, "ACTIVE")
    result = cli("hold", "confirm", ID)

    assert result.exit_code == 0
    assert result.stdout.splitlines()[2:] == [
        (
            f"The verdict is {word}, so only a release or a signed override can cover "
            "the place. Phone if you know of none."
        ),
        *FOOTER,
    ]


@pytest.mark.parametrize(
    ("word", "code", "must"),
    [
        ("UNKNOWN", 3, "contact the coordinator"),
        ("REVIEW", 3, "contact the coordinator before any decision"),
        ("CONFLICT", 4, "do not place here; choose another place"),
    ],
)
def test_what_is_not_confirmed_says_the_verdicts_own_words(
    cli, confirmed, word, code, must
):
    """With its exit code, and that the hold stands."""
    confirmed(word, "HELD")
    result = cli("hold", "confirm", ID)
    headings, row, stands, *footer = result.stdout.splitlines()

    assert result.exit_code == code
    assert headings.split() == ["Verdict", "You", "Valid", "until"]
    assert row.split() == [word, *must.split(), "-"]
    assert stands == (
        "It is not confirmed. The hold stands until it lapses; `placement case show` "
        "tells when."
    )
    assert footer == FOOTER


@pytest.mark.parametrize("state", ["ENDED", "ABORTED"])
def test_what_is_over_is_not_confirmed(cli, confirmed, state):
    """Though its place be CLEAR: exit code 1, and nothing to rely on."""
    confirmed("CLEAR", state)
    result = cli("hold", "confirm", ID)

    assert result.exit_code == 1
    assert "It is not done: the placement is over" in result.stdout


def test_a_confirmation_is_one_object(cli, confirmed):
    """The documented form of ``--json``."""
    confirmed("REVIEW", "HELD")
    code, data = cli.json("hold", "confirm", ID)

    assert (code, data) == (
        3,
        {
            "done": False,
            "state": "HELD",
            "verdict": "REVIEW",
            "decision_id": "05" * 16,
            "valid_until": None,
            "must": "contact the coordinator before any decision",
            "revision": 8,
            "ruleset": RULESET,
            "decided_at": "2026-06-15T10:00:00.000000Z",
            "contact": CONTACT,
            "leaf_index": 12,
            "receipt": {"leaf": 12, "size": None, "state": "none"},
        },
    )


@pytest.mark.parametrize("word", ["UNKNOWN", "REVIEW", "CONFLICT"])
def test_what_a_permit_covers_is_not_forbidden_in_the_object(cli, confirmed, word):
    """It is done, so nobody is told to choose another place; the verdict is honest."""
    confirmed(word, "ACTIVE")
    code, data = cli.json("hold", "confirm", ID)

    assert (code, data["done"], data["verdict"]) == (0, True, word)
    assert data["must"] == (
        "under a release or an override: go on as agreed with the coordinator"
    )


def test_an_answer_of_another_time_is_not_shown(cli, clock, confirmed):
    """As for a check; and it may be confirmed all the same."""
    confirmed("CLEAR", "ACTIVE")
    clock.micros += 121_000_000
    result = cli("hold", "confirm", ID)

    assert (result.exit_code, result.stdout) == (5, "")
    assert "placement doctor compares the clocks" in result.stderr
    assert "What you asked for may be done all the same" in result.stderr


def test_a_hold_is_extended_once(cli, wire):
    """Until when, and that it was the last time."""
    wire.answers["ExtendHold"] = wire_form.ExtendHoldResponse(
        revision=9, expires_at=NOON + HOURS_72
    )
    result = cli("hold", "extend", ID)
    got = cli.json("hold", "extend", ID)

    assert [each.hold_id for each in wire.requests("ExtendHold")] == [HOLD, HOLD]
    assert result.stdout.splitlines() == [
        (
            "Extended: held until 2026-06-18 12:00 Stockholm time. It can't be extended "
            "again."
        ),
        f"Next, before then: placement hold confirm {ID}",
    ]
    assert got == (0, {"revision": 9, "expires_at": "2026-06-18T10:00:00.000000Z"})


def test_a_hold_is_given_up(cli, wire):
    """Nothing is kept any longer."""
    wire.answers["ReleaseHold"] = wire_form.ReleaseHoldResponse(revision=9)
    result = cli("hold", "release", ID)
    got = cli.json("hold", "release", ID)

    assert [each.hold_id for each in wire.requests("ReleaseHold")] == [HOLD, HOLD]
    assert result.stdout == "Given up. The place is kept for the case no longer.\n"
    assert got == (0, {"revision": 9})


REFUSALS = {
    "CONTRADICTION": {
        "confirm": "Only a hold that has not lapsed can be confirmed, and once",
        "extend": "A hold is extended once, and only while it has not lapsed",
        "release": "It is no hold any more: it lapsed, was given up, or is confirmed.",
    },
    "NOT_FOUND": dict.fromkeys(
        ("confirm", "extend", "release"),
        "No case of your municipality has a hold or placement with this id",
    ),
    "CASE_CLOSED": dict.fromkeys(
        ("confirm", "extend", "release"), "Its holds are given up"
    ),
    "ACCESS_DENIED": dict.fromkeys(
        ("confirm", "extend", "release"), "Caseworkers of the municipality do this."
    ),
}
METHODS = {"confirm": "ConfirmHold", "extend": "ExtendHold", "release": "ReleaseHold"}


@pytest.mark.parametrize("verb", METHODS)
@pytest.mark.parametrize("reason", REFUSALS)
def test_a_refusal_says_what_to_do(cli, wire, verb, reason):
    """One sentence for each class that can come."""
    wire.answers[METHODS[verb]] = refusal(CODE.FAILED_PRECONDITION, reason)
    result = cli("hold", verb, ID)

    assert (result.exit_code, result.stdout) == (1, "")
    assert REFUSALS[reason][verb] in result.stderr


@pytest.mark.parametrize("verb", METHODS)
def test_what_is_no_id_is_not_sent(cli, wire, verb):
    """The argument is named."""
    result = cli("hold", verb, "00")

    assert result.exit_code == 2
    assert "hold_id (HOLD)" in result.stderr
    assert wire.seen == []
