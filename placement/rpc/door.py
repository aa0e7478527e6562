"""The door: every call passes here before anything is read of it.

Invariants:
    * a certificate that is refused now is refused now, though its handshake succeeded,
      or its stream was let in;
    * a method that is not in ``METHODS`` is refused, whoever calls it;
    * a call without a deadline, with too much or with fields that we don't know is
      refused before it is parsed, and the refusal is an entry of the access log;
    * who calls is counted until the call is over (``limits``); what is too much is
      refused before it is read, and is no entry, which would have to wait in line;
    * what leaves is a response or one of our refusals, never anything else;
    * a response and a refusal of one method are of one length and leave on one grid of
      time (``even``).
"""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import (
    AbstractContextManager,
    aclosing,
    asynccontextmanager,
    suppress,
)
from functools import partial
from inspect import isasyncgen
from typing import Any, Final, NoReturn, TypeAlias

import grpc
import grpc.aio
from google.protobuf.message import DecodeError, Message

from placement.access import Action, Caller
from placement.errors import (
    AccessDeniedError,
    InvalidInputError,
    OverloadedError,
    PlacementError,
    UnavailableError,
)
from placement.rpc.desk import CALL, Call, Desk
from placement.rpc.even import SIZES, Pace, padded
from placement.rpc.identity import Identifier, auth_context
from placement.rpc.limits import (
    MAX_REQUEST,
    NOBODY,
    CrammedError,
    Inside,
)
from placement.rpc.methods import METHODS
from placement.rpc.status import refusal_of, response_of, status_of
from placement.rpc.whole import Whole
from placement.service.entries import Refused
from placement.service.pulse import Pulse
from placement.store.rows import is_damage

MAX_DEADLINE: Final = 10.0
"""Seconds; a call must have a deadline, and not a later one."""
MAX_STREAM: Final = 600.0
"""Seconds; the same for a call that is answered in pieces."""
STREAMS_EACH: Final = 4
"""Calls that are answered in pieces, at once, for one certificate."""

_SLACK: Final = 0.5  # seconds, since clocks of two machines run apart
_ROUNDED: Final = 1.03  # a client's gRPC rounds up, to what it sent before if near

_log: Final = logging.getLogger(__name__)

_OPEN: Final = ("/grpc.health.v1.Health/", "/grpc.reflection.")
# Asked by machines, tells nothing of cases: a good certificate is enough.

Context: TypeAlias = grpc.aio.ServicerContext[Any, Any]
Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"
Behaviour: TypeAlias = Callable[[Any, Context], Awaitable[Any]]


class Door(grpc.aio.ServerInterceptor):
    """Lets calls in, or logs and refuses them.

    Args:
        identifier: who calls.
        desk: logs refusals.
        pace: lets answers go; without one they go at once.
        pulse: counts calls.
    """

    def __init__(
        self,
        identifier: Identifier,
        desk: Desk,
        pace: Pace | None = None,
        pulse: Pulse | None = None,
    ) -> None:
        self._identifier = identifier
        self._desk = desk
        self._pace = pace or Pace()
        self._behind: dict[str, Handler] = {}  # the methods there are, once asked for
        self._pulse = pulse or Pulse()
        self._inside = Inside(self._pulse.refuse)
        self._streams: Counter[bytes] = Counter()
        self._followed: set[asyncio.Task[Any]] = set()
        self._drained = asyncio.Event()

    def drain(self) -> None:
        """End whatever is answered in pieces: its caller comes again, elsewhere."""
        self._drained.set()
        for task in self._followed:
            task.cancel()

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], "Awaitable[Handler | None]"],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler:
        """Put the door before a method's own handler."""
        method: str = handler_call_details.method
        if method in self._behind:
            return self._behind[method]
        handler = await continuation(handler_call_details)
        if method.startswith(_OPEN) and handler is not None:
            return self._watched(handler)
        action = METHODS.get(method)
        if action is None or handler is None or handler.request_streaming:
            return grpc.unary_unary_rpc_method_handler(self._refuse_method)
        if handler.response_streaming:
            follow = self._guarded_stream(action, handler, SIZES[method])
            guarded = _counted(self._pulse.stream, follow)
            behind: Handler = grpc.unary_stream_rpc_method_handler(guarded)
        else:
            answer = _counted(self._pulse.call, self._guarded(action, handler, method))
            behind = grpc.unary_unary_rpc_method_handler(answer)
        self._behind[method] = behind
        return behind

    def _guarded(self, action: Action, handler: Handler, method: str) -> Behaviour:
        """Return a method that answers only to whom the door lets in."""
        decode: Any = handler.request_deserializer
        serve: Any = handler.unary_unary
        encode: Any = handler.response_serializer

        async def behave(content: bytes, context: Context) -> bytes:
            begun, counts = self._pace.begin(), True
            try:
                request = await self._let_in(action, content, decode, context)
                said: bytes = encode(await serve(request, context))
            except CrammedError as error:
                return await _abort(error, context)
            except Exception as error:  # noqa: BLE001 (whatever it is, it leaves as a refusal)
                said = self._refusal(error)
                counts = not isinstance(error, OverloadedError)
            answer = padded(said, SIZES[method])
            await self._pace.keep(begun, method, counts=counts)
            return answer

        return behave

    def _guarded_stream(self, action: Action, handler: Handler, size: int) -> Behaviour:
        """Return a method that sends pieces only to whom the door lets in."""
        decode: Any = handler.request_deserializer
        serve: Any = handler.unary_stream
        encode: Any = handler.response_serializer

        async def behave(content: bytes, context: Context) -> None:
            try:
                request = await self._let_in(
                    action, content, decode, context, longest=MAX_STREAM
                )
                # Closed here, so that whoever goes away in between holds nothing.
                async with (
                    self._drainable(),
                    self._one_of_few(),
                    aclosing(serve(request, context)) as responses,
                ):
                    async for response in responses:
                        await self._desk.identify_again()
                        await Whole(context).write(padded(encode(response), size))
            except CrammedError as error:
                await _abort(error, context)
            except grpc.aio.InternalError:
                return  # of a write: whoever asked is gone, and nobody reads a refusal
            except Exception as error:  # noqa: BLE001 (whatever it is, it leaves as a refusal)
                with suppress(grpc.aio.InternalError):
                    await context.write(padded(self._refusal(error), size))

        return behave

    @asynccontextmanager
    async def _drainable(self) -> AsyncIterator[None]:
        """Let a stream be ended from here.

        Raises:
            UnavailableError: it was.
        """
        task = asyncio.current_task()
        if self._drained.is_set() or task is None:
            raise UnavailableError
        self._followed.add(task)
        try:
            yield
        except asyncio.CancelledError:
            if not self._drained.is_set():
                raise  # its caller has gone away
            task.uncancel()
            raise UnavailableError from None
        finally:
            self._followed.discard(task)

    def _refusal(self, error: Exception) -> bytes:
        """Return the response that ends a call.

        What is stored and does not verify condemns the engine.
        """
        if is_damage(error):
            self._desk.condemn()
        _note(error)
        return response_of(refusal_of(error))

    @asynccontextmanager
    async def _one_of_few(self) -> AsyncIterator[None]:
        """Hold one of the streams that a certificate may have at once.

        Raises:
            OverloadedError: it has all of them; the refusal is in the access log.
        """
        call = CALL.get()
        certificate = call.caller.certificate
        if self._streams[certificate] >= STREAMS_EACH:
            full = OverloadedError()
            await self._desk.refuse(Refused(call.action, full, call.caller))
        self._streams[certificate] += 1
        try:
            yield
        finally:
            self._streams[certificate] -= 1
            if not self._streams[certificate]:
                del self._streams[certificate]

    def _identify(self, context: Context) -> Caller:
        return self._identifier.identify(auth_context(context))

    def _named(self, context: Context, *, watches: bool = False) -> Caller:
        """Identify the caller, and count the call.

        Raises:
            CertificateError: it is nobody's; it counts all the same.
            OverloadedError: there are too many, of this caller or of all.
        """
        certificate = NOBODY
        try:
            caller = self._identify(context)
            certificate = caller.certificate
            return caller
        finally:
            self._inside.enter(certificate, context, watches=watches)

    async def _let_in(
        self,
        action: Action,
        content: bytes,
        decode: Callable[[bytes], Message],
        context: Context,
        *,
        longest: float = MAX_DEADLINE,
    ) -> Message:
        """Identify the caller, then decode the request.

        Raises:
            PlacementError: refused, and logged.
        """
        caller = None
        try:
            caller = self._named(context)
            CALL.set(Call(caller, action, partial(self._identify, context)))
            _require_deadline(context, longest)
            return _decoded(content, decode)
        except OverloadedError:
            raise
        except Exception as error:  # noqa: BLE001 (whatever it is, it is logged)
            await self._desk.fail(error, action, caller)

    async def _refuse_method(self, content: bytes, context: Context) -> None:
        """Refuse a method that nobody was granted; the attempt is an entry."""
        del content
        caller = None
        try:
            caller = self._named(context)
            refusal: Exception = AccessDeniedError()
        except OverloadedError as error:
            await _abort(error, context)
        except Exception as error:  # noqa: BLE001 (whatever it is, it is logged)
            refusal = error
        try:
            await self._desk.fail(refusal, Action.NO_METHOD, caller)
        except Exception as error:  # noqa: BLE001 (whatever it is, it leaves as a status)
            await _abort(error, context)

    def _watched(self, handler: Handler) -> Handler:
        """Ask for a good certificate before a method of the machinery."""
        if handler.unary_unary is None:
            return self._watched_stream(handler)
        serve: Any = handler.unary_unary

        async def behave(request: Any, context: Context) -> Any:  # noqa: ANN401 (any message)
            try:
                self._named(context, watches=True)
            except Exception as error:  # noqa: BLE001 (whatever it is, it leaves as a status)
                return await _abort(error, context)
            return await serve(request, context)

        return grpc.unary_unary_rpc_method_handler(
            behave, handler.request_deserializer, handler.response_serializer
        )

    def _watched_stream(self, handler: Handler) -> Handler:
        """Ask for a good certificate before a stream of the machinery."""
        serve: Any = handler.unary_stream or handler.stream_stream
        make: Any = (
            grpc.unary_stream_rpc_method_handler
            if handler.unary_stream
            else grpc.stream_stream_rpc_method_handler
        )

        async def behave(request: Any, context: Context) -> None:  # noqa: ANN401 (any message)
            try:
                self._named(context, watches=True)
            except Exception as error:  # noqa: BLE001 (whatever it is, it leaves as a status)
                await _abort(error, context)
            responses = serve(request, whole := Whole(context))
            try:
                async with self._drainable():
                    if isasyncgen(responses):  # reflection yields, health writes itself
                        async for response in responses:
                            await whole.write(response)
                    else:
                        await responses
            except UnavailableError as error:
                await _abort(error, context)

        watched: Handler = make(
            behave, handler.request_deserializer, handler.response_serializer
        )
        return watched


def _counted(
    count: Callable[[], AbstractContextManager[None]], behave: Behaviour
) -> Behaviour:
    """Return a method that is counted while it is under way, waiting included."""

    async def behave_counted(content: bytes, context: Context) -> Any:  # noqa: ANN401 (what it returns)
        with count():
            return await behave(content, context)

    return behave_counted


def _note(error: Exception) -> None:
    """Log an error that is not ours."""
    if not isinstance(error, PlacementError):
        _log.error("call_failed kind=%s", type(error).__name__)


async def _abort(error: Exception, context: Context) -> NoReturn:
    """End a call with what its caller may learn of an error, as gRPC's own status."""
    _note(error)
    code, text, trailers = status_of(refusal_of(error))
    await context.abort(code, text, trailers)


def _require_deadline(context: Context, longest: float) -> None:
    """Refuse a call that might wait for ever.

    Raises:
        InvalidInputError: no deadline, or too late a one.
    """
    left: float | None = context.time_remaining()  # the stubs know no None
    if left is None or left > longest * _ROUNDED + _SLACK:
        phrase = f"must be a deadline of at most {longest:g} s"
        raise InvalidInputError("grpc-timeout", phrase)


def _decoded(content: bytes, decode: Callable[[bytes], Message]) -> Message:
    """Decode a request that holds nothing unknown.

    Raises:
        InvalidInputError: too large, malformed, or with fields that we don't know.
    """
    if len(content) > MAX_REQUEST:
        raise InvalidInputError("request", "must be at most 64 KiB")
    try:
        request = decode(content)
    except DecodeError:
        raise InvalidInputError("request", "is malformed") from None
    request.DiscardUnknownFields()
    if request.SerializeToString(deterministic=True) != content:
        # Also twice the same field, a default, or a number cut to fit: read one way
        # by us, such bytes may have been meant another.
        raise InvalidInputError("request", "has unknown fields, or another form")
    return request
