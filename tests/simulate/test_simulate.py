"""Some seeds hold; each planted bug is found; a seed is the same again."""

import pytest

from tests.simulate.bugs import BUGS
from tests.simulate.run import main, some

SEEDS = 15
"""``make simulate`` plays more."""
ENOUGH = 120
"""In so many seeds every planted bug is found; CI plays a thousand."""


@pytest.mark.slow
def test_whatever_goes_wrong_nothing_is_lost_and_no_verdict_is_milder():
    """And things do go wrong: at every point where they can."""
    tally = some(0, SEEDS)

    assert tally.failed == {}
    assert tally.answered > 20 * SEEDS
    assert len(tally.happened) >= 6


@pytest.mark.slow
@pytest.mark.parametrize("name", BUGS)
def test_a_planted_bug_is_found(name, monkeypatch):
    """And named, with the seed that finds it again."""
    BUGS[name](monkeypatch)
    first = next(
        (seed for seed in range(ENOUGH) if some(seed, 1).failed.get(seed)), None
    )

    assert first is not None
    assert some(first, 1).failed.keys() == {first}


def test_a_seed_says_everything(capsys):
    """Played again, it takes the same steps; what it did is printed."""
    shown = []
    for _ in range(2):
        assert main(["--seed", "7"]) == 0
        shown.append(capsys.readouterr().out.rpartition(", ")[0])

    assert shown[0] == shown[1]
    assert "round 0" in shown[0]
    assert "1 of 1 seeds held" in shown[0]
