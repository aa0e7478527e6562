"""What is seen from outside: how old what vouches for the log is, and what troubles it."""

import time

import pytest
from kit.commands import open_case
from kit.engines import answer, tamper
from kit.faults import damage
from kit.lived import WITNESS, cosign
from kit.world import NOW

from placement.errors import UnavailableError
from placement.service.outlook import Outlook
from placement.service.pulse import MINUTE
from placement.service.worker import Worker
from placement.store import engine as database
from placement.store.epochs import Limits
from placement.store.log import Store

THEN = NOW // MINUTE * MINUTE


@pytest.fixture
def again(store, url, custody):
    """The same store, as another server has it."""
    opened = Store.open(url, custody)
    yield opened
    opened.close()


@pytest.fixture
def outlook(engine, store, clock):
    return Outlook(engine, store, clock=clock, witnesses=2)


def seen(outlook):
    """Look, and return what was seen."""
    outlook.look()
    return outlook.view


def test_nothing_was_seen_yet(outlook):
    """What nobody looked at is not there."""
    assert outlook.view is None


def test_an_empty_log_is_vouched_for_by_nobody(outlook):
    """There is nothing to sign."""
    view = seen(outlook)

    assert (view.at, view.behind, view.signed_at) == (NOW, 0, 0)
    assert (view.cosigned_at, view.epoch, view.epoch_at) == ((0, 0), 1, 0)


def test_how_old_what_vouches_is(engine, store, outlook, clock):
    """By the last entry under it, and the minute in which that was written."""
    answer(engine, open_case("h"))
    engine.publish().result(9)
    cosign(store, 1, WITNESS)
    clock.now += 5 * MINUTE
    answer(engine, open_case("i"))
    engine.publish().result(9)
    view = seen(outlook)

    assert view.signed_at == THEN + 5 * MINUTE
    assert view.cosigned_at == (THEN, 0)
    assert (view.epoch_at, view.epoch_records) == (THEN, 2)


def test_a_new_epoch_is_seen(engine, store, outlook, clock):
    """Its number, when its first entry came, and how much it sealed."""
    for name in "hij":
        answer(engine, open_case(name))
    store.epochs.rotate()
    clock.now += MINUTE
    answer(engine, open_case("k"))
    view = seen(outlook)

    assert (view.epoch, view.epoch_at, view.epoch_records) == (2, THEN + MINUTE, 1)
    assert store.epochs.limits == Limits()


def test_a_state_that_is_left_behind_is_seen(start, faulty, again, clock):
    """Not what was written just now, but what it has lacked since the last look."""
    engine, other = start(faulty), start(again)
    outlook = Outlook(engine, again, clock=clock)
    faulty.passed.clear()
    waiting = engine.submit(open_case("stuck"))
    for name in "hij":
        answer(other, open_case(name))
    views = [seen(outlook).behind, seen(outlook).behind]
    faulty.passed.set()
    waiting.result(9)
    while engine.pulse.seen != again.read_head():
        time.sleep(0.01)
    views.append(seen(outlook).behind)
    other.stop()

    assert views == [0, 4, 0]


def test_a_database_that_does_not_answer_leaves_the_old_view(
    outlook, clock, monkeypatch
):
    """It says itself how old it is."""
    before = seen(outlook)
    clock.now += MINUTE

    def gone(*_, **__):
        raise UnavailableError

    monkeypatch.setattr(database, "reading", gone)

    assert seen(outlook) is before


def test_what_does_not_verify_condemns(engine, outlook, url):
    """Whoever looks has seen it."""
    answer(engine, open_case("h"))
    engine.publish().result(9)
    tamper(url, "UPDATE leaf SET blob = zeroblob(length(blob))")
    outlook.look()

    assert outlook.trouble == "unverified"


@pytest.mark.parametrize("name", ["SQLITE_CORRUPT", "SQLITE_BUSY"])
def test_a_damaged_file_condemns(outlook, monkeypatch, name):
    """A database that is busy is another thing."""

    def fail():
        raise damage(name)

    monkeypatch.setattr(outlook._store, "read_head", fail)
    outlook.look()

    assert (outlook.trouble == "unverified") is (name == "SQLITE_CORRUPT")


def test_a_defect_keeps_nobody_waiting(outlook, monkeypatch, caplog):
    """It is in the log, and the old view stays."""
    before = seen(outlook)

    def broken(_):
        raise ZeroDivisionError

    monkeypatch.setattr(outlook._store.epochs, "used", broken)

    assert seen(outlook) is before
    assert caplog.messages == ["look_failed kind=ZeroDivisionError"]


def test_incidents_are_counted_by_kind(engine, store, clock):
    """What a sweep found goes before what kept it from working."""
    worker = Worker()
    outlook = Outlook(engine, store, clock=clock, worker=worker)
    found = [outlook.found]
    worker.incidents["weighing"] += 1
    found.append(outlook.found)
    worker.incidents["sweep"] += 2
    found.append(outlook.found)

    assert found == ["", "weighing", "sweep"]
    assert outlook.incidents == {"sweep": 2, "weighing": 1}


def test_where_nothing_is_weighed_there_are_none(outlook):
    """A custodian's."""
    assert outlook.incidents == {"sweep": 0, "weighing": 0}


def test_keys_that_are_not_destroyed_yet_are_owed(outlook, store):
    """Until they are."""
    before = outlook.owes
    store.vault.owe([b"x" * 16])

    assert (before, outlook.owes) == (False, True)
