"""What a dossier's key seals is read again whole, or not at all."""

from dataclasses import replace

import pytest
from kit.erased import Kept
from kit.world import NOW, token

from placement.crypto import datakeys
from placement.domain.erasure_events import Sealed
from placement.domain.events import FactRecorded, Record, Request
from placement.errors import TamperedError, UnavailableError
from placement.store import fsck
from placement.store import vault as vaults
from placement.store.codec import decode, encode
from placement.store.vault import dossier_of_details

REQUEST = Request(
    organisation="syd",
    person="co-01",
    id=token("request"),
    digest=bytes(range(32)),
    made=(token("made"),),
)


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path}/store.db"


@pytest.fixture
def world(store):
    made = Kept(store)
    made.base = made.presence("B", "1480")
    return made


@pytest.fixture
def vault(world):
    return world.store.vault


@pytest.fixture
def record(world):
    event = FactRecorded(fact=world.state.facts[world.base])
    return Record(at=NOW, event=event, request=REQUEST)


def forged(vault, dossier, said, **changes):
    """Return a record whose sealed part says something of our own."""
    place = vault._place(b"event", dossier)
    blob = datakeys.sealed(vault._key(dossier), encode(said), place)
    sealed = Record(at=NOW, event=Sealed(dossier=dossier, content=blob))
    return encode(replace(sealed, **changes))


@pytest.mark.parametrize("request_", [None, REQUEST])
def test_a_record_is_read_again(vault, world, record, request_):
    """With its request, if it has one."""
    record = replace(record, request=request_)
    payload = vault.seal(record, world.base)

    assert vault.open(payload) == record
    assert type(decode(payload).event) is Sealed


def test_without_the_key_all_but_the_digest_of_a_request_is_left(vault, world, record):
    """A retry is refused then, and does nothing twice."""
    payload = vault.seal(record, world.base)
    world.erase(world.base)
    left = vault.open(payload)

    assert left.request == replace(REQUEST, digest=b"")
    assert (left.at, left.event.dossier) == (NOW, world.base)
    assert record.event.fact.region.encode() not in payload


def test_what_is_of_no_dossier_is_written_as_it_is(vault, record):
    """Nobody can forget it."""
    payload = vault.seal(record, None)

    assert payload == encode(record)
    assert vault.open(payload) == record


def test_a_seal_in_a_seal_is_refused(vault, world):
    """What is read is an event, or nothing."""
    inner = Record(at=NOW, event=Sealed(dossier=world.base, content=b""))
    with pytest.raises(TamperedError):
        vault.open(forged(vault, world.base, inner))


def test_a_request_without_its_digest_is_refused(vault, world, record):
    """It would be another request's answer."""
    inner = replace(record, request=None)
    with pytest.raises(TamperedError):
        vault.open(forged(vault, world.base, inner, request=REQUEST))


def test_what_was_moved_does_not_open(vault, world, record):
    """A content belongs to its dossier; so do details."""
    other = world.presence("A", "1280")
    sealed = decode(vault.seal(record, world.base))
    moved = replace(sealed, event=replace(sealed.event, dossier=other))
    details = vault.shut(world.base, b"details")
    with pytest.raises(TamperedError):
        vault.open(encode(moved))
    with pytest.raises(TamperedError):
        vault.details(b"\x02" + other + details[17:])

    assert vault.details(details) == b"details"


def test_details_of_nobody_are_as_they_are(vault):
    """No case was named, or none that is there."""
    assert vault.details(b"\x01details") == b"\x01details"
    assert dossier_of_details(b"\x01details") is None
    with pytest.raises(TamperedError):
        dossier_of_details(b"\x02cut")


def test_a_key_store_that_is_behind_accuses_nobody(vault, world, monkeypatch):
    """It slept, and wakes without a key that is there: that is read again elsewhere."""
    with monkeypatch.context() as patched:
        patched.setattr(vault, "_erased", None)  # nor is the log read for that
        patched.setattr(vault, "_key", lambda _: None)
        with pytest.raises(UnavailableError):
            vault.shut(world.base, b"details")

    assert vault.details(vault.shut(world.base, b"details")) == b"details"


def test_details_of_a_case_without_a_key_are_not_made(vault):
    """Nobody could read them."""
    with pytest.raises(TamperedError):
        vault.shut(token("nobody"), b"details")


@pytest.mark.parametrize("most", [1, 2])
def test_some_keys_are_at_hand(world, vault, monkeypatch, most):
    """Those used last; the others are fetched again."""
    monkeypatch.setattr(vaults, "MAX_KEPT", most)
    ids = [world.presence("A", "1480") for _ in range(3)]
    found = vault.verify()
    for dossier in ids:
        assert vault._key(dossier) is not None
        assert len(vault._kept) <= most + 1

    assert found == {world.base, *ids}


def test_whoever_verifies_may_stop_at_each_key(world, store):
    """There may be millions; and it is told of each."""
    for _ in range(3):
        world.presence("A", "1480")
    told = []

    def stop(done, total):
        told.append((done, total))
        if len(told) == 2:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        fsck.verify(store, progress=stop)
    head = store.read_head()

    assert told == [(0, head.revision + head.leaves)] * 2


def test_a_vault_says_nothing_of_itself(vault):
    """Neither do its keys."""
    assert (repr(vault), repr(vault._keys)) == ("Vault()", "KeyStore()")
    assert repr(vault._keys.wrapping) == "Wrapping()"


def test_a_key_that_is_destroyed_while_it_is_read_is_not_kept(
    vault, world, monkeypatch
):
    """Whoever looks into the memory of the process finds none."""
    keys, read = vault._keys, vault._keys.read

    def slow(dossier):
        found = read(dossier)
        vault.owe([dossier])
        vault.settle()
        return found

    vault._kept.clear()
    monkeypatch.setattr(keys, "read", slow)
    vault._key(world.base)

    assert world.base not in vault._kept
