"""Imports on the wire: what a town of several coordinators does with them."""

from collections.abc import Callable
from typing import Any

from kit.town import PEOPLE, Town, fresh
from placement.api.v1 import import_service_pb2 as wire
from placement.domain.import_events import ImportState
from placement.domain.imports import first_digest, next_digest

Make = Callable[[Town, str], Any]


def row_of(town: Town) -> wire.ImportRow:
    """Return a row: a presence."""
    return wire.ImportRow(fact=town.fact_of(presence=town.presence(area="1281")))


def over(*rows: wire.ImportRow) -> bytes:
    """Return the digest over rows."""
    digest = first_digest()
    for each in rows:
        digest = next_digest(digest, each.SerializeToString(deterministic=True))
    return digest


def begun(town: Town, who: str) -> bytes:
    """Return an import of a coordinator's own that was begun, the only open one."""
    for key, each in town.state().imports.by_id.items():
        if each.state in (ImportState.OPEN, ImportState.WAITING):
            end = wire.CancelImportRequest(request_id=fresh(), import_id=key)
            town.done(
                "coordinator" if each.begun.person == "co-01" else "second",
                "CancelImport",
                end,
                wire.CancelImportResponse,
            )
    begin = wire.BeginImportRequest(request_id=fresh(), rows=1)
    key: bytes = town.done(
        who, "BeginImport", begin, wire.BeginImportResponse
    ).import_id
    return key


def staged(town: Town, who: str) -> tuple[bytes, wire.ImportRow]:
    """Return an import of which the one row is there, and the row."""
    key, row = begun(town, who), row_of(town)
    request = wire.AppendRowsRequest(import_id=key, rows=[row])
    town.done(who, "AppendRows", request, wire.AppendRowsResponse)
    return key, row


def waiting(town: Town, who: str) -> tuple[bytes, bytes]:
    """Return an import that waits for a second person, and its digest."""
    key, row = staged(town, who)
    request = wire.FinishImportRequest(import_id=key, digest=over(row))
    town.done(who, "FinishImport", request, wire.FinishImportResponse)
    return key, over(row)


def _own(who: str) -> str:
    return who if PEOPLE[who][0] == "coordinator" else "coordinator"


def _appending(town: Town, who: str) -> wire.AppendRowsRequest:
    return wire.AppendRowsRequest(import_id=begun(town, _own(who)), rows=[row_of(town)])


def _finishing(town: Town, who: str) -> wire.FinishImportRequest:
    key, row = staged(town, _own(who))
    return wire.FinishImportRequest(import_id=key, digest=over(row))


def _approving(town: Town, who: str) -> wire.ApproveImportRequest:
    key, digest = waiting(town, "coordinator")  # never the one who approves
    return wire.ApproveImportRequest(request_id=fresh(), import_id=key, digest=digest)


IMPORTING: dict[str, Make] = {
    "BeginImport": lambda town, who: wire.BeginImportRequest(
        request_id=fresh(), rows=1
    ),
    "AppendRows": _appending,
    "FinishImport": _finishing,
    "ShowImport": lambda town, who: wire.ShowImportRequest(
        import_id=begun(town, _own(who))
    ),
    "ListImports": lambda town, who: wire.ListImportsRequest(),
    "ReadRows": lambda town, who: wire.ReadRowsRequest(
        import_id=staged(town, _own(who))[0]
    ),
    "ApproveImport": _approving,
    "CancelImport": lambda town, who: wire.CancelImportRequest(
        request_id=fresh(), import_id=begun(town, _own(who))
    ),
}
"""What each method is asked, so that it may be answered."""
