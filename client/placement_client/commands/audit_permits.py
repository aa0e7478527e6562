"""``placement audit permits``: the register of overrides, releases and lifts."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, Final

import typer

from placement.api.v1.audit_service_pb2 import Lift, ListPermitsRequest, Permit
from placement.api.v1.phantom_service_pb2 import LiftGround
from placement.api.v1.placement_service_pb2 import OverrideGround
from placement_client.commands.audit_ground import Grounded, ground
from placement_client.commands.audit_words import short
from placement_client.commands.finding_words import verdict_word
from placement_client.commands.report import Report, counted, note, table
from placement_client.commands.verb import Run, verb
from placement_client.counties import county_name
from placement_client.days import iso_day, iso_instant, parse_instant, stockholm_second
from placement_client.rendering import Json, to_json

GROUNDS: Final[Mapping[int, str]] = MappingProxyType(
    {
        OverrideGround.OVERRIDE_GROUND_GREATER_DANGER: "staying is a greater danger",
        OverrideGround.OVERRIDE_GROUND_DECISION: "a court or an authority decided it",
        OverrideGround.OVERRIDE_GROUND_CARE: "care that no other place gives",
        OverrideGround.OVERRIDE_GROUND_OWN_WISH: "the person's own wish",
    }
)
"""Why somebody is placed despite the verdict."""

_LIFTED: Final[Mapping[int, str]] = MappingProxyType(
    {
        LiftGround.LIFT_GROUND_NO_OTHER_PLACE: "no other place is to be had",
        LiftGround.LIFT_GROUND_URGENT: "somebody has to move at once",
        LiftGround.LIFT_GROUND_CARE: "care that no other place gives",
    }
)
_LIFT_HEADINGS: Final = (
    *("Lifted (Stockholm)", "Change", "Case pseudonym", "County", "Ground"),
    *("Proposed by", "Approved by", "Until (Stockholm)"),
)
_HEADINGS: Final = (
    *("Asked (Stockholm)", "Kind", "Id", "Case pseudonym", "County", "Covers"),
    *("Ground", "Asked by", "Signed by", "Look again", "Used"),
)
_NONE: Final = "-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """Options of ``permits``."""

    since: Annotated[
        str,
        typer.Option(
            "--from",
            metavar="DATE|INSTANT",
            help="First day in Stockholm, or 2026-11-01T12:00:00Z.",
        ),
    ]
    until: Annotated[
        str,
        typer.Option(
            "--to",
            metavar="DATE|INSTANT",
            help="First day after, or an instant; else until now.",
        ),
    ] = ""


def permits(run: Run, asked: Registered, why: Grounded) -> Report:
    """List who was or may be placed despite what was answered, oldest first.

    Overrides of municipalities and releases of coordinators that were asked for in the
    period: who asked, who signed, why, when somebody looks at it again, and whether a
    place was held or confirmed under it. Then the lifts of phantom stays that were
    approved in the period, and those that wait.
    """
    request = ListPermitsRequest(
        ground=ground(why),
        since=parse_instant(asked.since, field="since", today=run.today),
        until=int(run.clock() * 1_000_000),
    )
    if asked.until:
        request.until = parse_instant(asked.until, field="until", today=run.today)
    answer = run.session().audits.list_permits(request)
    note(f"{counted(len(answer.permits), 'permit', 'permits')}.")
    note(f"{counted(len(answer.lifts), 'lift', 'lifts')} of phantom stays.")
    if answer.more:
        note("There are more: ask for a shorter period.")
    return Report(
        data={
            "permits": [_data(each) for each in answer.permits],
            "more": answer.more,
            "lifts": [_lift_data(each) for each in answer.lifts],
        },
        shown=[
            table(_HEADINGS, map(_row, answer.permits)),
            *(
                [table(_LIFT_HEADINGS, map(_lift_row, answer.lifts))]
                * bool(answer.lifts)
            ),
        ],
    )


def _lift_row(lift: Lift) -> tuple[str, ...]:
    return (
        stockholm_second(lift.approved_at) if lift.approved_at else _NONE,
        lift.change_id.hex() or _NONE,
        short(lift.case_alias),
        county_name(lift.county),
        _LIFTED.get(lift.ground, _NONE),
        lift.proposed_by,
        lift.signed_by or ("waits" if lift.waits else _NONE),
        stockholm_second(lift.ends_at),
    )


def _lift_data(lift: Lift) -> Json:
    """Return a lift as an object; while it waits it was not approved at any time."""
    at = None if lift.waits else iso_instant(lift.approved_at)
    county = {"code": lift.county, "name": county_name(lift.county)}
    return {**to_json(lift), "county": county, "approved_at": at}


def _row(permit: Permit) -> tuple[str, ...]:
    signed = permit.signed_by or ("waits" if permit.waits else _NONE)
    day = iso_day(permit.follow_up_day) if permit.follow_up_day else _NONE
    return (
        stockholm_second(permit.proposed_at),
        "override" if permit.override else "release",
        permit.permit_id.hex(),
        short(permit.case_alias),
        county_name(permit.county),
        verdict_word(permit.verdict),
        GROUNDS.get(permit.override_ground, _NONE),
        permit.proposed_by,
        signed,
        day,
        "yes" if permit.used else "no",
    )


def _data(permit: Permit) -> Json:
    """Return a permit as an object; what only an override has is null for a release."""
    data = to_json(permit)
    if not permit.override_ground:
        data["override_ground"] = None
    day = permit.follow_up_day
    return {
        **data,
        "county": {"code": permit.county, "name": county_name(permit.county)},
        "follow_up_day": iso_day(day) if day else None,
    }


def register(app: typer.Typer) -> None:
    """Add the command to the noun."""
    verb(app, "permits")(permits)
