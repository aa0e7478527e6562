"""``change``: what waits is listed, shown, approved, rejected and withdrawn."""

import re

import grpc
import pytest
from kit.asked import CASE, CHANGE, NOON, day, ids
from kit.wire import invalid, refusal
from placement_client.commands.change_words import kind_words

from placement.api.v1 import alert_service_pb2 as alerts
from placement.api.v1 import registry_service_pb2 as registry
from placement.api.v1 import types_pb2 as types
from placement.api.v1.check_service_pb2 import Candidate

CODE = grpc.StatusCode


def test_changes_are_listed_and_approved(cli, wire):
    """Who proposed what, and until when."""
    change = registry.Change(
        change_id=CHANGE,
        person="co-01",
        region="vast",
        expires_at=NOON,
        records=2,
        amendments=1,
        kind=registry.CHANGE_KIND_AMEND,
    )
    wire.answers["ListChanges"] = registry.ListChangesResponse(changes=[change])
    wire.answers["ApproveChange"] = registry.ApproveChangeResponse(revision=9)
    listed = cli("change", "list")
    _, data = cli.json("change", "list")
    approved = cli("change", "approve", CHANGE.hex())

    assert CHANGE.hex() in listed.stdout
    assert "put 2 facts in the place of others" in listed.stdout
    assert data["changes"][0]["kind"] == "AMEND"
    assert "2026-06-15 12:00 Stockholm time" in listed.stdout
    assert data["changes"][0]["expires_at"] == "2026-06-15T10:00:00.000000Z"
    assert approved.stdout == "Approved; the change is in force.\n"
    assert wire.requests("ApproveChange")[0].change_id == CHANGE


@pytest.mark.parametrize("kind", [*registry.ChangeKind.values(), 99])
def test_every_kind_of_change_has_its_words(kind):
    """One that a later service sends is said to be unknown."""
    words = kind_words(registry.Change(kind=kind, records=0, amendments=1))

    assert ("does not know" in words) is (kind in (0, 99))
    assert "{" not in words


def test_who_approves_a_lift_tells_the_caseworker(cli, wire):
    """Nobody else does; and not why."""
    wire.answers["ApproveChange"] = registry.ApproveChangeResponse(
        revision=9, lifted_case_handle=CASE
    )
    said = " ".join(cli("change", "approve", CHANGE.hex()).stdout.split())
    _, data = cli.json("change", "approve", CHANGE.hex())

    assert f"phone the caseworker of case {CASE.hex()}" in said
    assert "phantom" not in said
    assert data == {"revision": 9, "lifted_case_handle": CASE.hex()}


def shown_change(group):
    """Return what the service shows of a change with one item of each effect."""
    fact = types.Fact(
        valid_from_day=day("2026-01-01"),
        grade=types.SourceGrade(scheme=types.GRADE_SCHEME_FOUR_FOUR, given="B2"),
        presence=types.Presence(group=group, area="1480", kind=1),
    )
    one, two, three, four, five = ids(5, start=1)
    return registry.ShowChangeResponse(
        change=registry.Change(change_id=CHANGE, person="co-01", region="syd"),
        items=[
            registry.ChangeItem(fact_id=one, fact=fact, made_firm=True),
            registry.ChangeItem(fact_id=two, fact=fact, ended_on_day=day("2026-03-01")),
            registry.ChangeItem(fact_id=three, fact=fact, retracted=True),
            registry.ChangeItem(
                fact_id=four,
                fact=fact,
                regraded=types.SourceGrade(scheme=2, given="A1"),
            ),
            registry.ChangeItem(fact_id=five),
        ],
    )


def test_a_change_is_shown_before_it_is_approved(cli, wire):
    """What it would do to which fact, in words."""
    group = bytes(range(16))
    wire.answers["ListGroups"] = registry.ListGroupsResponse()
    wire.answers["ShowChange"] = shown_change(group)
    shown = cli("change", "show", CHANGE.hex()).stdout
    code, data = cli.json("change", "show", CHANGE.hex())

    assert wire.requests("ShowChange")[0].change_id == CHANGE
    for words in (
        "become firm",
        "end on 2026-03-01",
        "be retracted",
        "be graded A1 (SIX_SIX)",
    ):
        assert words in shown
    assert f"group {group.hex()}, area 1480, kind BASE" in shown
    assert "do what this version does not know" in shown
    assert code == 0
    assert data["change"]["person"] == "co-01"
    assert [each["effect"] for each in data["items"]] == [
        "made_firm",
        "ended",
        "retracted",
        "regraded",
        "unknown",
    ]
    assert data["items"][1]["on"] == "2026-03-01"
    assert data["items"][3]["to"] == {"scheme": "SIX_SIX", "given": "A1"}
    assert data["items"][0] == {
        "fact_id": ids(1, start=1)[0].hex(),
        "effect": "made_firm",
        "kind": "presence",
        "statement": {"group": group.hex(), "area": "1480", "kind": "BASE"},
        "since": "2026-01-01",
        "until": None,
        "review_by": None,
        "grade": "B2",
        "scheme": "FOUR_FOUR",
        "fact_reason": None,
    }


def test_what_is_no_fact_is_shown_before_it_is_approved(cli, wire):
    """A release with its case, place and verdict; a provider; an extract."""
    released = registry.ReleasedPlace(
        case_handle=CASE,
        candidate=Candidate(area="1280"),
        window=types.Window(start_day=day("2026-07-01"), end_day=day("2026-08-01")),
        verdict=types.VERDICT_REVIEW,
    )
    one, two = ids(2, start=1)
    wire.answers["ListGroups"] = registry.ListGroupsResponse()
    wire.answers["ShowChange"] = registry.ShowChangeResponse(
        change=registry.Change(change_id=CHANGE),
        items=[
            registry.ChangeItem(fact_id=one, released=released),
            registry.ChangeItem(fact_id=two, provider_goes_on=True),
            registry.ChangeItem(extract="A 12/2026"),
        ],
    )
    shown = cli("change", "show", CHANGE.hex()).stdout
    _whole, _headings, place, provider, told, _as_of = shown.splitlines()
    _, data = cli.json("change", "show", CHANGE.hex())
    first, second, third = data["items"]

    assert data["explained"] is None
    assert told.strip() == (
        "be told to the person (placement extract show), request A 12/2026"
    )
    assert (third["effect"], third["reference"]) == ("extract", "A 12/2026")
    assert re.split("  +", place.strip()) == [
        one.hex(),
        (
            f"let case {CASE.hex()} have 1280 Malmö, from 2026-07-01 to 2026-08-01, despite "
            "REVIEW"
        ),
    ]
    assert re.split("  +", provider.strip()) == [
        two.hex(),
        "let the provider go on, unless another region stopped it, too",
    ]
    assert (first["fact_id"], first["effect"]) == (one.hex(), "released")
    assert first["place"] == {
        "case_handle": CASE.hex(),
        "area": "1280",
        "name": "Malmö",
        "facility": "",
        "from": "2026-07-01",
        "to": "2026-08-01",
        "verdict": "REVIEW",
    }
    assert second["effect"] == "provider_goes_on"
    assert (second["kind"], second["statement"]) == ("", {})


def test_a_placement_that_ends_is_shown(cli, wire):
    """Whose, where, and from when on not."""
    stay = registry.EndedPlacement(
        case_handle=CASE,
        candidate=Candidate(area="1280"),
        window=types.Window(start_day=day("2026-07-01")),
        valid_to_day=day("2026-08-01"),
    )
    item = registry.ChangeItem(fact_id=CHANGE, placement_ended=stay)
    wire.answers["ListGroups"] = registry.ListGroupsResponse()
    wire.answers["ShowChange"] = registry.ShowChangeResponse(
        change=registry.Change(change_id=CHANGE), items=[item]
    )
    shown = cli("change", "show", CHANGE.hex()).stdout
    _, data = cli.json("change", "show", CHANGE.hex())
    (told,) = data["items"]

    assert (
        f"end on 2026-08-01 the placement of case {CASE.hex()} in 1280 Malmö, from "
        "2026-07-01 on" in shown
    )
    assert (told["effect"], told["on"]) == ("placement_ended", "2026-08-01")
    assert (told["case_handle"], told["place"]["area"]) == (CASE.hex(), "1280")


def test_a_release_is_shown_with_what_the_place_is_worth_now(cli, wire):
    """Verdict, reasons, and what the second person has seen, which approving names."""
    hidden = alerts.FindingLink(hidden=alerts.HiddenFact(region="nord", contact="010"))
    finding = alerts.Finding(verdict=types.VERDICT_REVIEW, links=[hidden])
    wire.answers["ListGroups"] = registry.ListGroupsResponse()
    wire.answers["ShowChange"] = registry.ShowChangeResponse(
        change=registry.Change(change_id=CHANGE),
        explained=registry.ExplainPlacementResponse(
            verdict=types.VERDICT_REVIEW, findings=[finding], seen=b"s" * 32
        ),
    )
    wire.answers["ApproveChange"] = registry.ApproveChangeResponse(revision=9)
    shown = cli("change", "show", CHANGE.hex()).stdout.splitlines()
    _, data = cli.json("change", "show", CHANGE.hex())
    seen = data["explained"]["seen"]
    approved = cli("change", "approve", CHANGE.hex(), "--seen", seen)

    assert "The place now: REVIEW" in shown
    assert "  - Something exists in region nord: phone 010." in shown
    assert shown[-1] == f"Seen: {(b's' * 32).hex()}"
    assert data["explained"]["verdict"] == "REVIEW"
    assert len(data["explained"]["findings"]) == 1
    assert approved.exit_code == 0
    assert wire.requests("ApproveChange")[0].seen == b"s" * 32


@pytest.mark.parametrize(
    ("refused", "helps"),
    [
        (invalid(("seen", "is odd")), "Run `placement change show`, read what"),
        (invalid(("change_id", "is odd")), "is odd"),
        (
            refusal(grpc.StatusCode.FAILED_PRECONDITION, "CONTRADICTION"),
            "release the place anew",
        ),
        (
            refusal(grpc.StatusCode.ABORTED, "STALE"),
            "or was shown to somebody else",
        ),
    ],
    ids=["unseen", "other", "contradiction", "stale"],
)
def test_what_helps_where_a_change_is_not_approved(cli, wire, refused, helps):
    """Look again, or release anew."""
    wire.answers["ApproveChange"] = refused
    got = cli("change", "approve", CHANGE.hex())

    assert got.exit_code != 0
    assert helps in " ".join(got.stderr.split())


def test_a_change_is_withdrawn(cli, wire):
    """It is over, and that is said."""
    wire.answers["WithdrawChange"] = registry.WithdrawChangeResponse(revision=10)
    said = cli("change", "withdraw", CHANGE.hex())
    got = cli.json("change", "withdraw", CHANGE.hex())

    assert said.stdout.startswith("The change is over: what it recorded counts no")
    assert got == (0, {"revision": 10})
    assert wire.requests("WithdrawChange")[0].change_id == CHANGE


def test_a_change_is_rejected(cli, wire):
    """Where it recorded something, another has to agree; that is said, with the change."""
    wire.answers["RejectChange"] = registry.RejectChangeResponse(
        revision=9, change_id=b"r" * 16
    )
    said = " ".join(cli("change", "reject", CHANGE.hex()).stdout.split())
    got = cli.json("change", "reject", CHANGE.hex())
    wire.answers["RejectChange"] = registry.RejectChangeResponse(revision=9)
    nothing = cli("change", "reject", CHANGE.hex())

    assert "gives REVIEW as before" in said
    assert f"`placement change show {(b'r' * 16).hex()}`" in said
    assert got == (0, {"revision": 9, "change_id": (b"r" * 16).hex()})
    assert nothing.stdout == "The change is over; all stays as it was.\n"
    assert wire.requests("RejectChange")[0].change_id == CHANGE


def test_who_approves_names_what_was_shown(cli, wire):
    """The revision of ``change show``."""
    wire.answers["ApproveChange"] = registry.ApproveChangeResponse(revision=9)
    cli("change", "approve", CHANGE.hex(), "--revision", "44")

    assert wire.requests("ApproveChange")[0].seen_revision == 44


def test_a_revision_is_not_what_was_seen(cli, wire):
    """Who names the revision with the other option is told which one it is."""
    got = cli("change", "approve", CHANGE.hex(), "--seen", "44")

    assert got.exit_code == 2
    assert "goes with --revision" in " ".join(got.stderr.split())
    assert wire.requests("ApproveChange") == []


@pytest.mark.parametrize("word", ["Approve", "Reject", "Withdraw"])
@pytest.mark.parametrize(
    ("refused", "hint"),
    [
        (
            (CODE.PERMISSION_DENIED, "ACCESS_DENIED"),
            "Another coordinator than the one who",
        ),
        ((CODE.FAILED_PRECONDITION, "CONTRADICTION"), "placement review list"),
        ((CODE.ABORTED, "STALE"), "placement change show"),
    ],
)
def test_a_refusal_says_what_helps(cli, wire, word, refused, hint):
    """Beside its constant text."""
    wire.answers[f"{word}Change"] = refusal(*refused)
    result = cli("change", word.lower(), CHANGE.hex())

    assert result.exit_code == 1
    assert hint in result.stderr


def test_a_renewal_and_a_successor_are_shown(cli, wire):
    """Until when and why; instead of which."""
    one, two, old = ids(3, start=1)
    renewed = registry.RenewedFact(
        review_by_day=day("2026-09-01"), reason=types.FACT_REASON_COURT
    )
    wire.answers["ListGroups"] = registry.ListGroupsResponse()
    wire.answers["ShowChange"] = registry.ShowChangeResponse(
        change=registry.Change(change_id=CHANGE),
        items=[
            registry.ChangeItem(fact_id=one, renewed=renewed),
            registry.ChangeItem(fact_id=two, made_firm=True, replaces=old),
        ],
        revision=44,
    )
    shown = cli("change", "show", CHANGE.hex()).stdout
    _, data = cli.json("change", "show", CHANGE.hex())
    first, second = data["items"]

    assert "stand until 2026-09-01 (COURT)" in shown
    assert f"become firm, instead of {old.hex()}" in shown
    assert "As of revision 44." in shown
    assert data["revision"] == 44
    assert (first["review_by_day"], first["reason"]) == ("2026-09-01", "COURT")
    assert second["replaces"] == old.hex()


def test_why_and_until_when_a_fact_is_kept_is_shown(cli, wire):
    """Its review date and its reason: whoever approves stands behind these, too."""
    fact = types.Fact(
        review_by_day=day("2027-01-01"),
        reason=types.FACT_REASON_COURT,
        presence=types.Presence(group=bytes(16), area="1480", kind=1),
    )
    item = registry.ChangeItem(fact_id=bytes(16), fact=fact, made_firm=True)
    wire.answers["ListGroups"] = registry.ListGroupsResponse()
    wire.answers["ShowChange"] = registry.ShowChangeResponse(items=[item])
    shown = cli("change", "show", CHANGE.hex()).stdout
    _, data = cli.json("change", "show", CHANGE.hex())

    assert "2027-01-01" in shown
    assert "COURT" in shown
    assert data["items"][0]["fact_reason"] == "COURT"


@pytest.mark.parametrize(
    ("kind", "command"),
    [("ERASE", "placement erase approve"), ("EXTRACT", "placement extract show")],
)
def test_what_another_command_approves_is_said(cli, wire, kind, command):
    """By its name; the advice for other changes is left out."""
    change = registry.Change(change_id=CHANGE, kind=f"CHANGE_KIND_{kind}")
    wire.answers["ApproveChange"] = refusal(CODE.FAILED_PRECONDITION, "CONTRADICTION")
    wire.answers["ListChanges"] = registry.ListChangesResponse(changes=[change])
    code, data = cli.json("change", "approve", CHANGE.hex())

    assert code == 1
    assert data["error"]["reason"] == "CONTRADICTION"
    assert data["error"]["notes"] == [f"Go on with: {command} {CHANGE.hex()}"]
    assert wire.requests("ShowChange") == []
