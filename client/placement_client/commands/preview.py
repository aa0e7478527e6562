"""``placement change preview``: what a change would do to standing placements."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Annotated, Final

import typer

from placement.api.v1.registry_service_pb2 import (
    Ending,
    MovedCase,
    PreviewChangeRequest,
    PreviewChangeResponse,
)
from placement.errors import BudgetError, InvalidInputError
from placement_client.commands.drafting import read_facts, read_file
from placement_client.commands.finding_words import verdict_word
from placement_client.commands.hints import Hints, hinted
from placement_client.commands.report import Report, counted, note, table
from placement_client.commands.verb import Run, verb
from placement_client.days import parse_day
from placement_client.drafts import read_token

_HINTS: Final[Hints] = {
    BudgetError: "A preview tells who is placed where, so a day has only so many.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Imagined:
    """What is imagined: a change that waits, or facts that nobody has sent yet."""

    change: Annotated[
        str, typer.Argument(metavar="CHANGE", help="Id of a change that waits.")
    ] = ""
    file: Annotated[
        str,
        typer.Option(
            metavar="FILE", help="Facts to record, as `fact record` reads them."
        ),
    ] = ""
    end: Annotated[
        list[str] | None, typer.Option(metavar="FACT", help="A fact to end; repeat.")
    ] = None
    on: Annotated[str, typer.Option(metavar="DATE", help="The day of the ends.")] = (
        "today"
    )

    def request(self, run: Run) -> PreviewChangeRequest:
        """Return the question.

        Raises:
            InvalidInputError: nothing is imagined, or both.
        """
        if bool(self.change) == bool(self.file or self.end):
            raise InvalidInputError("change_id", "name a change, or --file and --end")
        if self.change:
            change = read_token(self.change, field="change_id")
            return PreviewChangeRequest(change_id=change)
        day = parse_day(self.on, field="on", today=run.today)
        facts = read_facts(run, read_file(run, self.file)) if self.file else []
        ends = [
            Ending(fact_id=read_token(text, field=f"end[{place}]"), valid_to_day=day)
            for place, text in enumerate(self.end or ())
        ]
        return PreviewChangeRequest(facts=facts, endings=ends)


@dataclass(slots=True)
class _Sum:
    """All slices together."""

    planned: int = 0
    weighed: int = 0
    moves: Counter[tuple[int, int]] = field(default_factory=Counter)
    cases: list[MovedCase] = field(default_factory=list)

    def add(self, slices: Iterable[PreviewChangeResponse]) -> None:
        """Add slices as they come; tell how far it is, if that takes long."""
        for place, each in enumerate(slices):
            self.planned = each.planned
            self.weighed += each.weighed
            self.cases += each.cases
            for move in each.moves:
                self.moves[move.before, move.after] += move.count
            if place and place % 20 == 0:
                note(f"Weighed {self.weighed} of {self.planned}.")

    def count(self, *, worse: bool) -> int:
        """Return how many would be worth less, or more."""
        return sum(
            count
            for (before, after), count in self.moves.items()
            if (after > before) is worse
        )


def preview(run: Run, asked: Imagined) -> Report:
    """Show what a change would do to standing placements; nothing is done.

    A change that waits, or facts that you have not sent yet (--file, --end). Cases of
    your region are named; those of others are counted.
    """
    return foreseen(run, asked.request(run))


def foreseen(run: Run, request: PreviewChangeRequest) -> Report:
    """Ask what facts and endings would do, and return what was found."""
    found = _Sum()
    with hinted(_HINTS):
        found.add(run.session().lives.preview(request))
    moves = [
        {"before": verdict_word(one), "after": verdict_word(other), "count": count}
        for (one, other), count in sorted(found.moves.items())
    ]
    cases = [
        {
            "case_handle": each.case_handle.hex(),
            "before": verdict_word(each.before),
            "after": verdict_word(each.after),
        }
        for each in found.cases
    ]
    worse, better = found.count(worse=True), found.count(worse=False)
    data = {
        "planned": found.planned,
        "weighed": found.weighed,
        "worse": worse,
        "better": better,
        "moves": moves,
        "cases": cases,
    }
    again = (
        f"{counted(found.weighed, 'placement', 'placements')} would be weighed again"
    )
    shown = [
        f"{again}: {worse} would be worth less, {better} more.",
        *(f"{each['count']}: {each['before']} to {each['after']}" for each in moves),
    ]
    rows = [tuple(each.values()) for each in cases]
    named = [table(("Case of your region", "Is", "Would be"), rows)] if rows else []
    return Report(data=data, shown=[*shown, *named])


def register(app: typer.Typer) -> None:
    """Add the command to the noun."""
    verb(app, "preview")(preview)
