"""Streams whose pieces are written whole, also if they are ended meanwhile.

gRPC writes one thing at a time. Behind a write that somebody stopped waiting for, neither a
refusal nor a status can be sent, and the call stays until the server closes.
"""

import asyncio
from typing import Any

import grpc


class Whole:
    """What a method is served in, but for its writes.

    Args:
        context: gRPC's own.
    """

    def __init__(self, context: grpc.aio.ServicerContext[Any, Any]) -> None:
        self._context = context

    async def write(self, piece: Any) -> None:  # noqa: ANN401 (a message, or its bytes)
        """Write a piece; whoever is cancelled meanwhile is so once it is written.

        Raises:
            grpc.aio.InternalError: whoever asked is gone.
        """
        writing = asyncio.ensure_future(self._context.write(piece))
        try:
            await asyncio.shield(writing)
        except asyncio.CancelledError:
            await writing
            raise

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 (whatever else a context has)
        """Return what gRPC's own has."""
        return getattr(self._context, name)
