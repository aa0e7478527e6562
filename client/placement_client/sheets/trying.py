"""What the service alone can say of rows in a dry run.

What contradicts a link may stand under another name of a group; which names are one
group's this machine does not know.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from placement.api.v1.import_service_pb2 import ImportRow, RefusedRow, RowRefusal
from placement_client.sheets.planning import LINKS, Outcome, Plan
from placement_client.sheets.rows import Fault
from placement_client.sheets.sending import cuts

Ask = Callable[[Sequence[ImportRow]], Sequence[RefusedRow]]
"""Asks which of some rows would be refused."""

_WHY: Final[Mapping[int, str]] = {
    RowRefusal.ROW_REFUSAL_INVALID: "is not valid by the ruleset in force",
    RowRefusal.ROW_REFUSAL_CONTRADICTION: (
        "contradicts what is on record, perhaps under another name of a group: it says "
        "a link a second time, closes a circle of factions, or ends what has ended"
    ),
    RowRefusal.ROW_REFUSAL_CHANGED: "speaks of a fact that changed since the dry run",
    RowRefusal.ROW_REFUSAL_ABSENT: "speaks of a fact that is on record no more",
}


def why(refused: RefusedRow) -> Fault:
    """Return why the service refuses a row."""
    return Fault("row", _WHY.get(refused.reason, "was refused"))


def tried(plan: Plan, ask: Ask) -> Plan:
    """Return a plan without the links that the service would refuse.

    Raises:
        PlacementError: a call failed.
    """
    places = [n for n, each in enumerate(plan.rows) if _states_link(each.row)]
    links = [row for n in places if (row := plan.rows[n].row) is not None]
    rows = list(plan.rows)
    for cut in cuts(links) if links else ():
        for refused in ask(cut.rows):
            place = places[cut.position + refused.position]
            rows[place] = replace(
                rows[place], outcome=Outcome.REFUSED, row=None, faults=(why(refused),)
            )
    return replace(plan, rows=rows)


def _states_link(row: ImportRow | None) -> bool:
    return row is not None and row.fact.WhichOneof("statement") in LINKS
