"""A wire that is tapped: what a server sends for each call, frame by frame.

It ends TLS on both sides, with the server's certificate and the caller's own, and hands
on every byte as it came.
"""

import asyncio
import ssl
import threading
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TypeAlias

import grpc
from google.protobuf.message import Message

from kit.certs import Pair
from kit.served import Served
from kit.town import PATHS, PEOPLE, STREAMS, TIMEOUT, Town

Reader: TypeAlias = asyncio.StreamReader
Writer: TypeAlias = asyncio.StreamWriter

DATA, HEADERS, RESET, CONTINUATION = 0, 1, 3, 9
OF_CALLS = {DATA, HEADERS, RESET, CONTINUATION}
"""Frames of a call; the others are the connection's own."""
_FRAME_HEAD = 9  # bytes


@dataclass(frozen=True, slots=True)
class Shape:
    """What whoever sees the wire sees of an answer.

    Attributes:
        data: bytes of messages, with gRPC's five before each.
        metadata: headers and trailers, as the caller's gRPC shows them.
        headers: bytes of each block of compressed headers: first, then trailers.
        is_reset: whether the call was cut off.
    """

    data: int
    metadata: tuple[tuple[str, str | bytes], ...]
    headers: tuple[int, ...] = ()
    is_reset: bool = False


class Tap:
    """Somebody's connection, tapped.

    Args:
        served: the server.
        pair: the caller's certificate.
        options: of the caller's channel.
    """

    def __init__(self, served: Served, pair: Pair, **options: Any) -> None:
        self._port = served.port
        paths = served.pki.paths
        self._inner = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._inner.load_cert_chain(paths.certificate, paths.key)
        self._outer = ssl.create_default_context(cafile=str(paths.authority))
        self._outer.load_cert_chain(*self._files(pair))
        for context in (self._inner, self._outer):
            context.set_alpn_protocols(["h2"])
        self._frames: list[tuple[int, int, int]] = []
        ready: Future[int] = Future()
        self._thread = threading.Thread(target=asyncio.run, args=(self._run(ready),))
        self._thread.start()
        credentials = grpc.ssl_channel_credentials(
            served.pki.ca, pair.key, pair.certificate
        )
        self._channel = grpc.secure_channel(
            f"localhost:{ready.result()}", credentials, **options
        )

    @classmethod
    def of(cls, town: Town, who: str, **options: Any) -> Self:
        """Tap the connection of one of a town's people."""
        return cls(town.served, town.served.pki.client(*PEOPLE[who]), **options)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._channel.close()
        self._loop.call_soon_threadsafe(self._until.set)
        self._thread.join()

    def call(
        self, method: str, request: Message | bytes, timeout: float | None = TIMEOUT
    ) -> Shape:
        """Call a method, and return what is seen of its answer; of a stream, one piece."""
        path, first = PATHS[method], len(self._frames)
        content = request if isinstance(request, bytes) else request.SerializeToString()
        if path in STREAMS:
            pieces = self._channel.unary_stream(path)(content, timeout=timeout)
            size = len(next(pieces))
            metadata = pieces.initial_metadata()
            pieces.cancel()
            return Shape(data=size, metadata=tuple(map(tuple, metadata)))
        _, call = self._channel.unary_unary(path).with_call(content, timeout=timeout)
        late = [each for each in self._frames[first:] if each[1] in OF_CALLS]
        # What was cut off before may still send a last frame; its stream is older.
        own = max(stream for *_, stream in late)
        frames = [each for each in late if each[-1] == own]
        metadata = (*call.initial_metadata(), *call.trailing_metadata())
        return Shape(
            data=sum(size for size, kind, _ in frames if kind == DATA),
            metadata=tuple(map(tuple, metadata)),
            headers=tuple(
                size for size, kind, _ in frames if kind in {HEADERS, CONTINUATION}
            ),
            is_reset=any(kind == RESET for _, kind, _ in frames),
        )

    @staticmethod
    def _files(pair: Pair) -> tuple[Path, Path]:
        return pair.certificate_path, pair.key_path

    async def _run(self, ready: Future[int]) -> None:
        self._loop, self._until = asyncio.get_running_loop(), asyncio.Event()
        pumps: list[asyncio.Task[None]] = []
        ends: list[Writer] = []

        async def taken(reader: Reader, writer: Writer) -> None:
            source, target = await asyncio.open_connection(
                "localhost", self._port, ssl=self._outer
            )
            ends.extend((writer, target))
            pumps.extend(
                asyncio.create_task(pump)
                for pump in (
                    _pump(reader, target, None),
                    _pump(source, writer, self._frames),
                )
            )

        server = await asyncio.start_server(taken, "127.0.0.1", 0, ssl=self._inner)
        ready.set_result(server.sockets[0].getsockname()[1])
        await self._until.wait()
        server.close()
        for end in ends:
            end.transport.abort()
        await asyncio.gather(*pumps, return_exceptions=True)
        await server.wait_closed()
        await asyncio.sleep(0.01)  # the transports say goodbye


async def _pump(
    source: Reader, target: Writer, kept: list[tuple[int, int, int]] | None
) -> None:
    """Hand on what comes, and keep size, kind and stream of each frame."""
    waiting = b""
    while content := await source.read(65_536):
        waiting += content
        while kept is not None and len(waiting) >= _FRAME_HEAD:
            size = int.from_bytes(waiting[:3], "big")
            if len(waiting) < _FRAME_HEAD + size:
                break
            kept.append((size, waiting[3], int.from_bytes(waiting[5:9], "big")))
            waiting = waiting[_FRAME_HEAD + size :]
        target.write(content)
        await target.drain()
    target.close()
