"""What the rows of a plan would do to whoever is placed."""

from collections.abc import Sequence
from typing import Final

from placement.api.v1.registry_service_pb2 import Ending, PreviewChangeRequest
from placement.errors import BudgetError, ConflictError, InvalidInputError
from placement_client.commands.hints import Hints, hinted
from placement_client.commands.preview import foreseen
from placement_client.commands.report import Report
from placement_client.commands.verb import Run
from placement_client.lives import MAX_CHANGED
from placement_client.sheets.planning import Plan

_HINTS: Final[Hints] = {
    ConflictError: (
        "A preview knows no row that changes a rivalry, an alliance or a faction in "
        "place: --effects can be had of a sheet without such rows."
    ),
}


_NONE: Final = "No effects are shown."


def effects_or_why(run: Run, plan: Plan) -> Report:
    """Return what a plan would do, or why that can't be told.

    Raises:
        PlacementError: the call failed.
    """
    try:
        return effects_of(run, plan)
    except InvalidInputError as error:
        return _none([f"Effects {error.description}.", *error.notes])
    except (BudgetError, ConflictError) as error:
        return _none(error.notes)


def _none(why: Sequence[str]) -> Report:
    return Report(data={"missing": list(why)}, shown=[_NONE, *why])


def effects_of(run: Run, plan: Plan) -> Report:
    """Return what the facts and ends that a plan would send would do.

    Raises:
        InvalidInputError: there are more of them than a preview takes, or none.
        PlacementError: the call failed.
    """
    rows = [each.row for each in plan.sent() if each.row is not None]
    if not 1 <= len(rows) <= MAX_CHANGED:
        phrase = f"can be shown of 1 to {MAX_CHANGED} rows that would change something"
        raise InvalidInputError("effects", phrase)
    request = PreviewChangeRequest(
        facts=[row.fact for row in rows if row.HasField("fact")],
        endings=[
            Ending(
                fact_id=row.end.fact_id,
                valid_to_day=row.end.valid_to_day,
                seen_revision=row.end.seen_revision,
            )
            for row in rows
            if row.HasField("end")
        ],
    )
    with hinted(_HINTS):
        return foreseen(run, request)
