"""One place for some days, as a coordinator asks about it and releases it."""

from dataclasses import dataclass
from typing import Annotated, Final

import typer

from placement.api.v1.check_service_pb2 import Candidate
from placement.api.v1.types_pb2 import Window
from placement.errors import InvalidInputError
from placement_client.commands.options import Area, Case, area_code
from placement_client.commands.verb import Run
from placement_client.days import parse_day
from placement_client.drafts import read_token

_TWICE: Final = "must be given once: as --area AREA:FACILITY, or as --facility"


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """Options of whatever is about one place of a case."""

    case: Case
    area: Area
    facility: Annotated[
        str, typer.Option(metavar="TOKEN", help="The facility, if one is meant.")
    ] = ""
    start: Annotated[
        str, typer.Option("--from", metavar="DATE", help="First day, or today.")
    ]
    end: Annotated[
        str, typer.Option("--to", metavar="DATE", help="First day after; else open.")
    ] = ""

    @property
    def handle(self) -> bytes:
        """The case's handle, 16 bytes."""
        return read_token(self.case, field="case_handle")

    def candidate(self) -> Candidate:
        """Return the place.

        Raises:
            InvalidInputError: it is none.
        """
        area, colon, house = self.area.partition(":")
        if colon and self.facility:
            raise InvalidInputError("facility", _TWICE)
        named = house if colon else self.facility
        facility = read_token(named, field="facility") if colon or named else b""
        return Candidate(area=area_code(area, "area"), facility=facility)

    def window(self, run: Run) -> Window:
        """Return the days.

        Raises:
            InvalidInputError: one is none.
        """
        start = parse_day(self.start, field="from", today=run.today)
        if not self.end:
            return Window(start_day=start)
        end = parse_day(self.end, field="to", today=run.today)
        return Window(start_day=start, end_day=end)
