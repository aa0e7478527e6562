"""The service for retention and erasure: from the wire to commands, and back."""

from typing import Any, TypeAlias

import grpc.aio

from placement.api.v1 import erasure_service_pb2 as wire
from placement.api.v1.erasure_service_pb2_grpc import ErasureServiceServicer
from placement.domain.decide import erasures
from placement.domain.terms import DossierId, FactId
from placement.rpc import forms
from placement.rpc.desk import Desk
from placement.rpc.origin import Origin, common, fresh
from placement.rpc.parse_lives import page_of
from placement.rpc.render import written_ids

Context: TypeAlias = grpc.aio.ServicerContext[Any, Any]


class Erasures(ErasureServiceServicer):
    """The coordinators' service for what the law takes."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def ListExpired(
        self, request: wire.ListExpiredRequest, context: Context
    ) -> wire.ListExpiredResponse:
        """List what is past its retention."""
        answer = await self._desk.ask(list_expired, request)
        reply: Any = answer.reply
        found: erasures.ExpiredList = reply
        after = found.after
        token = b"" if after is None else self._desk.bookmark(found.scope, *after)
        return wire.ListExpiredResponse(
            revision=answer.revision,
            expired=[
                wire.Expired(
                    id=each.id,
                    kind=each.kind,
                    region=each.region,
                    since_day=each.since,
                )
                for each in found.listed
            ],
            more=bool(token),
            next_page_token=token,
        )

    async def ProposeErasure(
        self, request: wire.ProposeErasureRequest, context: Context
    ) -> wire.ProposeErasureResponse:
        """Propose that some of it is erased."""
        answer = await self._desk.ask(propose_erasure, request)
        (change,) = written_ids(answer)
        return wire.ProposeErasureResponse(revision=answer.revision, change_id=change)

    async def ApproveErasure(
        self, request: wire.ApproveErasureRequest, context: Context
    ) -> wire.ApproveErasureResponse:
        """Erase it."""
        answer = await self._desk.ask(approve_erasure, request)
        return wire.ApproveErasureResponse(revision=answer.revision)


def list_expired(
    request: wire.ListExpiredRequest, origin: Origin
) -> erasures.ListExpired:
    """Read which page of the caller's list."""
    scope, numbers = page_of(request, origin)
    after = (numbers[0], numbers[1]) if numbers else None
    return erasures.ListExpired(caller=origin.caller, after=after, scope=scope)


def propose_erasure(
    request: wire.ProposeErasureRequest, origin: Origin
) -> erasures.ProposeErasure:
    """Read what shall be erased."""
    forms.at_most(request.ids, erasures.MAX_ERASED, "ids")
    return erasures.ProposeErasure(
        **common(request, origin),
        dossiers=tuple(
            DossierId(forms.token(each, f"ids[{index}]"))
            for index, each in enumerate(request.ids)
        ),
        change=FactId(fresh()),
    )


def approve_erasure(
    request: wire.ApproveErasureRequest, origin: Origin
) -> erasures.ApproveErasure:
    """Read which erasure to stand behind."""
    return erasures.ApproveErasure(
        **common(request, origin),
        change=FactId(forms.token(request.change_id, "change_id")),
    )
