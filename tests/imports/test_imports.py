"""A short run of ``make import-drill``; the long one is a target."""

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.imports import run

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


@pytest.mark.parametrize(
    ("missed", "last", "said"),
    [
        ("", b"other", "FAILED: the registries differ"),
        (run.Drill.KINDS[1], b"sheet", f"never half way: {run.Drill.KINDS[1]}"),
    ],
)
def test_the_drill_can_fail(capsys, missed, last, said):
    """By one byte of an export, or by a kind of kill that hit nothing."""
    hit = Counter(run.Drill.KINDS)
    left = Counter({kind: int(kind != missed) for kind in hit})

    assert run.report(3, hit, (b"sheet",) * 3) == 0
    assert run.report(3, left, (b"sheet", b"sheet", last)) == 1
    assert said in capsys.readouterr().out
