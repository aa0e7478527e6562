"""How one server is doing, in figures that tell nobody what it did.

Who reads metrics is nobody of this service, and keeps them for years at a steady beat.
So what a copy of the database hides (``ticks``) is hidden here, too.

Invariants:
    * no figure rests on what was asked, answered or recorded, but on how much;
    * figures are taken once a minute, or once a tick if those are longer, and with ticks
      only where one was just filled: they say of the log what a copy of it says then;
    * how much there was of something in between is filled up like a tick;
    * a commit's time is that of writing alone, which rests on bytes, in coarse steps;
    * what is due counts only when it waits far longer than it should, and a sweep shows
      hours after it could be done: how long work takes tells how many it touches;
    * a defect of ours here keeps no caller waiting.
"""

import logging
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from placement.domain.state import State
from placement.domain.terms import Day, Micros, Revision, start_of, stockholm_day
from placement.service.ticks import LEAST, Ticks
from placement.store.filled import bucket
from placement.store.head import Head

MINUTE: Final = 60_000_000
"""Microseconds; figures are not taken more often."""
PATIENCE: Final = 5 * MINUTE
"""What is due for longer is late."""
SLOW: Final = 6 * 60 * MINUTE
"""The same of what may reach very many, and of a day's sweep."""
STEPS: Final = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 60.0)
"""Seconds that writing took at most; a shorter or longer time is the nearest of these."""

HANGS: Final = 15.0
"""Seconds after which an engine that has got nothing done hangs.

It gets something done every second, though nobody asks; or after that second, 6 s for a
lock and 8 s for a statement. A batch has several statements; but if they take longer
together, the deadline of each call in it is over, and nobody is answered either.
"""

_log: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What was taken at one moment.

    Attributes:
        at: when, in microseconds.
        revision: of the state.
        entries: in the access log.
        calls: that came in since the last time, filled up.
        calls_most: under way at once since then, filled up.
        streams: that are answered in pieces now, filled up.
        waiting_most: commands that waited at once, filled up.
        batch_most: commands in one commit, filled up.
        commit_seconds: what the slowest writing took at most; one of ``STEPS``.
        refused: calls for which there was no room, since the server started.
        late: touches that are due for too long; a power of two, or 0.
        late_for: microseconds for which the oldest of them has been seen.
        swept: the last day whose sweep is done; 0 if this server doesn't know yet.
        anchored_at: the last such moment at which the anchor held all; 0 for none.
    """

    at: int
    revision: int
    entries: int
    calls: int
    calls_most: int
    streams: int
    waiting_most: int
    batch_most: int
    commit_seconds: float
    refused: int
    late: int
    late_for: int
    swept: int
    anchored_at: int


class Pulse:
    """The figures of one engine, and whether it gets anything done.

    Args:
        ticks: the engine's; ``None`` without.

    Attributes:
        figures: as last taken; ``None`` before the first time.
        every: microseconds from one time to the next.
        seen: the last head that the engine's state was at.
    """

    def __init__(self, ticks: Ticks | None = None) -> None:
        self.every = max(MINUTE, ticks.every if ticks else 0)
        self.figures: Figures | None = None
        self._fails = False
        self._done_at = time.monotonic()
        self.seen = Head.GENESIS
        self._least = ticks.least if ticks else LEAST
        self._ticks = ticks
        self._lock = threading.Lock()
        self._calls = self._under_way = self._calls_most = self._streams = 0
        self._waiting_most = self._batch_most = self._refused = 0
        self._commit = 0.0
        self._due: Mapping[Revision, int] = {}
        self._swept = Day(0)

    # What others say

    @contextmanager
    def call(self) -> Iterator[None]:
        """Count a call while it is under way."""
        with self._lock:
            self._calls += 1
            self._under_way += 1
            self._calls_most = max(self._calls_most, self._under_way)
        try:
            yield
        finally:
            with self._lock:
                self._under_way -= 1

    @contextmanager
    def stream(self) -> Iterator[None]:
        """Count a call that is answered in pieces while it is."""
        with self._lock:
            self._streams += 1
        try:
            yield
        finally:
            with self._lock:
                self._streams -= 1

    def refuse(self) -> None:
        """Count a call for which there is no room."""
        with self._lock:
            self._refused += 1

    def commit(self, commands: int, waiting: int, seconds: float) -> None:
        """Note a commit: how many it had and left waiting, and how long writing took."""
        with self._lock:
            self._batch_most = max(self._batch_most, commands)
            self._waiting_most = max(self._waiting_most, commands + waiting)
            self._commit = max(self._commit, seconds)

    def reach(self, head: Head | None) -> None:
        """Note the head that the state is at, or that it could not be brought there."""
        if self._fails and head is not None:
            _log.warning("engine_works")
        self._fails = head is None
        if head is not None:
            self._done_at = time.monotonic()
            self.seen = head

    @property
    def trouble(self) -> str:
        """Why the state may be behind the log, in a word; empty if it is not."""
        if self._fails:
            return "database"
        return "hangs" if time.monotonic() - self._done_at > HANGS else ""

    # What is taken

    def take(
        self, folded: tuple[State, Head] | None, now: int, *, anchored: bool
    ) -> None:
        """Take the figures, if it is time; by the engine's thread.

        Args:
            folded: the state and where it is, if that is known.
            now: by this server's own clock, in microseconds.
            anchored: whether the anchor holds it.
        """
        last = self.figures
        if last is not None and now // self.every == last.at // self.every:
            return
        if folded is None or not (self._ticks is None or self._ticks.even(folded[1])):
            return
        try:
            self.figures = self._taken(*folded, now, anchored=anchored)
        except Exception as error:  # noqa: BLE001 (whatever it is, callers are answered)
            _log.error("figures_failed kind=%s", type(error).__name__)

    def _taken(self, state: State, head: Head, now: int, *, anchored: bool) -> Figures:
        before = self.figures.anchored_at if self.figures else 0
        late = self._late(state, now)
        self._swept = self._swept_on(state, Micros(now))
        with self._lock:
            counted = {
                "calls": self._calls,
                "calls_most": self._calls_most,
                "streams": self._streams,
                "waiting_most": self._waiting_most,
                "batch_most": self._batch_most,
            }
            seconds, refused = self._commit, self._refused
            self._calls = self._waiting_most = self._batch_most = 0
            self._calls_most, self._commit = self._under_way, 0.0
        filled = {name: bucket(n, self._least) for name, n in counted.items()}
        return Figures(
            at=now,
            revision=head.revision,
            entries=head.leaves,
            commit_seconds=next((s for s in STEPS if seconds <= s), STEPS[-1]),
            refused=refused,
            late=bucket(len(late), 1) if late else 0,
            late_for=max(late, default=0) // self.every * self.every,
            swept=self._swept,
            anchored_at=now if anchored else before,
            **filled,
        )

    def _late(self, state: State, now: int) -> list[int]:
        """Return for how long each thing that is late has been seen to be due."""
        seen = {
            each.revision: self._due.get(each.revision, now) for each in state.agenda
        }
        self._due = seen
        waited = [(now - seen[each.revision], each.touch.slow) for each in state.agenda]
        return [took for took, slow in waited if took >= (SLOW if slow else PATIENCE)]

    def _swept_on(self, state: State, now: Micros) -> Day:
        """Return the last day whose sweep is done; over nobody, it is always done."""
        today = stockholm_day(now)
        sweeps = sum(due.touch.sweep for due in state.agenda)
        if now < start_of(today) + SLOW:  # today's may be under way, and nobody sees
            return Day(today - 1) if sweeps <= 1 else self._swept
        if not state.placements or (state.agenda.day == today and not sweeps):
            return today
        return self._swept
