"""The coordinators' registry: record, end, retract and regrade facts.

Invariants:
    * whoever proposes that a fact which can give CONFLICT counts less does not decide
      it alone: such an end, every end dated before today, every retraction and every
      regrading wait for a second coordinator; until then the fact acts as before;
    * a fact of another region is answered like a fact that isn't there.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from placement.access import NATIONAL, Action, Caller
from placement.domain.decide.alone import ends_by_two
from placement.domain.decide.command import (
    Moment,
    Note,
    Outcome,
    RequestCommand,
    require,
)
from placement.domain.decide.contradictions import refuse_contradictions
from placement.domain.decide.drafts import (
    Draft,
    normalise,
    propose,
    record,
)
from placement.domain.events import Amendment, FactEnded, FactRegraded, FactRetracted
from placement.domain.facts import AnyFact, SameAs
from placement.domain.state import State
from placement.domain.terms import Day, FactId, Grade, Revision, Scheme
from placement.errors import ConflictError, NotFoundError, StaleError

MAX_AMENDMENTS: Final = 500
ANY: Final = Revision(0)
"""Whatever happened to a fact since somebody saw it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordFacts(RequestCommand):
    """Record facts.

    Attributes:
        drafts: what is stated.
        change: 16 fresh random bytes, used if some fact needs a second person.
    """

    action = Action.FACT_RECORD

    drafts: tuple[Draft, ...]
    change: FactId


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """A fact, and the first day it was no longer true.

    Attributes:
        id: which.
        valid_to: the day.
        seen: the revision in which the caller saw it last changed; 0 is any.
    """

    id: FactId
    valid_to: Day
    seen: Revision = ANY


@dataclass(frozen=True, slots=True, kw_only=True)
class EndFacts(RequestCommand):
    """Say that facts stopped being true.

    Attributes:
        endings: which, and when.
        change: 16 fresh random bytes, used if some end needs a second person.
    """

    action = Action.FACT_END

    endings: tuple[Ending, ...]
    change: FactId

    @property
    def note(self) -> Note:
        """Name the facts."""
        return Note(objects=tuple(ending.id for ending in self.endings))


@dataclass(frozen=True, slots=True, kw_only=True)
class RetractFacts(RequestCommand):
    """Say that facts were never true.

    Attributes:
        ids: which.
        change: 16 fresh random bytes.
        seen: for each, the revision in which the caller saw it last changed; or none.
    """

    action = Action.FACT_RETRACT

    ids: tuple[FactId, ...]
    change: FactId
    seen: tuple[Revision, ...] = ()

    @property
    def note(self) -> Note:
        """Name the facts."""
        return Note(objects=self.ids)


@dataclass(frozen=True, slots=True, kw_only=True)
class Regrading:
    """A fact, and its new grade as given; ``seen`` as of ``Ending``."""

    id: FactId
    scheme: Scheme
    given: str
    seen: Revision = ANY


@dataclass(frozen=True, slots=True, kw_only=True)
class RegradeFacts(RequestCommand):
    """Grade the sources of facts anew."""

    action = Action.FACT_REGRADE

    regradings: tuple[Regrading, ...]
    change: FactId

    @property
    def note(self) -> Note:
        """Name the facts."""
        return Note(objects=tuple(item.id for item in self.regradings))


def record_facts(state: State, command: RecordFacts, moment: Moment) -> Outcome:
    """Record facts; those that can give CONFLICT alone stay soft until approved."""
    require(command.drafts, "facts", "must be 1 to 500")
    recorded = record(state, moment, command.caller, command.drafts, command.change)
    return Outcome.written(*recorded.events, made=recorded.made)


def end_facts(state: State, command: EndFacts, moment: Moment) -> Outcome:
    """End facts; at once where one person may, else when a second one approves."""
    require_count(command.endings, "endings")
    require_distinct([ending.id for ending in command.endings], "endings")
    second = False
    for index, ending in enumerate(command.endings):
        fact = own_fact(state, command.caller, ending.id, ending.seen)
        field = f"endings[{index}].valid_to_day"
        require_endable(fact, ending.valid_to, moment, field)
        second = second or ends_by_two(fact) or ending.valid_to < moment.today
    by = "" if second else command.caller.person
    events = tuple(
        FactEnded(id=ending.id, valid_to=ending.valid_to, person=by)
        for ending in command.endings
    )
    if second:
        return proposed(moment, command.caller, command.change, events)
    return Outcome.written(*events, made=(b"",))


def retract_facts(state: State, command: RetractFacts, moment: Moment) -> Outcome:
    """Propose that facts were never true."""
    require_count(command.ids, "fact_ids")
    require_distinct(command.ids, "fact_ids")
    count = len(command.ids)
    require(len(command.seen) in (0, count), "seen_revisions", "must be one a fact")
    for fact_id, seen in zip(command.ids, command.seen or (ANY,) * count, strict=True):
        own_fact(state, command.caller, fact_id, seen)
    events = tuple(FactRetracted(id=fact_id) for fact_id in command.ids)
    return proposed(moment, command.caller, command.change, events)


def regrade_facts(state: State, command: RegradeFacts, moment: Moment) -> Outcome:
    """Propose new grades."""
    require_count(command.regradings, "regradings")
    require_distinct([item.id for item in command.regradings], "regradings")
    events, again, gone = [], [], []
    for index, item in enumerate(command.regradings):
        fact = own_fact(state, command.caller, item.id, item.seen)
        field = f"regradings[{index}].grade.given"
        grade = normalise(moment, item.scheme, item.given, field)
        if fact.grade is Grade.DISCREDITED:
            again.append(replace(fact, grade=grade))
        if grade is Grade.DISCREDITED:
            gone.append(fact.id)
        events.append(
            FactRegraded(id=item.id, scheme=item.scheme, given=item.given, grade=grade)
        )
    # What comes back contradicted nothing until now; what goes with it is no obstacle.
    refuse_contradictions(state, moment, again, gone)
    return proposed(moment, command.caller, command.change, tuple(events))


def seen_fact(state: State, caller: Caller, fact_id: FactId) -> AnyFact:
    """Return a fact of the caller's region; the national unit has all.

    Raises:
        NotFoundError: there is none.
    """
    fact = state.facts.get(fact_id)
    if fact is None or caller.organisation not in (fact.region, NATIONAL):
        raise NotFoundError
    return fact


def own_fact(
    state: State, caller: Caller, fact_id: FactId, seen: Revision = ANY
) -> AnyFact:
    """Return a standing fact of the caller's region, as the caller saw it.

    Raises:
        NotFoundError: there is none.
        StaleError: it changed since it was seen.
        ConflictError: it was retracted.
    """
    fact = seen_fact(state, caller, fact_id)
    if seen not in (ANY, state.histories.changed(fact_id)):
        raise StaleError
    if fact.retracted:
        raise ConflictError
    return fact


def require_endable(fact: AnyFact, valid_to: Day, moment: Moment, field: str) -> None:
    """Refuse an end that the fact can't have.

    Raises:
        InvalidInputError: it comes too early or too late, or the kind has no end.
        ConflictError: the fact has ended already.
    """
    require(not isinstance(fact, SameAs), field, "must be a retraction instead")
    require(valid_to <= moment.today, field, "must not be after today")
    begun = fact.valid_from is None or fact.valid_from <= valid_to
    require(begun, field, "must not be before the fact's first day")
    if fact.valid_to is not None and fact.valid_to <= moment.today:
        raise ConflictError


def require_count(items: Sequence[object], field: str) -> None:
    """Refuse a request about nothing, or about too much.

    Raises:
        InvalidInputError: it is one.
    """
    require(1 <= len(items) <= MAX_AMENDMENTS, field, "must be 1 to 500")


def require_distinct(ids: Sequence[FactId], field: str) -> None:
    """Refuse a request that speaks of something twice.

    Raises:
        InvalidInputError: it does.
    """
    require(len(set(ids)) == len(ids), field, "must all be different")


def proposed(
    moment: Moment, caller: Caller, change: FactId, amendments: tuple[Amendment, ...]
) -> Outcome:
    """Let amendments wait for a second person."""
    proposal = propose(moment, caller, change, amendments=amendments)
    return Outcome.written(proposal, made=(change,))
