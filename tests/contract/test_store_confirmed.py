"""Commits that another machine has to confirm, and one that does not."""

import time

import pytest
from kit.commands import open_case
from kit.confirming import SECONDS, administrator, background, demand, release, set_up
from kit.engines import SIGNER, engine_on, entries
from kit.stored import append, keys_of, leaf

from placement.errors import UnavailableError
from placement.store.ledger import Ledger
from placement.store.log import Store

pytestmark = pytest.mark.postgres


@pytest.fixture
def url(postgres_url):
    return postgres_url


@pytest.fixture
def admin(postgres_url):
    """The administrator of PostgreSQL itself, who leaves its settings as they were."""
    with administrator(postgres_url) as connection:
        yield connection


@pytest.mark.parametrize("how", ["pg_cancel_backend", "pg_terminate_backend"])
def test_a_commit_that_nobody_confirmed_is_refused(store, admin, how):
    """A wait that was cancelled is no commit, though PostgreSQL says that it is one."""
    demand(admin)
    thread, found = background(lambda: append(store, [b"event"]))
    release(admin, how)
    thread.join(SECONDS)

    assert [type(each) for each in found] == [UnavailableError]
    assert store.read_head().revision == 1  # it stands on this machine all the same


@pytest.fixture
def mute(admin):
    """Let the role be told of errors alone, as long as the test runs."""
    admin.execute("ALTER ROLE CURRENT_USER SET client_min_messages = error")
    yield
    admin.execute("ALTER ROLE CURRENT_USER RESET client_min_messages")


@pytest.mark.usefixtures("mute")
def test_a_role_that_is_not_warned_is_warned(store, url, custody, admin):
    """A setting of the role does not make a commit of one that nobody confirmed."""
    opened = Store.open(url, custody, keys_of(url))
    demand(admin)
    thread, found = background(lambda: append(opened, [b"event"]))
    release(admin)
    thread.join(SECONDS)
    opened.close()

    assert [type(each) for each in found] == [UnavailableError]
    assert store.read_head().revision == 1


def test_the_next_commit_is_one(store, admin):
    """After a commit that was not confirmed the next one that is counts."""
    demand(admin)
    thread, _ = background(lambda: append(store, [b"event"]))
    release(admin)
    thread.join(SECONDS)
    set_up(admin, "RESET synchronous_standby_names")
    append(store, [b"another"])

    assert store.read_head().revision == 2


def test_what_was_only_seen_is_not_given_away(store, admin):
    """A checkpoint that a failover may undo reaches nobody who could carry it away."""
    with store.writing() as log:
        log.append([], [leaf(b"entry")])
        log.publish(SIGNER)
    demand(admin)
    thread, found = background(Ledger(store).newest)
    release(admin)
    thread.join(SECONDS)

    assert [type(each) for each in found] == [UnavailableError]


def test_a_fold_waits_for_what_it_saw(store, admin):
    """The log is followed to where no failover leads back from."""
    append(store, [b"event"])
    demand(admin)
    thread, found = background(lambda: list(store.tail(store.read_head().GENESIS)))
    release(admin)
    thread.join(SECONDS)

    assert [type(each) for each in found] == [UnavailableError]


def test_whoever_asks_again_is_answered_once(store, admin):
    """An engine acknowledges nothing unconfirmed; a retry finds what stands, once."""
    engine = engine_on(store, lambda: time.time_ns() // 1000)
    engine.start()
    asked = open_case("h")
    demand(admin)
    doubted = engine.submit(asked)
    release(admin)
    with pytest.raises(UnavailableError):
        doubted.result(SECONDS)
    again = engine.submit(asked)
    set_up(admin, "RESET synchronous_standby_names")
    said = again.result(SECONDS)
    engine.stop()
    opened = [each for each in entries(store) if each.revision]

    assert said.revision == 1
    assert store.read_head().revision == 1
    assert len(opened) == 2


# Who ends a commit half-way


@pytest.fixture
def hurried(admin):
    """Let the role's statements take a moment at most, as an administrator may think."""
    admin.execute("ALTER ROLE CURRENT_USER SET statement_timeout = '300ms'")
    yield
    admin.execute("ALTER ROLE CURRENT_USER RESET statement_timeout")


@pytest.mark.usefixtures("hurried")
@pytest.mark.slow
def test_a_commit_whose_time_is_over_is_refused(store, url, custody, admin):
    """PostgreSQL calls it done, and warns that it is so on this machine alone."""
    opened = Store.open(url, custody, keys_of(url))
    demand(admin)
    with pytest.raises(UnavailableError):
        append(opened, [b"event"])
    set_up(admin, "RESET synchronous_standby_names")
    opened.close()

    assert store.read_head().revision == 1


@pytest.mark.parametrize("writes", [True, False])
def test_who_is_ended_between_two_journeys_commits_nothing(store, admin, writes):
    """The lock is another's by then, and so is the log."""
    other = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE granted"

    def late():
        with store.writing() as log:
            if writes:
                log.append([b"late"], [])
            admin.execute(f"{other} AND relation = 'head'::regclass")

    with pytest.raises(UnavailableError):
        late()

    assert store.read_head().revision == 0
    assert append(store, [b"event"]).revision == 1
