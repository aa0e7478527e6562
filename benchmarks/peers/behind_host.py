"""A peer behind the wire that the service has: gRPC, mutual TLS, an event loop.

What has a connection of its own to a database is asked in threads, a connection for
each, so that the loop does not wait for it; anything else is asked where it is.
"""

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Final, Protocol

import grpc
import grpc.aio
import uvloop

from benchmarks.nation import Answer, Asked, Nation
from benchmarks.run import CHECK
from placement.app import tls_of
from placement.config import load
from placement.rpc.even import SIZES
from placement.rpc.identity import server_credentials

ASK: Final = "/bench.Peer/Ask"
QUESTIONS: Final = 300
CONNECTIONS: Final = 8

Ask = Callable[[Asked], Awaitable[Answer]]


class Peer(Protocol):
    """What answers a question."""

    def answer(self, asked: Asked) -> Answer:
        """Answer one."""


class Connected(Peer, Protocol):
    """What asks a database."""

    def again(self) -> "Connected":
        """Return the same, on a connection of its own."""


class _Methods(grpc.GenericRpcHandler):
    """The one method: the number of a question, answered in the length of a verdict."""

    def __init__(self, ask: Ask, questions: list[Asked]) -> None:
        self._ask = ask
        self._questions = questions

    def service(
        self, handler_call_details: grpc.HandlerCallDetails
    ) -> "grpc.RpcMethodHandler[Any, Any] | None":
        """Return it."""
        if handler_call_details.method != ASK:
            return None
        return grpc.unary_unary_rpc_method_handler(self._answer)

    async def _answer(self, request: bytes, _context: object) -> bytes:
        number = int.from_bytes(request[:4], "big")
        found = await self._ask(self._questions[number])
        return bytes(found).ljust(SIZES[CHECK], b"\0")


def here(peer: Peer) -> Ask:
    """Return how to ask a peer in the loop."""

    async def ask(asked: Asked) -> Answer:
        return peer.answer(asked)

    return ask


def aside(peer: Connected) -> Ask:
    """Return how to ask a peer with connections, each in a thread."""
    free: SimpleQueue[Peer] = SimpleQueue()
    for each in (peer, *(peer.again() for _ in range(CONNECTIONS - 1))):
        free.put(each)
    pool = ThreadPoolExecutor(CONNECTIONS)

    def one(asked: Asked) -> Answer:
        mine = free.get()
        try:
            return mine.answer(asked)
        finally:
            free.put(mine)

    async def ask(asked: Asked) -> Answer:
        return await asyncio.get_running_loop().run_in_executor(pool, one, asked)

    return ask


async def main(settings_file: Path, where: str, factor: float) -> None:
    """Load, and serve until SIGTERM; print the port."""
    told = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, told.set)
    nation = Nation.of(factor)
    module, _, kind = where.partition(".")
    peer = getattr(import_module(f"benchmarks.peers.{module}"), kind)(nation)
    ask = aside(peer) if hasattr(peer, "again") else here(peer)
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((_Methods(ask, nation.questions(QUESTIONS)),))
    tls = tls_of(load(settings_file))
    port = server.add_secure_port("127.0.0.1:0", server_credentials(tls))
    await server.start()
    print(port, flush=True)
    await told.wait()
    await server.stop(None)


if __name__ == "__main__":
    uvloop.run(main(Path(sys.argv[1]), sys.argv[2], float(sys.argv[3])))
