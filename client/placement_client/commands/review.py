"""``placement review``: what has to be looked at, one step for each; a year in numbers."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Annotated, Final

import typer

from placement.api.v1.registry_service_pb2 import Ending, FactContest, Renewal
from placement.api.v1.review_service_pb2 import (
    ContestReason,
    FactKind,
    FactStepKind,
    ListReviewsRequest,
    ListReviewsResponse,
    QueuedFact,
    ReviewReason,
    ReviewTally,
)
from placement.api.v1.types_pb2 import FactReason
from placement.errors import (
    AccessDeniedError,
    ConflictError,
    InvalidInputError,
    NotFoundError,
    PlacementError,
    StaleError,
)
from placement_client.commands import fact, fact_life
from placement_client.commands.fact_words import recorded_data, recorded_words
from placement_client.commands.finding_words import (
    Names,
    known_names,
    statement_words,
)
from placement_client.commands.options import choice, chosen
from placement_client.commands.report import Report, note, table
from placement_client.commands.verb import Run, nouns, verb
from placement_client.commands.waiting import pending
from placement_client.days import iso_day, parse_day
from placement_client.rendering import enum_name

app = nouns("Coordinators: what has to be looked at, and what was kept.")
verb(app, "renew")(fact_life.renew)
verb(app, "end")(fact.end)
verb(app, "contest")(fact_life.contest)

# Whatever else goes wrong ends the walk: it may have been done, or nothing may be relied on.
_REFUSALS: Final = (AccessDeniedError, NotFoundError, ConflictError, StaleError)
_KEEPS: Final = 180  # days that `next` keeps a fact, unless it is told
_ASKED: Final = "renew, end, contest, skip or quit"
_WORDS: Final = frozenset({"renew", "end", "contest", "skip", "quit"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """Which part of the queue."""

    reason: Annotated[str, choice(ReviewReason, "Only what waits for this")] = ""
    region: Annotated[
        str, typer.Option(help="Of this region; for the national unit.")
    ] = ""

    def pages(self, run: Run) -> Iterator[ListReviewsResponse]:
        """Return the pages, the oldest first."""
        request = ListReviewsRequest(region=self.region)
        if self.reason:
            request.reason = chosen(ReviewReason, self.reason, field="reason")
        return run.session().lives.queue(request)


@verb(app, "list")
def list_(run: Run, asked: Queue) -> Report:
    """List what has to be looked at, the oldest first, and count it by region.

    Due soon, past its review date, overdue, contested, or never approved in time.
    """
    names = known_names(run)
    pages = list(asked.pages(run))
    queued = [each for page in pages for each in page.facts]
    items = [_queued(each, names) for each in queued]
    counts = [
        {
            "region": each.region,
            "reason": _reason(each.reason),
            "count": each.count,
        }
        for each in pages[0].counts
    ]
    rows = [
        (
            each["waiting_since"],
            ", ".join(_reasons(item)),
            each["fact_id"],
            each["kind"],
            statement_words(each),
        )
        for item, each in zip(queued, items, strict=True)
    ]
    return Report(
        data={"facts": items, "counts": counts},
        shown=[
            table(("Since", "Why", "Fact", "Kind", "Says"), rows),
            *(f"{each['region']}: {each['count']} {each['reason']}" for each in counts),
        ],
    )


def _reason(number: int) -> str:
    return enum_name(ReviewReason.DESCRIPTOR, number)


def _queued(item: QueuedFact, names: Names) -> dict[str, object]:
    return {
        **recorded_data(item.fact, names),
        "waiting_since": iso_day(item.since_day),
        "reasons": _reasons(item),
    }


def _reasons(item: QueuedFact) -> list[str]:
    return [_reason(each) for each in item.reasons]


@dataclass(slots=True)
class _Walk:
    """What was done on a walk through the queue."""

    run: Run
    until: int
    done: dict[str, int] = field(default_factory=dict)
    changes: list[bytes] = field(default_factory=list)

    def look(self, item: QueuedFact, names: Names) -> bool:
        """Show a fact, ask what to do and do it; tell whether to go on."""
        data = _queued(item, names)
        why = ", ".join(_reasons(item))
        note("", f"{data['fact_id']} since {data['waiting_since']}: {why}")
        note(recorded_words(data))
        while not (word := self._step(item)):
            pass
        self.done[word] = self.done.get(word, 0) + 1
        return word != "quit"

    def _step(self, item: QueuedFact) -> str:
        """Ask what to do and do it; return what was done, or nothing to be asked again."""
        steps: dict[str, Callable[[QueuedFact], None]] = {
            "renew": self._renew,
            "end": self._end,
            "contest": self._contest,
        }
        try:
            word = _asked_word()
            if word in steps:
                steps[word](item)
        except InvalidInputError as error:
            note(f"{error.field} {error.description}.", "Nothing is changed.")
            return ""
        except _REFUSALS as error:
            note(error.text, "Nothing is changed; the walk goes on.")
            return "refused"
        except typer.Abort:
            # What was done before is told all the same.
            return "quit"
        return word

    def told(self) -> list[str]:
        """Say what was done, and what waits for a second coordinator."""
        said = [f"{word}: {count}" for word, count in self.done.items()]
        return said + [line for each in self.changes for line in pending(each)]

    def _renew(self, item: QueuedFact) -> None:
        word = _ask("why it is kept", "intelligence")
        renewal = Renewal(
            fact_id=item.fact.fact_id,
            review_by_day=max(self.until, item.fact.fact.review_by_day),
            reason=chosen(FactReason, word, field="reason"),
            seen_revision=item.fact.changed_revision,
        )
        answer = self.run.session().lives.renew([renewal])
        self.changes += [answer.change_id] if answer.change_id else []

    def _end(self, item: QueuedFact) -> None:
        day = parse_day(
            _ask("first day it was no longer true", "today"),
            field="on",
            today=self.run.today,
        )
        ending = Ending(
            fact_id=item.fact.fact_id,
            valid_to_day=day,
            seen_revision=item.fact.changed_revision,
        )
        answer = self.run.session().registry.end_facts([ending])
        self.changes += [answer.change_id] if answer.change_id else []

    def _contest(self, item: QueuedFact) -> None:
        doubt = FactContest(
            fact_id=item.fact.fact_id,
            reason=chosen(
                ContestReason, _ask("why you doubt it", "outdated"), field="reason"
            ),
            seen_revision=item.fact.changed_revision,
        )
        self.run.session().lives.contest([doubt])


def _asked_word() -> str:
    """Ask what to do with a fact until the answer is one of the words."""
    while (word := _ask(_ASKED, "skip").strip().lower()) not in _WORDS:
        note(f"Nothing is done yet; type one of {_ASKED}.")
    return word


def _ask(question: str, default: str) -> str:
    typed: str = typer.prompt(question, default=default, err=True)
    return typed


@dataclass(frozen=True, slots=True, kw_only=True)
class Walked:
    """Options of ``next``."""

    until: Annotated[
        str,
        typer.Option(
            metavar="DATE",
            help=f"New review date of what you renew; in {_KEEPS} days. None gets an earlier one.",
        ),
    ] = ""


@verb(app, "next")
def next_(run: Run, asked: Queue, walked: Walked) -> Report:
    """Go through the queue, one fact after another, and say what to do with each."""
    until = parse_day("today", field="until", today=run.today) + _KEEPS
    if walked.until:
        until = parse_day(walked.until, field="until", today=run.today)
    walk = _Walk(run, until)
    names = known_names(run)
    try:
        for item in (each for page in asked.pages(run) for each in page.facts):
            if not walk.look(item, names):
                break
    except PlacementError:
        note(*walk.told())
        raise
    return Report(
        data={"done": walk.done, "change_ids": [each.hex() for each in walk.changes]},
        shown=walk.told() or ["Nothing has to be looked at."],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """Options of ``report``."""

    year: Annotated[int, typer.Option(help="Which year; else this one.")] = 0
    region: Annotated[
        str, typer.Option(help="Of this region; for the national unit.")
    ] = ""


@verb(app, "report")
def report(run: Run, asked: Reported) -> Report:
    """Count what was kept in a year, and why; numbers alone, by region and kind."""
    year = asked.year or run.today.year
    if not 0 < year <= run.today.year:
        raise InvalidInputError("year", "must be a year that has begun")
    answer = run.session().lives.report(year, asked.region)
    tallies = [_tally(each) for each in answer.tallies]
    headings = ("Region", "Kind", "Kept", "Overdue", "In the year", "Kept because")
    rows = [
        (
            each["region"],
            each["kind"],
            each["kept"],
            each["overdue"],
            _counted(each["steps"]),
            _counted(each["reasons"]),
        )
        for each in tallies
    ]
    return Report(
        data={"year": answer.year, "tallies": tallies}, shown=[table(headings, rows)]
    )


def _tally(tally: ReviewTally) -> dict[str, object]:
    return {
        "region": tally.region,
        "kind": enum_name(FactKind.DESCRIPTOR, tally.kind),
        "kept": tally.kept,
        "overdue": tally.overdue,
        "steps": {
            enum_name(FactStepKind.DESCRIPTOR, each.kind): each.count
            for each in tally.steps
        },
        "reasons": {
            enum_name(FactReason.DESCRIPTOR, each.reason): each.count
            for each in tally.reasons
        },
    }


def _counted(counts: object) -> str:
    pairs = counts.items() if isinstance(counts, dict) else ()
    return ", ".join(f"{count} {word}" for word, count in pairs)
