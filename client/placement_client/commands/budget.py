"""``placement budget``: what may still be asked."""

from dataclasses import dataclass
from typing import Annotated, Final

import typer

from placement.errors import (
    AccessDeniedError,
    ClosedError,
    InvalidInputError,
    NotFoundError,
)
from placement_client.commands.budget_words import HEADINGS, rows, to_data
from placement_client.commands.hints import Hints, hinted
from placement_client.commands.options import area_code, area_names
from placement_client.commands.report import Report, table
from placement_client.commands.verb import Run, nouns, verb
from placement_client.drafts import read_token

app = nouns("See what a question would cost, and what is left.")

_TOO_MUCH: Final = (
    "That is more than is left, so the check would be refused. Ask about fewer areas, or "
    "phone the coordinator."
)
_APART: Final = (
    "Evaluations: kept by the custodians. Each has a budget of its own and says when it is "
    "spent."
)
_HINTS: Final[Hints] = {
    AccessDeniedError: "Caseworkers and coordinators have budgets.",
    ClosedError: "It is closed, and a closed case asks nothing any more.",
    NotFoundError: (
        "No case of your municipality has this handle, the one that `placement case "
        "open` printed. Is it whole?"
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Budgeted:
    """Options of ``show``."""

    case: Annotated[
        str, typer.Option(metavar="HANDLE", help="One of your cases; its budget, too.")
    ] = ""
    area: Annotated[
        list[str] | None,
        typer.Option(
            metavar="AREA",
            autocompletion=area_names,
            help="What asking about it would take; up to five times.",
        ),
    ] = None


@verb(app, "show")
def show(run: Run, asked: Budgeted) -> Report:
    """Show how many areas you may still ask about, and how many evaluations you have.

    An evaluation turns one person's number into a pseudonym: opening a case takes one
    for each person. With --case and --area it says what a check would take, and sends none. It depends on
    what was asked before, and on nothing that is recorded about anybody.
    """
    codes = [
        area_code(text, f"areas[{place}]")
        for place, text in enumerate(asked.area or ())
    ]
    if codes and not asked.case:
        raise InvalidInputError("areas", "have no meaning without --case")
    handle = read_token(asked.case, field="case_handle") if asked.case else b""
    with hinted(_HINTS):
        answer = run.session().budgets.show(handle, codes)
    shown = list(rows(answer))
    return Report(
        data=to_data(answer),
        shown=[
            *([table(HEADINGS, shown)] if shown else []),
            *([] if answer.HasField("evaluations") else [_APART]),
            *([] if answer.affords else [_TOO_MUCH]),
        ],
    )
