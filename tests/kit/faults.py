"""A store that fails, or waits, on cue."""

import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from placement.errors import UnavailableError
from placement.store.head import Head
from placement.store.leaves import Leaf
from placement.store.log import Log, Store

Make = Callable[[], Exception]


def damage(name: str = "SQLITE_CORRUPT") -> UnavailableError:
    """Return what comes of an error that SQLite gives this name; by default of damage."""
    error = UnavailableError()
    cause = sqlite3.DatabaseError()
    cause.sqlite_errorname = name
    error.__cause__ = cause
    return error


class FaultyStore:
    """A store whose next writing transaction fails where a test says.

    Attributes:
        cue: ``before`` it begins, ``in`` the append, in the ``commit``, which is then
            rolled back, or ``after`` a commit that succeeded; ``None`` for no failure.
        make: makes the error.
        entered: set when a transaction is about to begin.
        passed: cleared, transactions wait before they begin.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self.cue: str | None = None
        self.make: Make = UnavailableError
        self.entered = threading.Event()
        self.passed = threading.Event()
        self.passed.set()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def fail(self, cue: str, make: Make = UnavailableError) -> None:
        """Fail once, at this point."""
        self.cue, self.make = cue, make

    @contextmanager
    def writing(self) -> Iterator["_FaultyLog"]:
        self.entered.set()
        self.passed.wait()
        self._trip("before")
        with self._store.writing() as log:
            yield _FaultyLog(log, self)
            self._trip("commit")
        self._trip("after")

    def _trip(self, point: str) -> None:
        if self.cue == point:
            self.cue = None
            raise self.make()


class _FaultyLog:
    def __init__(self, log: Log, store: FaultyStore) -> None:
        self._log = log
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)

    def append(self, payloads: Sequence[bytes], leaves: Sequence[Leaf]) -> Head:
        head = self._log.append(payloads, leaves)
        self._store._trip("in")
        return head
