"""What audit staff may read, once their reading is itself in the log."""

from collections.abc import Callable

from placement.audit.entry import Entry, parse
from placement.errors import TamperedError
from placement.store.log import Store


class Review:
    """Reads the access log of a store.

    Args:
        store: which.
        condemn: called when an entry does not verify.
    """

    def __init__(self, store: Store, condemn: Callable[[], None]) -> None:
        self._store = store
        self._condemn = condemn

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
            self._condemn()
            raise
