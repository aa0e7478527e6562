"""Sealed snapshots of the state at one head, so that a start need not fold it all.

A snapshot only saves time: whoever loads one continues with ``Store.tail`` from its
head, which fails if the log never stood there. A damaged snapshot is an incident, not
a reason to go on without it.

Part 0 is the manifest; its payload::

    leaves, 8 bytes | parts, 4 | name of its key, 16 | what is sealed of the head
    (``head``)

Each part is sealed under a data key that was made for this snapshot (``vault``), and
that is destroyed with it, and whenever anything is erased: a copy of an old snapshot
opens nothing. A snapshot without its key is none; the log is folded instead.

Context of the manifest: store id | schema | "manifest" | epoch | revision.
Context of part n: store id | schema | "snapshot" | epoch | revision | tag | leaves |
leaf tag | parts | n | tag of part n - 1. So parts of two snapshots never mix.
"""

import struct
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final

from sqlalchemy import Connection, bindparam, delete, func, insert, select

from placement.crypto.datakeys import DataKey
from placement.crypto.keyring import Purpose
from placement.crypto.sealing import BLOCK, tag_of
from placement.errors import StaleError, TamperedError, UnavailableError
from placement.store import tables
from placement.store.chain import broken
from placement.store.codec import erasures_in
from placement.store.head import Head
from placement.store.log import Store
from placement.store.rows import first, value

MAX_PART: Final = (1 << 20) - BLOCK
"""Bytes: sealed twice, and padded, a part has 1 MiB."""

_MANIFEST: Final = struct.Struct(">QI16s")
_TABLE: Final = tables.snapshot
_SNAPSHOTS: Final = _TABLE.c.revision >= 0  # below are bases
# Made once: SQLAlchemy takes longer to build a statement than to run it.
_NEWEST: Final = select(func.max(_TABLE.c.revision)).where(_SNAPSHOTS)
_OF: Final = _TABLE.c.revision == bindparam("of")
_COUNT: Final = select(func.count()).select_from(_TABLE).where(_OF)
_ROW: Final = tables.raw(_TABLE.c.epoch, _TABLE.c.blob).where(
    _OF, _TABLE.c.part == bindparam("number")
)


@dataclass(frozen=True, slots=True)
class _Manifest:
    """What part 0 says."""

    head: Head
    parts: int
    name: bytes  # of its key, 16 bytes
    tag: bytes  # of part 0 itself, 16 bytes


def write_snapshot(store: Store, head: Head, parts: Iterable[bytes]) -> bool:
    """Write a snapshot and remove the older ones, in one transaction.

    Nothing is written if a newer snapshot is there already, or if something was erased
    since.

    Args:
        store: where.
        head: the head whose state this is.
        parts: the state, in pieces of at most ``MAX_PART``.

    Returns:
        Whether it was written.

    Raises:
        TamperedError: the log's head does not verify, or is before this one.
        UnavailableError: the database does not answer, or an epoch began meanwhile.
        ValueError: a part is too long.

    Secret: parts
    """
    vault = store.vault
    name, key, wrapped = vault.new_snapshot()
    rows = _seal(store, head, name, [*parts], partial(vault.seal_part, key, name))
    with store.writing() as log:
        if log.head.revision < head.revision:
            raise broken("head")
        newest = value(log.connection, _NEWEST)
        if newest is not None and newest > head.revision:
            return False
        # Sealed before the lock: if an epoch began since, its keys may be gone by now.
        if store.ring.active(Purpose.SNAPSHOT)[0] != rows[0]["epoch"]:
            raise UnavailableError
        # Under the lock: whoever erases destroys what keys there are after that.
        if any(erasures_in(payload)[1] for _, payload in log.tail(head)):
            return False
        before = vault.keep_snapshot(name, wrapped)
        log.connection.execute(delete(_TABLE).where(_SNAPSHOTS))
        for row in rows:
            log.connection.execute(insert(_TABLE), row)
    vault.destroy_snapshots(before)
    return True


def drop_snapshots(store: Store) -> None:
    """Remove every snapshot, so that the next start rests on the log alone.

    Raises:
        UnavailableError: the database does not answer, or the commit failed.
    """
    with store.changing() as connection:
        connection.execute(delete(_TABLE).where(_SNAPSHOTS))


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
        manifest = _open_manifest(store, connection)
    key = None if manifest is None else store.vault.snapshot(manifest.name)
    if manifest is None or key is None:
        return None
    return manifest.head, _parts(store, manifest, key)


def verify_snapshot(store: Store) -> None:
    """Open every part of the newest snapshot, if there is one.

    Raises:
        ChainError: a part does not verify.
        UnavailableError: the database does not answer.
    """
    snapshot = load_snapshot(store)
    for _ in () if snapshot is None else snapshot[1]:
        pass  # opening is verifying


def _place(
    store: Store, manifest: _Manifest, part: int, tag: bytes, epoch: int
) -> bytes:
    """Name the place of a part, behind the part with this tag."""
    head = manifest.head
    place = (head.revision, head.tag, head.leaves, head.leaf_tag)
    return store.context("snapshot", epoch, *place, manifest.parts, part, tag)


def _seal(
    store: Store,
    head: Head,
    name: bytes,
    parts: list[bytes],
    seal: Callable[[bytes], bytes],
) -> list[dict[str, int | bytes]]:
    """Seal the manifest and the parts into rows."""
    epoch, sealer = store.ring.active(Purpose.SNAPSHOT)
    summary = _MANIFEST.pack(head.leaves, len(parts), name) + head.content()
    place = store.context("manifest", epoch, head.revision)
    blobs = [sealer.seal(summary, context=place)]
    manifest = _Manifest(head, len(parts), name, tag_of(blobs[0]))
    for part, payload in enumerate(parts, 1):
        if len(payload) > MAX_PART:
            raise ValueError("a part of a snapshot has less than 1 MiB")
        place = _place(store, manifest, part, tag_of(blobs[-1]), epoch)
        blobs.append(sealer.seal(seal(payload), context=place))
    return [
        {"revision": head.revision, "part": part, "epoch": epoch, "blob": blob}
        for part, blob in enumerate(blobs)
    ]


def _fetch(
    connection: Connection, revision: int, part: int
) -> tuple[object, object] | None:
    """Fetch epoch and blob of a part, as they stand there."""
    row = first(connection, _ROW, {"of": revision, "number": part})
    return None if row is None else (row[0], row[1])


def _open_manifest(store: Store, connection: Connection) -> _Manifest | None:
    """Open part 0 of the newest snapshot and count its parts.

    Raises:
        ChainError: it does not verify, or has more or fewer parts than it says.
    """
    newest = value(connection, _NEWEST)
    if newest is None:
        return None
    summary, tag = _open(
        store,
        _fetch(connection, newest, 0),
        lambda epoch: store.context("manifest", epoch, newest),
    )
    leaves, parts, name = _MANIFEST.unpack_from(summary)
    head = Head.of(newest, leaves, summary[_MANIFEST.size :])
    if value(connection, _COUNT, {"of": newest}) != parts + 1:
        raise broken("snapshot")
    return _Manifest(head, parts, name, tag)


def _open(
    store: Store,
    row: tuple[object, object] | None,
    place: Callable[[int], bytes],
) -> tuple[bytes, bytes]:
    """Open a part, in the place that its epoch leads to.

    Returns:
        Payload and tag.

    Raises:
        ChainError: it is missing or does not verify.
    """
    epoch, blob = row or (None, None)
    try:
        if isinstance(epoch, int) and isinstance(blob, bytes):
            sealer = store.ring.sealer(Purpose.SNAPSHOT, epoch)
            return sealer.open(blob, context=place(epoch)), tag_of(blob)
    except TamperedError as error:
        raise broken("snapshot") from error
    raise broken("snapshot")


def _parts(store: Store, manifest: _Manifest, key: DataKey) -> Iterator[bytes]:
    """Open the parts in order: see ``load_snapshot``."""
    with store.reading() as connection:
        if _open_manifest(store, connection) != manifest:
            raise StaleError
        tag = manifest.tag
        for part in range(1, manifest.parts + 1):
            payload, tag = _open(
                store,
                _fetch(connection, manifest.head.revision, part),
                partial(_place, store, manifest, part, tag),
            )
            yield store.vault.open_part(key, manifest.name, payload)
