"""A door in front of one method that does nothing, and what the door asks of a call."""

import asyncio
from types import SimpleNamespace
from typing import Any

import grpc
from google.rpc.error_details_pb2 import ErrorInfo
from google.rpc.status_pb2 import Status

from kit.commands import CASEWORKER
from kit.town import PATHS
from placement.api.v1 import check_service_pb2 as check
from placement.rpc.desk import CALL, Desk
from placement.rpc.door import Door
from placement.service.entries import Refused

PATH = PATHS["ShowCase"]


class Aborted(Exception):  # noqa: N818 (gRPC's own word)
    """How gRPC ends a call."""


class Context:
    """What the door asks of a call.

    Attributes:
        status: code and sentence, once the call was ended.
        reason: ours.
        written: what a stream has sent.
    """

    def __init__(self, left: float | None = 5.0) -> None:
        self.left = left
        self.status: tuple[str, str] | None = None
        self.reason = ""
        self.written: list[Any] = []

    def auth_context(self) -> dict[str, Any]:
        return {}

    def time_remaining(self) -> float | None:
        return self.left

    async def write(self, response: Any) -> None:
        self.written.append(response)

    async def abort(self, code: grpc.StatusCode, text: str, trailers: Any) -> None:
        self.status = (code.name, text)
        ((_, content),) = trailers
        info = ErrorInfo()
        assert Status.FromString(content).details[0].Unpack(info)
        self.reason = info.reason
        raise Aborted


class Gate:
    """A door in front of one method, with what it logs.

    Args:
        caller: who calls, or why nobody knows.
        serve: what the method raises, if it shall.
        pieces: what it sends before, if it streams.

    Attributes:
        logged: the refusals.
        served: requests that came through, each with its call.
        ended: whether a stream of it was closed.
        condemned: whether what is stored was said not to verify.
    """

    def __init__(
        self, *, caller: Any = CASEWORKER, serve: Any = None, pieces: Any = ()
    ) -> None:
        self.logged: list[Refused] = []
        self.served: list[Any] = []
        self.caller = caller
        self.serve = serve
        self.pieces = pieces
        self.ended = False
        self.condemned = False
        self.door = Door(self, self)

    def identify(self, _: Any) -> Any:
        if isinstance(self.caller, Exception):
            raise self.caller
        return self.caller

    async def refuse(self, refused: Refused) -> None:
        self.logged.append(refused)
        raise refused.refusal

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

        return grpc.unary_unary_rpc_method_handler(serve, decode, str.encode)

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

        return grpc.unary_stream_rpc_method_handler(serve, decode, str.encode)

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
        async def call() -> Any:
            guarded = await self.guarded(path, handler or self.handler())
            behave = guarded.unary_stream or guarded.unary_unary
            return await behave(content, context or Context())

        return asyncio.run(call())
