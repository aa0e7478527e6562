"""A dossier that two servers begin has one key, and what it sealed can be read."""

from collections import OrderedDict
from contextlib import closing
from dataclasses import replace

import pytest
from kit.stored import keys_of, leaf
from kit.world import NOW, World, token
from sqlalchemy import text

from placement.domain.events import FactRecorded, Record
from placement.domain.terms import DossierId
from placement.errors import UnavailableError
from placement.service.fold import load
from placement.store import fsck
from placement.store.keystore import KeyStore
from placement.store.log import Store

FACT = DossierId(token("fact"))
OTHERS = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start < now()
"""


@pytest.fixture
def record():
    """A fact that was staged: whoever takes it over gives it the same id."""
    world = World()
    fact = world.state.facts[world.presence("B", "1480")]
    return Record(at=NOW, event=FactRecorded(fact=replace(fact, id=FACT)))


def sealed(store, record):
    """Begin the dossier on a server, and seal its first record."""
    store.vault.drop()
    store.vault.begin([FACT])
    return store.vault.seal(record, FACT)


def written(store, payload):
    """Append what was sealed, as an engine does."""
    with store.writing() as log:
        store.vault.flush()
        log.append([payload], [leaf(b"entry")])


def read(url, custody, *servers):
    """Fold the log on a server that begins now, and on some that ran meanwhile."""
    with closing(Store.open(url, custody, keys_of(url))) as fresh:
        fsck.verify(fresh)
        states = [load(each)[0] for each in (fresh, *servers)]
    return [[*state.facts] for state in states]


def test_who_comes_late_replaces_no_key(url, custody, store, again, record):
    """Somebody sealed by it; the key that comes late has sealed nothing that counts."""
    sealed(store, record)
    written(again, sealed(again, record))
    with pytest.raises(UnavailableError):
        store.vault.flush()

    assert read(url, custody, store, again) == [[FACT]] * 3


def test_a_key_left_behind_is_used(url, custody, store, again, record):
    """The commit of the log failed; another server begins the same, and is read."""
    sealed(store, record)
    store.vault.flush()
    written(again, sealed(again, record))

    assert read(url, custody, store, again) == [[FACT]] * 3


def test_a_key_left_behind_twice_is_used(url, custody, store, again, record):
    """Both commits failed; who has a key at hand has the one that is kept."""
    sealed(store, record)
    store.vault.flush()
    sealed(again, record)
    again.vault.flush()
    written(store, sealed(store, record))

    assert read(url, custody, store, again) == [[FACT]] * 3


def test_a_server_that_was_too_late_goes_on(url, custody, store, again, record):
    """Its next attempt finds the key, and nothing is left to be made."""
    sealed(store, record)
    sealed(again, record)
    again.vault.flush()
    with pytest.raises(UnavailableError):
        store.vault.flush()
    written(store, sealed(store, record))

    assert read(url, custody, store, again) == [[FACT]] * 3


def test_keys_are_looked_for_in_any_number(store, again, monkeypatch):
    """More than a statement takes."""
    monkeypatch.setattr("placement.store.keystore._CHUNK", 1)
    names = [DossierId(token(str(number))) for number in range(5)]
    store.vault.begin(names[:4])
    store.vault.flush()
    again.vault.begin(names)
    again.vault.flush()

    assert again.vault._keys.find(names) == set(names)


@pytest.fixture
def alone(admin, again, record):
    """Return what ends everybody's transaction, and begins the dossier elsewhere."""

    def run():
        with admin.begin() as connection:
            ended = connection.execute(text(OTHERS)).rowcount
        written(again, sealed(again, record))
        return ended

    return run


@pytest.mark.postgres
@pytest.mark.parametrize("url", ["postgres"], indirect=True)
def test_who_lost_the_lock_spoils_nothing(url, custody, store, record, alone):
    """A server stood still in its transaction; PostgreSQL gave the lock to another."""
    payload, ended = sealed(store, record), []

    def stands_still():
        with store.writing() as log:
            ended.append(alone())
            store.vault.flush()
            log.append([payload], [leaf(b"entry")])

    with pytest.raises(UnavailableError):
        stands_still()

    assert ended == [1]
    assert read(url, custody, store) == [[FACT]] * 2


def test_what_is_at_hand_is_not_looked_for(store, monkeypatch):
    """Whoever begins many dossiers, one behind the other, makes keys once for all."""
    first, second, there = (token(name) for name in ("first", "second", "there"))
    store.vault.begin([there])
    store.vault.flush()
    store.vault.drop()
    monkeypatch.setattr(store.vault, "_kept", OrderedDict())
    sought, find, kept, add = [], KeyStore.find, [], KeyStore.add

    def counted(self, names):
        sought.append(set(names))
        return find(self, names)

    def added(self, wrapped):
        kept.append(set(wrapped))
        add(self, wrapped)

    monkeypatch.setattr(KeyStore, "find", counted)
    monkeypatch.setattr(KeyStore, "add", added)
    store.vault.begin([first, second, there])
    made = set(store.vault._new)
    store.vault.flush()
    store.vault.flush()
    store.vault.drop()
    store.vault.begin([second])

    assert sought == [{first, second, there}]
    assert made == {first, second}
    assert kept == [made]
    assert store.vault._new == {}


def test_another_commit_looks_anew(store, again):
    """Another server may have begun what was not there in the one before."""
    store.vault.begin([token("one"), FACT])
    again.vault.begin([FACT])
    again.vault.flush()
    store.vault.drop()
    store.vault.begin([FACT])

    assert store.vault._new == {}


def test_a_key_store_is_any_database(url, custody, tmp_path):
    """It keeps what it is given, and replaces nothing."""
    made = KeyStore.create(url, custody, b"owner")
    with closing(made):
        made.add({token(name): name.encode() * 9 for name in "ABC"})
        made.add({token("S"): b"snapshot"}, snapshot=True)
        with pytest.raises(UnavailableError):
            made.add({token("D"): b"new", token("B"): b"other"})
        found = [made.read(token(name)) for name in "ABCD"]

        assert found == [b"A" * 9, b"B" * 9, b"C" * 9, None]
        assert made.find([token(name) for name in "ABCD"]) == set(map(token, "ABC"))
        assert made.snapshots() == [token("S")]
