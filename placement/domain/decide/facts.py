"""What is on record, for those whose it is: a list of facts, and the life of one.

Invariants:
    * a region sees its own facts, the national unit all; another's are not there;
    * of a person nothing is shown but the handle of a case of the caller's own region.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from enum import IntEnum
from heapq import merge
from itertools import islice
from typing import Final

from placement.access import NATIONAL, Action, Caller
from placement.domain.decide.command import Command, Moment, Note, Outcome, require
from placement.domain.decide.drafts import Member
from placement.domain.decide.registry import seen_fact
from placement.domain.decide.whose import polices
from placement.domain.facts import (
    Alliance,
    AnyFact,
    Rivalry,
)
from placement.domain.histories import is_over
from placement.domain.life_events import Doubt, Step
from placement.domain.state import State
from placement.domain.terms import AreaCode, FactId, Grade, GroupToken, Revision

PAGE: Final = 100
"""Facts on one page."""
LOOKED_AT: Final = 5000
"""Facts that are looked through for one page, so that nobody waits for long."""

_GROUPS: Final = ("group", "child", "parent", "low", "high", "source_group")
_PERSONS: Final = ("subject", "target", "source_subject", "low", "high")


class FactState(IntEnum):
    """Where a fact is in its life."""

    UNAPPROVED = 1
    STANDING = 2
    PAST_REVIEW = 3
    ENDED = 4
    INERT = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class FactFilter:
    """Which facts are meant; ``None`` is any.

    Attributes:
        kind: of which kind.
        group: that name a group.
        area: that name an area.
        state: where in their life.
        region: that a region owns.
    """

    kind: type[AnyFact] | None = None
    group: GroupToken | None = None
    area: AreaCode | None = None
    state: FactState | None = None
    region: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListFacts(Command):
    """List facts, in the order of recording.

    Attributes:
        filter: which.
        after: the revision behind which the page begins; 0 is the first.
        scope: 32 bytes: what the list is of; its token is bound to that.
    """

    action = Action.FACT_LIST

    filter: FactFilter
    after: Revision
    scope: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowFact(Command):
    """See a fact, and all that happened to it."""

    action = Action.FACT_SHOW

    fact: FactId

    @property
    def note(self) -> Note:
        """Name the fact."""
        return Note(objects=(self.fact,))


@dataclass(frozen=True, slots=True, kw_only=True)
class FactView:
    """A fact as a coordinator may see it.

    Attributes:
        fact: it.
        state: where it is in its life.
        changed: the revision in which it last changed.
        doubt: why it was contested first, or ``None``.
        members: by attribute, a case's member that the person is.
    """

    fact: AnyFact
    state: FactState
    changed: Revision
    doubt: Doubt | None
    members: Mapping[str, Member]


@dataclass(frozen=True, slots=True, kw_only=True)
class FactPage:
    """The reply to ``ListFacts``.

    Attributes:
        facts: in the order of recording; perhaps none, though more may follow.
        after: where the next page begins, or ``None`` on the last.
        scope: of the list.
    """

    facts: tuple[FactView, ...]
    after: Revision | None
    scope: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class FactShown:
    """The reply to ``ShowFact``: the fact, and its steps, the oldest first."""

    view: FactView
    steps: tuple[Step, ...]


def list_facts(state: State, command: ListFacts, moment: Moment) -> Outcome:
    """List a page of facts, looking through no more than so many."""
    caller, wanted = command.caller, command.filter
    looked = tuple(
        islice(owned(state, caller, wanted.region, command.after), LOOKED_AT + 1)
    )
    found: list[FactView] = []
    last = command.after
    for count, fact in enumerate(looked):
        if len(found) == PAGE or count == LOOKED_AT:
            break
        last = state.histories.recorded(fact.id)
        if _fits(fact, wanted) and (wanted.state in (None, fact_state(fact, moment))):
            found.append(view_of(state, caller, moment, fact))
    else:
        last = Revision(0)
    page = FactPage(facts=tuple(found), after=last or None, scope=command.scope)
    note = Note(objects=tuple(view.fact.id for view in found))
    return Outcome(reply=page, note=note)


def show_fact(state: State, command: ShowFact, moment: Moment) -> Outcome:
    """Show a fact and its life to those whose it is."""
    fact = seen_fact(state, command.caller, command.fact)
    view = view_of(state, command.caller, moment, fact)
    return Outcome(reply=FactShown(view=view, steps=state.histories.steps(fact)))


def fact_state(fact: AnyFact, moment: Moment) -> FactState:
    """Return where a fact is in its life."""
    if fact.retracted or fact.grade is Grade.DISCREDITED:
        return FactState.INERT
    if is_over(fact, moment.today):
        return FactState.ENDED
    if not fact.approved:
        return FactState.UNAPPROVED
    past = fact.review_by is not None and fact.review_by < moment.today
    return FactState.PAST_REVIEW if past else FactState.STANDING


def view_of(state: State, caller: Caller, moment: Moment, fact: AnyFact) -> FactView:
    """Return a fact as a coordinator may see it."""
    doubts = state.histories.contested.get(fact.id)
    return FactView(
        fact=fact,
        state=fact_state(fact, moment),
        changed=state.histories.changed(fact.id),
        doubt=None if doubts is None else doubts[0].doubt,
        members=dict(_members(state, caller, moment, fact)),
    )


def regions_of(state: State, caller: Caller, region: str | None) -> list[str]:
    """Return the regions whose facts a caller means and may see.

    Raises:
        InvalidInputError: another region than the own is meant.
    """
    if caller.organisation != NATIONAL:
        require(region in (None, caller.organisation), "region", "is not your own")
        return [caller.organisation]
    return state.histories.regions() if region is None else [region]


def owned(
    state: State, caller: Caller, region: str | None, after: Revision
) -> Iterator[AnyFact]:
    """Yield facts in the order of recording."""
    histories = state.histories
    orders = [
        histories.of_region(each, after) for each in regions_of(state, caller, region)
    ]
    return (state.facts[key] for key in merge(*orders, key=histories.recorded))


def _fits(fact: AnyFact, wanted: FactFilter) -> bool:
    if wanted.kind is not None and type(fact) is not wanted.kind:
        return False
    if wanted.area is not None and getattr(fact, "area", None) != wanted.area:
        return False
    # A person's id is never as short as a group's token.
    named = (getattr(fact, name, None) for name in _GROUPS)
    return wanted.group is None or wanted.group in named


def _members(
    state: State, caller: Caller, moment: Moment, fact: AnyFact
) -> Iterator[tuple[str, Member]]:
    """Yield for each person a member of a case of the caller's own region, if any."""
    if isinstance(fact, Rivalry | Alliance):  # low and high are groups
        return
    for name in (each.name for each in fields(fact) if each.name in _PERSONS):
        subject = getattr(fact, name)
        for handle in state.cases_of.get(subject, ()):
            case = state.cases[handle]
            if polices(caller, case, moment):
                position = case.members.index(subject)
                yield name, Member(case=handle, position=position)
                break
