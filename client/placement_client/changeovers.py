"""Calls about the key of the pseudonyms, and the one that follows on it."""

from collections.abc import Sequence
from typing import Final

import grpc

from placement.api.v1 import changeover_service_pb2 as wire
from placement.api.v1.changeover_service_pb2_grpc import ChangeoverServiceStub
from placement_client.calls import Writes

MAX_PAIRS: Final = 100
"""Pairs in one call."""


class ChangeoverCalls:
    """The calls of ``ChangeoverService``.

    Args:
        channel: over it.
        writes: makes those that change something.
    """

    def __init__(self, channel: grpc.Channel, writes: Writes) -> None:
        self._stub = ChangeoverServiceStub(channel)
        self._writes = writes

    def show(self) -> wire.ShowChangeoverResponse:
        """Return how it stands."""
        call = self._writes.patience.call
        return call(self._stub.ShowChangeover, wire.ShowChangeoverRequest())

    def begin(self, to_key_id: bytes) -> wire.BeginChangeoverResponse:
        """Say that the key shall be replaced."""
        request = wire.BeginChangeoverRequest(to_key_id=to_key_id)
        return self._writes.make(self._stub.BeginChangeover, request)

    def offer(self, pairs: Sequence[bytes]) -> wire.OfferPairsResponse:
        """Say which pseudonyms are one person's.

        Args:
            pairs: 1 to 100, from ``Session.pairs``.

        Secret:
            pairs
        """
        request = wire.OfferPairsRequest(pairs=pairs)
        return self._writes.make(self._stub.OfferPairs, request)

    def end(
        self, to_key_id: bytes, *, left: int = 0, give_up: bool = False
    ) -> wire.EndChangeoverResponse:
        """Say that the next key shall be in force, or give it up.

        Args:
            to_key_id: the next key.
            left: how many may be left without a pair.
            give_up: the key in force stays.
        """
        request = wire.EndChangeoverRequest(
            to_key_id=to_key_id, give_up=give_up, left=left
        )
        return self._writes.make(self._stub.EndChangeover, request)
