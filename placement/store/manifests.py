"""Manifests of snapshots, and the parts behind each, as they stand in the table.

Parts stand in a row behind their manifest, and that says how many are there. Its
payload::

    leaves, 8 bytes | parts in the end, 4 | name of its key, 16
    | what is sealed of the head (``head``) | start, 16 | parts there, 4 | whole, 1

Older ones end before ``start``: theirs is their own tag, and they are whole.

Invariants:
    * every part belongs to a manifest, and each of those has all that it says, at every
      moment; so no row can go without another's saying so;
    * one manifest at most is whole.

Context of the manifest: store id | schema | "manifest" | epoch | revision, and its number
but for 0. Context of part n: store id | schema | "snapshot" | epoch | revision | tag |
leaves | leaf tag | parts | n | tag of part n - 1, or start. So parts of two snapshots
never mix.
"""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from sqlalchemy import Connection, bindparam, delete, func, insert, select

from placement.crypto.keyring import Purpose
from placement.crypto.sealing import tag_of
from placement.errors import TamperedError
from placement.store import tables
from placement.store.chain import ChainError
from placement.store.head import Head
from placement.store.log import Store
from placement.store.rows import fetched, first, value

_MANIFEST: Final = struct.Struct(">QI16s")
_STANDING: Final = struct.Struct(">16sI?")
_TABLE: Final = tables.snapshot
SNAPSHOTS: Final = _TABLE.c.revision >= 0  # below are bases
# Made once: SQLAlchemy takes longer to build a statement than to run it.
_NUMBERS: Final = _TABLE.c.revision, _TABLE.c.part
_ALL: Final = tables.raw(*_NUMBERS).where(SNAPSHOTS).order_by(*_NUMBERS)
_OF: Final = _TABLE.c.revision == bindparam("of")
_MOST: Final = select(func.max(_TABLE.c.part)).where(_OF)
_AT: Final = _OF & (_TABLE.c.part == bindparam("number"))
_ROW: Final = tables.raw(_TABLE.c.epoch, _TABLE.c.blob).where(_AT)
_DELETE: Final = delete(_TABLE).where(_AT)


@dataclass(frozen=True, slots=True)
class Manifest:
    """What the row before some parts says; the module says what each field means."""

    head: Head
    parts: int
    name: bytes
    start: bytes
    there: int = 0
    whole: bool = False
    number: int = 0  # of its row; part n stands n behind it

    def content(self) -> bytes:
        """Return what is sealed of it."""
        summary = _MANIFEST.pack(self.head.leaves, self.parts, self.name)
        standing = _STANDING.pack(self.start, self.there, self.whole)
        return summary + self.head.content() + standing

    @classmethod
    def of(cls, revision: int, number: int, content: bytes, tag: bytes) -> "Manifest":
        """Read what was sealed, with this tag."""
        leaves, parts, name = _MANIFEST.unpack_from(content)
        end = _MANIFEST.size + Head.size(leaves)
        head = Head.of(revision, leaves, content[_MANIFEST.size : end])
        standing = (tag, parts, True)
        if content[end:]:
            standing = _STANDING.unpack(content[end:])
        return cls(head, parts, name, *standing, number)


def manifests(store: Store, connection: Connection) -> list[Manifest]:
    """Open every manifest, and hold what stands there against them.

    Raises:
        ChainError: one does not verify, a part has none, or one has not all its parts;
            or two are whole.
    """
    found = []
    rows = iter(fetched(connection, _ALL))
    for revision, number in rows:
        if number < 0:
            raise ChainError("snapshot")
        content, tag = _open(
            store,
            _fetch(connection, revision, number),
            partial(_place, store, revision, number),
        )
        manifest = Manifest.of(revision, number, content, tag)
        for part in range(number + 1, number + 1 + manifest.there):
            if next(rows, None) != (revision, part):
                raise ChainError("snapshot")
        found.append(manifest)
    if sum(each.whole for each in found) > 1:
        raise ChainError("snapshot")
    return found


def whole_of(store: Store, connection: Connection) -> Manifest | None:
    """Return the manifest that is whole, if there is one: see ``manifests``."""
    return next((each for each in manifests(store, connection) if each.whole), None)


def opened(store: Store, connection: Connection, manifest: Manifest) -> Iterator[bytes]:
    """Open what is there, but for what the data key seals.

    Raises:
        ChainError: a part does not verify.
    """
    tag = manifest.start
    for part in range(1, manifest.there + 1):
        payload, tag = _open(
            store,
            _fetch(connection, manifest.head.revision, manifest.number + part),
            partial(place_of, store, manifest, part, tag),
        )
        yield payload


def placed(connection: Connection, manifest: Manifest) -> Manifest:
    """Give a manifest that has no row yet its number: behind whatever is there."""
    if manifest.there:
        return manifest
    most = value(connection, _MOST, {"of": manifest.head.revision})
    return replace(manifest, number=0 if most is None else most + 1)


def put(store: Store, connection: Connection, manifest: Manifest) -> None:
    """Have a manifest say this from now on; one that is nobody's goes with its parts."""
    revision, number = manifest.head.revision, manifest.number
    _remove(connection, manifest, 0)
    if manifest.there or manifest.whole:
        epoch, sealer = store.ring.active(Purpose.SNAPSHOT)
        place = _place(store, revision, number, epoch)
        blob = sealer.seal(manifest.content(), context=place)
        _add(connection, manifest, 0, epoch, blob)


def grow(
    store: Store, connection: Connection, manifest: Manifest, epoch: int, blob: bytes
) -> Manifest:
    """Add a part, sealed, to those that are there; return what the manifest says then."""
    grown = placed(connection, manifest)
    grown = replace(grown, there=grown.there + 1)
    _add(connection, grown, grown.there, epoch, blob)
    # Last, since a connection of SQLite keeps what a statement wrote until it writes anew.
    put(store, connection, grown)
    return grown


def shrink(store: Store, connection: Connection, manifest: Manifest) -> None:
    """Remove the last part of those that are there."""
    _remove(connection, manifest, manifest.there)
    put(store, connection, replace(manifest, there=manifest.there - 1))


def place_of(
    store: Store, manifest: Manifest, part: int, tag: bytes, epoch: int
) -> bytes:
    """Name the place of a part, behind the part with this tag."""
    head = manifest.head
    place = (head.revision, head.tag, head.leaves, head.leaf_tag)
    return store.context("snapshot", epoch, *place, manifest.parts, part, tag)


def _place(store: Store, revision: int, number: int, epoch: int) -> bytes:
    """Name the place of a manifest."""
    numbers = (revision, number) if number else (revision,)
    return store.context("manifest", epoch, *numbers)


def _add(
    connection: Connection, manifest: Manifest, part: int, epoch: int, blob: bytes
) -> None:
    where = {"revision": manifest.head.revision, "part": manifest.number + part}
    connection.execute(insert(_TABLE), where | {"epoch": epoch, "blob": blob})


def _remove(connection: Connection, manifest: Manifest, part: int) -> None:
    where = {"of": manifest.head.revision, "number": manifest.number + part}
    connection.execute(_DELETE, where)


def _fetch(
    connection: Connection, revision: int, part: int
) -> tuple[object, object] | None:
    """Fetch epoch and blob of a part, as they stand there."""
    row = first(connection, _ROW, {"of": revision, "number": part})
    return None if row is None else (row[0], row[1])


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
        raise ChainError("snapshot") from error
    raise ChainError("snapshot")
