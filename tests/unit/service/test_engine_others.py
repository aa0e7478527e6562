"""Several engines on one PostgreSQL, and a database that can't be reached."""

import threading
import time

import pytest
from kit.commands import open_case, show_case
from kit.confirming import administrator, demand
from kit.engines import SECONDS, answer
from kit.proxy import network, socket_of, through
from kit.stored import keys_of

from placement.errors import UnavailableError
from placement.service import engine as engine_module
from placement.service import looking, publishing
from placement.store import fsck, postgres
from placement.store.log import Store
from placement.store.news import News

pytestmark = pytest.mark.postgres

SHORT = 1.5  # seconds


@pytest.fixture
def url(postgres_url):
    return postgres_url


@pytest.fixture
def beside(start, engine, url, custody):
    """Another engine on the same database; nobody asks it anything."""
    again = Store.open(url, custody, keys_of(url))
    started = start(again)
    yield started
    started.stop()
    again.close()


@pytest.fixture
def gate(postgres):
    with network(socket_of(postgres), 1) as made:
        yield made


@pytest.fixture
def patience(monkeypatch):
    monkeypatch.setattr(postgres.Prompt, "patience", SHORT)


@pytest.fixture
def behind(start, url, custody, gate, patience):
    """Another engine, behind a gate."""
    again = Store.open(through(url, gate.ports[0]), custody, keys_of(url))
    started = start(again)
    yield started
    started.stop()
    again.close()


def waited(done):
    """Wait for what an engine does by itself; return how many seconds it took."""
    began = time.monotonic()
    while not done():
        assert time.monotonic() - began < SECONDS
        time.sleep(0.005)
    return time.monotonic() - began


# Hearing of each other


def test_what_one_wrote_the_other_hears_of(engine, beside):
    """Though it looks by itself once an hour."""
    revision = answer(engine, open_case("h")).revision

    assert waited(lambda: beside.feed.until == revision) < 5


class TestByItself:
    """Without news: an engine looks every second."""

    @pytest.fixture
    def publish_every(self, monkeypatch):
        monkeypatch.setattr(News, "hear", lambda *_: None)

    def test_what_nobody_tells_is_seen(self, engine, beside):
        """A second later at most, and what the machine needs."""
        revision = answer(engine, open_case("h")).revision

        assert waited(lambda: beside.feed.until == revision) < 5


class TestDeaf:
    """What an engine sees when it is told to look, and not before."""

    @pytest.fixture
    def publish_every(self, publish_every, monkeypatch):
        monkeypatch.setattr(News, "hear", lambda *_: None)

    def test_who_follows_waits_for_nobody(self, engine, beside, store):
        """It needs no lock: neither does it keep others from writing."""
        revision = answer(engine, open_case("h")).revision
        with store.writing():
            beside._waiting.nudge()
            waited(lambda: beside.feed.until == revision)

        assert beside.serving


def test_who_is_woken_signs_nothing(engine, beside, monkeypatch):
    """Or each entry of one server would have a checkpoint of another's."""
    monkeypatch.setattr(publishing, "LATE", 10**12)
    looked, wrote, own = [], [], beside._publishing
    owes, write = own.owes, own.write

    def look(head, *, quiet, ending):
        looked.append(quiet)
        return owes(head, quiet=quiet, ending=ending)

    def note(*args, **how):
        wrote.append(looked[-1])
        return write(*args, **how)

    monkeypatch.setattr(own, "owes", look)
    monkeypatch.setattr(own, "write", note)
    for _ in range(5):
        last = answer(engine, open_case("h")).revision
        waited(lambda last=last: beside.feed.until == last)

    assert False in looked
    assert all(wrote)  # in a quiet second, if such a one came


# Out of reach


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["cut", "hole", "down"])
def test_who_can_not_reach_the_log_answers_nothing(engine, behind, gate, kind):
    """An error, and soon; never from what it knew. Then it goes on, without a fold anew."""
    case = open_case("h")
    answer(engine, case)
    before = answer(behind, show_case(case.handle)).revision
    gate.set(0, kind)
    other = answer(engine, open_case("i")).revision
    began = time.monotonic()
    with pytest.raises(UnavailableError):
        answer(behind, show_case(case.handle))
    took, served = time.monotonic() - began, behind.serving
    gate.set(0, "pass")
    after = answer(behind, show_case(case.handle)).revision

    assert took < SECONDS
    assert (served, behind.serving) == (False, True)
    assert (before, after) == (1, other)


def test_nothing_is_folded_anew_for_a_lock(start, store, url, custody, monkeypatch):
    """Who waited for the head in vain knows as much as before."""
    monkeypatch.setattr(postgres, "WAIT_MS", 200)
    again = Store.open(url, custody, keys_of(url))
    hasty = start(again)
    case = open_case("h")
    answer(hasty, case)
    monkeypatch.setattr(engine_module, "load", None)
    asked = show_case(case.handle)
    with store.writing(), pytest.raises(UnavailableError):
        answer(hasty, asked)
    shown = answer(hasty, show_case(case.handle))
    hasty.stop()
    again.close()

    assert shown.revision == 1


@pytest.mark.usefixtures("patience")
@pytest.mark.parametrize("confirmed", [False, True])
def test_who_is_idle_knows_whether_anything_is_confirmed(
    start, store, url, monkeypatch, confirmed
):
    """Nobody has to ask first, and be told that it is not well."""
    monkeypatch.setattr(engine_module, "PUBLISH_EVERY", 20_000)
    monkeypatch.setattr(looking, "EVERY", 0.1)
    with administrator(url) as admin:
        idle = start(store)
        before = idle.trouble
        if not confirmed:
            demand(admin)
            waited(lambda: idle.trouble)
        time.sleep(0.5)
        during = idle.trouble
    waited(lambda: idle.serving)
    idle.stop()  # before its store is closed

    assert (before, during) == ("", "" if confirmed else "database")


@pytest.fixture
def stopped(start, url, custody, monkeypatch):
    """An engine that loses the head when it keeps it."""
    monkeypatch.setattr(postgres, "SILENT_MS", 300)
    again = Store.open(url, custody, keys_of(url))
    started = start(again)
    yield started
    started.stop()
    again.close()


def test_who_stopped_and_wakes_up_answers_nothing_old(
    engine, stopped, store, monkeypatch
):
    """Stopped with the head in hand, it loses it; what it decided is nobody's answer."""
    case = open_case("h")
    answer(engine, case)
    answer(stopped, show_case(case.handle))
    begin, holds, woken = stopped._begun, threading.Event(), threading.Event()

    def stops(*given):
        """Have the head, and stop where a process may be stopped."""
        made = begin(*given)
        holds.set()
        woken.wait(SECONDS)
        return made

    monkeypatch.setattr(stopped, "_begun", stops)
    asked = stopped.submit(show_case(case.handle))
    holds.wait(SECONDS)
    other = answer(engine, open_case("i")).revision
    woken.set()
    with pytest.raises(UnavailableError):
        asked.result(SECONDS)
    after = answer(stopped, show_case(case.handle)).revision

    assert after == other
    assert fsck.verify(store).leaves == 4
