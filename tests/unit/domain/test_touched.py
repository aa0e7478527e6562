"""What an event can alter the verdict of; that it is enough is held in test_affected."""

import pytest
from kit.world import NOW, TODAY, World, subject, token

from placement.domain.agenda import Touch
from placement.domain.changeover_events import ChangeoverBegun, ChangeoverEnded
from placement.domain.events import (
    CaseClosed,
    ChangeApproved,
    ChangeProposed,
    Evaluated,
    FactEnded,
    PlacementEnded,
    ProviderLifted,
    ReleaseSigned,
)
from placement.domain.group_events import GroupsMerged, GroupsUnmerged
from placement.domain.stay_events import (
    AlertSeen,
    DayPassed,
    HoldConfirmed,
    HoldExtended,
    MovedIn,
    ProviderStopped,
    RulesFollowed,
    SweepBegun,
)
from placement.domain.terms import AreaCode, PlacementState, Verdict
from placement.domain.touched import touched

HERE = AreaCode("0180")
CHANGE = {"person": "co-01", "region": "syd", "expires_at": NOW + 1}


@pytest.fixture
def world():
    """A world with somebody placed in a house."""
    world = World()
    world.facility("house", "firm", "0180")
    world.placement(world.case("x"), "0180", facility="house")
    world.state.agenda.keep(())
    return world


def due(world: World) -> list[Touch]:
    return [each.touch for each in world.state.agenda]


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (lambda w: w.affiliation("h", "A"), Touch(subjects=(subject("h"),))),
        (lambda w: w.tie("h", "0180"), Touch(subjects=(subject("h"),))),
        (lambda w: w.faction("A", "B"), Touch(kin=(token("A"), token("B")))),
        (lambda w: w.rivalry("B", "A"), Touch(groups=(token("A"), token("B")))),
        (lambda w: w.alliance("A", "B"), Touch(groups=(token("A"), token("B")))),
        (lambda w: w.presence("A", "0180"), Touch(areas=(HERE,))),
        (lambda w: w.located("h", "0180"), Touch(areas=(HERE,))),
        (lambda w: w.threat("h", group="A"), Touch(subjects=(subject("h"),))),
        (lambda w: w.threat("h", by="i"), Touch(subjects=(subject("h"), subject("i")))),
        (lambda w: w.same_as("i", "h"), Touch(subjects=(subject("h"), subject("i")))),
        (lambda w: w.cover("0180"), Touch(covered=(HERE,))),
    ],
    ids=[
        *("affiliation", "tie", "faction", "rivalry", "alliance", "presence"),
        *("located", "by a group", "by somebody", "same as", "coverage"),
    ],
)
def test_what_is_recorded(world, state, expected):
    """A fact touches the same when it comes and when it goes."""
    made = state(world)
    came = due(world)
    world.state.agenda.keep(())
    if made is not None:
        world.retract(made)

    assert came == [expected]
    assert due(world) == ([] if made is None else [expected])


def test_a_placement_touches_where_it_is(world):
    """Its case, its area, its provider; however it changes."""
    case = world.case("h")
    made = world.placement(
        case, "0180", facility="house", state=PlacementState.HELD, expires_at=NOW
    )
    world.apply(HoldExtended(id=made, expires_at=NOW + 1))
    world.apply(HoldConfirmed(id=made, verdict=Verdict.CLEAR, seen=(), permit=None))
    world.apply(PlacementEnded(id=made, state=PlacementState.ENDED, valid_to=TODAY))
    expected = Touch(cases=(case.handle,), places=(HERE,), providers=(token("firm"),))

    assert due(world) == [expected] * 4


def test_a_provider_touches_its_houses(world):
    """When it is stopped, and when that is lifted."""
    world.apply(ProviderStopped(provider=token("firm"), region="syd"))
    lifting = (ProviderLifted(id=token("firm"), region="syd"),)
    world.apply(ChangeProposed(id=token("c"), records=(), amendments=lifting, **CHANGE))
    world.apply(ChangeApproved(id=token("c"), person="co-02"))

    assert due(world) == [Touch(providers=(token("firm"),))] * 2
    assert world.state.stopped == {}


def test_an_approval_touches_all_that_it_changes(world):
    """Facts that become firm, facts that are amended; a signature touches nothing."""
    soft = world.presence("A", "0180", approved=False)
    old = world.rivalry("A", "B")
    amendments = (FactEnded(id=old, valid_to=TODAY), ReleaseSigned(id=token("p")))
    change = ChangeProposed(
        id=token("c"), records=(soft,), amendments=amendments, **CHANGE
    )
    world.apply(change)
    event = ChangeApproved(id=change.id, person="co-02")

    assert list(touched(event, world.state)) == [
        Touch(areas=(HERE,)),
        Touch(groups=(token("A"), token("B"))),
    ]


def test_a_merge_touches_both_families(world):
    """By itself, in a change that is approved, and when it is undone."""
    pair = {"low": token("A"), "high": token("B")}
    merged, parted = (
        GroupsMerged(**pair, region="syd"),
        GroupsUnmerged(**pair, region="syd"),
    )
    change = ChangeProposed(id=token("c"), records=(), amendments=(merged,), **CHANGE)
    world.apply(change)
    waits = due(world)
    world.apply(ChangeApproved(id=token("c"), person="co-02"))
    world.apply(parted)
    world.apply(merged)

    assert waits == []
    assert due(world) == [Touch(kin=(token("A"), token("B")))] * 3


def test_days_that_pass(world):
    """From the one behind the last; the first of all touches everything."""
    world.apply(DayPassed(day=TODAY))
    world.apply(DayPassed(day=TODAY + 3))

    assert due(world) == [
        Touch(everything=True),
        Touch(first_day=TODAY + 1, last_day=TODAY + 3),
    ]


def test_rules_and_sweeps(world):
    """The first rules are those by which everything was weighed."""
    world.apply(RulesFollowed(rules=b"a"))
    world.apply(RulesFollowed(rules=b"b"))
    world.apply(SweepBegun(day=TODAY))

    assert due(world) == [
        Touch(everything=True),
        Touch(everything=True, sweep=True),
    ]


def test_a_key_that_is_replaced(world):
    """It touches everything, whoever may be left; one that is given up nothing."""
    world.apply(ChangeoverBegun(from_key=b"a", to_key=b"b"))
    world.apply(ChangeoverEnded(done=False, left=()))
    given_up = due(world)
    world.apply(ChangeoverBegun(from_key=b"a", to_key=b"b"))
    world.apply(ChangeoverEnded(done=True, left=()))

    assert (given_up, due(world)) == ([], [Touch(everything=True)])


def test_what_alters_no_verdict(world):
    """A closed case is placed on; moving in, budgets and alerts are nobody's danger."""
    case = next(iter(world.state.cases))
    made = next(iter(world.state.placements))
    events = (
        CaseClosed(handle=case),
        MovedIn(id=made, day=TODAY, verdict=Verdict.CLEAR, seen=()),
        Evaluated(organisation="o", person="p", count=1),
        AlertSeen(id=token("alert")),
    )
    got = [list(touched(event, world.state)) for event in events]

    assert got == [[]] * 4


def test_where_nobody_is_placed_nothing_is_due():
    """There is nothing to weigh."""
    world = World()
    world.presence("A", "0180")

    assert due(world) == []
