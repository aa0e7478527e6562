"""The life of a fact after it was recorded: amend, renew, contest, propose again.

Invariants:
    * nothing is overwritten: what replaces a fact is a fact of its own that names it, and
      the old one acts until the new one does;
    * a fact that can give CONFLICT does not get its strength back by one person's word:
      to renew it past its review date waits for a second coordinator;
    * a doubt changes no verdict, neither way.
"""

from dataclasses import dataclass, replace
from typing import Final

from placement.access import Action
from placement.domain.decide.alone import ends_by_two, needs_second, says_as_much
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
    drafted,
    propose,
    settles,
)
from placement.domain.decide.registry import (
    ANY,
    own_fact,
    proposed,
    require_count,
    require_distinct,
    require_endable,
)
from placement.domain.decide.waiting import waiting_records
from placement.domain.events import Event, FactEnded, FactRecorded
from placement.domain.facts import AnyFact
from placement.domain.histories import is_over
from placement.domain.life_events import (
    ContestWithdrawn,
    Doubt,
    FactContested,
    FactRenewed,
)
from placement.domain.state import State
from placement.domain.terms import Day, FactId, Reason, Revision
from placement.errors import AccessDeniedError, ConflictError

_NOT_STATED: Final = ("id", "recorded_at", "author", "region", "approved", "replaces")
"""What the service adds to a fact, by attribute."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replacement:
    """A fact, when it stopped being true, and what is true instead.

    Attributes:
        id: which.
        valid_to: first day it was no longer true.
        draft: what is stated instead; of the same kind.
        seen: the revision in which the caller saw it last changed; 0 is any.
    """

    id: FactId
    valid_to: Day
    draft: Draft
    seen: Revision = ANY


@dataclass(frozen=True, slots=True, kw_only=True)
class AmendFacts(RequestCommand):
    """End facts and record others instead, in one step.

    Attributes:
        replacements: which, and by what.
        change: 16 fresh random bytes, used if somebody has to stand behind it.
    """

    action = Action.FACT_AMEND

    replacements: tuple[Replacement, ...]
    change: FactId

    @property
    def note(self) -> Note:
        """Name the facts."""
        return Note(objects=tuple(item.id for item in self.replacements))


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewal:
    """A fact, until when it stands without another look, and why it is kept."""

    id: FactId
    review_by: Day
    reason: Reason
    seen: Revision = ANY


@dataclass(frozen=True, slots=True, kw_only=True)
class RenewFacts(RequestCommand):
    """Say that facts were looked at and stand.

    Attributes:
        renewals: which, and until when.
        change: 16 fresh random bytes, used if somebody has to stand behind it.
    """

    action = Action.FACT_RENEW

    renewals: tuple[Renewal, ...]
    change: FactId

    @property
    def note(self) -> Note:
        """Name the facts."""
        return Note(objects=tuple(item.id for item in self.renewals))


@dataclass(frozen=True, slots=True, kw_only=True)
class Contest:
    """A fact, and why it is doubted; ``None`` when it no longer is."""

    id: FactId
    doubt: Doubt | None
    seen: Revision = ANY


@dataclass(frozen=True, slots=True, kw_only=True)
class ContestFacts(RequestCommand):
    """Doubt facts, or doubt them no more."""

    action = Action.FACT_CONTEST

    contests: tuple[Contest, ...]

    @property
    def note(self) -> Note:
        """Name the facts."""
        return Note(objects=tuple(item.id for item in self.contests))


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposeFacts(RequestCommand):
    """Propose facts again that nobody stood behind in time.

    Attributes:
        ids: which.
        change: 16 fresh random bytes.
        seen: for each, the revision in which the caller saw it last changed; or none.
    """

    action = Action.FACT_PROPOSE

    ids: tuple[FactId, ...]
    change: FactId
    seen: tuple[Revision, ...] = ()

    @property
    def note(self) -> Note:
        """Name the facts."""
        return Note(objects=self.ids)


def amend_facts(state: State, command: AmendFacts, moment: Moment) -> Outcome:
    """Replace facts: at once where one person may, else when a second one approves."""
    caller, items = command.caller, command.replacements
    require_count(items, "amendments")
    require_distinct([item.id for item in items], "amendments")
    second = False
    for index, item in enumerate(items):
        field = f"amendments[{index}]"
        fact = own_fact(state, caller, item.id, item.seen)
        require_endable(fact, item.valid_to, moment, f"{field}.valid_to_day")
        alike = isinstance(fact, item.draft.kind)
        require(alike, f"{field}.fact.statement", "must be of the same kind")
        second = second or item.valid_to < moment.today
    drafts = [item.draft for item in items]
    facts = drafted(state, moment, caller, drafts, "amendments[{}].fact")
    for index, (item, fact) in enumerate(zip(items, facts, strict=True)):
        old = state.facts[item.id]
        news = _says_else(old, fact, item.valid_to)
        require(news, f"amendments[{index}].fact", "must say something else")
        second = second or (ends_by_two(old) and not says_as_much(old, fact, moment))
    if second or not all(fact.approved for fact in facts):
        return _replaced_later(moment, command, facts)
    by = caller.person
    events: tuple[Event, ...] = (
        *(FactRecorded(fact=fact) for fact in facts),
        *(FactEnded(id=item.id, valid_to=item.valid_to, person=by) for item in items),
    )
    return Outcome.written(*events, made=(*(fact.id for fact in facts), b""))


def _says_else(old: AnyFact, new: AnyFact, day: Day) -> bool:
    """Tell whether a fact states anything that the one before it, ended, does not."""
    as_stated = {name: getattr(new, name) for name in _NOT_STATED}
    goes_on = new.valid_from in (day, old.valid_from)
    return not goes_on or replace(old, valid_from=new.valid_from, **as_stated) != new


def _replaced_later(
    moment: Moment, command: AmendFacts, facts: tuple[AnyFact, ...]
) -> Outcome:
    """Let old facts act as before, and new ones softly, until somebody approves."""
    ids = tuple(fact.id for fact in facts)
    endings = tuple(
        FactEnded(id=item.id, valid_to=item.valid_to) for item in command.replacements
    )
    change = propose(
        moment, command.caller, command.change, records=ids, amendments=endings
    )
    recorded = (FactRecorded(fact=replace(fact, approved=False)) for fact in facts)
    return Outcome.written(*recorded, change, made=(*ids, command.change))


def renew_facts(state: State, command: RenewFacts, moment: Moment) -> Outcome:
    """Renew facts; those that would count fully again wait for a second person."""
    require_count(command.renewals, "renewals")
    require_distinct([item.id for item in command.renewals], "renewals")
    second = False
    for index, item in enumerate(command.renewals):
        fact = own_fact(state, command.caller, item.id, item.seen)
        field = f"renewals[{index}].review_by_day"
        _require_day(state, fact, item, moment, field)
        if is_over(fact, moment.today):
            raise ConflictError
        # A date takes strength from what nobody had to review: whatever it says may be
        # a link of a CONFLICT, which would be a REVIEW on the day after.
        first = fact.review_by is None
        past = fact.review_by is not None and fact.review_by < moment.today
        turns = past and (needs_second(fact) or settles(state, fact))
        second = second or first or turns
    by = "" if second else command.caller.person
    events = tuple(
        FactRenewed(id=each.id, review_by=each.review_by, reason=each.reason, person=by)
        for each in command.renewals
    )
    if second:
        return proposed(moment, command.caller, command.change, events)
    return Outcome.written(*events, made=(b"",))


def _require_day(
    state: State, fact: AnyFact, item: Renewal, moment: Moment, field: str
) -> None:
    """Refuse a review date that the fact can't have.

    Of a fact that is doubted, the one that it has says that it stands all the same.

    Raises:
        InvalidInputError: it is too early, or too far ahead.
    """
    last = moment.today + moment.ruleset.review.renewal_days
    require(item.review_by > moment.today, field, "must be after today")
    require(item.review_by <= last, field, "is too far ahead")
    before = 0 if fact.review_by is None else fact.review_by
    earliest = before if fact.id in state.histories.contested else before + 1
    require(item.review_by >= earliest, field, "must be after the one that it has")


def contest_facts(state: State, command: ContestFacts, moment: Moment) -> Outcome:
    """Doubt facts, once each; only who raised a doubt withdraws it."""
    del moment
    caller = command.caller
    require_count(command.contests, "contests")
    require_distinct([item.id for item in command.contests], "contests")
    events: list[Event] = []
    for item in command.contests:
        own_fact(state, caller, item.id, item.seen)
        doubts = state.histories.contested.get(item.id, ())
        own = any(each.person == caller.person for each in doubts)
        if own if item.doubt is not None else not doubts:
            raise ConflictError
        if item.doubt is None:
            if not own:
                raise AccessDeniedError
            events.append(ContestWithdrawn(id=item.id, person=caller.person))
        else:
            doubted = FactContested(id=item.id, doubt=item.doubt, person=caller.person)
            events.append(doubted)
    return Outcome.written(*events)


def propose_facts(state: State, command: ProposeFacts, moment: Moment) -> Outcome:
    """Let facts wait again that lapsed; they act softly all the while."""
    ids, count = command.ids, len(command.ids)
    require_count(ids, "fact_ids")
    require_distinct(ids, "fact_ids")
    require(len(command.seen) in (0, count), "seen_revisions", "must be one a fact")
    waiting = waiting_records(state, moment)
    for fact_id, seen in zip(ids, command.seen or (ANY,) * count, strict=True):
        fact = own_fact(state, command.caller, fact_id, seen)
        if fact.approved or fact_id in waiting:
            raise ConflictError
    # Somebody may have recorded the same anew since it lapsed.
    refuse_contradictions(state, moment, [state.facts[fact_id] for fact_id in ids])
    change = propose(moment, command.caller, command.change, records=ids)
    return Outcome.written(change, made=(command.change,))
