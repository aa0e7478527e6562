"""``placement coverage``: attest that areas were reviewed, and see which were not."""

from dataclasses import dataclass
from typing import Annotated, Final

import typer

from placement.api.v1.review_service_pb2 import AreaCoverage
from placement.errors import InvalidInputError
from placement_client.areas import areas as named_areas
from placement_client.commands.options import area_code, area_names
from placement_client.commands.report import Report, counted, table
from placement_client.commands.verb import Run, nouns, verb
from placement_client.credentials import user
from placement_client.days import iso_day, parse_day
from placement_client.rendering import to_json

app = nouns("Coordinators: attest that areas were reviewed; see which were not.")

_NATIONAL: Final = "national"
"""The unit that polices every area."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attested:
    """Options of ``attest``."""

    area: Annotated[
        list[str] | None,
        typer.Option(
            metavar="AREA",
            autocompletion=area_names,
            help="A municipality's code or name, several times.",
        ),
    ] = None
    whole_region: Annotated[
        bool, typer.Option("--whole-region", help="Every area of your region.")
    ] = False
    on: Annotated[str, typer.Option(metavar="DATE", help="The day of the review.")] = (
        "today"
    )


@verb(app, "attest")
def attest(run: Run, asked: Attested) -> Report:
    """Attest that the picture of areas was reviewed on a day."""
    day = parse_day(asked.on, field="on", today=run.today)
    given = asked.area or ()
    if asked.whole_region == bool(given):
        raise InvalidInputError("areas", "name areas, or say --whole-region")
    codes = [area_code(text, f"areas[{place}]") for place, text in enumerate(given)]
    answer = run.session().registry.attest_coverage(
        codes, reviewed_on=day, whole_region=asked.whole_region
    )
    what = counted(len(codes), "area", "areas") if codes else _whole(run)
    return Report(
        data={**to_json(answer), "areas": codes, "reviewed_on": iso_day(day)},
        shown=[f"Attested {what}, reviewed on {iso_day(day)}."],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """Options of ``show``."""

    region: Annotated[
        str, typer.Option(help="Of this region; for the national unit.")
    ] = ""
    stale: Annotated[
        bool, typer.Option("--stale", help="Only areas whose picture is not fresh.")
    ] = False


@verb(app, "show")
def show(run: Run, asked: Shown) -> Report:
    """Show when the picture of each area was reviewed last, and by how many days.

    An area that nobody reviewed says so: a check there answers UNKNOWN at best.
    """
    answer = run.session().lives.coverage(asked.region)
    areas = [
        _covered(each, run) for each in answer.areas if not (asked.stale and each.fresh)
    ]
    never = sum(each["reviewed_on"] is None for each in areas)
    old = sum(not each["fresh"] for each in areas) - never
    headings = ("Area", "Name", "Region", "Reviewed", "Days ago", "Fresh")
    rows = [
        (
            each["area"],
            each["name"],
            each["region"],
            each["reviewed_on"] or "never",
            "" if each["days"] is None else each["days"],
            "yes" if each["fresh"] else "no",
        )
        for each in areas
    ]
    said = f"{counted(never, 'area', 'areas')} never reviewed, {old} too long ago."
    return Report(data={"areas": areas}, shown=[table(headings, rows), said])


def _covered(area: AreaCoverage, run: Run) -> dict[str, object]:
    known = area.HasField("reviewed_on_day")
    today = parse_day("today", field="on", today=run.today)
    return {
        "area": area.area,
        "name": named_areas().name(area.area),
        "region": area.region,
        "reviewed_on": iso_day(area.reviewed_on_day) if known else None,
        "days": today - area.reviewed_on_day if known else None,
        "fresh": area.fresh,
    }


def _whole(run: Run) -> str:
    """Name all that a coordinator may attest."""
    who = user(run.profile())
    national = who is not None and who.organisation == _NATIONAL
    return "the whole country" if national else "the whole region"
