"""Requests about imports, each of which is answered if its caller may."""

from collections.abc import Callable, Iterable
from typing import Any

from kit.town import Town, fresh
from placement.api.v1 import import_service_pb2 as wire
from placement.domain.imports import first_digest, next_digest

Make = Callable[[Town, str], Any]

ENDED = (
    wire.IMPORT_STATE_APPROVED,
    wire.IMPORT_STATE_DONE,
    wire.IMPORT_STATE_CANCELLED,
    wire.IMPORT_STATE_LAPSED,
)


def row(town: Town, **presence: Any) -> wire.ImportRow:
    """Return a row that says where a group is."""
    return wire.ImportRow(fact=town.fact_of(presence=town.presence(**presence)))


def over(rows: Iterable[wire.ImportRow]) -> bytes:
    """Return the digest over rows."""
    digest = first_digest()
    for each in rows:
        digest = next_digest(digest, each.SerializeToString(deterministic=True))
    return digest


def begin(town: Town, rows: int = 1, who: str = "coordinator") -> bytes:
    """Begin an import, once others of the region are out of its way."""
    listed = wire.ListImportsRequest()
    answer = town.done(who, "ListImports", listed, wire.ListImportsResponse)
    for each in answer.imports:
        if each.state not in ENDED:
            cancel(town, each.import_id)
    request = wire.BeginImportRequest(request_id=fresh(), rows=rows)
    begun = town.done(who, "BeginImport", request, wire.BeginImportResponse)
    key: bytes = begun.import_id
    return key


def cancel(town: Town, key: bytes) -> None:
    """End an import."""
    request = wire.CancelImportRequest(request_id=fresh(), import_id=key)
    town.done("coordinator", "CancelImport", request, wire.CancelImportResponse)


def staged(town: Town, who: str = "coordinator") -> bytes:
    """Begin an import and stage its one row."""
    key = begin(town, who=who)
    request = wire.AppendRowsRequest(import_id=key, rows=[row(town)])
    town.done(who, "AppendRows", request, wire.AppendRowsResponse)
    return key


def finishing(town: Town, key: bytes) -> wire.FinishImportRequest:
    """Say that the one row is there."""
    return wire.FinishImportRequest(import_id=key, digest=over([row(town)]))


def approving(town: Town, who: str) -> wire.ApproveImportRequest:
    """Approve another coordinator's import."""
    del who
    key = staged(town)
    finish = finishing(town, key)
    town.done("coordinator", "FinishImport", finish, wire.FinishImportResponse)
    return wire.ApproveImportRequest(
        request_id=fresh(), import_id=key, digest=finish.digest
    )


IMPORTING: dict[str, Make] = {
    "TryRows": lambda town, who: wire.TryRowsRequest(rows=[row(town)]),
    "BeginImport": lambda town, who: (
        cancel(town, begin(town)),
        wire.BeginImportRequest(request_id=fresh(), rows=1),
    )[1],
    "AppendRows": lambda town, who: wire.AppendRowsRequest(
        import_id=begin(town, who="second"), rows=[row(town)]
    ),
    "FinishImport": lambda town, who: finishing(town, staged(town, "second")),
    "ShowImport": lambda town, who: wire.ShowImportRequest(import_id=begin(town)),
    "ListImports": lambda town, who: wire.ListImportsRequest(),
    "ReadRows": lambda town, who: wire.ReadRowsRequest(import_id=staged(town)),
    "ApproveImport": approving,
    "CancelImport": lambda town, who: wire.CancelImportRequest(
        request_id=fresh(), import_id=begin(town)
    ),
}
"""By method: makes a request that is answered, if its caller may."""
