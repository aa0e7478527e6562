"""How much the service does for itself between what it is asked.

Invariants:
    * whoever asks comes first, but never for ever: after a few commits that were put off
      the service's own work has its turn, whoever waits;
    * while somebody asks, what has time shares a commit for some milliseconds only, and
      pauses between two commits, so that a call on its way through the process arrives;
    * a thread that works beside the engine takes a part of the interpreter, and no more.
"""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Final

CROWD: Final = 16
"""When so many wait, the service's own work is put off, but not for ever."""
MAX_PUT_OFF: Final = 4
"""For how many commits it is at most."""
MAX_SLICES: Final = 16
"""How much of what has time shares one commit at most."""
BITE: Final = 0.004
"""Seconds of processor time after which no other slice is, while somebody asks."""
LATELY: Final = 1_000_000
"""Microseconds after which nobody asks any more."""
PAUSE: Final = 0.0015
"""Seconds between two pieces while somebody asks."""
TURN: Final = 0.0005
"""Seconds after which a thread that computes lets another go on.

A call needs the interpreter several times until it is answered.
"""
SHORT_TURN: Final = 0.0001
"""The same where slices share a commit, until the batch behind it is decided.

The engine's thread computes nearly all the time then. Always so short, it would cost a
third of the calls that sixteen clients make at once.
"""
STEP: Final = 0.0005
"""Seconds of processor time after which a thread beside the engine waits."""


class StoppedError(Exception):
    """The server stops: nothing is wrong, and nothing has to be finished."""


class Pace:
    """Keeps a thread that has time from what others need; used by that thread.

    Args:
        stopping: set when nothing has to be finished any more.
        waits: tells how many times as long as it worked it waits.
        spent: how much processor time it has had, in seconds.
    """

    def __init__(
        self,
        stopping: threading.Event,
        *,
        waits: Callable[[], float],
        spent: Callable[[], float] = time.thread_time,
    ) -> None:
        self._stopping = stopping
        self._waits = waits
        self._spent = spent
        self._begun = spent()

    def __call__(self) -> None:
        """Wait if there was work enough since the last time.

        Raises:
            StoppedError: the server stops.
        """
        worked = self._spent() - self._begun
        if worked >= STEP:
            self._stopping.wait(self._waits() * worked)
            self._begun = self._spent()
        if self._stopping.is_set():
            raise StoppedError


class Manners:
    """Says when the service's own work gives way; used by one thread.

    Args:
        spent: how much processor time that thread has had, in seconds.
    """

    def __init__(self, spent: Callable[[], float] = time.thread_time) -> None:
        self._spent = spent
        self._put_off = 0  # commits since its last turn, in a crowd
        self._asked_at = -LATELY
        self._lately = False

    def saw(self, asked: int, now: int) -> None:
        """Note how many asked in a batch; a commit begins.

        Args:
            asked: how many.
            now: the batch's time, microseconds.
        """
        sys.setswitchinterval(TURN)
        if asked:
            self._asked_at = now
        self._lately = now - self._asked_at < LATELY

    def gives_way(self, waiting: int, asked: int, *, patient: bool) -> bool:
        """Tell whether the service's own work is put off for this commit.

        Args:
            waiting: how many wait for the next one.
            asked: how many share this one.
            patient: what comes next can wait for whoever asks.
        """
        crowded = waiting + asked > 0 if patient else waiting >= CROWD
        if crowded and self._put_off < MAX_PUT_OFF:
            self._put_off += 1
            return True
        return False

    def turn(self) -> bool:
        """Begin a turn; tell whether it was put off for as long as it may be."""
        waited, self._put_off = self._put_off == MAX_PUT_OFF, 0
        return waited

    def slices(self) -> Iterator[None]:
        """Count the slices that may share this commit, while each is done.

        Behind the first one, and until the next commit begins, turns are short.
        """
        begun = self._spent()
        for _ in range(MAX_SLICES):
            yield
            sys.setswitchinterval(SHORT_TURN)
            if self._lately and self._spent() - begun >= BITE:
                return

    @property
    def pause(self) -> float:
        """Return how many seconds to wait for somebody before going on with work."""
        return PAUSE if self._lately else 0.0
