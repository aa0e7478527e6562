"""Servers on one PostgreSQL hear of each other."""

import threading
import time

import psycopg
import pytest
from kit.looked import until
from kit.proxy import network, socket_of, through
from kit.stored import append, keys_of

from placement.store import news
from placement.store.log import Store
from placement.store.postgres import Prompt

SECONDS = 10
QUIET = 0.4  # seconds in which what should not come would have come


class Ear:
    """Counts how often it is told to look."""

    def __init__(self):
        self._heard = threading.Semaphore(0)
        self.count = 0

    def __call__(self):
        self.count += 1
        self._heard.release()

    def heard(self):
        """Wait until it is told once more; tell whether it was."""
        return self._heard.acquire(timeout=SECONDS)


@pytest.fixture
def url(postgres_url):
    return postgres_url


@pytest.fixture
def other(url, custody, store):
    opened = Store.open(url, custody, keys_of(url))
    yield opened
    opened.close()


@pytest.fixture
def ear(store):
    """Listens, and has looked once."""
    made = Ear()
    store.news.hear(made)
    assert made.heard()
    return made


@pytest.fixture
def gate(postgres):
    with network(socket_of(postgres), 1) as made:
        yield made


@pytest.fixture
def behind(gate, url, custody, store):
    """The same store, behind a gate."""
    opened = Store.open(through(url, gate.ports[0]), custody, keys_of(url))
    yield opened
    opened.close()


def listeners(url):
    """Return how many sessions listen."""
    with psycopg.connect(url) as connection:
        ((count,),) = connection.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE query LIKE 'LISTEN%' AND datname = current_database()"
        ).fetchall()
    return count


@pytest.mark.postgres
def test_what_another_wrote_is_heard(ear, other):
    """Once it is durable: an append, and a checkpoint or a key as well."""
    append(other, [b"x"], [])
    heard = ear.heard()
    other.epochs.rotate()

    assert heard
    assert ear.heard()


@pytest.mark.postgres
def test_what_is_undone_is_not_heard(ear, other):
    """A transaction that fails tells nobody."""

    def fail():
        with other.writing() as log:
            log.append([b"x"], [])
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    time.sleep(QUIET)

    assert ear.count == 1


@pytest.mark.postgres
def test_nobody_hears_themselves(ear, store):
    """A server knows what it wrote."""
    append(store, [b"x"], [])
    time.sleep(QUIET)

    assert ear.count == 1


@pytest.mark.postgres
def test_who_writes_much_is_heard_now_and_then(ear, other, monkeypatch):
    """So that servers which look don't keep the one that writes from writing."""
    monkeypatch.setattr(news, "GAP", QUIET)
    began = time.monotonic()
    for number in range(50):
        append(other, [b"%d" % number], [])
    time.sleep(2 * QUIET)
    most = (time.monotonic() - began) / QUIET + 2

    assert 2 <= ear.count <= most


@pytest.mark.postgres
def test_who_was_cut_off_looks_when_they_hear_again(ear, url, other, caplog):
    """What was told meanwhile is seen then; that it was so, is said."""
    with psycopg.connect(url) as admin:
        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE query LIKE 'LISTEN%' AND datname = current_database()"
        )
    again = ear.heard()
    append(other, [b"x"], [])

    assert again
    assert ear.heard()
    assert "news_lost" in caplog.text


@pytest.mark.slow
@pytest.mark.postgres
def test_a_connection_that_hangs_is_noticed(gate, behind, other, monkeypatch):
    """Also where no word of its end comes through."""
    monkeypatch.setattr(news, "_TRIED", 0.2)
    monkeypatch.setattr(news, "_PAUSE", 0.1)
    monkeypatch.setattr(Prompt, "patience", 1.0)
    ear = Ear()
    behind.news.hear(ear)
    first = ear.heard()
    gate.set(0, "hole")
    time.sleep(2)
    gate.set(0, "pass")
    again = ear.heard()
    append(other, [b"x"], [])

    assert (first, again, ear.heard()) == (True, True, True)


@pytest.mark.postgres
def test_who_closes_listens_no_more(ear, url, store):
    """The session ends with the store, as soon as PostgreSQL has read that it is over."""
    before = listeners(url)
    store.close()

    assert (before, until(lambda: listeners(url), 0)) == (1, 0)


def test_on_sqlite_there_is_nothing_to_hear(tmp_path, custody):
    """Nobody listens, and closing has nothing to wait for."""
    threads = threading.active_count()
    store = Store.create(f"sqlite:///{tmp_path}/store.db", custody)
    store.news.hear(Ear())
    running = threading.active_count()
    store.close()

    assert running == threads
