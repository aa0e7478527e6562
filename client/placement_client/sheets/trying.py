"""What the service alone can say of rows in a dry run, or of facts that it refused.

What contradicts a link may stand under another name of a group; which names are one
group's this machine does not know.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from placement.api.v1.import_service_pb2 import ImportRow, RefusedRow, RowRefusal
from placement.api.v1.types_pb2 import Fact
from placement.errors import InvalidInputError
from placement_client.sheets.planning import LINKS, Outcome, Plan
from placement_client.sheets.rows import Fault
from placement_client.sheets.sending import cuts

Ask = Callable[[Sequence[ImportRow]], Sequence[RefusedRow]]
"""Asks which of some rows would be refused."""

_WHY: Final[Mapping[int, str]] = {
    RowRefusal.ROW_REFUSAL_INVALID: "is not valid by the ruleset in force",
    RowRefusal.ROW_REFUSAL_CONTRADICTION: (
        "contradicts what is on record or a row before it, perhaps under another name of "
        "a group: it says a link a second time, closes a circle of factions, or ends "
        "what has ended"
    ),
    RowRefusal.ROW_REFUSAL_CHANGED: "speaks of a fact that changed since the dry run",
    RowRefusal.ROW_REFUSAL_ABSENT: "speaks of a fact that is on record no more",
}


def why(refused: RefusedRow) -> Fault:
    """Return why the service refuses a row."""
    return Fault("row", _WHY.get(refused.reason, "was refused"))


def tried(plan: Plan, ask: Ask) -> Plan:
    """Return a plan without the rows that the service would refuse.

    Raises:
        PlacementError: a call failed.
    """
    places = [n for n, each in enumerate(plan.rows) if _is_asked(each.row)]
    asked = [row for n in places if (row := plan.rows[n].row) is not None]
    rows = list(plan.rows)
    for cut in cuts(asked) if asked else ():
        for position, fault in _refused(cut.rows, ask):
            place = places[cut.position + position]
            rows[place] = replace(
                rows[place], outcome=Outcome.REFUSED, row=None, faults=(fault,)
            )
    return replace(plan, rows=rows)


def contradicting(facts: Sequence[Fact], ask: Ask) -> Iterator[int]:
    """Yield the positions of facts that contradict what is on record, or one before.

    Two that contradict each other are found if one call holds both.

    Raises:
        PlacementError: a call failed.
    """
    places = [n for n, fact in enumerate(facts) if _is_link(fact)]
    rows = [ImportRow(fact=_ordered(facts[n])) for n in places]
    for cut in cuts(rows) if rows else ():
        for refused in ask(cut.rows):
            if refused.reason == RowRefusal.ROW_REFUSAL_CONTRADICTION:
                yield places[cut.position + refused.position]


def _refused(rows: Sequence[ImportRow], ask: Ask) -> Iterator[tuple[int, Fault]]:
    """Yield which rows of one call are refused, and why.

    One that can't be refuses the call: without it the others are asked about again.
    """
    left = list(range(len(rows)))
    while left:
        try:
            found = ask([rows[n] for n in left])
        except InvalidInputError as error:
            number, _, rest = error.field.removeprefix("rows[").partition("]")
            if not number.isdecimal() or int(number) >= len(left):
                raise
            column = rest.rpartition(".")[2] or "row"
            yield left.pop(int(number)), Fault(column, error.description)
        else:
            yield from ((left[each.position], why(each)) for each in found)
            return


def _is_asked(row: ImportRow | None) -> bool:
    """Tell whether the service may refuse a row for what it alone knows."""
    if row is None or not row.HasField("fact"):
        return False
    return _is_link(row.fact) or row.fact.HasField("review_by_day")


def _ordered(fact: Fact) -> Fact:
    """Return a fact that names two groups in the order that a row has them in."""
    ordered = Fact.FromString(fact.SerializeToString())
    for pair in (ordered.rivalry, ordered.alliance):
        if pair.group_a > pair.group_b:
            pair.group_a, pair.group_b = pair.group_b, pair.group_a
    return ordered


def _is_link(fact: Fact) -> bool:
    """Tell whether a fact is of a kind that can contradict others."""
    return fact.WhichOneof("statement") in LINKS
