"""``placement export``: what is on record of the own region, as a sheet."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import typer

from placement.api.v1.review_service_pb2 import (
    FACT_STATE_INERT,
    FACT_STATE_UNAPPROVED,
    RecordedFact,
)
from placement.errors import InvalidInputError
from placement_client.commands.report import Report, counted
from placement_client.commands.sheet_reading import recorded
from placement_client.commands.verb import Run, verb
from placement_client.sheets.columns import COLUMNS, KINDS
from placement_client.sheets.files import write_sheet
from placement_client.sheets.planning import key_of, not_replaced
from placement_client.sheets.said import in_order, row_of

_KIND: Final = f"must be one of {', '.join(KINDS)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """What is exported, and where to."""

    to: Annotated[
        Path, typer.Argument(metavar="FILE", help="A new sheet, .csv or .xlsx.")
    ]
    kind: Annotated[str, typer.Option(help=f"Only this: {', '.join(KINDS)}.")] = ""


def export(run: Run, asked: Exported) -> Report:
    """Write what is on record of your region to a sheet, as `placement import` reads it.

    Facts about persons are not in it, nor what counts for nothing, nor what another
    fact was recorded instead of. The rows stand in one order, whatever came first.
    """
    if asked.kind not in ("", *KINDS):
        raise InvalidInputError("kind", _KIND)
    names = run.label_book().names
    rows = in_order(
        row_of(each.fact, lambda token: names.get(token, token.hex()))
        for each in _standing(recorded(run))
        if asked.kind in ("", each.fact.WhichOneof("statement"))
    )
    write_sheet(asked.to, (COLUMNS, *rows))
    return Report(
        data={"rows": len(rows)},
        shown=[f"Wrote {counted(len(rows), 'row', 'rows')}."],
    )


def _standing(facts: Iterable[RecordedFact]) -> Iterator[RecordedFact]:
    """Yield what counts, or once did, and was not recorded anew.

    What waits to be recorded instead of a fact stands beside it. Where one row can say
    only one of the two, the row says the fact that counts.
    """
    listed = list(facts)
    keys = {each.fact_id: key_of(each.fact) for each in listed}
    for each in not_replaced(listed):
        waits = each.state == FACT_STATE_UNAPPROVED
        hidden = waits and keys.get(each.replaces) == keys[each.fact_id]
        if each.state != FACT_STATE_INERT and not hidden:
            yield each


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    verb(app, "export")(export)
