"""What happened to each fact, and which facts somebody has to look at.

The part of the state that ``LifeEvent`` and the events of facts change beside the facts
themselves.

Invariants:
    * a fact that nothing happened to but that it was recorded costs a number, no step:
      its first step is made of the fact when somebody looks at it;
    * whoever needs a review is found by an index; nothing here looks at every fact.
"""

from bisect import bisect_right
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import partial
from heapq import merge
from itertools import islice
from typing import Final, assert_never

from placement.domain.events import (
    ChangeApproved,
    ChangeProposed,
    FactAmendment,
    FactEnded,
    FactRegraded,
    FactRetracted,
    Record,
)
from placement.domain.facts import Affiliation, AnyFact, SameAs
from placement.domain.life_events import (
    ChangeDropped,
    ChangeRejected,
    ChangeWithdrawn,
    ContestWithdrawn,
    FactContested,
    FactRenewed,
    FactsKept,
    FactStepsKept,
    Step,
    StepKind,
)
from placement.domain.roll import Roll
from placement.domain.terms import Day, FactId, Grade, Revision

_KEPT_AT_ONCE: Final = 1000  # facts in one event of a snapshot
# A doubt stands until somebody has looked: these say nothing about it.
_LEAVES_DOUBT: Final = frozenset({StepKind.APPROVED, StepKind.REJECTED})


class Histories:
    """The lives of all facts.

    Args:
        roll: affiliations, which know their own revisions and reviews.

    Attributes:
        contested: the steps that say so, one of each person, the oldest first; by fact.
        unapproved: facts that no second person stands behind, and that count.
    """

    def __init__(self, roll: Roll) -> None:
        self._roll = roll
        self.contested: dict[FactId, tuple[Step, ...]] = {}
        self.unapproved: dict[FactId, None] = {}
        self._recorded: dict[FactId, Revision] = {}
        self._later: dict[FactId, tuple[Step, ...]] = {}
        self._order: dict[str, list[FactId]] = {}
        self._reviews: dict[str, dict[Day, dict[FactId, None]]] = {}

    def put(self, before: AnyFact | None, fact: AnyFact, revision: Revision) -> None:
        """Note a fact, or its newer form, that stands already."""
        row = self._roll.find(fact.id)
        if row < 0:
            self._put(before, fact, revision)
        elif before is None:
            self._roll.revision[row] = revision
        if fact.approved or fact.retracted:
            self.unapproved.pop(fact.id, None)
        else:
            self.unapproved[fact.id] = None

    def _put(self, before: AnyFact | None, fact: AnyFact, revision: Revision) -> None:
        """Note what is in no row."""
        if before is None:
            self._recorded[fact.id] = revision
            self._order.setdefault(fact.region, []).append(fact.id)
        old = None if before is None else review_day(before)
        new = review_day(fact)
        if old != new and old is not None:
            self._look_away(fact, old)
        if new is not None:
            days = self._reviews.setdefault(fact.region, {})
            days.setdefault(new, {})[fact.id] = None

    def add(self, key: FactId, step: Step) -> None:
        """Note a step."""
        self._later[key] = (*self._later.get(key, ()), step)
        if step.kind is StepKind.CONTESTED:
            self.contested[key] = (*self.contested.get(key, ()), step)
        elif step.kind is StepKind.UNCONTESTED:
            self._doubt_no_more(key, step.person)
        elif step.kind not in _LEAVES_DOUBT:
            self.contested.pop(key, None)

    def _doubt_no_more(self, key: FactId, person: str) -> None:
        """Take a person's doubt away; what others doubt stands."""
        doubts = self.contested.pop(key, ())
        left = tuple(each for each in doubts if each.person != person)
        if left:
            self.contested[key] = left

    def forget(self, facts: Collection[AnyFact]) -> None:
        """Remove all that was noted of facts, as they stood last."""
        for fact in facts:
            self._later.pop(fact.id, None)
            self.contested.pop(fact.id, None)
            self.unapproved.pop(fact.id, None)
        others = [fact for fact in facts if fact.id in self._recorded]
        for fact in others:
            del self._recorded[fact.id]
            if (review := review_day(fact)) is not None:
                self._look_away(fact, review)
        for region in {fact.region for fact in others}:
            left = [key for key in self._order[region] if key in self._recorded]
            self._order[region] = left
            if not left:
                del self._order[region]

    def _look_away(self, fact: AnyFact, day: Day) -> None:
        days = self._reviews[fact.region]
        del days[day][fact.id]
        if not days[day]:
            del days[day]
        if not days:
            del self._reviews[fact.region]

    def changed(self, key: FactId) -> Revision:
        """Return the revision in which a fact last changed."""
        later = self._later.get(key)
        return later[-1].revision if later else self.recorded(key)

    def later(self, key: FactId) -> tuple[Step, ...]:
        """Return what happened to a fact after it was recorded."""
        return self._later.get(key, ())

    def steps(self, fact: AnyFact) -> tuple[Step, ...]:
        """Return everything that happened to a fact, the oldest first."""
        first = Step(
            kind=StepKind.RECORDED,
            at=fact.recorded_at,
            revision=self.recorded(fact.id),
            person=fact.author,
            reason=fact.reason,
        )
        return (first, *self.later(fact.id))

    def regions(self) -> list[str]:
        """Return the regions that own facts, in order."""
        return sorted(self._order.keys() | self._roll.regions())

    def of_region(self, region: str, after: Revision) -> Iterator[FactId]:
        """Yield a region's facts in the order of recording, behind a revision."""
        order = self._order.get(region, [])
        start = bisect_right(order, after, key=self._recorded.__getitem__)
        rows = self._roll.of_region(region)
        begin = bisect_right(rows, after, key=self._roll.recorded)
        ids = map(self._roll.id, islice(rows, begin, None))
        return merge(islice(order, start, None), ids, key=self.recorded)

    def recorded(self, key: FactId) -> Revision:
        """Return the revision in which a fact was recorded."""
        row = self._roll.find(key)
        return self._recorded[key] if row < 0 else self._roll.recorded(row)

    def reviewed_until(self, region: str, last: Day) -> Iterator[FactId]:
        """Yield a region's facts whose review date is at most a day, in no order."""
        days = self._reviews.get(region, {})
        for day in filter(last.__ge__, days):
            yield from days[day]
        for each in self._roll.review_days():
            if each <= last:
                yield from self._roll.reviewed_on(each, region)

    def keep(self, event: FactsKept | FactStepsKept) -> None:
        """Take over what a snapshot kept; the facts stand already."""
        if isinstance(event, FactStepsKept):
            for step in event.steps:
                self.add(event.id, step)
        else:
            for key, revision in zip(event.ids, event.revisions, strict=True):
                self._keep(key, revision)

    def _keep(self, key: FactId, revision: Revision) -> None:
        row = self._roll.find(key)
        if row < 0:
            self._recorded[key] = revision
        else:  # in a snapshot from before there were rows
            self._roll.revision[row] = revision

    def records(self) -> Iterator[FactsKept | FactStepsKept]:
        """Yield events that make the same of recorded facts; rows know theirs."""
        pairs = iter(self._recorded.items())
        while chunk := tuple(islice(pairs, _KEPT_AT_ONCE)):
            ids, revisions = zip(*chunk, strict=True)
            yield FactsKept(ids=ids, revisions=revisions)
        for key, steps in self._later.items():
            yield FactStepsKept(id=key, steps=steps)


def review_day(fact: AnyFact) -> Day | None:
    """Return the last day on which a fact needs no look, or ``None``.

    What counts no more needs none, nor what is over before that day. An affiliation
    counts whatever its dates, so its end excuses nobody from looking.
    """
    if fact.retracted or fact.grade is Grade.DISCREDITED or fact.review_by is None:
        return None
    return None if is_over(fact, fact.review_by) else fact.review_by


def is_over(fact: AnyFact, today: Day) -> bool:
    """Tell whether a fact has ended; an affiliation and a same-as never have."""
    if isinstance(fact, Affiliation | SameAs):
        return False
    return fact.valid_to is not None and fact.valid_to <= today


def steps_of(
    record: Record, revision: Revision, changes: Mapping[FactId, ChangeProposed]
) -> Iterator[tuple[FactId, Step]]:
    """Yield what a record does to which facts; before it is applied.

    Raises:
        KeyError: it speaks of a change that isn't there.
    """
    event = record.event
    asked_by = "" if record.request is None else record.request.person
    signed = partial(Step, at=record.at, revision=revision)
    match event:
        case FactEnded() | FactRenewed():
            yield event.id, _amended(event, signed, event.person or asked_by)
        case FactRetracted() | FactRegraded():
            yield event.id, _amended(event, signed, asked_by)
        case FactContested(id=key, doubt=doubt, person=person):
            yield key, signed(kind=StepKind.CONTESTED, person=person, doubt=doubt)
        case ContestWithdrawn(id=key, person=person):
            yield key, signed(kind=StepKind.UNCONTESTED, person=person)
        case ChangeApproved() | ChangeRejected() | ChangeWithdrawn():
            yield from _of_change(event, changes[event.id], signed)
        case _:
            return


_Signed = Callable[..., Step]


def _of_change(
    event: ChangeApproved | ChangeDropped, change: ChangeProposed, signed: _Signed
) -> Iterator[tuple[FactId, Step]]:
    """Yield what becomes of a change's facts; the second of a withdrawal is nobody."""
    second = "" if isinstance(event, ChangeWithdrawn) else event.person
    for fact in change.records:
        kind = _ENDS[type(event)]
        yield fact, signed(kind=kind, person=change.person, second=second)
    if isinstance(event, ChangeApproved):
        for item in change.amendments:
            if isinstance(item, FactAmendment):
                yield item.id, _amended(item, signed, change.person, second)


def _amended(
    item: FactAmendment, signed: _Signed, person: str, second: str = ""
) -> Step:
    """Say what an amendment set."""
    by = partial(signed, person=person, second=second)
    match item:
        case FactEnded(valid_to=day):
            return by(kind=StepKind.ENDED, day=day)
        case FactRegraded(scheme=scheme, given=given):
            return by(kind=StepKind.REGRADED, scheme=scheme, given=given)
        case FactRenewed(review_by=day, reason=reason):
            return by(kind=StepKind.RENEWED, day=day, reason=reason)
        case FactRetracted():
            return by(kind=StepKind.RETRACTED)
        case _ as never:
            assert_never(never)


_ENDS: Final[Mapping[type[object], StepKind]] = {
    ChangeApproved: StepKind.APPROVED,
    ChangeRejected: StepKind.REJECTED,
    ChangeWithdrawn: StepKind.WITHDRAWN,
}
