"""What waits for the engine: a bounded line, and a place in a batch for each.

Invariants:
    * more than the line holds is refused at once; what was given up holds no place;
    * what its caller gave up before its turn is not decided;
    * whoever stands in the line when the engine ends is refused.
"""

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from placement.domain.decide.command import Command
from placement.errors import OverloadedError, PlacementError, UnavailableError
from placement.service.batch import Answer
from placement.service.entries import Refused

MAX_BATCH: Final = 256
"""How many commands share one commit at most."""
MAX_WAITING: Final = 1024
"""How many commands may wait; more are refused at once."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Something that waits for its answer."""

    item: Command | Refused | None  # None asks for a checkpoint
    future: "Future[Answer]" = field(default_factory=Future)

    def tell(self, answer: Answer | PlacementError) -> None:
        """End the wait, with an answer or a refusal."""
        if isinstance(answer, PlacementError):
            self.future.set_exception(answer)
        else:
            self.future.set_result(answer)


class Waiting:
    """The line before the engine; safe to share between threads.

    Args:
        full: told of each that finds no room.
    """

    def __init__(self, full: Callable[[], None] = lambda: None) -> None:
        self._full = full
        self._line: queue.Queue[Asked | None] = queue.Queue(MAX_WAITING)
        self._nudged = threading.Event()

    def __len__(self) -> int:
        """Tell how many wait."""
        return self._line.qsize()

    def put(self, asked: Asked) -> None:
        """Put something at the end of the line.

        Raises:
            OverloadedError: too many wait.
        """
        if self._line.full():
            self._clear()
        try:
            self._line.put_nowait(asked)
        except queue.Full as error:
            self._full()
            raise OverloadedError from error

    def _clear(self) -> None:
        """Take out what was given up: else whoever gives up often fills the line."""
        line = self._line
        with line.mutex:
            left = [one for one in line.queue if one and not one.future.cancelled()]
            line.queue.clear()
            line.queue.extend(left)

    def wake(self) -> None:
        """Wake whoever waits for somebody to come, though nobody does."""
        self._line.put(None)

    def nudge(self) -> None:
        """Wake whoever waits, unless somebody does that anyway; never wait for it."""
        self._nudged.set()
        if not len(self):
            with suppress(queue.Full):
                self._line.put_nowait(None)

    def was_nudged(self) -> bool:
        """Tell whether anybody was, since this was last asked."""
        nudged = self._nudged.is_set()
        self._nudged.clear()
        return nudged

    def take(self, seconds: float) -> list[Asked]:
        """Wait for somebody to come, and take whoever came with him.

        Args:
            seconds: to wait at most; with 0, whoever is there is taken.
        """
        try:
            first = self._line.get(block=seconds > 0, timeout=seconds or None)
        except queue.Empty:
            return []
        return [*_begun(first), *self.join(MAX_BATCH - 1)]

    def join(self, most: int) -> list[Asked]:
        """Take whoever is there.

        Args:
            most: how many at most.
        """
        taken: list[Asked] = []
        while len(taken) < most:
            try:
                taken += _begun(self._line.get_nowait())
            except queue.Empty:
                break
        return taken

    def refuse(self) -> None:
        """Refuse whoever is there; nobody will take them."""
        while taken := self.join(MAX_BATCH):
            for asked in taken:
                asked.future.set_exception(UnavailableError())


def _begun(asked: Asked | None) -> list[Asked]:
    """Begin something, unless its caller gave it up or it only wakes the engine."""
    if asked is None or not asked.future.set_running_or_notify_cancel():
        return []
    return [asked]
