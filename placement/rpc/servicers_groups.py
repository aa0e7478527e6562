"""Names of groups, and the key that seals them: parse, submit, render."""

from typing import Any, TypeAlias

import grpc.aio

from placement.api.v1 import group_service_pb2 as group_wire
from placement.api.v1.group_service_pb2_grpc import GroupServiceServicer
from placement.rpc import parse_groups as parse
from placement.rpc import render_groups as render
from placement.rpc.desk import Desk

Context: TypeAlias = grpc.aio.ServicerContext[Any, Any]


class Groups(GroupServiceServicer):
    """The coordinators' service for names of groups.

    Args:
        desk: asks the engine.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def NameGroups(
        self, request: group_wire.NameGroupsRequest, context: Context
    ) -> group_wire.NameGroupsResponse:
        """Give groups further names."""
        return render.named_groups(await self._desk.ask(parse.name_groups, request))

    async def MergeGroups(
        self, request: group_wire.MergeGroupsRequest, context: Context
    ) -> group_wire.MergeGroupsResponse:
        """Propose that groups are one, or two again."""
        return render.merging(await self._desk.ask(parse.merge_groups, request))

    async def ShowLabelKeys(
        self, request: group_wire.ShowLabelKeysRequest, context: Context
    ) -> group_wire.ShowLabelKeysResponse:
        """Show what there is to know of label keys."""
        return render.label_keys(await self._desk.ask(parse.show_label_keys, request))

    async def PublishExchangeKey(
        self, request: group_wire.PublishExchangeKeyRequest, context: Context
    ) -> group_wire.PublishExchangeKeyResponse:
        """Publish an exchange key."""
        return render.published(
            await self._desk.ask(parse.publish_exchange_key, request)
        )

    async def HandOverLabelKey(
        self, request: group_wire.HandOverLabelKeyRequest, context: Context
    ) -> group_wire.HandOverLabelKeyResponse:
        """Leave label keys for others."""
        return render.handed_over(
            await self._desk.ask(parse.hand_over_label_key, request)
        )

    async def BeginRotation(
        self, request: group_wire.BeginRotationRequest, context: Context
    ) -> group_wire.BeginRotationResponse:
        """Begin to replace the label key."""
        return render.begun(await self._desk.ask(parse.begin_rotation, request))

    async def RenewLabels(
        self, request: group_wire.RenewLabelsRequest, context: Context
    ) -> group_wire.RenewLabelsResponse:
        """Leave names under the next label key."""
        return render.renewed(await self._desk.ask(parse.renew_labels, request))

    async def EndRotation(
        self, request: group_wire.EndRotationRequest, context: Context
    ) -> group_wire.EndRotationResponse:
        """Put the next label key in force, or give it up."""
        return render.ended(await self._desk.ask(parse.end_rotation, request))
