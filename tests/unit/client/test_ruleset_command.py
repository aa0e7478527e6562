"""``placement ruleset``: what is in force, and how two persons change it."""

import grpc
import pytest
from kit.asked import CASE, NOON
from kit.wire import invalid, refusal
from placement_client.commands.ruleset import MAX_MOVED

from placement.api.v1 import ruleset_service_pb2 as rules
from placement.api.v1 import types_pb2 as types

CODE = grpc.StatusCode
KEY, RULES = bytes([7]) * 16, bytes(range(32))
SHIFT = rules.VerdictShift(
    before=types.VERDICT_REVIEW, after=types.VERDICT_CLEAR, count=2
)
SHADOW = rules.RulesetShadow(person="co-01", weighed=40, shifts=[SHIFT])
MOVED = rules.MovedPlacement(
    case_handle=CASE, before=types.VERDICT_REVIEW, after=types.VERDICT_CLEAR
)
SHIPPED = rules.RulesetSummary(
    version="2026-11-4", rules=bytes(32), state=rules.RULESET_STATE_IN_FORCE
)
WAITING = rules.RulesetSummary(
    ruleset_id=KEY,
    version="2026-12-1",
    rules=RULES,
    state=rules.RULESET_STATE_WAITING,
    proposed_by="co-01",
    expires_at=NOON,
    shadow=SHADOW,
)
ADOPTED = rules.RulesetSummary(
    ruleset_id=KEY,
    version="2026-12-1",
    rules=RULES,
    state=rules.RULESET_STATE_IN_FORCE,
    proposed_by="co-01",
    approved_by="co-02",
    adopted_at=NOON,
    revision=9,
)
OLD = "format = 2\n[time]\nahead_days = 90\n[near]\nremoved = []\n[gone]\nx = 1\n"
NEW = 'format = 2\n[time]\nahead_days = 60\n[near]\nremoved = ["0183-0184"]\n'


def serve(wire, *summaries):
    """Let these be listed, and each be shown."""
    wire.answers["ListRulesets"] = rules.ListRulesetsResponse(rulesets=summaries)
    shown = {each.ruleset_id: each for each in summaries}

    def show(request):
        found = shown[request.ruleset_id]
        waits = found.state == rules.RULESET_STATE_WAITING
        return rules.ShowRulesetResponse(ruleset=found, content=NEW if waits else OLD)

    wire.answers["ShowRuleset"] = show


def test_rulesets_are_listed(cli, wire):
    """What does not apply is left out."""
    serve(wire, SHIPPED, WAITING)
    result, (code, data) = cli("ruleset", "list"), cli.json("ruleset", "list")

    assert result.stdout.splitlines()[1].split()[:4] == [
        "2026-11-4",
        "in",
        "force",
        "-",
    ]
    assert KEY.hex() in result.stdout.splitlines()[2]
    assert code == 0
    assert [each["state"] for each in data["rulesets"]] == ["IN_FORCE", "WAITING"]
    assert data["rulesets"][0]["shadow"] is None
    assert data["rulesets"][0]["expires_at"] is None
    assert data["rulesets"][1]["shadow"]["shifts"] == [
        {"before": "REVIEW", "after": "CLEAR", "count": 2}
    ]


def test_what_is_in_force_is_shown_without_an_id(cli, wire):
    """With a file that can be changed and proposed."""
    serve(wire, ADOPTED)
    result = cli("ruleset", "show")
    code, data = cli.json("ruleset", "show")

    assert result.stdout.endswith("\n\n" + OLD)
    assert cli("ruleset", "show", "--content").stdout == OLD
    assert "Approved by     co-02" in result.stdout
    assert (code, data["content"], data["revision"]) == (0, OLD, 9)
    assert "differences" not in data
    assert {each.ruleset_id for each in wire.requests("ShowRuleset")} == {KEY}


def test_what_waits_is_shown_with_what_it_changes(cli, wire):
    """Key by key, what a run found, and who has to do what next."""
    serve(wire, SHIPPED, WAITING)
    result = cli("ruleset", "show", KEY.hex())
    _, data = cli.json("ruleset", "show", KEY.hex())
    approval = f"placement ruleset approve {KEY.hex()} --rules {RULES.hex()}"

    assert data["differences"] == [
        {"key": "time.ahead_days", "before": 90, "after": 60},
        {"key": "near.removed", "before": [], "after": ["0183-0184"]},
        {"key": "gone.x", "before": 1, "after": None},
    ]
    assert "near.removed     -         0183-0184" in result.stdout
    assert "gone.x           1         -" in result.stdout
    assert "40 placements were weighed." in result.stdout
    assert approval in result.stdout
    assert "ruleset shadow" not in result.stdout


def test_what_was_not_shadowed_has_to_be(cli, wire):
    """It is the next step, and said as long as it was not taken."""
    fresh = rules.RulesetSummary()
    fresh.CopyFrom(WAITING)
    fresh.ClearField("shadow")
    serve(wire, SHIPPED, fresh)

    shown = cli("ruleset", "show", KEY.hex()).stdout

    assert f"placement ruleset shadow {KEY.hex()}" in shown


@pytest.mark.parametrize("summaries", [(), (WAITING,), (SHIPPED, ADOPTED)])
def test_exactly_one_is_in_force(cli, wire, summaries):
    """Another list is no list."""
    serve(wire, *summaries)

    assert cli("ruleset", "show").exit_code == 5


def test_what_is_no_toml_is_none(cli, wire):
    """Nothing is said of it."""
    serve(wire, SHIPPED, WAITING)
    wire.answers["ShowRuleset"] = rules.ShowRulesetResponse(
        ruleset=WAITING, content="?"
    )

    assert cli("ruleset", "show", KEY.hex()).exit_code == 5


def test_a_file_is_proposed(cli, wire, tmp_path):
    """As it stands."""
    path = tmp_path / "rules.toml"
    path.write_bytes("# å\r\n".encode())
    wire.answers["ProposeRuleset"] = rules.ProposeRulesetResponse(
        ruleset_id=KEY, revision=4
    )
    result = cli("ruleset", "propose", path)
    got = cli.json("ruleset", "propose", path)

    assert f"It waits as {KEY.hex()}; nothing has changed yet." in result.stdout
    assert got == (0, {"ruleset_id": KEY.hex(), "revision": 4})
    assert wire.requests("ProposeRuleset")[0].content == "# å\r\n"


def test_each_fault_of_a_file_is_told(cli, wire, tmp_path):
    """With line and column; what to do is said, too."""
    path = tmp_path / "rules.toml"
    path.write_text("")
    faults = ["line 3, column 1: hold.live is missing", "line 9, column 2: more"]
    wire.answers["ProposeRuleset"] = invalid(*(("content", each) for each in faults))
    result = cli("ruleset", "propose", path)

    assert result.exit_code == 2
    assert all(each in result.stderr for each in faults)
    assert "placement-server ruleset check FILE" in result.stderr


@pytest.mark.parametrize("content", [None, b"\xff"])
def test_a_file_that_can_t_be_read_is_not_sent(cli, wire, tmp_path, content):
    """Nor one that is no text."""
    path = tmp_path / "rules.toml"
    if content is not None:
        path.write_bytes(content)
    result = cli("ruleset", "propose", path)

    assert (result.exit_code, wire.seen) == (2, [])


def run_of(*moved, shadow=SHADOW):
    last = rules.ShadowRulesetResponse(weighed=40, total=40, moved=moved, shadow=shadow)
    return [rules.ShadowRulesetResponse(weighed=16, total=40), last]


def test_a_shadow_run(cli, wire):
    """How verdicts would change, and of which cases; not where."""
    wire.answers["ShadowRuleset"] = run_of(MOVED, MOVED)
    result = cli("ruleset", "shadow", KEY.hex())
    code, data = cli.json("ruleset", "shadow", KEY.hex())

    assert result.stdout.splitlines()[0] == "40 placements were weighed."
    assert "REVIEW  CLEAR  2" in result.stdout
    assert result.stdout.count(CASE.hex()) == 2
    assert (code, data["weighed"], len(data["moved"])) == (0, 40, 2)
    assert data["moved"][0] == {
        "case_handle": CASE.hex(),
        "before": "REVIEW",
        "after": "CLEAR",
    }


def test_a_shadow_run_that_finds_nothing(cli, wire):
    """Says so."""
    shadow = rules.RulesetShadow(person="co-01", weighed=40)
    wire.answers["ShadowRuleset"] = run_of(shadow=shadow)
    result = cli("ruleset", "shadow", KEY.hex())

    assert result.stdout == (
        "40 placements were weighed. None would be worth anything else.\n"
    )


def test_so_many_cases_are_shown_and_no_more(cli, wire):
    """The counts are of all."""
    count = MAX_MOVED + 2
    shift = rules.VerdictShift(before=3, after=1, count=count)
    shadow = rules.RulesetShadow(weighed=count, shifts=[shift])
    wire.answers["ShadowRuleset"] = run_of(*[MOVED] * count, shadow=shadow)
    result = cli("ruleset", "shadow", KEY.hex())
    _, data = cli.json("ruleset", "shadow", KEY.hex())

    assert result.stdout.splitlines()[-1] == "2 more are not shown."
    assert len(data["moved"]) == MAX_MOVED
    assert data["shifts"][0]["count"] == count


@pytest.mark.parametrize(
    ("parts", "code"),
    [
        ([], 1),
        (run_of(MOVED, MOVED)[:1], 1),
        (run_of(MOVED), 5),
        ([*run_of(MOVED, MOVED), rules.ShadowRulesetResponse()], 5),
    ],
    ids=["nothing", "cut off", "does not add up", "after its end"],
)
def test_a_run_that_is_none(cli, wire, parts, code):
    """Is an error; nothing of it is told."""
    wire.answers["ShadowRuleset"] = parts
    result = cli("ruleset", "shadow", KEY.hex())

    assert (result.exit_code, result.stdout) == (code, "")


def test_it_is_approved_as_it_was_shown(cli, wire):
    """The digest goes with it."""
    wire.answers["ApproveRuleset"] = rules.ApproveRulesetResponse(revision=9)
    result = cli("ruleset", "approve", KEY.hex(), "--rules", RULES.hex())
    (request,) = wire.requests("ApproveRuleset")

    assert result.stdout == "Approved; it is in force from revision 9 on.\n"
    assert (request.ruleset_id, request.rules) == (KEY, RULES)


@pytest.mark.parametrize("rules_given", ["", "xyz", "00" * 31])
def test_a_digest_that_is_none_is_refused(cli, wire, rules_given):
    """Before anything is sent."""
    result = cli("ruleset", "approve", KEY.hex(), "--rules", rules_given)

    assert (result.exit_code, wire.seen) == (2, [])
    assert "--rules" in result.stderr


def test_it_is_withdrawn(cli, wire):
    """By either of the two."""
    wire.answers["WithdrawRuleset"] = rules.WithdrawRulesetResponse(revision=9)

    assert cli("ruleset", "withdraw", KEY.hex()).stdout.startswith("Withdrawn")
    assert cli.json("ruleset", "withdraw", KEY.hex()) == (0, {"revision": 9})


@pytest.mark.parametrize(
    ("reason", "code", "hint"),
    [
        ("ACCESS_DENIED", CODE.PERMISSION_DENIED, "national unit"),
        ("NOT_FOUND", CODE.NOT_FOUND, "placement ruleset list"),
        ("CONTRADICTION", CODE.FAILED_PRECONDITION, "placement ruleset shadow"),
    ],
)
def test_a_refusal_says_what_helps(cli, wire, reason, code, hint):
    """Beside its constant text."""
    wire.answers["ApproveRuleset"] = refusal(code, reason)
    result = cli("ruleset", "approve", KEY.hex(), "--rules", RULES.hex())

    assert result.exit_code == 1
    assert hint in result.stderr


def test_scenarios_are_run_elsewhere(cli, wire):
    """The client holds no rules; it says where they are."""
    result = cli("ruleset", "test", "any.yaml")
    code, data = cli.json("ruleset", "test")

    assert "placement-server ruleset test --ruleset FILE SCENARIO..." in result.stdout
    assert (result.exit_code, code, wire.seen) == (2, 2, [])
    assert data["text"] + "\n" == result.stdout
