"""From requests about imports to commands; see ``parse``."""

from collections.abc import Sequence
from typing import NoReturn

from placement.api.v1 import import_service_pb2 as wire
from placement.api.v1 import types_pb2
from placement.domain.decide import imports, staging, trying
from placement.domain.decide.drafts import MAX_FACTS, Draft
from placement.domain.import_events import StagedEnd
from placement.domain.terms import FactId, Revision
from placement.errors import InvalidInputError
from placement.rpc import forms
from placement.rpc.origin import Origin, common, fresh
from placement.rpc.parse_facts import parse_fact, parse_replacement


def begin_import(
    request: wire.BeginImportRequest, origin: Origin
) -> imports.BeginImport:
    """Read how many rows are to come."""
    return imports.BeginImport(
        **common(request, origin), import_id=FactId(fresh()), rows=request.rows
    )


def try_rows(request: wire.TryRowsRequest, origin: Origin) -> trying.TryRows:
    """Read rows."""
    return trying.TryRows(caller=origin.caller, rows=_rows(request.rows))


def append_rows(request: wire.AppendRowsRequest, origin: Origin) -> staging.AppendRows:
    """Read rows."""
    return staging.AppendRows(
        caller=origin.caller,
        import_id=_id(request.import_id),
        position=request.position,
        rows=_rows(request.rows),
    )


def _rows(rows: Sequence[wire.ImportRow]) -> tuple[staging.DraftRow, ...]:
    forms.at_most(rows, MAX_FACTS, "rows")
    return tuple(_row(row, f"rows[{index}]") for index, row in enumerate(rows))


def _row(row: wire.ImportRow, field: str) -> staging.DraftRow:
    end = _end(row.end, f"{field}.end") if row.HasField("end") else None
    return staging.DraftRow(
        draft=_draft(row.fact, end, f"{field}.fact") if row.HasField("fact") else None,
        end=end,
        content=row.SerializeToString(deterministic=True),
    )


def _draft(fact: types_pb2.Fact, end: StagedEnd | None, field: str) -> Draft:
    _require_ordered(fact, field)
    fact_id = FactId(fresh())
    if end is None:
        return parse_fact(fact, fact_id, _nobody, field)
    return parse_replacement(fact, end.id, fact_id, _nobody, field)


def _require_ordered(fact: types_pb2.Fact, field: str) -> None:
    """Refuse a pair in the other order: one row has one form, and so one digest.

    Raises:
        InvalidInputError: the higher token stands first.
    """
    for name in ("rivalry", "alliance"):
        pair = getattr(fact, name)  # of another kind both tokens are empty
        if pair.group_a > pair.group_b:
            raise InvalidInputError(
                f"{field}.{name}", "must name the lower token first"
            )


def _nobody(pseudonym: bytes, field: str) -> NoReturn:
    """Refuse a person: imports are not about any.

    Raises:
        InvalidInputError: always.
    """
    del pseudonym
    raise InvalidInputError(field, "is not imported")


def _end(end: wire.RowEnd, field: str) -> StagedEnd:
    return StagedEnd(
        id=FactId(forms.token(end.fact_id, f"{field}.fact_id")),
        valid_to=forms.day(end.valid_to_day, f"{field}.valid_to_day"),
        seen=Revision(end.seen_revision),
    )


def finish_import(
    request: wire.FinishImportRequest, origin: Origin
) -> imports.FinishImport:
    """Read which import is whole."""
    return imports.FinishImport(
        caller=origin.caller,
        import_id=_id(request.import_id),
        digest=forms.sized(request.digest, forms.DIGEST_SIZE, "digest"),
    )


def show_import(request: wire.ShowImportRequest, origin: Origin) -> imports.ShowImport:
    """Read which import to show."""
    return imports.ShowImport(caller=origin.caller, import_id=_id(request.import_id))


def list_imports(
    request: wire.ListImportsRequest, origin: Origin
) -> imports.ListImports:
    """Read nothing: the list is the caller's."""
    del request
    return imports.ListImports(caller=origin.caller)


def read_rows(request: wire.ReadRowsRequest, origin: Origin) -> imports.ReadRows:
    """Read which rows to read."""
    return imports.ReadRows(
        caller=origin.caller,
        import_id=_id(request.import_id),
        position=request.position,
    )


def approve_import(
    request: wire.ApproveImportRequest, origin: Origin
) -> imports.ApproveImport:
    """Read which import to approve."""
    return imports.ApproveImport(
        **common(request, origin),
        import_id=_id(request.import_id),
        seen=forms.sized(request.digest, forms.DIGEST_SIZE, "digest"),
    )


def cancel_import(
    request: wire.CancelImportRequest, origin: Origin
) -> imports.CancelImport:
    """Read which import to end."""
    return imports.CancelImport(
        **common(request, origin), import_id=_id(request.import_id)
    )


def _id(value: bytes) -> FactId:
    return FactId(forms.token(value, "import_id"))
