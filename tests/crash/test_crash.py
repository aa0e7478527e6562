"""Short runs of ``make crash`` and ``make crash-pair``; the long ones are targets."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def run(*options):
    command = [sys.executable, "-m", "tests.crash.run", "--kills", "10", *options]
    done = subprocess.run(
        command, cwd=ROOT, check=False, timeout=600, stdout=subprocess.PIPE, text=True
    )
    print(done.stdout)
    return done


@pytest.mark.slow
def test_nothing_acknowledged_is_lost():
    """Killed at random points, the server loses, tears and doubles nothing."""
    assert run().returncode == 0


@pytest.mark.slow
def test_recoveries_on_a_log_that_is_there_are_timed():
    """Each to the moment at which the server says that it serves."""
    done = run("--events", "4000")
    *_, last = done.stdout.splitlines()
    said = re.fullmatch(
        r"10 kills; (\d+) events, (\d+) entries verified; (\d+) recoveries, the worst in"
        r" \d+\.\d\d s; acknowledged: .*",
        last,
    )

    assert (done.returncode, bool(said)) == (0, True)
    assert "4000 events, 3999 entries before the first call\n" in done.stdout
    assert 0 < int(said[3]) <= 10


@pytest.mark.slow
@pytest.mark.postgres
def test_two_servers_never_fork_the_log():
    """Killed in turn, two servers on one PostgreSQL keep one log without a gap."""
    assert run("--servers", "2").returncode == 0
