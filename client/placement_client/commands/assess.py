"""``placement assess``: attest that what is known about a case is recorded."""

from dataclasses import dataclass
from typing import Annotated, Final

import typer
from rich.console import RenderableType

from placement.errors import (
    AccessDeniedError,
    ClosedError,
    InvalidInputError,
    NotFoundError,
)
from placement_client.commands.drafting import read_facts, read_file
from placement_client.commands.hints import Hints, hinted
from placement_client.commands.options import Case
from placement_client.commands.recording import fact_table
from placement_client.commands.report import Report
from placement_client.commands.verb import Run, verb
from placement_client.commands.waiting import waiting
from placement_client.drafts import read_token
from placement_client.registry import MAX_ASSESSED
from placement_client.rendering import to_json

_REFUSED: Final[Hints] = {
    AccessDeniedError: (
        "The police coordinator assesses. Give the case's handle to the coordinator; "
        "`placement case show` tells when it is done."
    ),
    NotFoundError: (
        "No case of your region has this handle; a case of another region answers as if "
        "it were not there. Ask the caseworker to read the handle out again."
    ),
    ClosedError: "A closed case is not assessed; the municipality opens a new one.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessed:
    """Options of ``assess``."""

    case: Case
    none_known: Annotated[
        bool, typer.Option("--none-known", help="Nothing further is known.")
    ] = False
    fact_file: Annotated[
        str,
        typer.Option(
            metavar="FILE", help="Facts to record in the same step, JSON; - is stdin."
        ),
    ] = ""
    child: Annotated[
        list[int] | None,
        typer.Option(
            metavar="POSITION", min=0, help="A household member who is a child."
        ),
    ] = None


def assess(run: Run, asked: Assessed) -> Report:
    """Attest that what is known about a case's members is recorded.

    Give --none-known, or --fact-file with facts as `placement fact record --file`
    takes them; a person who names no case there is a member of this one.
    """
    if not (asked.none_known or asked.fact_file):
        raise InvalidInputError("assess", "needs --none-known or --fact-file")
    handle = read_token(asked.case, field="case_handle")
    drafts = read_file(run, asked.fact_file) if asked.fact_file else []
    if len(drafts) > MAX_ASSESSED:
        phrase = f"must be at most {MAX_ASSESSED}; record the others before"
        raise InvalidInputError("facts", phrase)
    facts = read_facts(run, drafts, case=handle)
    with hinted(_REFUSED):
        answer = run.session().registry.assess_case(
            handle, facts, none_known=asked.none_known, children=asked.child or ()
        )
    shown: list[RenderableType] = [f"Assessed; facts recorded: {len(facts)}."]
    if facts:
        shown.append(fact_table(facts, [each.hex() for each in answer.fact_ids]))
    shown += waiting(answer.change_id)
    return Report(data=to_json(answer), shown=shown)


def register(app: typer.Typer) -> None:
    """Add the command to the top of the parser."""
    verb(app, "assess")(assess)
