"""Another ruleset from the terminal, against the whole server: scenario 43."""

import re
from datetime import timedelta

import pytest
from kit.noon import TODAY
from kit.people import people

YESTERDAY = (TODAY - timedelta(days=1)).isoformat()


@pytest.fixture(scope="module")
def become(tmp_path_factory):
    with people(tmp_path_factory.mktemp("served")) as become:
        yield become


@pytest.fixture(scope="module")
def caseworker(become):
    return become("caseworker", "1480", "cw-01")


@pytest.fixture(scope="module")
def first(become):
    coordinator = become("coordinator", "national", "co-01")
    coordinator("coverage", "attest", "--whole-region")
    return coordinator


@pytest.fixture(scope="module")
def second(become):
    return become("coordinator", "national", "co-02")


@pytest.fixture(scope="module")
def auditor(become):
    return become("auditor", "imy", "au-01")


def checked(caseworker, case, code):
    return caseworker(
        *("check", "--case", case, "--from", "today", "--area", "0183"),
        *("--justification", "planned"),
        code=code,
    )


def test_a_weaker_nearness(caseworker, first, second, auditor, tmp_path):
    """Shown, approved, in force; old decisions replay under the old rules."""
    first("group", "register", "North", "South")
    case = caseworker.opened(500, reference="SN 500")
    first("assess", case, "--none-known")
    first(
        *("fact", "record", "affiliation", "--person", f"{case}:0"),
        *("--group", "North", "--role", "core", "--grade", "1B"),
        *("--reason", "intelligence"),
    )
    first(
        *("fact", "record", "rivalry", "--group", "North", "--group", "South"),
        *("--severity", "3", "--grade", "1B", "--reason", "intelligence"),
    )
    first(
        *("fact", "record", "presence", "--group", "South", "--area", "0184"),
        *("--kind", "base", "--grade", "1B", "--reason", "intelligence"),
    )
    first(
        *("placement", "record", case, "--area", "0183"),
        *("--from", YESTERDAY),
    )
    before = checked(caseworker, case, 3)
    file = tmp_path / "rules.toml"
    shown = first("ruleset", "show")
    newer = re.sub('version = ".*"', 'version = "2030-01-1"', shown["content"])
    file.write_text(newer.replace("removed = []", 'removed = ["0183-0184"]'))
    key = first("ruleset", "propose", file)["ruleset_id"]
    shadow = first("ruleset", "shadow", key)
    waiting = second("ruleset", "show", key)
    approve = ("ruleset", "approve", key, "--rules")
    refused = [
        first(*approve, waiting["rules"], code=1)["error"]["reason"],
        second(*approve, "00" * 32, code=1)["error"]["reason"],
    ]
    second(*approve, waiting["rules"])
    after = checked(caseworker, case, 0)
    why = ("--purpose", "supervision", "--matter", "DI 2026/17")
    replays = [
        auditor("audit", "replay", each["verdicts"][0]["decision_id"], *why)
        for each in (before, after)
    ]

    assert shadow["moved"][0]["case_handle"] == case
    assert shadow["shifts"][0]["after"] == "CLEAR"
    assert waiting["differences"] == [
        {"key": "version", "before": shown["version"], "after": "2030-01-1"},
        {"key": "near.removed", "before": [], "after": ["0183-0184"]},
    ]
    assert refused == ["ACCESS_DENIED", "CONTRADICTION"]
    assert [each["ruleset"] for each in (before, after)] == [
        shown["version"],
        "2030-01-1",
    ]
    assert [each["outcome"] for each in replays] == ["EQUAL", "EQUAL"]
    assert [each["state"] for each in auditor("ruleset", "list")["rulesets"]] == [
        "PAST",
        "IN_FORCE",
    ]
