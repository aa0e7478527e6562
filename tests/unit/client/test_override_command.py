"""``override``: proposed by a caseworker, seen and signed by a coordinator."""

import grpc
import pytest
from kit.asked import CASE, NOON, NORTH, day
from kit.wire import refusal

from placement.api.v1 import alert_service_pb2 as alerts
from placement.api.v1 import placement_service_pb2 as placement
from placement.api.v1 import registry_service_pb2 as registry
from placement.api.v1 import types_pb2 as types
from placement.api.v1.check_service_pb2 import Candidate

CODE = grpc.StatusCode
SEEN = bytes(range(32))
OVERRIDE = bytes([6]) * 16
ID = OVERRIDE.hex()
PROPOSE = (
    *("override", "propose", CASE.hex(), "--area", "Malmö", "--from", "2026-07-01"),
    *("--ground", "greater-danger", "--follow-up", "2026-08-01"),
)
SHOW = ("override", "show", ID)
SIGN = ("override", "sign", ID, "--seen", SEEN.hex())
TIME = "2026-06-15 12:00 Stockholm time"
COVERS = (
    "It covers only what is known when it is signed: when something is added, it no "
    "longer does."
)

pytestmark = pytest.mark.usefixtures("at_noon")


# propose


@pytest.fixture
def proposed(wire):
    wire.answers["ProposeOverride"] = placement.ProposeOverrideResponse(
        revision=9, override_id=OVERRIDE, expires_at=NOON
    )


@pytest.mark.usefixtures("proposed")
def test_an_override_is_proposed(cli, wire):
    """It is not in force, and says whom its id goes to."""
    result = cli(*PROPOSE, "--yes")
    (request,) = wire.requests("ProposeOverride")

    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        f"Override {ID} of 1280 Malmö, from 2026-07-01 on is not in force yet.",
        f"It lapses unsigned {TIME}.",
        f"A second person has to sign it: give {ID} to the police coordinator.",
        COVERS,
    ]
    assert request.case_handle == CASE
    assert request.candidate == Candidate(area="1280")
    assert request.window == types.Window(start_day=day("2026-07-01"))
    assert request.ground == placement.OVERRIDE_GROUND_GREATER_DANGER
    assert request.follow_up_day == day("2026-08-01")


@pytest.mark.usefixtures("proposed")
def test_a_proposal_is_an_object(cli):
    """What was asked for stands beside the answer."""
    assert cli.json(*PROPOSE, "--yes", "--to", "2026-09-01") == (
        0,
        {
            "revision": 9,
            "override_id": ID,
            "expires_at": "2026-06-15T10:00:00.000000Z",
            "area": "1280",
            "name": "Malmö",
            "facility": "",
            "from": "2026-07-01",
            "to": "2026-09-01",
            "ground": "GREATER_DANGER",
            "follow_up_day": "2026-08-01",
        },
    )


@pytest.mark.usefixtures("proposed")
@pytest.mark.parametrize(("typed", "code", "calls"), [("y\n", 0, 1), ("n\n", 1, 0)])
def test_nobody_proposes_by_accident(cli, wire, typed, code, calls):
    """The question says case, place, ground, day, and who else has to sign."""
    result = cli(*PROPOSE, stdin=typed)

    assert (result.exit_code, len(wire.seen)) == (code, calls)
    assert f"Case {CASE.hex()} shall be placed in 1280 Malmö" in result.stderr
    assert "because staying where they are is a greater danger" in result.stderr
    assert "looks at it again on 2026-08-01" in result.stderr
    assert "before a second person, the police coordinator, signs it" in result.stderr


@pytest.mark.usefixtures("proposed")
@pytest.mark.parametrize(
    ("ground", "because"),
    [
        ("decision", "because a court or an authority decided it."),
        ("care", "because they need care that no other place gives."),
        ("own-wish", "because it is their own wish, after being told of the risk."),
    ],
)
def test_every_ground_has_its_words(cli, ground, because):
    """They stand in the question."""
    result = cli(*PROPOSE, "--ground", ground, stdin="n\n")

    assert because in result.stderr


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("--ground", "whim"), "ground (--ground)"),
        (("--follow-up", "soon"), "follow_up (--follow-up)"),
        (("--area", "Gotebrg"), "area (--area)"),
        (("--facility", "00"), "facility (--facility)"),
        (("--area", "Ystad:00"), "facility (--facility) must be 32 hex digits"),
        (("--area", "Ystad:"), "facility (--facility) must be 32 hex digits"),
        (
            ("--area", f"Ystad:{CASE.hex()}", "--facility", CASE.hex()),
            "facility (--facility) must be given once: as --area AREA:FACILITY",
        ),
    ],
)
def test_what_cannot_be_is_not_asked(cli, wire, words, named):
    """Neither the person nor the service."""
    result = cli(*PROPOSE, *words)

    assert result.exit_code == 2
    assert named in result.stderr
    assert "Propose" not in result.stderr
    assert wire.seen == []


# show


@pytest.fixture
def shown(wire):
    presence = types.Fact(
        grade=types.SourceGrade(given="2B"),
        presence=types.Presence(group=NORTH, area="1280", kind=1),
    )
    link = alerts.FindingLink(fact=alerts.VisibleFact(fact_id=CASE, fact=presence))
    found = alerts.Finding(rule="R1", verdict=types.VERDICT_CONFLICT, links=[link])
    wire.answers["ShowOverride"] = registry.ShowOverrideResponse(
        case_handle=CASE,
        candidate=Candidate(area="1280"),
        window=types.Window(start_day=day("2026-07-01")),
        ground=placement.OVERRIDE_GROUND_CARE,
        follow_up_day=day("2026-08-01"),
        proposed_by="1480/cw-01",
        expires_at=NOON,
        explained=registry.ExplainPlacementResponse(
            verdict=types.VERDICT_CONFLICT, findings=[found], seen=SEEN, revision=12
        ),
    )
    return wire.answers["ShowOverride"]


@pytest.mark.usefixtures("shown", "groups")
def test_a_coordinator_sees_what_is_asked_for_and_why_not(cli, wire):
    """Who asks, on which ground, what the place is worth; the code is the verdict's."""
    result = cli(*SHOW)
    (request,) = wire.requests("ShowOverride")

    assert (result.exit_code, request.override_id) == (4, OVERRIDE)
    assert result.stdout.splitlines() == [
        (
            f"1480/cw-01 asks that case {CASE.hex()} be placed, because they need care "
            "that no other place gives."
        ),
        f"Somebody looks at it again on 2026-08-01. It lapses unsigned {TIME}.",
        "1280 Malmö, from 2026-07-01 on: CONFLICT",
        "CONFLICT by R1: a group that counts as the household's own is there.",
        (
            "  - Presence: group North Side, area 1280, kind BASE, grade 2B (fact "
            f"{CASE.hex()})."
        ),
        f"Seen: {SEEN.hex()}",
    ]


@pytest.mark.usefixtures("groups")
def test_an_override_is_an_object(cli, shown):
    """All that the service sent; findings as `explain` has them."""
    code, data = cli.json(*SHOW)
    (finding,) = data.pop("findings")

    assert (code, finding["rule"]) == (4, "R1")
    assert data == {
        "case_handle": CASE.hex(),
        "area": "1280",
        "name": "Malmö",
        "facility": "",
        "from": "2026-07-01",
        "to": None,
        "ground": "CARE",
        "follow_up_day": "2026-08-01",
        "proposed_by": "1480/cw-01",
        "expires_at": "2026-06-15T10:00:00.000000Z",
        "signed_by": "",
        "used": False,
        "verdict": "CONFLICT",
        "seen": SEEN.hex(),
        "revision": 12,
    }


@pytest.mark.usefixtures("groups")
@pytest.mark.parametrize(
    ("used", "word"), [(True, "Something"), (False, "Nothing yet")]
)
def test_an_override_that_is_signed_says_so(cli, shown, used, word):
    """By whom, until when it can be used, whether it was; not that it lapses unsigned."""
    shown.signed_by, shown.used = "syd/co-01", used
    lines = cli(*SHOW).stdout.splitlines()
    _, data = cli.json(*SHOW)

    assert lines[0].startswith(f"1480/cw-01 asked that case {CASE.hex()} be placed")
    assert lines[1] == (
        f"Signed by syd/co-01: the municipality can hold and confirm the place until "
        f"{TIME}, as long as nothing is added to what was signed."
    )
    assert lines[2].startswith(f"{word} was held or confirmed under it.")
    assert not [each for each in lines if "unsigned" in each]
    assert (data["signed_by"], data["used"]) == ("syd/co-01", used)


@pytest.mark.usefixtures("groups")
def test_a_ground_that_is_not_known_is_said_to_be(cli, shown):
    """A newer service may have more."""
    shown.ground = 9

    assert "because of a ground that this version does not know." in cli(*SHOW).stdout


# sign


@pytest.fixture
def signed(wire):
    wire.answers["SignOverride"] = registry.SignOverrideResponse(
        revision=10, expires_at=NOON
    )


@pytest.mark.usefixtures("signed")
def test_an_override_is_signed(cli, wire):
    """For what was seen, and until when it may be used."""
    result = cli(*SIGN, "--yes")
    got = cli.json(*SIGN, "--yes")
    request = wire.requests("SignOverride")[0]

    assert (request.override_id, request.seen) == (OVERRIDE, SEEN)
    assert result.stdout.splitlines() == [
        f"Signed. Until {TIME} the municipality can hold and confirm the place.",
        COVERS,
    ]
    assert got == (0, {"revision": 10, "expires_at": "2026-06-15T10:00:00.000000Z"})


@pytest.mark.usefixtures("signed")
@pytest.mark.parametrize(("typed", "code", "calls"), [("y\n", 0, 1), ("n\n", 1, 0)])
def test_nobody_signs_by_accident(cli, wire, typed, code, calls):
    """The question says what is stood for."""
    result = cli(*SIGN, stdin=typed)

    assert (result.exit_code, len(wire.seen)) == (code, calls)
    assert f"Override {ID} lets a household be placed despite" in result.stderr


@pytest.mark.parametrize("seen", ["", "00", "zz" * 32, SEEN.hex() + " "])
def test_what_was_not_seen_is_not_signed(cli, wire, seen):
    """64 hex digits, as they were printed."""
    result = cli("override", "sign", ID, "--seen", seen)

    assert result.exit_code == 2
    assert "seen (--seen) must be 64 hex digits" in result.stderr
    assert wire.seen == []


@pytest.mark.parametrize(
    ("words", "method", "reason", "hint"),
    [
        (PROPOSE, "ProposeOverride", "ACCESS_DENIED", "A coordinator signs."),
        (PROPOSE, "ProposeOverride", "NOT_FOUND", "No case of your municipality"),
        (
            SHOW,
            "ShowOverride",
            "ACCESS_DENIED",
            "The police coordinator of your region",
        ),
        (SHOW, "ShowOverride", "NOT_FOUND", "Whoever proposed it has the id."),
        (SIGN, "SignOverride", "ACCESS_DENIED", "a municipality proposes them."),
        (SIGN, "SignOverride", "NOT_FOUND", "No override of your region's cases"),
        (
            SIGN,
            "SignOverride",
            "CONTRADICTION",
            "signed already, or it lapsed unsigned",
        ),
        (
            SIGN,
            "SignOverride",
            "STALE",
            "so nothing was signed. Run `placement override",
        ),
    ],
)
def test_a_refusal_says_what_to_do(  # noqa: PLR0917 (parameters)
    cli, wire, words, method, reason, hint
):
    """One sentence for each class that can come."""
    wire.answers[method] = refusal(CODE.FAILED_PRECONDITION, reason)
    result = cli(*words, *(() if words == SHOW else ("--yes",)))

    assert (result.exit_code, result.stdout) == (1, "")
    assert hint in result.stderr
