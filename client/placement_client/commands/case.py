"""``placement case``: open, show and close a municipality's cases."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Final

import typer
from rich.console import RenderableType

from placement.api.v1.check_service_pb2 import (
    Basis,
    CloseReason,
    OwnPermit,
    OwnPlacement,
)
from placement.errors import AccessDeniedError, ClosedError, NotFoundError
from placement.reference import require_reference
from placement_client.commands.asking import ask_household, distinct, read_lines
from placement_client.commands.case_words import (
    HEADINGS,
    PERMIT_HEADINGS,
    cells,
    permit_cells,
    permit_data,
    permit_reminders,
    reminders,
    to_data,
)
from placement_client.commands.closing_words import closing_question, still_placed
from placement_client.commands.hint_words import NO_CASEWORKER
from placement_client.commands.hints import Hints, hinted
from placement_client.commands.options import Case, IdentifierStdin, choice, chosen
from placement_client.commands.report import Report, table
from placement_client.commands.verb import Run, nouns, verb
from placement_client.days import now, stockholm_time
from placement_client.drafts import read_token
from placement_client.rendering import to_json
from placement_client.stays import is_confirmed

_SAME_REFERENCE: Final = (
    "Your municipality has another case under this reference that is not closed. If it "
    "is the same matter, go on with one of the two, and close the other: placement case "
    "close"
)
_NOT_YOURS: Final = (
    "No case of your municipality has this handle, the one that `placement case open` "
    "printed. Is it whole?"
)
_CLOSING: Final[Hints] = {
    NotFoundError: _NOT_YOURS,
    ClosedError: "It is closed already. Who is placed stays so until that is ended.",
    AccessDeniedError: NO_CASEWORKER,
}
_SHOWING: Final[Hints] = {NotFoundError: _NOT_YOURS, AccessDeniedError: NO_CASEWORKER}

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
            *([_SAME_REFERENCE] if answer.same_reference else []),
        ],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """Options of ``show``."""

    case: Case


@verb(app, "show")
def show(run: Run, asked: Shown) -> Report:
    """Show one of your own cases: what is held and placed for it, and its permits.

    The newest come first. A release or an override that is in force still covers only
    what was known when it was given.
    """
    handle = read_token(asked.case, field="case_handle")
    with hinted(_SHOWING):
        answer = run.session().show_case(handle)
    rows = [
        ("Reference", answer.reference),
        ("Opened", stockholm_time(answer.opened_at)),
        ("Assessed by a coordinator", "yes" if answer.assessed else "not yet"),
        ("Closed", "yes" if answer.closed else "no"),
        ("Further areas it may ask about", answer.areas_left),
        ("Phone", answer.contact or "-"),
    ]
    at = now(run.clock)
    return Report(
        data={
            **to_json(answer),
            "placements": list(map(to_data, answer.placements)),
            "permits": [permit_data(each, at) for each in answer.permits],
        },
        shown=[
            table(("Case", asked.case), rows),
            *_placements(answer.placements, at),
            *_permits(answer.permits, at),
        ],
    )


def _placements(placements: Sequence[OwnPlacement], at: int) -> list[RenderableType]:
    """Say what is held and placed; of a hold, that it lapses."""
    rows = [cells(each, at) for each in placements]
    if not rows:
        return ["Nothing is held or placed for it."]
    told = [line for each in placements for line in reminders(each, placements, at)]
    return [table(HEADINGS, rows), *told]


def _permits(permits: Sequence[OwnPermit], at: int) -> list[RenderableType]:
    """Say which releases and overrides there are, and what to do with them."""
    if not permits:
        return []
    rows = [permit_cells(each, at) for each in permits]
    return [table(PERMIT_HEADINGS, rows), *permit_reminders(permits, at)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """Options of ``close``."""

    case: Case
    reason: Annotated[str, choice(CloseReason, "Why")]
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False


@verb(app, "close")
def close(run: Run, asked: Closed) -> Report:
    """Close a case, or record that the person withdrew consent.

    It can't be opened again. What is held for it is given up. Who lives somewhere still
    counts as placed: end that placement when they move out.
    """
    reason = chosen(CloseReason, asked.reason, field="reason")
    handle = read_token(asked.case, field="case_handle")
    with hinted(_CLOSING):
        seen = run.session().show_case(handle)
        placed = list(filter(is_confirmed, seen.placements))
        if not asked.yes:
            question = closing_question(seen, now(run.clock))
            typer.confirm(question, abort=True, err=True)
        answer = run.session().close_case(handle, reason)
    return Report(
        data=to_json(answer),
        shown=[
            "Closed. The case takes no further questions.",
            *(still_placed(each) for each in placed),
        ],
    )
