"""``placement coverage``: attest that the picture of areas was reviewed."""

from dataclasses import dataclass
from typing import Annotated, Final

import typer

from placement.errors import InvalidInputError
from placement_client.commands.options import area_code, area_names
from placement_client.commands.report import Report, counted
from placement_client.commands.verb import Run, nouns, verb
from placement_client.credentials import user
from placement_client.days import iso_day, parse_day
from placement_client.rendering import to_json

app = nouns("Coordinators: attest that the picture of areas was reviewed.")

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


def _whole(run: Run) -> str:
    """Name all that a coordinator may attest."""
    who = user(run.profile())
    national = who is not None and who.organisation == _NATIONAL
    return "the whole country" if national else "the whole region"
