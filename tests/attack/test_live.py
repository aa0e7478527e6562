"""A live server answers what the table says."""

import pytest

from placement.domain.terms import Verdict
from tests.attack.live import judged, play


@pytest.mark.slow
def test_a_live_server_answers_as_the_table_says(tmp_path):
    """Over mutual TLS, with the phantoms of its own key."""
    got = play(tmp_path)

    assert got.holds
    assert sum(got.answers.values()) == 120


class _Says:
    def __init__(self, verdict):
        self._verdict = verdict

    def verdict(self, _group, _area):
        return self._verdict


def test_an_answer_that_is_too_mild_is_found():
    """And so is one that no phantom made worse."""
    got = judged([["CLEAR"]], _Says(Verdict.REVIEW), _Says(Verdict.REVIEW))

    assert (got.differ, got.milder, got.haunted, got.holds) == (1, 1, 0, False)
