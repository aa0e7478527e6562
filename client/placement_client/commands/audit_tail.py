"""``placement audit tail``: follow the access log as it is written."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from placement.api.v1.audit_service_pb2 import TailEntriesRequest
from placement_client.commands.audit_ground import Grounded, ground
from placement_client.commands.audit_printing import Printed, print_line
from placement_client.commands.audit_stopping import broken, stoppable
from placement_client.commands.audit_words import row, to_data
from placement_client.commands.report import Report
from placement_client.commands.verb import Run, verb
from placement_client.filters import Selected, to_filter
from placement_client.following import Answer, Mark, follow


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """Options of ``tail``."""

    resume: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Go on where the last run with this file stopped, and keep there "
            "where this one does.",
        ),
    ] = None
    count: Annotated[
        int | None, typer.Option(min=1, help="End after so many entries.")
    ] = None


def tail(run: Run, asked: Followed, why: Grounded, selected: Selected) -> Report:
    """Print entries as they are written, one a line, until Ctrl-C.

    It begins at --first or --from where given, else with what is written from now on;
    --to and --end have no place here.
    With --json each line is an object. If the connection breaks, it goes on by itself
    where it was; with --resume the next run does, under the same filter. Nothing is
    left out; only a run that was killed may show its last lines again.
    """
    request = TailEntriesRequest(
        filter=to_filter(selected, today=run.today), ground=ground(why)
    )
    mark = Mark.read(asked.resume) if asked.resume else Mark()
    answers = follow(run.session().audits.tail_entries, request, mark, broken=broken)
    reader = _Reader(asked, as_json=run.common.as_json)
    with stoppable() as stop:
        while not (reader.is_done or stop.is_asked):
            reader.show(stop.next(answers))
    return Printed(data={})


class _Reader:
    """Prints what comes, and keeps how far it has come."""

    def __init__(self, asked: Followed, *, as_json: bool) -> None:
        self._resume = asked.resume
        self._left = asked.count
        self._as_json = as_json

    @property
    def is_done(self) -> bool:
        """Tell whether as many entries were shown as asked for."""
        return self._left == 0

    def show(self, answer: Answer) -> None:
        """Print entries, and keep the mark behind them."""
        entries = answer.entries[: self._most(answer)]
        for each in entries:
            print_line(to_data(each), row(each), as_json=self._as_json)
        if self._left is not None:
            self._left = max(0, self._left - len(entries))
        # After what was printed: whoever is killed between them sees it twice, and
        # nothing is lost.
        if self._resume is not None:
            answer.mark(len(entries)).keep(self._resume)

    def _most(self, answer: Answer) -> int | None:
        """Return how many entries of an answer to show; ``None`` for all of them."""
        # No mark leads into the first answer of all: the rest of it would be lost.
        if self._resume is not None and not answer.before.token:
            return None
        return self._left


def register(app: typer.Typer) -> None:
    """Add the command to the noun."""
    verb(app, "tail")(tail)
