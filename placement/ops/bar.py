"""A progress bar on standard error, where that is a terminal."""

import sys
import time
from types import TracebackType
from typing import Final, Self, TextIO

_WIDTH: Final = 30
_EVERY: Final = 0.1  # seconds


class Bar:
    """Shows how far something has come.

    Args:
        label: what it is.
        stream: where to; nothing is shown where it is no terminal.
    """

    def __init__(self, label: str, stream: TextIO | None = None) -> None:
        self._label = label
        self._stream = sys.stderr if stream is None else stream
        self._next = 0.0
        self._shown = False

    def __enter__(self) -> Self:
        """Show nothing yet."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave the line."""
        if self._shown:
            self._stream.write("\n")
            self._stream.flush()

    def show(self, done: int, total: int) -> None:
        """Say how many are done, and of how many."""
        now = time.monotonic()
        if not self._stream.isatty() or (now < self._next and done < total):
            return
        self._next, self._shown = now + _EVERY, True
        part = done / total if total else 1.0
        full = round(part * _WIDTH)
        line = f"{self._label} [{'#' * full}{'.' * (_WIDTH - full)}] {part:4.0%}"
        self._stream.write(f"\r{line} {done:,} of {total:,}")
        self._stream.flush()
