"""Whether what is stored has verified, wherever somebody looked; and what if not.

Invariants:
    * what does not verify condemns an engine for good, whoever finds it;
    * whoever is condemned takes the snapshot away: a start without one verifies
      everything first, and refuses.
"""

import logging
from contextlib import suppress
from typing import Final

from placement.errors import TamperedError
from placement.store.log import Store
from placement.store.snapshot import drop_snapshots

_log: Final = logging.getLogger(__name__)


class Soundness:
    """That of one engine; safe to share between threads.

    Args:
        store: its own.

    Attributes:
        lost: something did not verify.
    """

    def __init__(self, store: Store) -> None:
        self.lost = False
        self._store = store
        self._dropped = False

    def condemn(self) -> None:
        """Note that something does not verify; never waits."""
        if not self.lost:
            _log.critical("incident stored data does not verify; nothing is answered")
        self.lost = True

    def found(self) -> None:
        """Condemn, and take the snapshot away at once; for threads that may wait."""
        self.condemn()
        self.drop()

    def holds(self) -> bool:
        """Tell whether nothing was found yet."""
        return not self.lost

    def require(self) -> None:
        """Refuse what rests on something that does not verify.

        Raises:
            TamperedError: it does.
        """
        if self.lost:
            raise TamperedError

    def drop(self) -> None:
        """Take the snapshot of a condemned engine away; called again until it works."""
        if self.lost and not self._dropped:
            with suppress(Exception):  # whatever it is, it hides nothing
                drop_snapshots(self._store)
                self._dropped = True
