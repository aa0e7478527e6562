"""``placement case``: open, show and close a municipality's cases."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

import typer
from rich.console import RenderableType

from placement.api.v1.check_service_pb2 import Basis, CloseReason, OwnPlacement
from placement.reference import require_reference
from placement_client.commands.asking import ask_household, distinct, read_lines
from placement_client.commands.case_words import HEADINGS, cells, reminders, to_data
from placement_client.commands.options import Case, IdentifierStdin, choice, chosen
from placement_client.commands.report import Report, table
from placement_client.commands.verb import Run, nouns, verb
from placement_client.days import now, stockholm_time
from placement_client.drafts import read_token
from placement_client.rendering import to_json

app = nouns("Open, show and close your municipality's cases.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """Options of ``open``."""

    reference: Annotated[str, typer.Option(help="Your own case number.")]
    basis: Annotated[str, choice(Basis, "On whose word")]
    identifier_stdin: IdentifierStdin = False


@verb(app, "open")
def open_(run: Run, asked: Opened) -> Report:
    """Open a case for a person and the household.

    The identifiers are asked for unseen, the leaving person's first; they are never
    taken from the command line, and the service never receives them.
    """
    # Before a person is asked for: neither a number nor its evaluation goes to waste.
    require_reference(asked.reference)
    basis = chosen(Basis, asked.basis, field="basis")
    session = run.session()
    if asked.identifier_stdin:
        identifiers = distinct(read_lines(run))
    else:
        identifiers = ask_household(run)
    answer = session.open_case(
        session.pseudonyms(identifiers), reference=asked.reference, basis=basis
    )
    return Report(
        data=to_json(answer),
        shown=[
            f"Opened case {answer.case_handle.hex()}",
            "Keep the handle with your own case number. Until a coordinator has",
            "assessed the case, every check answers UNKNOWN.",
        ],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """Options of ``show``."""

    case: Case


@verb(app, "show")
def show(run: Run, asked: Shown) -> Report:
    """Show one of your own cases, and what is held and placed for it, newest first."""
    answer = run.session().show_case(read_token(asked.case, field="case_handle"))
    rows = [
        ("Reference", answer.reference),
        ("Opened", stockholm_time(answer.opened_at)),
        ("Assessed by a coordinator", "yes" if answer.assessed else "not yet"),
        ("Closed", "yes" if answer.closed else "no"),
        ("Further areas it may ask about", answer.areas_left),
    ]
    return Report(
        data={**to_json(answer), "placements": list(map(to_data, answer.placements))},
        shown=[
            table(("Case", asked.case), rows),
            *_placements(answer.placements, now(run.clock)),
        ],
    )


def _placements(placements: Iterable[OwnPlacement], at: int) -> list[RenderableType]:
    """Say what is held and placed; of a hold, that it lapses."""
    rows = [cells(each) for each in placements]
    if not rows:
        return ["Nothing is held or placed for it."]
    told = [line for each in placements for line in reminders(each, at)]
    return [table(HEADINGS, rows), *told]


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """Options of ``close``."""

    case: Case
    reason: Annotated[str, choice(CloseReason, "Why")]


@verb(app, "close")
def close(run: Run, asked: Closed) -> Report:
    """Close a case, or record that the person withdrew consent.

    What is held for it is given up.
    """
    reason = chosen(CloseReason, asked.reason, field="reason")
    handle = read_token(asked.case, field="case_handle")
    answer = run.session().close_case(handle, reason)
    shown = ["Closed. The case takes no further questions."]
    return Report(data=to_json(answer), shown=shown)
