"""The imports' service: parse, submit, render."""

import asyncio
from collections.abc import Callable
from typing import Any

from placement.api.v1 import import_service_pb2 as wire
from placement.api.v1.import_service_pb2_grpc import ImportServiceServicer
from placement.domain.decide.imports import Shelf
from placement.domain.import_events import ImportStaged
from placement.domain.terms import Revision
from placement.rpc import parse_imports as parse
from placement.rpc import render_imports as render
from placement.rpc.desk import Desk
from placement.rpc.servicers import Context


class Imports(ImportServiceServicer):
    """The service of coordinators who import.

    Args:
        desk: asks the engine.
        staged: reads rows where they stand in the log.
    """

    def __init__(self, desk: Desk, staged: Callable[[Revision], ImportStaged]) -> None:
        self._desk = desk
        self._staged = staged

    async def TryRows(
        self, request: wire.TryRowsRequest, context: Context
    ) -> wire.TryRowsResponse:
        """Tell which rows would be refused."""
        return render.tried(await self._desk.ask(parse.try_rows, request))

    async def BeginImport(
        self, request: wire.BeginImportRequest, context: Context
    ) -> wire.BeginImportResponse:
        """Begin to stage rows."""
        return render.begun(await self._desk.ask(parse.begin_import, request))

    async def AppendRows(
        self, request: wire.AppendRowsRequest, context: Context
    ) -> wire.AppendRowsResponse:
        """Stage rows."""
        return render.appended(await self._desk.ask(parse.append_rows, request))

    async def FinishImport(
        self, request: wire.FinishImportRequest, context: Context
    ) -> wire.FinishImportResponse:
        """Let an import wait for its second person."""
        return render.finished(await self._desk.ask(parse.finish_import, request))

    async def ShowImport(
        self, request: wire.ShowImportRequest, context: Context
    ) -> wire.ShowImportResponse:
        """Show how far an import has come."""
        answer = await self._desk.ask(parse.show_import, request)
        return render.shown(answer, request.refused_after)

    async def ListImports(
        self, request: wire.ListImportsRequest, context: Context
    ) -> wire.ListImportsResponse:
        """List imports."""
        return render.listed(await self._desk.ask(parse.list_imports, request))

    async def ReadRows(
        self, request: wire.ReadRowsRequest, context: Context
    ) -> wire.ReadRowsResponse:
        """Read staged rows; that somebody does is in the log before."""
        answer = await self._desk.ask(parse.read_rows, request)
        reply: Any = answer.reply
        shelf: Shelf = reply
        return render.rows(await asyncio.to_thread(self._staged, shelf.part.revision))

    async def ApproveImport(
        self, request: wire.ApproveImportRequest, context: Context
    ) -> wire.ApproveImportResponse:
        """Let the rows of an import take effect."""
        return render.approved(await self._desk.ask(parse.approve_import, request))

    async def CancelImport(
        self, request: wire.CancelImportRequest, context: Context
    ) -> wire.CancelImportResponse:
        """End an import."""
        return render.cancelled(await self._desk.ask(parse.cancel_import, request))
