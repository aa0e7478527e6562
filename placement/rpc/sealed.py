"""The server while it is sealed: it has no keys, and says so.

Whoever calls a method of ours, and whichever, gets UNAVAILABLE in the form that a
refusal has when the server is open, in the same size; nothing is read, and nobody is
told apart. There is no log yet in which such a call could be an entry, and nothing that
could be answered. Health answers whoever has a good certificate: nothing is served.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Final

import grpc
import grpc.aio
from grpc_health.v1 import health_pb2

from placement.errors import PlacementError, UnavailableError
from placement.rpc.even import SIZES, Pace, padded
from placement.rpc.health import REASON
from placement.rpc.identity import (
    Identifier,
    TlsPaths,
    auth_context,
    server_credentials,
)
from placement.rpc.limits import GRACE, MOST_CALLS, options
from placement.rpc.listening import require_free
from placement.rpc.status import response_of, status_of

_HEALTH: Final = "/grpc.health.v1.Health/Check"

Context = grpc.aio.ServicerContext[Any, Any]
Handler = Callable[[bytes, Context], Awaitable[bytes]]


class SealedHost:
    """Holds an address until the keys are there; made inside a running event loop.

    Args:
        address: ``host:port``; port 0 takes a free one.
        tls: the transport's files.
        identifier: who asks for health.
        pace: lets answers go, as when the server is open.
        shared: whether other processes of this user listen at the address, too.

    Attributes:
        port: where it listens.

    Raises:
        OSError: a file can't be read, or the address is taken.
        TamperedError: certificate, key and authorities do not fit.
    """

    def __init__(
        self,
        address: str,
        *,
        tls: TlsPaths,
        identifier: Identifier,
        pace: Pace,
        shared: bool = False,
    ) -> None:
        self._server = grpc.aio.server(
            options=options(shared=shared),
            maximum_concurrent_rpcs=MOST_CALLS,
            compression=grpc.Compression.NoCompression,
        )
        self._server.add_generic_rpc_handlers((_Shut(identifier, pace),))
        if not shared:
            require_free(address)
        try:
            self.port = self._server.add_secure_port(address, server_credentials(tls))
        except RuntimeError as error:
            raise OSError("the address can't be used") from error

    async def start(self) -> None:
        """Begin to refuse."""
        await self._server.start()

    async def stop(self) -> None:
        """Leave the address to the open server."""
        await self._server.stop(GRACE)


class _Shut(grpc.GenericRpcHandler):
    """Refuses every method."""

    def __init__(self, identifier: Identifier, pace: Pace) -> None:
        self._identifier = identifier
        self._pace = pace

    def service(self, handler_call_details: Any) -> Any:  # noqa: ANN401 (gRPC's own)
        """Return what answers a method."""
        method: str = handler_call_details.method
        size = SIZES.get(method)
        if method == _HEALTH:
            return grpc.unary_unary_rpc_method_handler(self._healthy)
        if size is None:
            return grpc.unary_unary_rpc_method_handler(self._abort)
        return grpc.unary_unary_rpc_method_handler(self._refusing(method, size))

    def _refusing(self, method: str, size: int) -> Handler:
        async def behave(content: bytes, context: Context) -> bytes:
            del content, context
            begun = self._pace.begin()
            answer = padded(response_of(UnavailableError()), size)
            await self._pace.keep(begun, method)
            return answer

        return behave

    async def _abort(self, content: bytes, context: Context) -> bytes:
        """End a call of a method that has no response of ours."""
        del content
        return await _ended(context, UnavailableError())

    async def _healthy(self, content: bytes, context: Context) -> bytes:
        """Say that nothing is served, to whoever has a good certificate."""
        del content
        try:
            self._identifier.identify(auth_context(context))
        except PlacementError as error:
            return await _ended(context, error)
        context.set_trailing_metadata(((REASON, "sealed"),))
        status = health_pb2.HealthCheckResponse.NOT_SERVING
        said: bytes = health_pb2.HealthCheckResponse(status=status).SerializeToString()
        return said


async def _ended(context: Context, error: PlacementError) -> bytes:
    code, text, trailers = status_of(error)
    return await context.abort(code, text, trailers)
