"""``placement change``: what waits for a second coordinator."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, Final

import typer

from placement.api.v1.registry_service_pb2 import ChangeItem, ReleasedPlace
from placement_client.commands.finding_words import (
    known_names,
    place_data,
    place_words,
    statement_words,
    verdict_word,
)
from placement_client.commands.report import Report, table
from placement_client.commands.verb import Run, nouns, verb
from placement_client.days import iso_day, stockholm_time
from placement_client.drafts import read_token
from placement_client.rendering import said, to_json

_EFFECTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "made_firm": "become firm",
        "retracted": "be retracted",
        "erased": "be erased for good (placement erase approve)",
        "provider_goes_on": "let the provider go on; its houses answer as others do",
    }
)
_UNKNOWN: Final = "do what this version does not know"

app = nouns("Coordinators: see and approve changes that wait for a second one.")


@verb(app, "list")
def list_(run: Run) -> Report:
    """List the changes that wait, oldest first."""
    answer = run.session().registry.list_changes()
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

    A release names the case, the place and the worst verdict that it covers.
    Groups are named if this context has the label key. Persons are never shown.
    """
    change_id = read_token(asked.change, field="change_id")
    answer = run.session().registry.show_change(change_id)
    names = known_names(run)
    items = [
        {
            "fact_id": each.fact_id.hex(),
            **_effect(each),
            **said(each.fact, names),
        }
        for each in answer.items
    ]
    rows = [
        (each["fact_id"], _words(item, each), each["kind"], *_columns(each))
        for item, each in zip(answer.items, items, strict=True)
    ]
    headings = ("Fact", "Would", "Kind", "Says", "Since", "Until", "Grade")
    return Report(
        data={"change": to_json(answer.change), "items": items},
        shown=[table(headings, rows)],
    )


def _effect(item: ChangeItem) -> dict[str, object]:
    """Return what a change does: its word, and what comes with it."""
    effect = item.WhichOneof("effect") or "unknown"
    match effect:
        case "ended_on_day":
            return {"effect": "ended", "on": iso_day(item.ended_on_day)}
        case "regraded":
            return {"effect": effect, "to": to_json(item.regraded)}
        case "released":
            place = item.released
            return {
                "effect": effect,
                "place": {
                    "case_handle": place.case_handle.hex(),
                    **place_data(place.candidate, place.window),
                    "verdict": verdict_word(place.verdict),
                },
            }
        case _:
            return {"effect": effect}


def _words(item: ChangeItem, data: Mapping[str, object]) -> str:
    """Say an effect in words."""
    match data:
        case {"effect": "ended", "on": day}:
            return f"end on {day}"
        case {"effect": "regraded", "to": {"scheme": scheme, "given": given}}:
            return f"be graded {given} ({scheme})"
        case {"effect": "released"}:
            return _released_words(item.released)
        case _:
            return _EFFECTS.get(str(data["effect"]), _UNKNOWN)


def _released_words(place: ReleasedPlace) -> str:
    where = place_words(place.candidate, place.window)
    case = f"let case {place.case_handle.hex()} have {where}"
    return f"{case}, despite {verdict_word(place.verdict)}"


def _columns(item: Mapping[str, object]) -> tuple[object, ...]:
    # What is no fact has nothing to say here.
    grade = item["grade"] if item["kind"] else ""
    return (statement_words(item), item["since"] or "", item["until"] or "", grade)


@dataclass(frozen=True, slots=True, kw_only=True)
class Approved:
    """Options of ``approve``."""

    change: Annotated[str, typer.Argument(metavar="CHANGE", help="Id of the change.")]


@verb(app, "approve")
def approve(run: Run, asked: Approved) -> Report:
    """Stand behind another coordinator's change."""
    answer = run.session().registry.approve_change(
        read_token(asked.change, field="change_id")
    )
    return Report(data=to_json(answer), shown=["Approved; the change is in force."])
