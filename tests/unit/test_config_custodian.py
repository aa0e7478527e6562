"""Settings of a custodian who stands apart: a registry's are none of them."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from placement.config import (
    CustodianSettings,
    Listener,
    load_custodian,
    parse,
    parse_custodian,
)

FOLDER = Path("/etc/placement")


DAY = "organisation_day = 5"
NAMED = 'origin = "police.example.org/log"\n'


def test_a_custodian_s_settings():
    """The defaults are a custodian's; what is set stands."""
    got = parse_custodian(
        NAMED + 'custodian_key = "share.key"\nhealth.on = true', FOLDER
    )

    assert got == CustodianSettings(
        replace(
            parse(NAMED, FOLDER),
            address="127.0.0.1:8444",
            database="sqlite:////etc/placement/custodian.db",
            anchor=FOLDER / "custodian.anchor",
            custodian_key=FOLDER / "share.key",
            metrics=Listener(address="127.0.0.1:8447"),
            health=Listener(on=True, address="127.0.0.1:8448"),
        ),
        {},
    )


def test_a_custodian_s_budgets():
    """By role; a role that is not there keeps the package's."""
    text = NAMED + "[budgets.caseworker]\nperson_hour = 5\norganisation_day = 50"

    assert parse_custodian(text, FOLDER).budgets == {"caseworker": (5, 50)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "origin must name the log of this custodian"),
        ('origin = ""', "origin must name the log of this custodian"),
        (NAMED + 'ruleset = "a"', "not a custodian's setting: ruleset"),
        (
            NAMED + 'custodian_id = ""\n[contacts]',
            "not a custodian's setting: contacts, custodian_id",
        ),
        (NAMED + "other = 1", "unknown setting: other (line 2)"),
        (NAMED + "pace = -1", "pace must be 0 to 1000 ms"),
        (
            NAMED + "budgets = 1",
            "budgets must be tables of caseworker and coordinator",
        ),
        (
            NAMED + "[budgets.auditor]",
            "budgets must be tables of caseworker and coordinator",
        ),
        (
            NAMED + "[budgets]\ncaseworker = 1",
            "a budget must have person_hour and organisation_day",
        ),
        (
            NAMED + "[budgets.caseworker]\nperson_hour = 5",
            "a budget must have person_hour and organisation_day",
        ),
        *(
            (
                f"{NAMED}budgets.caseworker = {{person_hour = {hour}, {DAY}}}",
                "a budget must be 1 to 1,000,000",
            )
            for hour in ("0", "-1", "1000001", "true", "1.0", '"1"')
        ),
    ],
)
def test_what_no_custodian_can_be_told(text, expected):
    """A registry's key would be without effect here, and must not seem to have one."""
    with pytest.raises(ValueError, match=f"^{re.escape(expected)}$"):
        parse_custodian(text, FOLDER)


def test_a_custodian_s_file_is_read(tmp_path):
    """Its paths start from its own folder."""
    (tmp_path / "custodian.toml").write_text(NAMED, "utf-8")

    assert load_custodian(tmp_path / "custodian.toml") == parse_custodian(
        NAMED, tmp_path
    )
