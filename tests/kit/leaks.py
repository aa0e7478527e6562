"""Everything that leaves a server, and what of somebody's secrets is in it."""

import base64
import logging
import re
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import grpc
from placement_client.session import Session

Secrets = Mapping[str, bytes | str]

RANDOM = re.compile(
    rb"\b[0-9a-f]{32}\b"
    rb"|(?m:(?:^|(?<= ))(?:[A-Za-z0-9+/]{43}=|[A-Za-z0-9+/]{91}=|[A-Za-z0-9+/]{102}==)$)"
)
"""An identifier in hexadecimal; in a note a line's hash, signature or cosignature."""
ADDRESS = re.compile(rb"\bid\(loop\)=[0-9]+")
"""Where a loop lies in memory, which gRPC writes when everything is logged."""

WHEN = 12
"""With so many digits, the milliseconds of its making, a decision's id begins."""
MINUTES = 10 * 60
"""How long ago, in seconds, what a test looks at was made at most."""


def _content(message: Any) -> bytes:
    content: bytes = (
        message if isinstance(message, bytes) else message.SerializeToString()
    )
    return content


class _Pieces:
    """What a stream sends, kept as it comes."""

    def __init__(self, call: Any, received: list[bytes]) -> None:
        self._call = call
        self._received = received

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Any:
        piece = next(self._call)
        self._received.append(_content(piece))
        return piece

    def cancel(self) -> None:
        self._call.cancel()

    close = cancel


class Recorder(grpc.UnaryUnaryClientInterceptor, grpc.UnaryStreamClientInterceptor):
    """Keeps every byte that a caller gets."""

    def __init__(self) -> None:
        self.received: list[bytes] = []

    def session(self, channel: grpc.Channel, **given: Any) -> Session:
        return Session(grpc.intercept_channel(channel, self), **given)

    def intercept_unary_unary(
        self, continuation: Any, client_call_details: Any, request: Any
    ) -> Any:
        call = continuation(client_call_details, request)
        self.keep(call.initial_metadata(), call.trailing_metadata())
        if call.code() is grpc.StatusCode.OK:
            self.received.append(_content(call.result()))
        else:
            self.received.append(call.details().encode())
        return call

    def intercept_unary_stream(
        self, continuation: Any, client_call_details: Any, request: Any
    ) -> Any:
        call = continuation(client_call_details, request)
        self.keep(call.initial_metadata())
        return _Pieces(call, self.received)

    def keep(self, *metadata: Any) -> None:
        for key, value in (pair for given in metadata for pair in given or ()):
            text = value if isinstance(value, bytes) else value.encode()
            self.received.append(key.encode() + text)


def forms(secret: bytes | str) -> list[bytes]:
    """Return the forms in which bytes or a text could stand somewhere."""
    if isinstance(secret, str):
        return [secret.encode()]
    hexed = secret.hex().encode()
    return [secret, hexed, hexed.upper(), base64.b64encode(secret).rstrip(b"=")]


def _timeless(drawn: bytes, now: float) -> bytes:
    """Return something drawn without the time with which an id of these days begins."""
    when, rest = drawn[:WHEN], drawn[WHEN:]
    made = len(drawn) == 32 and abs(int(when, 16) / 1000 - now) < MINUTES
    return b" " * WHEN + rest if made else drawn


def found_in(content: bytes, secrets: Secrets, now: float | None = None) -> list[str]:
    """Return the names of the secrets that stand somewhere in a form.

    Four digits stand by chance in one of a hundred identifiers. They count where they
    stand anywhere else, or at one place of several; not in an address, which is no secret
    and begins alike in all of a process, nor in the time with which an id begins, which
    is alike in all that were made within a minute.

    Args:
        content: where to look.
        secrets: what for, by its name.
        now: the seconds since 1970 about which ids were made; the machine's unless given.
            So an area that somebody wrote for a time is found, unless behind a real one.
    """
    now = time.time() if now is None else now
    content = ADDRESS.sub(b" ", content)
    drawn = [_timeless(each, now) for each in set(RANDOM.findall(content))]
    said = RANDOM.sub(b" ", content)
    found = []
    for name, secret in secrets.items():
        if isinstance(secret, str) and secret.isdigit() and len(secret) == 4:
            code = secret.encode()
            places = Counter(each.find(code) for each in drawn if code in each)
            if code in said or any(count > 1 for count in places.values()):
                found.append(name)
        elif any(form in content for form in forms(secret)):
            found.append(name)
    return found


def kept(folder: Path, which: str = "placement.db*") -> bytes:
    """Return every byte of the database's files, or of others."""
    files = sorted(each for each in folder.glob(which) if each.is_file())
    return b"".join(file.read_bytes() for file in files)


@contextmanager
def logged() -> Iterator[list[str]]:
    """Keep every log line, at any level, until the block ends."""
    records: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: records.append(handler.format(record))  # type: ignore[method-assign]
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield records
    finally:
        root.removeHandler(handler)
        root.setLevel(before)
