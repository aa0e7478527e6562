"""Whatever is put back is noticed; without the anchor it would not be."""

import pytest

from tests.faults.rollback import (
    AT_CHECKPOINT,
    AT_START,
    CRIMES,
    MISSED,
    SAME,
    some,
)

LIVES = 2
"""``make rollback-drill`` has more."""


@pytest.mark.slow
def test_whatever_is_put_back_is_noticed():
    """At the start; by a witness where the anchor was put back, too."""
    found = some(0, LIVES)
    harmless = {"snapshot put back"}

    for kind in CRIMES:
        expected = AT_START
        if kind in harmless:
            expected = SAME
        elif kind == "the whole machine put back":
            expected = AT_CHECKPOINT
        assert {how: found[kind, how] for how in (expected, MISSED)} == {
            expected: LIVES,
            MISSED: 0,
        }, kind


@pytest.mark.slow
def test_without_the_anchor_an_older_database_starts(monkeypatch):
    """So it is the anchor that refuses it; only witnesses notice then."""
    monkeypatch.setattr("placement.service.engine.require_newest", lambda *_: None)
    found = some(0, LIVES)

    assert found["database and keys put back", AT_START] == 0
    assert found["database and keys put back", AT_CHECKPOINT] == LIVES
