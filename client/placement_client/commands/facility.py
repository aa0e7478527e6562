"""``placement facility``: register facilities under their providers."""

from dataclasses import dataclass
from typing import Annotated

import typer

from placement.api.v1.registry_service_pb2 import NewFacility
from placement_client.commands.options import area_code, area_names
from placement_client.commands.report import Report, table
from placement_client.commands.verb import Run, nouns, verb
from placement_client.drafts import read_token
from placement_client.rendering import to_json

app = nouns("Coordinators: register facilities.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """Options of ``register``."""

    area: Annotated[
        list[str],
        typer.Option(
            metavar="AREA",
            autocompletion=area_names,
            help="Where it is, by code or name; several times for several facilities.",
        ),
    ]
    provider: Annotated[
        str,
        typer.Option(
            metavar="TOKEN", help="Who runs them; else each gets a new provider."
        ),
    ] = ""


@verb(app, "register")
def register(run: Run, asked: Registered) -> Report:
    """Register facilities under new tokens, one for each area given."""
    provider = read_token(asked.provider, field="provider") if asked.provider else b""
    codes = [
        area_code(text, f"areas[{place}]") for place, text in enumerate(asked.area)
    ]
    answer = run.session().registry.register_facilities(
        NewFacility(provider=provider, area=code) for code in codes
    )
    rows = [
        (code, facility.token.hex(), facility.provider.hex())
        for code, facility in zip(codes, answer.facilities, strict=True)
    ]
    made = [
        {"area": code, **to_json(facility)}
        for code, facility in zip(codes, answer.facilities, strict=True)
    ]
    return Report(
        data={**to_json(answer), "facilities": made},
        shown=[table(("Area", "Facility", "Provider"), rows)],
    )
