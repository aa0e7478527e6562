"""Another ruleset, from the proposal to a replay: over mutual TLS, by two persons."""

import threading
import time
from dataclasses import replace

import grpc
import pytest
from kit.placing import belongs, cover
from kit.ruling import (
    adopted,
    approving,
    content,
    listed,
    proposed,
    proposing,
    shadowed,
    shown,
)
from kit.still import STILL
from kit.town import GROUND, Refused, Town, fresh

from placement.api.v1 import audit_service_pb2 as audit
from placement.api.v1 import check_service_pb2 as check
from placement.api.v1 import registry_service_pb2 as registry
from placement.api.v1 import ruleset_service_pb2 as rules
from placement.api.v1 import types_pb2 as wire
from placement.app import read_ruleset

REVIEW, CLEAR = wire.VERDICT_REVIEW, wire.VERDICT_CLEAR
SOLNA, SUNDBYBERG = "0184", "0183"
NO_RING = '["0183-0184"]'
"""Sundbyberg is no longer near Solna: R9 says nothing there."""
UNUSED = "ruleset_unused the log says which one is in force"
OLDER = "ruleset_older the program has a newer one, to be adopted"


@pytest.fixture
def town(tmp_path):
    with Town(tmp_path) as town:
        cover(town)
        yield town


def ringed(town):
    """Place the worker's case next to the base of a rival: REVIEW, by R9 alone."""
    belongs(town, town.case, town.group)
    war = wire.Rivalry(group_a=town.group, group_b=town.other, severity=3)
    base = town.presence(group=town.other, area=SOLNA)
    for fact in (town.fact_of(rivalry=war), town.fact_of(presence=base)):
        town.done(
            "national", "RecordFacts", town.record(fact), registry.RecordFactsResponse
        )
    stay = registry.StandingPlacement(
        case_handle=town.case,
        area=SUNDBYBERG,
        window=wire.Window(start_day=town.today - 1),
    )
    request = registry.RecordPlacementsRequest(request_id=fresh(), placements=[stay])
    town.done(
        "national", "RecordPlacements", request, registry.RecordPlacementsResponse
    )
    town.settled()


def checked(town):
    """Ask about Sundbyberg; return the answer."""
    return town.done(
        "worker",
        "CheckPlacement",
        town.question(SUNDBYBERG),
        check.CheckPlacementResponse,
    )


def replayed(town, answer):
    request = audit.ReplayDecisionRequest(
        decision_id=answer.verdicts[0].decision_id, ground=GROUND
    )
    last = town.stream(
        "auditor", "ReplayDecision", request, audit.ReplayDecisionResponse
    )[-1].replay
    return last.outcome, last.ruleset, last.recorded, last.replayed


def test_scenario_43(town):
    """A weaker R9: shown before it takes effect; old decisions replay under the old."""
    ringed(town)
    before = checked(town)
    summary = proposed(town, removed=NO_RING)
    parts = shadowed(town, summary.ruleset_id)
    (moved,) = [each for part in parts for each in part.moved]
    untouched = checked(town)
    town.done(
        "national-second",
        "ApproveRuleset",
        approving(summary),
        rules.ApproveRulesetResponse,
    )
    after = checked(town)
    town.settled()
    (stay,) = town.state().placements.values()
    equal = audit.REPLAY_OUTCOME_EQUAL

    assert (moved.case_handle, moved.before, moved.after) == (town.case, REVIEW, CLEAR)
    assert parts[-1].shadow.weighed == 1
    assert [each.count for each in parts[-1].shadow.shifts] == [1]
    assert before.verdicts[0].verdict == untouched.verdicts[0].verdict == REVIEW
    assert (after.verdicts[0].verdict, after.ruleset) == (CLEAR, summary.version)
    assert stay.verdict == CLEAR
    assert replayed(town, before) == (equal, before.ruleset, REVIEW, REVIEW)
    assert replayed(town, after) == (equal, after.ruleset, CLEAR, CLEAR)


def test_what_gets_worse_raises_an_alert(town):
    """Everybody is weighed again as soon as a ruleset is in force."""
    ringed(town)
    adopted(town, removed=NO_RING)
    town.settled()
    (stay,) = town.state().placements.values()
    safe = stay.verdict
    told = {each.id: each.told for each in town.state().alerts}
    adopted(town, removed="[]")
    town.settled()
    (stay,) = town.state().placements.values()

    assert (safe, stay.verdict) == (CLEAR, REVIEW)
    assert {each.id: each.told for each in town.state().alerts} != told


def test_a_file_that_an_operator_puts_there_weakens_nothing(tmp_path, caplog):
    """Under the same version, or another: the log says by which rules is answered."""
    with Town(tmp_path) as town:
        cover(town)
        ringed(town)
        before = checked(town)
        text = (tmp_path / "still.toml").read_text("utf-8")
        weaker = text.replace("removed = []", f"removed = {NO_RING}")
        (tmp_path / "still.toml").write_text(weaker, "utf-8")
        town.served.stop()
        town._channels.clear()
        town.served.start()
        after = checked(town)

    assert weaker != text
    assert before.verdicts[0].verdict == after.verdicts[0].verdict == REVIEW
    assert before.ruleset == after.ruleset
    assert caplog.messages.count(UNUSED) == 1


def test_a_newer_program_says_that_its_ruleset_is_newer(tmp_path, caplog):
    """It takes effect only once two persons adopted it."""
    older = tmp_path / "older.toml"
    older.write_text(STILL.replace(read_ruleset(None).version, "2025-10-1"), "utf-8")
    with Town(tmp_path, ruleset=older) as town:
        town.served.settings = replace(town.served.settings, ruleset=None)
        town.served.stop()
        town._channels.clear()
        town.served.start()
        answer = checked(town)

    assert answer.ruleset == "2025-10-1"
    assert caplog.messages.count(OLDER) == 1
    assert UNUSED not in caplog.messages


@pytest.mark.slow
def test_after_several_adoptions_and_restarts(tmp_path):
    """Each decision replays under its own; each start has the last one in force."""
    with Town(tmp_path) as town:
        cover(town)
        ringed(town)
        answers = [checked(town)]
        for near in (NO_RING, "[]", NO_RING):
            adopted(town, removed=near)
            answers.append(checked(town))
            town.served.stop()
            town._channels.clear()
            town.served.start()
        answers.append(checked(town))
        versions = [each.ruleset for each in answers]
        got = [replayed(town, each) for each in answers]

    equal = audit.REPLAY_OUTCOME_EQUAL
    assert len(set(versions)) == 4
    assert versions[-2:] == [versions[-1]] * 2
    assert [each[:2] for each in got] == [(equal, version) for version in versions]
    assert [each[2] for each in got] == [REVIEW, CLEAR, REVIEW, CLEAR, CLEAR]


def test_every_step_is_an_entry_of_its_kind(town):
    """Who proposed, shadowed, approved; a shadow run combines data about people."""
    ringed(town)
    first = town.settled()
    adopted(town)
    found = [
        (each.action, each.kind, each.person, each.outcome)
        for each in town.asked(first.leaves)
        if each.action.startswith("RULESET_")
    ]

    assert found == [
        ("RULESET_PROPOSE", "ALTERATION", "co-09", "ANSWERED"),
        ("RULESET_SHOW", "CONSULTATION", "au-01", "ANSWERED"),
        ("RULESET_SHADOW", "COMBINATION", "co-09", "ANSWERED"),
        ("RULESET_APPROVE", "ALTERATION", "co-08", "ANSWERED"),
    ]


@pytest.mark.parametrize(
    ("spoil", "faults"),
    [
        (lambda text: text.replace("live = 2", "lives = 2"), 2),
        (lambda text: text.replace("days = ", "day = "), 21),
        (lambda text: "?", 1),
        (lambda text: "", 13),
        (lambda text: text + "#" * 50_000, 1),
        (lambda text: text.replace("coverage_days = 90", "coverage_days = 0"), 1),
    ],
    ids=["key", "many", "no TOML", "empty", "long", "range"],
)
def test_a_bad_file_is_refused_with_its_lines(town, spoil, faults):
    """Each fault is one field violation; nothing is stored, and it is one entry."""
    before = town.settled()
    request = rules.ProposeRulesetRequest(
        request_id=fresh(), content=spoil(content(town))
    )
    got = town.call("national", "ProposeRuleset", request)
    entries = town.asked(before.leaves)

    assert isinstance(got, Refused)
    assert (got.reason, got.fields) == ("INVALID_INPUT", ["content"] * faults)
    assert [(each.action, each.outcome) for each in entries] == [
        ("RULESET_PROPOSE", "INVALID_INPUT")
    ]
    assert town.head().revision == before.revision


def test_a_comment_reaches_neither_log_nor_answer(town):
    """What somebody wrote beside a number may be a name."""
    request = proposing(town)
    request.content += "# Anna Andersson\n"
    key = town.done(
        "national", "ProposeRuleset", request, rules.ProposeRulesetResponse
    ).ruleset_id

    assert b"Anna" not in shown(town, key).SerializeToString()
    assert "Anna" not in str(town.records())


def test_another_content_is_not_approved(town):
    """Nor by whoever proposed it, nor before a shadow run, nor twice."""
    summary = proposed(town)

    def refusal(who, **other):
        request = approving(summary)
        for name, value in other.items():
            setattr(request, name, value)
        return town.call(who, "ApproveRuleset", request).reason

    second = "national-second"
    assert refusal(second) == "CONTRADICTION"
    shadowed(town, summary.ruleset_id)
    assert refusal(second, rules=bytes(32)) == "CONTRADICTION"
    assert refusal(second, rules=b"short") == "INVALID_INPUT"
    assert refusal("national") == "ACCESS_DENIED"
    assert refusal("second") == "ACCESS_DENIED"
    town.done(
        second, "ApproveRuleset", approving(summary), rules.ApproveRulesetResponse
    )
    assert refusal(second) == "NOT_FOUND"


def test_who_sees_what(town):
    """A region sees the rules, and not what a run about the whole country found.

    What the store was made with was never run, and stays to be seen.
    """
    adopted(town)
    seen = {
        who: [each.HasField("shadow") for each in listed(town, who)]
        for who in ("auditor", "national", "coordinator")
    }

    first, second = listed(town)

    assert seen == {
        "auditor": [False, True],
        "national": [False, True],
        "coordinator": [False, False],
    }
    assert (first.state, second.state) == (
        rules.RULESET_STATE_PAST,
        rules.RULESET_STATE_IN_FORCE,
    )
    assert (first.ruleset_id, first.expires_at) == (b"", 0)
    for each in (first, second):
        assert shown(town, each.ruleset_id).content.startswith("format = 4\n")


def test_a_retry_finds_the_first_answer(town):
    """The same request id, the same ruleset; other content under it is refused."""
    request = proposing(town)
    first, again = (
        town.done("national", "ProposeRuleset", request, rules.ProposeRulesetResponse)
        for _ in range(2)
    )
    request.content += "\n"

    assert first == again
    assert (
        town.call("national", "ProposeRuleset", request).reason == "REQUEST_ID_REUSED"
    )


def test_a_run_that_is_cut_off_does_not_count(town):
    """Whoever goes away in the middle has not shadowed it."""
    for _ in range(20):
        case = town.opened("worker")
        stay = registry.StandingPlacement(
            case_handle=case, area="2480", window=wire.Window(start_day=town.today - 1)
        )
        town.done(
            "national",
            "RecordPlacements",
            registry.RecordPlacementsRequest(request_id=fresh(), placements=[stay]),
            registry.RecordPlacementsResponse,
        )
    summary = proposed(town)
    request = rules.ShadowRulesetRequest(ruleset_id=summary.ruleset_id)
    ask = town.channel("national").unary_stream(
        "/placement.api.v1.RulesetService/ShadowRuleset"
    )
    pieces = ask(request.SerializeToString(), timeout=8)
    first = rules.ShadowRulesetResponse.FromString(next(pieces))
    whole = shadowed(town, summary.ruleset_id)
    pieces.cancel()

    assert (first.weighed, first.total, first.HasField("shadow")) == (16, 20, False)
    assert [each.weighed for each in whole] == [16, 20]
    assert whole[-1].shadow.weighed == 20


def test_checks_are_answered_while_a_run_goes_on(town):
    """A slice at a time; a check comes in between."""
    ringed(town)
    summary = proposed(town)
    done = threading.Event()

    def run():
        while not done.is_set():
            shadowed(town, summary.ruleset_id)

    town.channel("national")
    thread = threading.Thread(target=run)
    thread.start()
    took = []
    try:
        for _ in range(10):
            began = time.monotonic()
            checked(town)
            took.append(time.monotonic() - began)
    except grpc.RpcError:  # pragma: no cover (it would be a failure)
        pytest.fail("a check was not answered")
    finally:
        done.set()
        thread.join()

    assert len(took) == 10
