"""``alert``: list, show, acknowledge, hand over and close, each with what helps."""

import grpc
import pytest
from kit.alarmed import HOUR, case_alert, police_alert
from kit.asked import CASE, NOON, NORTH, SOUTH, day
from kit.wire import invalid, refusal

from placement.access import Role
from placement.api.v1 import alert_service_pb2 as wire_pb
from placement.api.v1 import types_pb2 as types
from placement.api.v1.check_service_pb2 import ShowCaseResponse

CODE = grpc.StatusCode
ALERT = bytes([5]) * 16
AS_SEEN = ("--revision", "9")
METHODS = {
    "show": "ShowAlert",
    "ack": "AcknowledgeAlert",
    "hand-over": "HandOverAlert",
    "close": "CloseAlert",
}
REFUSALS = {
    "ACCESS_DENIED": CODE.PERMISSION_DENIED,
    "NOT_FOUND": CODE.NOT_FOUND,
    "CONTRADICTION": CODE.FAILED_PRECONDITION,
    "STALE": CODE.ABORTED,
}


def test_a_caseworkers_alerts_are_listed(cli, wire):
    """Whom to phone about which case."""
    wire.answers["ListAlerts"] = wire_pb.ListAlertsResponse(
        alerts=[case_alert(1), case_alert(2, wire_pb.ALERT_STATE_ACKNOWLEDGED)]
    )
    result = cli("alert", "list")
    code, data = cli.json("alert", "list")
    first, one, two = result.stdout.splitlines()

    assert (result.exit_code, result.stderr) == (0, "2 alerts not closed.\n")
    assert first.split()[:2] == ["When", "(Stockholm)"]
    assert f"Phone the police about case {CASE.hex()} before" in one
    assert "ACKNOWLEDGED" in two
    assert (code, data["more"], len(data["alerts"])) == (0, False, 2)
    assert data["alerts"][1]["state"] == "ACKNOWLEDGED"


def test_a_coordinators_alerts_are_listed(cli, wire):
    """With verdicts, regions, owner; and whether there are more."""
    wire.answers["ListAlerts"] = wire_pb.ListAlertsResponse(
        alerts=[police_alert(1, owner="co-01")], more=True
    )
    result = cli("alert", "list")
    _, data = cli.json("alert", "list")
    _headings, row = result.stdout.splitlines()

    assert result.stderr.splitlines() == [
        "1 alert not closed.",
        "There are more: close some of these first.",
    ]
    for word in ("CONFLICT", "CLEAR", "syd, vast", "2026-06-15 13:00", "co-01"):
        assert word in row
    assert data["more"] is True


def test_no_alert_is_no_table(cli, wire):
    """The note says so."""
    wire.answers["ListAlerts"] = wire_pb.ListAlertsResponse()
    result = cli("alert", "list")

    assert (result.stdout, result.stderr) == ("", "0 alerts not closed.\n")


@pytest.fixture
def explained(wire):
    rivalry = types.Fact(
        valid_from_day=day("2026-06-01"),
        grade=types.SourceGrade(given="2B"),
        rivalry=types.Rivalry(group_a=NORTH, group_b=SOUTH, severity=3),
    )
    links = [
        wire_pb.FindingLink(fact=wire_pb.VisibleFact(fact_id=ALERT, fact=rivalry)),
        wire_pb.FindingLink(hidden=wire_pb.HiddenFact(region="nord", contact="010")),
    ]
    wire.answers["ShowAlert"] = wire_pb.ShowAlertResponse(
        alert=police_alert(1).police_alert,
        findings=[
            wire_pb.Finding(rule="R2", verdict=types.VERDICT_CONFLICT, links=links)
        ],
        area="1280",
        window=types.Window(start_day=day("2026-06-15")),
    )


def test_an_alert_is_shown_with_what_it_rests_on(cli, wire, groups, explained):
    """Groups by name, what is another region's as a phone number, and the place."""
    result = cli("alert", "show", ALERT.hex())

    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        f"Alert {1:032x} about case {CASE.hex()}: the picture got worse.",
        "CONFLICT now, CLEAR before. Raised 2026-06-15 12:00 Stockholm time.",
        (
            "RAISED; regions syd, vast; acknowledge by 2026-06-15 13:00 Stockholm time; "
            "owner -."
        ),
        "Place: 1280 Malmö, from 2026-06-15 on.",
        "CONFLICT by R2: a rival group is there.",
        (
            "  - Rivalry: group a North Side, group b South Side, severity 3, since "
            f"2026-06-01, grade 2B (fact {ALERT.hex()})."
        ),
        "  - Something exists in region nord: phone 010.",
    ]
    assert wire.requests("ShowAlert")[0].alert_id == ALERT


def test_an_alert_that_was_raised_again_is_shown_as_such(cli, wire, groups, explained):
    """Since when it is as it stands, the first raise, and that nobody has it."""
    again = police_alert(1, told_at=NOON + HOUR, raising=wire_pb.ALERT_RAISING_AGAIN)
    shown = wire.answers["ShowAlert"]
    shown.alert.CopyFrom(again.police_alert)
    lines = cli("alert", "show", ALERT.hex()).stdout.splitlines()

    assert lines[1].endswith("As it stands since 2026-06-15 13:00 Stockholm time.")
    assert lines[2].startswith("RAISED again, first raised 2026-06-15 12:00:00; ")
    assert lines[2].endswith("owner -.")


def test_without_the_label_key_groups_are_tokens(cli, pair, explained):
    """Nothing is fetched for names that can't be opened."""
    cli.become(pair, label_key="")
    code, data = cli.json("alert", "show", ALERT.hex())
    (finding,) = data["findings"]

    assert code == 0
    assert finding["links"][0]["statement"]["group_a"] == NORTH.hex()
    assert (data["area"], data["name"]) == ("1280", "Malmö")
    assert (data["facility"], data["to"]) == ("", None)
    assert data["alert"]["verdict"] == "CONFLICT"


@pytest.mark.parametrize(
    ("caller", "after"),
    [
        ((Role.CASEWORKER, "1480"), "It stays open until the police close it."),
        ((Role.COORDINATOR, "vast"), "You have it now."),
    ],
)
def test_an_alert_is_acknowledged(cli, wire, pki, caller, after):
    """By both roles; each is told what that means."""
    cli.become(pki.client(*caller, "xx-01"))
    wire.answers["AcknowledgeAlert"] = wire_pb.AcknowledgeAlertResponse(revision=7)
    result = cli("alert", "ack", ALERT.hex(), *AS_SEEN)
    sent = wire.requests("AcknowledgeAlert")[0]

    assert result.stdout == f"Acknowledged. {after}\n"
    assert cli.json("alert", "ack", ALERT.hex(), *AS_SEEN) == (0, {"revision": 7})
    assert (sent.alert_id, sent.revision) == (ALERT, 9)


def test_a_caseworker_is_shown_what_is_acknowledged(cli, wire):
    """Without a revision it is the alert as it stands."""
    listed = case_alert(1)
    wire.answers["ListAlerts"] = wire_pb.ListAlertsResponse(alerts=[listed])
    wire.answers["AcknowledgeAlert"] = wire_pb.AcknowledgeAlertResponse(revision=7)
    alert = listed.case_alert
    result = cli("alert", "ack", alert.alert_id.hex())
    sent = wire.requests("AcknowledgeAlert")[0]

    assert "Phone the police about case" in result.stdout.splitlines()[1]
    assert (sent.alert_id, sent.revision) == (alert.alert_id, alert.revision)


def test_a_coordinator_is_shown_what_is_closed(cli, wire, pki):
    """With the verdicts now and before."""
    cli.become(pki.client(Role.COORDINATOR, "vast", "co-01"))
    alert = police_alert(1).police_alert
    wire.answers["ShowAlert"] = wire_pb.ShowAlertResponse(alert=alert)
    wire.answers["CloseAlert"] = wire_pb.CloseAlertResponse(revision=7)
    result = cli("alert", "close", alert.alert_id.hex(), "--reason", "moved")

    assert "CONFLICT, was CLEAR" in result.stdout.splitlines()[1]
    assert wire.requests("CloseAlert")[0].revision == alert.revision


def test_an_alert_is_shown_as_it_stands_afterwards(cli, wire):
    """Not as it was: what was RAISED is ACKNOWLEDGED, with the own case number."""
    raised = case_alert(1)
    seen = case_alert(1, wire_pb.ALERT_STATE_ACKNOWLEDGED)
    answers = iter([raised, seen])
    wire.answers["ListAlerts"] = lambda _: wire_pb.ListAlertsResponse(
        alerts=[next(answers)]
    )
    wire.answers["AcknowledgeAlert"] = wire_pb.AcknowledgeAlertResponse(revision=7)
    wire.answers["ShowCase"] = ShowCaseResponse(reference="SN 7", contact="031-7")
    first, stands = cli("alert", "ack", f"{1:032x}").stdout.splitlines()

    assert first == "Acknowledged. It stays open until the police close it."
    assert (
        "  ACKNOWLEDGED  Your municipality has acknowledged the alert about case SN 7 ("
        in stands
    )


@pytest.mark.parametrize("reason", ["STALE", "CONTRADICTION"])
def test_a_refusal_tells_how_the_alert_stands(cli, wire, pki, reason):
    """What is true, beside what was wrong."""
    cli.become(pki.client(Role.COORDINATOR, "vast", "co-01"))
    wire.answers["ShowAlert"] = wire_pb.ShowAlertResponse(
        alert=police_alert(1, wire_pb.ALERT_STATE_ACKNOWLEDGED).police_alert
    )
    wire.answers["AcknowledgeAlert"] = refusal(REFUSALS[reason], reason)
    result = cli("alert", "ack", ALERT.hex(), *AS_SEEN)
    first, _hint, stands = result.stderr.splitlines()

    assert result.exit_code == 1
    assert "has not reached the revision" not in first
    assert stands.startswith("As it stands: 2026-06-15 12:00:00  ")
    assert "ACKNOWLEDGED" in stands


def test_an_alert_of_nobody_is_not_acknowledged(cli, wire):
    """What is not in the list is not there."""
    wire.answers["ListAlerts"] = wire_pb.ListAlertsResponse()
    result = cli("alert", "ack", ALERT.hex())

    assert "`placement alert list` shows the alerts" in result.stderr
    assert wire.requests("AcknowledgeAlert") == []


def test_an_alert_is_handed_over(cli, wire):
    """Then nobody owns it, so somebody is phoned."""
    wire.answers["HandOverAlert"] = wire_pb.HandOverAlertResponse(revision=7)
    words = ("alert", "hand-over", ALERT.hex(), "--to", "national", *AS_SEEN)

    assert "phone them" in cli(*words).stdout
    assert cli.json(*words) == (0, {"revision": 7})
    assert wire.requests("HandOverAlert")[0].region == "national"


@pytest.mark.parametrize(
    ("word", "closing"),
    [
        ("moved", wire_pb.ALERT_CLOSING_MOVED),
        ("no-danger", wire_pb.ALERT_CLOSING_NO_DANGER),
        ("accepted", wire_pb.ALERT_CLOSING_ACCEPTED),
        ("corrected", wire_pb.ALERT_CLOSING_CORRECTED),
    ],
)
def test_an_alert_is_closed_with_a_reason(cli, wire, word, closing):
    """One of four."""
    wire.answers["CloseAlert"] = wire_pb.CloseAlertResponse(revision=7)

    result = cli("alert", "close", ALERT.hex(), "--reason", word, *AS_SEEN)

    assert result.stdout == "Closed.\n"
    assert wire.requests("CloseAlert")[0].closing == closing


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("ack", "00"), "alert_id (ALERT) must be 32 hex digits."),
        (
            ("close", ALERT.hex(), "--reason", "bored"),
            "closing (--reason) must be one of",
        ),
    ],
)
def test_what_can_not_be_right_is_refused(cli, wire, words, told):
    """Before anything is sent."""
    result = cli("alert", *words)

    assert result.exit_code == 2
    assert told in result.stderr
    assert wire.seen == []


def test_a_region_that_is_none_is_told_with_its_option(cli, wire):
    """The service knows the regions."""
    wire.answers["HandOverAlert"] = invalid(("region", "is no police region"))
    result = cli("alert", "hand-over", ALERT.hex(), "--to", "north", *AS_SEEN)

    assert result.exit_code == 2
    assert "region (--to) is no police region." in result.stderr


@pytest.mark.parametrize(
    ("words", "reason", "hint"),
    [
        (("show",), "ACCESS_DENIED", "Coordinators do this."),
        (("show",), "NOT_FOUND", "placement alert list"),
        (("ack",), "NOT_FOUND", "placement alert list"),
        (("ack",), "CONTRADICTION", "closed, or acknowledged"),
        (("ack",), "STALE", "has changed since you saw it"),
        (("hand-over", "--to", "nord"), "CONTRADICTION", "has it already"),
        (("close", "--reason", "moved"), "CONTRADICTION", "before it is closed"),
        (("close", "--reason", "moved"), "ACCESS_DENIED", "phones the police"),
    ],
)
def test_a_refusal_says_what_helps(cli, wire, words, reason, hint):
    """Beside its constant text."""
    wire.answers[METHODS[words[0]]] = refusal(REFUSALS[reason], reason)
    seen = () if words == ("show",) else AS_SEEN
    result = cli("alert", words[0], ALERT.hex(), *words[1:], *seen)

    assert (result.exit_code, result.stdout) == (1, "")
    assert hint in result.stderr
