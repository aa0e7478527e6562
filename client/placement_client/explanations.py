"""Calls about one place: what it is worth and why, its release, its provider."""

from typing import Final

import grpc

from placement.api.v1 import registry_service_pb2 as wire
from placement.api.v1.check_service_pb2 import Candidate
from placement.api.v1.registry_service_pb2_grpc import RegistryServiceStub
from placement.api.v1.types_pb2 import Window
from placement.errors import TamperedError
from placement_client.calls import Patience, RequestIds

SEEN_BYTES: Final = 32
"""Length of the digest that a release names."""


class ExplanationCalls:
    """The calls of ``RegistryService`` about one place and about who runs it.

    Args:
        channel: over it.
        patience: deadline and tries of each call.
        request_ids: where the ids of writes come from.
    """

    def __init__(
        self, channel: grpc.Channel, patience: Patience, request_ids: RequestIds
    ) -> None:
        self._stub = RegistryServiceStub(channel)
        self._patience = patience
        self._request_ids = request_ids

    def explain(
        self, case_handle: bytes, candidate: Candidate, window: Window
    ) -> wire.ExplainPlacementResponse:
        """Return what a place is worth to a case, and why.

        Raises:
            TamperedError: the answer has no digest that a release could name.
            PlacementError: the call failed.
        """
        request = wire.ExplainPlacementRequest(
            case_handle=case_handle, candidate=candidate, window=window
        )
        answer = self._patience.call(self._stub.ExplainPlacement, request)
        if len(answer.seen) != SEEN_BYTES:
            raise TamperedError
        return answer

    def release(
        self, case_handle: bytes, candidate: Candidate, window: Window, *, seen: bytes
    ) -> wire.ReleasePlaceResponse:
        """Let a case have a place despite REVIEW or UNKNOWN.

        Args:
            case_handle: the case.
            candidate: which place.
            window: for which days.
            seen: 32 bytes, from ``explain``.
        """
        request = wire.ReleasePlaceRequest(
            request_id=self._request_ids.draw(),
            case_handle=case_handle,
            candidate=candidate,
            window=window,
            seen=seen,
        )
        return self._patience.call(self._stub.ReleasePlace, request)

    def stop_provider(self, provider: bytes) -> wire.StopProviderResponse:
        """Let a provider's houses answer CONFLICT from now on."""
        return self._set_provider(provider, lift=False)

    def lift_provider(self, provider: bytes) -> wire.StopProviderResponse:
        """Propose that a provider may go on."""
        return self._set_provider(provider, lift=True)

    def _set_provider(
        self, provider: bytes, *, lift: bool
    ) -> wire.StopProviderResponse:
        request = wire.StopProviderRequest(
            request_id=self._request_ids.draw(), provider=provider, lift=lift
        )
        return self._patience.call(self._stub.StopProvider, request)
