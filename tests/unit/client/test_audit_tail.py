"""``audit tail``: entries are printed as they come, each once, and it goes on."""

import json
import os
import signal
import threading
import time

import grpc
import pytest
from kit.access_log import log_entry
from kit.wire import RefusalError, in_turn, invalid
from placement_client.commands.audit_stopping import stoppable

from placement.api.v1 import audit_service_pb2 as audit

WHY = ("--purpose", "supervision", "--matter", "TSN 7")
TAIL = ("audit", "tail", *WHY, "--reference", "SN 7")
GONE = RefusalError(grpc.StatusCode.UNAVAILABLE)


def answer(*indexes, token=b""):
    return audit.TailEntriesResponse(
        entries=[log_entry(index) for index in indexes],
        resume_token=token or b"t%d" % (indexes[-1] if indexes else 0),
    )


def printed(result):
    return [json.loads(line)["index"] for line in result.stdout.splitlines()]


def tokens(wire):
    return [each.resume_token for each in wire.requests("TailEntries")]


def test_each_entry_is_a_line(cli, wire):
    """The cells of a list's row, parted by two spaces."""
    wire.answers["TailEntries"] = [answer(3, 4)]
    result = cli(*TAIL, "--count", "2")
    first, second = result.stdout.splitlines()

    assert (result.exit_code, result.stderr) == (0, "")
    assert first == (
        "3  2026-06-15 12:00:00  caseworker 1480/cw-01  CHECK  PLANNED  "
        "ANSWERED  cacacaca  Västra Götalands län, Stockholms län  CLEAR REVIEW  "
        "dededede dfdfdfdf  2"
    )
    assert second.startswith("4  ")


def test_each_entry_is_an_object(cli, wire):
    """And nothing stands behind the last."""
    wire.answers["TailEntries"] = [answer(3, 4, 7)]
    result = cli(*TAIL, "--json", "--count", "2")

    assert printed(result) == [3, 4]


def test_a_stream_that_dies_goes_on(cli, wire):
    """With the last token; nothing is lost, nothing comes twice."""
    wire.answers["TailEntries"] = in_turn(
        [answer(3), answer(5), GONE], [answer(8)], [answer(), answer(9)]
    )
    result = cli(*TAIL, "--json", "--count", "4")

    assert (result.exit_code, printed(result)) == (0, [3, 5, 8, 9])
    assert tokens(wire) == [b"", b"t5", b"t8"]
    assert result.stderr.count("The connection broke") == 1


def test_the_next_run_goes_on_where_this_one_stopped(cli, wire, tmp_path):
    """Even within an answer: the rest of it comes then."""
    path = tmp_path / "mark.json"
    wire.answers["TailEntries"] = in_turn(
        [answer(1, 2), answer(4, 6, 9)], [answer(4, 6, 9), answer(11)]
    )
    once = cli(*TAIL, "--json", "--resume", path, "--count", "3")
    mode = path.stat().st_mode & 0o777
    again = cli(*TAIL, "--json", "--resume", path, "--count", "3")

    assert (printed(once), printed(again)) == ([1, 2, 4], [6, 9, 11])
    assert tokens(wire) == [b"", b"t2"]
    assert mode == 0o600


def test_the_first_answer_of_all_is_shown_whole_if_it_shall_go_on(cli, wire, tmp_path):
    """No token leads into it; without a file there is nothing to lose."""
    path = tmp_path / "mark.json"
    wire.answers["TailEntries"] = lambda _request: [answer(1, 2, 3)]
    kept = cli(*TAIL, "--json", "--resume", path, "--count", "2")
    free = cli(*TAIL, "--json", "--count", "2")

    assert (printed(kept), printed(free)) == ([1, 2, 3], [1, 2])


def test_the_log_can_not_go_back_between_two_runs(cli, wire, tmp_path):
    """The file remembers how far it was."""
    path = tmp_path / "mark.json"
    wire.answers["TailEntries"] = in_turn([answer(8)], [answer(7)])
    cli(*TAIL, "--resume", path, "--count", "1")
    result = cli(*TAIL, "--resume", path, "--count", "1")

    assert (result.exit_code, result.stdout) == (5, "")


@pytest.mark.parametrize(
    "lie",
    [
        lambda: [answer(3), answer(3)],
        lambda: [answer(3), answer(2)],
        lambda: [answer(3), audit.TailEntriesResponse(entries=[log_entry(4)])],
        lambda: [
            answer(3),
            audit.TailEntriesResponse(
                entries=[audit.LogEntry(index=4, entry=b"garbage")], resume_token=b"t"
            ),
        ],
    ],
    ids=["again", "back", "no token", "garbage"],
)
def test_a_server_that_lies_is_found_out(cli, wire, lie):
    """What came before stays; nothing more is shown."""
    wire.answers["TailEntries"] = lie()
    result = cli(*TAIL, "--json")
    first, last = map(json.loads, result.stdout.splitlines())

    assert result.exit_code == 5
    assert first["index"] == 3
    assert last["error"]["reason"] == "TAMPERED"


@pytest.mark.parametrize(
    ("words", "second"),
    [(("--first", "3"), 5), (("--reference", "SN 7", "--person", "cw-02"), 4)],
    ids=["a gap", "another person"],
)
def test_what_was_not_asked_for_is_found_out(cli, wire, words, second):
    """A gap where all is followed; an entry that does not fit."""
    wire.answers["TailEntries"] = [answer(3, second)]
    result = cli("audit", "tail", *WHY, *words, "--json", "--count", "2")

    assert result.exit_code == 5
    assert "TAMPERED" in result.stdout


def test_a_file_of_another_kind_is_refused(cli, wire, tmp_path):
    """It is not written over."""
    path = tmp_path / "mark.json"
    path.write_text("mine")
    result = cli(*TAIL, "--resume", path)

    assert result.exit_code == 2
    assert "resume (--resume) is a file that" in result.stderr
    assert path.read_text() == "mine"


def test_a_token_that_the_server_refuses_is_told_with_its_option(cli, wire):
    """Under another filter, for example."""
    wire.answers["TailEntries"] = invalid(("resume_token", "is not of this filter"))
    result = cli(*TAIL)

    assert result.exit_code == 2
    assert "resume_token (--resume) is not of this filter." in result.stderr


def test_a_server_that_never_answers_is_given_up(cli, wire):
    """With what a person can do about it."""
    wire.answers["TailEntries"] = lambda _request: GONE
    result = cli(*TAIL)

    assert result.exit_code == 1
    assert "placement doctor" in result.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_is_its_regular_end(cli, wire, tmp_path, number):
    """While it waits; what was printed is kept, and the handlers are as before."""
    path, over = tmp_path / "mark.json", threading.Event()
    before = signal.getsignal(number)

    def answers():
        yield answer(3)
        while not path.exists():
            time.sleep(0.01)
        os.kill(os.getpid(), number)
        over.wait(5)

    wire.answers["TailEntries"] = lambda _request: answers()
    began = time.monotonic()
    result = cli(*TAIL, "--json", "--resume", path)
    over.set()

    assert (result.exit_code, printed(result)) == (0, [3])
    assert json.loads(path.read_text())["resume_token"] == b"t3".hex()
    assert time.monotonic() - began < 4
    assert signal.getsignal(number) == before


def test_what_is_being_printed_is_printed_to_its_end():
    """A signal outside of waiting is remembered; a second one ends even that."""
    with stoppable() as stop:
        os.kill(os.getpid(), signal.SIGTERM)
        printed_after = True
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGTERM)

        assert stop.is_asked
        stop.next(iter(()))

    assert printed_after
