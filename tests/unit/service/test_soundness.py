"""Whoever finds that something does not verify ends it for everybody."""

import logging

import pytest

from placement.errors import TamperedError
from placement.service import soundness


def test_what_is_sound_is_left_alone(store, monkeypatch):
    """There is a snapshot to start from."""
    monkeypatch.setattr(soundness, "drop_snapshots", pytest.fail)
    found = soundness.Soundness(store)
    found.require()
    found.drop()

    assert found.holds()


def test_it_is_said_once_and_for_good(store, caplog):
    """Whoever comes later is refused."""
    found = soundness.Soundness(store)
    found.condemn()
    found.found()
    with pytest.raises(TamperedError):
        found.require()

    assert not found.holds()
    assert [each.levelno for each in caplog.records] == [logging.CRITICAL]


def test_a_snapshot_that_can_t_be_taken_away_hides_nothing(store, monkeypatch):
    """It is tried again, until it is done once."""
    tried = []

    def drop(_):
        tried.append("dropped")
        if len(tried) == 1:
            raise OSError

    monkeypatch.setattr(soundness, "drop_snapshots", drop)
    found = soundness.Soundness(store)
    found.condemn()
    for _ in range(3):
        found.drop()

    assert (found.lost, len(tried)) == (True, 2)
