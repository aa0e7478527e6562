"""From what a change touched to the placements that have to be weighed again."""

from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kit.changing import ended
from kit.often import often
from kit.small import ANY, AREAS, GROUPS, HOUSES, SMALL, STAND, Small, settled
from kit.world import NOW, TODAY, World, day, subject, token

from placement.domain.affected import affected
from placement.domain.agenda import Touch, joined
from placement.domain.areas import Areas
from placement.domain.changeover_events import (
    ChangeoverBegun,
    Pair,
    PairsOffered,
)
from placement.domain.decide.command import Moment
from placement.domain.decide.weighing import reweighed
from placement.domain.erasure_events import DossiersErased
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
from placement.domain.life_events import (
    ChangeRejected,
    ChangeWithdrawn,
    FactRenewed,
)
from placement.domain.state import State
from placement.domain.stay_events import (
    DayPassed,
    HoldConfirmed,
    HoldExtended,
    PlacementWeighed,
    ProviderStopped,
    RulesFollowed,
    SweepBegun,
)
from placement.domain.terms import (
    MICROS_A_DAY,
    AreaCode,
    Day,
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
        lift = ProviderLifted(id=token("firm"))
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

    def _approve(self, world: World) -> None:
        waiting = [one.id for one in world.state.facts.values() if not one.approved]
        world.apply(
            ChangeProposed(
                id=token("change"),
                person="co-01",
                region="syd",
                expires_at=NOW + 1,
                records=tuple(waiting),
                amendments=(self._amendment(world),),
            )
        )
        world.apply(ChangeApproved(id=token("change"), person="co-02"))

    def _drop(self, world: World) -> None:
        waiting = [one.id for one in world.state.facts.values() if not one.approved]
        world.apply(
            ChangeProposed(
                id=token("change"),
                person="co-01",
                region="syd",
                expires_at=NOW + 1,
                records=tuple(waiting),
                amendments=(),
            )
        )
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
        world.apply(ProviderStopped(provider=provider))

    def _merge(self, world: World) -> None:
        merge(world, *self.given)

    def _unmerge(self, world: World) -> None:
        link = self._of(world.state.merges.links.values())
        if link is not None:
            world.apply(GroupsUnmerged(low=link.low, high=link.high))

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


def _change(kind: str, given: st.SearchStrategy[Any]) -> st.SearchStrategy[Change]:
    return st.builds(Change, st.just(kind), st.integers(0, 50), given)


_NONE = st.none()
_AMENDMENT = st.tuples(
    st.sampled_from(("end", "retract", "regrade", "renew", "lift")),
    st.sampled_from((-181, -180, -20, 0)),
)
_COVER = st.tuples(
    st.sampled_from(tuple(AREAS)),
    st.sampled_from((0, 90, 91)),
    st.sampled_from(("syd", "nord", "national")),
)
_PAIR = st.lists(st.sampled_from(GROUPS), min_size=2, max_size=2, unique=True)
CHANGES = st.one_of(
    _change("record", ANY),
    _change("record", ANY),
    _change("amend", _AMENDMENT),
    _change("amend", _AMENDMENT),
    _change("approve", _AMENDMENT),
    _change("drop", st.booleans()),
    _change("merge", _PAIR),
    _change("merge", _PAIR),
    _change("unmerge", _NONE),
    _change("assess", _NONE),
    _change("place", STAND),
    _change("leave", _NONE),
    _change("hold", st.booleans()),
    _change("cover", _COVER),
    _change("stop", st.booleans()),
    _change("pass", st.sampled_from((1, 1, 1, 2, 5, 6, 70, 71, 180, 181))),
)


def reached(world: World) -> set[FactId]:
    """Return what has to be weighed again for all that is due."""
    touch = joined(each.touch for each in world.state.agenda)
    return set(affected(world.state, world.ruleset, touch))


@often(60)
@given(settled(), st.lists(_PAIR, max_size=2), CHANGES)
def test_whatever_changed_is_affected(
    small: Small, merged: list[list[str]], change: Change
):
    """No placement is worth something else after a change that did not lead to it."""
    world = small.build()
    for pair in merged:
        merge(world, *pair)
    world.apply(ProviderStopped(provider=token("firm")))
    settle(world)
    moment = change.happen(world)
    got = set(changed(world.state, moment)) - reached(world)

    assert got == set()


# One way each, of those that random worlds seldom take


@pytest.fixture
def world() -> World:
    world = World(SMALL)
    world.cover()
    return world


def after(world: World, *, days: int = 0) -> tuple[set[FactId], set[FactId]]:
    """Return what is worth something else after some days, and what was reached."""
    moment = Change("pass", 0, days).happen(world) if days else THEN
    return set(changed(world.state, moment)), reached(world)


def test_nothing_is_touched_nothing_is_affected(world):
    """Without a touch nobody is weighed."""
    world.placement(world.case("h"), "0001")

    assert affected(world.state, SMALL, Touch()) == []


def test_everything(world):
    """A sweep reaches all that stands, in order, and nothing that is over."""
    case = world.case("h")
    made = [world.placement(case, area) for area in ("0001", "0004")]
    over = world.placement(case, "0001", state=PlacementState.ENDED)
    settle(world)
    world.apply(SweepBegun(day=TODAY))
    got = affected(world.state, SMALL, Touch(everything=True, sweep=True))

    assert got == sorted(made)
    assert reached(world) == set(made) == set(world.state.placements) - {over}


def test_other_rules_reach_everything(world):
    """But not the first ones, by which everything is weighed anyhow."""
    made = world.placement(world.case("h"), "0001")
    settle(world)
    world.apply(RulesFollowed(rules=b"one"))
    first = reached(world)
    world.apply(RulesFollowed(rules=b"two"))

    assert (first, reached(world)) == (set(), {made})


def test_a_key_that_is_replaced_reaches_everything(world):
    """Whoever was left makes everybody's place UNKNOWN, until that is erased."""
    made = world.placement(world.case("h"), "0001")
    fact = world.affiliation("x", "A")
    settle(world)
    world.apply(ChangeoverBegun(from_key=b"a", to_key=b"b"))
    members = (subject("h"), subject("x"))
    for person in ("co-01", "co-02"):
        pairs = (Pair(old=members[0], new=subject("h under b")),)
        world.apply(
            PairsOffered(
                organisation="syd", person=person, coordinates=True, pairs=pairs
            )
        )
    before = after(world)
    world.apply(ended(world.state))
    left = after(world)
    settle(world)
    world.apply(DossiersErased(dossiers=(fact,), counts=()))

    assert (before, left, after(world)) == (
        (set(), set()),
        ({made},) * 2,
        ({made},) * 2,
    )


def test_a_first_day_reaches_everything(world):
    """Nobody noticed the days before it."""
    made = world.placement(world.case("h"), "0001")
    world.state.agenda.keep(())
    world.apply(DayPassed(day=TODAY))

    assert reached(world) == {made}


def test_a_threat_follows_its_source(world):
    """Whoever is the same as one who threatens endangers where he is located."""
    target = world.placement(world.case("h"), "0001")
    world.threat("h", by="x")
    world.located("y", "0001")
    settle(world)
    world.same_as("x", "y")

    assert after(world) == ({target}, {target})


@pytest.mark.parametrize(("age", "lapses"), [(89, False), (90, True)])
def test_a_picture_becomes_too_old(age, lapses):
    """On the day after the last on which it holds, for what is near, too."""
    world = World(SMALL)
    world.cover("0001", "0003", "0004", "0005")
    world.cover("0002", age=age)
    made = [
        world.placement(world.case(who), area)
        for who, area in (("h", "0001"), ("i", "0002"), ("j", "0003"), ("p", "0004"))
    ]
    settle(world)
    expected = set(made[:3]) if lapses else set()

    assert after(world, days=1) == (expected, expected)


def test_coverage_reaches_only_what_lacked_it():
    """A placement that is worth less for another reason gets no better by it."""
    world = World(SMALL)
    lacking = world.placement(world.case("h"), "0001")
    world.tie("i", "0001", danger=True)
    world.placement(world.case("i"), "0001")
    settle(world)
    world.cover("0001", "0002")

    assert after(world) == ({lacking}, {lacking})


def test_what_was_too_far_ahead(world):
    """The day on which a far placement comes within reach is a day that changes it."""
    far = world.placement(world.case("h"), "0001", start=91)
    settle(world)

    assert after(world, days=1) == ({far}, {far})


def test_a_merger():
    """On the day a municipality goes up in another, everything may be near another."""
    merging = Areas(
        replace(area, valid_to=day(1)) if area.code == "0005" else area
        for area in AREAS.values()
    )
    world = World(replace(SMALL, areas=merging))
    world.cover()
    made = [world.placement(world.case(who), "0001") for who in "hi"]
    settle(world)
    Change("pass", 0, 1).happen(world)

    assert reached(world) == set(made)


def test_kin_of_an_ally_of_a_rival(world):
    """A faction moves what is a war and an alliance away from it."""
    made = world.placement(world.case("h"), "0001")
    world.affiliation("h", "A")
    world.alliance("A", "B")
    world.rivalry("B", "C")
    world.presence("D", "0001")
    settle(world)
    world.faction("D", "C")

    assert after(world) == ({made}, {made})


def test_cost_grows_with_what_is_affected(world):
    """A rivalry between two groups leaves the placements of all others alone."""
    made = {
        who: world.placement(world.case(who), "0001") for who in ("h", "i", "j", "p")
    }
    for who, group in zip("hijp", "ABCD", strict=True):
        world.affiliation(who, group)
    settle(world)
    world.rivalry("A", "B")

    assert after(world) == ({made["h"], made["i"]},) * 2


def test_joined_touches_reach_what_each_reaches(world):
    """A round of several changes misses nothing of any."""
    made = [
        world.placement(world.case(who), area)
        for who, area in (("h", "0001"), ("i", "0004"))
    ]
    touches = [Touch(places=(AreaCode("0001"),)), Touch(places=(AreaCode("0004"),))]
    got = affected(world.state, SMALL, joined(touches))

    assert got == sorted(made)


def test_a_ring(world):
    """What stands in a municipality reaches what is near, and no further."""
    made = [
        world.placement(world.case(who), area)
        for who, area in (("h", "0001"), ("i", "0003"), ("j", "0004"))
    ]
    for who in "hij":
        world.affiliation(who, who.upper())
    settle(world)
    for group in "HIJ":
        world.presence(group, "0002")

    assert after(world) == (set(made[:2]), set(made[:2]))


def test_a_merged_municipality(world):
    """What stood in it reaches whoever is placed in its successor."""
    made = world.placement(world.case("h"), "0004")
    world.affiliation("h", "A")
    settle(world)
    world.presence("A", "0005")

    assert after(world) == ({made}, {made})


def test_neighbours_of_somebody_who_changes(world):
    """Whoever is placed where they are, and in other houses of their provider."""
    for name, (provider, area) in HOUSES.items():
        world.facility(name, provider, area)
    world.affiliation("h", "A")
    world.affiliation("i", "B")
    world.rivalry("B", "C")
    world.rivalry("A", "C")
    mine = world.placement(world.case("r"), "0001", facility="red")
    here = world.placement(world.case("h"), "0001")
    firm = world.placement(world.case("i"), "0004", facility="blue")
    world.placement(world.case("p"), "0004")
    world.same_as("r", "q")
    settle(world)
    world.affiliation("q", "C")

    assert after(world) == ({mine, here, firm}, {mine, here, firm})


def test_an_ally_of_a_group_at_war(world):
    """A war reaches the friends of those who wage it."""
    made = world.placement(world.case("h"), "0001")
    world.affiliation("h", "A")
    world.alliance("A", "B")
    world.presence("C", "0001")
    settle(world)
    world.rivalry("B", "C")

    assert after(world) == ({made}, {made})


def test_a_fact_that_turns_on_a_day(world):
    """Whoever it touches is weighed on that day, and nobody on the day before."""
    made = world.placement(world.case("h"), "0001")
    world.affiliation("h", "A")
    world.presence("A", "0001", end=5)
    got = [
        affected(world.state, SMALL, Touch(first_day=turned, last_day=turned))
        for turned in (Day(TODAY + 4), Day(TODAY + 5))
    ]

    assert got == [[], [made]]


def test_what_was_erased_turns_no_more(world):
    """Nor anybody near it, on the day it would have ended, though a calendar knew it."""
    case = world.case("h")
    stay = world.state.placements[world.placement(case, "0001", end=5)]
    world.apply(DossiersErased(dossiers=(case.handle,)))
    world.state.calendar.put(stay)
    touch = Touch(first_day=Day(TODAY + 5), last_day=Day(TODAY + 5))

    assert affected(world.state, SMALL, touch) == []
