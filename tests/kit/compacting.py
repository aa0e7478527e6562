"""What the tests of compaction show, count and end half way."""

from collections.abc import Callable

from sqlalchemy import func, select

from placement.store import tables
from placement.store.log import Store


def still(*_: object) -> None:
    """Show nothing."""


def events(store: Store) -> int | None:
    """Return how many events stand beside the base."""
    with store.reading() as connection:
        return connection.scalar(select(func.count()).select_from(tables.event))


class KilledError(Exception):
    """Whoever compacts ends here."""


def stopped_after(steps: int) -> Callable[..., None]:
    """Return a progress that ends the work after so many steps."""
    left = [steps]

    def progress(*_: object) -> None:
        left[0] -= 1
        if not left[0]:
            raise KilledError

    return progress
