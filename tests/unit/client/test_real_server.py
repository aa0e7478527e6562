"""The whole client against the whole server: the journeys of all three roles."""

import json
from datetime import timedelta

import pytest
from kit.noon import TODAY
from kit.numbers import number
from kit.people import people

SOURCE = ("--grade", "1A", "--reason", "intelligence")
SOON = (TODAY + timedelta(days=10)).isoformat()


@pytest.fixture(scope="module")
def become(tmp_path_factory):
    """Start a server; return how to become somebody."""
    with people(tmp_path_factory.mktemp("served")) as become:
        yield become


@pytest.fixture(scope="module")
def caseworker(become):
    return become("caseworker", "1480", "cw-01")


@pytest.fixture(scope="module")
def coordinator(become):
    return become("coordinator", "national", "co-01")


@pytest.fixture(scope="module")
def second(become):
    return become("coordinator", "national", "co-02")


@pytest.fixture(scope="module")
def auditor(become):
    return become("auditor", "review", "au-01")


def checked(caseworker, case, *areas, code, extra=()):
    """Ask about areas and return the verdicts' words."""
    pairs = [word for area in areas for word in ("--area", area)]
    answer = caseworker(
        *("check", "--case", case, "--from", SOON, "--justification", "planned"),
        *pairs,
        *extra,
        code=code,
    )
    return [each["verdict"] for each in answer["verdicts"]]


@pytest.mark.parametrize("who", ["caseworker", "coordinator", "auditor"])
def test_doctor_is_content(who, request):
    """Every role's context is sound, over the real transport."""
    got = request.getfixturevalue(who)("doctor")

    assert got["ok"]
    assert {each["level"] for each in got["findings"]} == {"ok"}


def test_a_case_from_open_to_closed(caseworker, coordinator):
    """UNKNOWN until assessed and covered, then CLEAR; closed, it takes no question."""
    case = caseworker.opened(1, 2)
    before = checked(caseworker, case, "Malmö", code=3)
    written = coordinator("assess", case, "--none-known")["revision"]
    coordinator("coverage", "attest", "--whole-region")
    least = ("--min-revision", written)
    after = checked(caseworker, case, "1280", code=0, extra=least)
    shown = caseworker("case", "show", case)
    caseworker("case", "close", case, "--reason", "done", "--yes")
    refused = caseworker(
        *("check", "--case", case, "--from", SOON, "--justification", "planned"),
        *("--area", "1280"),
        code=1,
    )

    assert before == ["UNKNOWN"]
    assert after == ["CLEAR"]
    assert (shown["assessed"], shown["reference"]) == (True, "SN 1")
    assert refused["error"]["reason"] == "CASE_CLOSED"


def test_a_rivalry_by_name_makes_a_conflict(caseworker, coordinator, second, tmp_path):
    """Two coordinators, group names on their machines alone, one verdict."""
    case = caseworker.opened(11)
    coordinator("coverage", "attest", "--whole-region")
    coordinator("group", "register", "North Side", "South Side")
    facts = [
        {
            "affiliation": {"person": {}, "group": "north side", "role": "core"},
            "grade": {"scheme": "3x5x2", "given": "1A"},
            "reason": "intelligence",
        }
    ]
    path = tmp_path / "facts.json"
    path.write_text(json.dumps({"facts": facts}))
    coordinator("assess", case, "--fact-file", path)
    clear = checked(caseworker, case, "0680", code=0)
    rivalry = coordinator(
        *("fact", "record", "rivalry", "--group", "North Side"),
        *("--group", "SOUTH-SIDE", "--severity", "3", *SOURCE),
    )
    presence = coordinator(
        *("fact", "record", "presence", "--group", "South Side"),
        *("--area", "Jönköping", "--kind", "base", *SOURCE),
    )
    review = checked(caseworker, case, "0680", code=3)
    waiting = {each["change_id"] for each in second("change", "list")["changes"]}
    for each in (rivalry, presence):
        second("change", "approve", *each["change_ids"])
    conflict = checked(caseworker, case, "0680", code=4)
    names = {each["name"] for each in second("group", "list")["groups"]}

    assert [clear, review, conflict] == [["CLEAR"], ["REVIEW"], ["CONFLICT"]]
    # Other tests leave some, too.
    assert waiting >= {*rivalry["change_ids"], *presence["change_ids"]}
    assert names >= {"North Side", "South Side"}


def test_every_kind_of_fact_is_taken(caseworker, coordinator):
    """The server accepts what each command makes of its options."""
    case = caseworker.opened(21, 22)
    groups = coordinator("group", "register", "East", "West", "Far West")["groups"]
    token = groups[0]["token"]
    lines = f"{number(serial=23)}\n{number(serial=24)}\n"
    got = [
        coordinator("fact", "record", *words, *SOURCE, stdin=stdin)
        for words, stdin in [
            (
                (
                    "affiliation",
                    "--group",
                    token,
                    "--role",
                    "kin"[:0] or "relative",
                    "--person",
                    f"{case}:1",
                ),
                None,
            ),
            (("faction", "--child", "Far West", "--parent", "West"), None),
            (
                ("rivalry", "--group", "East", "--group", "West", "--severity", "1"),
                None,
            ),
            (("alliance", "--group", "East", "--group", "Far West"), None),
            (
                ("presence", "--group", "West", "--area", "0114", "--kind", "active"),
                None,
            ),
            (
                (
                    "threat",
                    "--target",
                    case,
                    "--by-person",
                    "ask",
                    "--severity",
                    "2",
                    "--identifier-stdin",
                ),
                number(serial=23),
            ),
            (("located", "--area", "0115", "--identifier-stdin"), number(serial=23)),
            (("tie", "--person", case, "--area", "0117", "--danger"), None),
            (("same-as", "--identifier-stdin"), lines),
        ]
    ]
    ids = [each["fact_ids"][0] for each in got]

    assert len(set(ids)) == len(ids) == 9


def test_facts_are_ended_retracted_and_regraded(coordinator, second):
    """Ending is at once; the others wait for the second coordinator."""
    coordinator("group", "register", "Uptown")
    facts = [
        coordinator(
            *("fact", "record", "presence", "--group", "Uptown", "--area", area),
            *("--kind", "occasional", "--from", "2026-01-01", *SOURCE),
        )["fact_ids"][0]
        for area in ("0120", "0123", "0125")
    ]
    coordinator("fact", "end", facts[0], "--on", "2026-02-01")
    for change in (
        coordinator("fact", "retract", facts[1])["change_id"],
        coordinator("fact", "regrade", facts[2], "--grade", "3E")["change_id"],
    ):
        second("change", "approve", change)
    again = coordinator("change", "approve", change, code=1)

    assert again["error"]["reason"] in {"NOT_FOUND", "CONTRADICTION"}


def test_facilities_and_placements(caseworker, coordinator, second):
    """A facility belongs to its area; a placement stands, then two end it."""
    case = caseworker.opened(31)
    coordinator("assess", case, "--none-known")
    registered = coordinator("facility", "register", "--area", "Lund")["facilities"]
    facility = registered[0]["token"]
    recorded = coordinator(
        *("placement", "record", case, "--area", "Lund", "--facility", facility),
        *("--from", "2026-01-01"),
    )
    change = coordinator(
        "placement", "end", *recorded["placement_ids"], "--on", "2026-02-01"
    )["change_id"]
    (shown,) = second("change", "show", change)["items"]
    second("change", "approve", change)
    wrong = caseworker(
        *("check", "--case", case, "--from", SOON, "--justification", "planned"),
        *("--area", f"Malmö:{facility}"),
        code=2,
    )

    assert (shown["effect"], shown["case_handle"]) == ("placement_ended", case)
    assert [
        each["state"] for each in caseworker("case", "show", case)["placements"]
    ] == ["ENDED"]
    assert wrong["error"]["field"].startswith("candidates[0]")


def test_a_group_is_registered_once(coordinator):
    """In whatever spelling."""
    coordinator("group", "register", "Hill Top")
    got = coordinator("group", "register", "HILL-TOP", code=1)

    assert got["error"]["reason"] == "CONTRADICTION"


def test_roles_are_kept_apart(caseworker, coordinator, auditor):
    """What a role may not do is refused in constant words."""
    got = [
        caseworker("group", "list", code=1),
        coordinator("case", "show", "0" * 32, code=1),
        auditor("change", "list", code=1),
    ]

    assert {each["error"]["reason"] for each in got} == {"ACCESS_DENIED"}


def test_a_repeated_request_does_nothing_twice(caseworker):
    """The same id and content give the same case."""
    words = ("case", "open", "--reference", "SN 9", "--basis", "police")
    repeat = ("--identifier-stdin", "--request-id", "5" * 32)
    first = caseworker(*words, *repeat, stdin=number(serial=41))
    again = caseworker(*words, *repeat, stdin=number(serial=41))
    other = caseworker(*words, *repeat, stdin=number(serial=42), code=1)

    assert first == again
    assert other["error"]["reason"] == "REQUEST_ID_REUSED"


def test_the_budget_of_a_case_is_said(become, coordinator):
    """The seventh area is refused, whoever is on record."""
    caseworker = become("caseworker", "1480", "cw-02")
    case = caseworker.opened(51)
    coordinator("coverage", "attest", "--whole-region")
    coordinator("assess", case, "--none-known")
    areas = ["0114", "0115", "0117", "0120", "0123", "0125"]
    for area in areas:
        caseworker(
            *("check", "--case", case, "--from", SOON, "--justification", "urgent"),
            *("--area", area, "--yes"),
            code=0,
        )
    got = caseworker(
        *("check", "--case", case, "--from", SOON, "--justification", "urgent"),
        *("--area", "0126"),
        code=1,
    )

    assert got["error"]["reason"] == "BUDGET_SPENT"


def test_an_unknown_case_is_not_found(caseworker):
    """Absent and not yours are one."""
    got = caseworker("case", "show", "0" * 32, code=1)

    assert got["error"]["reason"] == "NOT_FOUND"


def test_the_log_holds_what_was_done(become, auditor):
    """Entries in order, a check among them with its verdict as a class."""
    caseworker = become("caseworker", "1480", "cw-03")
    case = caseworker.opened(61)
    checked(caseworker, case, "1480", code=3)
    got = auditor(
        *("audit", "list", "--purpose", "supervision", "--matter", "DI 1"),
        *("--first", "0", "--limit", "1000"),
    )
    entries = got["entries"]
    own = [each for each in entries if each["person"] == "cw-03"]

    assert [each["index"] for each in entries] == list(range(len(entries)))
    assert [(each["action"], each["outcome"]) for each in own] == [
        ("EVALUATE", "ANSWERED"),
        ("CASE_OPEN", "ANSWERED"),
        ("BUDGET_SHOW", "ANSWERED"),
        ("CHECK", "ANSWERED"),
        ("RECEIPT_READ", "ANSWERED"),
    ]
    assert [each["details"]["verdicts"] for each in own] == [
        *([], [], [], ["UNKNOWN"], []),
    ]


WHY = ("--purpose", "incident", "--matter", "DI 1")


def test_a_decision_is_proven_replayed_and_taken_along(
    become, coordinator, auditor, tmp_path
):
    """From the verdict's receipt to a bundle that is verified without the server."""
    caseworker = become("caseworker", "1480", "cw-04")
    case = caseworker.opened(71)
    coordinator("coverage", "attest", "--whole-region")
    coordinator("assess", case, "--none-known")
    checked(caseworker, case, "0180", code=0)
    receipts = caseworker("receipt", "list")["receipts"]
    caseworker("receipt", "verify")
    (found,) = auditor(
        *("audit", "list", *WHY, "--first", "0", "--person", "cw-04"),
        *("--action", "check"),
    )["entries"]
    (decision,) = found["details"]["decisions"]
    shown = auditor("audit", "show", found["index"], *WHY)
    replayed = auditor("audit", "replay", decision, *WHY)
    auditor("audit", "verify")
    bundle = tmp_path / "taken.placement-audit.zip"
    auditor("audit", "export", "--out", bundle, *WHY, "--first", "0")
    auditor("audit", "verify", bundle)
    anomalies = auditor("audit", "anomalies", *WHY, "--from", TODAY.isoformat())

    assert [each["leaf"] for each in receipts] == [found["index"]]
    assert shown["entry"]["leaf_hash"] == found["leaf_hash"]
    assert replayed["outcome"] == "EQUAL"
    assert isinstance(anomalies["anomalies"], list)
