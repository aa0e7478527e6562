"""Calls about overrides: a municipality proposes one, a coordinator sees and signs it."""

import grpc

from placement.api.v1 import placement_service_pb2 as placement
from placement.api.v1 import registry_service_pb2 as registry
from placement.api.v1.check_service_pb2 import Candidate
from placement.api.v1.placement_service_pb2_grpc import PlacementServiceStub
from placement.api.v1.registry_service_pb2_grpc import RegistryServiceStub
from placement.api.v1.types_pb2 import Window
from placement.errors import TamperedError
from placement_client.calls import Writes
from placement_client.explanations import SEEN_BYTES


class OverrideCalls:
    """The calls of ``PlacementService`` and ``RegistryService`` about overrides.

    Args:
        channel: over it.
        writes: makes those that change something.
    """

    def __init__(self, channel: grpc.Channel, writes: Writes) -> None:
        self._placement = PlacementServiceStub(channel)
        self._registry = RegistryServiceStub(channel)
        self._writes = writes

    def propose(
        self,
        case_handle: bytes,
        candidate: Candidate,
        window: Window,
        *,
        ground: "placement.OverrideGround.ValueType",
        follow_up: int,
    ) -> placement.ProposeOverrideResponse:
        """Ask for a place despite what was answered.

        Args:
            case_handle: 16 bytes.
            candidate: which place.
            window: for which days.
            ground: why.
            follow_up: when somebody looks at it again, in days since 1970-01-01,
                Europe/Stockholm.
        """
        request = placement.ProposeOverrideRequest(
            case_handle=case_handle,
            candidate=candidate,
            window=window,
            ground=ground,
            follow_up_day=follow_up,
        )
        return self._writes.make(self._placement.ProposeOverride, request)

    def show(self, override_id: bytes) -> registry.ShowOverrideResponse:
        """Show an override that waits, and what its place is worth.

        Raises:
            TamperedError: the answer has no digest that a signature could name.
            PlacementError: the call failed.
        """
        request = registry.ShowOverrideRequest(override_id=override_id)
        answer = self._writes.patience.call(self._registry.ShowOverride, request)
        if len(answer.explained.seen) != SEEN_BYTES:
            raise TamperedError
        return answer

    def sign(self, override_id: bytes, *, seen: bytes) -> registry.SignOverrideResponse:
        """Sign an override.

        Args:
            override_id: 16 bytes.
            seen: 32 bytes, from ``show``.
        """
        request = registry.SignOverrideRequest(override_id=override_id, seen=seen)
        return self._writes.make(self._registry.SignOverride, request)
