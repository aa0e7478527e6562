"""From replies about imports to responses; see ``render``."""

from collections.abc import Iterable
from typing import Any, Final

from placement.api.v1 import import_service_pb2 as wire
from placement.domain.decide.imports import ImportList, ImportView
from placement.domain.decide.staging import Staged
from placement.domain.decide.trying import Tried
from placement.domain.import_events import (
    ImportStaged,
    ImportState,
    RowRefusal,
    StagedRow,
)
from placement.rpc.render import written_ids
from placement.rpc.render_facts import fact_of
from placement.service.batch import Answer

MAX_REFUSED: Final = 1000
"""Refused rows that are told at once."""


def tried(answer: Answer) -> wire.TryRowsResponse:
    """Render which rows would be refused."""
    reply: Tried = _reply(answer)
    return wire.TryRowsResponse(refused=_refused(reply.refused))


def begun(answer: Answer) -> wire.BeginImportResponse:
    """Render the id of an import."""
    (key,) = written_ids(answer)
    return wire.BeginImportResponse(import_id=key, revision=answer.revision)


def appended(answer: Answer) -> wire.AppendRowsResponse:
    """Render where the next rows stand."""
    reply: Staged = _reply(answer)
    return wire.AppendRowsResponse(position=reply.position, revision=answer.revision)


def finished(answer: Answer) -> wire.FinishImportResponse:
    """Render an import that waits."""
    named: dict[str, Any] = {"import": _import(_reply(answer))}
    return wire.FinishImportResponse(**named, revision=answer.revision)


def shown(answer: Answer, after: int) -> wire.ShowImportResponse:
    """Render how far an import has come.

    Args:
        answer: the view.
        after: from which refused row on.
    """
    view: ImportView = _reply(answer)
    known, some = view.known, slice(after, after + MAX_REFUSED)
    named: dict[str, Any] = {"import": _import(view)}
    pairs = zip(known.refused[some], known.reasons[some], strict=True)
    return wire.ShowImportResponse(
        **named,
        refused=_refused(pairs),
    )


def listed(answer: Answer) -> wire.ListImportsResponse:
    """Render imports."""
    reply: ImportList = _reply(answer)
    return wire.ListImportsResponse(imports=map(_import, reply.imports))


def rows(staged: ImportStaged) -> wire.ReadRowsResponse:
    """Render staged rows."""
    return wire.ReadRowsResponse(position=staged.position, rows=map(_row, staged.rows))


def approved(answer: Answer) -> wire.ApproveImportResponse:
    """Render that rows are taken over from now on."""
    return wire.ApproveImportResponse(revision=answer.revision)


def cancelled(answer: Answer) -> wire.CancelImportResponse:
    """Render that an import is over."""
    return wire.CancelImportResponse(revision=answer.revision)


def _import(view: ImportView) -> wire.Import:
    known, begun = view.known, view.known.begun
    lapses = view.state in (ImportState.OPEN, ImportState.WAITING)
    return wire.Import(
        import_id=begun.id,
        state=wire.ImportState.ValueType(view.state),
        person=begun.person,
        region=begun.region,
        rows=begun.rows,
        staged=known.staged,
        digest=known.digest,
        expires_at=known.expires_at if lapses else 0,
        approved_by=known.approved_by,
        taken=known.taken,
        refused=len(known.refused),
    )


def _refused(rows: Iterable[tuple[int, RowRefusal]]) -> list[wire.RefusedRow]:
    return [
        wire.RefusedRow(position=position, reason=wire.RowRefusal.ValueType(reason))
        for position, reason in rows
    ]


def _row(row: StagedRow) -> wire.ImportRow:
    end = row.end
    return wire.ImportRow(
        fact=None if row.record is None else fact_of(row.record.fact),
        end=None
        if end is None
        else wire.RowEnd(
            fact_id=end.id, valid_to_day=end.valid_to, seen_revision=end.seen
        ),
    )


def _reply(answer: Answer) -> Any:  # noqa: ANN401 (of any decision)
    return answer.reply
