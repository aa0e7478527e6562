"""Where the log ends, for a server that nobody asks anything.

Whoever commits, or follows what others committed, has it confirmed that the database can
still confirm something. An idle server does neither: it would call itself well on a
database that takes no writes any more, or on a primary that slept and was replaced.
"""

import time
from typing import Final

from placement.store.head import Head
from placement.store.log import Store

EVERY: Final = 5.0
"""Seconds after which a head that has not moved is confirmed again."""


class Looking:
    """Looks where the log ends, again and again; of the engine's thread.

    Args:
        store: whose.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._seen = Head.GENESIS
        self._confirmed = time.monotonic()

    def head(self) -> Head:
        """Return where the log ends; if it has not moved for long, for good.

        One that has moved was confirmed to who moved it, or is to be followed.

        Raises:
            TamperedError: the head does not verify.
            UnavailableError: the database does not answer, or confirms nothing.
        """
        now = time.monotonic()
        due = now >= self._confirmed + EVERY
        head = self._store.read_head(proven=due)
        if due or head != self._seen:
            self._seen, self._confirmed = head, now
        return head
