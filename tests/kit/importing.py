"""Imports by short names."""

from typing import Any

from kit.commands import COORDINATOR, asked, coordinator, fresh
from placement.access import SERVICE, Caller
from placement.domain.decide import imports, staging, taking, trying
from placement.domain.import_events import ImportStaged, StagedEnd
from placement.domain.imports import first_digest, next_digest
from placement.domain.terms import Revision

SECOND = coordinator(person="co-02")


def begin(rows: int = 1, **given: Any) -> imports.BeginImport:
    return imports.BeginImport(
        **asked(given.get("caller", COORDINATOR), given),
        import_id=given.get("import_id") or fresh(),
        rows=rows,
    )


def row(draft: Any = None, *, ends: Any = None) -> staging.DraftRow:
    """Return a row; ``ends`` is (fact, day) or (fact, day, seen revision)."""
    end = None
    if ends is not None:
        fact, day, *seen = ends
        end = StagedEnd(id=fact, valid_to=day, seen=Revision(*seen or (0,)))
    return staging.DraftRow(draft=draft, end=end, content=repr((draft, ends)).encode())


def append(
    key: bytes, *rows: Any, position: int = 0, caller: Caller = COORDINATOR
) -> staging.AppendRows:
    return staging.AppendRows(
        caller=caller, import_id=key, position=position, rows=rows
    )


def try_(*rows: staging.DraftRow, caller: Caller = COORDINATOR) -> trying.TryRows:
    return trying.TryRows(caller=caller, rows=rows)


def over(*rows: staging.DraftRow) -> bytes:
    digest = first_digest()
    for each in rows:
        digest = next_digest(digest, each.content)
    return digest


def finish(
    key: bytes, digest: bytes = b"", caller: Caller = COORDINATOR
) -> imports.FinishImport:
    return imports.FinishImport(caller=caller, import_id=key, digest=digest)


def approve(key: bytes, seen: bytes = b"", **given: Any) -> imports.ApproveImport:
    caller = given.get("caller", SECOND)
    return imports.ApproveImport(**asked(caller, given), import_id=key, seen=seen)


def cancel(key: bytes, **given: Any) -> imports.CancelImport:
    caller = given.get("caller", COORDINATOR)
    return imports.CancelImport(**asked(caller, given), import_id=key)


def show(key: bytes, caller: Caller = COORDINATOR) -> imports.ShowImport:
    return imports.ShowImport(caller=caller, import_id=key)


def read(
    key: bytes, position: int = 0, caller: Caller = COORDINATOR
) -> imports.ReadRows:
    return imports.ReadRows(caller=caller, import_id=key, position=position)


def list_(caller: Caller = COORDINATOR) -> imports.ListImports:
    return imports.ListImports(caller=caller)


def take(staged: ImportStaged | None = None, after: int = 0) -> taking.TakeRows:
    if staged is None:
        staged = ImportStaged(id=fresh(), position=0, rows=(), digest=bytes(32))
    return taking.TakeRows(caller=SERVICE, staged=staged, after=after)
