"""From our exceptions to gRPC's status: constant texts, no identifiers.

A refusal is a ``google.rpc.Status`` with an ``ErrorInfo`` (our reason) and, for a field
that does not hold, a ``BadRequest``. Whatever is not ours becomes INTERNAL with a
random incident id, which the server's log has too.
"""

import logging
import secrets
from collections.abc import Mapping
from typing import Final

import grpc
from google.protobuf.any_pb2 import Any as Packed
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo
from google.rpc.status_pb2 import Status

from placement.errors import InvalidInputError, PlacementError

DOMAIN: Final = "placement.api.v1"
"""What ``ErrorInfo.domain`` says."""
DETAILS_KEY: Final = "grpc-status-details-bin"
"""Where gRPC carries a ``google.rpc.Status``."""

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
}

Trailers = tuple[tuple[str, bytes], ...]


def refusal_of(error: Exception) -> PlacementError:
    """Return what a caller may learn of an error."""
    return error if isinstance(error, PlacementError) else PlacementError()


def status_of(error: PlacementError) -> tuple[grpc.StatusCode, str, Trailers]:
    """Return code, text and trailing metadata of a refusal."""
    info = ErrorInfo(reason=error.reason, domain=DOMAIN)
    if error.reason == PlacementError.reason:
        incident = secrets.token_hex(8)
        info.metadata["incident"] = incident
        _log.error("incident id=%s", incident)
    code = _CODES[error.reason]
    status = Status(code=code.value[0], message=error.text)
    status.details.append(_packed(info))
    if isinstance(error, InvalidInputError):
        violations = [
            BadRequest.FieldViolation(field=error.field, description=phrase)
            for phrase in (error.description, *error.others)
        ]
        status.details.append(_packed(BadRequest(field_violations=violations)))
    return code, error.text, ((DETAILS_KEY, status.SerializeToString()),)


def _packed(message: ErrorInfo | BadRequest) -> Packed:
    packed = Packed()
    packed.Pack(message)
    return packed
