"""From a refusal in an answer to the error that gRPC raises for one.

The service answers and refuses in responses of one length, all under the status OK, so
that who watches the wire can't tell which it was. Here a refusal becomes what whoever
calls expects of one, and what made the length even is thrown away.

Invariants:
    * a response that holds a refusal is never handed on as an answer;
    * a refusal that can't be read is one nevertheless.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final, Self, TypeAlias

import grpc
from google.protobuf.message import Message

from placement.api.v1.refusal_pb2 import Envelope, Refusal

DETAILS_KEY: Final = "grpc-status-details-bin"
"""Where gRPC carries a ``google.rpc.Status``, whose bytes are a refusal's."""

_REFUSAL: Final = "refusal"
_OURS: Final = "/placement.api.v1."
_MARK_SIZE: Final = 5  # bytes before the padding: its field, and three of length
_CODES: Final = {code.value[0]: code for code in grpc.StatusCode}

Answer: TypeAlias = Message | bytes
"""A response, or its bytes for whoever reads them later."""
_Method: TypeAlias = "grpc.UnaryUnaryMultiCallable[Any, Answer]"
_Streaming: TypeAlias = "grpc.UnaryStreamMultiCallable[Any, Answer]"


class RefusedError(grpc.RpcError):
    """A refusal, as gRPC raises what a server ended with a status.

    Args:
        refusal: what the response held.
    """

    def __init__(self, refusal: Refusal) -> None:
        super().__init__()
        self._refusal = refusal

    def code(self) -> grpc.StatusCode:
        """Return the status; what is no refusal's is UNKNOWN."""
        code = _CODES.get(self._refusal.code, grpc.StatusCode.UNKNOWN)
        return grpc.StatusCode.UNKNOWN if code is grpc.StatusCode.OK else code

    def details(self) -> str:
        """Return the sentence."""
        return self._refusal.message

    def initial_metadata(self) -> tuple[()]:
        """Return nothing: a refusal has no headers of its own."""
        return ()

    def trailing_metadata(self) -> tuple[Any, ...]:
        """Return the whole as gRPC carries it."""
        return ((DETAILS_KEY, self._refusal.SerializeToString()),)

    def result(self) -> None:
        """Raise it, as an interceptor before this one does with what it was given.

        Raises:
            RefusedError: always.
        """
        raise self


def opened(response: Answer) -> Answer:
    """Return a response without its padding.

    Args:
        response: of a method of ours, or its bytes.

    Raises:
        RefusedError: it holds a refusal.
    """
    if isinstance(response, bytes):
        envelope = Envelope.FromString(response)
        _require_answer(envelope)
        padding = len(envelope.padding)
        return response[: len(response) - _MARK_SIZE - padding] if padding else response
    _require_answer(response)
    response.ClearField("padding")
    return response


def evened(channel: grpc.Channel) -> grpc.Channel:
    """Return a channel that raises the refusals that responses hold."""
    return _Evened(channel)


def is_ours(method: str | bytes) -> bool:
    """Tell whether responses of a method may hold a refusal."""
    path = method.decode() if isinstance(method, bytes) else method
    return path.startswith(_OURS)


def _require_answer(response: Message) -> None:
    if response.HasField(_REFUSAL):
        refusal: Refusal = getattr(response, _REFUSAL)
        raise RefusedError(refusal)


class _Evened(grpc.Channel):
    """A channel that looks into each response before anybody else.

    It is none of gRPC's interceptors: with one, gRPC 1.85 makes a method anew for each
    call, and ends the process if the channel is closed by then.
    """

    def __init__(self, channel: grpc.Channel) -> None:
        self._channel = channel

    def subscribe(self, callback: Any, try_to_connect: bool | None = False) -> None:  # noqa: ANN401, FBT001, FBT002 (gRPC's signature)
        """Tell of the connection."""
        self._channel.subscribe(callback, try_to_connect=bool(try_to_connect))

    def unsubscribe(self, callback: Any) -> None:  # noqa: ANN401 (gRPC's signature)
        """Tell no more."""
        self._channel.unsubscribe(callback)

    def unary_unary(self, method: str, *args: Any, **given: Any) -> Any:  # noqa: ANN401 (gRPC's signature)
        """Return a method that raises the refusal that is its answer."""
        found = self._channel.unary_unary(method, *args, **given)
        return _Call(found) if is_ours(method) else found

    def unary_stream(self, method: str, *args: Any, **given: Any) -> Any:  # noqa: ANN401 (gRPC's signature)
        """Return a method that raises the refusal that ends its answers."""
        found = self._channel.unary_stream(method, *args, **given)
        return _Stream(found) if is_ours(method) else found

    def stream_unary(self, method: str, *args: Any, **given: Any) -> Any:  # noqa: ANN401 (gRPC's signature)
        """Return a method of the machinery."""
        return self._channel.stream_unary(method, *args, **given)

    def stream_stream(self, method: str, *args: Any, **given: Any) -> Any:  # noqa: ANN401 (gRPC's signature)
        """Return a method of the machinery."""
        return self._channel.stream_stream(method, *args, **given)

    def close(self) -> None:
        """Close the connection."""
        self._channel.close()

    def __enter__(self) -> Self:
        """Use the channel in a ``with`` statement."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connection."""
        self.close()


class _Call:
    """A method that is answered once."""

    def __init__(self, method: _Method) -> None:
        self._made: Callable[..., tuple[Answer, grpc.Call]] = method.with_call

    def __call__(self, request: object, *args: object, **given: object) -> Answer:
        return self.with_call(request, *args, **given)[0]

    def with_call(
        self, request: object, *args: object, **given: object
    ) -> tuple[Answer, grpc.Call]:
        response, call = self._made(request, *args, **given)
        return opened(response), call


class _Stream:
    """A method that is answered in pieces."""

    def __init__(self, method: _Streaming) -> None:
        self._begun: Callable[..., Iterator[Answer]] = method

    def __call__(self, request: object, *args: object, **given: object) -> "_Pieces":
        return _Pieces(self._begun(request, *args, **given))


class _Pieces:
    """A stream that ends where a piece is a refusal."""

    def __init__(self, call: Iterator[Answer]) -> None:
        self._call = call

    def __iter__(self) -> Iterator[Answer]:
        return self

    def __next__(self) -> Answer:
        return opened(next(self._call))

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 (whatever else a call has)
        return getattr(self._call, name)
