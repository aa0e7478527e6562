"""What was only found, or seen on a primary that slept: nothing follows from it."""

from contextlib import closing
from functools import partial

import pytest
from kit.confirming import SECONDS, administrator, background, demand, release, set_up
from kit.lived import WITNESS
from kit.stored import append, publish
from sqlalchemy.exc import OperationalError

from placement.audit.note import Note, add
from placement.crypto.keyring import Purpose, new_key
from placement.errors import NotFoundError, TamperedError, UnavailableError
from placement.service.review import Review
from placement.store import fsck, together
from placement.store.chain import ChainError
from placement.store.covers import Covers
from placement.store.keystore import KeyStore
from placement.store.ledger import Ledger
from placement.store.rows import is_damage
from placement.store.vault import Vault

pytestmark = pytest.mark.postgres


@pytest.fixture
def url(postgres_url):
    return postgres_url


@pytest.fixture
def admin(postgres_url):
    """The administrator of PostgreSQL itself, who leaves its settings as they were."""
    with administrator(postgres_url) as connection:
        yield connection


def unconfirmed(admin, call):
    """Return what becomes of a call when nobody confirms what it saw."""
    demand(admin)
    thread, found = background(call)
    release(admin)
    thread.join(SECONDS)
    set_up(admin, "RESET synchronous_standby_names")
    (what,) = found
    return what


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


def believed_once_confirmed(admin, call):
    """Hold damage to being none as long as nobody confirms it, and damage then."""
    found = unconfirmed(admin, call)

    assert type(found) is UnavailableError
    assert not is_damage(found)
    with pytest.raises(UnavailableError) as caught:
        call()
    assert is_damage(caught.value)


@pytest.mark.parametrize("through", ["writing", "reading"])
def test_a_disk_that_is_bad_may_be_one_that_is_left(store, admin, through):
    """What a database says of its own damage is believed once that is confirmed."""

    def read():
        with getattr(store, through)() as found:
            connection = found.connection if through == "writing" else found
            connection.exec_driver_sql(
                "DO $$ BEGIN RAISE data_corrupted; END $$"  # SQLSTATE XX001
            )

    believed_once_confirmed(admin, read)


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

    believed_once_confirmed(admin, write)


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


def test_an_entry_that_is_not_there_may_be_elsewhere(store, admin, monkeypatch):
    """Whose call it was is not told that it never was; nor after another was asked."""
    append(store, [], [b"leaf"])
    review = Review(store, lambda: None)
    found = unconfirmed(admin, lambda: review.one(1))
    monkeypatch.setattr(store, "entries", lambda *_: [])

    assert type(found) is UnavailableError
    with pytest.raises(NotFoundError):
        review.one(1)
    with pytest.raises(UnavailableError):
        review.one(0)


@pytest.mark.parametrize("snapshot", [False, True])
def test_a_start_remembers_nothing_that_may_go(store, admin, snapshot):
    """Else the machine that takes over would be accused of having lost it."""
    head = append(store, [b"event"], [b"leaf"])
    verify = (
        partial(fsck.verify_behind, store, head, None)
        if snapshot
        else partial(fsck.verify, store, proven=True)
    )
    found = unconfirmed(admin, verify)

    assert type(found) is UnavailableError
    assert verify() == head


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
