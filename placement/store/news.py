"""News: that another server has written, as soon as it is durable.

On PostgreSQL whoever moves the head notifies, in the same transaction (``HeadRow.move``).
A thread of each server listens, and tells the engine to look. What it hears says nothing
but who told it, so nothing is believed: a false notice makes an engine look, and a lost one
leaves it to the look that it takes every second anyway. On SQLite there is nothing to hear.

Invariants:
    * nobody is told more often than every ``GAP``, however much others write;
    * whoever could not listen for a while looks once when they can again.
"""

import logging
import threading
import time
from collections.abc import Callable
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from placement.store.head import CHANNEL

if TYPE_CHECKING:
    from collections.abc import Iterator

GAP: Final = 0.1
"""Seconds between two notices that are passed on."""
_BEAT: Final = 0.5  # seconds; so long it may take to end
_TRIED: Final = 10.0  # seconds after which a silent connection is tried
_PAUSE: Final = 1.0  # seconds before another attempt to listen

_log: Final = logging.getLogger(__name__)


class News:
    """Listens for one store.

    Args:
        engine: of its database.
        own: what this server tells itself by; that is no news.
    """

    def __init__(self, engine: Engine, own: str) -> None:
        self._engine = engine
        self._own = own
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def hear(self, look: Callable[[], None]) -> None:
        """Have somebody look when others have written; until ``close``."""
        if self._engine.dialect.name != "postgresql":
            return
        self._thread = threading.Thread(
            target=self._run, args=(look,), name="news", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Listen no more."""
        self._over.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self, look: Callable[[], None]) -> None:
        lost = False  # told once, until somebody is heard again
        while not self._over.is_set():
            try:
                with self._listening() as driver:
                    lost = False
                    look()  # at what was told before
                    self._pass_on(driver, look)
            except (SQLAlchemyError, self._engine.dialect.loaded_dbapi.Error):
                if not lost:
                    _log.warning("news_lost: the log is read every second all the same")
                lost = True
                self._over.wait(_PAUSE)

    @contextmanager
    def _listening(self) -> "Iterator[Any]":
        """Give out a connection of its own that listens, and close it."""
        connection = self._engine.raw_connection()
        driver: Any = connection.driver_connection
        connection.detach()
        try:
            driver.execute(f"LISTEN {CHANNEL}")
            yield driver
        finally:
            connection.close()

    def _pass_on(self, driver: Any, look: Callable[[], None]) -> None:  # noqa: ANN401 (the driver's own)
        """Pass on what is heard, until it is over.

        Raises:
            psycopg.Error: the connection is lost.
        """
        tried = time.monotonic()
        while not self._over.is_set():
            heard = list(driver.notifies(timeout=_BEAT, stop_after=1))
            if any(notice.payload != self._own for notice in heard):
                look()
                self._over.wait(GAP)
            if time.monotonic() - tried > _TRIED:
                driver.execute("SELECT 1")  # or a host that hangs is never noticed
                tried = time.monotonic()
