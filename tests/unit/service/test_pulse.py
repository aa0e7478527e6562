"""Figures of one server: taken seldom, filled up, and the same whatever was asked."""

import logging
from contextlib import ExitStack
from dataclasses import asdict, replace

import pytest
from kit.commands import MOMENT, Court, open_case
from kit.engines import answer
from kit.world import NOW, TODAY, World

from placement.domain.terms import MICROS_A_DAY, start_of
from placement.errors import TamperedError, UnavailableError
from placement.service.pulse import MINUTE, PATIENCE, SLOW, STEPS, Pulse
from placement.service.ticks import Ticks
from placement.service.worker import Worker
from placement.store.head import Head

COUNTED = ("calls", "calls_most", "streams", "waiting_most", "batch_most")


@pytest.fixture
def pulse():
    return Pulse()


@pytest.fixture
def world():
    """A world in which somebody is placed, and all that is due is worked off."""
    world = World()
    world.placement(world.case("h"), "2480")
    settle(world)
    return world


def settle(world, moment=MOMENT):
    court, worker = Court(world.state), Worker()
    court.moment = moment
    while (command := worker.next(world.state, moment)) is not None:
        court.reply(command)


def taken(pulse, world, now=NOW, head=Head.GENESIS):
    """Take figures at a moment."""
    pulse.take((world.state, head), now, anchored=True)
    return pulse.figures


def test_figures_are_taken_once_a_minute(pulse, world):
    """At the first chance in each."""
    begun = NOW // MINUTE * MINUTE
    moments = [begun + each for each in (5, MINUTE - 1, MINUTE, MINUTE + 9, 9 * MINUTE)]

    assert [taken(pulse, world, at).at - begun for at in moments] == [
        5,
        5,
        MINUTE,
        MINUTE,
        9 * MINUTE,
    ]


@pytest.mark.parametrize("seconds", [10, 60, 300])
def test_with_ticks_only_where_one_was_filled(world, seconds):
    """Nothing that a tick hides is to be seen; of longer ones there is one a tick."""
    ticks = Ticks(seconds * 1_000_000)
    filled, grown = (replace(Head.GENESIS, leaves=each) for each in (4, 5))
    pulse = Pulse(ticks)
    ticks.begin(filled, NOW)
    between = taken(pulse, world, head=grown)
    behind = taken(pulse, world, head=filled)

    assert between is None
    assert behind.entries == 4
    assert pulse.every == max(60, seconds) * 1_000_000


def test_without_a_state_nothing_is_taken(pulse):
    """After a commit that failed."""
    pulse.take(None, NOW, anchored=True)

    assert pulse.figures is None


def busy(pulse, times):
    """Do so much of everything."""
    with ExitStack() as stack:
        for _ in range(times):
            stack.enter_context(pulse.call())
            stack.enter_context(pulse.stream())
        pulse.commit(times, 0, 0.0)


@pytest.mark.parametrize(
    ("times", "shown"), [(0, 4), (1, 4), (4, 4), (5, 8), (8, 8), (9, 16)]
)
def test_how_much_there_was_is_filled_up(pulse, world, times, shown):
    """A quiet minute looks like one in which a little happened."""
    busy(pulse, times)
    figures = asdict(taken(pulse, world))
    found = {name: figures[name] for name in COUNTED}

    # Of what is answered in pieces, those that there are now.
    assert found == {name: 4 if name == "streams" else shown for name in COUNTED}


def test_what_is_under_way_stays(pulse, world):
    """What is over does not."""
    with ExitStack() as stack:
        for _ in range(5):
            stack.enter_context(pulse.call())
            stack.enter_context(pulse.stream())
        first = taken(pulse, world)
        second = taken(pulse, world, NOW + MINUTE)
    last = taken(pulse, world, NOW + 2 * MINUTE), taken(pulse, world, NOW + 3 * MINUTE)

    assert [(each.calls, each.calls_most) for each in (first, second, *last)] == [
        (8, 8),
        (4, 8),
        (4, 8),
        (4, 4),
    ]
    assert [each.streams for each in (first, second, *last)] == [8, 8, 4, 4]


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0.0, 0.1), (0.0999, 0.1), (0.11, 0.2), (9, 10), (99, 60)]
)
def test_writing_shows_in_coarse_steps(pulse, world, seconds, shown):
    """The slowest alone, and what it took at most."""
    pulse.commit(1, 0, seconds / 2)
    pulse.commit(1, 0, seconds)

    assert taken(pulse, world).commit_seconds == shown
    assert taken(pulse, world, NOW + MINUTE).commit_seconds == STEPS[0]


def test_what_finds_no_room_is_counted(pulse, world):
    """Since the server started."""
    pulse.refuse()
    first = taken(pulse, world).refused
    pulse.refuse()

    assert (first, taken(pulse, world, NOW + MINUTE).refused) == (1, 2)


def test_what_is_due_counts_when_it_is_late(pulse, world):
    """Not while it is worked off, which would tell how many it touches."""
    for area in ("2480", "0580", "0680"):
        world.presence("A", area)
    moments = (0, PATIENCE - MINUTE, PATIENCE, 2 * PATIENCE)
    seen = [taken(pulse, world, NOW + each) for each in moments]
    settle(world)
    seen.append(taken(pulse, world, NOW + 3 * PATIENCE))

    assert [(each.late, each.late_for // MINUTE) for each in seen] == [
        (0, 0),
        (0, 0),
        (4, 5),
        (4, 10),
        (0, 0),
    ]


def test_a_sweep_is_late_after_hours(pulse, world):
    """It may take a while; how long tells how many are placed."""
    tomorrow = replace(MOMENT, now=NOW + MICROS_A_DAY)
    court = Court(world.state)
    court.moment = tomorrow
    court.reply(Worker().next(world.state, tomorrow))
    begun = int(tomorrow.now)
    seen = [taken(pulse, world, begun + each) for each in (0, SLOW - MINUTE, SLOW)]

    assert [each.late for each in seen] == [0, 0, 2]


def test_a_sweep_shows_hours_after_its_day_began(pulse, world):
    """At one hour each day, however long it took; what is not known is 0."""
    day = TODAY + 1
    morning = start_of(day)
    begun = [taken(pulse, world, at).swept - TODAY for at in (NOW, morning)]
    settle(world, replace(MOMENT, now=morning))
    done = [taken(pulse, world, morning + at).swept - TODAY for at in (SLOW - 1, SLOW)]

    assert (begun, done) == ([0, 0], [0, 1])


def test_a_sweep_that_is_not_done_does_not_show(pulse, world):
    """Nor one that never began."""
    late = start_of(TODAY + 1) + SLOW
    taken(pulse, world)
    before = taken(pulse, world, late).swept
    court = Court(world.state)
    court.moment = replace(MOMENT, now=late)
    court.reply(Worker().next(world.state, court.moment))
    under_way = taken(pulse, world, late + MINUTE).swept
    anew = taken(Pulse(), world, late).swept
    settle(world, court.moment)

    assert (before, under_way, anew) == (TODAY, TODAY, 0)
    assert taken(pulse, world, late + 2 * MINUTE).swept == TODAY + 1


def test_nobody_placed_looks_like_a_sweep_that_is_done(pulse):
    """Whether anybody is placed is nobody's business."""
    assert taken(pulse, World()).swept == TODAY


def test_an_anchor_that_holds_less_shows(pulse, world):
    """With the last time that it held all."""
    first = taken(pulse, world).anchored_at
    pulse.take((world.state, Head.GENESIS), NOW + MINUTE, anchored=False)

    assert (first, pulse.figures.anchored_at) == (NOW, NOW)
    assert pulse.figures.at == NOW + MINUTE


def test_an_engine_that_works_again_is_told_once(pulse, caplog):
    """As is that it does not, each time that it is tried."""
    for head in (Head.GENESIS, None, None, Head.GENESIS, Head.GENESIS):
        pulse.reach(head)

    assert [each.message for each in caplog.records] == ["engine_works"]


def test_a_defect_keeps_nobody_waiting(pulse, caplog):
    """It is in the log, and the last figures stay."""
    with caplog.at_level(logging.ERROR):
        pulse.take((None, Head.GENESIS), NOW, anchored=True)

    assert pulse.figures is None
    assert caplog.messages == ["figures_failed kind=AttributeError"]


# Why nobody is answered


def test_an_engine_says_what_troubles_it(engine, faulty):
    """A database that does not answer, until it does again."""
    words = [engine.trouble]
    faulty.fail("before")
    with pytest.raises(UnavailableError):
        answer(engine, open_case("h"))
    words.append(engine.trouble)
    answer(engine, open_case("i"))
    words.append(engine.trouble)
    engine.condemn()
    words.append(engine.trouble)
    with pytest.raises(TamperedError):
        engine.submit(open_case("j"))

    assert words == ["", "database", "", "unverified"]


def test_an_engine_that_was_stopped(start, store):
    """Answers nobody."""
    engine = start(store)
    engine.stop()

    assert engine.trouble == "stopped"


def test_an_engine_knows_how_far_it_is(engine, store):
    """The last head that its state was at."""
    answer(engine, open_case("h"))
    engine.publish().result(9)

    assert engine.pulse.seen == store.read_head()
