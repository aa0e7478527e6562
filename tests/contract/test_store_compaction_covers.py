"""Keys of epochs under their covers: taken, destroyed, altered, and never had."""

import pytest
from kit.compacting import KilledError, still
from kit.stored import append, fill
from sqlalchemy import select, update

from placement.crypto.keyring import EpochKey, Purpose
from placement.errors import TamperedError, UnavailableError
from placement.store import compaction, fsck, tables
from placement.store.compaction import compact, retire
from placement.store.head import Head

pytestmark = pytest.mark.usefixtures("small_parts")


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
