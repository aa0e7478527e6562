"""From our exceptions to what a caller may learn: constant texts, no identifiers.

A refusal leaves in the response, under gRPC's status OK. Only where there is no response
that it could be in, a method that nobody was granted or one of the machinery, it is
gRPC's own status. Either way it is a ``google.rpc.Status`` with an ``ErrorInfo`` (our reason) and, for a field
that does not hold, a ``BadRequest``; where too much is asked, a ``RetryInfo``. Whatever is not ours becomes INTERNAL with a
random incident id, which the server's log has too.
"""

import logging
import secrets
from collections.abc import Mapping
from typing import Final

import grpc
from google.protobuf.any_pb2 import Any as Packed
from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status

from placement.api.v1.refusal_pb2 import Envelope, Refusal
from placement.errors import InvalidInputError, OverloadedError, PlacementError

DOMAIN: Final = "placement.api.v1"
"""What ``ErrorInfo.domain`` says."""
DETAILS_KEY: Final = "grpc-status-details-bin"
"""Where gRPC carries a ``google.rpc.Status``."""
RETRY_AFTER: Final = 1
"""Seconds; always the same, since how long others wait may rest on what they ask."""

_log: Final = logging.getLogger(__name__)

_CODES: Final[Mapping[str, grpc.StatusCode]] = {
    "INTERNAL": grpc.StatusCode.INTERNAL,
    "INVALID_INPUT": grpc.StatusCode.INVALID_ARGUMENT,
    "ACCESS_DENIED": grpc.StatusCode.PERMISSION_DENIED,
    "CERTIFICATE_REFUSED": grpc.StatusCode.UNAUTHENTICATED,
    "NOT_FOUND": grpc.StatusCode.NOT_FOUND,
    "CASE_CLOSED": grpc.StatusCode.FAILED_PRECONDITION,
    "CONTRADICTION": grpc.StatusCode.FAILED_PRECONDITION,
    "REQUEST_ID_REUSED": grpc.StatusCode.ALREADY_EXISTS,
    "STALE": grpc.StatusCode.ABORTED,
    "BUDGET_SPENT": grpc.StatusCode.RESOURCE_EXHAUSTED,
    "TAMPERED": grpc.StatusCode.DATA_LOSS,
    "UNAVAILABLE": grpc.StatusCode.UNAVAILABLE,
    "OVERLOADED": grpc.StatusCode.RESOURCE_EXHAUSTED,
}

Trailers = tuple[tuple[str, bytes], ...]


def refusal_of(error: Exception) -> PlacementError:
    """Return what a caller may learn of an error."""
    return error if isinstance(error, PlacementError) else PlacementError()


def status_of(error: PlacementError) -> tuple[grpc.StatusCode, str, Trailers]:
    """Return code, text and trailing metadata of a refusal as gRPC's own status."""
    status = _status(error)
    trailers = ((DETAILS_KEY, status.SerializeToString()),)
    return _CODES[error.reason], error.text, trailers


def response_of(error: PlacementError) -> bytes:
    """Return the response, of any method, that holds a refusal."""
    refusal = Refusal.FromString(_status(error).SerializeToString())
    return Envelope(refusal=refusal).SerializeToString()


def _status(error: PlacementError) -> Status:
    info = ErrorInfo(reason=error.reason, domain=DOMAIN)
    if error.reason == PlacementError.reason:
        incident = secrets.token_hex(8)
        info.metadata["incident"] = incident
        _log.error("incident id=%s", incident)
    status = Status(code=_CODES[error.reason].value[0], message=error.text)
    status.details.append(_packed(info))
    if isinstance(error, InvalidInputError):
        violations = [
            BadRequest.FieldViolation(field=error.field, description=phrase)
            for phrase in (error.description, *error.others)
        ]
        status.details.append(_packed(BadRequest(field_violations=violations)))
    if isinstance(error, OverloadedError):
        delay = RetryInfo(retry_delay=Duration(seconds=RETRY_AFTER))
        status.details.append(_packed(delay))
    return status


def _packed(message: ErrorInfo | BadRequest | RetryInfo) -> Packed:
    packed = Packed()
    packed.Pack(message)
    return packed
