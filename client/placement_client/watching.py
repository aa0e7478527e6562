"""Watching alerts: for ever, and without losing one.

The server ends a stream after a while, connections break, servers change; the last
answer's resume token says where to go on. A *place* is where one person under one
context keeps it, so that the next run goes on where this one stopped.

Invariants:
    * a token is kept after what it covers was shown: whoever is killed in between is
      shown an alert twice, and never none;
    * one run at a time goes on from a place: two would each miss what the other showed;
    * who waits for a server that is gone asks less often, but every few seconds, and does
      not give up, unless it never answered; a refusal that does not pass ends it.

A place's file is one JSON object, ``{"resume_token": "…"}`` in hex, beside the file of
contexts: ``alerts/NAME-WHO.json``, where WHO is drawn from role, organisation and person
in the certificate. Certificates are renewed, people stay.
"""

import json
import os
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final, Self

import grpc

from placement.api.v1.alert_service_pb2 import WatchAlertsResponse
from placement.errors import (
    InvalidInputError,
    PlacementError,
    StaleError,
    TamperedError,
    UnavailableError,
)
from placement_client import locks
from placement_client.credentials import Holder
from placement_client.trust import DIRECTORY_MODE, FILE_MODE, keep, read_kept

LONGEST: Final = 4.0
"""Seconds between two tries at most: an alert may be waiting."""
TRIES: Final = 3
"""Streams in a row that may bring nothing before a server is given up, if it is."""

RESUME_FIELD: Final = "resume_token"
"""The field that errors name when a token can't be used."""

_FIRST: Final = 0.5  # seconds
_DOUBLINGS: Final = 10  # more than enough to reach the longest
_SHORT: Final = 16  # hex digits in a file's name
_FOREIGN: Final = "is kept in a file that `alert watch` did not write"
_WATCHED: Final = "are watched already by another run under this context"
_OVER: Final = grpc.StatusCode.DEADLINE_EXCEEDED


@dataclass(frozen=True, slots=True)
class Place:
    """Where it is kept how far one person's alerts were shown.

    Attributes:
        path: of the file.
    """

    path: Path

    @classmethod
    def of(cls, contexts: Path, name: str, who: Holder | None) -> Self:
        """Return that of a person under a context.

        Args:
            contexts: the file of contexts.
            name: the context's.
            who: the certificate's holder, if it names one.
        """
        parts = (who.role, who.organisation, who.person) if who else ()
        short = sha256("/".join(parts).encode()).hexdigest()[:_SHORT]
        return cls(contexts.parent / "alerts" / f"{name}-{short}.json")

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep every other run away, and make the folder if need be.

        Raises:
            InvalidInputError: another run holds it.
            UnavailableError: the folder can't be used.
        """
        try:
            self.path.parent.mkdir(mode=DIRECTORY_MODE, parents=True, exist_ok=True)
            lock = os.open(
                self.path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, FILE_MODE
            )
        except OSError as error:
            raise UnavailableError().because(
                f"{self.path.parent} can't be written to"
            ) from error
        try:
            _take(lock)
            yield
        finally:
            os.close(lock)

    def read(self) -> bytes:
        """Return the token that is kept; empty if there is none yet.

        Raises:
            InvalidInputError: the file holds anything else.
            UnavailableError: it can't be read.
        """
        content = read_kept(self.path)
        if content is None:
            return b""
        try:
            token = bytes.fromhex(json.loads(content)[RESUME_FIELD])
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise InvalidInputError(RESUME_FIELD, _FOREIGN) from error
        if not token or _render(token) != content:
            raise InvalidInputError(RESUME_FIELD, _FOREIGN)
        return token

    def write(self, token: bytes) -> None:
        """Keep a token in the place of the one before; it is on the disk then.

        Raises:
            UnavailableError: it can't be written.
        """
        keep(self.path, _render(token))


def _render(token: bytes) -> bytes:
    return json.dumps({RESUME_FIELD: token.hex()}).encode() + b"\n"


def _take(lock: int) -> None:
    try:
        locks.take(lock, wait=False)
    except OSError as error:
        raise InvalidInputError("alerts", _WATCHED) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """Where answers come from, and who is told what happens to it.

    Attributes:
        opened: opens one stream behind a resume token.
        sleep: what waits, for so many seconds.
        lost: told once when a stream breaks.
        back: told once when one answers again.
    """

    opened: Callable[[bytes], Iterator[WatchAlertsResponse]]
    lost: Callable[[], None]
    back: Callable[[], None]
    sleep: Callable[[float], None] = time.sleep


def watch(
    connection: Connection, token: bytes = b"", *, once: bool = False
) -> Iterator[WatchAlertsResponse]:
    """Yield answers, over one stream after another.

    Args:
        connection: where they come from.
        token: where to begin; whoever has one knows that the server is the right one.
        once: whoever waits wants an end; else a server that ever answered is never
            given up.

    Raises:
        TamperedError: an answer does not say how to go on.
        PlacementError: refused for good; or given up.
    """
    barren, is_lost, is_known = 0, False, bool(token)
    while True:
        is_over = False
        try:
            for answer in connection.opened(token):
                if is_lost:
                    connection.back()
                barren, is_lost, is_known = 0, False, True
                if not answer.resume_token:
                    raise TamperedError
                token = answer.resume_token
                yield answer
        except PlacementError as error:
            gives_up = (once or not is_known) and barren + 1 >= TRIES
            if gives_up or not _passes(error):
                raise
            is_over = _is_over(error)
            if not (is_lost or is_over):
                is_lost = True
                connection.lost()
        # One that lasted as long as one may goes on at once: an alert may be waiting.
        if barren or not is_over:
            connection.sleep(_pause(barren))
        barren += 1


def _pause(barren: int) -> float:
    """Return how long to wait after so many streams that brought nothing."""
    longest = min(LONGEST, _FIRST * 2.0 ** min(barren, _DOUBLINGS))
    return longest * (0.5 + secrets.randbelow(501) / 1000)


def _passes(error: PlacementError) -> bool:
    """Tell whether what went wrong may be over soon, here or at another server."""
    passing = isinstance(error, UnavailableError | StaleError)
    return passing or type(error) is PlacementError


def _is_over(error: PlacementError) -> bool:
    """Tell whether a stream ended because it had lasted as long as one may."""
    cause = error.__cause__
    return isinstance(cause, grpc.RpcError) and cause.code() is _OVER
