"""What one process bears of its callers: calls, connections, files, and for how long.

A call that comes in while too many are inside is refused at once. There are three
bounds, and the higher ones are there for whoever tries to misuse the lower:

1. ``CALLS_EACH`` for one certificate, over all its connections, and ``MAX_CALLS`` for
   all. Beyond them a call gets a refusal like any other, of the length of an answer and
   on the grid.
2. Twice ``CALLS_EACH``. Whoever has so many, and refusals among them that he does not
   read, gets gRPC's own status, which no window of his holds up.
3. ``MOST_CALLS`` on all connections, held by the transport before anything is read.

Which of them a call meets depends on how many calls there are, and on nothing that is
on record.

Invariants:
    * a call is inside until its last byte was taken over by the transport, so that an
      answer that nobody reads counts;
    * no bound is a queue: nothing waits to come in.
"""

import resource
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final, Protocol

from placement.errors import OverloadedError

MAX_REQUEST: Final = 64 * 1024
"""Bytes; the transport cuts off at four times that, before anything is decoded."""
CALLS_EACH: Final = 48
"""Concurrent calls of one certificate, however many connections it has."""
MAX_STREAMS: Final = 128
"""The same on one connection, for the transport, which cuts off what is more.

It also counts calls that were answered and not yet put away, which on a busy machine
are many: with a bound near ``CALLS_EACH`` it would cut off callers who keep to that.
"""
MAX_CALLS: Final = 512
"""Concurrent calls on all connections; more are refused at once."""
MOST_CALLS: Final = 1024
"""The same with refusals among them; more are refused by the transport."""
MAX_CONNECTIONS: Final = 1024
"""More are closed before their handshake."""
PROBE_CONNECTIONS: Final = 64
"""The same of probes, where nobody needs a certificate."""
FILES: Final = MAX_CONNECTIONS + PROBE_CONNECTIONS + 256
"""Descriptors: enough for all connections, the database, its keys and the anchor."""
NOBODY: Final = b""
"""Whose certificate is not accepted shares the calls of one."""
GRACE: Final = 12.0
"""Seconds that calls under way may take when the server stops: as long as a deadline."""

OPTIONS: Final[Sequence[tuple[str, int]]] = (
    ("grpc.max_receive_message_length", 4 * MAX_REQUEST),
    ("grpc.max_send_message_length", 4 * MAX_REQUEST),
    ("grpc.max_metadata_size", 8 * 1024),
    ("grpc.absolute_max_metadata_size", 8 * 1024),  # or some above it get in by chance
    ("grpc.max_concurrent_streams", MAX_STREAMS),
    ("grpc.max_allowed_incoming_connections", MAX_CONNECTIONS),
    # Whoever is gone, or takes nothing, holds his calls for half a minute.
    ("grpc.keepalive_time_ms", 20_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.http2.min_ping_interval_without_data_ms", 30_000),
    ("grpc.http2.max_ping_strikes", 2),
    ("grpc.max_connection_age_ms", 900_000),
    ("grpc.max_connection_age_grace_ms", 30_000),
    ("grpc.max_connection_idle_ms", 300_000),
    ("grpc.server_handshake_timeout_ms", 3_000),
)


def options(*, shared: bool) -> Sequence[tuple[str, int]]:
    """Return what the transport is told.

    Args:
        shared: whether other processes of this user listen at the address, too. If not,
            none may.
    """
    return (*OPTIONS, ("grpc.so_reuseport", int(shared)))


class Ends(Protocol):
    """A call that says when it is over."""

    def add_done_callback(self, callback: Any) -> None:  # noqa: ANN401 (gRPC's own type)
        """Have something called then."""


class CrammedError(OverloadedError):
    """One certificate has so many calls inside that not even refusals are made."""


class Inside:
    """The calls that are inside; used by the event loop alone.

    Args:
        refuse: told of each that is refused.
    """

    def __init__(self, refuse: Callable[[], None] = lambda: None) -> None:
        self._refuse = refuse
        self._here: Counter[bytes] = Counter()
        self._all = 0

    def __len__(self) -> int:
        """Tell how many there are, refusals among them."""
        return self._all

    def enter(self, certificate: bytes, call: Ends, *, watches: bool = False) -> None:
        """Count a call, and refuse it if there are too many.

        Args:
            certificate: of its caller, or ``NOBODY``.
            call: counts until it is over, whatever becomes of it.
            watches: it asks how the service is, so others' calls don't keep it out.

        Raises:
            CrammedError: its caller has twice as many as one may.
            OverloadedError: there are too many.
        """
        here, total = self._here[certificate], self._all
        self._here[certificate] += 1
        self._all += 1
        call.add_done_callback(partial(self._leave, certificate))
        if here < CALLS_EACH and (total < MAX_CALLS or watches):
            return
        self._refuse()
        if here >= 2 * CALLS_EACH:
            raise CrammedError
        raise OverloadedError

    def _leave(self, certificate: bytes, _call: object) -> None:
        self._all -= 1
        self._here[certificate] -= 1
        if not self._here[certificate]:
            del self._here[certificate]


def allow_files(files: int = FILES) -> None:
    """Let the process have as many files open as its connections need.

    Else whoever connects often enough takes the last one, and what the server writes
    before it answers can't be opened.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    unlimited = hard == resource.RLIM_INFINITY
    wanted = files if unlimited else min(files, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
