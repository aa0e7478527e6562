"""What a soak says, and short runs of it; the long one is ``make soak``."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.soak.run import Seen, judge
from tests.soak.slope import Slope

ROOT = Path(__file__).parents[2]
FLAT, STEEP, NOISY = Slope(0.1, 0.1, 6), Slope(9.0, 0.5, 6), Slope(0.1, 0.4, 6)


def seen(**failed):
    found = Seen(took=[0.1] * 100, leaves=list(range(100)))
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
        (seen(), 100, 1, STEEP, False, "NOT SHOWN"),
        (seen(), 99, 20, FLAT, False, "FAILED"),
        (seen(), 0, 20, FLAT, False, "FAILED"),
        (seen(UNAVAILABLE=1), 100, 20, FLAT, False, "FAILED"),
        (Seen(), 100, 20, FLAT, False, "FAILED"),
        (Seen(took=[0.1] * 2, leaves=[7, 7]), 100, 20, FLAT, False, "FAILED"),
        (Seen(took=[0.1] * 2, leaves=[7]), 100, 20, FLAT, False, "FAILED"),
    ],
)
def test_only_what_was_measured_is_said(  # noqa: PLR0917 (a row of the table)
    run, entries, minutes, line, fresh, word
):
    """OK needs all of it; a short run shows errors, and nothing of memory."""
    verdict = judge(run, entries, minutes, line, fresh=fresh)

    assert verdict.word == word
    assert verdict.code == {"OK": 0, "FAILED": 1, "NOT SHOWN": 2}[word]


def run(*options):
    command = [sys.executable, "-m", "tests.soak.run", "--minutes", "0.5", *options]
    command += ["--factor", "0.1"]
    return subprocess.run(
        command, cwd=ROOT, check=False, timeout=170, capture_output=True, text=True
    )


def found(done):
    """Return calls, failures and the slope that a run saw."""
    calls, failed = re.search(
        r"^([\d,]+) calls, (\d+) failed", done.stdout, re.MULTILINE
    ).groups()
    last = done.stdout.splitlines()[-1]

    assert done.returncode == 2, done.stdout + done.stderr
    assert last.startswith("NOT SHOWN: too short; memory ")
    return int(calls.replace(",", "")), int(failed), float(last.split()[5])


@pytest.mark.slow
def test_a_short_run_has_no_error_and_a_planted_leak_is_seen():
    """Half a minute shows nothing of memory, and says so; but 100 kB a call stand out."""
    calls, failed, sound = found(run())
    *_, leaky = found(run("--leak", "100000"))

    assert failed == 0
    assert calls > 100
    assert leaky > 10 * max(sound, 100.0)
