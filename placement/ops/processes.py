"""Several processes on one machine: one address, one PostgreSQL, each a whole server.

The kernel spreads connections over the processes that listen at one address; it lets
only those of one user share it. The first process holds the address, serves nothing and
opens no keys. It starts the others, starts again whichever ends by itself, and stops all
of them when it is told to, or ends.

Each process is a server as any other: with its own fold, its own anchor and its own
limits. The database serialises what they write.

Invariants:
    * none serves before the database was held against the anchors of all;
    * whoever ends while the others serve is started again, each time a little later;
    * nobody outlives the first process, and stopping takes a bounded time.
"""

import logging
import os
import select
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

from placement.config import Settings
from placement.errors import UnavailableError
from placement.ops.custodies import read_unlock
from placement.ops.forked import TOLD, fork, require_anchors
from placement.rpc.limits import GRACE
from placement.rpc.listening import require_free

TRIES: Final = 3
"""How often a person may mistype a passphrase; a PIN is tried once."""
AGAIN: Final = (0.5, 30.0)
"""Seconds before a process that ended is started again, at first and at most."""
STEADY: Final = 60.0
"""Seconds after which a process that ends counts as one that ends for the first time."""
STOP_WITHIN: Final = GRACE + 30.0
"""Seconds that processes have to stop: calls under way, then the engine, a snapshot."""

_log: Final = logging.getLogger(__name__)


class ServeOne(Protocol):
    """Serves in this process until told to stop."""

    def __call__(
        self, settings: Settings, say: Callable[[str], None], *, sealed: bool
    ) -> None:
        """Do so.

        Args:
            settings: of this process.
            say: told each sentence for whoever started the server.
            sealed: whether callers are refused until the keys are there.
        """


@dataclass(slots=True)
class _Process:
    """One that serves.

    Attributes:
        number: from 1.
        pid: 0 while there is none.
        began: when it was started, by the monotonic clock.
        ended: how often it ended soon after it was started.
        due: when to start it again.
        said: what it says; at its end there is nothing more to read.
        unlock: where it reads passphrase or PIN from.
        last: the last sentence.
    """

    number: int
    pid: int = 0
    began: float = 0.0
    ended: int = 0
    due: float = 0.0
    said: int = -1
    unlock: int = -1
    last: str = field(default="")


def hold(address: str) -> tuple[socket.socket, str]:
    """Take an address for processes that share it; nobody is answered there yet.

    Returns:
        What holds it, and the address with the port that was taken.

    Raises:
        OSError: it is taken, or none of this machine.
    """
    require_free(address)
    host, _, port = address.rpartition(":")
    (family, kind, protocol, _, where), *_ = socket.getaddrinfo(
        host.strip("[]"), int(port), type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )
    held = socket.socket(family, kind, protocol)
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    held.bind(where)
    return held, f"{host}:{held.getsockname()[1]}"


class Processes:
    """The first process, and what it knows of the others; used by its one thread.

    Args:
        settings: of all of them.
        serve: what each of them does.
        say: told each sentence for whoever started the server.
    """

    def __init__(
        self, settings: Settings, serve: ServeOne, say: Callable[[str], None]
    ) -> None:
        self._settings = settings
        self._serve = serve
        self._say = say
        self._all = [_Process(number + 1) for number in range(settings.processes)]
        self._secret: bytes | None = None
        self._waking, self._woken = os.pipe()
        self._told = False

    def run(self) -> None:
        """Serve until told to stop.

        Raises:
            OSError: the address is taken.
            UnavailableError: the keys do not open, or one of the processes does not
                start; it has said why.
        """
        held, address = hold(self._settings.address)
        self._settings = replace(self._settings, address=address)
        with closing(held), self._listening():
            try:
                self._open()
                self._watch()
            finally:
                self._stop()

    def _open(self) -> None:
        """Start all of them, sealed if somebody has to be asked for the keys."""
        if self._settings.custody == "file":
            if wrong := self._check():
                raise UnavailableError().because(wrong)
        else:
            for process in self._all:
                self._start(process, sealed=True)
            self._until("Sealed")
            if not self._told:
                self._unlock()
        for process in self._all:
            if not process.pid and not self._told:
                self._start(process)
            self._hand_over(process)
        self._until("Serving")

    def _until(self, word: str) -> None:
        """Wait until all of them say something, and say it, too.

        Raises:
            UnavailableError: one of them has ended instead.
        """
        while not self._told and not all(
            process.last.startswith(word) for process in self._all
        ):
            self._wait(None)
            if self._gone():
                raise UnavailableError
        if not self._told:
            self._say(self._all[0].last)

    def _watch(self) -> None:
        """Start again whoever ends."""
        while not self._told:
            now = time.monotonic()
            waiting = [process.due for process in self._all if process.pid == 0]
            self._wait(max(0.0, min(waiting) - now) if waiting else None)
            now = time.monotonic()
            for process in self._gone():
                soon = now - process.began < STEADY
                process.ended = process.ended + 1 if soon else 1
                first, most = AGAIN
                process.due = now + min(most, first * 2.0 ** min(process.ended - 1, 10))
            for process in self._all:
                if process.pid == 0 and process.due <= now and not self._told:
                    self._start(process)
                    self._hand_over(process)

    def _start(self, process: _Process, *, sealed: bool = False) -> None:
        said, saying = os.pipe()
        unlocked, unlocking = os.pipe()

        def live() -> None:
            for other in self._all:
                _close(other.said, other.unlock)
            _close(said, unlocking, self._waking, self._woken)
            self._live(process.number, saying, unlocked, sealed=sealed)

        child = fork(f"Process {process.number}", live)
        _close(saying, unlocked, process.said, process.unlock)
        process.pid, process.began, process.last = child, time.monotonic(), ""
        process.said, process.unlock = said, unlocking

    def _live(self, number: int, saying: int, unlocked: int, *, sealed: bool) -> None:
        """Be one of the processes, to the end."""

        def say(sentence: str) -> None:
            with suppress(BrokenPipeError):
                os.write(saying, f"{sentence}\n".encode())

        settings = replace(
            self._settings,
            anchor=self._settings.anchors[number - 1],
            metrics=self._settings.metrics.of(number),
            health=self._settings.health.of(number),
            unlock=f"fd:{unlocked}",
        )
        self._serve(settings, say, sealed=sealed)

    def _check(self) -> str:
        """Hold the database against the anchors of all; return what went wrong, or nothing.

        In a process of its own, so that this one opens nothing.

        Raises:
            UnavailableError: the database is older than one of them, or does not answer.
        """
        failed, failing = os.pipe()
        child = fork(
            "The database",
            lambda: require_anchors(self._settings, self._secret, failing),
        )
        _close(failing)
        with os.fdopen(failed, "rb") as file:
            sentence = file.read().decode()
        if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]):
            raise UnavailableError
        return sentence

    def _unlock(self) -> None:
        """Ask for passphrase or PIN until it opens the custody, or we are told to stop.

        Raises:
            UnavailableError: it does not.
        """
        settings = self._settings
        again = settings.unlock == "prompt" and settings.custody == "passphrase"
        wrong = ""
        for _ in range(TRIES if again else 1):
            if wrong:
                self._say(wrong)
            self._secret = _read(settings)
            if self._secret is None:
                self._told = True
                return
            wrong = self._check()
            if not wrong:
                return
        raise UnavailableError().because(wrong)

    def _hand_over(self, process: _Process) -> None:
        """Give a process what opens its custody, once."""
        if self._secret is not None and process.unlock >= 0:
            with suppress(BrokenPipeError):
                os.write(process.unlock, self._secret)
        _close(process.unlock)
        process.unlock = -1

    def _gone(self) -> list[_Process]:
        """Return whoever has ended since, and say so."""
        found = []
        for process in self._all:
            if process.pid and os.waitpid(process.pid, os.WNOHANG)[0]:
                _log.error("process_ended number=%s", process.number)
                process.pid = 0
                found.append(process)
        return found

    def _wait(self, seconds: float | None) -> None:
        """Wait until one of them says something or ends, or somebody tells us to stop."""
        speaking = {process.said: process for process in self._all if process.said >= 0}
        ready, _, _ = select.select([self._waking, *speaking], [], [], seconds)
        for source in ready:
            content = os.read(source, 4096)
            if source == self._waking:
                self._told |= any(number in content for number in TOLD)
            elif content:
                speaking[source].last = content.decode().splitlines()[-1]
            else:
                _close(source)
                speaking[source].said = -1

    def _stop(self) -> None:
        """Tell all of them to stop; end whoever does not in time."""
        until = time.monotonic() + STOP_WITHIN
        for process in self._all:
            if process.pid:
                os.kill(process.pid, signal.SIGTERM)
        while left := [process for process in self._all if process.pid]:
            for process in left:
                if os.waitpid(process.pid, os.WNOHANG)[0]:
                    process.pid = 0
                elif time.monotonic() > until:
                    _log.error("process_killed number=%s", process.number)
                    os.kill(process.pid, signal.SIGKILL)
            time.sleep(0.02)

    @contextmanager
    def _listening(self) -> Iterator[None]:
        """Wake up when told to stop, and when a process ends."""
        os.set_blocking(self._woken, False)
        before = {each: signal.signal(each, _note) for each in (*TOLD, signal.SIGCHLD)}
        signal.set_wakeup_fd(self._woken)
        try:
            yield
        finally:
            signal.set_wakeup_fd(-1)
            for number, handler in before.items():
                signal.signal(number, handler)


def _read(settings: Settings) -> bytes | None:
    """Read passphrase or PIN; return ``None`` if we are told to stop meanwhile.

    Raises:
        UnavailableError: it can't be read.
    """
    before = {each: signal.signal(each, signal.default_int_handler) for each in TOLD}
    try:
        return read_unlock(settings)
    except KeyboardInterrupt:
        return None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _note(_number: int, _frame: object) -> None:
    """Do nothing: the number goes into the pipe that wakes us."""


def _close(*descriptors: int) -> None:
    for descriptor in descriptors:
        if descriptor >= 0:
            os.close(descriptor)
