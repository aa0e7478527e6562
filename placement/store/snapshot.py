"""Sealed snapshots of the state at one head, so that a start need not fold it all.

A snapshot only saves time: whoever loads one continues with ``Store.tail`` from its
head, which fails if the log never stood there. A damaged snapshot is an incident, not
a reason to go on without it.

Each part is sealed under a data key that was made for this snapshot (``vault``), and
that is destroyed with it, and whenever anything is erased: a copy of an old snapshot
opens nothing. A snapshot without its key is none; the log is folded instead.

Parts are written one at a time, and others commit between two. Each time their manifest
(``manifests``) says one more. The last change makes it whole, and the older one no more;
then that one's parts go, one at a time. What is not whole is nobody's: of a writer that
goes on, of one that was killed, or on its way out.

Invariants:
    * nobody folds what is not whole; ``fsck`` opens it;
    * an older snapshot never takes a newer one's place;
    * what an epoch began since never becomes whole;
    * what something was erased from since becomes whole without its key: so it is none,
      as if it had been there before, and the database never shows which came first;
    * of what is nobody's the newest stays until the next one is written.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Final

from sqlalchemy import Connection, delete

from placement.crypto.datakeys import DataKey
from placement.crypto.keyring import Purpose
from placement.crypto.sealing import BLOCK, tag_of
from placement.errors import StaleError, UnavailableError
from placement.store import tables
from placement.store.chain import ChainError
from placement.store.codec import erasures_in
from placement.store.head import Head
from placement.store.log import Log, Numbered, Store
from placement.store.manifests import (
    SNAPSHOTS,
    Manifest,
    grow,
    manifests,
    opened,
    place_of,
    placed,
    put,
    shrink,
    whole_of,
)

MAX_PART: Final = (1 << 20) - BLOCK
"""Bytes: sealed twice, and padded, a part has 1 MiB."""


def at_once() -> None:
    """Go on without a pause."""


def write_snapshot(
    store: Store,
    head: Head,
    parts: Iterable[bytes],
    pace: Callable[[], None] = at_once,
) -> bool:
    """Write a snapshot a part at a time; it takes the older one's place at the end.

    It does not if a newer one is there, or if another writer took its parts away. If
    something was erased since, it does, and opens nothing.

    Args:
        store: where.
        head: the head whose state this is.
        parts: the state, in pieces of at most ``MAX_PART``.
        pace: called behind each record that came since ``head``; raises nothing.

    Returns:
        Whether it was written, and opens.

    Raises:
        TamperedError: the log's head or what is there does not verify, or that head is
            before this one.
        UnavailableError: the database does not answer, or an epoch began meanwhile.
        ValueError: a part is too long.

    Secret: parts
    """
    name, key, wrapped = store.vault.new_snapshot()
    payloads = [*parts]
    if any(len(payload) > MAX_PART for payload in payloads):
        raise ValueError("a part of a snapshot has less than 1 MiB")
    manifest, tag = Manifest(head, len(payloads), name, start=name), name
    epoch, sealer = store.ring.active(Purpose.SNAPSHOT)
    _tidy(store)
    try:
        for part, payload in enumerate(payloads, 1):
            place = place_of(store, manifest, part, tag, epoch)
            sealed = store.vault.seal_part(key, name, payload)
            blob = sealer.seal(sealed, context=place)
            with _holding(store, manifest, epoch) as log:
                manifest = grow(store, log.connection, manifest, epoch, blob)
            tag = tag_of(blob)
        since = _erased_since(store, manifest.head, pace)
        written = _switch(store, manifest, epoch, wrapped, since)
    except StaleError:
        return False
    _tidy(store)
    return written


def drop_snapshots(store: Store) -> None:
    """Remove every snapshot, so that the next start rests on the log alone.

    Raises:
        UnavailableError: the database does not answer, or the commit failed.
    """
    with store.changing() as connection:
        connection.execute(tables.LOCKED_HEAD)  # so nobody adds a part meanwhile
        connection.execute(delete(tables.snapshot).where(SNAPSHOTS))


def load_snapshot(store: Store) -> tuple[Head, Iterator[bytes]] | None:
    """Open the newest snapshot.

    Returns:
        The head it was taken at and its parts, or None if there is no snapshot that
        still has its key. The
        parts are authenticated one by one; that none is missing is known when they
        are exhausted. Until then the iterator holds one connection.

    Raises:
        TamperedError: the snapshot is damaged; also while iterating.
        StaleError: while iterating: a newer snapshot took its place; load again.
        UnavailableError: the database does not answer; also while iterating.
    """
    with store.reading() as connection:
        manifest = whole_of(store, connection)
    key = None if manifest is None else store.vault.snapshot(manifest.name)
    if manifest is None or key is None:
        return None
    return manifest.head, _parts(store, manifest, key)


def destroy_strays(store: Store) -> None:
    """Destroy the keys of snapshots that are not whole: of writers that were killed.

    Raises:
        ChainError: what is there does not verify.
        UnavailableError: a database does not answer.
    """
    with store.writing() as log:
        strays = _strays(store, manifests(store, log.connection))
    if strays:
        store.vault.destroy_snapshots(strays, late=True)


def latest(store: Store) -> int:
    """Return the revision of the newest snapshot that has all its parts; 0 without one.

    Whether it is whole, and has its key, changes nothing: who counts from it tells nobody
    that an erasure came since, or overtook it.

    Raises:
        ChainError: what is there does not verify.
        UnavailableError: the database does not answer.
    """
    with store.reading() as connection:
        found = manifests(store, connection)
    ended = (each.head.revision for each in found if each.there == each.parts)
    return max(ended, default=0)


def verify_snapshot(store: Store) -> None:
    """Open every part of the newest snapshot, if there is one.

    Raises:
        ChainError: a part does not verify.
        UnavailableError: the database does not answer.
    """
    snapshot = load_snapshot(store)
    for _ in () if snapshot is None else snapshot[1]:
        pass  # opening is verifying


def verify_unfolded(
    store: Store, connection: Connection, pace: Callable[[], None]
) -> None:
    """Open every part that nobody folds: not whole, or without its key.

    Args:
        store: where.
        connection: that reads.
        pace: called behind each.

    Raises:
        ChainError: a part does not verify.
        UnavailableError: the database does not answer.
    """
    for manifest in manifests(store, connection):
        folded = manifest.whole and store.vault.snapshot(manifest.name) is not None
        for _ in () if folded else opened(store, connection, manifest):
            pace()


# Writing


@contextmanager
def _holding(store: Store, manifest: Manifest, epoch: int) -> Iterator[Log]:
    """Own the log, to go on with what stands as this manifest says.

    Raises:
        StaleError: another writer took it away.
        TamperedError: as ``write_snapshot``.
        UnavailableError: likewise.
    """
    with _turn(store) as log:
        if log.head.revision < manifest.head.revision:
            raise ChainError("head")
        # Sealed before the lock: if an epoch began since, its keys may be gone by now.
        if store.ring.active(Purpose.SNAPSHOT)[0] != epoch:
            raise UnavailableError
        if manifest.there and manifest not in manifests(store, log.connection):
            raise StaleError
        yield log


def _erased_since(
    store: Store, head: Head, pace: Callable[[], None]
) -> tuple[Head, bool]:
    """Look for what was erased behind a head, while others write.

    Then for what came during that look: little of it is left to whoever owns the log.

    Returns:
        How far was looked, and whether something was.
    """
    until, erased = head, False
    for each in (pace, at_once):
        with store.following(until) as (until, tail):
            erased |= _erases(tail, each)
    return until, erased


def _erases(tail: Iterator[Numbered], pace: Callable[[], None] = at_once) -> bool:
    """Tell whether records erase something.

    All are read: how long that takes shows to whoever watches the database.
    """
    erased = False
    for _, payload in tail:
        erased |= bool(erasures_in(payload)[1])
        pace()
    return erased


def _switch(
    store: Store,
    manifest: Manifest,
    epoch: int,
    wrapped: bytes,
    since: tuple[Head, bool],
) -> bool:
    """Make it whole in the older one's place, if it may be: see ``_holding``."""
    try:
        older = _made_whole(store, manifest, epoch, wrapped, since)
    except Exception:
        # Perhaps the log was taken from us meanwhile, and something erased, before its
        # key was kept.
        with suppress(UnavailableError):
            store.vault.destroy_snapshots([manifest.name], late=True)
        raise
    if older is None:
        return False
    store.vault.destroy_snapshots([older])
    return True


def _made_whole(
    store: Store,
    manifest: Manifest,
    epoch: int,
    wrapped: bytes,
    since: tuple[Head, bool],
) -> bytes | None:
    """Make it whole: see ``_switch``.

    Args:
        store: where.
        manifest: of all its parts.
        epoch: under which they are sealed.
        wrapped: its key.
        since: how far was looked for erasures, and whether there was one.

    Returns:
        The name of the one before, empty without one; ``None`` if it is not whole, or has
        no key.
    """
    with _holding(store, manifest, epoch) as log:
        older = whole_of(store, log.connection)
        if older is not None and older.head.revision > manifest.head.revision:
            return None
        # Under the lock: whoever erases destroys what keys there are after that.
        until, erased = since
        erased |= _erases(log.tail(until))
        if not erased:
            store.vault.keep_snapshot(manifest.name, wrapped)
        if older is not None:
            put(store, log.connection, replace(older, whole=False))
        made = placed(log.connection, manifest)
        put(store, log.connection, replace(made, whole=True))
    if erased:
        return None
    return b"" if older is None else older.name


def _strays(store: Store, found: Iterable[Manifest]) -> set[bytes]:
    """Return whose keys nobody needs; the log is owned, so none is about to be kept."""
    return {*store.vault.snapshots()} - {each.name for each in found if each.whole}


def _tidy(store: Store) -> None:
    """Remove what is nobody's, but for the newest, one part at a time; then its keys."""
    strays = set[bytes]()
    while True:
        with _turn(store) as log:
            found = manifests(store, log.connection)
            found.sort(key=lambda each: (each.head.revision, each.whole))
            gone = next((each for each in found[:-1] if not each.whole), None)
            if gone is None:
                strays = _strays(store, found)
                break
            shrink(store, log.connection, gone)
    if strays:
        store.vault.destroy_snapshots(strays, late=True)


@contextmanager
def _turn(store: Store) -> Iterator[Log]:
    """Own the log for one transaction, and rest as long as that took.

    Whoever waits for SQLite looks now and then whether it is free, and has no turn.
    """
    with store.writing() as log:
        began = time.monotonic()
        yield log
    time.sleep(time.monotonic() - began)


def _parts(store: Store, manifest: Manifest, key: DataKey) -> Iterator[bytes]:
    """Open the parts in order: see ``load_snapshot``."""
    with store.reading() as connection:
        if whole_of(store, connection) != manifest:
            raise StaleError
        for payload in opened(store, connection, manifest):
            yield store.vault.open_part(key, manifest.name, payload)
