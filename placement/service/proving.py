"""What a start may rest on, and the proof of it that follows.

A snapshot is sealed with the head that it was taken at, by a server that had verified
what is before it. So a start verifies what stands behind that head, and nothing of what
is before it reaches an answer: the state is the snapshot's, and the tail's. All of the
log is verified then while the server serves.

Invariants:
    * without a snapshot whose key is there, a start verifies everything first;
    * what does not verify condemns the engine, whenever it is found (``soundness``).
"""

import logging
import threading
from collections.abc import Callable
from typing import Final

from placement.audit.note import Verifier
from placement.errors import UnavailableError
from placement.service.fold import covered
from placement.service.manners import Pace, StoppedError
from placement.store import fsck
from placement.store.head import Head
from placement.store.log import Store
from placement.store.rows import is_damage

LATER: Final = 5.0
"""Seconds after the start, in which a server has more to do, until it is begun."""
WAITS: Final = 1
"""Times as long as it works, the thread leaves the interpreter to others."""
AGAIN: Final = 5.0
"""Seconds after which it is tried again, where the database did not answer."""
_log: Final = logging.getLogger(__name__)


class Proving:
    """Verifies one store, what is needed first, and then all of it in a thread.

    Args:
        store: which.
        verifier: of the log's key.
        condemn: called when something does not verify.

    Attributes:
        done: all of it was verified.
    """

    def __init__(
        self, store: Store, verifier: Verifier, condemn: Callable[[], None]
    ) -> None:
        self.done = False
        self._store = store
        self._verifier = verifier
        self._condemn = condemn
        self._stopping = threading.Event()
        self._hurry = threading.Event()
        self._thread: threading.Thread | None = None

    def begin(self) -> Head:
        """Verify what a start needs; return the head.

        Raises:
            TamperedError: something stored does not verify.
            UnavailableError: the database does not answer, or confirms nothing: what is
                remembered of it would be held against the next one.
        """
        after = covered(self._store)
        if after == Head.GENESIS:
            head = fsck.verify(self._store, self._verifier, proven=True)
            self.done = True
            return head
        self._thread = threading.Thread(target=self._run, name="proving", daemon=True)
        return fsck.verify_behind(self._store, after, self._verifier)

    def go_on(self) -> None:
        """Verify the rest, if there is any, in a thread of its own."""
        if self._thread is not None:
            self._thread.start()

    def wait(self) -> None:
        """Wait until all is verified, or something is found; it is begun at once."""
        self._hurry.set()
        if self._thread is not None and self._thread.ident is not None:
            self._thread.join()

    def stop(self) -> None:
        """Leave it."""
        self._stopping.set()
        self.wait()

    def attempt(self) -> bool:
        """Verify everything once; return whether that needs no other attempt."""
        pace = Pace(self._stopping, waits=lambda: WAITS)
        try:
            fsck.verify(self._store, self._verifier, progress=lambda *_: pace())
        except StoppedError:
            return True
        except Exception as error:  # noqa: BLE001 (else nobody would see it)
            if isinstance(error, UnavailableError) and not is_damage(error):
                _log.warning("the log is not proven yet: the database did not answer")
                return False
            self._found(error)
        else:
            self.done = True
            _log.info("all of the log is proven")
        return True

    def _found(self, error: Exception) -> None:
        _log.critical("the log does not verify kind=%s", type(error).__name__)
        self._condemn()

    def _run(self) -> None:
        self._hurry.wait(LATER)
        while not self._stopping.is_set() and not self.attempt():
            self._stopping.wait(AGAIN)
