"""Calls that coordinators make about names of groups and the key that seals them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import grpc

from placement.api.v1 import group_service_pb2 as wire
from placement.api.v1.group_service_pb2_grpc import GroupServiceStub
from placement.errors import TamperedError
from placement_client.calls import Writes

MAX_NAMES: Final = 100
"""Names in one call, new or renewed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelKeys:
    """What there is to know of label keys.

    Attributes:
        key_id: the one in force; empty if none was named.
        rotation: what is under way, or ``None``.
        exchange_keys: everybody's; nothing of them is proven.
        handed: what lies ready for the caller; nothing of it is proven.
    """

    key_id: bytes
    rotation: wire.Rotation | None
    exchange_keys: Sequence[wire.ExchangeKey]
    handed: Sequence[wire.HandedKey]


class GroupCalls:
    """The calls of ``GroupService``.

    Args:
        channel: over it.
        writes: makes those that change something.
    """

    def __init__(self, channel: grpc.Channel, writes: Writes) -> None:
        self._stub = GroupServiceStub(channel)
        self._writes = writes

    def name(self, names: Iterable[wire.FurtherName]) -> wire.NameGroupsResponse:
        """Give groups 1 to 100 further names."""
        request = wire.NameGroupsRequest(names=names)
        return self._writes.make(self._stub.NameGroups, request)

    def merge(
        self, one: bytes, other: bytes, *, undo: bool = False
    ) -> wire.MergeGroupsResponse:
        """Propose that two groups are one, or are two again."""
        request = wire.MergeGroupsRequest(group_a=one, group_b=other, undo=undo)
        return self._writes.make(self._stub.MergeGroups, request)

    def label_keys(self) -> LabelKeys:
        """Return what there is to know of label keys, from all pages.

        Raises:
            TamperedError: the pages go round in a circle.
        """
        call, method = self._writes.patience.call, self._stub.ShowLabelKeys
        first = page = call(method, wire.ShowLabelKeysRequest())
        found, seen = [*page.exchange_keys], {b""}
        while page.next_page_token not in seen:
            seen.add(page.next_page_token)
            request = wire.ShowLabelKeysRequest(page_token=page.next_page_token)
            page = call(method, request)
            found += page.exchange_keys
        if page.next_page_token:
            raise TamperedError
        return LabelKeys(
            key_id=first.key_id,
            rotation=first.rotation if first.HasField("rotation") else None,
            exchange_keys=found,
            handed=first.handed,
        )

    def publish(
        self, public_key: bytes, certificate: bytes, signature: bytes
    ) -> wire.PublishExchangeKeyResponse:
        """Publish the caller's exchange key."""
        request = wire.PublishExchangeKeyRequest(
            public_key=public_key, certificate=certificate, signature=signature
        )
        return self._writes.make(self._stub.PublishExchangeKey, request)

    def hand_over(
        self, certificate: bytes, keys: Iterable[wire.SealedKey]
    ) -> wire.HandOverLabelKeyResponse:
        """Leave label keys for other coordinators."""
        request = wire.HandOverLabelKeyRequest(certificate=certificate, keys=keys)
        return self._writes.make(self._stub.HandOverLabelKey, request)

    def begin_rotation(
        self, request: wire.BeginRotationRequest
    ) -> wire.BeginRotationResponse:
        """Begin to replace the label key; the request id is drawn here."""
        return self._writes.make(self._stub.BeginRotation, request)

    def renew_labels(
        self, to_key_id: bytes, labels: Iterable[wire.RenewedLabel]
    ) -> wire.RenewLabelsResponse:
        """Leave 1 to 100 names sealed under the next key."""
        request = wire.RenewLabelsRequest(to_key_id=to_key_id, labels=labels)
        return self._writes.make(self._stub.RenewLabels, request)

    def end_rotation(
        self, to_key_id: bytes, *, seen: bytes = b"", give_up: bool = False
    ) -> wire.EndRotationResponse:
        """Put the next key into force, or give it up.

        Args:
            to_key_id: the next key.
            seen: digest of what was verified; none if it is given up.
            give_up: the key in force stays.
        """
        request = wire.EndRotationRequest(
            to_key_id=to_key_id, seen=seen, give_up=give_up
        )
        return self._writes.make(self._stub.EndRotation, request)
