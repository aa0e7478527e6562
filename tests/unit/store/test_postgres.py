"""Nobody waits for PostgreSQL for ever, and nobody keeps its head."""

import os
import signal
import time
from contextlib import suppress

import psycopg
import pytest
from kit.proxy import network, socket_of, through
from kit.stored import append, keys_of
from sqlalchemy import make_url

from placement.errors import UnavailableError
from placement.store import fsck, postgres
from placement.store.engine import connect, reading, writing
from placement.store.head import Head
from placement.store.log import Store
from placement.store.writes import MANY

pytestmark = pytest.mark.postgres

SHORT = 1.0  # seconds
SECONDS = 15  # on a busy machine


@pytest.fixture
def url(postgres_url):
    return postgres_url


@pytest.fixture
def gate(postgres):
    with network(socket_of(postgres), 1) as made:
        yield made


@pytest.fixture
def behind(url, custody, store, gate, monkeypatch):
    """The same store, of a server behind a gate."""
    monkeypatch.setattr(postgres.Prompt, "patience", SHORT)
    opened = Store.open(through(url, gate.ports[0]), custody, keys_of(url))
    append(opened, [b"before"], [])
    yield opened
    opened.close()


def took(store):
    """Return how long it takes until a writer is told that it can't."""
    began = time.monotonic()
    with pytest.raises(UnavailableError), store.writing():
        pass
    return time.monotonic() - began


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["hole", "up", "down"])
def test_a_network_that_swallows_is_not_waited_for(behind, gate, kind):
    """Though TCP notices nothing: once for the connection, once for another."""
    gate.set(0, kind)
    waited = took(behind)
    gate.set(0, "pass")
    head = append(behind, [b"after"], [])

    assert waited < SECONDS
    assert head.revision == 2


def test_what_comes_late_is_no_answer(behind, gate, store):
    """A commit that was swallowed is undone or done, and its writer knows neither."""

    def swallowed():
        with behind.writing() as log:
            log.append([b"late"], [])
            gate.set(0, "hole")

    with pytest.raises(UnavailableError):
        swallowed()
    gate.set(0, "pass")
    head = append(behind, [b"after"], [])

    assert head.revision in (2, 3)
    assert fsck.verify(store) == head


def test_a_network_that_is_cut_says_so(behind, gate):
    """At once, and as soon as it works again so does the store."""
    gate.set(0, "cut")
    waited = took(behind)
    gate.set(0, "pass")

    assert waited < SECONDS
    assert append(behind, [b"after"], []).revision == 2


def test_a_slow_network_is_a_network(behind, gate, monkeypatch):
    """What takes its time is done."""
    monkeypatch.setattr(postgres.Prompt, "patience", 10.0)
    gate.set(0, "slow")

    assert append(behind, [b"after"], []).revision == 2


# Whoever holds the head and stops


@pytest.fixture
def hasty(monkeypatch):
    """Everybody else waits for a moment only."""
    monkeypatch.setattr(postgres, "SILENT_MS", 300)
    monkeypatch.setattr(postgres, "WAIT_MS", 3_000)


def test_whoever_says_nothing_loses_the_head(hasty, url, custody, store):
    """The next one waits no longer than that; who comes back late has nothing stored."""
    stopped, other = (Store.open(url, custody, keys_of(url)) for _ in range(2))
    got = []

    def stops():
        with stopped.writing() as log:
            log.append([b"stopped"], [])
            began = time.monotonic()
            got.append(append(other, [b"other"], []))
            got.append(time.monotonic() - began)

    with pytest.raises(UnavailableError):
        stops()
    head, waited = got
    tail = [payload for _, payload in store.tail(Head.GENESIS)]
    for each in (stopped, other):
        each.close()

    assert waited < 2.9
    assert head.revision == 1
    assert tail == [b"other"]


@pytest.mark.slow
def test_whoever_appends_much_is_not_silent(url, custody, store, monkeypatch):
    """However long it takes: what has become much is written before the end."""
    monkeypatch.setattr(postgres, "SILENT_MS", 2_000)
    busy = Store.open(url, custody, keys_of(url))
    with busy.writing() as log:
        for _ in range(4):
            head = log.append([b"event"] * MANY, [])
            time.sleep(0.8)
    busy.close()

    assert fsck.verify(store) == head


@pytest.mark.slow
def test_whoever_stops_between_statements_is_ended_by_who_waits(
    hasty, url, custody, store
):
    """The database does not see that: of several statements one had not come yet."""
    other = Store.open(url, custody, keys_of(url))
    # As a process that stops while it sends several statements at once.
    child = os.fork()
    if not child:
        with suppress(BaseException):
            plain = make_url(url).render_as_string(hide_password=False)
            holder = psycopg.connect(plain)
            holder.execute("SET idle_in_transaction_session_timeout = 300")
            holder.execute("SELECT * FROM head FOR UPDATE")
            with holder.pipeline():
                holder.execute("SELECT 1")
                holder.pgconn.send_flush_request()
                holder.pgconn.flush()
                time.sleep(0.2)
                os.kill(os.getpid(), signal.SIGSTOP)
        os._exit(0)
    try:
        os.waitpid(child, os.WUNTRACED)
        with pytest.raises(UnavailableError), other.writing():
            pass
        head = append(other, [b"other"], [])
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        other.close()

    assert head.revision == 1


def test_whoever_reads_may_say_nothing(hasty, url, custody, store):
    """They hold nothing, and may wait for a caller who reads slowly."""
    append(store, [b"one"], [])
    reader = Store.open(url, custody, keys_of(url))
    tail = reader.tail(Head.GENESIS)
    first = next(tail)
    time.sleep(1)
    rest = list(tail)
    reader.close()

    assert (first, rest) == ((1, b"one"), [])


def test_whoever_works_is_not_ended(url, store, monkeypatch):
    """Only who lets the database wait; an engine without a store frees nobody."""
    monkeypatch.setattr(postgres, "SILENT_MS", 0)
    engine = connect(url)
    with reading(engine) as connection:
        connection.exec_driver_sql("SELECT * FROM head")
        freed = postgres.free_head(engine)
    engine.dispose()

    assert freed == 0


@pytest.mark.slow
def test_whoever_is_slow_is_not_ended(url, store, monkeypatch):
    """Many small statements take long together; the database waits for none of them."""
    monkeypatch.setattr(postgres, "SILENT_MS", 1_000)
    engine = connect(url)
    with writing(engine) as connection:
        connection.exec_driver_sql("SELECT * FROM head FOR UPDATE")
        freed = []
        until = time.monotonic() + 2.5
        while time.monotonic() < until:
            time.sleep(0.05)
            connection.exec_driver_sql("SELECT 1")
            freed.append(postgres.free_head(engine))
        connection.exec_driver_sql("SELECT 1")
    engine.dispose()

    assert len(freed) > 3
    assert not any(freed)


def test_whoever_stops_is_ended(url, store, monkeypatch):
    """Once the database has waited for them long enough."""
    monkeypatch.setattr(postgres, "SILENT_MS", 500)
    engine, other = connect(url), connect(url)

    def stops():
        with writing(engine) as connection:
            connection.exec_driver_sql("SET idle_in_transaction_session_timeout = 0")
            connection.exec_driver_sql("SELECT * FROM head FOR UPDATE")
            freed.append(postgres.free_head(other))
            time.sleep(0.6)
            freed.append(postgres.free_head(other))

    freed = []
    with pytest.raises(UnavailableError):
        stops()
    for each in (engine, other):
        each.dispose()

    assert freed == [0, 1]


def test_a_database_that_is_away_frees_nobody(monkeypatch):
    """And says nothing about it: whoever asked is told already."""
    engine = connect("postgresql://localhost:1/none")

    assert postgres.free_head(engine) == 0


@pytest.mark.slow
def test_what_takes_long_may_be_waited_for(behind):
    """Where whoever asks says so."""
    with behind.reading() as connection:
        driver = connection.connection.driver_connection
        driver.patience = None
        driver.execute(f"SELECT pg_sleep({2 * SHORT})")

        assert not driver.closed


def test_a_connection_that_ended_while_it_rested_is_not_used(url, store):
    """Whoever writes next has another, and notices nothing."""
    append(store, [b"before"], [])
    others = (
        "FROM pg_stat_activity WHERE datname = current_database()"
        " AND pid <> pg_backend_pid()"
    )
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute(f"SELECT pg_terminate_backend(pid) {others}")
        while admin.execute(f"SELECT 1 {others}").fetchall():
            time.sleep(0.01)

    assert append(store, [b"after"], []).revision == 2


def test_a_connection_that_was_closed_is_not_used(store):
    """By what went wrong in another transaction, for example."""
    with store.reading() as connection:
        driver = connection.connection.driver_connection
    driver.close()

    assert append(store, [b"after"], []).revision == 1
