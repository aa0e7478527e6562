"""The service for a changeover of keys: from the wire to commands, and back."""

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

import grpc.aio

from placement.api.v1 import changeover_service_pb2 as wire
from placement.api.v1.changeover_service_pb2_grpc import ChangeoverServiceServicer
from placement.domain.changeover_events import ChangeoverStep
from placement.domain.decide import changeovers
from placement.rpc import forms
from placement.rpc.desk import Desk
from placement.rpc.origin import Origin, common
from placement.service.batch import Answer

Context: TypeAlias = grpc.aio.ServicerContext[Any, Any]

STEPS: Final[Mapping[ChangeoverStep, wire.ChangeoverStep.ValueType]] = {
    ChangeoverStep.BEGIN: wire.CHANGEOVER_STEP_BEGIN,
    ChangeoverStep.END: wire.CHANGEOVER_STEP_END,
}
"""Each step on the wire."""
_MAX_LEFT: Final = 1 << 31


class Changeovers(ChangeoverServiceServicer):
    """The service for a changeover of keys."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def ShowChangeover(
        self, request: wire.ShowChangeoverRequest, context: Context
    ) -> wire.ShowChangeoverResponse:
        """Show how it stands."""
        return shown(await self._desk.ask(show_changeover, request))

    async def BeginChangeover(
        self, request: wire.BeginChangeoverRequest, context: Context
    ) -> wire.BeginChangeoverResponse:
        """Say that the key shall be replaced."""
        answer = await self._desk.ask(begin_changeover, request)
        return wire.BeginChangeoverResponse(revision=answer.revision)

    async def OfferPairs(
        self, request: wire.OfferPairsRequest, context: Context
    ) -> wire.OfferPairsResponse:
        """Say which pseudonyms are one person's."""
        answer = await self._desk.ask(offer_pairs, request)
        return wire.OfferPairsResponse(revision=answer.revision)

    async def EndChangeover(
        self, request: wire.EndChangeoverRequest, context: Context
    ) -> wire.EndChangeoverResponse:
        """Say that the next key shall be in force, or is given up."""
        answer = await self._desk.ask(end_changeover, request)
        return wire.EndChangeoverResponse(revision=answer.revision)


def show_changeover(
    request: wire.ShowChangeoverRequest, origin: Origin
) -> changeovers.ShowChangeover:
    """Read nothing but who asks."""
    del request
    return changeovers.ShowChangeover(caller=origin.caller)


def begin_changeover(
    request: wire.BeginChangeoverRequest, origin: Origin
) -> changeovers.BeginChangeover:
    """Read which key comes next."""
    return changeovers.BeginChangeover(
        **common(request, origin),
        to_key=forms.sized(request.to_key_id, forms.DIGEST_SIZE, "to_key_id"),
    )


def offer_pairs(
    request: wire.OfferPairsRequest, origin: Origin
) -> changeovers.OfferPairs:
    """Read which pseudonyms belong together."""
    forms.at_most(request.pairs, changeovers.MAX_PAIRS, "pairs")
    return changeovers.OfferPairs(
        **common(request, origin),
        pairs=tuple(
            origin.named(pair, f"pairs[{index}]")
            for index, pair in enumerate(request.pairs)
        ),
    )


def end_changeover(
    request: wire.EndChangeoverRequest, origin: Origin
) -> changeovers.EndChangeover:
    """Read how it shall end."""
    return changeovers.EndChangeover(
        **common(request, origin),
        to_key=forms.sized(request.to_key_id, forms.DIGEST_SIZE, "to_key_id"),
        give_up=request.give_up,
        left=forms.below(request.left, _MAX_LEFT, "left"),
    )


def shown(answer: Answer) -> wire.ShowChangeoverResponse:
    """Render how it stands."""
    reply: Any = answer.reply
    view: changeovers.ChangeoverView = reply
    response = wire.ShowChangeoverResponse(
        revision=answer.revision,
        key_id=view.key,
        to_key_id=view.to_key,
        waiting=view.waiting,
        halfway=view.halfway,
        disputed=view.disputed,
        left=view.left,
        counted=view.counted,
    )
    if view.said is not None:
        response.said = STEPS[view.said.step]
        response.said_key_id = view.said.to_key
        response.said_by = view.said.person
        response.said_left = view.said.left
        response.said_expires_at = view.said.expires_at
    return response
