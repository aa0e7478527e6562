"""Somebody who insists on the old primary when it wakes, and writes down what it promises.

The servers look for the one that may write. This one does not: it holds a session of the
machine that was primary, and opens new ones there. Whatever that machine acknowledges when
it wakes must stand in the database that everybody has afterwards.
"""

import threading
import time
from typing import Final

import psycopg

from tests.failover.machines import Machine, Machines

INSISTS: Final = 15.0  # seconds


class Woken:
    """Writes to one machine alone.

    Args:
        machines: all of them.
    """

    def __init__(self, machines: Machines) -> None:
        self._machines = machines
        self._count = 0
        self._tried = 0
        self._promised: list[int] = []
        self._sessions: list[psycopg.Connection] = []
        self._threads: list[threading.Thread] = []
        self._machine: Machine | None = None

    def prepare(self, primary: Machine) -> None:
        """Open a session while it is primary."""
        self._machine = primary
        made = "CREATE TABLE IF NOT EXISTS woken (number integer PRIMARY KEY)"
        self._machines.administer(primary, made)
        self._sessions = [self._machines.session(primary)]

    def insist(self) -> None:
        """Write from now on, before it wakes, for a while."""
        self._threads = [
            threading.Thread(target=self._write, args=sessions, daemon=True)
            for sessions in [tuple(self._sessions), ()]
        ]
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        """Wait until the time is over."""
        for thread in self._threads:
            thread.join(3 * INSISTS)

    def _write(self, *sessions: psycopg.Connection) -> None:
        """Insert numbers, over a session that is there, or over new ones."""
        assert self._machine is not None
        until = time.monotonic() + INSISTS
        given = list(sessions)
        while time.monotonic() < until:
            self._count += 1
            number = self._count * 10 + len(sessions)
            try:
                session = (
                    given.pop() if given else self._machines.session(self._machine)
                )
                self._tried += 1
                with session:
                    session.execute("INSERT INTO woken VALUES (%s)", [number])
                self._promised.append(number)
            except psycopg.Error:
                time.sleep(0.05)

    def report(self) -> bool:
        """Say what it promised, and whether all of it is there."""
        if self._machine is None:
            return True
        primary = self._machines.primary()
        if primary is None:
            return False
        with self._machines.session(primary) as session:
            rows = session.execute("SELECT number FROM woken").fetchall()
        found = {row[0] for row in rows}.intersection(self._promised)
        print(
            f"the primary that woke was asked {self._tried} times to write, and"
            f" acknowledged {len(self._promised)}; found again: {len(found)}"
        )
        return self._tried > 0 and len(found) == len(self._promised)
