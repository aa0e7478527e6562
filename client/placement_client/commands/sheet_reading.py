"""From a sheet to a plan: read, map, compare with what is on record."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import typer

from placement.api.v1.review_service_pb2 import FactKind, ListFactsRequest, RecordedFact
from placement.api.v1.types_pb2 import Fact
from placement.errors import InvalidInputError
from placement_client.commands.audit_printing import Meter
from placement_client.commands.verb import Run
from placement_client.credentials import user
from placement_client.days import parse_day
from placement_client.drafts import read_token
from placement_client.sheets.cells import MAX_ROWS, Cell, Row, refused
from placement_client.sheets.columns import KINDS
from placement_client.sheets.files import SheetFile
from placement_client.sheets.mapping import ColumnMap
from placement_client.sheets.planning import Plan, Registry, plan
from placement_client.sheets.rows import Fault, Names, RowError, RowReader
from placement_client.sheets.trying import tried

FOLDER: Final = "imports"
"""Where what is being sent lies, beside the contexts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """Which sheet, and how it is read."""

    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A sheet, .csv or .xlsx.")
    ]
    map: Annotated[
        Path | None, typer.Option(help="A mapping that `import map` saved.")
    ] = None

    def column_map(self) -> ColumnMap:
        """Return the mapping; without one, headings are ours."""
        return ColumnMap() if self.map is None else ColumnMap.read(self.map)


@dataclass(frozen=True, slots=True)
class Read:
    """A sheet that was read.

    Attributes:
        file: as it was.
        headings: our column for each cell.
        mapping: how they were understood.
    """

    file: SheetFile
    headings: tuple[str, ...]
    mapping: ColumnMap

    @classmethod
    def of(cls, sheet: Sheet) -> "Read":
        """Read a sheet and its headings.

        Raises:
            InvalidInputError: it is none.
        """
        file, mapping = SheetFile.read(sheet.file), sheet.column_map()
        first = next(file.rows(), None)
        if first is None:
            raise refused("is empty")
        return cls(file, mapping.headings(first[1]), mapping)

    def rows(self) -> Iterator[Row]:
        """Yield the rows behind the headings."""
        rows = self.file.rows()
        next(rows)
        return rows

    def texts(self, cells: tuple[Cell, ...]) -> dict[str, str]:
        """Return what a row shows, by our columns."""
        pairs = zip(self.headings, cells, strict=False)
        texts = {
            name: cell if isinstance(cell, str) else cell.text
            for name, cell in pairs
            if name
        }
        return {**self.mapping.fixed, **texts}


def made_plan(run: Run, read: Read) -> Plan:
    """Compare a sheet with what is on record in the own region.

    Raises:
        InvalidInputError: the sheet is none, or has no row.
        PlacementError: a call failed.
    """
    registry = Registry(recorded(run), _today(run))
    made = plan(_facts(run, read), registry, read.file.digest)
    if not made.rows:
        raise refused("has no row but its headings")
    return tried(made, run.session().imports.try_rows)


def recorded(run: Run, region: str = "") -> Iterator[RecordedFact]:
    """Yield what is on record of a region, of the kinds that sheets have.

    Args:
        run: asks.
        region: whose; the own one if empty.
    """
    who = user(run.profile())
    with Meter("Fetched") as meter:
        count = 0
        for kind in KINDS:
            request = ListFactsRequest(
                kind=FactKind.Value(f"FACT_KIND_{kind.upper()}"),
                region=region or ("" if who is None else who.organisation),
            )
            for each in run.session().lives.list_facts(request):
                count += 1
                meter.tell(count, count)
                yield each


def _facts(run: Run, read: Read) -> Iterator[tuple[int, Fact | tuple[Fault, ...]]]:
    reader = RowReader(read.headings, read.mapping.fixed, _names(run))
    with Meter("Read") as meter:
        for number, cells in read.rows():
            meter.tell(number, MAX_ROWS)
            try:
                yield number, reader.read(cells)
            except RowError as error:
                yield number, error.faults


def _names(run: Run) -> Names:
    book = run.label_book()
    tokens = {label.token for label in book}

    def token(text: str, column: str) -> bytes:
        try:
            found = read_token(text, field=column)
        except InvalidInputError:
            return book.token(text, field=column)
        if found not in tokens:
            raise InvalidInputError(column, "is not in the label book")
        return found

    return Names(token=token, like=book.like, today=run.today)


def _today(run: Run) -> int:
    return parse_day("today", field="on", today=run.today)


def folder(run: Run) -> Path:
    """Return where what is being sent lies."""
    return run.path.parent / FOLDER
