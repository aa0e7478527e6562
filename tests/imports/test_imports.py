"""A short run of ``make import-drill``; the long one is a target."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_an_interrupted_import_becomes_the_same_registry():
    """Killed at random points and resumed, it leaves what an uninterrupted one does."""
    command = [sys.executable, "-m", "tests.imports.run", "--rows", "6000"]
    done = subprocess.run(
        [*command, "--kills", "1"],
        cwd=ROOT,
        check=False,
        timeout=500,
        capture_output=True,
        text=True,
    )
    last = done.stdout.splitlines()[-1]

    assert done.returncode == 0, done.stdout
    assert "equals that of an uninterrupted import, byte for byte" in last
