"""What a command has to say, and how it is printed.

Standard output carries the answer alone: a table for people, or with ``--json`` one
JSON object. Notes go to standard error, and so does an error, unless ``--json`` asks
for an object: ``{"error": {"reason", "text", "notes"}}``, with ``field`` and
``description`` beside them when something given can't be right. A command line that
can't be parsed is the field ``command_line``; the notes say why.
"""

import json
import sys
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from placement.errors import InvalidInputError, PlacementError, TamperedError
from placement_client.commands.naming import named


class Exit(IntEnum):
    """Exit codes, the same for every command."""

    CLEAR = 0  # done; of a check: every verdict is CLEAR
    ERROR = 1  # not done, no verdict
    USAGE = 2  # the command line, or what was given, can't be right
    REVIEW = 3  # the worst verdict is REVIEW or UNKNOWN; of doctor: something is wrong
    CONFLICT = 4  # the worst verdict is CONFLICT
    UNVERIFIED = 5  # what was received does not verify


EXIT_HELP: Final = (
    "Exit codes: 0 done, every verdict CLEAR; 1 error, no verdict was made; 2 usage; "
    "3 the worst verdict is REVIEW or UNKNOWN, or doctor found something; "
    "4 the worst verdict is CONFLICT; 5 verification failed; 130 broken off with Ctrl-C."
)


_NOTHING: Final = "There is nothing to list."
"""Said instead of headings with nothing under them."""
_UNFOLDED: Final = 10_000  # columns


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The outcome of a command.

    Attributes:
        data: the object of ``--json``.
        shown: what a person sees, from top to bottom.
        code: the exit code.
    """

    data: Mapping[str, object]
    shown: Sequence[RenderableType] = ()
    code: Exit = Exit.CLEAR

    def show(self, *, as_json: bool) -> None:
        """Print it on standard output."""
        if as_json:
            print_json(self.data)
            return
        # In a pipe nothing is folded: handles and ids stay whole.
        width = None if sys.stdout.isatty() else _UNFOLDED
        console = Console(file=sys.stdout, highlight=False, width=width)
        for part in self.shown:
            is_empty = isinstance(part, Table) and not part.row_count
            shown = _NOTHING if is_empty else _safe(part)
            console.print(shown, markup=False, emoji=False)


def print_json(data: Mapping[str, object]) -> None:
    """Print one object on one line, in ASCII."""
    sys.stdout.write(json.dumps(data) + "\n")


def table(headings: Iterable[str], rows: Iterable[Iterable[object]]) -> Table:
    """Lay rows out under headings; text is shown as it is, never as markup."""
    made = Table(box=None, header_style="bold", pad_edge=False)
    for heading in headings:
        made.add_column(heading, overflow="fold")
    for row in rows:
        made.add_row(*(_cell(each) for each in row))
    return made


def exit_code(error: PlacementError) -> Exit:
    """Return the exit code of an error."""
    match error:
        case InvalidInputError():
            return Exit.USAGE
        case TamperedError():
            return Exit.UNVERIFIED
        case _:
            return Exit.ERROR


def explain(
    error: PlacementError, option_of: Callable[[str], str] = lambda _field: ""
) -> Report:
    """Return the report of an error: its constant text, its field, its notes.

    Args:
        error: what went wrong.
        option_of: the option behind a field, for people; empty if there is none.
    """
    data: dict[str, object] = {"reason": error.reason, "text": error.text}
    lines = [error.text]
    if isinstance(error, InvalidInputError):
        data |= {"field": error.field, "description": error.description}
        called = named(error.field, option_of(error.field))
        lines.append(f"{called} {error.description}.")
    notes = error.notes
    data["notes"] = notes
    return Report(data={"error": data}, shown=lines + notes, code=exit_code(error))


def note(*lines: str) -> None:
    """Tell something beside the answer, on standard error."""
    for line in "\n".join(lines).splitlines():
        sys.stderr.write(plain(line) + "\n")


def counted(number: int, one: str, many: str) -> str:
    """Return a number with its word."""
    return f"{number} {one if number == 1 else many}"


def plain(text: str) -> str:
    """Return a text without anything that could steer a terminal."""
    return "".join("?" if unicodedata.category(c)[0] == "C" else c for c in text)


def _cell(value: object) -> Text:
    return value if isinstance(value, Text) else Text(plain(str(value)))


def _safe(part: RenderableType) -> RenderableType:
    return Text(plain(part)) if isinstance(part, str) else part
