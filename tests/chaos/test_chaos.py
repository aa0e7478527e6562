"""Short runs of ``make chaos``, with and without bugs; the long one is a target."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from random import Random
from types import SimpleNamespace

import pytest

from tests.chaos.callers import Contradiction
from tests.chaos.judge import incidents, judge
from tests.chaos.run import tell

ROOT = Path(__file__).parents[2]
SAID = (
    "chaos: holds are linearizable, every acknowledged entry is found once,"
    " no stale CLEAR, no fork"
)


def chaos(*options):
    """Run half a minute; return the exit code and what was printed."""
    command = [sys.executable, "-m", "tests.chaos.run", "--minutes", "0.5", *options]
    done = subprocess.run(
        command, cwd=ROOT, check=False, capture_output=True, text=True, timeout=400
    )
    return done.returncode, done.stdout.splitlines()


@pytest.mark.slow
@pytest.mark.postgres
@pytest.mark.parametrize("servers", ["2", "3"])
def test_nothing_is_lost_stale_or_forked(servers):
    """Killed, stopped and cut off, several servers answer as one."""
    code, lines = chaos("--servers", servers, "--seed", "8")

    assert (code, lines[-1]) == (0, SAID)


@pytest.mark.slow
@pytest.mark.postgres
def test_a_server_that_answers_from_its_old_state_is_found():
    """Its CLEAR is stale, and there are histories that have no order."""
    code, lines = chaos("--servers", "2", "--seed", "8", "--plant", "old")

    assert code == 1
    assert any("stale CLEAR" in line for line in lines)


@pytest.mark.slow
@pytest.mark.postgres
def test_a_server_that_drops_an_entry_is_found():
    """What it acknowledged is not in the log."""
    code, lines = chaos("--servers", "2", "--seed", "8", "--plant", "drop")

    assert code == 1
    assert "  the log does not say what was answered" in lines


# What the last line may say


@pytest.fixture
def seen(tmp_path):
    """Write what callers saw of one fact, and one history that has an order."""
    call = {
        "act": ["show", "A"],
        "first": 1.0,
        "last": 1.0,
        "ret": 2.0,
        "attempts": 1,
        "answer": [[]],
    }
    history = {"calls": [call], "failures": []}
    (tmp_path / "histories.jsonl").write_text(json.dumps(history), "utf-8")

    def write(*checks):
        line = {
            "acknowledged": 5.0,
            "checks": [
                {
                    "server": number % 2,
                    "began": began,
                    "at": at,
                    "verdict": f"VERDICT_{word}",
                }
                for number, (began, at, word) in enumerate(checks)
            ],
        }
        (tmp_path / "contradictions.jsonl").write_text(json.dumps(line), "utf-8")
        return judge(tmp_path)

    return write


BEFORE = (3.0, 4.0, "CLEAR")
AFTER = (5.1, 5.2, "CONFLICT")
LATER = (5.3, 5.4, "CONFLICT")


def test_a_clear_that_began_later_is_stale(seen):
    """One that was asked before may come after the fact was acknowledged."""
    found = seen(BEFORE, (4.9, 9.0, "CLEAR"), AFTER, LATER)
    stale = seen(BEFORE, AFTER, (6.0, 6.5, "CLEAR"))

    assert found.faults(2) == []
    assert stale.faults(2) == ["1 stale CLEAR"]


def test_a_server_that_nobody_asked_is_told(seen):
    """However often the others were, and were right."""
    found = seen(BEFORE, AFTER, BEFORE, LATER)

    assert found.faults(2) == ["server 0 was not asked after a fact"]


def test_the_longest_time_without_an_answer_is_measured(seen):
    """Between any two answers, whoever they were for."""
    found = seen(BEFORE, AFTER, (6.0, 16.2, "CONFLICT"))

    assert (found.answers, found.longest) == (4, 11.0)


def test_what_was_not_measured_is_no_success(seen, tmp_path, capsys):
    """No checks, no kills: then the last line says so."""
    nothing = judge(tmp_path / "none").faults(2)
    calm = SimpleNamespace(counts=Counter(kills=1, pauses=1))
    measured = (BEFORE, AFTER, LATER)
    code = tell(seen(*measured), calm, 1, 2)
    windy = SimpleNamespace(counts=Counter(kills=1, pauses=1, partitions=1))

    assert len(nothing) == 5
    assert code == 1
    assert capsys.readouterr().out.splitlines()[-2:] == [
        "  no partitions",
        "chaos: 1 faults",
    ]
    assert tell(seen(*measured), windy, 1, 2) == 0
    assert capsys.readouterr().out.splitlines()[-1] == SAID


def test_what_servers_may_never_say_is_found():
    """A refused batch is what happens when a database is away; a defect is not."""
    log = "… WARNING x batch_refused reason=UNAVAILABLE\n… ERROR x batch_failed kind=Key\n"

    assert incidents(log) == ["x batch_failed kind=Key"]


def test_whoever_asks_and_fails_is_a_fault(monkeypatch):
    """An answer that may not be ends the questions, and nothing passes for calm."""
    made = Contradiction([None, None], 1, Random(1), lambda **_: None)

    def broken(number, party):
        raise ValueError("two verdicts")

    monkeypatch.setattr(made, "_ask", broken)
    made._ask_on(1, None)

    assert [str(each) for each in made._broken] == ["two verdicts"]
    assert made._enough[1].is_set()
