"""One page over HTTP, for Prometheus: GET, its path, and nothing else.

It needs no certificate, so it bounds what a stranger may have of it: how many
connections, how long a request, how long in all. A connection is one request.
"""

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import Final

from placement.rpc.listening import require_free

PATH: Final = "/metrics"
MOST: Final = 16
"""Connections at once; more are closed at once."""
LONGEST: Final = 8192
"""Bytes of a request."""
PATIENCE: Final = 5.0
"""Seconds for request and answer."""

_PARTS: Final = 3  # of a request's first line
_TYPE: Final = "text/plain; charset=utf-8"


class Exposed:
    """A page on an address; made inside a running event loop.

    Args:
        address: ``host:port``; port 0 takes a free one.
        page: makes it.
        kind: its content type.
    """

    def __init__(self, address: str, page: Callable[[], bytes], kind: str) -> None:
        host, _, port = address.rpartition(":")
        self._address = address
        self._host, self._wanted = host.strip("[]"), int(port)
        self._page = page
        self._kind = kind
        self._open = 0
        self._server: asyncio.Server | None = None
        self.port = 0

    async def start(self) -> None:
        """Begin to answer.

        Raises:
            OSError: the address is taken, or none of this machine.
        """
        require_free(self._address)
        self._server = await asyncio.start_server(
            self._serve, self._host, self._wanted, limit=LONGEST
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._open += 1
        try:
            if self._open <= MOST:
                async with asyncio.timeout(PATIENCE):
                    writer.write(self._answer(await reader.readuntil(b"\r\n\r\n")))
                    await writer.drain()
        except (asyncio.LimitOverrunError, asyncio.IncompleteReadError, OSError):
            pass  # it is no request, or whoever asked is gone; a timeout is an OSError
        finally:
            self._open -= 1
            writer.close()

    def _answer(self, request: bytes) -> bytes:
        parts = request.split(b"\r\n", 1)[0].decode("latin-1").split(" ")
        if len(parts) != _PARTS or not parts[2].startswith("HTTP/1."):
            return _response(HTTPStatus.BAD_REQUEST)
        if parts[0] != "GET":
            return _response(HTTPStatus.METHOD_NOT_ALLOWED)
        if parts[1].partition("?")[0] != PATH:
            return _response(HTTPStatus.NOT_FOUND)
        return _response(HTTPStatus.OK, self._page(), self._kind)


def _response(status: HTTPStatus, content: bytes = b"", kind: str = _TYPE) -> bytes:
    content = content or f"{status.phrase}\n".encode()
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: {kind}\r\n"
        f"Content-Length: {len(content)}\r\nCache-Control: no-store\r\n"
        "Connection: close\r\n\r\n"
    )
    return head.encode() + content
