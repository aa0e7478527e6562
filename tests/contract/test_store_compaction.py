"""The log written anew: the same to everybody who reads it, and old keys open nothing."""

from functools import partial
from hashlib import sha256

import pytest
from kit.compacting import KilledError, events, still, stopped_after
from kit.engines import VERIFIER
from kit.erased import Kept
from kit.stored import append, fill, on_sqlite, opened

from placement.crypto.keyring import Purpose, key_context
from placement.domain.erasure_events import Sealed
from placement.errors import TamperedError, UnavailableError
from placement.service.fold import covered, keep, load
from placement.store import compaction, engine, fsck, tables
from placement.store.codec import hash_of, is_stub, stub_of
from placement.store.compaction import compact, retire
from placement.store.copying import Kind, copy
from placement.store.head import Head
from placement.store.snapshot import write_snapshot

pytestmark = pytest.mark.usefixtures("small_parts")


def test_the_log_is_the_same(store, again):
    """For whoever reads all of it, or goes on from anywhere in it."""
    heads = [append(store, [b"event %d" % n], [b"leaf %d" % n]) for n in range(9)]
    before = list(store.tail(Head.GENESIS))
    made = compact(store, still)

    assert made == compaction.Compacted(9, 5, resumed=False)
    assert events(store) == 0
    for seen in (store, again):
        assert list(seen.tail(Head.GENESIS)) == before
        assert [list(seen.tail(head)) for head in heads] == [
            before[n:] for n in range(1, 10)
        ]
    assert fsck.verify(again) == heads[-1]
    assert opened(again) == [b"leaf %d" % n for n in range(9)]


def test_the_log_goes_on(store, again):
    """Behind the base as it would have, and into the next one."""
    head = fill(store)
    compact(store, still)
    append(again, [b"after"], [b"leaf"])
    first = list(store.tail(head))
    compact(again, still)
    append(store, [b"later"])

    assert first == [(7, b"after")]
    assert [text for _, text in store.tail(head)] == [b"after", b"later"]
    assert fsck.verify(store).revision == 8


@pytest.mark.parametrize("steps", range(1, 7))
def test_it_goes_on_from_wherever_it_ended(store, again, steps):
    """Meanwhile, and afterwards, the log is what it was."""
    head = fill(store)  # three parts; written, proved, and removed
    before = list(store.tail(Head.GENESIS))
    with pytest.raises(KilledError):
        compact(store, stopped_after(steps))
    between = list(again.tail(Head.GENESIS))
    append(again, [b"meanwhile"])
    made = compact(again, still)

    assert (made.revision, made.resumed) == (6, True)
    assert (between, events(again)) == (before, 1)
    assert list(store.tail(Head.GENESIS)) == [*before, (7, b"meanwhile")]
    assert list(store.tail(head)) == [(7, b"meanwhile")]
    assert fsck.verify(store).revision == 7


def test_old_keys_go_once_it_is_done(store, again):
    """And not before; a server that runs lets go of them with its next commit."""
    fill(store)
    told = []
    with pytest.raises(UnavailableError):
        retire(store, told.extend)
    compact(store, still)
    again.read_head()

    assert retire(store, told.extend) == 2
    assert sorted((key.purpose, key.epoch) for key in told) == [
        (Purpose.EVENT, 1),
        (Purpose.SNAPSHOT, 1),
    ]
    append(again, [b"after"])
    for seen in (store, again):
        assert (Purpose.EVENT, 1) not in seen.ring._sealers
        with pytest.raises(UnavailableError):
            seen.ring.sealer(Purpose.EVENT, 1)
        assert fsck.verify(seen).revision == 7


def test_another_server_starts_without_them(store, opened_anew):
    """What is left opens with what is left."""
    head = fill(store)
    before = list(store.tail(Head.GENESIS))
    compact(store, still)
    retire(store, still)
    compact(store, still)
    retire(store, still)
    fresh = opened_anew()

    assert list(fresh.tail(Head.GENESIS)) == before
    assert fsck.verify(fresh) == head


@on_sqlite
def test_an_older_copy_opens_nothing(store, url, tmp_path, opened_anew):
    """With today's key store; and it did before, so that this can fail."""
    fill(store)
    copies = [f"sqlite:///{tmp_path}/{name}.db" for name in ("before", "between")]
    copy(Kind.DATABASE, url, tmp_path / "before.db")
    opened = fsck.verify(opened_anew(copies[0])).revision
    compact(store, still)
    copy(Kind.DATABASE, url, tmp_path / "between.db")
    retire(store, still)

    assert opened == 6
    assert fsck.verify(opened_anew(copies[1])).revision == 6
    with pytest.raises(TamperedError) as caught:
        opened_anew(copies[0])
    assert caught.value.notes[0].startswith("This database is from before")


def test_a_copy_made_since_opens_however_often_keys_are_destroyed(
    store, url, tmp_path, opened_anew
):
    """Nothing was written between; its newest key sealed nothing yet."""
    fill(store)
    compact(store, still)
    copy(Kind.DATABASE, url, tmp_path / "between.db")
    counts = [retire(store, still) for _ in range(3)]
    between = opened_anew(f"sqlite:///{tmp_path}/between.db")

    assert counts == [2, 0, 0]
    assert fsck.verify(between).revision == 6
    append(between, [b"after"], [b"leaf"])
    assert fsck.verify(between).revision == 7


@on_sqlite
def test_a_copy_with_the_custody_alone_opens_nothing(store, url, tmp_path, custody):
    """Whatever somebody does with the rows: the cover is missing."""
    fill(store)
    copy(Kind.DATABASE, url, tmp_path / "before.db")
    rows = tables.raw(*tables.epoch_key.columns)
    with (
        engine.opened(f"sqlite:///{tmp_path}/before.db") as thief,
        thief.connect() as connection,
    ):
        found = connection.execute(rows).all()
    wrapped = {(purpose, epoch): blob for purpose, epoch, blob in found}
    places = {
        each: key_context(store.owner, Purpose(each), 1)
        for each in ("event", "snapshot", "entry")
    }

    assert len(custody.unwrap(wrapped["entry", 1], places["entry"])) == 32
    for each in ("event", "snapshot"):
        for blob in (wrapped[each, 1], wrapped[each, 1][1:]):
            with pytest.raises(TamperedError):
                custody.unwrap(blob, places[each])


# What was erased


@pytest.fixture
def world(store):
    """Two groups, where one is, and a case."""
    made = Kept(store)
    made.rivalry("A", "B", severity=3)
    made.base = made.presence("B", "1480", kind="BASE")
    made.affiliation("h", "A")
    made.case("h")
    return made


def test_of_what_was_erased_a_stub_is_left(world, store):
    """The state is the same, from the first record on and with old keys gone."""
    sealed = [payload for _, payload in store.tail(Head.GENESIS)]
    world.erase(world.base)
    before = list(load(store, anew=True)[0].records())
    compact(store, still)
    retire(store, still)
    after = [payload for _, payload in store.tail(Head.GENESIS)]

    assert [old == new for old, new in zip(sealed, after, strict=False)] == [
        True,
        False,
        True,
        True,
    ]
    assert len(after[1]) < len(sealed[1])
    assert hash_of(after[1]) == hash_of(sealed[1]) == sha256(sealed[1]).digest()
    assert list(load(store, anew=True)[0].records()) == before
    assert fsck.verify(store, VERIFIER, waived=[]).revision == 5


def test_what_was_begun_before_stubs_had_hashes_is_gone_on_with(
    world, store, monkeypatch
):
    """An upgrade came in between; what had been written stays as it is."""
    world.erase(world.base)
    with monkeypatch.context() as before:
        before.setattr(compaction, "stub_of", partial(stub_of, hashed=False))
        with pytest.raises(KilledError):
            compact(store, stopped_after(3))
    made = compact(store, still)
    _, stub, *_ = (payload for _, payload in store.tail(Head.GENESIS))

    assert made.resumed
    assert (is_stub(stub), hash_of(stub)) == (True, b"")
    assert fsck.verify(store, VERIFIER).revision == 5
    assert world.base not in load(store, anew=True)[0].facts


def test_erasing_goes_on_in_the_base(world, store, opened_anew):
    """By its key, as ever; the next base leaves a stub of it."""
    compact(store, still)
    retire(store, still)
    world.erase(world.base)
    fresh = opened_anew()
    between = load(fresh, anew=True)[0]
    compact(store, still)
    found = store.vault.open(list(store.tail(Head.GENESIS))[1][1])

    assert world.base not in between.facts
    assert found.event == Sealed(dossier=world.base, content=b"")
    assert list(load(store, anew=True)[0].records()) == list(between.records())


def test_an_old_key_in_the_key_store_opens_no_stub(world, store, opened_anew):
    """As when the key store was put back from a copy."""
    name, wrapped = world.base, store.vault._keys.read(world.base)
    world.erase(world.base)
    compact(store, still)
    store.vault._keys.add({name: wrapped})
    state, _ = load(opened_anew(), anew=True)

    assert world.base not in state.facts


def test_a_snapshot_stands_beside_it(world, store):
    """Either is replaced without the other."""
    keep(store, world.state, store.read_head())
    compact(store, still)
    first = covered(store).revision
    keep(store, world.state, store.read_head())
    retire(store, still)

    assert (first, covered(store).revision) == (4, 4)
    assert fsck.verify(store).revision == 4


def test_a_snapshot_sealed_before_an_epoch_began_is_not_written(store, again, world):
    """Its keys may be gone by the time it would be."""

    def parts():
        yield b"part"
        again.epochs.rotate()

    with pytest.raises(UnavailableError):
        write_snapshot(store, store.read_head(), parts())
    first = covered(store).revision

    assert keep(store, world.state, store.read_head())
    assert (first, covered(store).revision) == (0, 4)
