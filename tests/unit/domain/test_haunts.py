"""What phantoms follow: sizes of groups, houses, lifts."""

from dataclasses import replace

from kit.world import NOW, World, token

from placement.domain.erasure_events import DossiersErased
from placement.domain.events import ChangeApproved, ChangeProposed, Record
from placement.domain.haunt_events import GroupSized, Lift, LiftKept, PhantomsLifted
from placement.domain.haunts import Haunts
from placement.domain.imagined import Imagined
from placement.domain.state import State
from placement.domain.terms import MICROS_AN_HOUR, GroupSize, LiftGround, Micros

CASE, GROUP = token("case"), token("A")
LIFTED = PhantomsLifted(case=CASE, area="0180", ground=LiftGround.URGENT, hours=2)
LARGE = GroupSized(group=GROUP, size=GroupSize.LARGE)
BY_SYD = ChangeProposed(
    id=token("change"),
    person="co-01",
    region="syd",
    expires_at=Micros(NOW + MICROS_AN_HOUR),
    records=(),
    amendments=(LIFTED,),
)


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
    haunts.lift(LIFTED, BY_SYD, "co-02", NOW)
    end = Micros(NOW + 2 * MICROS_AN_HOUR)

    assert haunts.lifted(CASE, NOW) == {"0180"}
    assert haunts.lifted(CASE, Micros(end - 1)) == {"0180"}
    assert not haunts.lifted(CASE, end)
    assert not haunts.lifted(token("other"), NOW)


def test_the_lifts_of_a_region_are_counted():
    """Since an instant, and its own."""
    haunts = Haunts()
    haunts.lift(LIFTED, BY_SYD, "co-02", NOW)

    assert len(list(haunts.lifts_of("syd", NOW))) == 1
    assert not list(haunts.lifts_of("syd", Micros(NOW + 1)))
    assert not list(haunts.lifts_of("nord", NOW))


def test_lifts_of_an_erased_case_are_forgotten():
    """And of no other."""
    haunts = Haunts()
    haunts.lift(LIFTED, BY_SYD, "co-02", NOW)
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
    copy.lift(LIFTED, BY_SYD, "co-02", NOW)

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


def waiting(world, *amendments):
    """Let a change wait that says something about phantoms."""
    change = ChangeProposed(
        id=token("change"),
        person="co-01",
        region="syd",
        expires_at=Micros(NOW + MICROS_AN_HOUR),
        records=(),
        amendments=amendments,
    )
    world.apply(change)
    return world.state.changes


def test_an_erased_case_takes_its_lifts_with_it():
    """Those that stand, and those that wait; what is said of groups stays."""
    world = World()
    case = world.case("h").handle
    lifted = replace(LIFTED, case=case)
    world.state.haunts.lift(lifted, BY_SYD, "co-02", NOW)
    changes = waiting(world, lifted, LARGE)
    world.apply(DossiersErased(dossiers=(case,)))
    left = changes[token("change")].amendments
    alone = waiting(world, replace(LIFTED, case=world.case("i").handle))
    world.apply(DossiersErased(dossiers=(next(iter(world.state.cases)),)))

    assert left == (LARGE,)
    assert dict(alone) == {}
    assert world.state.haunts.lifts == []


def test_a_change_that_is_approved_lifts_and_sizes():
    """From then on, by the word of the region that proposed it."""
    world = World()
    waiting(world, LIFTED, LARGE)
    world.apply(ChangeApproved(id=token("change"), person="co-02"))
    (lift,) = world.state.haunts.lifts

    assert (lift.region, lift.at, lift.ground) == ("syd", NOW, LiftGround.URGENT)
    assert (lift.change, lift.person, lift.second) == (
        token("change"),
        "co-01",
        "co-02",
    )
    assert lift.until == NOW + 2 * MICROS_AN_HOUR
    assert world.state.haunts.size_of(GROUP) is GroupSize.LARGE


def test_whoever_is_placed_is_not_weighed_again_for_it():
    """What is real is what it was."""
    world = World()
    world.placement(world.case("h"), "0180")
    world.state.agenda.keep(())
    waiting(world, LIFTED, LARGE)
    world.apply(ChangeApproved(id=token("change"), person="co-02"))

    assert len(world.state.agenda) == 0


def test_what_is_imagined_lifts_nothing():
    """A preview of such a change leaves the real state as it is."""
    world = World()
    waiting(world, LIFTED, LARGE)
    approved = ChangeApproved(id=token("change"), person="co-02")
    imagined = Imagined(world.state, (approved,), NOW)

    assert len(imagined.haunts.lifts) == 1
    assert world.state.haunts.lifts == []
    assert world.state.haunts.size_of(GROUP) is GroupSize.MEDIUM
