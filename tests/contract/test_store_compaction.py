"""The log written anew: the same to everybody who reads it, and old keys open nothing."""

from dataclasses import replace
from functools import partial
from hashlib import sha256

import pytest
from kit.engines import VERIFIER
from kit.erased import Kept
from kit.stored import append, fill, keys_of, on_sqlite, opened
from sqlalchemy import delete, func, insert, select, update

from placement.crypto.keyring import EpochKey, Purpose, key_context
from placement.domain.erasure_events import Sealed
from placement.errors import TamperedError, UnavailableError
from placement.service.fold import keep, kept, load
from placement.store import base, compaction, engine, fsck, purging, tables
from placement.store.chain import ChainError
from placement.store.codec import hash_of, is_stub, stub_of
from placement.store.compaction import compact, retire
from placement.store.copying import Kind, copy
from placement.store.epochs import Limits
from placement.store.head import Head
from placement.store.keystore import beside
from placement.store.log import Store
from placement.store.snapshot import write_snapshot


def still(*_):
    """Show nothing."""


@pytest.fixture(autouse=True)
def _small(monkeypatch):
    """So that there are parts."""
    monkeypatch.setattr(base, "PART", 70)


def events(store):
    with store.reading() as connection:
        return connection.scalar(select(func.count()).select_from(tables.event))


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


class KilledError(Exception):
    """Whoever compacts ends here."""


def stopped_after(steps):
    """Return a progress that ends the work after so many steps."""
    left = [steps]

    def progress(*_):
        left[0] -= 1
        if not left[0]:
            raise KilledError

    return progress


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
        retire(store, told.append)
    compact(store, still)
    again.read_head()

    assert retire(store, told.append) == 2
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


@pytest.fixture
def opened_anew(url, custody):
    """Return a function that opens the store with nothing at hand."""
    made = []

    def run(where=url):
        made.append(Store.open(where, custody, keys_of(url) or beside(url)))
        return made[-1]

    yield run
    for each in made:
        each.close()


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
    first = kept(store)
    keep(store, world.state, store.read_head())
    retire(store, still)

    assert (first, kept(store)) == (4, 4)
    assert fsck.verify(store).revision == 4


# Touched


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ("DELETE FROM snapshot WHERE part = 0", "event 1"),
        ("DELETE FROM snapshot WHERE part = 3", "base"),
        ("DELETE FROM snapshot WHERE part = 2", "base"),
        ("DELETE FROM snapshot", "event 1"),
        ("UPDATE snapshot SET part = 9 WHERE part = 3", "base"),
        ("UPDATE snapshot SET epoch = 1", "base"),
        ("UPDATE snapshot SET revision = -5", "base"),
        ("DELETE FROM event", "event 7"),
    ],
)
def test_what_is_touched_is_refused(store, admin, change, where):
    """A base is no less part of the log than what it took the place of."""
    fill(store)
    compact(store, still)
    append(store, [b"after"])
    with admin.begin() as connection:
        connection.exec_driver_sql(change)
    with pytest.raises(ChainError) as caught:
        fsck.verify(store)

    assert caught.value.where == where


def test_a_base_of_another_end_is_refused(store, admin):
    """One that was put back ends where the log no longer begins."""
    rows = select(tables.snapshot)
    fill(store)
    compact(store, still)
    with admin.begin() as connection:
        older = [dict(row._mapping) for row in connection.execute(rows)]
    fill(store)
    compact(store, still)
    with admin.begin() as connection:
        connection.execute(delete(tables.snapshot))
        connection.execute(insert(tables.snapshot), older)
    with pytest.raises(ChainError) as caught:
        fsck.verify(store)

    assert caught.value.where == "event 7"


def test_nobody_was_anywhere_else(store):
    """A head that the log never had is refused in a base, too."""
    head = fill(store)
    third = append(store, [b"x"])
    compact(store, still)
    for wrong in (replace(head, tag=bytes(16)), replace(third, tag=head.tag)):
        with pytest.raises(ChainError):
            list(store.tail(wrong))


def test_single_events_are_found_anywhere(store):
    """In any part, behind the base, and not behind the end."""
    fill(store)
    compact(store, still)
    append(store, [b"after"])
    with store.reading() as connection:
        until = store.row.read(connection).last_event
        found = [
            store.base.event(connection, store.events, number, until)
            for number in range(1, 9)
        ]

    assert found == [*(b"event %d" % number for number in range(6)), b"after", None]


# Covers


def covers_of(store):
    """Return the names of the covers there are."""
    keys = store.vault._keys
    return [name for name, _ in keys.all() if keys.wrapping.is_cover(name)]


def test_a_cover_of_a_commit_that_failed_is_taken_again(store, again, monkeypatch):
    """Another server may be about to use it."""

    def broken(*_):
        raise UnavailableError

    with monkeypatch.context() as patched:
        patched.setattr("placement.store.epochs.add_keys", broken)
        with pytest.raises(UnavailableError):
            store.epochs.rotate()
    left = covers_of(store)
    again.epochs.rotate()
    append(store, [b"under the new epoch"])

    assert len(left) == 4
    assert covers_of(again) == left
    assert list(again.tail(Head.GENESIS)) == [(1, b"under the new epoch")]


def test_killed_between_cover_and_row(store, opened_anew, monkeypatch):
    """The store opens with what is left, and the next call removes the row."""
    fill(store)
    compact(store, still)

    def killed(*_):
        raise KilledError

    with monkeypatch.context() as patched:
        patched.setattr(compaction, "add_keys", killed)
        with pytest.raises(KilledError):
            retire(store, still)
    fresh = opened_anew()

    assert len(covers_of(fresh)) == 2
    assert fsck.verify(fresh).revision == 6
    assert retire(fresh, still) == 2
    assert fsck.verify(opened_anew()).revision == 6


@pytest.mark.parametrize("bit", [0, 95, 300, 479])
def test_a_cover_that_was_altered_is_refused(store, opened_anew, bit):
    """The store does not open."""
    keys = store.vault._keys
    name = covers_of(store)[0]
    turned = bytearray(keys.read(name))
    turned[bit // 8] ^= 1 << bit % 8
    keys.destroy([name])
    keys.add({name: bytes(turned)})
    with pytest.raises(TamperedError):
        opened_anew()


def test_keys_without_covers_go_on_opening(store, admin, opened_anew, custody):
    """A store that was made before there were covers."""
    fill(store)
    with admin.begin() as connection:
        rows = connection.execute(select(tables.epoch_key)).all()
        for purpose, epoch, wrapped in rows:
            key = EpochKey(Purpose(purpose), epoch, wrapped)
            (bare,) = store.covers.take([key])
            table = tables.epoch_key.c
            where = (table.purpose == purpose) & (table.epoch == epoch)
            change = update(tables.epoch_key).where(where)
            connection.execute(change.values(wrapped=bare.wrapped))
    store.vault._keys.destroy(covers_of(store))
    older = opened_anew()
    compact(older, still)

    assert retire(older, still) == 2
    assert fsck.verify(opened_anew()).revision == 6


def test_a_snapshot_sealed_before_an_epoch_began_is_not_written(store, again, world):
    """Its keys may be gone by the time it would be."""

    def parts():
        yield b"part"
        again.epochs.rotate()

    with pytest.raises(UnavailableError):
        write_snapshot(store, store.read_head(), parts())
    first = kept(store)

    assert keep(store, world.state, store.read_head())
    assert (first, kept(store)) == (0, 4)


# What is odd


@pytest.mark.parametrize(
    "content",
    [
        b"",
        bytes(8),
        bytes(8) + bytes(19),
        bytes(8) + bytes(16) + (1).to_bytes(4),
        bytes(8) + bytes(16) + (0).to_bytes(4) + b"x",
    ],
)
def test_what_is_no_part_is_refused(content):
    """Too short, empty, cut, or with a rest."""
    with pytest.raises(ChainError):
        base.Part.parse(content)


def test_there_is_no_event_before_the_first(store):
    """Nobody asks for it but by a number that was altered."""
    fill(store)
    compact(store, still)
    with store.reading() as connection:
        until = store.row.read(connection).last_event
        with pytest.raises(ChainError):
            store.base.event(connection, store.events, 0, until)


def test_what_was_begun_behind_a_base_is_dropped(store, admin):
    """As from a database that was put back."""
    fill(store)
    compact(store, still)
    append(store, [b"after"])
    row = {"revision": -3, "part": 1, "epoch": 2, "blob": bytes(300)}
    with admin.begin() as connection:
        connection.execute(insert(tables.snapshot), row)
    made = compact(store, still)

    assert (made.revision, made.resumed) == (7, False)
    assert fsck.verify(store).revision == 7


def test_a_base_that_says_something_else_is_not_taken(store, monkeypatch):
    """Nothing is removed before it was read beside the log."""
    fill(store)
    with monkeypatch.context() as patched:
        patched.setattr(compaction._Work, "_kept", lambda _, payload: payload + b"!")
        patched.setattr(compaction._Work, "prove", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            compact(store, still)
    with pytest.raises(ChainError) as caught:
        compact(store, still)

    assert caught.value.where == "event 1"
    assert events(store) == 6


@pytest.mark.parametrize("left", [True, False])
def test_a_record_that_was_left_out_is_missed(store, monkeypatch, left):
    """In what was written, or at its end."""
    fill(store)
    real = compaction._Work._records

    def cut(work, connection, after):
        for record in real(work, connection, after):
            if record[0] == 6 or (left and record[0] == 5):
                return
            yield record

    with monkeypatch.context() as patched:
        patched.setattr(compaction._Work, "_records", cut)
        with pytest.raises(ChainError) as caught:
            compact(store, still)

    assert caught.value.where == f"event {5 if left else 6}"
    assert events(store) == 6


def test_a_journal_that_could_not_be_emptied_is_told(store, monkeypatch):
    """The keys are destroyed; the next call empties it."""
    fill(store)
    compact(store, still)
    with monkeypatch.context() as patched:
        patched.setattr(purging, "purged", lambda *_, **__: False)
        with pytest.raises(UnavailableError) as caught:
            retire(store, still)

    assert caught.value.notes == [
        "Somebody reads, so copies are left in the files: do it again."
    ]
    assert retire(store, still) == 0
    assert fsck.verify(store).revision == 6


def test_a_database_that_does_not_answer_is_not_purged(store, monkeypatch, url):
    """And nobody is told that it was."""
    with engine.opened(url) as other:

        def broken():
            raise other.dialect.loaded_dbapi.Error

        monkeypatch.setattr(other, "raw_connection", broken)

        assert not purging.purged(other, "epoch_key")


def test_an_epoch_behind_a_base_ends_as_any_does(store):
    """What it sealed is counted from the base on."""
    fill(store)
    compact(store, still)
    retire(store, still)
    store.epochs.limits = Limits(records=3)
    for _ in range(3):
        append(store, [b"event"])
    before = store.epochs.current
    append(store, [b"event"])

    assert (before, store.epochs.current) == (3, 4)
