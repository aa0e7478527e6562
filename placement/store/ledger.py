"""What the tree over the leaves proves, and the checkpoints that vouch for it.

Everything here is hashes and signed notes: it needs no key and tells nothing of what
happened but how much. Hashes are read as they stand; whoever gets a proof verifies it
against a checkpoint, and so does this room before it gives one out.
"""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Table,
    bindparam,
    func,
    insert,
    select,
)

from placement.audit import note as notes
from placement.audit.checkpoint import Checkpoint, parse
from placement.audit.merkle import (
    HASH_SIZE,
    Subtrees,
    consistency_proof,
    inclusion_proof,
    node_hash,
    root,
    verify_consistency,
    verify_inclusion,
)
from placement.audit.note import Note, Signature
from placement.audit.span import Span, make
from placement.errors import NotFoundError, TamperedError
from placement.store import tables
from placement.store.chain import ChainError
from placement.store.leaves import SPAN
from placement.store.log import Store
from placement.store.rows import fetched

_log: Final = logging.getLogger(__name__)

_WIDTH: Final = 1 << SPAN
_RECENT: Final = 4096  # cosignatures
_CHECKPOINT: Final = tables.checkpoint.c
_COSIGNATURE: Final = tables.cosignature.c


def _within(table: Table, *known: ColumnElement[bool]) -> Select[Any]:
    """Make the statement that reads a row of hashes of a table, in order."""
    columns = table.c
    within = columns.index.between(bindparam("first"), bindparam("last"))
    return tables.raw(columns.hash).where(within, *known).order_by(columns.index)


# Made once: SQLAlchemy takes longer to build a statement than to run it.
_LEAVES: Final = _within(tables.leaf)
_NODES: Final = _within(tables.node, tables.node.c.level == bindparam("level"))
_NOTES: Final = tables.raw(_CHECKPOINT.size, _CHECKPOINT.note).order_by(
    _CHECKPOINT.size
)
_NOTE: Final = _NOTES.where(_CHECKPOINT.size == bindparam("of"))


@dataclass(frozen=True, slots=True)
class Inclusion:
    """A leaf's hash, and the proof that it stands in a tree."""

    leaf: bytes
    hashes: tuple[bytes, ...]


class Ledger:
    """The tree and the checkpoints of one store.

    Args:
        store: which.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def inclusion(self, index: int, size: int) -> Inclusion:
        """Prove that a leaf stands in the log of a size.

        Raises:
            NotFoundError: no such leaf in it, or no checkpoint of this size.
            TamperedError: what is stored does not lead to that checkpoint.
            UnavailableError: the database does not answer.
        """
        with self._store.reading() as connection:
            made = _published(connection, size)
            if not 0 <= index < size:
                raise NotFoundError
            subtree = subtrees(connection)
            found = Inclusion(subtree(0, index), inclusion_proof(index, size, subtree))
        verify_inclusion(found.leaf, index, size, found.hashes, made.root)
        return found

    def consistency(self, old: int, new: int) -> tuple[bytes, ...]:
        """Prove that the log of one size begins that of another.

        Raises:
            NotFoundError: no checkpoint of the later size; or no such two sizes.
            TamperedError: what is stored does not lead to that checkpoint.
            UnavailableError: the database does not answer.
        """
        with self._store.reading() as connection:
            made = _published(connection, new)
            if not 0 < old <= new:
                raise NotFoundError
            subtree = subtrees(connection)
            proof = consistency_proof(old, new, subtree)
            before = root(old, subtree)
        verify_consistency(old, new, before, made.root, proof)
        return proof

    def span(self, first: int, count: int, size: int) -> Span:
        """Return what joins some leaves to the root of the log of a size.

        Raises:
            NotFoundError: no checkpoint of this size.
            TamperedError: a hash that is needed is missing.
            UnavailableError: the database does not answer.
        """
        with self._store.reading() as connection:
            _published(connection, size)
            return make(first, count, size, subtrees(connection))

    def newest(self, *, cosignatures: int = 0, least_size: int = 0) -> Note:
        """Return the newest checkpoint that enough witnesses cosigned.

        Of what witnesses handed in, only the newest part is looked through: nobody
        makes the service read all of it by asking for more than there are.

        Args:
            cosignatures: by how many at least.
            least_size: how many leaves it holds at least.

        Raises:
            NotFoundError: there is none.
            UnavailableError: the database does not answer.
        """
        query = select(func.max(_CHECKPOINT.size)).where(_CHECKPOINT.size >= least_size)
        if cosignatures:
            query = _cosigned(cosignatures, least_size)
        with self._store.reading(proven=True) as connection:
            size = connection.scalar(query)
            if size is None:
                raise NotFoundError
            _published(connection, size)  # a cosignature may stand without it
            (found,) = self._from(connection, size, 1)
        return found

    def checkpoints(self, least_size: int, count: int) -> list[Note]:
        """Return checkpoints with their cosignatures, the smallest first.

        Args:
            least_size: from this size on.
            count: at most so many.

        Raises:
            UnavailableError: the database does not answer.
        """
        with self._store.reading(proven=True) as connection:
            return self._from(connection, least_size, count)

    def cosign(self, size: int, note: Note) -> int:
        """Keep witnesses' signatures of a checkpoint, of each its first.

        Args:
            size: the checkpoint's.
            note: the checkpoint with these signatures alone, verified.

        Returns:
            How many the checkpoint has then.

        Raises:
            NotFoundError: no checkpoint of this size, or it says something else.
            UnavailableError: the database does not answer.
        """
        with self._store.changing() as connection:
            rows = connection.execute(_NOTE, {"of": size}).all()
            if not rows or notes.parse(rows[0][1]).text != note.text:
                raise NotFoundError
            query = select(_COSIGNATURE.witness).where(_COSIGNATURE.size == size)
            witnesses = set(connection.scalars(query))
            for one in note.signatures:
                if one.name in witnesses:
                    continue
                content = notes.render(Note(note.text, (one,)))
                row = {"size": size, "witness": one.name, "note": content}
                connection.execute(insert(tables.cosignature), row)
                witnesses.add(one.name)
        return len(witnesses)

    def _from(self, connection: Connection, least: int, count: int) -> list[Note]:
        """Read checkpoints and join each with its cosignatures."""
        query = _NOTES.where(_CHECKPOINT.size >= least).limit(count)
        rows = connection.execute(query).all()
        if not rows:
            return []
        sizes = [row[0] for row in rows]
        cosigned = connection.execute(
            tables.raw(_COSIGNATURE.size, _COSIGNATURE.note)
            .where(_COSIGNATURE.size.between(sizes[0], sizes[-1]))
            .order_by(_COSIGNATURE.size, _COSIGNATURE.witness)
        ).all()
        return [_joined(row, cosigned) for row in rows]


def subtrees(connection: Connection) -> Subtrees:
    """Return the hashes of complete subtrees, read 256 at a time and kept.

    Raises:
        ChainError: from the result: a hash that is needed is missing.
    """
    tiles: dict[tuple[int, int], Sequence[Any]] = {}

    def tile(height: int, number: int) -> Sequence[Any]:
        if (height, number) not in tiles:
            tiles[height, number] = _hashes(connection, height, number)
        return tiles[height, number]

    def subtree(level: int, index: int) -> bytes:
        height, above = divmod(level, SPAN)
        start = index << above
        number, place = divmod(start, _WIDTH)
        hashes = tile(height, number)[place : place + (1 << above)]
        if len(hashes) != 1 << above or not all(map(_is_hash, hashes)):
            raise ChainError(f"node {level}/{index}")
        return _joined_hashes(hashes)

    return subtree


def _hashes(connection: Connection, height: int, number: int) -> Sequence[Any]:
    """Read up to 256 hashes of a level that is kept."""
    first = number * _WIDTH
    given = {"first": first, "last": first + _WIDTH - 1}
    if height:
        rows = fetched(connection, _NODES, given | {"level": height * SPAN})
    else:
        rows = fetched(connection, _LEAVES, given)
    return [row[0] for row in rows]


def _is_hash(found: object) -> bool:
    return type(found) is bytes and len(found) == HASH_SIZE


def _joined_hashes(hashes: Sequence[bytes]) -> bytes:
    """Return the hash over a power of two of hashes."""
    while len(hashes) > 1:
        hashes = list(map(node_hash, hashes[::2], hashes[1::2]))
    return hashes[0]


def stored_note(content: object) -> Note:
    """Read a note, whatever somebody put in its place.

    Raises:
        TamperedError: it is none.
    """
    if type(content) is not bytes:
        raise TamperedError
    return notes.parse(content)


def _published(connection: Connection, size: int) -> Checkpoint:
    """Read the checkpoint of a size.

    Raises:
        NotFoundError: there is none.
        TamperedError: what stands there is none.
    """
    row = connection.execute(_NOTE, {"of": size}).first()
    if row is None:
        raise NotFoundError
    return parse(stored_note(row[1]).text)


def _joined(row: Any, cosigned: Iterable[Any]) -> Note:  # noqa: ANN401 (SQLAlchemy's own)
    """Return a checkpoint with the signatures of its witnesses.

    Raises:
        TamperedError: what stands there is no checkpoint.
    """
    made = stored_note(row[1])
    lines = list(made.signatures)
    for size, content in cosigned:
        if size == row[0]:
            lines += _lines(content, made.text)
    return Note(made.text, tuple(lines))


def _lines(content: object, text: str) -> tuple[Signature, ...]:
    """Return a witness's signatures; none if what stands there is not of this text.

    They are others' words: a damaged one is missed by who counts them, and stops
    nobody.
    """
    try:
        note = stored_note(content)
    except TamperedError:
        note = None
    if note is None or note.text != text:
        _log.critical("incident a cosignature is damaged; it is not published")
        return ()
    return note.signatures


def _cosigned(cosignatures: int, least_size: int) -> Any:  # noqa: ANN401 (SQLAlchemy's own)
    recent = (
        select(_COSIGNATURE.size)
        .where(_COSIGNATURE.size >= least_size)
        .order_by(_COSIGNATURE.size.desc())
        .limit(_RECENT)
        .subquery()
    )
    return (
        select(recent.c.size)
        .group_by(recent.c.size)
        .having(func.count() >= cosignatures)
        .order_by(recent.c.size.desc())
        .limit(1)
    )
