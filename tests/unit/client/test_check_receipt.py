"""``check`` where the log's key is pinned: no verdict that the log does not bear out."""

from dataclasses import replace

import grpc
import pytest
from kit.asked import CASE
from kit.pinned import pinned, receipts_of
from kit.receipted import NOON, witness
from kit.wire import RefusalError, refusal
from placement_client.commands import proving

from placement.audit.note import render_key

CODE = grpc.StatusCode
A = witness("a.example")
ASKED = (
    *("check", "--case", CASE.hex(), "--from", "2026-12-01"),
    *("--justification", "follow-up", "--area", "1480"),
)
WORDS = ("CLEAR", "UNKNOWN", "REVIEW", "CONFLICT")
UNANSWERED = RefusalError(CODE.UNAVAILABLE)

pytestmark = pytest.mark.usefixtures("at_noon")


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch):
    monkeypatch.setattr(proving, "PAUSES", (0.0,))


@pytest.fixture
def log(cli, wire, pair):
    """A log whose key the context pins."""
    return pinned(cli, wire, pair)


@pytest.fixture
def kept(cli, log, monkeypatch):
    return receipts_of(cli, monkeypatch)


@pytest.mark.parametrize(("word", "code"), [("CLEAR", 0), ("CONFLICT", 4)])
def test_a_verdict_comes_with_a_verified_receipt(cli, log, kept, word, code):
    """It is kept, and nothing is pending."""
    log.words = (word,)
    result = cli(*ASKED)
    again, data = cli.json(*ASKED)

    assert (result.exit_code, again) == (code, code)
    assert f" {word} " in result.stdout
    assert "Receipt verified: leaf 3 of 4.\n" in result.stdout
    assert data["receipt"] == {"leaf": 4, "size": 5, "state": "verified"}
    assert kept.pending() == ()
    assert len(kept.paths()) == 2
    assert kept.view.newest() == log.checkpoint(5)


def test_without_a_pinned_key_there_is_none(cli, wire, log, pair):
    """Nothing more is asked for, and nothing is kept."""
    cli.become(pair, log_key="")
    code, data = cli.json(*ASKED)
    result = cli(*ASKED)

    assert (code, data["receipt"]) == (0, {"leaf": 3, "size": None, "state": "none"})
    assert "eceipt" not in result.stdout
    assert {name for name, _ in wire.seen} == {"ShowBudgets", "CheckPlacement"}
    assert not (cli.path.parent / "log").exists()


def test_an_answer_without_an_entry_is_none_either(cli, wire, log, pair):
    """Without a key its index is null; with one, the answer is refused."""

    def answer(request):
        found = log.check(request)
        found.ClearField("leaf_index")
        return found

    wire.answers["CheckPlacement"] = answer
    refused = cli(*ASKED)
    cli.become(pair, log_key="")
    _, data = cli.json(*ASKED)

    assert (refused.exit_code, refused.stdout) == (5, "")
    assert data["receipt"] == {"leaf": None, "size": None, "state": "none"}


LIES = {
    "another verdict": lambda log: setattr(
        log,
        "on_details",
        lambda it: replace(it, matter=replace(it.matter, verdicts=(1,))),
    ),
    "another request": lambda log: setattr(
        log,
        "on_details",
        lambda it: replace(it, matter=replace(it.matter, request=bytes(16))),
    ),
    "another time to rely on": lambda log: setattr(
        log,
        "on_details",
        lambda it: replace(it, matter=replace(it.matter, valid_until=(NOON + 1,))),
    ),
    "another time": lambda log: setattr(
        log, "on_entry", lambda entry: replace(entry, at=NOON + 1)
    ),
    "hidden details": lambda log: setattr(
        log, "on_receipt", lambda sent: sent.ClearField("details") or sent
    ),
    "no note": lambda log: setattr(
        log, "on_receipt", lambda sent: sent.ClearField("note") or sent
    ),
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
def test_no_verdict_is_shown_that_the_log_does_not_bear_out(cli, log, kept, lie):
    """Exit code 5; the answer stays on the list, so that nobody can forget it."""
    log.words = ("CONFLICT",)
    lie(log)
    result = cli(*ASKED)
    code, data = cli.json(*ASKED)

    assert (result.exit_code, result.stdout, code) == (5, "", 5)
    assert "CONFLICT" not in result.output
    assert "the access log does not bear it out" in result.stderr
    assert set(data) == {"error"}
    assert data["error"]["reason"] == "TAMPERED"
    assert len(kept.pending()) == 2
    assert kept.paths() == ()


def test_a_rolled_back_log_is_caught_on_the_next_check(cli, wire, log):
    """Though it answers as if nothing had happened."""
    first = cli(*ASKED)
    back = log.forked(2, 5)
    wire.answers |= back.answers()
    second = cli(*ASKED)

    assert first.exit_code == 0
    assert (second.exit_code, second.stdout) == (5, "")
    assert "The log shows another history" in second.stderr


@pytest.fixture
def again(wire, log):
    """Let the service give its first answer again and again from now on."""

    def again():
        given = log.check(wire.requests("CheckPlacement")[0])
        log.grow(3)
        wire.answers["CheckPlacement"] = given
        return given

    return again


@pytest.mark.parametrize("withheld", [False, True])
def test_an_earlier_answer_is_no_answer(  # noqa: PLR0917 (fixtures)
    cli, wire, log, kept, again, withheld
):
    """The log had grown past its place before the question was asked."""
    cli(*ASKED)
    again()
    log.words = ("CONFLICT",)
    kept.view.advance(log.note(), log.prove)
    if withheld:
        wire.answers["GetReceipt"] = UNANSWERED
    wire.seen.clear()
    result = cli(*ASKED)

    assert (result.exit_code, result.stdout) == (5, "")
    assert "a place in the access log that was taken before" in result.stderr
    assert [name for name, _ in wire.seen] == ["ShowBudgets", "CheckPlacement"]
    assert [each.index for each in kept.pending()] == [4]


def test_an_earlier_answer_is_none_where_nothing_was_seen_since(cli, log, kept, again):
    """Its entry names another request."""
    cli(*ASKED)
    again()
    result = cli(*ASKED)

    assert kept.view.newest().size > 4
    assert (result.exit_code, result.stdout) == (5, "")
    assert "the access log does not bear it out" in result.stderr


@pytest.mark.parametrize("quorum", [0, 1])
def test_an_answer_that_never_came_into_the_log_is_none(  # noqa: PLR0917 (fixtures)
    cli, wire, log, kept, pair, quorum
):
    """The log has signed that it is longer, and does not show the entry."""
    cli.become(pair, witnesses=render_key(A.public), quorum=str(quorum))

    def answer(request):
        found = log.check(request)
        log.held.clear()
        return found

    wire.answers["CheckPlacement"] = answer
    result = cli(*ASKED)

    assert (result.exit_code, result.stdout) == (5, "")
    assert "does not show it" in result.stderr
    assert [each.index for each in kept.pending()] == [3]


def test_witnesses_that_are_late_hide_nothing(cli, wire, log, pair):
    """The entry was shown on the log's own word, so nothing more is asked."""
    cli.become(pair, witnesses=render_key(A.public), quorum="1")
    code, data = cli.json(*ASKED)

    assert (code, data["receipt"]["state"]) == (0, "pending")
    assert wire.requests("GetCheckpoint") == []


PENDING = {
    "no checkpoint yet": lambda log, wire: setattr(log, "published", 3),
    "no answer": lambda log, wire: wire.answers.update(GetReceipt=UNANSWERED),
    "hidden, and then no answer": lambda log, wire: wire.answers.update(
        GetReceipt=refusal(CODE.NOT_FOUND, "NOT_FOUND"), GetCheckpoint=UNANSWERED
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("trouble", PENDING.values(), ids=PENDING)
def test_a_receipt_that_cannot_be_had_yet_is_pending(cli, wire, log, kept, trouble):
    """The verdict is shown, one line says so, and the answer waits."""
    trouble(log, wire)
    result = cli(*ASKED)
    code, data = cli.json(*ASKED)

    assert (result.exit_code, code) == (0, 0)
    assert result.stdout.count("eceipt") == 2
    assert "Receipt pending: placement receipt verify will fetch it.\n" in result.stdout
    assert data["receipt"] == {"leaf": 4, "size": None, "state": "pending"}
    assert [each.index for each in kept.pending()] == [3, 4]


def test_a_refused_receipt_is_no_pending_one(cli, wire, log):
    """Nobody honest refuses one's own, so there is no verdict."""
    wire.answers["GetReceipt"] = refusal(CODE.PERMISSION_DENIED, "ACCESS_DENIED")
    result = cli(*ASKED)

    assert (result.exit_code, result.stdout) == (1, "")
    assert "the access log does not bear it out" in result.stderr


def test_a_checkpoint_that_is_about_to_come_is_waited_for(cli, wire, log, pair):
    """The log's own word is; the witnesses come by when they do."""
    calls = []

    def late(request):
        calls.append(request)
        log.published = 3 if len(calls) == 1 else None
        return log.receipt(request)

    wire.answers["GetReceipt"] = late
    _, data = cli.json(*ASKED)
    cli.become(pair, witnesses=render_key(A.public), quorum="1")
    _, strict = cli.json(*ASKED)

    assert data["receipt"]["state"] == "verified"
    assert strict["receipt"]["state"] == "pending"
    assert [each.cosignatures for each in calls] == [0, 0, 0, 1]


def test_no_quorum_hides_another_history(cli, wire, log, pair):
    """Before any witness has come by, a log that was put back is caught."""
    log.grow(5)
    cli(*ASKED)
    back = log.forked(1, 12)
    wire.answers |= back.answers()
    cli.become(pair, witnesses=render_key(A.public), quorum="1")
    result = cli(*ASKED)

    assert (result.exit_code, result.stdout) == (5, "")
    assert "The log shows another history" in result.stderr


def test_a_damaged_view_spends_no_question(cli, wire, log, kept):
    """Nobody could tell a rollback then, so nothing is asked."""
    cli(*ASKED)
    kept.view.path.write_bytes(b"")
    wire.seen.clear()
    result = cli(*ASKED)

    assert (result.exit_code, result.stdout) == (5, "")
    assert f"{kept.view.path} is damaged" in result.stderr
    assert wire.seen == []


def test_a_place_that_cannot_be_written_spends_no_question(cli, wire, log):
    """An answer that can't be remembered is not asked for."""
    (cli.path.parent / "log").touch()
    result = cli(*ASKED)

    assert (result.exit_code, result.stdout) == (1, "")
    assert str(cli.path.parent / "log") in result.stderr
    assert wire.seen == []


def test_nothing_about_a_receipt_tells_the_verdict(cli, wire, log, kept):
    """Calls, their sizes, and the files that are kept are alike for all verdicts."""
    log.grow(5)
    cli(*ASKED)  # the first moves a view that saw nothing
    seen, sizes = [], set()
    for word in WORDS:
        log.words = (word,)
        log.leaves = log.leaves[:9]
        log.subtree.cache_clear()
        kept.view.path.unlink()
        before = set(kept.paths())
        wire.seen.clear()
        cli(*ASKED)
        seen.append([(name, request.ByteSize()) for name, request in wire.seen])
        sizes |= {each.stat().st_size for each in set(kept.paths()) - before}
        for each in set(kept.paths()) - before:
            each.unlink()

    assert [name for name, _ in seen[0]] == [
        *("ShowBudgets", "CheckPlacement", "GetReceipt"),
    ]
    assert all(each == seen[0] for each in seen)
    assert len(sizes) == 1
