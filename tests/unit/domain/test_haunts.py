"""What phantoms follow: sizes of groups, houses, lifts."""

from kit.world import NOW, World, token

from placement.domain.events import Record
from placement.domain.haunt_events import GroupSized, Lift, LiftKept, PhantomsLifted
from placement.domain.haunts import Haunts
from placement.domain.state import State
from placement.domain.terms import MICROS_AN_HOUR, GroupSize, LiftGround, Micros

CASE, GROUP = token("case"), token("A")
LIFTED = PhantomsLifted(case=CASE, area="0180", ground=LiftGround.URGENT, hours=2)
LARGE = GroupSized(group=GROUP, size=GroupSize.LARGE)


def test_a_size_is_what_was_said_before():
    """A statement does not reach back; of whom nobody said anything is of medium size."""
    haunts = Haunts()
    haunts.apply(LARGE, NOW)

    assert haunts.size_of(GROUP, NOW) is GroupSize.MEDIUM
    assert haunts.size_of(GROUP, Micros(NOW + 1)) is GroupSize.LARGE
    assert haunts.size_of(GROUP) is GroupSize.LARGE
    assert haunts.size_of(token("B")) is GroupSize.MEDIUM


def test_a_lift_is_of_one_case_and_area_and_ends():
    """Nobody else's, nowhere else, and not for ever."""
    haunts = Haunts()
    haunts.lift(LIFTED, "syd", NOW)
    end = Micros(NOW + 2 * MICROS_AN_HOUR)

    assert haunts.lifted(CASE, "0180", NOW)
    assert haunts.lifted(CASE, "0180", Micros(end - 1))
    assert not haunts.lifted(CASE, "0180", end)
    assert not haunts.lifted(CASE, "0184", NOW)
    assert not haunts.lifted(token("other"), "0180", NOW)


def test_the_lifts_of_a_region_are_counted():
    """Since an instant, and its own."""
    haunts = Haunts()
    haunts.lift(LIFTED, "syd", NOW)

    assert len(list(haunts.lifts_of("syd", NOW))) == 1
    assert not list(haunts.lifts_of("syd", Micros(NOW + 1)))
    assert not list(haunts.lifts_of("nord", NOW))


def test_lifts_of_an_erased_case_are_forgotten():
    """And of no other."""
    haunts = Haunts()
    haunts.lift(LIFTED, "syd", NOW)
    haunts.forget({token("other")})
    assert len(haunts.lifts) == 1
    haunts.forget({CASE})

    assert haunts.lifts == []


def test_a_copy_is_apart():
    """What is imagined changes nothing that is real."""
    real = Haunts()
    real.apply(LARGE, NOW)
    copy = real.copy()
    copy.apply(GroupSized(group=GROUP, size=GroupSize.SMALL), NOW)
    copy.lift(LIFTED, "syd", NOW)

    assert real.size_of(GROUP) is GroupSize.LARGE
    assert real.lifts == []


def test_records_fold_to_the_same():
    """Sizes and lifts with their times, and houses with theirs."""
    world = World()
    world.facility("red", "firm", "0180")
    world.apply(LARGE)
    lift = Lift(
        case=CASE, area="0180", ground=LiftGround.CARE, region="syd", at=NOW, until=NOW
    )
    world.state.apply(Record(at=NOW, event=LiftKept(lift=lift)))
    again = State()
    for record in world.state.records():
        again.apply(record)

    assert again.haunts.lifts == world.state.haunts.lifts == [lift]
    assert list(again.haunts.records()) == list(world.state.haunts.records())
    assert again.haunts.registered == {token("red"): NOW}
