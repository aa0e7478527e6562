"""Output that comes piece by piece: lines as they come, and how far something is."""

import sys
from collections.abc import Iterable
from typing import Self

from placement_client.commands.report import Report, plain, print_json
from placement_client.rendering import Json


class Printed(Report):
    """A report of which everything is printed already."""

    __slots__ = ()

    def show(self, *, as_json: bool) -> None:
        """Print nothing more."""


def print_line(data: Json, cells: Iterable[str], *, as_json: bool) -> None:
    """Print one line at once: an object, or cells."""
    if as_json:
        print_json(data)
    else:
        sys.stdout.write(plain("  ".join(cells)) + "\n")
    sys.stdout.flush()


class Meter:
    """Says on standard error how far something has come, if that is a terminal.

    Args:
        what: the word for what is done.
    """

    def __init__(self, what: str) -> None:
        self._what = what
        self._width = 0

    def __enter__(self) -> Self:
        """Use the meter in a ``with`` statement."""
        return self

    def __exit__(self, *_: object) -> None:
        """Leave nothing behind."""
        self.clear()

    def tell(self, done: int, total: int) -> None:
        """Write over what was told before."""
        if sys.stderr.isatty():
            line = f"{self._what}: {done} of {total}"
            sys.stderr.write("\r" + line.ljust(self._width))
            sys.stderr.flush()
            self._width = len(line)

    def clear(self) -> None:
        """Make room for something else."""
        if self._width:
            sys.stderr.write("\r" + " " * self._width + "\r")
            sys.stderr.flush()
            self._width = 0
