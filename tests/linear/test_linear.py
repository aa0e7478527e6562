"""Short runs of ``make linear``; the long one is a target."""

import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest

from tests.linear.areas import CLEAR
from tests.linear.history import Call
from tests.linear.run import Tally

ROOT = Path(__file__).parents[2]


def linear(stage):
    command = [sys.executable, "-m", "tests.linear.run", "--histories", "3"]
    done = subprocess.run(
        [*command, "--only", stage],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        timeout=180,
    )
    return done.returncode, done.stdout.splitlines()[-1].rpartition(": ")[2]


@pytest.mark.slow
def test_holds_are_linearizable_when_the_server_is_killed():
    """On SQLite."""
    assert linear("sqlite") == (0, "all are linearizable")


@pytest.mark.slow
@pytest.mark.postgres
def test_holds_are_linearizable_across_servers():
    """On PostgreSQL, one of two servers killed at a time."""
    assert linear("pair") == (0, "all are linearizable")


def held(name, case):
    return Call(
        act=("hold", case, "0680", name),
        first=0.0,
        last=0.0,
        ret=1.0,
        attempts=1,
        answer=(CLEAR, True),
        place=(case, "0680"),
    )


@pytest.mark.parametrize(("other", "bad"), [("B", 1), ("C", 0)])
def test_two_rivals_who_hold_one_area_are_found(other, bad, capsys):
    """And shown; two who are none are not."""
    tally = Tally()
    calls = [asdict(held("1", "A")), asdict(held("2", other))]
    tally.judge(json.dumps({"calls": calls, "failures": []}))

    assert (tally.bad, tally.operations) == (bad, 2)
    assert ("no order for this history" in capsys.readouterr().out) is bool(bad)


def test_a_caller_who_fails_is_no_success():
    """A history that broke off proves nothing."""
    tally = Tally()
    tally.judge(json.dumps({"calls": [], "failures": ["INTERNAL"]}))

    assert tally.bad == 1
