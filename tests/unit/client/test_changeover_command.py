"""``changeover``: another key of the pseudonyms, typed."""

import re

import grpc
import pytest
from kit.changing import OLD, THIRD
from kit.numbers import number
from kit.wire import in_turn, invalid, refusal

from placement.api.v1 import budget_service_pb2 as budget
from placement.api.v1 import changeover_service_pb2 as api
from placement.api.v1.pseudonym_service_pb2 import EvaluateResponse
from placement.crypto import voprf
from placement.crypto.shares import key_id

CODE = grpc.StatusCode
FOLLOWS = voprf.generate_key()
TO_KEY = key_id(FOLLOWS.public)
NUMBERS = "\n".join(number(serial=n) for n in range(1, 121))
QUIET = api.ShowChangeoverResponse(revision=7, key_id=OLD)
BEGUN = api.ShowChangeoverResponse(
    revision=7, key_id=OLD, to_key_id=TO_KEY, waiting=12, halfway=5, counted=True
)


def left(person, organisation=10_000):
    """Return budgets of evaluations."""
    return budget.ShowBudgetsResponse(
        evaluations=budget.EvaluationBudgets(
            person=budget.Budget(left=person),
            organisation=budget.Budget(left=organisation),
        ),
        affords=True,
    )


def evaluates(served):
    """Return a custodian with two keys."""

    def evaluate(request):
        if request.key_id != TO_KEY:
            return served.evaluate(request)
        blinded = [voprf.BlindedElement.decode(e) for e in request.blinded_elements]
        evaluated = voprf.evaluate(FOLLOWS, blinded)
        return EvaluateResponse(
            evaluated_elements=[each.encode() for each in evaluated],
            proof=voprf.prove(FOLLOWS, blinded, evaluated).encode(),
            key_id=TO_KEY,
        )

    return evaluate


@pytest.fixture
def follows(cli, wire):
    """The context pins the key that follows, and the custodian has it."""
    assert cli("context", "follow", FOLLOWS.public.encode().hex()).exit_code == 0
    wire.answers["Evaluate"] = evaluates(wire)
    wire.answers["ShowBudgets"] = left(10_000)
    return cli


# Show


def test_nothing_is_under_way(cli, wire):
    """The key in force is told."""
    wire.answers["ShowChangeover"] = QUIET
    shown = cli("changeover", "show").stdout

    assert OLD.hex() in shown
    assert "Not enrolled" not in shown


def test_how_far_it_is(cli, wire):
    """As the national unit is told it."""
    wire.answers["ShowChangeover"] = wire_answer(left=10, said=wire_step("END"))
    ending = cli("changeover", "show").stdout
    _, data = cli.json("changeover", "show")
    wire.answers["ShowChangeover"] = wire_answer(said=wire_step("BEGIN"))
    beginning = cli("changeover", "show").stdout

    assert re.search(r"Not enrolled +12", ending)
    assert "10; nothing is CLEAR until they are erased" in ending
    assert "may be left" in ending
    assert f"end, to {THIRD.hex()}" in ending
    assert "may be left" not in beginning
    assert f"begin, to {THIRD.hex()}" in beginning
    assert (data["waiting"], data["counted"]) == (12, True)


def test_a_region_is_told_no_number(cli, wire):
    """And no 0 in its place, which would say that everybody is enrolled."""
    wire.answers["ShowChangeover"] = wire_answer(
        waiting=0, halfway=0, counted=False, said=wire_step("END")
    )
    shown = cli("changeover", "show").stdout

    assert re.search("Not enrolled +the national unit is told how many", shown)
    assert f"end, to {THIRD.hex()}" in shown
    assert "Disputed" not in shown
    assert "may be left" not in shown


def wire_step(name):
    return api.ChangeoverStep.Value(f"CHANGEOVER_STEP_{name}")


def wire_answer(**given):
    answer = api.ShowChangeoverResponse()
    answer.CopyFrom(BEGUN)
    answer.said_key_id = THIRD
    answer.said_by = "co-09"
    answer.said_expires_at = 1_800_000_000_000_000
    for name, value in given.items():
        setattr(answer, name, value)
    return answer


# Begin and end


@pytest.mark.parametrize(
    ("answer", "expected"),
    [(QUIET, "A second person of the national unit"), (BEGUN, "Begun.")],
)
def test_beginning_takes_two(follows, wire, answer, expected):
    """What it was is told afterwards."""
    wire.answers["BeginChangeover"] = wire_begun()
    wire.answers["ShowChangeover"] = answer
    result = follows("changeover", "begin", "--yes")
    (request,) = wire.requests("BeginChangeover")

    assert expected in result.stdout
    assert request.to_key_id == TO_KEY
    assert len(request.request_id) == 16


def wire_begun():
    return api.BeginChangeoverResponse(revision=8)


@pytest.mark.parametrize(
    "words",
    [
        ("begin",),
        ("end",),
        ("end", "--leave", "3"),
        ("end", "--give-up"),
    ],
    ids=" ".join,
)
def test_whoever_says_no_changes_nothing(follows, wire, words):
    """Each says what it would do."""
    result = follows("changeover", *words, input="n\n")

    assert result.exit_code == 1
    assert wire.requests("BeginChangeover") == wire.requests("EndChangeover") == []
    assert ("Nothing is CLEAR then" in result.stderr) is ("--leave" in words)


@pytest.mark.parametrize(
    ("words", "answer", "expected"),
    [
        ((), BEGUN, "A second person of the national unit"),
        ((), api.ShowChangeoverResponse(key_id=TO_KEY), "Ended;"),
        (("--leave", "3"), BEGUN, "A second person of the national unit"),
        (("--give-up",), QUIET, "Given up;"),
    ],
)
def test_ending(follows, wire, words, answer, expected):
    """By two persons, or given up by one."""
    left = 3 if "--leave" in words else 0
    wire.answers["EndChangeover"] = api.EndChangeoverResponse(revision=8)
    wire.answers["ShowChangeover"] = answer
    result = follows("changeover", "end", "--yes", *words)
    (request,) = wire.requests("EndChangeover")

    assert expected in result.stdout
    assert (request.to_key_id, request.left) == (TO_KEY, left)
    assert request.give_up is ("--give-up" in words)


def test_nobody_is_left_when_it_is_given_up(follows, wire):
    """One of the two words was a slip."""
    result = follows("changeover", "end", "--yes", "--give-up", "--leave", "3")

    assert result.exit_code == 2
    assert wire.requests("EndChangeover") == []


@pytest.mark.parametrize(
    ("method", "words"), [("BeginChangeover", "begin"), ("EndChangeover", "end")]
)
def test_a_refusal_says_who_does_it(follows, wire, method, words):
    """And why it may not be now."""
    for code, reason, expected in (
        (CODE.PERMISSION_DENIED, "ACCESS_DENIED", "The national unit does this"),
        (CODE.FAILED_PRECONDITION, "CONTRADICTION", "placement changeover show"),
    ):
        wire.answers[method] = refusal(code, reason)
        result = follows("changeover", words, "--yes")

        assert result.exit_code == 1
        assert expected in result.stderr.replace("\n", " ")


def test_without_a_key_that_follows_nothing_begins(cli, wire):
    """It has to be pinned first."""
    for words in (
        ("begin", "--yes"),
        ("end", "--yes"),
        ("enrol", "--identifier-stdin"),
    ):
        result = cli("changeover", *words, stdin=f"{number()}\n")

        assert result.exit_code == 2
        assert "placement context follow" in result.stderr.replace("\n", " ")


# Enrol


@pytest.mark.slow
def test_a_list_is_enrolled_piece_by_piece(follows, wire):
    """Fifty at a time, each under both keys; whoever stands twice goes once."""
    wire.answers["OfferPairs"] = api.OfferPairsResponse(revision=8)
    lines = f"{NUMBERS}\n{number(serial=1)}\n"
    result = follows("changeover", "enrol", "--identifier-stdin", stdin=lines)
    requests = wire.requests("OfferPairs")
    pairs = [pair for request in requests for pair in request.pairs]

    assert result.stdout == "Offered 120 people under both keys.\n"
    assert [len(request.pairs) for request in requests] == [50, 50, 20]
    assert len({request.request_id for request in requests}) == 3
    assert {len(pair) for pair in pairs} == {128}
    assert {(pair[:32], pair[64:96]) for pair in pairs} == {
        (key_id(wire.key.public), TO_KEY)
    }
    assert "100 of 120" in result.stderr


@pytest.mark.slow
def test_a_run_that_stops_says_how_to_go_on(follows, wire):
    """And goes on there, to the end of the list."""
    wire.answers["OfferPairs"] = [
        wire_offered(),
        refusal(CODE.RESOURCE_EXHAUSTED, "BUDGET_SPENT"),
    ]
    enrol = ("changeover", "enrol", "--identifier-stdin")
    stopped = follows(*enrol, stdin=NUMBERS)
    wire.answers["OfferPairs"] = wire_offered()
    went_on = follows(*enrol, "--skip", "50", stdin=NUMBERS)
    sizes = [len(request.pairs) for request in wire.requests("OfferPairs")]

    assert stopped.exit_code == 1
    assert "--skip 50" in stopped.stderr
    assert "two evaluations" in stopped.stderr.replace("\n", " ")
    assert went_on.exit_code == 0
    assert went_on.stdout == "Offered 70 people under both keys.\n"
    assert sizes == [50, 50, 50, 20]
    assert not any(each in stopped.output for each in NUMBERS.split())


def wire_offered():
    return api.OfferPairsResponse(revision=8)


FIVE = "\n".join(number(serial=n) for n in range(1, 6))


@pytest.mark.parametrize("budgets", [(7,), (10_000, 6)], ids=["hour", "day"])
def test_what_is_left_of_a_budget_is_used(follows, wire, budgets):
    """No more is asked for than can be paid under both keys; then it says where it was."""
    wire.answers["OfferPairs"] = wire_offered()
    wire.answers["ShowBudgets"] = [left(*budgets), left(1)]
    result = follows("changeover", "enrol", "--identifier-stdin", stdin=FIVE)
    evaluated = [len(each.blinded_elements) for each in wire.requests("Evaluate")]

    assert result.exit_code == 1
    assert evaluated == [3, 3]
    assert [len(each.pairs) for each in wire.requests("OfferPairs")] == [3]
    assert "--skip 3" in result.stderr
    assert "two evaluations" in result.stderr.replace("\n", " ")


def test_custodians_apart_keep_their_budgets(follows, wire):
    """Then they are asked for a whole piece, and a refusal says what to do."""
    wire.answers["ShowBudgets"] = budget.ShowBudgetsResponse(affords=True)
    wire.answers["Evaluate"] = refusal(CODE.RESOURCE_EXHAUSTED, "BUDGET_SPENT")
    result = follows("changeover", "enrol", "--identifier-stdin", stdin=FIVE)
    (request,) = wire.requests("Evaluate")

    assert result.exit_code == 1
    assert len(request.blinded_elements) == 5
    assert "--skip 0" in result.stderr
    assert "give shorter lists" in result.stderr.replace("\n", " ")


@pytest.mark.parametrize("skip", ["2", "3"])
def test_a_skip_leaves_somebody(follows, wire, skip):
    """Whoever stands twice in the list counts once; nothing is sent for nobody."""
    lines = f"{number(serial=1)}\n{number(serial=2)}\n{number(serial=1)}\n"
    enrol = ("changeover", "enrol", "--identifier-stdin", "--skip", skip)
    result = follows(*enrol, stdin=lines)

    assert result.exit_code == 2
    assert "skip" in result.stderr
    assert wire.requests("Evaluate") == wire.requests("OfferPairs") == []


def test_what_was_skipped_is_not_said_to_be_offered(follows, wire):
    """Neither to people nor to programs."""
    wire.answers["OfferPairs"] = wire_offered()
    lines = f"{number(serial=1)}\n{number(serial=2)}\n"
    enrol = ("changeover", "enrol", "--identifier-stdin", "--skip", "1")
    result = follows(*enrol, stdin=lines)
    _, data = follows.json(*enrol, stdin=lines)

    assert result.stdout == "Offered 1 person under both keys.\n"
    assert data == {"offered": 1}


def test_whoever_presses_the_keys_to_stop_is_told_the_same(follows, wire):
    """Where it was."""

    def interrupted(_):
        raise KeyboardInterrupt

    wire.answers["OfferPairs"] = wire_offered()
    with pytest.MonkeyPatch.context() as patched:
        calls = in_turn(wire_offered(), None)
        patched.setattr(
            "placement_client.changeovers.ChangeoverCalls.offer",
            lambda *_: calls(_) or interrupted(_),
        )
        result = follows("changeover", "enrol", "--identifier-stdin", stdin=NUMBERS)

    assert result.exit_code != 0
    assert "--skip 50" in result.stderr


def test_people_are_asked_for_one_after_another(follows, wire, monkeypatch):
    """Unseen, until nothing is typed."""
    wire.answers["OfferPairs"] = wire_offered()
    typed = in_turn(number(serial=1), number(serial=2), "")
    monkeypatch.setattr("placement_client.commands.asking._typed", lambda *_: typed(0))
    result = follows("changeover", "enrol")

    assert result.stdout == "Offered 2 people under both keys.\n"


def test_a_custodian_without_the_next_key_enrols_nobody(follows, wire):
    """A pair needs both."""
    evaluate = wire.answers["Evaluate"]

    def refuses(request):
        if request.key_id == TO_KEY:
            raise invalid(("key_id", "is no key of this custodian"))
        return evaluate(request)

    wire.answers["Evaluate"] = refuses
    result = follows("changeover", "enrol", "--identifier-stdin", stdin=NUMBERS)

    assert result.exit_code == 2
    assert wire.requests("OfferPairs") == []
