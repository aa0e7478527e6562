"""Calls about phantom stays, which are nobody's."""

import grpc

from placement.api.v1 import phantom_service_pb2 as wire
from placement.api.v1.check_service_pb2 import Candidate
from placement.api.v1.phantom_service_pb2_grpc import PhantomServiceStub
from placement.api.v1.types_pb2 import Window
from placement_client.calls import Writes


class PhantomCalls:
    """The calls of ``PhantomService``.

    Args:
        channel: over it.
        writes: makes those that change something.
    """

    def __init__(self, channel: grpc.Channel, writes: Writes) -> None:
        self._stub = PhantomServiceStub(channel)
        self._writes = writes

    def lift(
        self,
        case_handle: bytes,
        candidate: Candidate,
        window: Window,
        *,
        ground: wire.LiftGround.ValueType,
        seen: bytes,
    ) -> wire.LiftPhantomsResponse:
        """Propose that none stand in a case's way in an area.

        Args:
            case_handle: the case.
            candidate: the place that was explained.
            window: for which days.
            ground: why.
            seen: 32 bytes, from ``ExplanationCalls.explain``.
        """
        request = wire.LiftPhantomsRequest(
            case_handle=case_handle,
            candidate=candidate,
            window=window,
            ground=ground,
            seen=seen,
        )
        return self._writes.make(self._stub.LiftPhantoms, request)

    def size(
        self, group: bytes, size: wire.GroupSize.ValueType
    ) -> wire.SizeGroupResponse:
        """Propose how large a group is."""
        request = wire.SizeGroupRequest(group=group, size=size)
        return self._writes.make(self._stub.SizeGroup, request)
