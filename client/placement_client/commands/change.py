"""``placement change``: what waits for a second coordinator."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, cast

import typer

from placement.api.v1.registry_service_pb2 import ChangeItem
from placement_client.commands.report import Report, table
from placement_client.commands.verb import Run, nouns, verb
from placement_client.days import iso_day, stockholm_time
from placement_client.drafts import read_token
from placement_client.rendering import said, to_json

app = nouns("Coordinators: see and approve changes that wait for a second one.")


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
class Shown:
    """Options of ``show``."""

    change: Annotated[str, typer.Argument(metavar="CHANGE", help="Id of the change.")]


@verb(app, "show")
def show(run: Run, asked: Shown) -> Report:
    """Show what a change that waits would do, fact by fact.

    Groups are named if this context has the label key. Persons are never shown.
    """
    change_id = read_token(asked.change, field="change_id")
    answer = run.session().show_change(change_id)
    names = _names(run)
    items = [
        {
            "fact_id": each.fact_id.hex(),
            **_effect(each),
            **said(each.fact, names),
        }
        for each in answer.items
    ]
    rows = [
        (each["fact_id"], _words(each), each["kind"], *_columns(each)) for each in items
    ]
    headings = ("Fact", "Would", "Kind", "Says", "Since", "Until", "Grade")
    return Report(
        data={"change": to_json(answer.change), "items": items},
        shown=[table(headings, rows)],
    )


def _names(run: Run) -> dict[bytes, str]:
    """Return the groups' names by token, as far as this machine knows them."""
    if not run.profile().label_key:
        return {}
    return {label.token: label.name for label in run.label_book()}


def _effect(item: ChangeItem) -> dict[str, object]:
    """Return what a change does to a fact: its word, and what comes with it."""
    effect = item.WhichOneof("effect") or "unknown"
    data: dict[str, object] = {"effect": effect}
    if effect == "ended_on_day":
        data |= {"effect": "ended", "on": iso_day(item.ended_on_day)}
    if effect == "regraded":
        data |= {"to": to_json(item.regraded)}
    return data


def _words(item: Mapping[str, object]) -> str:
    """Say an effect in words."""
    match item:
        case {"effect": "made_firm"}:
            return "become firm"
        case {"effect": "ended", "on": day}:
            return f"end on {day}"
        case {"effect": "retracted"}:
            return "be retracted"
        case {"effect": "regraded", "to": {"scheme": scheme, "given": given}}:
            return f"be graded {given} ({scheme})"
        case _:
            return "do what this version does not know"


def _columns(item: Mapping[str, object]) -> tuple[object, ...]:
    says = cast("Mapping[str, object]", item["statement"])
    words = ", ".join(f"{name} {value}" for name, value in says.items())
    return (words, item["since"] or "", item["until"] or "", item["grade"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Approved:
    """Options of ``approve``."""

    change: Annotated[str, typer.Argument(metavar="CHANGE", help="Id of the change.")]


@verb(app, "approve")
def approve(run: Run, asked: Approved) -> Report:
    """Stand behind another coordinator's change."""
    answer = run.session().approve_change(read_token(asked.change, field="change_id"))
    return Report(data=to_json(answer), shown=["Approved; the change is in force."])
