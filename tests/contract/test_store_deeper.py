"""Looked at deeper, every entry has its details and every event its one entry."""

import pytest
from kit.engines import VERIFIER
from kit.stored import run
from sqlalchemy import update

from placement.audit.details import Details, Matter, Sealed
from placement.audit.entry import Entry, render
from placement.audit.written import Written
from placement.domain.erasure_events import DossiersErased
from placement.domain.erasure_events import Sealed as Sealed_
from placement.domain.events import Record
from placement.domain.terms import DossierId, Micros
from placement.log.v1 import event_pb2
from placement.store import chain, fsck, tables
from placement.store.chain import ChainError
from placement.store.codec import encode, hash_of, stub_of
from placement.store.leaves import Leaf

FOUNDING = b"founding"


def names(where, store):
    """Hold a verification to naming a place."""
    with pytest.raises(ChainError) as caught:
        fsck.verify(store, VERIFIER, deeper=True)

    assert caught.value.where == where


def entry(first=0, events=(), **given):
    """Return a leaf as the service makes it, about some events."""
    written = given.pop("written", Written.of(first, events).render())
    sealed = Sealed.of(Details(matter=Matter(events=written)), bytes(64))
    content = Entry(
        at=1,
        kind="COLLECTION",
        action="CASE_OPEN",
        outcome="ANSWERED",
        details=given.get("details", sealed.commitment),
    )
    return Leaf(
        given.get("content", render(content)),
        sealed.shown(matter=given.get("matter", True)),
    )


def founded(store, *batches):
    """Append the founding event, then events with leaves."""
    with store.writing() as log:
        log.append([FOUNDING], [])
        for events, leaves in batches:
            log.append(events, leaves)


def test_every_event_has_its_entry(store):
    """None is before its time, and an entry may write none, one, or many."""
    founded(
        store,
        ([b"a"], [entry(2, [b"a"])]),
        ([], [entry()]),
        ([b"b", b"c", b"d"], [entry(3, [b"b"]), entry(), entry(4, [b"c", b"d"])]),
    )

    assert fsck.verify(store, VERIFIER, deeper=True).revision == 5


def test_a_founded_store_needs_no_entry(store):
    """Its first event is the one that nobody asked for."""
    founded(store)

    assert fsck.verify(store, VERIFIER, deeper=True).revision == 1


@pytest.mark.parametrize(
    ("events", "leaf", "where"),
    [
        ([b"a", b"b"], entry(2, [b"a"]), "event 3"),
        ([b"a"], entry(), "event 2"),
        ([b"a"], entry(2, [b"b"]), "event 2"),
        ([b"a"], entry(3, [b"a"]), "event 2"),
        ([b"a"], entry(1, [FOUNDING, b"a"]), "event 2"),
        ([b"a"], entry(2, [b"a", b"b"]), "event 2"),
        ([], entry(2, [b"a"]), "event 2"),
        ([b"b", b"a"], entry(2, [b"a", b"b"]), "event 2"),
        ([b"ab", b"c"], entry(2, [b"a", b"bc"]), "event 2"),
    ],
)
def test_an_event_that_its_entry_does_not_hold_is_named(store, events, leaf, where):
    """One too many, one too few, another one, another place, another order."""
    founded(store, (events, [leaf]))

    assert fsck.verify(store, VERIFIER).leaves == 1
    names(where, store)


@pytest.mark.parametrize(
    "leaf",
    [
        entry(details=bytes(32)),
        entry(content=b"no entry"),
        entry(matter=False),
        entry(written=b"noise"),
    ],
    ids=["others", "no entry", "no matter", "no hash"],
)
def test_details_that_do_not_fit_are_named(store, leaf):
    """Others, of no entry at all, without the matter, or without a hash in it."""
    founded(store, ([], [entry(), leaf, entry()]))

    assert fsck.verify(store, VERIFIER).leaves == 3
    names("details 1", store)


@pytest.mark.parametrize("columns", [1, 2, 3])
def test_details_that_are_gone_are_missed(store, admin, columns):
    """No law took any yet: an empty column is somebody's doing."""
    founded(store, ([], [entry(), entry(), entry()]))
    both = {1: "details_epoch", 2: "details_blob"}
    gone = {name: None for bit, name in both.items() if columns & bit}
    run(admin, update(tables.leaf).where(tables.leaf.c["index"] > 0).values(**gone))

    names("details 1", store)
    with pytest.raises(ChainError) as caught:  # a server does not even start
        fsck.verify(store, VERIFIER)

    assert caught.value.where == "details 1"


def test_what_is_held_against_the_events_is_of_any_size(store, monkeypatch):
    """The events of one entry may stand in several readings."""
    monkeypatch.setattr(chain, "CHUNK", 3)
    events = [b"%d" % number for number in range(10)]
    founded(
        store,
        (events, [entry(2, events)]),
        (events, [entry(12, events[:7]), entry(19, events[7:])]),
    )

    assert fsck.verify(store, VERIFIER, deeper=True).revision == 21


# Beside what was erased and compacted

DOSSIER = DossierId(bytes(range(16)))
ERASED = encode(Record(at=Micros(1), event=DossiersErased(dossiers=(DOSSIER,))))
SAID = encode(Record(at=Micros(1), event=Sealed_(dossier=DOSSIER, content=b"sealed")))
STUB = stub_of(SAID)


def beside(store, entry_, *events):
    """Verify a log whose one entry wrote some events and an erasure; return the waived."""
    founded(store, ([*events, ERASED], [entry_]))
    waived = []
    fsck.verify(store, VERIFIER, deeper=True, waived=waived)
    return waived


def test_a_stub_stands_for_what_was_hashed(store):
    """The others of its entry are held against the hash of all, and nothing is waived."""
    written = [SAID, b"other", ERASED]

    assert STUB == stub_of(STUB) != SAID
    assert hash_of(STUB) == hash_of(SAID)
    assert beside(store, entry(2, written), STUB, b"other") == []


def test_what_stands_beside_a_stub_is_not_altered(store):
    """Nor is the stub one of something else."""
    written = [SAID, b"other", ERASED]
    with pytest.raises(ChainError) as caught:
        beside(store, entry(2, written), STUB, b"another")

    assert caught.value.where == "event 2"


@pytest.mark.parametrize("form", ["entry", "stub"])
def test_entries_and_stubs_from_before_are_waived(store, form):
    """What they would need is gone, and it is told."""
    written = [SAID, b"other", ERASED]
    old = Written.before(2, written).render()
    made = entry(written=old) if form == "entry" else entry(2, written)
    bare = encode(Record(at=Micros(1), event=Sealed_(dossier=DOSSIER, content=b"")))
    stub = STUB if form == "entry" else bare

    assert beside(store, made, stub, b"other") == [0]


def test_entries_from_before_are_held_against_what_is_there(store):
    """In their own form."""
    written = [SAID, b"other", ERASED]
    made = entry(written=Written.before(2, written).render())

    assert beside(store, made, SAID, b"other") == []


def test_nothing_is_a_stub_that_nobody_erased(store):
    """Its hash fits its entry; but its dossier has its key, and no event erases it."""
    store.vault.begin([DOSSIER])
    store.vault.flush()
    written = [SAID, b"other"]
    founded(store, ([STUB, b"other"], [entry(2, written)]))

    names("event 2", store)


@pytest.mark.parametrize("size", [31, 33, 64])
def test_a_stub_stands_for_one_event(store, size):
    """Hashes of another length would let events change their places unseen."""
    message = event_pb2.Record()
    message.ParseFromString(STUB)
    message.sealed.digest = bytes(size)

    assert hash_of(message.SerializeToString(deterministic=True)) == b""
