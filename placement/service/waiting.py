"""What waits for the engine, in the order it came."""

import queue
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field

from placement.domain.decide.command import Command
from placement.errors import UnavailableError
from placement.service.batch import Answer
from placement.service.entries import Refused


@dataclass(frozen=True, slots=True)
class Asked:
    """Something that waits for its answer."""

    item: Command | Refused | None  # None asks for a checkpoint
    future: "Future[Answer]" = field(default_factory=Future)


class Waiting:
    """The queue; whoever asks puts, the engine's thread takes.

    Args:
        most: how many may wait.
    """

    def __init__(self, most: int) -> None:
        self._queue: queue.Queue[Asked | None] = queue.Queue(most)

    def __len__(self) -> int:
        """Return how many wait, as far as anybody can tell."""
        return self._queue.qsize()

    def put(self, asked: Asked) -> None:
        """Queue something.

        Raises:
            UnavailableError: too many wait.
        """
        try:
            self._queue.put_nowait(asked)
        except queue.Full as error:
            raise UnavailableError from error

    def wake(self) -> None:
        """Have the engine look around, though nobody asks."""
        self._queue.put(None)

    def take(self, most: int, wait: float) -> list[Asked]:
        """Wait for something, for a while, and take what has come with it.

        Args:
            most: how much at once.
            wait: seconds, or 0.
        """
        taken: list[Asked] = []
        try:
            asked = self._queue.get(timeout=wait) if wait else self._queue.get_nowait()
        except queue.Empty:
            return taken
        with suppress(queue.Empty):
            while True:
                # None only wakes; what its caller gave up is not decided.
                if asked is not None and asked.future.set_running_or_notify_cancel():
                    taken.append(asked)
                if len(taken) == most:
                    break
                asked = self._queue.get_nowait()
        return taken

    def refuse(self) -> None:
        """Refuse whatever waits."""
        with suppress(queue.Empty):
            while True:
                asked = self._queue.get_nowait()
                if asked is not None and asked.future.set_running_or_notify_cancel():
                    asked.future.set_exception(UnavailableError())
