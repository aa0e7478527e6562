"""What is to be done next, in slices; and what goes wrong keeps nobody waiting."""

import logging
from dataclasses import replace

import pytest
from kit.commands import MOMENT, Court
from kit.steps import tick
from kit.world import World

from placement.access import SERVICE
from placement.domain.decide.reevaluations import Reevaluate, Swept, Tick
from placement.domain.terms import Micros, Revision
from placement.errors import PlacementError, UnavailableError
from placement.service import worker as worker_module
from placement.service.batch import Answer
from placement.service.worker import REST, SLICE, TICK_EVERY, Worker

AREAS = ("2480", "0580", "0680", "1480")


@pytest.fixture
def world():
    """A world where nothing is left to do, and 40 people are placed."""
    world = World()
    for number in range(40):
        world.placement(world.case(f"h{number}"), AREAS[number % 4])
    settle(world)
    return world


@pytest.fixture
def worker():
    return Worker()


def settle(world):
    """Do everything that is left to do."""
    court, worker = Court(world.state), Worker()
    while (command := worker.next(world.state, court.moment)) is not None:
        court.reply(command)


def later(micros):
    return replace(MOMENT, now=Micros(MOMENT.now + micros))


def run(world, worker, moment=MOMENT, most=99):
    """Do what is to be done, until nothing is; return it."""
    court, done = Court(world.state), []
    court.moment = moment
    while len(done) < most:
        command = worker.next(world.state, moment)
        if command is None:
            break
        court.reply(command)
        done.append(command)
    return done


def test_nothing_to_do(world, worker):
    """Neither at once nor later that day."""
    for moment in (MOMENT, later(TICK_EVERY), later(3 * TICK_EVERY)):
        assert worker.next(world.state, moment) is None
        assert not worker.waits(world.state, moment)
    assert not worker.incidents


def test_time_comes_first(worker):
    """The first look at the clock finds rules and a day; then all that is due."""
    world = World()
    world.placement(world.case("h"), "2480")
    done = run(world, worker)
    kinds = [type(each) for each in done]

    assert kinds[0] is Tick
    assert {*kinds[1:]} == {Reevaluate}
    assert {each.caller for each in done} == {SERVICE}
    assert len(world.state.agenda) == 0


def test_the_clock_is_looked_at_once_a_second(worker):
    """What has come with time waits until then; what changed does not."""
    world = World()
    assert worker.next(world.state, MOMENT) is None
    world.placement(world.case("h"), "2480")
    moments = [later(each) for each in (1, TICK_EVERY - 1, TICK_EVERY)]
    kinds = [type(worker.next(world.state, moment)) for moment in moments]

    assert kinds == [Reevaluate, Reevaluate, Tick]


def test_waiting_for_the_clock(world, worker):
    """A new day is something to do, once the clock is looked at again."""
    assert worker.next(world.state, MOMENT) is None
    tomorrow = later(24 * 3600 * TICK_EVERY)

    assert not worker.waits(world.state, later(1))
    assert worker.waits(world.state, tomorrow)
    assert isinstance(worker.next(world.state, tomorrow), Tick)


def test_slices(world, worker):
    """Everything that a round touches, once, in order, so many at a time."""
    for area in AREAS:
        world.presence("A", area)
    done = run(world, worker)
    weighed = [key for each in done for key in each.placements]

    assert [len(each.placements) for each in done] == [SLICE, SLICE, 40 - 2 * SLICE]
    assert [each.done for each in done] == [False, False, True]
    assert weighed == sorted(world.state.placements)
    assert len({each.until for each in done}) == 1


def test_a_slice_that_fills_the_round_is_the_last(world, worker, monkeypatch):
    """No empty one comes after it."""
    monkeypatch.setattr(worker_module, "SLICE", 20)
    for area in AREAS:
        world.presence("A", area)

    assert [each.done for each in run(world, worker)] == [False, True]


def test_a_round_is_planned_once(world, worker, monkeypatch):
    """Not with every slice."""
    planned, affected = [], worker_module.affected

    def counted(*args):
        planned.append(args)
        return affected(*args)

    monkeypatch.setattr(worker_module, "affected", counted)
    for area in AREAS:
        world.presence("A", area)
    run(world, worker)
    world.presence("A", "0180")
    run(world, worker)

    assert len(planned) == 2


def test_a_revision_that_is_given_again_is_planned_anew(worker):
    """After a commit that failed another change may have the number of the first."""
    plans = []
    for area in ("2480", "0580"):
        world = World()
        for each in ("2480", "0580"):
            world.placement(world.case(each), each)
        settle(world)
        world.presence("A", area)
        (command,) = run(world, worker, most=1)
        (key,) = command.placements
        plans.append((world.state.placements[key].area, command.until))

    assert [area for area, _ in plans] == ["2480", "0580"]
    assert len({until for _, until in plans}) == 1


# What goes wrong


@pytest.fixture
def defect(monkeypatch):
    """Planning meets a defect of ours."""

    def broken(*_):
        raise ZeroDivisionError("850101-1234")

    monkeypatch.setattr(worker_module, "affected", broken)
    yield
    monkeypatch.undo()


def test_a_defect_is_a_rest(world, worker, defect, monkeypatch, caplog):
    """Nothing is done for a minute, health is told, and then it is tried again."""
    world.presence("A", "2480")
    got = worker.next(world.state, MOMENT)
    rests = [worker.next(world.state, later(each)) for each in (1, REST - 1)]
    waits = [worker.waits(world.state, later(each)) for each in (1, REST - 1, REST)]
    monkeypatch.undo()
    after = run(world, worker, later(REST))

    assert (got, rests, waits) == (None, [None, None], [False, False, True])
    assert [type(each) for each in after] == [Reevaluate]
    assert worker.incidents
    (line,) = [each for each in caplog.records if each.levelno == logging.CRITICAL]
    assert line.getMessage().endswith("kind=ZeroDivisionError")


@pytest.mark.parametrize("refusal", [PlacementError(), UnavailableError()])
def test_a_refusal_of_its_own_command_is_a_rest(world, worker, refusal):
    """As a defect in deciding is."""
    world.presence("A", "2480")
    worker.saw(refusal, MOMENT)

    assert worker.incidents
    assert worker.next(world.state, later(REST - 1)) is None
    assert worker.next(world.state, later(REST)) is not None


def answered(reply):
    return Answer(reply=reply, revision=Revision(1), leaf=1)


@pytest.mark.parametrize("reply", [None, Swept()])
def test_what_is_as_it_should_be(world, worker, reply):
    """No incident."""
    worker.saw(answered(reply), MOMENT)

    assert not worker.incidents


@pytest.mark.parametrize("reply", [Swept(unforeseen=1), Swept(failed=2)])
def test_what_should_not_be_is_an_incident(world, worker, reply, caplog):
    """Health is told, and the rest is weighed all the same."""
    world.presence("A", "2480")
    worker.saw(answered(reply), MOMENT)

    assert worker.incidents
    assert worker.next(world.state, MOMENT) is not None
    assert f"unforeseen={reply.unforeseen} failed={reply.failed}" in caplog.text


def test_work_that_another_server_did(world, worker):
    """A plan that was made before is no harm: nothing is left to do."""
    world.presence("A", "2480")
    first = worker.next(world.state, MOMENT)
    settle(world)

    assert isinstance(first, Reevaluate)
    assert worker.next(world.state, MOMENT) is None
    assert not worker.waits(world.state, MOMENT)
    assert Court(world.state).reply(tick()) is None
