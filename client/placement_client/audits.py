"""Calls that audit staff make: search, follow, take along, replay, look for misuse."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import grpc

from placement.api.v1 import audit_service_pb2 as wire
from placement.api.v1.audit_service_pb2_grpc import AuditServiceStub
from placement_client.calls import Patience
from placement_client.failures import translate

MAX_PAGE: Final = 100
"""Entries on one page."""
MAX_STREAM: Final = 600.0
"""Seconds that one stream may take; then the client comes again."""


class AuditCalls:
    """The calls of ``AuditService``.

    Args:
        channel: over it.
        patience: deadline and tries of each call that is no stream.
    """

    def __init__(self, channel: grpc.Channel, patience: Patience) -> None:
        self._stub = AuditServiceStub(channel)
        self._patience = patience

    def list_entries(
        self, request: wire.ListEntriesRequest
    ) -> wire.ListEntriesResponse:
        """Return one page."""
        return self._patience.call(self._stub.ListEntries, request)

    def show_entry(
        self, index: int, ground: wire.Ground, *, cosignatures: int = 0
    ) -> wire.ShowEntryResponse:
        """Return one entry with its proof, under a checkpoint so often cosigned."""
        request = wire.ShowEntryRequest(
            index=index, ground=ground, cosignatures=cosignatures
        )
        return self._patience.call(self._stub.ShowEntry, request)

    def tail_entries(
        self, request: wire.TailEntriesRequest
    ) -> Iterator[wire.TailEntriesResponse]:
        """Follow the log for a while; go on with the last answer's resume token."""
        return stream(self._stub.TailEntries, request)

    def export_entries(
        self, request: wire.ExportEntriesRequest
    ) -> Iterator[wire.ExportEntriesResponse]:
        """Take a part of the log along, piece by piece."""
        return stream(self._stub.ExportEntries, request)

    def replay_decision(
        self, decision_id: bytes, ground: wire.Ground
    ) -> Iterator[wire.ReplayDecisionResponse]:
        """Decide a past question again."""
        request = wire.ReplayDecisionRequest(decision_id=decision_id, ground=ground)
        return stream(self._stub.ReplayDecision, request)

    def report_anomalies(
        self, request: wire.ReportAnomaliesRequest
    ) -> Iterator[wire.ReportAnomaliesResponse]:
        """Look for patterns that may be misuse."""
        return stream(self._stub.ReportAnomalies, request)

    def list_permits(
        self, request: wire.ListPermitsRequest
    ) -> wire.ListPermitsResponse:
        """Return the overrides and releases of a period."""
        return self._patience.call(self._stub.ListPermits, request)


def stream(method: Any, request: Any) -> Iterator[Any]:  # noqa: ANN401 (any stream)
    """Yield the answers of one stream.

    Raises:
        PlacementError: the class that the refusal names.
    """
    with _translated():
        yield from method(request, timeout=MAX_STREAM)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except grpc.RpcError as error:
        raise translate(error) from error
