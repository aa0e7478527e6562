"""From what a failed call says to the one exception tree.

A server says why it refused in ``google.rpc.Status``: an ``ErrorInfo`` of our domain
with the reason, a ``BadRequest`` that names fields, an incident id. What can't be read
is nothing that anybody should act on, so it becomes "no verdict was made".

Notes on the exception say what its constant text can't: ``incident 4f6c…``, and each
further field. A note holds what the server wrote, which never repeats what was sent.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Final, TypeVar, cast

import grpc
from google.protobuf.message import DecodeError, Message
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status
from grpc_status import rpc_status

from placement import errors
from placement.errors import (
    InvalidInputError,
    OverloadedError,
    PlacementError,
    UnavailableError,
)

DOMAIN: Final = "placement.api.v1"

UNANSWERED: Final = frozenset(
    {
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.CANCELLED,
    }
)
"""Statuses after which nobody knows whether the call took effect.

A transport that stops ends a call as cancelled if it had not looked at it yet.
"""

_CLASSES: Final[Mapping[str, type[PlacementError]]] = MappingProxyType(
    {
        kind.reason: kind
        for kind in vars(errors).values()
        if isinstance(kind, type)
        and issubclass(kind, PlacementError)
        and kind is not InvalidInputError
    }
)
_EXHAUSTED: Final = grpc.StatusCode.RESOURCE_EXHAUSTED
_MOST: Final = 5.0  # seconds that a server may have its callers wait
_DATA_LOSS: Final = grpc.StatusCode.DATA_LOSS
_CONDEMNED: Final = "The service says that its stored data does not verify"
_INCIDENT: Final = re.compile("[0-9A-Za-z-]{1,64}")
_FIELD: Final = re.compile(r"[a-z0-9_.\[\]-]{1,80}")
_LONGEST: Final = 200  # characters of a description

_Detail = TypeVar("_Detail", bound=Message)
# The library has no types.
_from_call: Final = cast(
    "Callable[[grpc.RpcError], Status | None]", rpc_status.from_call
)


def translate(error: grpc.RpcError) -> PlacementError:
    """Return the exception that a failed call stands for.

    Returns:
        The class of the reason given. Without a reason that is known:
        ``UnavailableError`` if the call went unanswered, ``OverloadedError`` if the
        transport had enough of them, else ``PlacementError``, whose reason is INTERNAL.
    """
    status = _status(error)
    info = next(_details(status, ErrorInfo), None)
    if info is None or info.domain != DOMAIN:
        if error.code() is _EXHAUSTED:
            return OverloadedError()
        unanswered = error.code() in UNANSWERED
        return UnavailableError() if unanswered else PlacementError()
    failure = _failure(info.reason, status)
    incident = info.metadata.get("incident", "")
    if _INCIDENT.fullmatch(incident):
        failure.because(f"incident {incident}")
    return failure


def wait_of(error: grpc.RpcError) -> float | None:
    """Return how many seconds to wait at least before a call is tried again.

    Returns:
        ``None`` if it was answered, so that trying again would bring the same.
    """
    if error.code() in UNANSWERED:
        return 0.0
    if not isinstance(translate(error), OverloadedError):
        return None
    waits = (each.retry_delay for each in _details(_status(error), RetryInfo))
    return min(
        _MOST, max((each.seconds + each.nanos / 1e9 for each in waits), default=0)
    )


def condemned(error: BaseException) -> str:
    """Return the sentence for a service that says its own data does not verify.

    Args:
        error: what a call, or what was made of its failure, ended with.

    Returns:
        The sentence; empty if the service said no such thing.
    """
    met: BaseException | None = error
    while met is not None:
        cause = met.__cause__
        if isinstance(cause, grpc.RpcError) and cause.code() is _DATA_LOSS:
            notes = "; ".join(getattr(met, "__notes__", ()))
            return _CONDEMNED + (f" ({notes})." if notes else ".")
        met = cause
    return ""


def _failure(reason: str, status: Status) -> PlacementError:
    if reason == InvalidInputError.reason:
        return _invalid(status)
    return _CLASSES.get(reason, PlacementError)()


def _invalid(status: Status) -> InvalidInputError:
    """Make the error of the first field, with a note for each further one."""
    named = [
        (violation.field, violation.description)
        for request in _details(status, BadRequest)
        for violation in request.field_violations
        if _FIELD.fullmatch(violation.field) and _is_phrase(violation.description)
    ]
    first, *others = named or [("request", "is not valid")]
    failure = InvalidInputError(*first)
    for field, description in others:
        failure.because(f"{field} {description}")
    return failure


def _is_phrase(text: str) -> bool:
    """Tell whether a description can stand on a terminal."""
    return 0 < len(text) <= _LONGEST and text.isprintable()


def _status(error: grpc.RpcError) -> Status:
    """Return the status that a call ended with; an empty one if it can't be read."""
    try:
        return _from_call(error) or Status()
    except (ValueError, DecodeError):
        return Status()


def _details(status: Status, kind: type[_Detail]) -> Iterator[_Detail]:
    """Yield the details of one kind, skipping what can't be read."""
    for packed in status.details:
        detail = kind()
        try:
            if packed.Unpack(detail):
                yield detail
        except DecodeError:
            continue
