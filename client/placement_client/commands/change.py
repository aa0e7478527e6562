"""``placement change``: what waits for a second coordinator."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, Final

import typer

from placement.api.v1.registry_service_pb2 import ChangeItem, ReleasedPlace
from placement.api.v1.types_pb2 import FactReason
from placement.errors import AccessDeniedError, ConflictError, StaleError
from placement_client.commands import preview
from placement_client.commands.finding_words import (
    known_names,
    place_data,
    place_words,
    statement_words,
    verdict_word,
)
from placement_client.commands.hints import Hints, hinted
from placement_client.commands.report import Report, table
from placement_client.commands.verb import Run, nouns, verb
from placement_client.days import iso_day, stockholm_time
from placement_client.drafts import read_token
from placement_client.rendering import enum_name, said, to_json

_EFFECTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "made_firm": "become firm",
        "retracted": "be retracted",
        "provider_goes_on": "let the provider go on; its houses answer as others do",
    }
)
_UNKNOWN: Final = "do what this version does not know"
_OVER: Final = (
    "The change is over: what it recorded counts no more, the rest stays as it was."
)

_HINTS: Final[Hints] = {
    AccessDeniedError: (
        "Who proposed a change withdraws it; another coordinator approves or rejects it."
    ),
    ConflictError: (
        "The change lapsed, or what it speaks of has changed; its facts stand in "
        "`placement review list`, and can be proposed again or retracted."
    ),
    StaleError: "A fact changed since you saw it: placement change show, then again.",
}

app = nouns("Coordinators: see what waits for a second one, and decide on it.")
preview.register(app)


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
        data={
            "change": to_json(answer.change),
            "items": items,
            "revision": answer.revision,
        },
        shown=[table(headings, rows), f"As of revision {answer.revision}."],
    )


def _effect(item: ChangeItem) -> dict[str, object]:
    """Return what a change does: its word, and what comes with it."""
    effect = item.WhichOneof("effect") or "unknown"
    match effect:
        case "ended_on_day":
            return {"effect": "ended", "on": iso_day(item.ended_on_day)}
        case "renewed":
            kept = item.renewed
            reason = enum_name(FactReason.DESCRIPTOR, kept.reason)
            return {
                "effect": effect,
                "review_by_day": iso_day(kept.review_by_day),
                "reason": reason,
            }
        case "made_firm" if item.replaces:
            return {"effect": effect, "replaces": item.replaces.hex()}
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
        case {"effect": "renewed", "review_by_day": day, "reason": reason}:
            return f"stand until {day} ({reason})"
        case {"effect": "made_firm", "replaces": old}:
            return f"become firm, instead of {old}"
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
class Meant:
    """Which change."""

    change: Annotated[str, typer.Argument(metavar="CHANGE", help="Id of the change.")]

    @property
    def id(self) -> bytes:
        """The id, 16 bytes."""
        return read_token(self.change, field="change_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Approved:
    """Options of ``approve``."""

    seen: Annotated[
        int,
        typer.Option(
            metavar="REVISION",
            help="As `change show` told; refused if one of its facts changed since.",
        ),
    ] = 0


@verb(app, "approve")
def approve(run: Run, asked: Meant, approved: Approved) -> Report:
    """Stand behind another coordinator's change."""
    with hinted(_HINTS):
        answer = run.session().registry.approve_change(asked.id, approved.seen)
    return Report(data=to_json(answer), shown=["Approved; the change is in force."])


@verb(app, "reject")
def reject(run: Run, asked: Meant) -> Report:
    """Don't stand behind another coordinator's change; it is over."""
    with hinted(_HINTS):
        answer = run.session().lives.reject(asked.id)
    return Report(data=to_json(answer), shown=[_OVER])


@verb(app, "withdraw")
def withdraw(run: Run, asked: Meant) -> Report:
    """Take back a change that you proposed; it is over."""
    with hinted(_HINTS):
        answer = run.session().lives.withdraw(asked.id)
    return Report(data=to_json(answer), shown=[_OVER])
