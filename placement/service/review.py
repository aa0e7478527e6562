"""What audit staff may read, once their reading is itself in the log."""

import logging
from typing import Final

from placement.audit.entry import Entry, parse
from placement.errors import TamperedError
from placement.store.log import Store

_log: Final = logging.getLogger(__name__)


class Review:
    """Reads the access log of a store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def entries(self, first: int, count: int) -> list[tuple[int, Entry]]:
        """Return some entries with their indexes, in order.

        Raises:
            TamperedError: an entry does not verify.
            UnavailableError: the database does not answer.
        """
        try:
            return [
                (index, parse(content))
                for index, content in self._store.entries(first, count)
            ]
        except TamperedError:
            _log.critical("incident the access log does not verify")
            raise
