"""The drill holds in a few worlds, and finds a phantom that hides somebody."""

import pytest

from placement.domain.picture import Picture
from tests.phantoms.run import CELLS, Tally, some


@pytest.mark.slow
def test_no_answer_is_milder_in_some_worlds():
    """Of thousands of cells; and phantoms do act in them."""
    tally = some(0, 25)

    assert (tally.cells, tally.milder, tally.unlike) == (25 * CELLS, 0, 0)
    assert tally.worse > 20
    assert tally.holds


@pytest.mark.slow
def test_a_phantom_that_hides_somebody_is_found(monkeypatch):
    """Were real people not looked at where a phantom is, the drill would say so."""
    monkeypatch.setattr(Picture, "_overlapping", _hidden(Picture._overlapping))
    tally = some(0, 25)

    assert tally.milder > 0
    assert not tally.holds


def _hidden(overlapping):
    """Return what sees nobody real as soon as there are phantoms at all."""

    def instead(self, placements):
        if self._phantoms._places:
            return iter(())
        return overlapping(self, placements)

    return instead


def test_a_run_in_which_no_phantom_acted_proves_nothing():
    """It fails."""
    assert not Tally(worlds=1, cells=CELLS).holds
