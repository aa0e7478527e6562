"""The leaves of the access log: sealed and chained, hashed into a tree, with details.

The chain shows the store that no leaf was touched; the tree shows everybody else. A
leaf's hash is over its entry, and the entry commits to its details, which stand sealed
beside it under a key of their own. Of the tree every complete subtree of 256, 65,536,
... leaves is kept as a row: what a proof needs is then never more than some hundred
hashes away, and appending writes one row more for 256 leaves.

Details that belong to a case are sealed under its own key before (``vault``).

The context of the details of leaf ``n``::

    store id, 16 bytes | schema | "details" | epoch | n | hash of leaf n
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, bindparam

from placement.audit.merkle import Frontier, leaf_hash
from placement.crypto.keyring import KeyRing, Purpose
from placement.crypto.sealing import context
from placement.errors import TamperedError
from placement.store import tables
from placement.store.chain import Chain, ChainError, End, Row
from placement.store.head import Head
from placement.store.rows import fetched
from placement.store.vault import Vault

SPAN: Final = 8
"""Every so many levels the tree is kept: 2^8 hashes lie between two of them."""


# Made once: SQLAlchemy takes longer to build a statement than to run it.
_LEAF: Final = tables.leaf.c
_BESIDE: Final = (
    tables.raw(_LEAF.index, _LEAF.hash, _LEAF.details_epoch, _LEAF.details_blob)
    .where(_LEAF.index >= bindparam("first"))
    .order_by(_LEAF.index)
    .limit(bindparam("count"))
)


@dataclass(frozen=True, slots=True)
class Leaf:
    """What is appended.

    Attributes:
        entry: its canonical bytes.
        details: what is kept beside it, for few eyes.
        at: when, microseconds since 1970-01-01T00:00Z.
        case: which case it is about, or empty.
    """

    entry: bytes
    details: bytes
    at: int = 0
    case: bytes = b""


@dataclass(frozen=True, slots=True)
class Kept:
    """A leaf as it stands in the store; its details are still sealed.

    Attributes:
        index: its place, from 0.
        entry: its canonical bytes.
        sealed: epoch and blob of its details, as they stand there.
    """

    index: int
    entry: bytes
    sealed: tuple[Any, Any]


@dataclass(frozen=True, slots=True)
class Grown:
    """Rows to insert, and where everything then ends."""

    leaves: list[Row]
    nodes: list[Row]
    last: End
    tree: Frontier


class Leaves:
    """The leaves of one store.

    Args:
        ring: the keys.
        owner: context of the store.
        vault: opens what can be forgotten.

    Attributes:
        chain: the chain of entries.
    """

    def __init__(self, ring: KeyRing, owner: bytes, vault: Vault) -> None:
        self.chain = Chain.leaves(ring, owner)
        self._vault = vault
        self._ring = ring
        self._prefix = owner + context(b"details")

    def seal(self, head: Head, leaves: Iterable[Leaf]) -> Grown:
        """Seal leaves behind a head.

        Secret: leaves
        """
        given = list(leaves)
        rows, last = self.chain.seal(head.last_leaf, (leaf.entry for leaf in given))
        hashes = [leaf_hash(leaf.entry) for leaf in given]
        epoch, sealer = self._ring.active(Purpose.DETAILS)
        for row, leaf, found in zip(rows, given, hashes, strict=True):
            place = self._place(epoch, int(row["index"]), found)
            row["hash"] = found
            row["details_epoch"] = epoch
            row["details_blob"] = sealer.seal(leaf.details, context=place)
        nodes: list[Row] = []

        def complete(level: int, index: int, found: bytes) -> None:
            if level % SPAN == 0:
                nodes.append({"level": level, "index": index, "hash": found})

        tree = head.tree.extend(hashes, complete=complete)
        return Grown(rows, nodes, last, tree)

    def part(
        self, connection: Connection, first: int, count: int, until: End
    ) -> list[Kept]:
        """Open some entries, in order: see ``Chain.part``.

        Raises:
            ChainError: an altered, missing or moved leaf.
        """
        opened = self.chain.part(connection, first, count, until)
        beside = self.beside(connection, first, len(opened))
        return [
            Kept(index, entry, (epoch, blob))
            for (index, entry), (_, _, epoch, blob) in zip(opened, beside, strict=True)
        ]

    def probe(self, connection: Connection, until: End) -> Callable[[int], bytes]:
        """Return what opens single entries, all at one moment: by index, which is there.

        Raises:
            ChainError: from the result: an altered, missing or moved leaf.
        """

        def probe(index: int) -> bytes:
            ((_, entry),) = self.chain.part(connection, index, 1, until)
            return entry

        return probe

    def beside(
        self, connection: Connection, first: int, count: int
    ) -> Sequence[tuple[int, Any, Any, Any]]:
        """Fetch index, hash, and the sealed details of some leaves, as they stand.

        Raises:
            ChainError: there are fewer.
        """
        if not count:
            return ()
        rows = fetched(connection, _BESIDE, {"first": first, "count": count})
        if len(rows) != count:
            raise ChainError(f"leaf {first + len(rows)}")
        return rows

    def details(self, leaf: Kept) -> bytes | None:
        """Open the details of a leaf.

        Returns:
            What was appended with it; ``None`` once the law took it, and the log says
            that it did.

        Raises:
            ChainError: they do not verify, or are gone.
            UnavailableError: the key store or the database does not answer.
        """
        try:
            return self._vault.details(self.shut(leaf))
        except ChainError:
            raise
        except TamperedError as error:
            raise ChainError(f"details {leaf.index}") from error

    def shut(self, leaf: Kept) -> bytes:
        """Open the details of a leaf but for the seal of their dossier.

        Raises:
            ChainError: they do not verify, or are gone.
        """
        where = f"details {leaf.index}"
        epoch, blob = leaf.sealed
        if not isinstance(epoch, int) or type(blob) is not bytes:
            raise ChainError(where)
        try:
            # The key first: of an epoch that is none there is not even a context.
            sealer = self._ring.sealer(Purpose.DETAILS, epoch)
            place = self._place(epoch, leaf.index, leaf_hash(leaf.entry))
            return sealer.open(blob, context=place)
        except TamperedError as error:
            raise ChainError(where) from error

    def _place(self, epoch: int, index: int, found: bytes) -> bytes:
        return self._prefix + context(epoch, index, found)
