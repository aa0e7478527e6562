"""Short runs of ``make crash`` and ``make crash-pair``; the long ones are targets."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def run(*options):
    command = [sys.executable, "-m", "tests.crash.run", "--kills", "10", *options]
    return subprocess.run(command, cwd=ROOT, check=False, timeout=180).returncode


@pytest.mark.slow
def test_nothing_acknowledged_is_lost():
    """Killed at random points, the server loses, tears and doubles nothing."""
    assert run() == 0


@pytest.mark.slow
@pytest.mark.postgres
def test_two_servers_never_fork_the_log():
    """Killed in turn, two servers on one PostgreSQL keep one log without a gap."""
    assert run("--servers", "2") == 0
