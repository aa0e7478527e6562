"""Changes to a small world, and what they alter: by brute force, and by reach."""

from dataclasses import dataclass, replace
from typing import Any

from kit.small import SMALL
from kit.world import NOW, TODAY, World, day, token
from placement.domain.affected import affected
from placement.domain.agenda import joined
from placement.domain.decide.command import Moment
from placement.domain.decide.weighing import reweighed
from placement.domain.events import (
    Amendment,
    CaseAssessed,
    ChangeApproved,
    ChangeProposed,
    FactEnded,
    FactRegraded,
    FactRetracted,
    PlacementEnded,
    ProviderLifted,
    Record,
)
from placement.domain.group_events import GroupsMerged, GroupsUnmerged
from placement.domain.life_events import ChangeRejected, ChangeWithdrawn, FactRenewed
from placement.domain.state import State
from placement.domain.stay_events import (
    DayPassed,
    HoldConfirmed,
    HoldExtended,
    PlacementWeighed,
    ProviderStopped,
)
from placement.domain.terms import (
    MICROS_A_DAY,
    EndCause,
    FactId,
    Grade,
    Micros,
    PlacementState,
    Reason,
    Scheme,
    Verdict,
)

THEN = Moment(now=NOW, ruleset=SMALL)


def changed(state: State, moment: Moment) -> dict[FactId, PlacementWeighed]:
    """Weigh everything by brute force; return what is worth something else."""
    weighed = (
        event
        for placement in state.placements.values()
        for event in reweighed(state, moment, placement)
    )
    return {each.id: each for each in weighed if isinstance(each, PlacementWeighed)}


def settle(world: World) -> None:
    """Have everything weighed and nothing due."""
    world.apply(DayPassed(day=TODAY))
    for event in changed(world.state, THEN).values():
        world.apply(event)
    world.state.agenda.keep(())


@dataclass(frozen=True, slots=True)
class Change:
    """One change: what happens, and the numbers that choose to what."""

    kind: str
    pick: int
    given: Any = None

    def happen(self, world: World) -> Moment:
        """Let it happen, if there is something for it to happen to; say when it is."""
        return getattr(self, f"_{self.kind}")(world) or THEN

    def _of(self, many: Any) -> Any:
        things = list(many)
        return things[self.pick % len(things)] if things else None

    def _record(self, world: World) -> None:
        self.given.tell(world)

    def _amendment(self, world: World) -> Amendment:
        fact = self._of(world.state.facts)
        lift = ProviderLifted(id=token("firm"), region="syd")
        if fact is None:
            return lift
        grade = Grade.DISCREDITED if self.pick % 2 else Grade.STRONG
        return {
            "end": FactEnded(id=fact, valid_to=day(self.given[1])),
            "retract": FactRetracted(id=fact),
            "renew": FactRenewed(
                id=fact, review_by=day(self.pick - 25), reason=Reason.COURT
            ),
            "regrade": FactRegraded(
                id=fact, scheme=Scheme.SIX_SIX, given="A1", grade=grade
            ),
            "lift": lift,
        }[self.given[0]]

    def _amend(self, world: World) -> None:
        amendment = self._amendment(world)
        if not isinstance(amendment, ProviderLifted):
            world.apply(amendment)

    def _propose(self, world: World, *amendments: Any) -> None:
        waiting = [one.id for one in world.state.facts.values() if not one.approved]
        world.apply(
            ChangeProposed(
                id=token("change"),
                person="co-01",
                region="syd",
                expires_at=NOW + 1,
                records=tuple(waiting),
                amendments=amendments,
            )
        )

    def _approve(self, world: World) -> None:
        self._propose(world, self._amendment(world))
        world.apply(ChangeApproved(id=token("change"), person="co-02"))

    def _drop(self, world: World) -> None:
        self._propose(world)
        dropped = ChangeRejected if self.given else ChangeWithdrawn
        world.apply(dropped(id=token("change"), person="co-02"))

    def _assess(self, world: World) -> None:
        cases = world.state.cases.values()
        unassessed = [one.handle for one in cases if one.assessed_at is None]
        case = self._of(unassessed or world.state.cases)
        world.apply(CaseAssessed(handle=case, person="co-01", children=()))

    def _place(self, world: World) -> None:
        stand = self.given
        case = self._of(world.state.cases.values())
        world.placement(case, stand.area, **stand.given)

    def _leave(self, world: World) -> None:
        left = self._of(world.state.stays.standing())
        if left is not None:
            state = PlacementState.ENDED
            world.apply(PlacementEnded(id=left, state=state, valid_to=TODAY))

    def _hold(self, world: World) -> None:
        state = world.state
        held = [
            key for key in state.stays.standing() if state.placements[key].expires_at
        ]
        hold = self._of(held)
        if hold is not None and self.given:
            world.apply(HoldExtended(id=hold, expires_at=NOW + 5))
        elif hold is not None:
            verdict = Verdict.CLEAR
            world.apply(HoldConfirmed(id=hold, verdict=verdict, seen=(), permit=None))

    def _cover(self, world: World) -> None:
        area, age, region = self.given
        world.cover(area, age=age, region=region)

    def _stop(self, world: World) -> None:
        provider = token("firm" if self.given else "other")
        world.apply(ProviderStopped(provider=provider, region="syd"))

    def _merge(self, world: World) -> None:
        merge(world, *self.given)

    def _unmerge(self, world: World) -> None:
        link = self._of(world.state.merges)
        if link is not None:
            world.apply(
                GroupsUnmerged(low=link.low, high=link.high, region=link.region)
            )

    def _pass(self, world: World) -> Moment:
        now = Micros(NOW + self.given * MICROS_A_DAY)
        moment = replace(THEN, now=now)
        for hold in world.state.stays.lapsed(now):
            event = PlacementEnded(
                id=hold.id,
                state=PlacementState.ABORTED,
                valid_to=moment.today,
                cause=EndCause.EXPIRED,
            )
            world.state.apply(Record(at=now, event=event))
        world.state.apply(Record(at=now, event=DayPassed(day=moment.today)))
        return moment


def merge(world: World, one: str, other: str) -> None:
    """Merge two groups that are not one already."""
    low, high = sorted((token(one), token(other)))
    event = GroupsMerged(low=low, high=high, region="syd")
    if world.state.merges.fits(event):
        world.apply(event)


def reached(world: World) -> set[FactId]:
    """Return what has to be weighed again for all that is due."""
    touch = joined(each.touch for each in world.state.agenda)
    return set(affected(world.state, world.ruleset, touch))


def after(world: World, *, days: int = 0) -> tuple[set[FactId], set[FactId]]:
    """Return what is worth something else after some days, and what was reached."""
    moment = Change("pass", 0, days).happen(world) if days else THEN
    return set(changed(world.state, moment)), reached(world)
