"""``release``: a coordinator lets a case have a place, for what was seen and no more."""

import grpc
import pytest
from kit.asked import CASE, CHANGE, NOON, day
from kit.wire import refusal

from placement.api.v1 import registry_service_pb2 as registry
from placement.api.v1.check_service_pb2 import Candidate
from placement.api.v1.types_pb2 import Window

CODE = grpc.StatusCode
SEEN = bytes(range(32))
RELEASE = bytes([6]) * 16
WORDS = (
    *("release", CASE.hex(), "--area", "1280", "--from", "2026-07-01"),
    *("--seen", SEEN.hex()),
)
PLACE = "1280 Malmö, from 2026-07-01 on"


@pytest.fixture
def released(wire):
    def released(change=b""):
        wire.answers["ReleasePlace"] = registry.ReleasePlaceResponse(
            revision=9, release_id=RELEASE, expires_at=NOON, change_id=change
        )

    return released


def test_a_place_is_released(cli, wire, released):
    """It says for how long, and that it covers no more than is known."""
    released()
    result = cli(*WORDS, "--yes")
    (request,) = wire.requests("ReleasePlace")

    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        (
            f"Released {PLACE}, until 2026-06-15 12:00 Stockholm time (release "
            f"{RELEASE.hex()})."
        ),
        "It covers only what is known now: when something is added, it no longer does.",
    ]
    assert (request.case_handle, request.seen) == (CASE, SEEN)
    assert request.candidate == Candidate(area="1280")
    assert request.window == Window(start_day=day("2026-07-01"))


def test_a_release_that_waits_names_its_change(cli, released):
    """Nobody takes it for one in force."""
    released(CHANGE)
    first, second, third, _covers = cli(*WORDS, "--yes").stdout.splitlines()

    assert first.endswith("is not in force yet.")
    assert second == (
        f"A second coordinator has to sign: placement change show {CHANGE.hex()}"
    )
    assert third == (
        "Once it is signed, the place can be held and confirmed until 2026-06-15 12:00 "
        "Stockholm time."
    )


def test_a_release_that_waits_says_by_when_it_is_signed(cli, wire, released):
    """Its change lapses long before the release would."""
    released(CHANGE)
    wire.answers["ShowChange"] = registry.ShowChangeResponse(
        change=registry.Change(change_id=CHANGE, expires_at=NOON - 3_600_000_000)
    )
    second = cli(*WORDS, "--yes").stdout.splitlines()[1]

    assert second.startswith(
        "A second coordinator has to sign before 2026-06-15 11:00 Stockholm time: "
    )


def test_a_release_is_an_object(cli, released):
    """With the place."""
    released(CHANGE)

    assert cli.json(*WORDS, "--yes", "--to", "2026-08-01") == (
        0,
        {
            "revision": 9,
            "release_id": RELEASE.hex(),
            "expires_at": "2026-06-15T10:00:00.000000Z",
            "change_id": CHANGE.hex(),
            "area": "1280",
            "name": "Malmö",
            "facility": "",
            "from": "2026-07-01",
            "to": "2026-08-01",
        },
    )


@pytest.mark.parametrize(
    ("typed", "code"), [("y\n", 0), ("n\n", 1), ("\n", 1), ("", 1)]
)
def test_it_is_asked_before_anything_is_sent(cli, wire, released, typed, code):
    """In plain words; only a yes is one."""
    released()
    result = cli(*WORDS, stdin=typed)

    assert result.exit_code == code
    assert len(wire.requests("ReleasePlace")) == 1 - code
    assert f"Case {CASE.hex()} gets leave to be placed in {PLACE}" in result.stderr
    assert "It covers only what is known now." in result.stderr


@pytest.mark.parametrize(
    ("code", "reason", "hint"),
    [
        (CODE.ABORTED, "STALE", "Run `placement explain` again"),
        (CODE.FAILED_PRECONDITION, "CONTRADICTION", "Only REVIEW and UNKNOWN"),
        (CODE.PERMISSION_DENIED, "ACCESS_DENIED", "Coordinators do this"),
        (CODE.NOT_FOUND, "NOT_FOUND", "of another region"),
    ],
)
def test_a_refusal_says_what_helps(cli, wire, code, reason, hint):
    """Beside its constant text; nothing was released."""
    wire.answers["ReleasePlace"] = refusal(code, reason)
    result = cli(*WORDS, "--yes")

    assert (result.exit_code, result.stdout) == (1, "")
    assert hint in result.stderr


@pytest.mark.parametrize("seen", ["", "00", "zz" * 32, SEEN.hex() + "00"])
def test_what_was_not_seen_is_refused(cli, wire, seen):
    """Before anybody is asked."""
    result = cli(*WORDS, "--seen", seen)

    assert result.exit_code == 2
    assert "seen (--seen) must be 64 hex digits." in result.stderr
    assert wire.seen == []
