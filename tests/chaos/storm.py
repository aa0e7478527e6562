"""What befalls servers: they are killed, stopped and cut off, each at its own moments.

One of them at least is let alone at any time, so that there is always somebody to answer.
"""

import os
import signal
import socket
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.crash.run import serve
from tests.kit.proxy import KINDS, Network

CALM = (0.1, 1.5)  # seconds between two things that begin
SHORT, LONG = (
    (0.05, 1.5),
    (2.0, 9.0),
)  # seconds that they last; a silent head is lost at 5
OFTEN_SHORT = 0.5
DEAD = (0.0, 1.0)  # seconds until a server is started again
START = 90.0  # seconds that it may take
_STEP = 0.02


@dataclass(slots=True)
class Trouble:
    """What a server has to bear now.

    Attributes:
        until: when it ends.
        mend: ends it.
        dead: it was killed; then it goes on until the server answers again.
    """

    until: float
    mend: Callable[[], None]
    dead: bool = False
    started: bool = False


class Storm:
    """Runs servers, and lets things happen to them.

    Args:
        folder: of their settings, and of their log.
        ports: where they answer.
        gates: through which they reach their database.
        draw: says what happens.
        plant: done in each server's process first; a bug, perhaps.

    Attributes:
        counts: how often what happened.
    """

    def __init__(
        self,
        folder: Path,
        ports: list[int],
        gates: Network,
        draw: Random,
        plant: Callable[[], None] = lambda: None,
    ) -> None:
        self._folder = folder
        self._ports = ports
        self._gates = gates
        self._draw = draw
        self._plant = plant
        self._pids = [self._serve(number) for number in range(len(ports))]
        self._troubles: dict[int, Trouble] = {}
        self.counts: Counter[str] = Counter()

    def blow(self, seconds: float) -> None:
        """Let things happen for a while, and then have all of them end."""
        over = time.monotonic() + seconds
        following = time.monotonic()
        while (now := time.monotonic()) < over:
            self._mend(now)
            self._require_alive()
            well = [n for n in range(len(self._ports)) if n not in self._troubles]
            if now >= following and len(well) > 1:
                self._befall(self._draw.choice(well), now)
                following = now + self._draw.uniform(*CALM)
            time.sleep(_STEP)
        while self._troubles:
            self._mend(float("inf"))
            self._require_alive()
            time.sleep(_STEP)

    def answering(self) -> None:
        """Wait until every server answers."""
        until = time.monotonic() + START
        while not all(map(_answers, self._ports)):
            self._require_alive()
            if time.monotonic() > until:
                raise SystemExit("a server does not start")
            time.sleep(_STEP)

    def stop(self) -> None:
        """Stop the servers, whatever happened to them."""
        for pid in self._pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
                os.kill(pid, signal.SIGTERM)
        for pid in self._pids:
            with suppress(ChildProcessError):
                os.waitpid(pid, 0)

    def _befall(self, number: int, now: float) -> None:
        """Let one thing happen to one server."""
        lasts = SHORT if self._draw.random() < OFTEN_SHORT else LONG
        until = now + self._draw.uniform(*lasts)
        match self._draw.choice(("kill", "pause", *KINDS)):
            case "kill":
                self.counts["kills"] += 1
                self._kill(number)
                until = now + self._draw.uniform(*DEAD)
                start = lambda: self._start(number)  # noqa: E731 (as short as it is)
                self._troubles[number] = Trouble(until, start, dead=True)
            case "pause":
                self.counts["pauses"] += 1
                pid = self._pids[number]
                os.kill(pid, signal.SIGSTOP)
                wake = lambda: os.kill(pid, signal.SIGCONT)  # noqa: E731 (the same)
                self._troubles[number] = Trouble(until, wake)
            case kind:
                self.counts["partitions"] += 1
                self.counts[kind] += 1
                self._gates.set(number, kind)
                heal = lambda: self._gates.set(number, "pass")  # noqa: E731 (the same)
                self._troubles[number] = Trouble(until, heal)

    def _mend(self, now: float) -> None:
        for number, trouble in tuple(self._troubles.items()):
            if now < trouble.until:
                continue
            if not trouble.started:
                trouble.mend()
                trouble.started = True
            if not trouble.dead or _answers(self._ports[number]):
                del self._troubles[number]

    def _kill(self, number: int) -> None:
        os.kill(self._pids[number], signal.SIGKILL)
        _, status = os.waitpid(self._pids[number], 0)
        if not os.WIFSIGNALED(status):
            raise SystemExit(self._said())

    def _start(self, number: int) -> None:
        self._pids[number] = self._serve(number)

    def _serve(self, number: int) -> int:
        return serve(self._folder, number, self._plant)

    def _require_alive(self) -> None:
        """End everything if a server ended by itself.

        One that begins may refuse to, while another holds the head and has stopped; it is
        started again, as by whoever runs it.
        """
        for number, pid in enumerate(self._pids):
            trouble = self._troubles.get(number)
            begins = trouble is not None and trouble.dead
            if trouble is not None and begins and not trouble.started:
                continue
            ended, _ = os.waitpid(pid, os.WNOHANG)
            if not ended:
                continue
            if (
                trouble is None
                or not begins
                or time.monotonic() > trouble.until + START
            ):
                raise SystemExit(f"a server ended by itself\n{self._said()}")
            self.counts["refused starts"] += 1
            self._start(number)

    def _said(self) -> str:
        return (self._folder / "server.log").read_text("utf-8")[-4000:]


def _answers(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False
