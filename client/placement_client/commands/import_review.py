"""``placement import``: what was sent, and the second coordinator's word on it."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.table import Table

from placement.api.v1.import_service_pb2 import (
    IMPORT_STATE_APPROVED,
    IMPORT_STATE_OPEN,
    IMPORT_STATE_WAITING,
    ImportRow,
    RowEnd,
)
from placement.api.v1.types_pb2 import Fact
from placement.errors import (
    AccessDeniedError,
    ConflictError,
    InvalidInputError,
    NotFoundError,
)
from placement_client.commands.audit_printing import Meter
from placement_client.commands.finding_words import known_names
from placement_client.commands.hints import Hints, hinted
from placement_client.commands.report import Report, counted
from placement_client.commands.sheet_reading import folder, recorded
from placement_client.commands.sheet_words import (
    ended,
    found_import,
    import_data,
    import_rows,
    next_step,
)
from placement_client.commands.verb import Run, verb
from placement_client.days import iso_day
from placement_client.drafts import read_token
from placement_client.rendering import to_json
from placement_client.sheets.columns import COLUMNS, REASON
from placement_client.sheets.files import write_sheet
from placement_client.sheets.planning import digest_of
from placement_client.sheets.said import differences, row_of
from placement_client.sheets.spool import REMOVED, Spool
from placement_client.sheets.trying import why

_POLL: Final = 0.5  # seconds between two looks with --wait
_DIGEST_BYTES: Final = 32

_HINTS: Final[Hints] = {
    AccessDeniedError: "Another coordinator than the one who sent it approves an import.",
    NotFoundError: "`placement import list` has the imports of your region.",
    ConflictError: (
        "It does not wait (any more), or has other rows than this digest says; see "
        "`placement import show`."
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Meant:
    """Which import."""

    import_: Annotated[str, typer.Argument(metavar="IMPORT", help="Id of the import.")]

    @property
    def id(self) -> bytes:
        """The id, 16 bytes."""
        return read_token(self.import_, field="import")


def list_(run: Run) -> Report:
    """List the imports of your region that are remembered, the oldest first."""
    answer = run.session().imports.list_all()
    data = {"imports": [import_data(each) for each in answer.imports]}
    return Report(data=data, shown=[import_rows(answer.imports)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """Options of ``show``."""

    wait: Annotated[
        bool, typer.Option("--wait", help="Wait until all rows were taken over.")
    ] = False


def show(run: Run, asked: Meant, shown: Shown) -> Report:
    """Show how far an import has come, and what comes next."""
    calls = run.session().imports
    with hinted(_HINTS), Meter("Taken over") as meter:
        found = found_import(calls.show(asked.id))
        while shown.wait and found.state == IMPORT_STATE_APPROVED:
            meter.tell(found.taken, found.staged)
            run.session().pause(_POLL)
            found = found_import(calls.show(asked.id))
    parts: list[str | Table] = [import_rows([found])]
    if found.digest and found.state != IMPORT_STATE_OPEN:
        parts.append(f"Digest: {found.digest.hex()}")
    return Report(data=import_data(found), shown=[*parts, *next_step(found)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """Where rows are written."""

    to: Annotated[
        Path, typer.Option(metavar="FILE", help="A new sheet, .csv or .xlsx.")
    ]


def rows(run: Run, asked: Meant, written: Written) -> Report:
    """Write the rows of an import to a sheet, so that a second person reads them.

    A row that changes or ends a fact says so in the last column, and of a change what
    each cell was and will be. What is approved are these rows: the digest over them is
    told.
    """
    calls = run.session().imports
    with hinted(_HINTS):
        found = found_import(calls.show(asked.id))
        sent = list(calls.rows(asked.id, found.staged))
        lined = _Lines(run, found.region)
        lines = list(lined.of((row, lined.what(row)) for row in sent))
    digest = digest_of(sent)
    write_sheet(written.to, ((*COLUMNS, "does"), *lines))
    wrote = f"Wrote {counted(len(lines), 'row', 'rows')}."
    if found.state == IMPORT_STATE_WAITING:
        approval = f"placement import approve {asked.id.hex()} --digest {digest.hex()}"
        said = [f"{wrote} If they are right:", approval]
    else:
        said = [wrote, *next_step(found)]
    return Report(data={"rows": len(lines), "digest": digest.hex()}, shown=said)


class _Lines:
    """Writes rows that were sent as lines of a sheet.

    Args:
        run: asks for names, and for the facts that rows end.
        region: whose facts they are.
    """

    def __init__(self, run: Run, region: str) -> None:
        self._run = run
        self._region = region
        self._names = known_names(run)
        self._known: Mapping[bytes, Fact] | None = None

    def of(self, rows: Iterable[tuple[ImportRow, str]]) -> Iterator[tuple[str, ...]]:
        """Yield a line for each row, with a text in its last cell."""
        for row, last in rows:
            fact = row.fact if row.HasField("fact") else self._fact_ended(row.end)
            if fact is None:
                yield (*("" for _ in COLUMNS), last)
            else:
                yield (*row_of(fact, self._name), last)

    def what(self, row: ImportRow) -> str:
        """Say what a row does."""
        if not row.HasField("end"):
            return "new"
        key, day = row.end.fact_id.hex(), iso_day(row.end.valid_to_day)
        if not row.HasField("fact"):
            return f"ends fact {key} on {day}"
        before = self._on_record(row.end)
        if before is None:
            return f"changes fact {key} on {day}; it is on record no more"
        changes = "; ".join(map(str, differences(before, row.fact)))
        return f"changes fact {key} on {day}: {changes}"

    def _name(self, token: bytes) -> str:
        return self._names.get(token, token.hex())

    def _fact_ended(self, end: RowEnd) -> Fact | None:
        """Return the fact that a row ends, as it is then; if it is still on record."""
        known = self._on_record(end)
        return None if known is None else ended(known, end)

    def _on_record(self, end: RowEnd) -> Fact | None:
        if self._known is None:
            facts = recorded(self._run, self._region)
            self._known = {each.fact_id: each.fact for each in facts}
        return self._known.get(end.fact_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Approved:
    """Options of ``approve``."""

    digest: Annotated[
        str,
        typer.Option(metavar="HEX", help="As `import rows` told; 64 hex digits."),
    ]


def approve(run: Run, asked: Meant, approved: Approved) -> Report:
    """Stand behind all rows of another coordinator's import."""
    with hinted(_HINTS):
        answer = run.session().imports.approve(asked.id, _digest(approved.digest))
    said = [
        "Approved; its rows are taken over now, beside everything else.",
        f"placement import show {asked.id.hex()} --wait",
    ]
    return Report(data=to_json(answer), shown=said)


def _digest(text: str) -> bytes:
    try:
        found = bytes.fromhex(text)
    except ValueError:
        found = b""
    if len(found) != _DIGEST_BYTES:
        raise InvalidInputError("digest", "must be 64 hex digits")
    return found


def cancel(run: Run, asked: Meant) -> Report:
    """End an import that is not approved; nothing of it has taken effect."""
    with hinted(_HINTS):
        answer = run.session().imports.cancel(asked.id)
    said = ["Cancelled; nothing has changed."]
    with suppress(NotFoundError):
        Spool.find(folder(run), asked.id).drop()
        said.append(REMOVED)
    return Report(data=to_json(answer), shown=said)


def refused(run: Run, asked: Meant, written: Written) -> Report:
    """Write the rows that were not taken over to a sheet, with the reason."""
    calls = run.session().imports
    with hinted(_HINTS):
        found = found_import(calls.show(asked.id))
        faults = {each.position: why(each) for each in calls.refused(asked.id)}
        sent = enumerate(calls.rows(asked.id, found.staged))
        refused = ((row, str(faults[n])) for n, row in sent if n in faults)
        lines = list(_Lines(run, found.region).of(refused))
    write_sheet(written.to, ((*COLUMNS, REASON), *lines))
    said = f"Wrote {counted(len(lines), 'refused row', 'refused rows')}."
    return Report(data={"rows": len(lines)}, shown=[said])


def register(app: typer.Typer) -> None:
    """Add the commands to the noun's own."""
    verb(app, "list")(list_)
    verb(app, "show")(show)
    verb(app, "rows")(rows)
    verb(app, "approve")(approve)
    verb(app, "cancel")(cancel)
    verb(app, "refused")(refused)
