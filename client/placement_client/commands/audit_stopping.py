"""Commands that run until somebody stops them."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final, TypeVar

from placement_client.commands.report import note

_BROKEN: Final = "The connection broke; it is tried until the server answers again."
_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)

_Answer = TypeVar("_Answer")


class _Stopped(KeyboardInterrupt):
    """Somebody stopped a command that waited."""


class Stop:
    """Whether somebody wants the command to end.

    A signal ends waiting at once. What is being printed is printed to its end, so that
    what is kept of it holds; a second signal ends even that.

    Attributes:
        is_asked: somebody does.
    """

    def __init__(self) -> None:
        self.is_asked = False
        self._is_waiting = False

    def next(self, answers: Iterator[_Answer]) -> _Answer:
        """Wait for an answer of a stream that does not end by itself."""
        self._is_waiting = True
        try:
            # A signal before this line had nothing to interrupt.
            if self.is_asked:
                raise _Stopped
            return next(answers)
        finally:
            self._is_waiting = False

    def handle(self, _number: int, _frame: FrameType | None) -> None:
        """Take a signal."""
        if self._is_waiting:
            self.is_asked = True
            raise _Stopped
        if self.is_asked:
            raise KeyboardInterrupt
        self.is_asked = True


@contextmanager
def stoppable() -> Iterator[Stop]:
    """Let SIGINT and SIGTERM end what happens within, as its regular end."""
    stop = Stop()
    before = [(each, signal.signal(each, stop.handle)) for each in _SIGNALS]
    try:
        yield stop
    except _Stopped:
        pass
    finally:
        for each, handler in before:
            signal.signal(each, handler)


def broken() -> None:
    """Say that a stream broke and what happens now."""
    note(_BROKEN)
