"""Calls about the access log as a whole: checkpoints, proofs, receipts, cosignatures.

What comes back here is bytes and hashes that nobody has verified yet; ``trust`` does.
"""

from collections.abc import Sequence

import grpc

from placement.api.v1 import log_service_pb2 as wire
from placement.api.v1.log_service_pb2_grpc import LogServiceStub
from placement_client.calls import Patience


class LogCalls:
    """The calls of ``LogService``.

    Args:
        channel: over it.
        patience: deadline and tries of each call.
    """

    def __init__(self, channel: grpc.Channel, patience: Patience) -> None:
        self._stub = LogServiceStub(channel)
        self._patience = patience

    def checkpoint(self, *, cosignatures: int = 0, least_size: int = 0) -> bytes:
        """Return the newest checkpoint that enough witnesses cosigned: a note.

        Raises:
            NotFoundError: there is none such yet.
            PlacementError: the call failed.
        """
        request = wire.GetCheckpointRequest(
            cosignatures=cosignatures, least_size=least_size
        )
        return self._patience.call(self._stub.GetCheckpoint, request).note

    def checkpoints(self, least_size: int, count: int) -> Sequence[bytes]:
        """Return checkpoints of at least a size, the smallest first, up to 100."""
        request = wire.ListCheckpointsRequest(least_size=least_size, count=count)
        return self._patience.call(self._stub.ListCheckpoints, request).notes

    def consistency(self, old_size: int, new_size: int) -> Sequence[bytes]:
        """Return the proof that the log of one size begins that of another."""
        request = wire.ProveConsistencyRequest(old_size=old_size, new_size=new_size)
        return self._patience.call(self._stub.ProveConsistency, request).hashes

    def inclusion(self, index: int, size: int) -> wire.ProveInclusionResponse:
        """Return a leaf's hash and the proof that it stands in the log of a size."""
        request = wire.ProveInclusionRequest(index=index, size=size)
        return self._patience.call(self._stub.ProveInclusion, request)

    def receipt(self, index: int, *, cosignatures: int = 0) -> wire.GetReceiptResponse:
        """Return the entry of one of the caller's own calls, with its proof.

        Raises:
            NotFoundError: no such entry, or somebody else's; or no checkpoint that
                holds it has so many cosignatures yet.
            PlacementError: the call failed.
        """
        request = wire.GetReceiptRequest(index=index, cosignatures=cosignatures)
        return self._patience.call(self._stub.GetReceipt, request)

    def cosign(self, size: int, note: bytes) -> int:
        """Hand in a cosignature; return how many the checkpoint has now."""
        request = wire.AddCosignatureRequest(size=size, note=note)
        return self._patience.call(self._stub.AddCosignature, request).cosignatures
