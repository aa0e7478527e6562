"""Holds, moves and overrides from the terminal, against the whole server.

The key of the access log is pinned, so that every answer with a verdict is held against
the entry that the service wrote.
"""

import itertools
from datetime import timedelta

import pytest
from kit.noon import TODAY
from kit.people import people

LATER = (TODAY + timedelta(days=60)).isoformat()
VERIFIED = "verified"


@pytest.fixture(scope="module")
def become(tmp_path_factory):
    with people(tmp_path_factory.mktemp("served")) as become:
        yield become


@pytest.fixture(scope="module")
def caseworker(become):
    return become("caseworker", "1480", "cw-01")


@pytest.fixture(scope="module")
def coordinator(become):
    coordinator = become("coordinator", "national", "co-01")
    coordinator("coverage", "attest", "--whole-region")
    return coordinator


@pytest.fixture(scope="module")
def serials():
    return itertools.count(100)


@pytest.fixture
def case(caseworker, coordinator, serials):
    """A case of somebody of this test's own, assessed."""
    serial = next(serials)
    case = caseworker.opened(serial, reference=f"SN {serial}")
    coordinator("assess", case, "--none-known")
    return case


def check(caseworker, case, area, *words, code=0):
    """Ask about an area from today on; return the answer and its only verdict."""
    answer = caseworker(
        *("check", "--case", case, "--from", "today", "--to", LATER, "--area", area),
        *("--justification", "planned", *words),
        code=code,
    )
    return answer, answer["verdicts"][0]


def states(caseworker, case):
    """Return where each placement of a case is in its life, the newest first."""
    return {
        each["placement_id"]: (each["state"], each["moved_in"])
        for each in caseworker("case", "show", case)["placements"]
    }


def test_a_place_from_hold_to_end(caseworker, case):
    """Held, extended once, confirmed, moved in, ended; each receipt verifies."""
    asked, found = check(caseworker, case, "1280", "--hold")
    hold = found["hold_id"]
    extended = caseworker("hold", "extend", hold)
    twice = caseworker("hold", "extend", hold, code=1)
    confirmed = caseworker("hold", "confirm", hold)
    again = caseworker("hold", "confirm", hold, code=1)
    moved_in = caseworker("placement", "move-in", hold)
    before = states(caseworker, case)
    caseworker("placement", "end", hold, "--on", "today")
    after = states(caseworker, case)

    assert [each["receipt"]["state"] for each in (asked, confirmed, moved_in)] == [
        *(VERIFIED, VERIFIED, VERIFIED)
    ]
    assert extended["expires_at"] >= found["hold_expires_at"]
    assert [each["error"]["reason"] for each in (twice, again)] == [
        *("CONTRADICTION", "CONTRADICTION")
    ]
    assert again["error"]["notes"][0].startswith("It is confirmed already.")
    assert twice["error"]["notes"][0].startswith("It was extended already")
    assert (confirmed["done"], moved_in["done"]) == (True, True)
    assert before == {hold: ("ACTIVE", True)}
    assert after == {hold: ("ENDED", True)}


def test_what_is_repeated_is_done_once(caseworker, case):
    """Under one request id there is one hold, confirmed once; each answer verifies."""
    held = [
        check(caseworker, case, "1280", "--hold", "--request-id", "0a" * 16)
        for _ in range(2)
    ]
    hold = held[0][1]["hold_id"]
    confirmed = [
        caseworker("hold", "confirm", hold, "--request-id", "0b" * 16) for _ in range(2)
    ]
    late = check(caseworker, case, "1280", "--hold", "--request-id", "0a" * 16)

    assert [found["hold_id"] for _, found in (*held, late)] == [hold, hold, hold]
    assert late[1]["hold_expires_at"] is None
    assert [each["done"] for each in confirmed] == [True, True]
    assert {each["receipt"]["state"] for each in (*confirmed, held[1][0], late[0])} == {
        VERIFIED
    }
    assert states(caseworker, case) == {hold: ("ACTIVE", False)}


def test_a_household_moves_on(caseworker, case):
    """From a place that stands to one that is held, in one step."""
    _, first = check(caseworker, case, "1280", "--hold")
    caseworker("hold", "confirm", first["hold_id"])
    caseworker("placement", "move-in", first["hold_id"])
    _, second = check(caseworker, case, "0680", "--hold")
    moved = caseworker(
        *("placement", "move", first["hold_id"], "--to", second["hold_id"])
    )

    assert (moved["done"], moved["receipt"]["state"]) == (True, VERIFIED)
    assert states(caseworker, case) == {
        second["hold_id"]: ("ACTIVE", True),
        first["hold_id"]: ("ENDED", True),
    }


def test_a_case_holds_two_places(caseworker, case):
    """A third is refused until one is given up; a confirmed one may be aborted."""
    _, first = check(caseworker, case, "1280", "--hold")
    _, second = check(caseworker, case, "0680", "--hold")
    third = caseworker(
        *("check", "--case", case, "--from", "today", "--area", "0180", "--hold"),
        *("--justification", "planned"),
        code=1,
    )
    caseworker("hold", "release", first["hold_id"])
    caseworker("hold", "confirm", second["hold_id"])
    caseworker("placement", "abort", second["hold_id"])
    _, other = check(caseworker, case, "0180", "--hold")

    assert third["error"]["reason"] == "CONTRADICTION"
    assert "holds as many places as it may" in third["error"]["notes"][0]
    assert states(caseworker, case) == {
        other["hold_id"]: ("HELD", False),
        second["hold_id"]: ("ABORTED", False),
        first["hold_id"]: ("ABORTED", False),
    }


def test_an_override_opens_what_was_closed(caseworker, coordinator, case):
    """REVIEW holds nothing until a coordinator signed what was shown."""
    tie = coordinator(
        *("fact", "record", "tie", "--person", f"{case}:0", "--area", "1480"),
        *("--grade", "1A", "--reason", "intelligence"),
    )
    _, refused = check(caseworker, case, "1480", "--hold", code=3)
    override = caseworker(
        *("override", "propose", case, "--area", "1480", "--from", "today"),
        *("--to", LATER, "--ground", "care", "--yes", "--follow-up"),
        (TODAY + timedelta(days=30)).isoformat(),
    )["override_id"]
    shown = coordinator("override", "show", override, code=3)
    coordinator("override", "sign", override, "--seen", shown["seen"], "--yes")
    answer, held = check(caseworker, case, "1480", "--hold", code=3)
    confirmed = caseworker("hold", "confirm", held["hold_id"])

    assert tie["fact_ids"]
    assert (refused["verdict"], refused["hold_id"]) == ("REVIEW", "")
    assert shown["findings"][0]["rule"] == "R6"
    assert (held["verdict"], answer["receipt"]["state"]) == ("REVIEW", VERIFIED)
    assert (confirmed["done"], confirmed["verdict"]) == (True, "REVIEW")
    assert held["must"] == confirmed["must"]
    assert held["must"].startswith("under a release or an override")
    assert [
        (each["permit_id"], each["state"])
        for each in caseworker("case", "show", case)["permits"]
    ] == [(override, "IN_FORCE_AND_USED")]
    assert states(caseworker, case) == {held["hold_id"]: ("ACTIVE", False)}
