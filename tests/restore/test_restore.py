"""A lost machine comes back from backup and custody, and answers as before."""

import pytest

from placement.audit.checkpoint import Checkpoint
from tests.restore import run

ROOT = "A" * 43 + "="


@pytest.mark.slow
def test_a_lost_machine_comes_back(capsys, tmp_path):
    """`make restore-drill` has more events."""
    code = run.main(["--events", "600", "--folder", str(tmp_path)])
    *_, last = capsys.readouterr().out.strip().split("\n")

    assert code == 0, last
    assert last.startswith("Restored: 600 events, the root is the witness's, CLEAR as")
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize(
    ("said", "verdicts", "took"),
    [
        (f"8 entries, root {ROOT}.", ("CLEAR", "CLEAR"), 1.0),
        (f"7 entries, root {ROOT[1:]}.", ("CLEAR", "CLEAR"), 1.0),
        (f"7 entries, root {ROOT}.", ("CONFLICT", "CLEAR"), 1.0),
        (f"7 entries, root {ROOT}.", ("CLEAR", "CLEAR"), 60.0),
    ],
)
def test_the_drill_can_fail(capsys, said, verdicts, took):
    """By another root, another verdict, or for its time."""
    known = Checkpoint("origin", 7, bytes(32))

    assert run.judged(known, f"7 entries, root {ROOT}.", ("CLEAR",) * 2, 1.0, 5) == 0
    assert run.judged(known, said, verdicts, took, 5) == 1
    assert "NOT as it shall be" in capsys.readouterr().out
