"""Short runs of ``make race``; the long one is a target."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.race.run import Tally

ROOT = Path(__file__).parents[2]


def race(*stages):
    command = [sys.executable, "-m", "tests.race.run", "--runs", "10"]
    for each in stages:
        command += ["--only", each]
    done = subprocess.run(
        command, cwd=ROOT, check=False, capture_output=True, text=True, timeout=180
    )
    return done.returncode, done.stdout.splitlines()[-1]


@pytest.mark.slow
def test_exactly_one_of_two_rivals_holds():
    """Ten times at once on SQLite, ten times one."""
    said = "race: 10 runs, 10 with exactly one hold, 0 without, 0 with two"

    assert race("sqlite") == (0, said)


@pytest.mark.slow
@pytest.mark.postgres
def test_exactly_one_of_two_rivals_holds_across_servers():
    """Ten times at once, each at a server of its own."""
    said = "race: 10 runs, 10 with exactly one hold, 0 without, 0 with two"

    assert race("pair") == (0, said)


@pytest.mark.parametrize(
    ("answers", "counted"),
    [
        ("HELD / CONFLICT", (1, 0, 0, 0)),
        ("CONFLICT / HELD", (1, 0, 0, 0)),
        ("HELD / HELD", (0, 0, 1, 1)),
        ("CONFLICT / CONFLICT", (0, 1, 0, 1)),
        ("HELD / REVIEW", (1, 0, 0, 1)),
        ("HELD / UNAVAILABLE: later", (1, 0, 0, 1)),
        ("held, but REVIEW / CONFLICT", (1, 0, 0, 1)),
    ],
)
def test_whatever_else_is_answered_fails_the_race(answers, counted):
    """Only one hold beside one CONFLICT is what should be."""
    tally = Tally()
    tally.add(answers, 1)

    assert (tally.one, tally.none, tally.two, tally.strange) == counted
