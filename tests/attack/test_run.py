"""The run tells all tables, and fails when a gate is red or a bug is missed."""

from dataclasses import replace

import pytest

from tests.attack import run
from tests.attack.measuring import SHORT, TASKS, Measured

PLAN = replace(SHORT, hunts=2, weeks=4, pairs=1, compared=1, coalitions=(5,))


@pytest.fixture(scope="module")
def found():
    measured = Measured()
    for task in TASKS:
        measured.add(task(1, PLAN))
    return measured


@pytest.mark.slow
def test_every_control_stands_in_the_tables(found):
    """Coalitions, hunts, flips, rivalries, honest askers, pairs, the table."""
    got = "\n".join(run.told(found))

    assert all(control in got for control in ("none", "budget", "phantoms", "both"))
    assert "1 pairs of nations" in got
    assert "290 answers of the table held against the rules: 0 differ" in got


@pytest.mark.parametrize(
    ("differ", "code"),
    [((0, []), 1), ((0, ["RED"]), 0), ((1, ["RED"]), 1)],
)
def test_the_exit_code_says_whether_all_holds(
    found, differ, code, tmp_path, monkeypatch
):
    """A red gate, or a bug that turned none red, is 1."""
    broken, missed = differ
    measured = Measured(oracle=found.oracle, hunts={}, paired=replace(found.paired))
    measured.paired.strangers = broken
    monkeypatch.setattr(run, "run", lambda *_: (measured, {"a bug": missed}))
    got = run.main(["--plot", str(tmp_path / "plots" / "attack.svg")])

    assert got == code
    assert (tmp_path / "plots" / "attack.svg").read_text("utf-8").startswith("<svg")
