"""Whatever is answered with a verdict is held against the log before it is shown."""

from dataclasses import replace

import grpc
import pytest
from kit.asked import CASE
from kit.held import HOLD, PLACED, HeldLog
from kit.pinned import receipts_of
from kit.wire import RefusalError
from placement_client.commands import proving
from placement_client.receipts import certificate_of

from placement.audit.note import render_key

OTHER = bytes([7]) * 16
COMMANDS = {
    "check --hold": (
        *("check", "--case", CASE.hex(), "--from", "2026-06-15", "--area", "1480"),
        *("--justification", "planned", "--hold"),
    ),
    "hold confirm": ("hold", "confirm", HOLD.hex()),
    "placement move-in": ("placement", "move-in", PLACED.hex()),
    "placement move": ("placement", "move", PLACED.hex(), "--to", HOLD.hex()),
}
DECIDING = [words for name, words in COMMANDS.items() if name != "check --hold"]

pytestmark = pytest.mark.usefixtures("at_noon")
every_command = pytest.mark.parametrize("words", COMMANDS.values(), ids=COMMANDS)


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch):
    monkeypatch.setattr(proving, "PAUSES", (0.0,))


@pytest.fixture
def log(cli, wire, pair):
    """A log whose key the context pins; a check that wants to hold a place does."""
    log = HeldLog(certificate_of(cli.profile))
    log.hold = HOLD
    wire.answers |= log.answers()
    cli.become(pair, log_key=render_key(log.public))
    return log


@pytest.fixture
def kept(cli, log, monkeypatch):
    return receipts_of(cli, monkeypatch)


@every_command
def test_what_was_done_comes_with_a_verified_receipt(cli, kept, words):
    """It is kept, and nothing is pending."""
    result = cli(*words)
    code, data = cli.json(*words)

    assert (result.exit_code, code) == (0, 0)
    assert "Receipt verified: leaf 3 of 4.\n" in result.stdout
    assert data["receipt"] == {"leaf": 4, "size": 5, "state": "verified"}
    assert (kept.pending(), len(kept.paths())) == ((), 2)


@every_command
def test_without_a_pinned_key_there_is_none(cli, wire, log, pair, words):
    """Nothing more is asked for, and nothing is kept."""
    cli.become(pair, log_key="")
    code, data = cli.json(*words)

    assert (code, data["receipt"]) == (0, {"leaf": 3, "size": None, "state": "none"})
    assert [name for name, _ in wire.seen if name == "GetReceipt"] == []
    assert not (cli.path.parent / "log").exists()


def lying(**changes):
    """Return a lie about what an entry is about."""

    def lie(log):
        log.on_details = lambda it: replace(it, matter=replace(it.matter, **changes))

    return lie


LIES = {
    "another verdict": lying(verdicts=(2,)),
    "another request": lying(request=bytes(16)),
    "another decision": lying(decisions=(OTHER,)),
    "another placement": lying(objects=(OTHER,)),
    "one placement more": lying(objects=(HOLD, PLACED, OTHER)),
    "no place": lying(areas=()),
    "no case": lying(case=b""),
    "another action": lambda log: setattr(
        log, "on_entry", lambda entry: replace(entry, action="HOLD_EXTEND")
    ),
    "a refusal": lambda log: setattr(
        log, "on_entry", lambda entry: replace(entry, outcome="CONTRADICTION")
    ),
    "a hidden matter": lambda log: setattr(
        log, "on_receipt", lambda sent: sent.ClearField("details") or sent
    ),
}


@every_command
@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
def test_nothing_is_shown_that_the_log_does_not_bear_out(cli, log, kept, words, lie):
    """Exit code 5; people are told that it may be done all the same."""
    lie(log)
    result = cli(*words)

    assert (result.exit_code, result.stdout) == (5, "")
    assert "the access log does not bear it out" in result.stderr
    assert "What you asked for may be done all the same" in result.stderr
    assert (len(kept.pending()), kept.paths()) == (1, ())


def test_a_hold_that_its_entry_does_not_name_is_none(cli, log):
    """Whoever confirmed it would confirm nothing."""
    log.changed = False
    result = cli(*COMMANDS["check --hold"])

    assert (result.exit_code, result.stdout) == (5, "")


def test_a_hold_that_the_answer_hides_is_found_out(cli, wire, log):
    """The entry names one, and the answer none."""

    def answer(request):
        found = log.checked(request)
        found.verdicts[0].hold_id = bytes(16)
        return found

    wire.answers["CheckPlacement"] = answer
    result = cli(*COMMANDS["check --hold"])

    assert (result.exit_code, result.stdout) == (5, "")


@pytest.mark.parametrize("words", DECIDING, ids=" ".join)
def test_what_was_not_done_is_named_all_the_same(cli, log, words):
    """The entry says who tried what; one that names nothing is refused."""
    log.words, log.state = ("REVIEW",), "HELD"
    honest = cli(*words)
    log.changed = False
    lie = cli(*words)

    assert honest.exit_code == 3
    assert "Receipt verified" in honest.stdout
    assert (lie.exit_code, lie.stdout) == (5, "")


@every_command
def test_a_receipt_that_cannot_be_had_yet_is_pending(cli, wire, kept, words):
    """`receipt verify` fetches it, whatever was asked for."""
    fetch = wire.answers["GetReceipt"]
    wire.answers["GetReceipt"] = RefusalError(grpc.StatusCode.UNAVAILABLE)
    result = cli(*words)
    waiting = kept.pending()
    wire.answers["GetReceipt"] = fetch
    fetched = cli("receipt", "verify")

    assert result.exit_code == 0
    assert "Receipt pending: placement receipt verify will fetch it.\n" in result.stdout
    assert [each.index for each in waiting] == [3]
    assert fetched.exit_code == 0
    assert kept.pending() == ()


@every_command
def test_nothing_is_asked_where_nothing_can_be_kept(cli, wire, log, words):
    """An answer that can't be remembered is not asked for."""
    (cli.path.parent / "log").touch()
    result = cli(*words)

    assert (result.exit_code, result.stdout) == (1, "")
    assert wire.seen == []
