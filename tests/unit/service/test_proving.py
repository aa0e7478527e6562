"""A start rests on the snapshot; what is before it is verified while the server serves."""

import sqlite3
import threading

import pytest
from kit.commands import open_case
from kit.engines import SECONDS, VERIFIER, answer, tamper

from placement.errors import TamperedError, UnavailableError
from placement.service import fold, proving
from placement.service.proving import Proving
from placement.store import fsck

SPOIL = "UPDATE {} SET blob = zeroblob(512) WHERE {} = {}"


@pytest.fixture
def lived(engine, store):
    """Three events, a snapshot, and one event behind it."""
    for name in "hij":
        answer(engine, open_case(name))
    fold.keep(store, *fold.load(store))
    answer(engine, open_case("k"))
    engine.stop()
    return store


def proven(engine):
    engine.proving.wait()
    return engine.trouble


def test_a_start_behind_a_snapshot_proves_the_rest(start, lived, caplog):
    """Nothing is left out in the end."""
    caplog.set_level("INFO")
    again = start(lived)
    answer(again, open_case("l"))
    before = again.proving.done

    assert proven(again) == ""
    assert (before, again.proving.done) == (False, True)
    assert "all of the log is proven" in caplog.messages


@pytest.mark.parametrize("where", [("event", "revision"), ("leaf", '"index"')])
def test_what_is_before_it_condemns_a_server_that_serves(
    start, lived, url, caplog, where
):
    """Its state rests on nothing of that; still nobody is answered any more."""
    tamper(url, SPOIL.format(*where, 1))
    again = start(lived)

    assert proven(again) == "unverified"
    with pytest.raises(TamperedError):
        again.submit(open_case("l"))
    again.stop()
    assert "the log does not verify kind=ChainError" in caplog.messages
    assert fold.covered(lived).revision == 0
    with pytest.raises(TamperedError):
        start(lived)


@pytest.mark.parametrize("where", [("event", "revision", 4), ("leaf", '"index"', 3)])
def test_what_is_behind_it_refuses_the_start(start, lived, url, where):
    """As everything does that an answer could rest on."""
    tamper(url, SPOIL.format(*where))
    with pytest.raises(TamperedError):
        start(lived)


def test_a_spoilt_snapshot_refuses_the_start(start, lived, url):
    """It is no reason to go on without it."""
    tamper(url, "UPDATE snapshot SET blob = zeroblob(512) WHERE part = 1")
    with pytest.raises(TamperedError):
        start(lived)


def test_without_a_snapshot_everything_is_verified_first(start, lived, url):
    """Nobody vouches for what is there."""
    tamper(url, "DELETE FROM snapshot")
    tamper(url, SPOIL.format("leaf", '"index"', 1))
    with pytest.raises(TamperedError):
        start(lived)


def test_a_database_that_does_not_answer_is_asked_again(lived, monkeypatch):
    """That the log was not proven yet is no proof of anything."""
    monkeypatch.setattr(proving, "AGAIN", 0)
    found, failing = [], [UnavailableError, UnavailableError]
    kept = Proving(lived, VERIFIER, lambda: found.append("condemned"))
    kept.begin()
    verify = fsck.verify

    def fail(*given, **named):
        if failing:
            raise failing.pop()
        return found.append(verify(*given, **named))

    monkeypatch.setattr(fsck, "verify", fail)
    kept.go_on()
    kept.wait()

    assert found == [lived.read_head()]


@pytest.mark.parametrize("error", [TamperedError, ValueError, MemoryError])
def test_whatever_else_happens_condemns(lived, monkeypatch, error):
    """Nobody would see it otherwise, and the log is not proven."""
    found = []
    kept = Proving(lived, VERIFIER, lambda: found.append("condemned"))
    kept.begin()

    def fail(*given, **named):
        raise error

    monkeypatch.setattr(fsck, "verify", fail)
    kept.go_on()
    kept.wait()

    assert found == ["condemned"]


@pytest.mark.slow
def test_a_server_that_stops_leaves_it(lived, monkeypatch):
    """Without a word, and without having proven anything."""
    found, begun = [], threading.Event()
    kept = Proving(lived, VERIFIER, lambda: found.append("condemned"))
    kept.begin()

    def verify(*given, progress):
        begun.set()
        assert kept._stopping.wait(SECONDS)
        progress(1, 2)
        found.append("went on")

    monkeypatch.setattr(fsck, "verify", verify)
    kept.go_on()
    assert begun.wait(SECONDS)
    kept.stop()

    assert found == []


def test_one_that_was_never_begun_is_stopped(store):
    """As of an engine whose start failed."""
    Proving(store, VERIFIER, lambda: None).stop()


def test_what_can_no_longer_be_read_condemns(lived, monkeypatch):
    """A page that is damaged answers no better the next time."""
    found = []
    kept = Proving(lived, VERIFIER, lambda: found.append("condemned"))
    kept.begin()

    def fail(*_given, **_named):
        damage = sqlite3.DatabaseError("malformed")
        damage.sqlite_errorname = "SQLITE_CORRUPT"
        raise UnavailableError from damage

    monkeypatch.setattr(fsck, "verify", fail)

    assert kept.attempt()
    assert (found, kept.done) == (["condemned"], False)
