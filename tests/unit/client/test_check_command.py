"""``check``: what it asks, prints and exits with."""

import re
from datetime import date, timedelta
from types import SimpleNamespace

import grpc
import pytest
from kit.asked import CASE, NOON
from kit.wire import PLENTY, RefusalError, invalid, refusal
from placement_client.commands import check as command

from placement.api.v1 import budget_service_pb2 as budget
from placement.api.v1 import check_service_pb2 as check
from placement.api.v1.types_pb2 import Verdict

CODE = grpc.StatusCode
FACILITY = bytes([7]) * 16
HOURS_72 = 72 * 3_600_000_000
COST = (
    "This asks about 1 new area. Left before it: 9 for this case, 9 for your "
    "municipality in 2 days, 9 for you today.\n"
)
NOT_SHOWN = "Do not place on this; phone instead.\n"

pytestmark = pytest.mark.usefixtures("at_noon")


def verdicts(*words):
    return check.CheckPlacementResponse(
        verdicts=[
            check.CandidateVerdict(
                verdict=Verdict.Value(f"VERDICT_{word}"),
                decision_id=bytes([n]) * 16,
                valid_until=NOON + HOURS_72 * (word == "CLEAR"),
            )
            for n, word in enumerate(words)
        ],
        revision=8,
        ruleset="2026-11-1",
        decided_at=NOON,
        contact="031-700 00 00",
        leaf_index=12,
    )


def asked(*areas):
    pairs = [word for area in areas for word in ("--area", area)]
    return (
        *("check", "--case", CASE.hex(), "--from", "2026-12-01"),
        *("--justification", "follow-up", *pairs),
    )


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["CLEAR"], 0),
        (["CLEAR", "UNKNOWN"], 3),
        (["REVIEW", "CLEAR"], 3),
        (["UNKNOWN", "CONFLICT", "CLEAR"], 4),
    ],
)
def test_the_worst_verdict_is_the_exit_code(cli, wire, words, code):
    """A script needs no parsing to fail safe."""
    wire.answers["CheckPlacement"] = verdicts(*words)
    areas = ["1480", "0180", "1280"][: len(words)]

    assert cli(*asked(*areas)).exit_code == code


def test_a_check_says_what_to_do(cli, wire):
    """Place, verdict, act, validity and telephone; a reason never."""
    wire.answers["CheckPlacement"] = verdicts("CLEAR", "CONFLICT")
    result = cli(*asked("Göteborg", f"0180:{FACILITY.hex()}"))
    _, first, second, phone, *rest = result.stdout.splitlines()

    assert re.fullmatch(
        r"1480 +Göteborg +CLEAR +may place; ask again before moving in "
        r"+2026-06-18 12:00 Stockholm time *",
        first,
    )
    assert re.fullmatch(
        r"0180 +Stockholm +CONFLICT +do not place here; choose another place +- *",
        second,
    )
    assert phone == "Phone: 031-700 00 00"
    assert "Decided 2026-06-15 12:00 Stockholm time, ruleset 2026-11-1." in rest
    assert any(f"0180: {'01' * 16}" in line for line in rest)


def test_a_check_asks_what_was_typed(cli, wire):
    """Codes, names, facilities, window and reason reach the wire."""
    wire.answers["CheckPlacement"] = verdicts("CLEAR", "CLEAR")
    options = ("--to", "2027-03-01", "--min-revision", "6")
    cli(*asked("malmö", f"0180:{FACILITY.hex()}"), *options)
    (got,) = wire.requests("CheckPlacement")

    assert [(each.area, each.facility) for each in got.candidates] == [
        ("1280", b""),
        ("0180", FACILITY),
    ]
    assert (got.window.start_day, got.window.end_day) == (20_788, 20_878)
    assert got.case_handle == CASE
    assert got.justification == check.JUSTIFICATION_FOLLOW_UP
    assert got.min_revision == 6


def test_a_check_is_one_object(cli, wire):
    """The documented form of ``--json``."""
    wire.answers["CheckPlacement"] = verdicts("REVIEW")
    code, data = cli.json(*asked("1480"))

    assert (code, data) == (
        3,
        {
            "verdicts": [
                {
                    "area": "1480",
                    "name": "Göteborg",
                    "facility": "",
                    "verdict": "REVIEW",
                    "decision_id": "00" * 16,
                    "valid_until": None,
                    "hold_id": "",
                    "hold_expires_at": None,
                    "must": "contact the coordinator before any decision",
                }
            ],
            "revision": 8,
            "ruleset": "2026-11-1",
            "decided_at": "2026-06-15T10:00:00.000000Z",
            "contact": "031-700 00 00",
            "leaf_index": 12,
            "ahead_days": 0,
            "budgets": None,
            "receipt": {"leaf": 12, "size": None, "state": "none"},
            "from": "2026-12-01",
            "to": None,
        },
    )


@pytest.mark.parametrize(
    ("ago", "word", "doubted"),
    [
        (365, "planned", True),
        (32, "urgent", True),
        (31, "planned", False),
        (0, "planned", False),
        (-10, "planned", False),
        (365, "follow-up", False),
    ],
)
def test_a_first_day_long_past_is_doubted(cli, wire, ago, word, doubted):
    """Last year's date is a slip; who follows up means it. The question is asked."""
    wire.answers["CheckPlacement"] = verdicts("CLEAR")
    start = date(2026, 6, 15) - timedelta(days=ago)
    words = ("--from", start.isoformat(), "--justification", word)
    result = cli(*asked("1480"), *words)
    warning = "--from lies more than 31 days in the past. Is the year right?\n"

    assert (result.exit_code, result.stderr) == (
        0,
        f"{warning if doubted else ''}{COST}",
    )


@pytest.mark.parametrize(
    ("words", "field"),
    [
        (("--area", "Gotebrg"), "candidates[1].area"),
        (("--area", "0180:00"), "candidates[1].facility"),
        (("--to", "soon"), "to"),
        (("--case", "00"), "case_handle"),
        (("--justification", "curious"), "justification"),
        (("--deadline", "11"), "deadline"),
        (("--request-id", "00"), "request_id"),
    ],
)
def test_a_question_that_cannot_be_is_not_asked(cli, wire, words, field):
    """Exit code 2, the field, and nothing on the wire."""
    code, data = cli.json(*asked("1480"), *words)

    assert (code, data["error"]["field"]) == (2, field)
    assert wire.seen == []


def test_a_near_name_is_suggested(cli):
    """On standard error, beside the refusal."""
    result = cli(*asked("Gotebrg"))

    assert "Did you mean: Göteborg" in result.stderr
    assert result.stdout == ""


def test_no_answer_is_no_verdict(cli, wire):
    """Exit code 1, in words that say what not to do, and how to repeat it."""
    wire.answers["CheckPlacement"] = RefusalError(CODE.UNAVAILABLE)
    result = cli(*asked("1480"))
    seed = re.search("--request-id ([0-9a-f]{32})", result.stderr)[1]
    wire.answers["CheckPlacement"] = verdicts("CLEAR")
    again = cli(*asked("1480"), "--request-id", seed)
    ids = {each.request_id for each in wire.requests("CheckPlacement")}

    assert result.exit_code == 1
    assert result.stdout == ""
    assert "Do not place on this" in result.stderr
    assert "placement doctor" in result.stderr
    assert again.exit_code == 0
    assert len(ids) == 1


def test_a_read_that_failed_needs_no_repeating(cli, wire):
    """There is no id to tell where none was used."""
    wire.answers["ShowCase"] = RefusalError(CODE.UNAVAILABLE)
    result = cli("case", "show", CASE.hex())

    assert result.exit_code == 1
    assert "--request-id" not in result.stderr


@pytest.mark.parametrize(
    ("error", "code", "reason"),
    [
        (refusal(CODE.NOT_FOUND, "NOT_FOUND"), 1, "NOT_FOUND"),
        (refusal(CODE.DATA_LOSS, "TAMPERED"), 5, "TAMPERED"),
        (refusal(CODE.INTERNAL, "INTERNAL", incident="4f"), 1, "INTERNAL"),
        (invalid(("window", "is empty")), 2, "INVALID_INPUT"),
    ],
)
def test_a_refusal_is_one_object(cli, wire, error, code, reason):
    """Errors have the stable form too."""
    wire.answers["CheckPlacement"] = error
    got, data = cli.json(*asked("1480"))

    assert (got, data["error"]["reason"]) == (code, reason)
    assert set(data) == {"error"}
    assert set(data["error"]) >= {"reason", "text", "notes"}


def test_an_incident_is_told(cli, wire):
    """The id that the server's log has too."""
    wire.answers["CheckPlacement"] = refusal(CODE.INTERNAL, "INTERNAL", incident="4f")

    assert "incident 4f" in cli(*asked("1480")).stderr


@pytest.mark.parametrize("form", [(), ("--json",)], ids=["table", "json"])
@pytest.mark.parametrize("off", [-121, 121])
def test_an_answer_of_another_time_shows_no_verdict(cli, wire, clock, off, form):
    """No key is needed for that; people are told where to look."""
    wire.answers["CheckPlacement"] = verdicts("CLEAR")
    clock.micros += off * 1_000_000
    result = cli(*asked("1480"), *form)

    assert result.exit_code == 5
    assert "CLEAR" not in result.output
    assert "placement doctor compares the clocks" in result.output


def test_a_clear_without_end_shows_no_verdict(cli, wire):
    """Until the year 2100, for a place that nobody looked at again."""
    answer = verdicts("CLEAR")
    answer.verdicts[0].valid_until = 4_102_444_800_000_000
    wire.answers["CheckPlacement"] = answer
    result = cli(*asked("1480"))

    assert (result.exit_code, result.stdout) == (5, "")
    assert result.stderr.endswith(NOT_SHOWN)


def test_what_a_server_says_cannot_steer_the_terminal(cli, wire):
    """Control characters of an answer are not printed."""
    answer = verdicts("CLEAR")
    answer.contact = "\x1b[2J\x07[bold]031[/bold]"
    wire.answers["CheckPlacement"] = answer
    result = cli(*asked("1480"))

    assert "\x1b" not in result.stdout
    assert "Phone: ?[2J?[bold]031[/bold]" in result.stdout


# What it costs


def plenty(**changes):
    """Return budgets with some of the person's changed."""
    found = budget.ShowBudgetsResponse()
    found.CopyFrom(PLENTY)
    for name, value in changes.items():
        setattr(found.areas.person, name, value)
    found.affords = found.areas.person.cost <= found.areas.person.left
    return found


def test_the_cost_is_told_before_anything_is_asked(cli, wire):
    """About the very case and areas; then the answer says what is left."""
    answer = verdicts("CLEAR", "CLEAR")
    answer.budgets.CopyFrom(PLENTY.areas)
    wire.answers["CheckPlacement"] = answer
    result = cli(*asked("1480", f"0180:{FACILITY.hex()}"))
    _, data = cli.json(*asked("1480", "0180"))
    (name, request), (then, _) = wire.seen[:2]

    assert (name, then) == ("ShowBudgets", "CheckPlacement")
    assert (request.case_handle, request.areas) == (CASE, ["1480", "0180"])
    assert result.stderr == COST
    assert (
        "New areas left: 8 for this case, 8 for your municipality in 2 days, 8 for you "
        "today.\n"
    ) in result.stdout
    assert data["budgets"]["person"] == {
        "allowed": 9,
        "left": 9,
        "cost": 1,
        "left_after": 8,
        "hours": 48,
    }


def test_what_is_more_than_is_left_is_not_asked(cli, wire):
    """A refusal would be an anomaly, of somebody who did nothing wrong."""
    wire.answers["ShowBudgets"] = plenty(left=0, left_after=0)
    result = cli(*asked("1480"))

    assert (result.exit_code, result.stdout) == (1, "")
    assert "0 for you today" in result.stderr
    assert "`placement budget show`" in result.stderr
    assert wire.requests("CheckPlacement") == []


@pytest.mark.parametrize(
    ("terminal", "words", "typed", "sent"),
    [
        (True, (), "y\n", True),
        (True, (), "n\n", False),
        (True, ("--yes",), "", True),
        (False, ("--yes",), "", True),
        (False, (), "y\n", False),
    ],
)
def test_the_last_is_not_taken_by_accident(  # noqa: PLR0917 (what the test turns)
    cli, wire, monkeypatch, terminal, words, typed, sent
):
    """Whoever sits there is asked; a script says beforehand that it means it."""
    seat = SimpleNamespace(stdin=SimpleNamespace(isatty=lambda: terminal))
    monkeypatch.setattr(command, "sys", seat)
    wire.answers["ShowBudgets"] = plenty(left=1, left_after=0)
    wire.answers["CheckPlacement"] = verdicts("CLEAR")
    result = cli(*asked("1480"), *words, stdin=typed)

    assert len(wire.requests("CheckPlacement")) == sent
    assert ("takes the last new area" in result.stderr) is bool(typed)
    assert ("With --yes" in result.stderr) is (not terminal and not words)
    assert result.exit_code == (not sent)


def test_whose_budget_ends_is_said(cli, wire):
    """Of whom, and for how long."""
    answer = plenty(left=1, left_after=0)
    answer.areas.organisation.left_after = 0
    wire.answers["ShowBudgets"] = answer
    result = cli(*asked("1480"))

    assert (
        "That takes the last new area of your municipality (2 days) and of you (2 days)."
    ) in result.stderr


def test_what_takes_nothing_says_so(cli, wire):
    """A place that was asked about before; nobody is asked whether they mean it."""
    wire.answers["ShowBudgets"] = budget.ShowBudgetsResponse(
        areas=budget.AreaBudgets(organisation=budget.Budget(hours=720)), affords=True
    )
    wire.answers["CheckPlacement"] = verdicts("CLEAR")
    result = cli(*asked("1480"))

    assert result.exit_code == 0
    assert result.stderr == (
        "This asks about no new area, so it takes nothing. Left before it: 0 for this "
        "case, 0 for your municipality in 30 days, 0 for you today.\n"
    )
