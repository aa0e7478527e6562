"""What somebody has to look at: facts that are due, areas that nobody reviewed.

Invariants:
    * the queue is found by indexes: its cost grows with what is in it;
    * a report counts, and names nobody and nothing.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from placement.access import NATIONAL, Action
from placement.domain.areas import Area
from placement.domain.decide.command import Command, Moment, Note, Outcome, require
from placement.domain.decide.facts import FactView, regions_of, view_of
from placement.domain.decide.waiting import waiting_records
from placement.domain.facts import AnyFact
from placement.domain.histories import is_over, review_day
from placement.domain.life_events import StepKind
from placement.domain.state import State
from placement.domain.tallies import KINDS, Year, is_kept, lines_of
from placement.domain.terms import (
    AreaCode,
    Day,
    FactId,
    Reason,
    Revision,
    stockholm_day,
)

PAGE: Final = 100
"""Facts on one page of the queue."""


class ReviewReason(IntEnum):
    """Why a fact stands in the queue."""

    DUE = 1
    PAST_REVIEW = 2
    OVERDUE = 3
    CONTESTED = 4
    UNAPPROVED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class ListReviews(Command):
    """List what has to be looked at, the oldest first.

    Attributes:
        region: whose; ``None`` for all that the caller may see.
        reason: why; ``None`` for any reason.
        after: day and id of the last fact seen, or ``None``.
        scope: 32 bytes: what the list is of; its token is bound to that.
    """

    action = Action.REVIEW_LIST

    region: str | None
    reason: ReviewReason | None
    after: tuple[Day, FactId] | None
    scope: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Queued:
    """A fact in the queue.

    Attributes:
        view: it.
        since: since when it waits: its review date, or the day of the doubt or record.
        reasons: why, in order.
    """

    view: FactView
    since: Day
    reasons: tuple[ReviewReason, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewPage:
    """The reply to ``ListReviews``.

    Attributes:
        items: the oldest first.
        counts: how many facts stand in the whole queue, by region and reason.
        after: where the next page begins, or ``None`` on the last.
        scope: of the list.
    """

    items: tuple[Queued, ...]
    counts: tuple[tuple[str, ReviewReason, int], ...]
    after: tuple[Day, FactId] | None
    scope: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowCoverage(Command):
    """See when areas were reviewed last; ``None`` is the own region."""

    action = Action.COVERAGE_SHOW

    region: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Covered:
    """An area, and how its picture stands.

    Attributes:
        area: which.
        region: that polices it.
        reviewed_on: on which day it was reviewed last, or ``None``.
        fresh: the picture is not too old (R10).
    """

    area: AreaCode
    region: str
    reviewed_on: Day | None
    fresh: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageShown:
    """The reply to ``ShowCoverage``, in the order of codes."""

    areas: tuple[Covered, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportReviews(Command):
    """Count what was kept in a year, and why."""

    action = Action.REVIEW_REPORT

    year: int
    region: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What became of one kind of fact of one region in a year.

    Attributes:
        region: whose.
        kind: of which kind, as an index of ``KINDS``.
        kept: how many stood at the end of the year, or stand now if it is not over.
        overdue: how many of those are overdue for review now.
        steps: how many steps of each kind there were.
        reasons: why it was kept, of each renewal.
    """

    region: str
    kind: int
    kept: int
    overdue: int
    steps: tuple[tuple[StepKind, int], ...]
    reasons: tuple[tuple[Reason, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The reply to ``ReportReviews``: by region and kind; nothing where nothing was."""

    year: int
    tallies: tuple[Tally, ...]


def list_reviews(state: State, command: ListReviews, moment: Moment) -> Outcome:
    """List a page of the queue, and count the whole of it."""
    caller = command.caller
    queue = sorted(
        _queue(state, regions_of(state, caller, command.region), moment),
        key=lambda each: (each[0], each[1].id),
    )
    counts = Counter(
        (fact.region, reason) for _, fact, reasons in queue for reason in reasons
    )
    rest = [
        each
        for each in queue
        if (command.after is None or (each[0], each[1].id) > command.after)
        and command.reason in (None, *each[2])
    ]
    items = tuple(
        Queued(view=view_of(state, caller, moment, fact), since=since, reasons=reasons)
        for since, fact, reasons in rest[:PAGE]
    )
    last = (items[-1].since, items[-1].view.fact.id) if len(rest) > PAGE else None
    page = ReviewPage(
        items=items,
        counts=tuple((*key, counts[key]) for key in sorted(counts)),
        after=last,
        scope=command.scope,
    )
    note = Note(objects=tuple(item.view.fact.id for item in items))
    return Outcome(reply=page, note=note)


_Waits = tuple[Day, AnyFact, tuple[ReviewReason, ...]]


def _queue(state: State, regions: list[str], moment: Moment) -> Iterator[_Waits]:
    """Yield what has to be looked at in some regions."""
    histories, today = state.histories, moment.today
    last = Day(today + moment.ruleset.review.due_days)
    waiting = waiting_records(state, moment)
    lapsed = [key for key in histories.unapproved if key not in waiting]
    due = (key for each in regions for key in histories.reviewed_until(each, last))
    for key in dict.fromkeys((*due, *histories.contested, *lapsed)):
        fact = state.facts[key]
        if fact.region not in regions or fact.retracted or is_over(fact, today):
            continue
        since: list[Day] = []
        reasons: list[ReviewReason] = []
        review = review_day(fact)
        if review is not None and review <= last:
            since.append(review)
            reasons.append(_lateness(review, moment))
        if key in histories.contested:
            since.append(stockholm_day(histories.contested[key][0].at))
            reasons.append(ReviewReason.CONTESTED)
        if not fact.approved and key not in waiting:
            since.append(stockholm_day(fact.recorded_at))
            reasons.append(ReviewReason.UNAPPROVED)
        yield min(since), fact, tuple(reasons)


def _lateness(review: Day, moment: Moment) -> ReviewReason:
    if review >= moment.today:
        return ReviewReason.DUE
    late = moment.today - review > moment.ruleset.review.overdue_days
    return ReviewReason.OVERDUE if late else ReviewReason.PAST_REVIEW


def show_coverage(state: State, command: ShowCoverage, moment: Moment) -> Outcome:
    """Show when the picture of each area was reviewed last, by whom it counts."""
    areas = tuple(
        _covered(state, area, moment)
        for area in moment.ruleset.areas.values()
        if area.valid_on(moment.today) and _meant(area, command)
    )
    return Outcome(reply=CoverageShown(areas=areas))


def _meant(area: Area, command: ShowCoverage) -> bool:
    own = command.caller.organisation
    region = own if command.region is None else command.region
    require(own in (region, NATIONAL), "region", "is not your own")
    return region in (area.police_region, NATIONAL)


def _covered(state: State, area: Area, moment: Moment) -> Covered:
    """Say how an area stands; what another region says of it counts nothing (R10)."""
    said = (
        each.reviewed_on
        for each in state.coverage.of(area.code)
        if each.region in (area.police_region, NATIONAL)
        and each.reviewed_on <= moment.today
    )
    last = max(said, default=None)
    oldest = moment.today - moment.ruleset.coverage_days
    return Covered(
        area=area.code,
        region=area.police_region,
        reviewed_on=last,
        fresh=last is not None and last >= oldest,
    )


def report_reviews(state: State, command: ReportReviews, moment: Moment) -> Outcome:
    """Count, for each region that the caller may see, what became of its facts.

    What was counted of a fact is counted still once it is erased.
    """
    regions = set(regions_of(state, command.caller, command.region))
    if command.caller.organisation == NATIONAL and command.region is None:
        regions |= state.erasures.tallies.regions()
    tallies = (
        tally
        for region in sorted(regions)
        for tally in _tallies(state, region, command, moment)
    )
    return Outcome(reply=Report(year=command.year, tallies=tuple(tallies)))


def _tallies(
    state: State, region: str, command: ReportReviews, moment: Moment
) -> Iterator[Tally]:
    """Count what became of a region's facts, by kind; one look at each fact."""
    year = Year.of(command.year, moment.today)
    lines = state.erasures.tallies.of(command.year, region)
    overdue: Counter[int] = Counter()
    for key in state.histories.of_region(region, Revision(0)):
        fact, later = state.facts[key], state.histories.later(key)
        lines.update(lines_of(fact, later, year))
        if _is_overdue(fact, moment) and is_kept(fact, later, year):
            overdue[KINDS.index(type(fact))] += 1
    for kind in sorted({kind for kind, _, _ in lines}):
        of_kind = [(line, n) for line, n in lines.items() if line[0] == kind]
        steps = ((step, n) for (_, step, _), n in of_kind if step is not None)
        reasons = ((why, n) for (_, _, why), n in of_kind if why is not None)
        yield Tally(
            region=region,
            kind=kind,
            kept=lines[kind, None, None],
            overdue=overdue[kind],
            steps=tuple(sorted(steps)),
            reasons=tuple(sorted(reasons)),
        )


def _is_overdue(fact: AnyFact, moment: Moment) -> bool:
    review = review_day(fact)
    return review is not None and _lateness(review, moment) is ReviewReason.OVERDUE
