"""What audit staff may read, once their reading is itself in the log."""

from placement.audit.entry import Entry, parse
from placement.store.log import Store


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
        return [
            (index, parse(content))
            for index, content in self._store.entries(first, count)
        ]
