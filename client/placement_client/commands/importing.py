"""``placement import``: read a sheet, see what it would do, and send it.

Reading, mapping and comparing happen here; names of groups never leave. What is sent
waits for a second coordinator, whose commands are in ``import_review``.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import RenderableType

from placement.api.v1.import_service_pb2 import IMPORT_STATE_WAITING
from placement.errors import (
    AccessDeniedError,
    ConflictError,
    InvalidInputError,
    NotFoundError,
)
from placement_client.commands import import_review
from placement_client.commands.audit_printing import Meter
from placement_client.commands.hints import Hints, hinted
from placement_client.commands.report import Exit, Report, counted
from placement_client.commands.sheet_effects import effects_or_why
from placement_client.commands.sheet_reading import Read, Sheet, folder, made_plan
from placement_client.commands.sheet_words import (
    import_data,
    next_step,
    plan_data,
    plan_parts,
    write_refused,
)
from placement_client.commands.verb import Run, nouns, verb
from placement_client.drafts import read_token
from placement_client.sheets.columns import KINDS, columns_of
from placement_client.sheets.files import write_sheet
from placement_client.sheets.mapping import ColumnMap
from placement_client.sheets.planning import Plan, digest_of
from placement_client.sheets.sending import OverError, begin, send
from placement_client.sheets.spool import REMOVED, Spool

app = nouns("Coordinators: many facts from a sheet, and what becomes of them.")
import_review.register(app)

_HINTS: Final[Hints] = {
    AccessDeniedError: "Whoever began an import goes on with it.",
    ConflictError: (
        "It is open no more, or other rows stand in it already: placement import list."
    ),
    NotFoundError: (
        "What an import sends lies on the machine where it was begun; there is none "
        "here under this id."
    ),
}
_FULL: Final[Hints] = {
    ConflictError: (
        "Your region has as many imports under way as it may, three unless the ruleset "
        "says otherwise: placement import list. Each counts until it is done, cancelled "
        "or lapsed."
    )
}
_NOTHING: Final = "Nothing would change; there is nothing to commit."
_ANEW: Final = "To send them all the same, make the dry run again, and commit it."
_STALE: Final = (
    "is not what this sheet would do now: the sheet, the registry or the day changed "
    "since the dry run; make it again"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """Which template."""

    to: Annotated[
        Path, typer.Argument(metavar="FILE", help="A new file, .csv or .xlsx.")
    ]
    kind: Annotated[
        str, typer.Option(help=f"What its rows will say: {', '.join(KINDS)}.")
    ]


@verb(app, "template")
def template(run: Run, asked: Template) -> Report:
    """Write an empty sheet with the headings of one kind of fact."""
    del run
    if asked.kind not in KINDS:
        raise InvalidInputError("kind", f"must be one of {', '.join(KINDS)}")
    columns = columns_of(asked.kind)
    write_sheet(asked.to, [columns])
    return Report(
        data={"kind": asked.kind, "columns": list(columns)},
        shown=[f"Written, with {len(columns)} columns; docs/sheets.md explains them."],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapped:
    """Which mapping."""

    to: Annotated[Path, typer.Argument(metavar="FILE", help="A new file, JSON.")]
    column: Annotated[
        list[str] | None,
        typer.Option(
            metavar="HEADING=COLUMN", help="One heading; without COLUMN it is ignored."
        ),
    ] = None
    fixed: Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMN=TEXT", help="What every row says."),
    ] = None


@verb(app, "map")
def map_(run: Run, asked: Mapped) -> Report:
    """Save which headings of your sheets are which of ours."""
    del run
    made = ColumnMap(
        _pairs(asked.column or [], "column"), _pairs(asked.fixed or [], "fixed")
    )
    made.require_known()
    made.save(asked.to)
    data = {"columns": dict(made.columns), "fixed": dict(made.fixed)}
    return Report(data=data, shown=["Saved; use it with --map."])


def _pairs(given: list[str], field: str) -> dict[str, str]:
    """Read ``NAME=VALUE`` options.

    Raises:
        InvalidInputError: one has no equals sign, or one name stands twice.
    """
    split = [text.rpartition("=") for text in given]
    if not all(sign for _, sign, _ in split):
        raise InvalidInputError(field, "must be NAME=VALUE")
    pairs = {name: value for name, _, value in split}
    if len(pairs) != len(given):
        raise InvalidInputError(field, "names one thing twice")
    return pairs


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRun:
    """Options of ``dry-run``."""

    refused: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write refused rows to a new sheet."),
    ] = None
    effects: Annotated[
        bool,
        typer.Option(
            "--effects",
            help="Show what up to 500 rows would do to standing placements; costs a "
            "preview of the day.",
        ),
    ] = False


@verb(app, "dry-run")
def dry_run(run: Run, sheet: Sheet, asked: DryRun) -> Report:
    """Say what each row of a sheet would do; nothing is sent but questions."""
    read = Read.of(sheet)
    plan = made_plan(run, read)
    parts: list[RenderableType] = [*plan_parts(plan)]
    if asked.refused is not None:
        count = write_refused(asked.refused, read, plan)
        parts.append(f"Wrote {counted(count, 'refused row', 'refused rows')}.")
    if any(True for _ in plan.sent()):
        parts.append(f"To send the others: --plan {plan.digest.hex()}")
        parts.append("placement import commit, with this and the same sheet.")
    else:
        parts.append(_NOTHING)
    refused, data = plan.counts()["refused"], plan_data(plan)
    if asked.effects:
        effects = effects_or_why(run, plan)
        data["effects"] = effects.data
        parts = [*effects.shown, "", *parts]
    return Report(
        data=data,
        shown=parts,
        code=Exit.USAGE if refused else Exit.CLEAR,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed:
    """Options of ``commit``."""

    plan: Annotated[
        str, typer.Option(metavar="HEX", help="What the dry run told, 64 hex digits.")
    ]


@verb(app, "commit")
def commit(run: Run, sheet: Sheet, asked: Committed) -> Report:
    """Send what a dry run showed; it then waits for a second coordinator.

    Interrupted with Ctrl-C, or after a crash, it goes on with `placement import resume`.
    """
    plan = made_plan(run, Read.of(sheet))
    if asked.plan != plan.digest.hex():
        raise InvalidInputError("plan", _STALE)
    _require_something(plan)
    _require_unsent(run, plan)
    spool = Spool.of(folder(run), plan)
    with hinted(_FULL):
        import_id = begin(run.session().imports, spool)
    with hinted(_HINTS):
        return _sent(run, spool, import_id)


def _require_something(plan: Plan) -> None:
    if next(plan.sent(), None) is None:
        raise InvalidInputError("file", "would change nothing")


def _require_unsent(run: Run, plan: Plan) -> None:
    """Refuse rows that wait already: approved twice, some would stand there twice."""
    sent = (each.row for each in plan.sent() if each.row is not None)
    digest = digest_of(sent)
    for each in run.session().imports.list_all().imports:
        if each.state == IMPORT_STATE_WAITING and each.digest == digest:
            key = each.import_id.hex()
            why = f"was sent already: its rows wait as import {key}"
            raise InvalidInputError("file", why)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumed:
    """Which import."""

    import_: Annotated[str, typer.Argument(metavar="IMPORT", help="Id of the import.")]


@verb(app, "resume")
def resume(run: Run, asked: Resumed) -> Report:
    """Go on sending what was interrupted, from where it ended."""
    import_id = read_token(asked.import_, field="import")
    with hinted(_HINTS):
        spool = Spool.find(folder(run), import_id)
        return _sent(run, spool, import_id)


def _sent(run: Run, spool: Spool, import_id: bytes) -> Report:
    """Send a spool; interrupted, say how to go on."""
    key = import_id.hex()
    try:
        with Meter("Sent") as meter:
            found = send(run.session().imports, spool, import_id, meter.tell)
    except KeyboardInterrupt:
        said = f"Paused; nothing is lost. Go on with: placement import resume {key}"
        return Report(
            data={"import_id": key, "paused": True}, shown=[said], code=Exit.ERROR
        )
    except OverError as error:
        spool.drop()
        raise error.because(REMOVED, _ANEW) from None
    except (InvalidInputError, ConflictError) as error:
        ends = f"The import stays open; to end it: placement import cancel {key}"
        raise error.because(ends) from None
    spool.drop()
    said = f"Import {key} has {counted(found.staged, 'row', 'rows')}."
    return Report(data=import_data(found), shown=[said, *next_step(found)])
