"""``explain``: what a place is worth to a case, and why, for coordinators."""

import grpc
import pytest
from kit.asked import CASE, NORTH, day
from kit.wire import refusal

from placement.api.v1 import alert_service_pb2 as alerts
from placement.api.v1 import registry_service_pb2 as registry
from placement.api.v1 import types_pb2 as types
from placement.api.v1.check_service_pb2 import Candidate

SEEN = bytes(range(32))
WORDS = ("explain", CASE.hex(), "--area", "Malmö", "--from", "2026-07-01")


def explained(verdict, *, needs_second=False):
    presence = types.Fact(
        grade=types.SourceGrade(given="2B"),
        presence=types.Presence(group=NORTH, area="1280", kind=1),
    )
    link = alerts.FindingLink(fact=alerts.VisibleFact(fact_id=CASE, fact=presence))
    return registry.ExplainPlacementResponse(
        verdict=verdict,
        findings=[alerts.Finding(rule="R1", verdict=verdict, links=[link])],
        seen=SEEN,
        revision=12,
        needs_second=needs_second,
        real_verdict=verdict,
    )


def test_a_place_is_explained(cli, wire, groups):
    """The verdict, why, and what a release has to name."""
    wire.answers["ExplainPlacement"] = explained(types.VERDICT_REVIEW)
    result = cli(*WORDS, "--to", "2026-08-01", "--facility", "03" * 16)
    (request,) = wire.requests("ExplainPlacement")

    assert result.exit_code == 3
    assert result.stdout.splitlines() == [
        f"1280 Malmö, facility {'03' * 16}, from 2026-07-01 to 2026-08-01: REVIEW",
        "REVIEW by R1: a group that counts as the household's own is there.",
        (
            "  - Presence: group North Side, area 1280, kind BASE, grade 2B (fact "
            f"{CASE.hex()})."
        ),
        f"Seen: {SEEN.hex()}",
        "It can be released with --seen.",
    ]
    assert request == registry.ExplainPlacementRequest(
        case_handle=CASE,
        candidate=Candidate(area="1280", facility=bytes([3]) * 16),
        window=types.Window(start_day=day("2026-07-01"), end_day=day("2026-08-01")),
    )


def test_an_explanation_is_an_object(cli, wire, groups):
    """All that the service sent, and the place."""
    wire.answers["ExplainPlacement"] = explained(
        types.VERDICT_UNKNOWN, needs_second=True
    )
    code, data = cli.json(*WORDS)
    (finding,) = data.pop("findings")

    assert code == 3
    assert data == {
        "verdict": "UNKNOWN",
        "real_verdict": "UNKNOWN",
        "seen": SEEN.hex(),
        "revision": 12,
        "needs_second": True,
        "area": "1280",
        "name": "Malmö",
        "facility": "",
        "from": "2026-07-01",
        "to": None,
    }
    assert finding["links"][0]["statement"]["group"] == "North Side"


@pytest.mark.usefixtures("groups")
@pytest.mark.parametrize(
    ("answer", "code", "last"),
    [
        (explained(types.VERDICT_CLEAR), 0, "Seen: "),
        (explained(types.VERDICT_UNKNOWN), 3, "It can be released with --seen."),
        (
            explained(types.VERDICT_REVIEW, needs_second=True),
            *(3, "a second coordinator has to sign that."),
        ),
        (explained(types.VERDICT_CONFLICT, needs_second=True), 4, "Seen: "),
    ],
    ids=["clear", "unknown", "review", "conflict"],
)
def test_the_verdict_is_the_exit_code(cli, wire, answer, code, last):
    """And only what can be released is offered."""
    wire.answers["ExplainPlacement"] = answer
    result = cli(*WORDS)

    assert result.exit_code == code
    assert last in result.stdout.splitlines()[-1]


@pytest.mark.parametrize(
    ("code", "reason", "hint"),
    [
        (grpc.StatusCode.PERMISSION_DENIED, "ACCESS_DENIED", "placement check"),
        (grpc.StatusCode.NOT_FOUND, "NOT_FOUND", "of another region"),
    ],
)
def test_a_refusal_says_what_helps(cli, wire, code, reason, hint):
    """Beside its constant text; no verdict was made."""
    wire.answers["ExplainPlacement"] = refusal(code, reason)
    result = cli(*WORDS)

    assert (result.exit_code, result.stdout) == (1, "")
    assert hint in result.stderr


@pytest.mark.parametrize(
    ("words", "option"),
    [
        (("--area", "Gotham"), "area (--area)"),
        (("--from", "soon"), "from (--from)"),
        (("--to", "soon"), "to (--to)"),
        (("--facility", "7"), "facility (--facility)"),
    ],
)
def test_what_can_not_be_right_is_refused(cli, wire, words, option):
    """Before anything is sent."""
    result = cli(*WORDS, *words)

    assert result.exit_code == 2
    assert option in result.stderr
    assert wire.seen == []


def test_what_is_real_is_said_where_phantoms_made_it_worse(cli, wire, groups):
    """And what can be done; where nothing is different, nothing is said."""
    worse = explained(types.VERDICT_CONFLICT)
    worse.real_verdict = types.VERDICT_CLEAR
    wire.answers["ExplainPlacement"] = worse
    got = cli(*WORDS).stdout.replace("\n", " ")
    worse.real_verdict = types.VERDICT_CONFLICT
    same = cli(*WORDS).stdout

    assert "Phantom stays alone make it so: by what is real it is CLEAR." in got
    assert "placement phantom lift" in got
    assert "hantom" not in same
