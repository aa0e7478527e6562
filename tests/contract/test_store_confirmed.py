"""Commits that another machine has to confirm, and one that does not."""

import threading
import time
from contextlib import closing

import psycopg
import pytest
from kit.commands import open_case
from kit.engines import SIGNER, engine_on, entries
from kit.lived import WITNESS
from kit.stored import append, keys_of, leaf, publish
from sqlalchemy.exc import OperationalError

from placement.audit.note import Note, add
from placement.crypto.keyring import Purpose, new_key
from placement.errors import (
    NotFoundError,
    PlacementError,
    TamperedError,
    UnavailableError,
)
from placement.service.review import Review
from placement.store import together
from placement.store.chain import ChainError
from placement.store.covers import Covers
from placement.store.keystore import KeyStore
from placement.store.ledger import Ledger
from placement.store.log import Store
from placement.store.rows import is_damage
from placement.store.vault import Vault

SECONDS = 20

pytestmark = pytest.mark.postgres


@pytest.fixture
def url(postgres_url):
    return postgres_url


@pytest.fixture
def admin(postgres_url):
    """The administrator of PostgreSQL itself, who leaves its settings as they were."""
    with closing(psycopg.connect(postgres_url, autocommit=True)) as connection:
        connection.execute("SET synchronous_commit = local")
        yield connection
        set_up(connection, "RESET synchronous_standby_names")


def set_up(admin, setting):
    admin.execute(f"ALTER SYSTEM {setting}")
    admin.execute("SELECT pg_reload_conf()")
    time.sleep(0.2)  # until each session has read it


def demand(admin):
    """Demand a confirmation that nobody gives."""
    set_up(admin, "SET synchronous_standby_names = 'nobody'")


def release(admin, how="pg_cancel_backend"):
    """End the wait of whoever commits now, as an administrator may."""
    until = time.monotonic() + SECONDS
    query = f"SELECT {how}(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
    while not admin.execute(query).fetchall():
        assert time.monotonic() < until
        time.sleep(0.01)


def background(call):
    """Run something; return what ends it, and what became of it."""
    found = []

    def run():
        try:
            found.append(call())
        except PlacementError as error:
            found.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, found


def unconfirmed(admin, call):
    """Return what becomes of a call when nobody confirms what it saw."""
    demand(admin)
    thread, found = background(call)
    release(admin)
    thread.join(SECONDS)
    set_up(admin, "RESET synchronous_standby_names")
    (what,) = found
    return what


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


# What was done before, and is only found


@pytest.fixture
def keys(postgres_url, custody):
    """A key store in a cluster of its own: no commit of the log waits for its."""
    with closing(KeyStore.create(postgres_url, custody, b"owner")) as made:
        yield made


def twice(admin, call):
    """Do something that nobody confirms, and once more; return what was raised."""
    raised = []
    for _ in range(2):
        thread, found = background(call)
        release(admin)
        thread.join(SECONDS)
        raised += [type(each) for each in found]
    return raised


def vault_of(keys):
    return Vault(keys, b"owner", erased=lambda _: set())


def test_a_key_that_was_only_found_seals_nothing(keys, admin):
    """Its store may lose it when the log has what it sealed for good."""
    demand(admin)

    def begin():
        vault = vault_of(keys)
        vault.begin([b"a dossier of 16."])
        vault.flush()

    assert twice(admin, begin) == [UnavailableError] * 2


def test_a_cover_that_was_only_found_covers_nothing(keys, custody, admin):
    """Nor does that of an epoch that nobody could begin."""
    made = new_key(custody, b"owner", Purpose.EVENT, 2)
    demand(admin)

    assert twice(admin, lambda: Covers(keys, b"owner").put([made])) == (
        [UnavailableError] * 2
    )


def test_a_key_that_is_only_gone_here_is_not_destroyed(keys, admin):
    """A failover may bring it back; so whoever erased is told when it can't."""
    keys.add({b"name": b"wrapped"})
    demand(admin)

    assert twice(admin, lambda: keys.destroy([b"name"])) == [UnavailableError] * 2


def test_a_cosignature_that_was_only_found_is_not_kept(store, admin):
    """The witness would never hand it in again."""
    append(store, [], [b"leaf"])
    size, ledger = publish(store).size, Ledger(store)
    made = add(ledger.newest(), WITNESS)
    note = Note(made.text, made.signatures[-1:])
    demand(admin)

    assert twice(admin, lambda: ledger.cosign(size, note)) == [UnavailableError] * 2


def test_entries_that_were_only_seen_are_not_shown(store, admin):
    """Whoever follows the log is never shown an entry that nobody was answered."""
    append(store, [], [b"leaf"])
    review = Review(store, lambda: None)
    demand(admin)
    thread, found = background(lambda: review.grown(0))
    release(admin)
    thread.join(SECONDS)

    assert [type(each) for each in found] == [UnavailableError]
    assert review.grown(1) == 1  # nothing new is nothing to wait for


def test_whoever_locks_waits_for_what_they_saw(store, admin):
    """Also if they then have nothing to write: a lock is a write."""
    demand(admin)
    thread, found = background(lambda: append(store, []))
    release(admin)
    thread.join(SECONDS)

    assert [type(each) for each in found] == [UnavailableError]


# A primary that slept, and shows what it had


def test_nobody_is_accused_by_who_confirms_nothing(store, admin):
    """A log that ends too early is one that was cut, once that is confirmed."""
    row = admin.execute("SELECT revision, leaves, epoch, blob FROM head").fetchone()
    seen = append(store, [b"event"])
    admin.execute("DELETE FROM event")
    admin.execute(
        "UPDATE head SET (revision, leaves, epoch, blob) = (%s, %s, %s, %s)", row
    )

    def follow():
        with store.writing() as log:
            log.require_after(seen)

    found = unconfirmed(admin, follow)

    assert type(found) is UnavailableError
    with pytest.raises(TamperedError):
        follow()


@pytest.mark.parametrize("through", ["writing", "reading"])
def test_a_disk_that_is_bad_may_be_one_that_is_left(store, admin, through):
    """What a database says of its own damage is believed once that is confirmed."""

    def read():
        with getattr(store, through)() as found:
            connection = found.connection if through == "writing" else found
            connection.exec_driver_sql(
                "DO $$ BEGIN RAISE data_corrupted; END $$"  # SQLSTATE XX001
            )

    found = unconfirmed(admin, read)

    assert type(found) is UnavailableError
    assert not is_damage(found)
    with pytest.raises(UnavailableError) as caught:
        read()
    assert is_damage(caught.value)


def test_a_head_that_is_bad_may_be_one_that_is_left(store, admin, monkeypatch):
    """It is read as the transaction begins, and believed no sooner than the rest."""
    whole = together.begun

    def begun(connection, begin, query):
        del query
        return whole(connection, begin, "DO $$ BEGIN RAISE data_corrupted; END $$")

    def write():
        with store.writing():
            pass

    monkeypatch.setattr(together, "begun", begun)
    found = unconfirmed(admin, write)

    assert type(found) is UnavailableError
    assert not is_damage(found)
    with pytest.raises(UnavailableError) as caught:
        write()
    assert is_damage(caught.value)


@pytest.mark.parametrize("what", [ChainError("leaf 3"), NotFoundError()])
def test_nobody_is_accused_by_who_hangs_up(store, admin, what):
    """The next connection may lead to another machine, which would be asked instead."""

    def read():
        with store.reading() as connection:
            (pid,) = connection.exec_driver_sql("SELECT pg_backend_pid()").one()
            admin.execute(f"SELECT pg_terminate_backend({pid})")
            with pytest.raises(OperationalError):
                connection.exec_driver_sql("SELECT 1")
            raise what

    with pytest.raises(UnavailableError) as caught:
        read()
    assert not is_damage(caught.value)


def test_nobody_is_sent_away_by_who_confirms_nothing(store, admin):
    """A checkpoint that is not there may be on the machine that is primary now."""
    ledger = Ledger(store)
    found = unconfirmed(admin, lambda: ledger.newest(least_size=7))

    assert type(found) is UnavailableError
    with pytest.raises(NotFoundError):
        ledger.newest(least_size=7)


def test_a_key_that_is_missing_may_be_elsewhere(keys, admin):
    """The key store has a primary of its own, which may have slept as well."""
    vault = vault_of(keys)
    found = unconfirmed(admin, lambda: vault.require_erased([b"name"]))

    assert type(found) is UnavailableError
    with pytest.raises(TamperedError):
        vault.require_erased([b"name"])
    keys.add({b"name": b"wrapped"})
    with pytest.raises(UnavailableError):
        vault.require_erased([b"name"])


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
