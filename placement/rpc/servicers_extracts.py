"""The service for extracts: from the wire to commands, and back."""

from collections.abc import AsyncIterator
from typing import Any, TypeAlias

import grpc.aio

from placement.api.v1 import extract_service_pb2 as wire
from placement.api.v1.extract_service_pb2_grpc import ExtractServiceServicer
from placement.domain.decide.extracts import Told
from placement.rpc import parse_extracts as parse
from placement.rpc import render_extracts as render
from placement.rpc.render import written_ids
from placement.rpc.servicers_audit import Reading
from placement.service.batch import Answer
from placement.service.traces import MOST, Trace, traces

Context: TypeAlias = grpc.aio.ServicerContext[Any, Any]


class Extracts(ExtractServiceServicer):
    """The coordinators' service for what a person is told.

    Args:
        reading: asks the engine, and reads the access log.
    """

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._desk = reading.desk

    async def ProposeExtract(
        self, request: wire.ProposeExtractRequest, context: Context
    ) -> wire.ProposeExtractResponse:
        """Propose an extract."""
        answer = await self._desk.ask(parse.propose_extract, request)
        (change,) = written_ids(answer)
        return wire.ProposeExtractResponse(revision=answer.revision, change_id=change)

    async def ShowExtract(
        self, request: wire.ShowExtractRequest, context: Context
    ) -> wire.ShowExtractResponse:
        """Show what could be told."""
        answer = await self._desk.ask(parse.show_extract, request)
        told = _told(answer)
        return wire.ShowExtractResponse(
            revision=answer.revision, head=render.head(told), seen=told.seen
        )

    async def ApproveExtract(
        self, request: wire.ApproveExtractRequest, context: Context
    ) -> wire.ApproveExtractResponse:
        """Let it be read."""
        answer = await self._desk.ask(parse.approve_extract, request)
        return wire.ApproveExtractResponse(revision=answer.revision)

    async def ReadExtract(
        self, request: wire.ReadExtractRequest, context: Context
    ) -> AsyncIterator[wire.ReadExtractResponse]:
        """Tell what is kept, then who looked; the reading's own entry is not in it.

        Few entries are one piece, whatever they are of: else their number would tell who
        sees the wire that there is a case.
        """
        answer = await self._desk.ask(parse.read_extract, request)
        told = _told(answer)
        yield wire.ReadExtractResponse(head=render.head(told))
        found = traces(self._reading.review, told, answer.leaf)
        held: list[Trace] = []
        async for piece in self._reading.drawn(found):
            held += piece
            if len(held) > MOST:
                yield render.entries(held[:MOST])
                held = held[MOST:]
        yield render.entries(held, last=True)


def _told(answer: Answer) -> Told:
    reply: Any = answer.reply
    told: Told = reply
    return told
