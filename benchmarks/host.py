"""The server under measurement: the real one, and a bare echo on a port of its own.

Both live in one process and one event loop, with the same certificates, so that their
figures differ by what the service does and by nothing else.
"""

import asyncio
import resource
import signal
import sys
from pathlib import Path
from typing import Any, Final

import grpc
import grpc.aio
import uvloop

from placement.app import App, tls_of
from placement.config import load
from placement.rpc.identity import server_credentials
from placement.store.news import News

DEAF: Final = "deaf"
"""Given behind the settings: the server does not hear of others, and looks by itself."""
ECHO: Final = "/bench.Echo/Echo"


async def main(settings_file: Path) -> None:
    """Serve both until SIGTERM; print the two ports, at the end the memory in KiB."""
    settings = load(settings_file)
    told = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, told.set)
    tls = tls_of(settings)
    echo = grpc.aio.server()
    echo.add_generic_rpc_handlers((Echo(),))
    port = echo.add_secure_port("127.0.0.1:0", server_credentials(tls))
    await echo.start()
    await App(settings).serve(told, lambda served: print(served, port, flush=True))
    await echo.stop(None)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, flush=True)


class Echo(grpc.GenericRpcHandler):
    """Answers with as many bytes as the first four of the request ask for."""

    def service(
        self, handler_call_details: grpc.HandlerCallDetails
    ) -> "grpc.RpcMethodHandler[Any, Any] | None":
        """Return the one method."""
        if handler_call_details.method != ECHO:
            return None
        return grpc.unary_unary_rpc_method_handler(_echo)


async def _echo(request: bytes, _context: object) -> bytes:
    return bytes(int.from_bytes(request[:4], "big"))


if __name__ == "__main__":
    if DEAF in sys.argv[2:]:
        News.hear = lambda *_: None  # type: ignore[method-assign]
    uvloop.run(main(Path(sys.argv[1])))
