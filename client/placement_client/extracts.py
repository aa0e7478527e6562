"""Calls about what a person is told of what is kept about them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import grpc

from placement.api.v1 import extract_service_pb2 as wire
from placement.api.v1.extract_service_pb2_grpc import ExtractServiceStub
from placement.errors import TamperedError
from placement_client.audits import stream
from placement_client.calls import Writes

MAX_RELEASED: Final = 500
"""Facts and cases that are released at once."""
_ID_BYTES: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Extract:
    """An extract, whole.

    Attributes:
        head: whom it is made for, and what is kept.
        entries: who looked.
    """

    head: wire.ExtractHead
    entries: Sequence[wire.ExtractEntry]


class ExtractCalls:
    """The calls of ``ExtractService``.

    Args:
        channel: over it.
        writes: makes those that change something.
    """

    def __init__(self, channel: grpc.Channel, writes: Writes) -> None:
        self._stub = ExtractServiceStub(channel)
        self._writes = writes

    def propose(
        self, request: wire.ProposeExtractRequest
    ) -> wire.ProposeExtractResponse:
        """Propose an extract.

        Raises:
            TamperedError: the answer names no change to approve.
            PlacementError: the call failed.

        Secret: request
        """
        answer = self._writes.make(self._stub.ProposeExtract, request)
        if len(answer.change_id) != _ID_BYTES:
            raise TamperedError
        return answer

    def show(
        self, change_id: bytes, pseudonyms: Sequence[bytes]
    ) -> wire.ShowExtractResponse:
        """See what could be told.

        Secret: pseudonyms
        """
        request = wire.ShowExtractRequest(change_id=change_id, pseudonyms=pseudonyms)
        return self._writes.patience.call(self._stub.ShowExtract, request)

    def approve(
        self, request: wire.ApproveExtractRequest
    ) -> wire.ApproveExtractResponse:
        """Stand behind another coordinator's extract.

        Secret: request
        """
        return self._writes.make(self._stub.ApproveExtract, request)

    def read(self, change_id: bytes, pseudonyms: Sequence[bytes]) -> Extract:
        """Read what is told, whole or not at all.

        Raises:
            TamperedError: a piece is missing, or comes out of turn.
            PlacementError: the call failed.

        Secret: pseudonyms
        """
        request = wire.ReadExtractRequest(change_id=change_id, pseudonyms=pseudonyms)
        first, *rest = (*stream(self._stub.ReadExtract, request),) or (None,)
        if first is None or not first.HasField("head") or not rest:
            raise TamperedError
        entries: list[wire.ExtractEntry] = []
        for place, piece in enumerate(rest, 1):
            is_last = piece.entries.last
            if not piece.HasField("entries") or is_last != (place == len(rest)):
                raise TamperedError
            entries += piece.entries.entries
        return Extract(head=first.head, entries=entries)
