"""``audit permits``: the register of overrides and releases."""

import re
import time

import pytest
from kit.access_log import AT, PSEUDONYM
from kit.asked import day
from placement_client.commands.audit_permits import GROUNDS

from placement.api.v1 import audit_service_pb2 as audit
from placement.api.v1 import phantom_service_pb2 as phantom
from placement.api.v1.placement_service_pb2 import OverrideGround
from placement.api.v1.types_pb2 import Verdict

PERMITS = (
    *("audit", "permits", "--purpose", "supervision", "--matter", "TSN 7"),
    *("--from", "2026-06-15T00:00:00Z"),
)
MIDNIGHT = AT - 10 * 3_600_000_000


def override(**changes):
    given = {
        "permit_id": bytes([1]) * 16,
        "override": True,
        "case_alias": PSEUDONYM,
        "county": "14",
        "verdict": Verdict.VERDICT_CONFLICT,
        "override_ground": OverrideGround.OVERRIDE_GROUND_GREATER_DANGER,
        "proposed_by": "1480/cw-01",
        "signed_by": "vast/co-01",
        "proposed_at": AT,
        "follow_up_day": day("2026-07-15"),
        "used": True,
    }
    return audit.Permit(**{**given, **changes})


def release():
    return override(
        override=False,
        override_ground=0,
        verdict=Verdict.VERDICT_REVIEW,
        proposed_by="vast/co-01",
        signed_by="",
        follow_up_day=0,
        used=False,
    )


def test_the_register_is_a_table(cli, wire):
    """Who asked, who signed, why, when somebody looks again."""
    wire.answers["ListPermits"] = audit.ListPermitsResponse(
        permits=[override(), release(), override(signed_by="", waits=True)]
    )
    result = cli(*PERMITS)
    _, first, second, third = (
        re.split("  +", line.strip()) for line in result.stdout.splitlines()
    )

    assert (result.exit_code, result.stderr) == (
        0,
        "3 permits.\n0 lifts of phantom stays.\n",
    )
    assert first == [
        *("2026-06-15 12:00:00", "override", "01" * 16, "cacacaca"),
        *("Västra Götalands län", "CONFLICT", "staying is a greater danger"),
        *("1480/cw-01", "vast/co-01", "2026-07-15", "yes"),
    ]
    assert second[1:2] + second[5:] == [
        *("release", "REVIEW", "-", "vast/co-01", "-", "-", "no")
    ]
    assert third[8] == "waits"


def test_the_register_is_an_object(cli, wire):
    """What only an override has is null for a release."""
    wire.answers["ListPermits"] = audit.ListPermitsResponse(
        permits=[override(), release()], more=True
    )
    code, data = cli.json(*PERMITS)
    first, second = data["permits"]

    assert (code, data["more"]) == (0, True)
    assert first == {
        "permit_id": "01" * 16,
        "override": True,
        "case_alias": PSEUDONYM.hex(),
        "county": {"code": "14", "name": "Västra Götalands län"},
        "verdict": "CONFLICT",
        "override_ground": "GREATER_DANGER",
        "proposed_by": "1480/cw-01",
        "signed_by": "vast/co-01",
        "proposed_at": "2026-06-15T10:00:00.000000Z",
        "follow_up_day": "2026-07-15",
        "used": True,
        "waits": False,
    }
    assert (second["override_ground"], second["follow_up_day"]) == (None, None)


def lifted(**changes):
    given = {
        "change_id": bytes([2]) * 16,
        "case_alias": PSEUDONYM,
        "county": "14",
        "ground": phantom.LIFT_GROUND_URGENT,
        "proposed_by": "vast/co-01",
        "signed_by": "co-02",
        "approved_at": AT,
        "ends_at": AT + 3_600_000_000,
    }
    return audit.Lift(**{**given, **changes})


def test_lifts_stand_below(cli, wire):
    """Who proposed, who approved, why and how long; or that it waits."""
    waits = lifted(signed_by="", approved_at=0, waits=True)
    old = lifted(change_id=b"", proposed_by="vast/", signed_by="", ground=0)
    wire.answers["ListPermits"] = audit.ListPermitsResponse(
        lifts=[lifted(), waits, old]
    )
    result = cli(*PERMITS)
    rows = [re.split("  +", line.strip()) for line in result.stdout.splitlines()[-3:]]
    _, data = cli.json(*PERMITS)

    assert "3 lifts of phantom stays." in result.stderr
    assert rows[0] == [
        *("2026-06-15 12:00:00", "02" * 16, "cacacaca", "Västra Götalands län"),
        *("somebody has to move at once", "vast/co-01", "co-02"),
        "2026-06-15 13:00:00",
    ]
    assert (rows[1][0], rows[1][-2]) == ("-", "waits")
    assert (rows[2][1], rows[2][4], rows[2][-2]) == ("-", "-", "-")
    assert data["lifts"][0] == {
        "change_id": "02" * 16,
        "case_alias": PSEUDONYM.hex(),
        "county": {"code": "14", "name": "Västra Götalands län"},
        "ground": "URGENT",
        "proposed_by": "vast/co-01",
        "signed_by": "co-02",
        "approved_at": "2026-06-15T10:00:00.000000Z",
        "ends_at": "2026-06-15T11:00:00.000000Z",
        "waits": False,
    }
    assert data["lifts"][1]["approved_at"] is None


def test_what_does_not_fit_is_said(cli, wire):
    """The register is never cut without a word."""
    wire.answers["ListPermits"] = audit.ListPermitsResponse(more=True)

    assert "There are more: ask for a shorter period." in cli(*PERMITS).stderr


def test_period_and_ground_are_sent(cli, wire):
    """To a day or instant; to now, if none is given."""
    wire.answers["ListPermits"] = audit.ListPermitsResponse()
    before = time.time() * 1_000_000
    cli(*PERMITS, "--to", "2026-06-15T10:00:00Z")
    cli(*PERMITS)
    some, until_now = wire.requests("ListPermits")

    assert (some.since, some.until) == (MIDNIGHT, AT)
    assert some.ground == audit.Ground(
        purpose=audit.AUDIT_PURPOSE_SUPERVISION, matter="TSN 7"
    )
    assert before - 1 <= until_now.until <= time.time() * 1_000_000


@pytest.mark.parametrize(
    ("words", "option"),
    [
        (("--to", "soon"), "until (--to) must be a date"),
        (("--from", "soon"), "since (--from) must be a date"),
        (("--purpose", "boredom"), "purpose (--purpose)"),
        (("--matter", ""), "matter (--matter)"),
    ],
)
def test_what_can_not_be_right_is_refused(cli, wire, words, option):
    """Before anything is sent."""
    result = cli(*PERMITS, *words)

    assert result.exit_code == 2
    assert option in result.stderr
    assert wire.seen == []


def test_every_ground_has_its_words():
    """Zero is none."""
    assert set(GROUNDS) == set(OverrideGround.values()) - {0}
