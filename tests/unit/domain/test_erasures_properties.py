"""What was erased is as if it had never been said, in every answer, in random worlds.

Each log is folded in four ways: by who read it all, and then its erasure; by who comes
later, and can't open what was erased; with all of that left out; and with the erased
facts retracted instead. Where something is left out stands a record that says nothing,
so that revisions are the same.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import event as noted
from hypothesis import given
from hypothesis import strategies as st
from kit.commands import NATIONAL, list_changes
from kit.living import list_facts, list_reviews, report_reviews, show_coverage
from kit.often import often
from kit.small import ANY, GROUPS, HOUSED, SMALL, STAND, Small, worlds
from kit.world import NOW, TODAY, World, token

from placement.domain.changeover_events import CustodianNamed
from placement.domain.decide.command import Moment, Outcome
from placement.domain.decide.table import decide
from placement.domain.decide.weighing import remaining, reweighed, weighed
from placement.domain.dossiers import dossier_of
from placement.domain.erasure_events import DossiersErased, Sealed
from placement.domain.events import (
    ChangeApproved,
    ChangeProposed,
    Event,
    FactEnded,
    FactRetracted,
    Record,
)
from placement.domain.group_events import GroupsMerged
from placement.domain.life_events import (
    ChangeRejected,
    Doubt,
    FactContested,
    FactRenewed,
)
from placement.domain.questions import Question
from placement.domain.rules import assess
from placement.domain.state import State
from placement.domain.terms import Day, DossierId, FactId, Micros, Reason

MOMENT = Moment(now=NOW, ruleset=SMALL)
NOTHING = CustodianNamed(key_id=b"")
Script = list[tuple[Event, DossierId | None]]


class Told(World):
    """A world that remembers what happened, and to which dossier."""

    def __init__(self) -> None:
        super().__init__(SMALL)
        self.script: Script = []

    def apply(self, event: Event) -> None:
        self.script.append((event, dossier_of(event, self.state)))
        super().apply(event)


STEPS: dict[str, Callable[[FactId], Event]] = {
    "ended": lambda key: FactEnded(id=key, valid_to=Day(TODAY - 3)),
    "retracted": lambda key: FactRetracted(id=key),
    "contested": lambda key: FactContested(id=key, doubt=Doubt.SOURCE, person="co-01"),
    "renewed": lambda key: FactRenewed(
        id=key, review_by=Day(TODAY + 5), reason=Reason.COURT, person="co-01"
    ),
}
ASKED = (list_reviews, list_facts, list_changes, show_coverage, report_reviews)
CHANGE = token("change")
DECISIONS: dict[str, Event | None] = {
    "waits": None,
    "approved": ChangeApproved(id=CHANGE, person="co-02"),
    "rejected": ChangeRejected(id=CHANGE, person="co-02"),
}


@dataclass(frozen=True, slots=True)
class Logged:
    """What happened, and what was erased at which place of it."""

    script: Script
    erased: Collection[DossierId]
    facts: Collection[FactId]

    def folded(self, change: Callable[[Event, DossierId | None], Event]) -> State:
        """Fold it, each event changed."""
        state = State()
        for event, dossier in self.script:
            state.apply(Record(at=NOW, event=change(event, dossier)))
        return state

    def later(self) -> State:
        """Return what somebody folds who has no key of what was erased."""
        return self.folded(
            lambda event, dossier: (
                Sealed(dossier=dossier, content=b"")
                if dossier in self.erased and dossier is not None
                else event
            )
        )

    def left_out(self) -> State:
        """Return what had been without it."""

        def change(event: Event, dossier: DossierId | None) -> Event:
            match event:
                case DossiersErased():
                    return NOTHING
                case ChangeProposed():
                    left = self._left_of(event)
                    return left if left.records or left.amendments else NOTHING
                case ChangeApproved() | ChangeRejected():
                    gone = self._all_gone()
                    return NOTHING if gone else event
                case _:
                    return NOTHING if dossier in self.erased else event

        return self.folded(change)

    def retracted(self) -> State:
        """Return what had been with the facts retracted instead."""
        state = State()
        for event, _ in self.script:
            erases = isinstance(event, DossiersErased)
            for each in self._retractions() if erases else (event,):
                state.apply(Record(at=NOW, event=each))
        return state

    def _retractions(self) -> Iterator[Event]:
        return (FactRetracted(id=key) for key in self.facts)

    def _left_of(self, change: ChangeProposed) -> ChangeProposed:
        records = tuple(each for each in change.records if each not in self.erased)
        amendments = tuple(
            each for each in change.amendments if each.id not in self.erased
        )
        return replace(change, records=records, amendments=amendments)

    def _all_gone(self) -> bool:
        changes = [each for each, _ in self.script if isinstance(each, ChangeProposed)]
        left = self._left_of(changes[0])
        return not left.records and not left.amendments


def some(draw: st.DrawFn, things: Collection[Any], most: int) -> list[Any]:
    """Draw some of what there is, in any order."""
    if not things:
        return []
    one = st.sampled_from(list(things))
    found: list[Any] = draw(st.lists(one, max_size=most, unique=True))
    return found


def change_facts(draw: st.DrawFn, world: Told) -> None:
    """Let things happen to facts: alone, and in a change of two persons."""
    for key in some(draw, world.state.facts, 4):
        world.apply(STEPS[draw(st.sampled_from(list(STEPS)))](key))
    firm = [key for key, fact in world.state.facts.items() if fact.approved]
    ends = some(draw, firm, 3)
    soft = world.state.facts.keys() - set(firm)
    if not ends and not soft:
        return
    world.apply(
        ChangeProposed(
            id=CHANGE,
            person="co-01",
            region="stockholm",
            expires_at=Micros(NOW + 9),
            records=tuple(sorted(soft)),
            amendments=tuple(FactEnded(id=key, valid_to=TODAY) for key in ends),
        )
    )
    decided = DECISIONS[draw(st.sampled_from(list(DECISIONS)))]
    if decided is not None:
        world.apply(decided)


def merge(draw: st.DrawFn, world: Told) -> None:
    """Perhaps let two groups be one."""
    names = draw(st.lists(st.sampled_from(GROUPS), max_size=2, unique=True))
    if len(names) > 1:
        low, high = sorted(map(token, names))
        world.apply(GroupsMerged(low=low, high=high, region="stockholm"))


@st.composite
def logs(draw: st.DrawFn, most_cases: int = 2) -> tuple[Small, Told, Logged]:
    """Draw a world, what happens in it, what is erased, and what comes then."""
    small, world = draw(worlds()), Told()
    small.build(world)
    before, after = draw(st.booleans()), draw(st.booleans())
    if before:
        merge(draw, world)
    change_facts(draw, world)
    facts = some(draw, world.state.facts, 8)
    cases = some(draw, world.state.cases, most_cases)
    erased = tuple(map(DossierId, (*facts, *cases)))
    world.apply(DossiersErased(dossiers=erased))
    for statement in draw(st.lists(ANY, max_size=4)):
        statement.tell(world)
    kept = list(world.state.cases.values())
    for stand in draw(st.lists(st.one_of(STAND, HOUSED), max_size=2 if kept else 0)):
        world.placement(kept[stand.case % len(kept)], stand.area, **stand.given)
    if after and not before:
        merge(draw, world)
    noted(f"erased: {len(facts)} facts, {len(cases)} cases")
    return small, world, Logged(world.script, set(erased), facts)


def checks(small: Small, state: State) -> dict[Any, Any]:
    """Return what every case is told of every place, and how each placement stands."""
    told: dict[Any, Any] = {
        case.handle: assess(
            state,
            Question(
                case=case, candidates=small.candidates, window=small.window, now=NOW
            ),
            SMALL,
            TODAY,
        )
        for case in state.cases.values()
    }
    for key, placement in state.placements.items():
        window = remaining(placement, MOMENT)
        if window is not None:
            told[key] = (weighed(state, placement, window, MOMENT),)
    return told


def answers(small: Small, state: State) -> dict[Any, Any]:
    """Return the checks, and all that is listed of facts."""
    told = checks(small, state)
    for command in ASKED:
        outcome = decide(state, command(NATIONAL), MOMENT).outcome
        assert isinstance(outcome, Outcome)
        told[command] = outcome.reply
    told["again"] = [
        reweighed(state, MOMENT, each) for each in state.placements.values()
    ]
    return told


def verdicts(small: Small, state: State) -> dict[Any, Any]:
    return {
        key: [each.verdict for each in found]
        for key, found in checks(small, state).items()
    }


@often(60)
@given(logs())
def test_what_was_erased_is_in_no_answer(drawn: tuple[Small, Told, Logged]):
    """Every answer is that of a log in which it never was; of both who fold it."""
    small, world, logged = drawn
    never, later = logged.left_out(), logged.later()
    ours = answers(small, world.state)

    assert ours == answers(small, never)
    assert ours == answers(small, later)
    assert list(later.erasures.unproven) == []


@pytest.mark.slow
@often(40)
@given(logs(most_cases=0))
def test_an_erased_fact_counts_as_one_that_was_retracted(
    drawn: tuple[Small, Told, Logged],
):
    """For good: in every verdict, and for everybody who is placed."""
    small, world, logged = drawn

    assert verdicts(small, world.state) == verdicts(small, logged.retracted())
