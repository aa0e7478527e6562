"""``placement placement``: placements that stand already, and their ends."""

from dataclasses import dataclass
from typing import Annotated

import typer

from placement.api.v1.registry_service_pb2 import PlacementEnding, StandingPlacement
from placement.api.v1.types_pb2 import Window
from placement_client.commands.options import Area, Case, area_code
from placement_client.commands.report import Report
from placement_client.commands.verb import Run, nouns, verb
from placement_client.days import parse_day
from placement_client.drafts import read_token
from placement_client.rendering import to_json

app = nouns("Coordinators: record placements that stand already, and their ends.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Options of ``record``."""

    case: Case
    area: Area
    facility: Annotated[
        str, typer.Option(metavar="TOKEN", help="The facility, if one is meant.")
    ] = ""
    start: Annotated[str, typer.Option("--from", metavar="DATE", help="First day.")]
    end: Annotated[
        str, typer.Option("--to", metavar="DATE", help="First day after; else open.")
    ] = ""


@verb(app, "record")
def record(run: Run, asked: Standing) -> Report:
    """Record that a case's household lives in an area already."""
    window = Window(start_day=parse_day(asked.start, field="from", today=run.today))
    if asked.end:
        window.end_day = parse_day(asked.end, field="to", today=run.today)
    facility = read_token(asked.facility, field="facility") if asked.facility else b""
    standing = StandingPlacement(
        case_handle=read_token(asked.case, field="case_handle"),
        area=area_code(asked.area, "area"),
        facility=facility,
        window=window,
    )
    answer = run.session().record_placements([standing])
    ids = ", ".join(each.hex() for each in answer.placement_ids)
    return Report(data=to_json(answer), shown=[f"Recorded placement {ids}."])


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """Options of ``end``."""

    placement: Annotated[
        list[str], typer.Argument(metavar="PLACEMENT...", help="Ids of placements.")
    ]
    on: Annotated[str, typer.Option(metavar="DATE", help="First day after.")]


@verb(app, "end")
def end(run: Run, asked: Ended) -> Report:
    """Say that placements ended."""
    day = parse_day(asked.on, field="on", today=run.today)
    endings = [
        PlacementEnding(
            placement_id=read_token(text, field=f"placement_ids[{place}]"),
            valid_to_day=day,
        )
        for place, text in enumerate(asked.placement)
    ]
    answer = run.session().end_placements(endings)
    return Report(data=to_json(answer), shown=["Ended."])
