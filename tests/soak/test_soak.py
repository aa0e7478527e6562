"""What a soak says, and short runs of it; the long one is ``make soak``."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.soak.run import Seen, judge
from tests.soak.slope import Slope

ROOT = Path(__file__).parents[2]
FLAT, STEEP, NOISY = Slope(0.1, 0.1), Slope(9.0, 0.5), Slope(0.1, 3.0)


def seen(**failed):
    found = Seen(took=[0.1] * 100)
    found.failed.update(failed)
    return found


@pytest.mark.parametrize(
    ("run", "entries", "minutes", "line", "fresh", "word"),
    [
        (seen(), 100, 20, FLAT, False, "OK"),
        (seen(), 100, 20, NOISY, False, "NOT SHOWN"),
        (seen(), 100, 14, FLAT, False, "NOT SHOWN"),
        (seen(), 100, 20, None, False, "NOT SHOWN"),
        (seen(), 100, 20, FLAT, True, "NOT SHOWN"),
        (seen(), 100, 20, STEEP, False, "FAILED"),
        (seen(), 100, 1, STEEP, False, "FAILED"),
        (seen(), 99, 20, FLAT, False, "FAILED"),
        (seen(), 0, 20, FLAT, False, "FAILED"),
        (seen(UNAVAILABLE=1), 100, 20, FLAT, False, "FAILED"),
        (Seen(), 100, 20, FLAT, False, "FAILED"),
    ],
)
def test_only_what_was_measured_is_said(  # noqa: PLR0917 (a row of the table)
    run, entries, minutes, line, fresh, word
):
    """OK needs all of it; an error, or a slope that is sure, is enough to fail."""
    verdict = judge(run, entries, minutes, line, fresh=fresh)

    assert verdict.word == word
    assert verdict.code == {"OK": 0, "FAILED": 1, "NOT SHOWN": 2}[word]


def run(*options):
    command = [sys.executable, "-m", "tests.soak.run", "--minutes", "0.5", *options]
    command += ["--factor", "0.1"]
    return subprocess.run(
        command, cwd=ROOT, check=False, timeout=170, capture_output=True, text=True
    )


@pytest.mark.slow
def test_a_short_run_shows_no_error_and_nothing_of_memory():
    """Half a minute is not enough for the rest, and it says so."""
    done = run()
    calls, failed = re.search(
        r"^([\d,]+) calls, (\d+) failed", done.stdout, re.MULTILINE
    ).groups()

    assert done.returncode == 2, done.stdout + done.stderr
    assert failed == "0"
    assert int(calls.replace(",", "")) > 1000
    assert done.stdout.splitlines()[-1].startswith("NOT SHOWN: ")


@pytest.mark.slow
def test_a_planted_leak_is_found():
    """Even in half a minute, if it is a large one."""
    done = run("--leak", "50000")

    assert done.returncode == 1, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1].startswith("FAILED: memory grows: ")
