"""The line before the engine."""

import threading

import pytest

from placement.errors import OverloadedError, UnavailableError
from placement.service import waiting
from placement.service.waiting import Asked, Waiting

SECONDS = 30


@pytest.fixture
def line():
    return Waiting()


def filled(line, *names):
    """Put something into a line for each name."""
    asked = [Asked(name) for name in names]
    for one in asked:
        line.put(one)
    return asked


def test_whoever_is_there_is_taken_together(line):
    """In the order of their coming."""
    asked = filled(line, "a", "b", "c")

    assert len(line) == 3
    assert line.take(0) == asked
    assert line.take(0) == []


def test_who_finds_no_room_is_told_of(monkeypatch):
    """To whoever counts them."""
    monkeypatch.setattr(waiting, "MAX_WAITING", 1)
    told = []
    line = Waiting(lambda: told.append(len(line)))
    filled(line, "a")
    with pytest.raises(UnavailableError):
        filled(line, "b")

    assert told == [1]


def test_no_more_than_share_a_commit(line, monkeypatch):
    """The others are next."""
    monkeypatch.setattr(waiting, "MAX_BATCH", 2)
    asked = filled(line, "a", "b", "c")

    assert [line.take(0), line.take(0)] == [asked[:2], asked[2:]]


def test_joining_takes_what_fits(line):
    """Nobody waits to join."""
    asked = filled(line, "a", "b")

    assert [line.join(0), line.join(1), line.join(9)] == [[], asked[:1], asked[1:]]


def test_taking_waits_for_somebody(line):
    """As long as it may."""
    asked = Asked("a")
    threading.Timer(0.05, line.put, [asked]).start()

    assert line.take(SECONDS) == [asked]
    assert line.take(0.01) == []


def test_waking_brings_nobody(line):
    """Whoever waited looks around."""
    line.wake()

    assert line.take(SECONDS) == []


def test_what_was_given_up_is_not_taken(line):
    """Its caller hears no answer."""
    first, second = filled(line, "a", "b")
    first.future.cancel()

    assert line.take(0) == [second]
    assert not second.future.cancel()


def test_a_full_line_refuses_at_once(line, monkeypatch):
    """Nobody stands outside of it."""
    monkeypatch.setattr(waiting, "MAX_WAITING", 1)
    line = Waiting()
    filled(line, "a")
    with pytest.raises(OverloadedError):
        line.put(Asked("b"))

    assert len(line) == 1


def test_what_was_given_up_makes_room(line, monkeypatch):
    """Whoever asks and goes away, again and again, keeps nobody out."""
    monkeypatch.setattr(waiting, "MAX_WAITING", 3)
    line = Waiting()
    first, second, third = filled(line, "a", "b", "c")
    first.future.cancel()
    third.future.cancel()
    late = filled(line, "d", "e")
    with pytest.raises(OverloadedError):
        line.put(Asked("f"))

    assert line.take(0) == [second, *late]


def test_refusing_tells_everybody(line, monkeypatch):
    """However many there are; what was given up stays so."""
    monkeypatch.setattr(waiting, "MAX_BATCH", 2)
    asked = filled(line, *"abcde")
    asked[0].future.cancel()
    line.refuse()

    assert len(line) == 0
    assert asked[0].future.cancelled()
    assert {type(one.future.exception(0)) for one in asked[1:]} == {UnavailableError}


def test_a_nudge_wakes_whoever_waits(line):
    """It is nothing to decide, and known to have been one until somebody asks."""
    line.nudge()
    taken = line.take(SECONDS)
    nudged = [line.was_nudged(), line.was_nudged()]

    assert taken == []
    assert nudged == [True, False]


def test_a_nudge_waits_for_nobody(line):
    """Where somebody stands in the line the engine wakes anyway."""
    asked = filled(line, "a")
    line.nudge()

    assert line.take(0) == asked
    assert line.was_nudged()
