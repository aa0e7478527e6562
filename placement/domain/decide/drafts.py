"""From what a coordinator states to recorded facts: validated, graded, owned.

Invariants:
    * a fact speaks of registered groups and of areas in use; a typing error is
      refused, because a silent miss could become a false CLEAR;
    * a fact that can give CONFLICT by itself acts softly until a second coordinator
      stands behind it (rules.md, two persons).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, Final

from placement.access import Caller
from placement.domain.changeover import Named
from placement.domain.decide.alone import needs_second
from placement.domain.decide.command import Moment, require
from placement.domain.decide.contradictions import pair_in, refuse_contradictions
from placement.domain.decide.whose import linked_case
from placement.domain.events import Amendment, ChangeProposed, Event, FactRecorded
from placement.domain.facts import (
    Alliance,
    AnyFact,
    Faction,
    Rivalry,
)
from placement.domain.merges import GROUPS, ChiefOf
from placement.domain.state import State
from placement.domain.terms import (
    MICROS_AN_HOUR,
    AreaCode,
    CaseHandle,
    Day,
    FactId,
    Grade,
    Micros,
    Reason,
    Scheme,
    SubjectId,
)
from placement.errors import InvalidInputError, NotFoundError

MAX_FACTS: Final = 500
_SEVERITIES: Final = (1, 2, 3)
# What the wire calls an attribute, where it has another name.
_WIRE: Final = {"low": "group_a", "high": "group_b", "source_group": "group"}
# Attributes that must differ.
_PAIRS: Final = (("low", "high"), ("child", "parent"), ("target", "source_subject"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A household member, as a coordinator who knows no pseudonym points at them."""

    case: CaseHandle
    position: int


class AsBefore(Enum):
    """Stands for a person who stays the one that the replaced fact is about."""

    PERSON = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A fact as stated, without what the service adds.

    Attributes:
        id: 16 fresh random bytes.
        kind: which fact.
        name: the kind's name on the wire.
        valid_from: first day it was true; ``None`` when unknown.
        valid_to: first day it was no longer true; ``None`` while it stands.
        scheme: of the grade.
        given: the grade as given.
        review_by: last day without a review; ``None`` when never reviewed.
        reason: why it is recorded.
        statement: the kind's own attributes; a ``Member`` or ``Named`` may stand
            for a subject, and a pair in either order.
        replaces: the fact that it is recorded instead of, or ``None``; then
            ``AsBefore`` may stand for a person, too.
    """

    id: FactId
    kind: type[AnyFact]
    name: str
    valid_from: Day | None
    valid_to: Day | None
    scheme: Scheme
    given: str
    review_by: Day | None
    reason: Reason
    statement: Mapping[str, Any]
    replaces: FactId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What recording drafts leads to.

    Attributes:
        events: the facts, and the change that waits, if any.
        made: the facts' ids, then the change's id or nothing.
    """

    events: tuple[Event, ...]
    made: tuple[bytes, ...]


def record(
    state: State,
    moment: Moment,
    caller: Caller,
    drafts: tuple[Draft, ...],
    change: FactId,
) -> Recorded:
    """Record facts: all of them, or none.

    Raises:
        InvalidInputError: a draft that can't be; its field is named.
        NotFoundError: a case member who isn't there.
        ConflictError: a link that its region says already, or a circle of factions.
    """
    facts = drafted(state, moment, caller, drafts, "facts[{}]")
    events: list[Event] = [FactRecorded(fact=fact) for fact in facts]
    waiting = tuple(fact.id for fact in facts if not fact.approved)
    if waiting:
        events.append(propose(moment, caller, change, records=waiting))
    made = (*(fact.id for fact in facts), change if waiting else b"")
    return Recorded(events=tuple(events), made=made)


def drafted(
    state: State,
    moment: Moment,
    caller: Caller,
    drafts: Sequence[Draft],
    field: str,
) -> tuple[AnyFact, ...]:
    """Make facts of drafts that fit what stands: all of them, or none.

    Args:
        state: what stands.
        moment: when.
        caller: who states them.
        drafts: at most 500.
        field: the name of each on the wire, with ``{}`` for its position.

    Raises:
        PlacementError: as ``record``.
    """
    facts = stated(state, moment, caller, drafts, field)
    refuse_contradictions(state, moment, facts)
    return facts


def stated(
    state: State,
    moment: Moment,
    caller: Caller,
    drafts: Sequence[Draft],
    field: str,
) -> tuple[AnyFact, ...]:
    """Make facts of drafts, whether or not they contradict what stands; see ``drafted``.

    Raises:
        InvalidInputError: a draft that can't be; its field is named.
        NotFoundError: a case member who isn't there.
    """
    require(len(drafts) <= MAX_FACTS, field.partition("[")[0], "must be at most 500")
    facts = tuple(
        _fact(state, moment, caller, draft, field.format(index))
        for index, draft in enumerate(drafts)
    )
    return _second_for_settled(state, facts)


def propose(
    moment: Moment,
    caller: Caller,
    change: FactId,
    *,
    records: tuple[FactId, ...] = (),
    amendments: tuple[Amendment, ...] = (),
) -> ChangeProposed:
    """Return a change that waits for a second person."""
    wait = moment.ruleset.change_hours * MICROS_AN_HOUR
    return ChangeProposed(
        id=change,
        person=caller.person,
        region=caller.organisation,
        expires_at=Micros(moment.now + wait),
        records=records,
        amendments=amendments,
    )


def _second_for_settled(
    state: State, facts: tuple[AnyFact, ...]
) -> tuple[AnyFact, ...]:
    """Let what can end a split's REVIEWs (R8) wait for a second person."""
    joined = {pair_in(state, fact) for fact in facts if isinstance(fact, Faction)}
    return tuple(
        replace(fact, approved=False)
        if settles(state, fact)
        or (isinstance(fact, Rivalry | Alliance) and pair_in(state, fact) in joined)
        else fact
        for fact in facts
    )


def settles(state: State, fact: AnyFact) -> bool:
    """Tell whether a fact can end the REVIEWs of a split that its region says (R8)."""
    if not isinstance(fact, Rivalry | Alliance):
        return False
    links = state.graph.between(pair_in(state, fact))
    return any(
        isinstance(link, Faction) and link.region == fact.region for link in links
    )


def _subject_of(
    state: State, moment: Moment, caller: Caller, person: Member
) -> SubjectId:
    """Return whom a coordinator points at.

    Raises:
        NotFoundError: no such case, another region's, or no such position.
    """
    case = linked_case(state, caller, person.case, moment)
    if person.position >= len(case.members):
        raise NotFoundError
    return case.members[person.position]


def _fact(
    state: State, moment: Moment, caller: Caller, draft: Draft, field: str
) -> AnyFact:
    """Make a fact of a draft.

    Raises:
        InvalidInputError: it can't be one, or names somebody under another key than the
            one in force.
        NotFoundError: a case member who isn't there.
    """
    begin, end = draft.valid_from, draft.valid_to
    ordered = begin is None or end is None or begin <= end
    require(ordered, f"{field}.valid_to_day", "must not be before valid_from_day")
    last = moment.today + moment.ruleset.review.renewal_days
    near = draft.review_by is None or draft.review_by <= last
    require(near, f"{field}.review_by_day", "is too far ahead")
    grade = normalise(moment, draft.scheme, draft.given, f"{field}.grade.given")
    before = None if draft.replaces is None else state.facts[draft.replaces]
    statement: dict[str, Any] = {
        name: state.changeover.of(value)
        if isinstance(value, Named)
        else _subject_of(state, moment, caller, value)
        if isinstance(value, Member)
        else getattr(before, name)
        if isinstance(value, AsBefore)
        else value
        for name, value in draft.statement.items()
    }
    _validate(state, moment, draft.kind, statement, f"{field}.{draft.name}")
    own = state.merges.said_by(caller.organisation)
    _put_in_order(own, statement, f"{field}.{draft.name}")
    fact: AnyFact = draft.kind(
        id=draft.id,
        valid_from=begin,
        valid_to=end,
        recorded_at=moment.now,
        author=caller.person,
        region=caller.organisation,
        scheme=draft.scheme,
        given=draft.given,
        grade=grade,
        review_by=draft.review_by,
        reason=draft.reason,
        replaces=draft.replaces,
        **statement,
    )
    return replace(fact, approved=False) if needs_second(fact) else fact


def normalise(moment: Moment, scheme: Scheme, given: str, field: str) -> Grade:
    """Return a grade as given, normalised by the ruleset.

    Raises:
        InvalidInputError: the scheme has no such grade.
    """
    grade = moment.ruleset.grades[scheme].get(given)
    if grade is None:
        raise InvalidInputError(field, "is no grade of this scheme")
    return grade


def _validate(
    state: State,
    moment: Moment,
    kind: type[AnyFact],
    statement: dict[str, Any],
    field: str,
) -> None:
    """Refuse a statement that can't be.

    Raises:
        InvalidInputError: it can't be.
    """
    for name in statement.keys() & set(GROUPS[kind]):
        token = statement[name]
        known = token is None or token in state.groups
        require(known, f"{field}.{_WIRE.get(name, name)}", "is no registered group")
    if "area" in statement:
        require_area(moment, statement["area"], moment.today, f"{field}.area")
    if (last := statement.get("last_violence_on")) is not None:
        require(last <= moment.today, f"{field}.last_violence_on_day", "is to come")
    if "severity" in statement:
        fits = statement["severity"] in _SEVERITIES
        require(fits, f"{field}.severity", "must be 1 to 3")


def _put_in_order(own: ChiefOf, statement: dict[str, Any], field: str) -> None:
    """Put a pair in canonical order.

    Two names of one group are one, if the own region says so; a subject stands for itself.

    Raises:
        InvalidInputError: it is no pair.
    """
    for one, other in _PAIRS:
        if {one, other} <= statement.keys():
            differ = own(statement[one]) != own(statement[other])
            require(differ, field, "must name two, and not two names of one")
    if "low" in statement:
        pair = statement["low"], statement["high"]
        statement["low"], statement["high"] = min(pair), max(pair)


def require_area(moment: Moment, code: AreaCode, day: Day, field: str) -> None:
    """Refuse a code that is no municipality on a day.

    Raises:
        InvalidInputError: it is none.
    """
    areas = moment.ruleset.areas
    in_use = code in areas and areas[code].valid_on(day)
    require(in_use, field, "is no municipality code in use")
