"""A door in front of one method that does nothing, and what the door asks of a call."""

import asyncio
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import grpc
from google.rpc.error_details_pb2 import ErrorInfo
from google.rpc.status_pb2 import Status
from placement_client.refusals import RefusedError, opened

from kit.commands import CASEWORKER
from kit.town import PATHS
from placement.api.v1 import check_service_pb2 as check
from placement.rpc.desk import CALL, Desk
from placement.rpc.door import Door
from placement.rpc.even import Pace
from placement.service.entries import Refused

PATH = PATHS["ShowCase"]


class Aborted(Exception):  # noqa: N818 (gRPC's own word)
    """A call ended with a refusal, in a response or as gRPC's own status."""


class Context:
    """What the door asks of a call.

    Attributes:
        status: code and sentence, once the call was ended.
        reason: ours.
        written: what a stream has sent, but for a refusal.
        sizes: how many bytes each response had.
    """

    def __init__(self, left: float | None = 5.0) -> None:
        self.left = left
        self.status: tuple[str, str] | None = None
        self.reason = ""
        self.written: list[str] = []
        self.sizes: list[int] = []

    def auth_context(self) -> dict[str, Any]:
        return {}

    def add_done_callback(self, callback: Any) -> None:
        """Nobody waits for the end."""

    def time_remaining(self) -> float | None:
        return self.left

    def read(self, response: bytes) -> str:
        """Return what a response says, as a client reads it."""
        self.sizes.append(len(response))
        try:
            content = opened(response)
        except RefusedError as error:
            self._end(error.code(), error.details(), error.trailing_metadata())
            raise Aborted from error
        return check.ShowCaseResponse.FromString(content).reference

    async def write(self, response: bytes) -> None:
        with suppress(Aborted):
            self.written.append(self.read(response))

    async def abort(self, code: grpc.StatusCode, text: str, trailers: Any) -> None:
        self._end(code, text, trailers)
        raise Aborted

    def _end(self, code: grpc.StatusCode, text: str, trailers: Any) -> None:
        self.status = (code.name, text)
        ((_, content),) = trailers
        info = ErrorInfo()
        assert Status.FromString(content).details[0].Unpack(info)
        self.reason = info.reason


class Gate:
    """A door in front of one method, with what it logs.

    Args:
        caller: who calls, or why nobody knows.
        serve: what the method raises, if it shall.
        pieces: what it sends before, if it streams.
        pace: lets answers go.

    Attributes:
        logged: the refusals.
        served: requests that came through, each with its call.
        ended: whether a stream of it was closed.
        condemned: whether what is stored was said not to verify.
    """

    def __init__(
        self,
        *,
        caller: Any = CASEWORKER,
        serve: Any = None,
        pieces: Any = (),
        pace: Pace | None = None,
    ) -> None:
        self.logged: list[Refused] = []
        self.served: list[Any] = []
        self.caller = caller
        self.serve = serve
        self.pieces = pieces
        self.ended = False
        self.condemned = False
        self.door = Door(self, self, pace)

    def identify(self, _: Any) -> Any:
        if isinstance(self.caller, Exception):
            raise self.caller
        return self.caller

    async def refuse(self, refused: Refused) -> None:
        self.logged.append(refused)
        raise refused.refusal

    async def fail(self, *given: Any) -> None:
        await Desk.fail(self, *given)  # type: ignore[arg-type]

    async def identify_again(self) -> None:
        await Desk.identify_again(self)  # type: ignore[arg-type]

    def condemn(self) -> None:
        self.condemned = True

    def handler(self, decode: Any = check.ShowCaseRequest.FromString) -> Any:
        async def serve(request: Any, context: Any) -> str:
            self.served.append((request, CALL.get()))
            if self.serve is not None:
                raise self.serve
            return "response"

        return grpc.unary_unary_rpc_method_handler(serve, decode, _encoded)

    def stream_handler(self, decode: Any = check.ShowCaseRequest.FromString) -> Any:
        async def serve(request: Any, context: Any) -> Any:
            self.served.append((request, CALL.get()))
            try:
                for piece in self.pieces:
                    yield piece
                if self.serve is not None:
                    raise self.serve
            finally:
                self.ended = True

        return grpc.unary_stream_rpc_method_handler(serve, decode, _encoded)

    async def guarded(self, path: str, handler: Any) -> Any:
        """Return what the door puts before a handler."""

        async def found(_: Any) -> Any:
            return handler

        return await self.door.intercept_service(found, SimpleNamespace(method=path))

    def call(
        self,
        content: bytes = b"",
        context: Context | None = None,
        path: str = PATH,
        handler: Any = None,
    ) -> Any:
        context = context or Context()

        async def call() -> Any:
            guarded = await self.guarded(path, handler or self.handler())
            behave = guarded.unary_stream or guarded.unary_unary
            return await behave(content, context)

        response = asyncio.run(call())
        if response is not None:
            return context.read(response)
        if context.status:
            raise Aborted
        return None

    def attempt(self, context: Context) -> None:
        """Call, whatever comes of it."""
        with suppress(Aborted):
            self.call(context=context)


def _encoded(said: str) -> bytes:
    return check.ShowCaseResponse(reference=said).SerializeToString()
