"""``placement change``: what waits for a second coordinator."""

from dataclasses import dataclass
from typing import Annotated

import typer

from placement_client.commands.report import Report, table
from placement_client.commands.verb import Run, nouns, verb
from placement_client.days import stockholm_time
from placement_client.drafts import read_token
from placement_client.rendering import to_json

app = nouns("Coordinators: list and approve changes that wait for a second one.")


@verb(app, "list")
def list_(run: Run) -> Report:
    """List the changes that wait, oldest first."""
    answer = run.session().list_changes()
    rows = [
        (
            each.change_id.hex(),
            each.person,
            each.region,
            each.records,
            each.amendments,
            stockholm_time(each.expires_at),
        )
        for each in answer.changes
    ]
    headings = ("Change", "By", "Region", "Makes firm", "Amends", "Lapses")
    return Report(data=to_json(answer), shown=[table(headings, rows)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Approved:
    """Options of ``approve``."""

    change: Annotated[str, typer.Argument(metavar="CHANGE", help="Id of the change.")]


@verb(app, "approve")
def approve(run: Run, asked: Approved) -> Report:
    """Stand behind another coordinator's change."""
    answer = run.session().approve_change(read_token(asked.change, field="change_id"))
    return Report(data=to_json(answer), shown=["Approved; the change is in force."])
