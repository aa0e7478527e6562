"""Plans and imports, in words and as objects."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from rich.table import Table

from placement.api.v1.import_service_pb2 import (
    IMPORT_STATE_APPROVED,
    IMPORT_STATE_CANCELLED,
    IMPORT_STATE_DONE,
    IMPORT_STATE_LAPSED,
    IMPORT_STATE_OPEN,
    IMPORT_STATE_WAITING,
    Import,
    ImportState,
    RowEnd,
)
from placement.api.v1.types_pb2 import Fact
from placement_client.commands.report import table
from placement_client.commands.sheet_reading import Read
from placement_client.days import stockholm_time
from placement_client.rendering import enum_name, to_json
from placement_client.sheets.columns import COLUMNS, REASON
from placement_client.sheets.files import write_sheet
from placement_client.sheets.planning import Outcome, Plan, Planned
from placement_client.sheets.said import Differs, differences

MOST: Final = 50
"""Rows that are shown one by one."""


def plan_data(plan: Plan) -> dict[str, object]:
    """Return a plan as an object."""
    return {
        "plan": plan.digest.hex(),
        "counts": plan.counts(),
        "rows": [_row_data(each) for each in plan.rows],
    }


def _row_data(each: Planned) -> dict[str, object]:
    return {
        "row": each.number,
        "outcome": each.outcome.value,
        "reasons": [
            {"column": fault.column, "why": fault.why, "like": list(fault.like)}
            for fault in each.faults
        ],
        "changes": [asdict(differs) for differs in differences_of(each)],
    }


def differences_of(each: Planned) -> list[Differs]:
    """Return what a row that changes or ends a fact says otherwise than the record."""
    if each.before is None or each.row is None:
        return []
    if each.outcome is Outcome.ENDED:
        return differences(each.before, ended(each.before, each.row.end))
    return differences(each.before, each.row.fact)


def ended(before: Fact, end: RowEnd) -> Fact:
    """Return a fact as it is once a row has ended it."""
    fact = Fact()
    fact.CopyFrom(before)
    fact.valid_to_day = end.valid_to_day
    return fact


def plan_parts(plan: Plan) -> list[str | Table]:
    """Return a plan for a person: how many rows of each outcome, and which are not new.

    Of a row that changes or ends a fact each column is told, as it is and as it would
    be: an empty cell takes away what stood there.
    """
    parts: list[str | Table] = [table(("Rows", "Would be"), _counted(plan)), ""]
    parts += _differing(plan, Outcome.CHANGED, "change")
    parts += _differing(plan, Outcome.ENDED, "end")
    refused = [each for each in plan.rows if each.outcome is Outcome.REFUSED]
    if refused:
        why = ((each.number, reason_of(each)) for each in refused[:MOST])
        parts += [table(("Row", "Refused because"), why), ""]
    if len(refused) > MOST:
        parts += [f"{len(refused) - MOST} more are refused; --refused has all.", ""]
    return parts


def _differing(plan: Plan, outcome: Outcome, verb: str) -> Iterator[str | Table]:
    found = [each for each in plan.rows if each.outcome is outcome]
    if found:
        rows = (
            (each.number, "; ".join(map(str, differences_of(each))))
            for each in found[:MOST]
        )
        yield from (table(("Row", f"Would {verb}"), rows), "")
    if len(found) > MOST:
        yield from (f"{len(found) - MOST} more would {verb}; --json has all.", "")


def _counted(plan: Plan) -> Iterator[tuple[int, str]]:
    for outcome, count in plan.counts().items():
        if count:
            yield count, outcome


def reason_of(each: Planned) -> str:
    """Return why a row is refused, in one text."""
    return "; ".join(map(str, each.faults))


def write_refused(path: Path, read: Read, plan: Plan) -> int:
    """Write the refused rows as a sheet with a reason column; return how many.

    Raises:
        InvalidInputError: it exists, or can't be written.
    """
    reasons = {
        each.number: reason_of(each)
        for each in plan.rows
        if each.outcome is Outcome.REFUSED
    }
    rows = (
        (*(texts.get(name, "") for name in COLUMNS), reasons[number])
        for number, texts in (
            (number, read.texts(cells)) for number, cells in read.rows()
        )
        if number in reasons
    )
    write_sheet(path, ((*COLUMNS, REASON), *rows), "refused")
    return len(reasons)


def import_data(found: Import) -> dict[str, object]:
    """Return an import as an object."""
    return to_json(found)


def import_rows(found: Iterable[Import]) -> Table:
    """Lay imports out."""
    headings = ("Import", "State", "By", "Region", "Rows", "Staged", "Taken", "Refused")
    rows = (
        (
            each.import_id.hex(),
            state_word(each),
            each.person,
            each.region,
            each.rows,
            each.staged,
            each.taken - each.refused,
            each.refused,
        )
        for each in found
    )
    return table(headings, rows)


def state_word(found: Import) -> str:
    """Return where an import is in its life."""
    return enum_name(ImportState.DESCRIPTOR, found.state)


def next_step(found: Import) -> list[str]:
    """Say what comes next."""
    key = found.import_id.hex()
    if found.state == IMPORT_STATE_OPEN:
        return [
            f"{found.staged} of {found.rows} rows are sent; nothing has changed yet.",
            f"{found.person}, who began it, goes on with: placement import resume {key}",
        ]
    if found.state in (IMPORT_STATE_CANCELLED, IMPORT_STATE_LAPSED):
        return ["It is over; nothing of it has taken effect."]
    if found.state == IMPORT_STATE_WAITING:
        until = stockholm_time(found.expires_at)
        return [
            f"It waits until {until}; nothing has changed yet.",
            "A second coordinator reads the rows and approves them:",
            f"placement import rows {key} --to FILE",
            f"placement import approve {key} --digest {found.digest.hex()}",
        ]
    if found.state == IMPORT_STATE_APPROVED:
        return [f"{found.taken} of {found.staged} rows were taken over so far."]
    if found.state == IMPORT_STATE_DONE and found.refused:
        return [f"Refused rows: placement import refused {key} --to FILE"]
    return []


def found_import(answer: Any) -> Import:  # noqa: ANN401 (any response that has one)
    """Return the import of a response; its field is a keyword."""
    found: Import = getattr(answer, "import")
    return found
