"""What an engine does by itself: beside what is asked, and never instead of it."""

import time

import pytest
from kit.commands import (
    NATIONAL,
    assess_case,
    attest,
    draft,
    open_case,
    placement,
    record_facts,
    record_placements,
    show_case,
)
from kit.engines import SECONDS, answer, checkpoints, details, engine_on, entries
from kit.world import subject

from placement.access import Role
from placement.domain.decide import reevaluations, table
from placement.domain.facts import Tie
from placement.domain.terms import AlertState, Revision
from placement.errors import PlacementError, UnavailableError
from placement.service import fold, manners
from placement.service import worker as worker_module
from placement.service.worker import BREATH, REST, Worker
from placement.store.log import Store

SERVICE = Role.SERVICE.value


@pytest.fixture
def worker():
    return Worker()


@pytest.fixture
def publish_every():
    """A second is a second: the clock of these tests stands, that of threads does not."""


@pytest.fixture
def start(clock):
    """Return a function that starts an engine with a worker; all stop in the end."""
    engines = []

    def run(store, worker=None):
        engine = engine_on(store, clock, worker=worker)
        engines.append(engine)
        engine.start()
        return engine

    yield run
    for engine in engines:
        engine.stop()


@pytest.fixture
def engine(start, faulty, worker):
    return start(faulty, worker)


def wait_until(done):
    """Wait for what an engine does by itself; return how many seconds it took."""
    began = time.monotonic()
    while not done():
        assert time.monotonic() - began < SECONDS
        time.sleep(0.02)
    return time.monotonic() - began


def place(engine, name="h", area="2480"):
    """Place somebody; return the case and the placement."""
    case = open_case(name)
    answer(engine, case)
    answer(engine, assess_case(case.handle, caller=NATIONAL))
    stay = placement(case.handle, area)
    answer(engine, record_placements(stay, caller=NATIONAL))
    return case.handle, stay.id


def tie(name="h", area="2480", **given):
    """State that a place is worse than it was for somebody."""
    fact = draft(Tie, "tie", subject=subject(name), area=area, danger=False)
    return record_facts(fact, **given)


def calm(store):
    """Tell whether nothing is left to do."""
    return len(fold.load(store)[0].agenda) == 0


def alerts(engine, since=None):
    return engine.feed.since(since, lambda _: True, 100).alerts


# By itself


def test_a_change_is_weighed_with_the_call_that_made_it(engine, store):
    """In its own commit, under an entry of the service's own; then the alert is there."""
    _, key = place(engine)
    wait_until(lambda: calm(store))
    size = store.read_head().leaves
    answer(engine, tie())
    told = alerts(engine)
    wait_until(lambda: calm(store))
    later = entries(store)[size:]

    assert [each.placement for each in told] == [key]
    assert [(each.role, each.action) for each in later] == [
        ("coordinator", "FACT_RECORD"),
        (SERVICE, "REEVALUATE"),
    ]


def test_callers_get_the_answers_and_the_service_none(engine, store):
    """Whatever is done beside them, each has its own."""
    place(engine)
    case = open_case("i")
    futures = [engine.submit(each) for each in (tie(), case, show_case(case.handle))]
    got = [future.result(SECONDS) for future in futures]

    assert [entries(store)[each.leaf].action for each in got] == [
        "FACT_RECORD",
        "CASE_OPEN",
        "CASE_SHOW",
    ]


def test_without_placements_nothing_is_done(engine, store):
    """An entry each second would say nothing."""
    answer(engine, open_case("h"))
    time.sleep(1.2)

    assert [each.action for each in entries(store)] == ["CASE_OPEN"]


def signed(store):
    """Tell whether nothing is left to do, and a checkpoint holds it."""
    head = store.read_head()
    return calm(store) and head.published == head.leaves


def test_much_is_done_in_slices(engine, store, monkeypatch):
    """So many in a commit: whoever asks meanwhile waits for one slice."""
    monkeypatch.setattr(worker_module, "SLICE", 2)
    keys = {place(engine, f"h{number}")[1] for number in range(7)}
    wait_until(lambda: calm(store))
    first = store.read_head().leaves
    answer(engine, attest(caller=NATIONAL))
    case = open_case("i")
    answer(engine, case)
    answer(engine, show_case(case.handle))
    wait_until(lambda: calm(store))
    done = [
        each.outline.objects
        for entry, each in zip(
            entries(store)[first:], details(store)[first:], strict=True
        )
        if entry.action == "REEVALUATE"
    ]

    assert [len(each) for each in done] == [2, 2, 2, 1]
    assert {key for each in done for key in each} == keys


def test_in_a_crowd_its_own_work_is_put_off(engine, store, monkeypatch):
    """For some commits, and not for ever: somebody may be in danger."""
    place(engine)
    wait_until(lambda: calm(store))
    first, most = store.read_head().leaves, manners.MAX_PUT_OFF
    monkeypatch.setattr(manners, "CROWD", 0)
    monkeypatch.setattr(manners, "MAX_PUT_OFF", 10**9)
    answer(engine, attest(caller=NATIONAL))
    answer(engine, open_case("i"))
    crowded = [entry.action for entry in entries(store)[first:]]
    monkeypatch.setattr(manners, "MAX_PUT_OFF", most)
    wait_until(lambda: calm(store))
    after = [entry.action for entry in entries(store)[first + 2 :]]

    assert "REEVALUATE" not in crowded
    assert after == ["REEVALUATE"]


def test_a_checkpoint_is_not_signed_with_every_slice(engine, store, monkeypatch):
    """But once nothing is left, if its second is not over before."""
    monkeypatch.setattr(worker_module, "SLICE", 1)
    for number in range(5):
        place(engine, f"h{number}")
    wait_until(lambda: signed(store))
    before, first = len(checkpoints(store)), store.read_head().leaves
    answer(engine, attest(caller=NATIONAL))
    wait_until(lambda: signed(store))

    assert store.read_head().leaves == first + 6
    assert len(checkpoints(store)) == before + 1


def test_what_is_left_when_it_stops_is_done_by_the_next(start, store, monkeypatch):
    """Nothing is done while it stops; the agenda is as durable as what made it."""
    silent = start(store)  # without a worker
    place(silent)
    answer(silent, tie())
    silent.stop()
    left = calm(store)
    engine = start(store, Worker())
    wait_until(lambda: calm(store))

    assert not left
    assert [each.state for each in alerts(engine)] == [AlertState.RAISED]


def test_nothing_is_begun_while_it_stops(start, faulty, store):
    """What waits is answered, and the rest is left."""
    engine = start(faulty, Worker())
    place(engine)
    wait_until(lambda: calm(store))
    faulty.entered.clear()
    faulty.passed.clear()
    held = engine.submit(tie())
    assert faulty.entered.wait(SECONDS)
    engine._stopping.set()
    faulty.passed.set()
    held.result(SECONDS)
    engine.stop()

    assert not calm(store)


# The feed


def test_an_engine_begins_with_what_is_known(start, store):
    """Alerts of before are in its feed before the first command."""
    first = start(store, Worker())
    place(first)
    answer(first, tie())
    wait_until(lambda: alerts(first))
    wait_until(lambda: calm(store))
    told = alerts(first)
    first.stop()
    second = start(store)

    assert alerts(second) == told
    assert second.feed.until == fold.load(store)[0].revision


def test_an_idle_engine_catches_up_with_anothers_writes(start, engine, url, custody):
    """Though nobody asks it for anything: its feed has the alert soon."""
    again = Store.open(url, custody)
    other = start(again)
    _, key = place(engine)
    answer(engine, tie())
    took = wait_until(lambda: alerts(other))
    told = alerts(other)
    other.stop()
    again.close()

    assert took < 5  # seconds; the promise is one, and the machine is shared
    assert [each.placement for each in told] == [key]


def test_what_failed_is_not_in_the_feed(engine, faulty, store, worker):
    """Only what is durable is told."""
    place(engine)
    wait_until(lambda: calm(store))
    until = engine.feed.until
    faulty.fail("commit")
    with pytest.raises(UnavailableError):
        answer(engine, tie())

    assert alerts(engine) == ()
    assert engine.feed.until == until == Revision(fold.load(store)[0].revision)


# What goes wrong


def test_a_defect_of_ours_keeps_no_caller_waiting(
    engine, clock, store, worker, monkeypatch
):
    """The worker rests a minute, health is told, callers go on; then it is made up."""
    case, _ = place(engine)
    wait_until(lambda: calm(store))

    def broken(*_):
        raise ZeroDivisionError

    with monkeypatch.context() as patched:
        patched.setattr(worker_module, "affected", broken)
        answer(engine, tie())
        assert answer(engine, show_case(case)).reply.assessed
    assert worker.incidents
    clock.now += REST - 1
    answer(engine, show_case(case))
    assert not calm(store)
    clock.now += 1
    wait_until(lambda: calm(store))

    assert len(alerts(engine)) == 1


@pytest.mark.parametrize("make", [UnavailableError, ZeroDivisionError])
def test_a_commit_that_failed_with_its_work_in_it(engine, faulty, store, worker, make):
    """It may be the work's fault: it rests, so that the retry goes through.

    That the database was away is no incident: after a failover that is an alarm.
    """
    place(engine)
    wait_until(lambda: calm(store))
    command = tie(request="r")
    faulty.fail("in", make)
    with pytest.raises(PlacementError):
        answer(engine, command)
    retried = answer(engine, command)

    assert bool(worker.incidents) is (make is not UnavailableError)
    assert len(retried.reply.ids) == 2
    assert not calm(store)


def test_work_that_fails_again_is_an_incident(engine, clock, faulty, store, worker):
    """The database answered in between, so it is not what fails."""
    place(engine)
    wait_until(lambda: calm(store))
    faulty.fail("in")
    with pytest.raises(PlacementError):
        answer(engine, tie())
    once = dict(worker.incidents)
    faulty.fail("in")
    clock.now += BREATH
    wait_until(lambda: worker.incidents)
    clock.now += REST
    wait_until(lambda: calm(store))

    assert (once, dict(worker.incidents)) == ({}, {"weighing": 1})


def test_a_commit_that_failed_without_work_is_no_incident(engine, faulty, worker):
    """The worker had nothing in it."""
    faulty.fail("in")
    with pytest.raises(PlacementError):
        answer(engine, open_case("h"))

    assert not worker.incidents


def test_a_refused_slice_rests(engine, store, worker, monkeypatch):
    """Its own entry says so, and nobody else's answer."""
    case, _ = place(engine)
    wait_until(lambda: calm(store))

    def broken(*_):
        raise ZeroDivisionError

    with monkeypatch.context() as patched:
        patched.setitem(table.DECIDES, reevaluations.Reevaluate, broken)
        answer(engine, tie())
    own = [each.outcome for each in entries(store) if each.role == SERVICE]

    assert own[-1] == "INTERNAL"
    assert worker.incidents
    assert answer(engine, show_case(case)).reply.assessed
