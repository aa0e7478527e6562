"""When a snapshot is written: while the server serves, and at its end.

A start costs the snapshot and what stands behind it, so that has to stay short whenever
the server is killed. A thread folds the log once more, from the snapshot that is there,
and writes what comes of it: the engine goes on meanwhile, with a state of its own.

Invariants:
    * what is written while the server serves is the fold of what is durable, never what
      its engine holds;
    * of several servers the one writes whose commit it was that made it due;
    * a snapshot that was not written to its end is none; what failed stays due while the
      server runs, but what an erasure overtook is not: when it came then, that would tell
      of the erasure. Nor does a start or a stop count from anything but the newest one
      that has all its parts;
    * what was condemned while one was being written has none in the end.
"""

import logging
import threading
import time
from collections.abc import Callable
from typing import Final

from placement.domain.state import State
from placement.service.fold import keep, load
from placement.service.manners import Pace, StoppedError
from placement.store.head import Head
from placement.store.log import Store
from placement.store.rows import is_damage
from placement.store.snapshot import destroy_strays, drop_snapshots, latest

SNAPSHOT_AFTER: Final = 10_000
"""Records behind the last one that make a snapshot worth its time."""
WAITS: Final = 9
"""Times as long as it works, the thread leaves the interpreter to others."""
FAR_BEHIND: Final = 20 * SNAPSHOT_AFTER
"""Records behind the last one from which on it waits only as long as it works.

More may be written than a tenth of the interpreter folds, for hours; what no snapshot
has, a start behind a kill folds.
"""
REST: Final = 3
"""Times as long as writing one took, until the next one is begun."""
MOST_BEHIND: Final = 3 * SNAPSHOT_AFTER
"""Records behind the last one that end that rest, or each would take longer than before."""
AGAIN: Final = 60.0
"""Seconds at least until one that failed is tried again."""
_log: Final = logging.getLogger(__name__)


class Keeping:
    """Writes the snapshots of one engine.

    Args:
        store: where.
        condemn: called when something does not verify.
        sound: whether nobody has done so.
    """

    def __init__(
        self, store: Store, condemn: Callable[[], None], sound: Callable[[], bool]
    ) -> None:
        self._store = store
        self._condemn = condemn
        self._sound = sound
        self._due = threading.Event()
        self._stopping = threading.Event()
        self._late = threading.Event()
        self._newest = 0  # revision of the last one, as far as is known here
        self._behind = 0  # records behind it, likewise
        self._thread: threading.Thread | None = None

    def begin(self, head: Head) -> None:
        """Write one if a start had much to fold; destroy what killed writers left.

        Raises:
            PlacementError: the snapshot does not verify, or the database not answer.
        """
        destroy_strays(self._store)
        self._newest = latest(self._store)
        if head.revision - self._newest >= SNAPSHOT_AFTER:
            self._want()

    def grew(self, before: int, after: int) -> None:
        """Write one at every so many records, and at nothing else.

        One that came since something was erased would tell whoever holds the database.

        Args:
            before: a commit, how many records there were.
            after: it, how many there are.
        """
        if before // SNAPSHOT_AFTER != after // SNAPSHOT_AFTER:
            self._want()
        self._behind = after - self._newest
        if self._behind >= MOST_BEHIND:
            self._late.set()

    def stop(self, folded: tuple[State, Head] | None) -> None:
        """Leave what is being folded; write the last one, if it is worth it.

        Args:
            folded: what the engine, which has stopped, held in the end.
        """
        for each in (self._stopping, self._due, self._late):
            each.set()
        if self._thread is not None:
            self._thread.join()
        try:
            if folded and folded[1].revision - latest(self._store) >= SNAPSHOT_AFTER:
                keep(self._store, *folded)
        except Exception as error:  # noqa: BLE001 (the store is closed behind this)
            self._condemned(error)

    def _want(self) -> None:
        self._due.set()
        if self._thread is None:
            self._thread = threading.Thread(
                target=self._run, name="keeping", daemon=True
            )
            self._thread.start()

    def _run(self) -> None:
        while self._due.wait() and not self._stopping.is_set():
            self._due.clear()
            began = time.monotonic()
            try:
                self._write(Pace(self._stopping, waits=self._waits))
                self._rest(REST * (time.monotonic() - began))
            except StoppedError:
                return
            except Exception as error:  # noqa: BLE001 (the next one may succeed)
                if self._condemned(error):
                    return
                self._due.set()
                self._stopping.wait(max(AGAIN, REST * (time.monotonic() - began)))

    def _waits(self) -> float:
        return 1 if self._behind >= FAR_BEHIND else WAITS

    def _condemned(self, error: Exception) -> bool:
        """Condemn the engine if what is stored is damaged; tell whether it is."""
        if is_damage(error):
            self._condemn()
            return True
        _log.warning("no snapshot was written kind=%s", type(error).__name__)
        return False

    def _rest(self, seconds: float) -> None:
        """Wait, unless the tail becomes long, or the server stops."""
        self._late.clear()
        if not self._stopping.is_set():  # which sets both, this one first
            self._late.wait(seconds)

    def _write(self, pace: Pace) -> None:
        """Write one, unless the engine is condemned, or comes to be meanwhile.

        Raises:
            StoppedError: the server stops.
            PlacementError: something does not verify, or the database not answer.
        """
        folded = load(self._store, pace=pace)
        if self._sound():
            keep(self._store, *folded, pace)
            self._newest = folded[1].revision  # though an erasure overtook it
        if not self._sound():  # whoever found it may have been before this one
            drop_snapshots(self._store)
