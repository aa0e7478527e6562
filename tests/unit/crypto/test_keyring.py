"""One purpose and epoch, one key; a ring is whole or not at all."""

import hashlib
import hmac
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from placement.crypto import keyring
from placement.crypto.custody import FileCustody
from placement.crypto.keyring import (
    ROTATING,
    EpochKey,
    KeyRing,
    Purpose,
    key_context,
    new_key,
)
from placement.crypto.sealing import Sealer, context
from placement.errors import TamperedError, UnavailableError

OWNER = context(bytes(16), 1)
PLACE = context(b"here")
HASHING = [Purpose.SUBJECT, Purpose.ALIAS]
UNSEALING = [*HASHING, Purpose.PHANTOM]
SEALING = [purpose for purpose in Purpose if purpose not in UNSEALING]


@pytest.fixture
def keys(custody):
    first = [new_key(custody, OWNER, purpose, 1) for purpose in Purpose]
    return [*first, new_key(custody, OWNER, Purpose.EVENT, 2)]


def derive(custody, key):
    """Derive a working key as the docstring says."""
    secret = custody.unwrap(key.wrapped, key_context(OWNER, key.purpose, key.epoch))
    info = f"placement/{key.purpose.value}/{key.epoch}".encode()
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(secret)


def test_writes_use_the_newest_epoch(custody, keys):
    """The active epoch is the highest, whatever the order of rows."""
    assert KeyRing(keys, custody, owner=OWNER).active(Purpose.EVENT)[0] == 2
    assert KeyRing(keys[::-1], custody, owner=OWNER).active(Purpose.EVENT)[0] == 2
    assert KeyRing(keys, custody, owner=OWNER).active(Purpose.ENTRY)[0] == 1


def test_reads_use_every_epoch(custody, keys):
    """A retired epoch still opens what it sealed, and only that."""
    blob = KeyRing(keys[:-1], custody, owner=OWNER).active(Purpose.EVENT)[1]
    sealed = blob.seal(b"old", context=PLACE)
    ring = KeyRing(keys, custody, owner=OWNER)

    assert ring.sealer(Purpose.EVENT, 1).open(sealed, context=PLACE) == b"old"
    with pytest.raises(TamperedError):
        ring.sealer(Purpose.EVENT, 2).open(sealed, context=PLACE)


@pytest.mark.parametrize("purpose", SEALING)
def test_each_purpose_has_its_own_key(custody, keys, purpose):
    """A blob opens under the key derived for its purpose and no other."""
    ring = KeyRing(keys, custody, owner=OWNER)
    epoch, sealer = ring.active(purpose)
    key = next(key for key in keys if (key.purpose, key.epoch) == (purpose, epoch))
    blob = sealer.seal(b"payload", context=PLACE)

    sealer = Sealer(derive(custody, key), keyring._LEAST.get(purpose, 0))

    assert sealer.open(blob, context=PLACE) == b"payload"
    for other in SEALING:
        if other is not purpose:
            with pytest.raises(TamperedError):
                ring.active(other)[1].open(blob, context=PLACE)


@pytest.mark.parametrize("purpose", HASHING)
def test_names_are_hashed_under_their_own_key(custody, keys, purpose):
    """The keyed hash is HMAC-SHA-256, and no other purpose makes it."""
    ring = KeyRing(keys, custody, owner=OWNER)
    key = next(key for key in keys if key.purpose is purpose)
    expected = hmac.digest(derive(custody, key), b"pseudonym", "sha256")
    (other,) = set(HASHING) - {purpose}

    assert ring.mac(purpose, b"pseudonym") == expected
    assert ring.mac(other, b"pseudonym") != expected


@pytest.mark.parametrize("purpose", HASHING)
def test_hashes_use_the_newest_epoch(custody, keys, purpose):
    """One epoch at a time makes the names."""
    newer = new_key(custody, OWNER, purpose, 2)
    expected = hmac.digest(derive(custody, newer), b"pseudonym", "sha256")
    ring = KeyRing([newer, *keys], custody, owner=OWNER)

    assert ring.mac(purpose, b"pseudonym") == expected


@pytest.mark.parametrize("purpose", SEALING)
def test_a_key_that_seals_does_not_hash(custody, keys, purpose):
    """No key is used for both."""
    with pytest.raises(ValueError, match="does not hash"):
        KeyRing(keys, custody, owner=OWNER).mac(purpose, b"")


@pytest.mark.parametrize("purpose", HASHING)
def test_a_key_that_hashes_does_not_seal(custody, keys, purpose):
    """Nor the other way round."""
    ring = KeyRing(keys, custody, owner=OWNER)

    with pytest.raises(ValueError, match="does not seal"):
        ring.sealer(purpose, 1)
    with pytest.raises(ValueError, match="does not seal"):
        ring.active(purpose)


@pytest.mark.parametrize("epoch", [2, "1", None])
def test_an_unknown_epoch_is_refused(custody, keys, epoch):
    """A record under an epoch that the ring lacks, or that is none, does not verify."""
    with pytest.raises(TamperedError):
        KeyRing(keys, custody, owner=OWNER).sealer(Purpose.HEAD, epoch)


@pytest.mark.parametrize(
    "change",
    [
        {"purpose": Purpose.HEAD},
        {"epoch": 3},
        {"wrapped": b""},
        {"wrapped": bytes(285)},
    ],
)
def test_a_moved_or_altered_key_is_refused(custody, keys, change):
    """A wrapped key belongs to its purpose and epoch."""
    with pytest.raises(TamperedError):
        KeyRing([*keys[1:], replace(keys[0], **change)], custody, owner=OWNER)


def test_another_store_or_custody_is_refused(custody, keys, tmp_path):
    """A ring opens for one store and one custody."""
    with pytest.raises(TamperedError):
        KeyRing(keys, custody, owner=context(bytes(16), 2))
    with pytest.raises(TamperedError):
        KeyRing(keys, FileCustody.create(tmp_path / "other"), owner=OWNER)


def test_a_ring_is_whole(custody, keys):
    """Any missing purpose, or a doubled epoch, is refused."""
    for key in keys:
        with pytest.raises(TamperedError):
            KeyRing([*keys, key], custody, owner=OWNER)
        others = [other for other in keys if other.purpose is not key.purpose]
        with pytest.raises(TamperedError):
            KeyRing(others, custody, owner=OWNER)


def test_repr_shows_no_key(custody, keys):
    """A ring never prints what it holds."""
    assert repr(KeyRing(keys, custody, owner=OWNER)) == "KeyRing()"


def test_a_new_key_stands_where_it_is_wrapped_for(custody):
    """The wrapped key carries its purpose and epoch."""
    key = new_key(custody, OWNER, Purpose.HEAD, 7)

    assert key == EpochKey(Purpose.HEAD, 7, key.wrapped)
    assert len(custody.unwrap(key.wrapped, key_context(OWNER, Purpose.HEAD, 7))) == 32


def test_a_stream_is_of_its_label_and_goes_on(custody, keys):
    """It begins alike however long it is, and is SHAKE-256 of the derived key."""
    ring = KeyRing(keys, custody, owner=OWNER)
    key = next(key for key in keys if key.purpose is Purpose.PHANTOM)
    got = ring.stream(b"label", 1000)

    assert got == hashlib.shake_256(derive(custody, key) + b"label").digest(1000)
    assert ring.stream(b"label", 10) == got[:10]
    assert ring.stream(b"other", 1000) != got


@pytest.mark.parametrize("epochs", [(), (2,), (1, 2)])
def test_a_ring_has_the_first_key_of_its_streams_and_no_other(custody, keys, epochs):
    """Else everything that was drawn would be another, or could be."""
    other = [key for key in keys if key.purpose is not Purpose.PHANTOM]
    streams = [new_key(custody, OWNER, Purpose.PHANTOM, epoch) for epoch in epochs]

    with pytest.raises(TamperedError):
        KeyRing([*other, *streams], custody, owner=OWNER)


def test_the_key_of_streams_neither_seals_nor_hashes(custody, keys):
    """One purpose, one use."""
    ring = KeyRing(keys, custody, owner=OWNER)

    with pytest.raises(ValueError, match="does not seal"):
        ring.sealer(Purpose.PHANTOM, 1)
    with pytest.raises(ValueError, match="does not hash"):
        ring.mac(Purpose.PHANTOM, b"data")


def test_the_next_epoch_is_used_once_it_is_learnt(custody, keys):
    """Until then the ring writes as before; what it grew into does not change it."""
    ring = KeyRing(keys, custody, owner=OWNER)
    made = ring.next_epoch()
    grown = ring.grown(made)

    assert [key.purpose for key in made] == list(ROTATING) == SEALING
    assert ring.active(Purpose.EVENT)[0] == 2
    assert grown.active(Purpose.EVENT)[0] == 3
    ring.learn([*keys, *made])
    assert ring.active(Purpose.EVENT)[0] == 3
    assert ring.active(Purpose.ENTRY)[0] == 2
    assert ring.mac(Purpose.ALIAS, b"case") == grown.mac(Purpose.ALIAS, b"case")


def test_what_another_server_began_is_looked_for(custody, keys):
    """Once for a later epoch, and never for one that is over."""
    ring = KeyRing(keys, custody, owner=OWNER)
    with pytest.raises(TamperedError):
        ring.sealer(Purpose.ENTRY, 2)
    looked, made = [], ring.next_epoch()

    def source():
        looked.append(1)
        return [*keys, *made]

    ring.follow(source)
    ring.sealer(Purpose.ENTRY, 2)
    with pytest.raises(TamperedError):
        ring.sealer(Purpose.ENTRY, 0)

    assert len(looked) == 1
    with pytest.raises(TamperedError):
        ring.sealer(Purpose.ENTRY, 3)


@pytest.mark.parametrize("purpose", UNSEALING)
def test_what_never_changes_is_not_learnt(custody, keys, purpose):
    """Another key would hash or draw otherwise."""
    ring = KeyRing(keys, custody, owner=OWNER)
    with pytest.raises(TamperedError):
        ring.learn([new_key(custody, OWNER, purpose, 2)])

    assert ring.active(Purpose.EVENT)[0] == 2


def test_a_key_that_does_not_unwrap_leaves_a_ring_as_it_was(custody, keys):
    """All are unwrapped before any is used."""
    ring = KeyRing(keys, custody, owner=OWNER)
    good, bad = ring.next_epoch()[:2]
    with pytest.raises(TamperedError):
        ring.learn([good, replace(bad, epoch=9)])

    assert ring.active(good.purpose)[0] == good.epoch - 1


def test_a_ring_that_follows_nobody_stays_as_it_is(custody, keys):
    """There is nobody to ask."""
    ring = KeyRing(keys, custody, owner=OWNER)
    before = ring.active(Purpose.EVENT)[0]
    ring.refresh()

    assert ring.active(Purpose.EVENT)[0] == before


def test_whoever_wraps_the_store_now_is_known_by_its_newest_key(
    custody, keys, tmp_path
):
    """Of those that are there, not of those that the ring took."""
    ring = KeyRing(keys, custody, owner=OWNER)
    other = FileCustody.create(tmp_path / "other.key")
    changed = [*keys, new_key(other, OWNER, Purpose.ENTRY, 2)]
    ring.require_custody(keys)

    with pytest.raises(UnavailableError):
        ring.require_custody(changed)
    with pytest.raises(TamperedError):
        ring.require_custody([key for key in keys if key.purpose is Purpose.EVENT])
