"""``placement erase``: what is past its retention, and taking it away for good."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Annotated, Final

import typer

from placement.errors import (
    AccessDeniedError,
    ConflictError,
    InvalidInputError,
    NotFoundError,
    PlacementError,
)
from placement_client.commands.hints import Hints, hinted
from placement_client.commands.report import Report, table
from placement_client.commands.verb import Run, nouns, verb
from placement_client.days import iso_day
from placement_client.drafts import read_token
from placement_client.erasures import MAX_ERASED
from placement_client.rendering import to_json

app = nouns("Coordinators: what is past its retention, and erasing it.")

_KEPT: Final = (
    "Something of it is not past its retention, protects somebody who is placed, or is "
    "in an erasure that waits. `placement erase due` lists what may be erased."
)
_ALL_DUE: Final = "All are listed as due; one of them may be proposed already."
_HINTS: Final[Hints] = {
    AccessDeniedError: "Coordinators do this.",
    NotFoundError: "`placement erase due` lists what may be erased.",
    ConflictError: _KEPT,
}
_APPROVAL_HINTS: Final[Hints] = {
    AccessDeniedError: "Another coordinator than the one who proposed it does this.",
    NotFoundError: "`placement change list` lists what waits.",
    ConflictError: "It has lapsed. " + _KEPT,
}


@verb(app, "due")
def due(run: Run) -> Report:
    """List what is past its retention in the own region, the longest first."""
    with hinted(_HINTS):
        found = run.session().erasures.expired()
    shown = found.expired[:MAX_ERASED]
    rows = [
        (each.id.hex(), each.kind, each.region, iso_day(each.since_day))
        for each in shown
    ]
    headings = ("Id", "Kind", "Region", "Past since")
    is_more = len(found.expired) > len(shown)
    more = ["There is more; erase these first."] if is_more else []
    return Report(
        data={
            "revision": found.revision,
            "expired": [to_json(each) for each in shown],
            "more": is_more,
        },
        shown=[table(headings, rows), *more],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposed:
    """Options of ``propose``."""

    ids: Annotated[
        list[str], typer.Argument(metavar="ID...", help="Ids of facts and cases.")
    ]


@verb(app, "propose")
def propose(run: Run, asked: Proposed) -> Report:
    """Propose that facts and cases are erased; a second coordinator must approve."""
    ids = [read_token(each, field="ids") for each in asked.ids]
    if len(ids) > MAX_ERASED:
        raise InvalidInputError("ids", "must be 1 to 500")
    with hinted(_HINTS), _named(run, ids):
        answer = run.session().erasures.propose(ids)
    said = (
        "Nothing is erased yet. A second coordinator looks at it with `placement change "
        f"show {answer.change_id.hex()}` and does it with `placement erase approve "
        f"{answer.change_id.hex()}`."
    )
    return Report(data=to_json(answer), shown=[said])


@contextmanager
def _named(run: Run, ids: Sequence[bytes]) -> Iterator[None]:
    """Where several were refused together, name those that are not listed as due."""
    try:
        yield
    except (ConflictError, NotFoundError) as error:
        if len(ids) > 1:
            with suppress(PlacementError):  # the refusal stands, explained or not
                due = {each.id for each in run.session().erasures.expired().expired}
                others = ", ".join(each.hex() for each in ids if each not in due)
                error.because(f"Not listed as due: {others}." if others else _ALL_DUE)
        raise


@dataclass(frozen=True, slots=True, kw_only=True)
class Approved:
    """Options of ``approve``."""

    change: Annotated[str, typer.Argument(metavar="CHANGE", help="Id of the change.")]


@verb(app, "approve")
def approve(run: Run, asked: Approved) -> Report:
    """Stand behind another coordinator's erasure: it is done, and for good."""
    change_id = read_token(asked.change, field="change_id")
    with hinted(_APPROVAL_HINTS):
        answer = run.session().erasures.approve(change_id)
    said = (
        "Erased. Nobody can read it any more, and whoever is placed is weighed again "
        "without it."
    )
    return Report(data=to_json(answer), shown=[said])
