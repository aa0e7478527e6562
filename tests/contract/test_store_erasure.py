"""What was erased is gone: from the log, from copies of it, and from nothing else."""

import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kit.engines import VERIFIER
from kit.erased import Kept, say_erased
from kit.stored import keys_of, on_sqlite
from kit.world import NOW, TODAY, token
from sqlalchemy import create_engine, text

from placement.crypto.custody import FileCustody
from placement.domain.erasure_events import Sealed
from placement.domain.events import FactEnded, Record
from placement.errors import ConflictError, TamperedError, UnavailableError
from placement.service.fold import covered, keep, load
from placement.store import fsck
from placement.store.chain import ChainError
from placement.store.head import Head
from placement.store.keystore import KeyStore, beside
from placement.store.log import Store

GONE = "UPDATE data_key SET wrapped = zeroblob(60) WHERE name = :name"


@pytest.fixture
def world(store):
    """Two groups at war, who stands where, and a case."""
    made = Kept(store)
    made.war = made.rivalry("A", "B", severity=3)
    made.base = made.presence("B", "1480", kind="BASE")
    made.member = made.affiliation("h", "A")
    made.case("h")
    return made


@pytest.fixture
def opened(url, custody):
    """Return a function that opens the store anew, with keys that nobody has at hand."""
    stores = []

    def run(where=url, keys=None):
        stores.append(Store.open(where, custody, keys or keys_of(url)))
        return stores[-1]

    yield run
    for store in stores:
        store.close()


@pytest.fixture
def keys(url, store):
    """The administrator of the key store: everything but the secret."""
    made = create_engine(keys_of(url) or beside(url))
    yield made
    made.dispose()


def steal(keys, statement, **values):
    with keys.begin() as connection:
        assert connection.execute(text(statement), values).rowcount > 0


def refused(store, where):
    """Hold every way into a store to refusing it."""
    with pytest.raises(ChainError) as caught:
        fsck.verify(store, VERIFIER)
    with pytest.raises(TamperedError):
        load(store)

    assert caught.value.where == where


def test_what_is_not_erased_can_be_read(world, opened):
    """By a server that begins with nothing but the two databases."""
    again = opened()
    world.apply(FactEnded(id=world.base, valid_to=TODAY))

    assert list(load(again)[0].records()) == list(world.state.records())
    assert fsck.verify(again, VERIFIER).revision == 5


def test_what_is_erased_is_as_if_it_never_was(world, opened):
    """Nobody has to be told: the log says so, and the keys are gone."""
    world.apply(FactEnded(id=world.base, valid_to=TODAY))
    world.erase(world.base)
    state, head = load(opened())

    assert world.base not in state.facts
    assert list(state.records()) == list(world.state.records())
    assert (head.revision, fsck.verify(opened(), VERIFIER)) == (6, head)


def test_the_log_keeps_a_tombstone(world):
    """Number, time and id stay; chain and tree are what they were."""
    before = list(world.store.tail(Head.GENESIS))
    world.erase(world.base)
    after = list(world.store.tail(Head.GENESIS))
    found = world.store.vault.open(after[1][1])

    assert after[:-1] == before
    assert (found.at, type(found.event), found.event.dossier) == (
        NOW,
        Sealed,
        world.base,
    )


@on_sqlite
@pytest.mark.parametrize("snapshot", [False, True])
def test_a_copy_of_the_database_opens_nothing_erased(world, opened, tmp_path, snapshot):
    """Not with today's key store; and it did before, so that this can fail."""
    if snapshot:
        keep(world.store, world.state, world.store.read_head())
    copy = tmp_path / "copy.db"
    with (
        closing(sqlite3.connect(tmp_path / "store.db")) as ours,
        closing(sqlite3.connect(copy)) as theirs,
    ):
        ours.backup(theirs)
    where, keys = f"sqlite:///{copy}", beside(f"sqlite:///{tmp_path}/store.db")
    before = list(load(opened(where, keys))[0].records())
    began = covered(opened(where, keys)).revision
    world.erase(world.base)
    stolen = opened(where, keys)
    events = [stolen.vault.open(each).event for _, each in stolen.tail(Head.GENESIS)]

    assert before != list(world.state.records())
    assert began == (4 if snapshot else 0)
    assert covered(stolen).revision == 0
    assert [type(event) is Sealed for event in events] == [False, True, False, False]
    refused(stolen, "event 2")


@on_sqlite
def test_nothing_of_a_key_stays_in_its_file(world, tmp_path):
    """Zeros are written over it, and the journal is emptied."""
    file = tmp_path / "store.keys.db"
    wrapped = world.store.vault._keys.read(world.base)

    def lies_in():
        return [
            path.name
            for path in tmp_path.iterdir()
            if path.name.startswith(file.name) and wrapped in path.read_bytes()
        ]

    assert lies_in()
    world.erase(world.base)
    assert not lies_in()


def test_a_key_that_somebody_takes_is_missed(world, opened, keys):
    """Nothing erased it: a CONFLICT must not become a CLEAR."""
    steal(keys, "DELETE FROM data_key WHERE name = :name", name=world.base)

    refused(opened(), "event 2")


def test_a_key_that_is_taken_beside_an_erasure_is_missed(world, opened, keys):
    """An erasure is of what it names, and of nothing else."""
    world.erase(world.base)
    steal(keys, "DELETE FROM data_key WHERE name = :name", name=world.war)

    refused(opened(), "event 1")


def test_an_erasure_of_something_else_proves_nothing(world, opened, keys):
    """The log has to name what is missing."""
    say_erased(world.store, token("else"))
    steal(keys, "DELETE FROM data_key WHERE name = :name", name=world.base)

    refused(opened(), "event 2")


def test_a_key_behind_a_snapshot_is_missed_too(world, opened, keys):
    """Though the state does not need it."""
    keep(world.store, world.state, world.store.read_head())
    steal(keys, "DELETE FROM data_key WHERE name = :name", name=world.base)
    with pytest.raises(ChainError) as caught:
        fsck.verify(opened(), VERIFIER)

    assert caught.value.where == "event 2"


@pytest.mark.parametrize(
    "statement",
    [
        GONE.replace("zeroblob(60)", ":other"),
        "UPDATE root SET wrapped = :other WHERE :name = :name",
        "DELETE FROM root WHERE :name = :name AND :other = :other",
        "UPDATE root SET schema = 9 WHERE :name = :name AND :other = :other",
    ],
    ids=["of another", "root", "no root", "schema"],
)
def test_a_key_store_that_was_touched_is_refused(world, opened, keys, statement):
    """A key that is another's, or no key at all; or the secret over all of them."""
    other = world.store.vault._keys.read(world.war)
    steal(keys, statement, name=world.base, other=other)

    with pytest.raises(TamperedError):
        fsck.verify(opened(), VERIFIER)


@pytest.mark.slow
@on_sqlite
@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_every_bit_of_a_key_counts(world, opened, keys, data):
    """Whichever is turned, in whichever key: the store is refused."""
    with keys.connect() as connection:
        found = connection.execute(text("SELECT name, wrapped FROM data_key")).all()
    is_cover = world.store.vault._keys.wrapping.is_cover
    found = sorted(tuple(row) for row in found if not is_cover(row[0]))
    name, wrapped = data.draw(st.sampled_from(found))
    bit = data.draw(st.integers(0, 8 * len(wrapped) - 1))
    turned = bytearray(wrapped)
    turned[bit // 8] ^= 1 << bit % 8
    change = "UPDATE data_key SET wrapped = :wrapped WHERE name = :name"
    steal(keys, change, name=name, wrapped=bytes(turned))
    with pytest.raises(ChainError) as caught:
        fsck.verify(opened(), VERIFIER)
    steal(keys, change, name=name, wrapped=wrapped)

    assert caught.value.where == "data key"
    assert fsck.verify(opened(), VERIFIER).revision == 4


@on_sqlite
@pytest.mark.parametrize("change", ["name = 'text'", "wrapped = 'text'"])
def test_a_key_of_another_type_is_refused(world, opened, keys, change):
    """SQLite holds any type in any column."""
    steal(keys, f"UPDATE data_key SET {change} WHERE name = :name", name=world.base)

    refused(opened(), "data key")


@on_sqlite
@pytest.mark.parametrize("left", ["nothing", "an empty file"])
def test_a_key_store_that_is_not_there(world, opened, tmp_path, left):
    """Nobody takes a new one for it."""
    world.store.close()
    for path in tmp_path.glob("store.keys.db*"):
        path.unlink()
    if left != "nothing":
        (tmp_path / "store.keys.db").touch()
    with pytest.raises(UnavailableError) as caught:
        opened()

    assert caught.value.notes == ["The key store is not there."]
    assert (tmp_path / "store.keys.db").exists() is (left != "nothing")


@on_sqlite
def test_a_key_store_of_another_store(world, opened, custody, tmp_path):
    """Its secret is bound to whose it is."""
    other = f"sqlite:///{tmp_path}/other.db"
    Store.create(other, custody).close()
    with pytest.raises(TamperedError):
        opened(keys=beside(other))


def test_a_key_store_is_made_once(url, custody, store):
    """One that is there is left alone."""
    with pytest.raises(ConflictError):
        KeyStore.create(keys_of(url) or beside(url), custody, store.owner)


@on_sqlite
def test_another_custody_opens_no_key_store(url, store, tmp_path):
    """Nor does it open the store beside it."""
    other = FileCustody.create(tmp_path / "other")
    with pytest.raises(TamperedError):
        KeyStore.open(beside(url), other, store.owner)


def test_a_database_that_is_no_file_has_to_name_its_key_store():
    """What stands in the same database would be copied with it."""
    with pytest.raises(UnavailableError):
        beside("postgresql://host/placement")


@pytest.mark.postgres
def test_a_key_store_in_postgresql(postgres_url, custody, tmp_path):
    """The tables are written anew when something is erased."""
    where = f"sqlite:///{tmp_path}/store.db"
    store = Store.create(where, custody, postgres_url)
    world = Kept(store)
    base, rest = world.presence("B", "1480"), world.presence("B", "1280")
    keep(store, *load(store))
    world.erase(base)
    store.close()
    with closing(Store.open(where, custody, postgres_url)) as again:
        assert [*load(again)[0].facts] == [rest]
        assert (covered(again).revision, fsck.verify(again, VERIFIER).revision) == (
            0,
            3,
        )


def test_a_state_of_before_an_erasure_is_not_kept(world):
    """Another server was about to write what is gone."""
    state, head = load(world.store)
    world.erase(world.base)
    keep(world.store, state, head)
    before = covered(world.store).revision
    keep(world.store, world.state, world.store.read_head())

    assert (before, covered(world.store).revision) == (0, 5)


def test_a_snapshot_takes_the_older_ones_key_along(world):
    """One key is left, that of the newest."""
    keys = world.store.vault._keys
    keep(world.store, world.state, world.store.read_head())
    (first,) = keys.snapshots()
    world.apply(FactEnded(id=world.base, valid_to=TODAY))
    keep(world.store, world.state, world.store.read_head())
    (second,) = keys.snapshots()

    assert first != second
    assert covered(world.store).revision == 5


# A crash between what the log says and what is done


def test_what_the_log_says_is_done_at_the_next_start(world, opened):
    """The event came first; whoever reads it next destroys the keys."""
    world.erase(world.base, destroy=False)
    again = opened()
    fsck.verify(again, VERIFIER)
    state, _ = load(again)
    before = again.vault._keys.read(world.base)
    again.vault.owe(state.erasures.erased)
    again.vault.settle()

    assert world.base not in state.facts
    assert list(state.records()) == list(world.state.records())
    assert before is not None
    assert again.vault._keys.read(world.base) is None
    assert list(load(opened())[0].records()) == list(state.records())


def test_an_erasure_that_failed_half_way_is_owed(world, monkeypatch):
    """The key store did not answer; the next time does it."""
    vault = world.store.vault
    destroy = vault._keys.destroy

    def broken(_names):
        raise UnavailableError

    monkeypatch.setattr(vault._keys, "destroy", broken)
    with pytest.raises(UnavailableError):
        world.erase(world.base)
    owed = vault.owes
    monkeypatch.setattr(vault._keys, "destroy", destroy)
    vault.settle()

    assert (owed, vault.owes) == (True, False)
    assert vault._keys.read(world.base) is None


def test_a_key_is_durable_before_what_it_seals(world, opened):
    """What was sealed and then not appended leaves a key of nothing, and no harm."""
    vault = world.store.vault
    record = world.records[1]
    again = Record(
        at=NOW, event=type(record.event)(fact=_renamed(record.event.fact, "later"))
    )
    vault.begin([token("later")])
    vault.seal(again, token("later"))
    vault.drop()
    with pytest.raises(TamperedError):
        vault.seal(again, token("later"))
    vault.begin([token("later")])
    vault.seal(again, token("later"))
    vault.flush()

    assert vault._keys.read(token("later")) is not None
    assert fsck.verify(opened(), VERIFIER).revision == 4


def _renamed(fact, name):
    return replace(fact, id=token(name))
