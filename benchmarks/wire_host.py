"""The server under measurement, over another wire: which loop, or threads.

The service is the real one in each: the same door, desk, engine and store. With threads
the door's own coroutines are driven by a thread each, which waits where they would await
the engine. Beside it runs a bare echo over the same wire.
"""

import asyncio
import signal
import sys
import time
from collections.abc import Coroutine, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import grpc
import grpc.aio
import uvloop

from benchmarks.host import ECHO, Echo
from placement import app
from placement.config import load
from placement.rpc import desk, limits
from placement.rpc.door import Door
from placement.rpc.even import Pace
from placement.rpc.identity import TlsPaths, server_credentials
from placement.service.waiting import MAX_BATCH, Asked, Waiting

THREADS: Final = 64


class _Waits:
    """What a coroutine awaits of the engine, for whoever drives it."""

    def __init__(self, future: "Future[Any]") -> None:
        self._future = future

    def __await__(self) -> Generator["Future[Any]", None, Any]:
        yield self._future
        return self._future.result()


def drive(coroutine: Coroutine[Any, Any, Any]) -> Any:  # noqa: ANN401 (whatever it returns)
    """Run a coroutine to its end, in this thread."""
    try:
        while True:
            coroutine.send(None).exception()
    except StopIteration as end:
        return end.value


class _Context:
    """gRPC's context of a call in a thread, as the door knows one of a coroutine."""

    def __init__(self, context: grpc.ServicerContext) -> None:
        self.auth_context = context.auth_context
        self.time_remaining = context.time_remaining
        self.add_done_callback = lambda _: None  # counted by one thread alone


class _Methods(grpc.GenericRpcHandler):
    """All methods of the service that are answered once, behind the door."""

    def __init__(self, door: Door, services: Any) -> None:  # noqa: ANN401 (a bundle of servicers)
        self._door = door
        self._handlers: list[grpc.GenericRpcHandler] = []
        services.add_to(self)

    def add_generic_rpc_handlers(self, handlers: Any) -> None:  # noqa: ANN401 (gRPC's signature)
        """Take what generated code adds."""
        self._handlers.extend(handlers)

    def add_registered_method_handlers(self, name: str, methods: object) -> None:
        """Do without."""

    def service(self, handler_call_details: Any) -> Any:  # noqa: ANN401 (gRPC's own)
        """Return what answers a method."""

        async def found(details: Any) -> Any:  # noqa: ANN401 (gRPC's own)
            services = (each.service(details) for each in self._handlers)
            return next((each for each in services if each is not None), None)

        handler = drive(self._door.intercept_service(found, handler_call_details))
        if handler.unary_unary is None:
            return None
        return grpc.unary_unary_rpc_method_handler(
            lambda content, context: drive(
                handler.unary_unary(content, _Context(context))
            )
        )


class ThreadHost:
    """Stands where ``Host`` does, and answers from a pool of threads."""

    def __init__(
        self,
        address: str,
        *,
        tls: TlsPaths,
        door: Door,
        **given: Any,  # noqa: ANN401 (what the other takes)
    ) -> None:
        self._server = _threads(_Methods(door, given["services"]))
        self.port = self._server.add_secure_port(address, server_credentials(tls))

    async def start(self) -> None:
        """Begin to serve."""
        self._server.start()

    @staticmethod
    def statuses() -> dict[str, str]:
        """Say nothing of health."""
        return {}

    async def report(self) -> None:
        """Say nothing of health."""

    async def stop(self) -> None:
        """Let calls under way end."""
        self._server.stop(1).wait()


def _threads(handler: grpc.GenericRpcHandler) -> grpc.Server:
    server = grpc.server(
        ThreadPoolExecutor(THREADS), options=limits.options(shared=False)
    )
    server.add_generic_rpc_handlers((handler,))
    return server


def wait_for_company(window: float) -> None:
    """Have a commit that several share wait for more of them."""
    take = Waiting.take

    def taken(self: Waiting, seconds: float) -> list[Asked]:
        found = take(self, seconds)
        if len(found) > 1:
            time.sleep(window)
            found += self.join(MAX_BATCH - len(found))
        return found

    Waiting.take = taken  # type: ignore[method-assign]


async def serve(settings_file: Path, wire: str) -> None:
    """Serve both until SIGTERM; print the two ports."""
    settings = load(settings_file)
    told = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, told.set)
    tls = app.tls_of(settings)
    echo: Any = grpc.aio.server()
    echo.add_generic_rpc_handlers((Echo(),))
    if wire == "threads":
        app.Host = ThreadHost  # type: ignore[assignment, attr-defined]
        desk.asyncio = _Engineless  # type: ignore[assignment, attr-defined]
        Pace.begin = staticmethod(lambda: 0.0)  # type: ignore[method-assign]
        limits.MAX_CALLS = limits.CALLS_EACH = sys.maxsize  # type: ignore[misc]
        echo = _threads(_ThreadEcho())
    port = echo.add_secure_port("127.0.0.1:0", server_credentials(tls))
    started = echo.start()
    if started is not None:
        await started
    await app.App(settings).serve(told, lambda at: print(at, port, flush=True))
    stopped = echo.stop(None)
    if wire != "threads":
        await stopped


class _Engineless:
    """Stands where asyncio does in the desk."""

    wrap_future = _Waits


class _ThreadEcho(grpc.GenericRpcHandler):
    def service(self, handler_call_details: Any) -> Any:  # noqa: ANN401 (gRPC's own)
        """Return the one method."""
        if handler_call_details.method != ECHO:
            return None
        return grpc.unary_unary_rpc_method_handler(
            lambda content, _: bytes(int.from_bytes(content[:4], "big"))
        )


if __name__ == "__main__":
    _, settings_name, wire_name, window = sys.argv
    if float(window):
        wait_for_company(float(window) / 1000)
    runner = asyncio.run if wire_name in {"asyncio", "threads"} else uvloop.run
    runner(serve(Path(settings_name), wire_name))
