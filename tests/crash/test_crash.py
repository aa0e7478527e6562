"""A short run of ``make crash``; the long one has a target of its own."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_nothing_acknowledged_is_lost():
    """Killed at random points, the server loses, tears and doubles nothing."""
    command = [sys.executable, "-m", "tests.crash.run", "--kills", "10"]

    assert subprocess.run(command, cwd=ROOT, check=False, timeout=180).returncode == 0
