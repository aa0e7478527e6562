"""A short run of ``make import-drill``; the long one is a target."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


TRIES = 4
"""How often it may happen that a kill hit nothing half done."""


@pytest.mark.slow
def test_an_interrupted_import_becomes_the_same_registry():
    """Killed at random points and resumed, it leaves what an uninterrupted one does."""
    for _ in range(TRIES):
        code, said = drilled()
        if "never half way" not in said:
            break

    assert code == 0, said
    last = said.splitlines()[-1]
    assert "equals that of an uninterrupted import, byte for byte" in last


def drilled() -> tuple[int, str]:
    """Run the drill once; return its exit code, and what it said."""
    command = [sys.executable, "-m", "tests.imports.run", "--rows", "6000"]
    done = subprocess.run(
        [*command, "--kills", "1"],
        cwd=ROOT,
        check=False,
        timeout=500,
        capture_output=True,
        text=True,
    )
    return done.returncode, done.stdout
