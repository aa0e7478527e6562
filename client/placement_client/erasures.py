"""Calls about retention and erasure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import grpc

from placement.api.v1 import erasure_service_pb2 as wire
from placement.api.v1.erasure_service_pb2_grpc import ErasureServiceStub
from placement.errors import TamperedError
from placement_client.calls import Writes

MAX_ERASED: Final = 500
"""Facts and cases in one call."""
_ID_BYTES: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """What is past its retention.

    Attributes:
        revision: of the state from which the last page was read.
        expired: all of it, what is past the longest first.
    """

    revision: int
    expired: Sequence[wire.Expired]


class ErasureCalls:
    """The calls of ``ErasureService``.

    Args:
        channel: over it.
        writes: makes those that change something.
    """

    def __init__(self, channel: grpc.Channel, writes: Writes) -> None:
        self._stub = ErasureServiceStub(channel)
        self._writes = writes

    def expired(self) -> Due:
        """List what is past its retention, page by page.

        Raises:
            TamperedError: the pages go round in a circle.
            PlacementError: a call failed.
        """
        found: list[wire.Expired] = []
        seen = {b""}
        request = wire.ListExpiredRequest()
        while True:
            page = self._writes.patience.call(self._stub.ListExpired, request)
            found += page.expired
            token = page.next_page_token
            if not token:
                ordered = sorted(found, key=lambda each: (each.since_day, each.id))
                return Due(revision=page.revision, expired=ordered)
            if token in seen:
                raise TamperedError
            seen.add(token)
            request = wire.ListExpiredRequest(page_token=token)

    def propose(self, ids: Iterable[bytes]) -> wire.ProposeErasureResponse:
        """Propose that facts and cases are erased.

        Raises:
            TamperedError: the answer names no change to approve.
            PlacementError: the call failed.
        """
        request = wire.ProposeErasureRequest(ids=ids)
        answer = self._writes.make(self._stub.ProposeErasure, request)
        if len(answer.change_id) != _ID_BYTES:
            raise TamperedError
        return answer

    def approve(self, change_id: bytes) -> wire.ApproveErasureResponse:
        """Stand behind another coordinator's erasure."""
        request = wire.ApproveErasureRequest(change_id=change_id)
        return self._writes.make(self._stub.ApproveErasure, request)
