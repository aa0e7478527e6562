"""The service for phantom stays: from the wire to commands, and back."""

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

import grpc.aio

from placement.api.v1 import phantom_service_pb2 as wire
from placement.api.v1.phantom_service_pb2_grpc import PhantomServiceServicer
from placement.domain.decide import haunting
from placement.domain.terms import FactId, GroupSize, GroupToken, LiftGround
from placement.errors import InvalidInputError
from placement.rpc import forms
from placement.rpc.desk import Desk
from placement.rpc.origin import Origin, common, fresh
from placement.rpc.parse import case_of
from placement.rpc.parse_placements import candidate_of
from placement.rpc.render import written_ids

Context: TypeAlias = grpc.aio.ServicerContext[Any, Any]

GROUNDS: Final[Mapping[wire.LiftGround.ValueType, LiftGround]] = {
    wire.LIFT_GROUND_NO_OTHER_PLACE: LiftGround.NO_OTHER_PLACE,
    wire.LIFT_GROUND_URGENT: LiftGround.URGENT,
    wire.LIFT_GROUND_CARE: LiftGround.CARE,
}
"""What each ground on the wire is."""
SIZES: Final[Mapping[wire.GroupSize.ValueType, GroupSize]] = {
    wire.GROUP_SIZE_SMALL: GroupSize.SMALL,
    wire.GROUP_SIZE_MEDIUM: GroupSize.MEDIUM,
    wire.GROUP_SIZE_LARGE: GroupSize.LARGE,
    wire.GROUP_SIZE_VERY_LARGE: GroupSize.VERY_LARGE,
}
"""What each size on the wire is."""


class Haunts(PhantomServiceServicer):
    """The coordinators' service for phantom stays."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def LiftPhantoms(
        self, request: wire.LiftPhantomsRequest, context: Context
    ) -> wire.LiftPhantomsResponse:
        """Propose that none stand in a case's way."""
        answer = await self._desk.ask(lift_phantoms, request)
        (change,) = written_ids(answer)
        return wire.LiftPhantomsResponse(revision=answer.revision, change_id=change)

    async def SizeGroup(
        self, request: wire.SizeGroupRequest, context: Context
    ) -> wire.SizeGroupResponse:
        """Propose how large a group is."""
        answer = await self._desk.ask(size_group, request)
        (change,) = written_ids(answer)
        return wire.SizeGroupResponse(revision=answer.revision, change_id=change)


def lift_phantoms(
    request: wire.LiftPhantomsRequest, origin: Origin
) -> haunting.LiftPhantoms:
    """Read whose way they shall not stand in, and why."""
    ground = GROUNDS.get(request.ground)
    if ground is None:
        raise InvalidInputError("ground", "is not a known value")
    return haunting.LiftPhantoms(
        **common(request, origin),
        case=case_of(request),
        candidate=candidate_of(request.candidate, "candidate"),
        window=forms.window(request.window, "window"),
        ground=ground,
        seen=forms.sized(request.seen, forms.DIGEST_SIZE, "seen"),
        change=FactId(fresh()),
    )


def size_group(request: wire.SizeGroupRequest, origin: Origin) -> haunting.SizeGroup:
    """Read how large which group is."""
    size = SIZES.get(request.size)
    if size is None:
        raise InvalidInputError("size", "is not a known value")
    return haunting.SizeGroup(
        **common(request, origin),
        group=GroupToken(forms.token(request.group, "group")),
        size=size,
        change=FactId(fresh()),
    )
