"""Connections of the benchmarks: over mutual TLS, each with one of its own."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
from placement_client.refusals import Answer, RefusedError, is_ours, opened


def connect(folder: Path, name: str, port: int) -> grpc.aio.Channel:
    """Connect as somebody; refusals that responses hold are raised.

    Args:
        folder: with a ``pki`` that holds the name's files.
        name: of the certificate.
        port: of the server, on this machine.
    """
    pki = folder / "pki"
    credentials = grpc.ssl_channel_credentials(
        (pki / "ca.pem").read_bytes(),
        (pki / f"{name}.key").read_bytes(),
        (pki / f"{name}.pem").read_bytes(),
    )
    # A connection of its own for each caller, as in life.
    options = [("grpc.use_local_subchannel_pool", 1)]
    return grpc.aio.secure_channel(
        f"localhost:{port}", credentials, options, interceptors=[_Calls(), _Streams()]
    )


class _Calls(grpc.aio.UnaryUnaryClientInterceptor):
    """Raises the refusal that is the answer of a call."""

    async def intercept_unary_unary(
        self,
        continuation: Callable[[grpc.aio.ClientCallDetails, Any], Awaitable[Any]],
        client_call_details: grpc.aio.ClientCallDetails,
        request: object,
    ) -> Any:  # noqa: ANN401 (gRPC's signature)
        call = await continuation(client_call_details, request)
        response = await call
        return _opened(response) if is_ours(client_call_details.method) else response


class _Streams(grpc.aio.UnaryStreamClientInterceptor):
    """Raises the refusal that ends a stream."""

    async def intercept_unary_stream(
        self,
        continuation: Callable[[grpc.aio.ClientCallDetails, Any], Awaitable[Any]],
        client_call_details: grpc.aio.ClientCallDetails,
        request: object,
    ) -> Any:  # noqa: ANN401 (gRPC's signature)
        call = await continuation(client_call_details, request)

        async def pieces() -> AsyncIterator[Answer]:
            async for piece in call:
                yield _opened(piece)

        return pieces() if is_ours(client_call_details.method) else call


def _opened(response: Answer) -> Answer:
    try:
        return opened(response)
    except RefusedError as error:
        empty = grpc.aio.Metadata()
        raise grpc.aio.AioRpcError(
            error.code(), empty, empty, details=error.details()
        ) from error
