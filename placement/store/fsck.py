"""Verify everything a store holds, and name the first place that does not fit.

Both chains lead from the first record to the head. Every leaf hash is that of its entry,
every node that of the leaves below it, every checkpoint the signed root of the tree of
its size, and there are no others. Asked to look ``deeper``, it opens the details too:
each leads to the commitment of its entry, and every event was written by exactly one
entry, which holds its hash.

What was erased is missing its key and nothing else: every sealed event has its key, or
a later event that erases its dossier; looked at deeper, its content, too. Of snapshots
only what is nobody's is opened here: whoever folds one opens that.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Table, true

from placement.audit import entry as entries
from placement.audit.details import opened
from placement.audit.merkle import leaf_hash
from placement.audit.note import Verifier
from placement.audit.written import FIRST, Written
from placement.errors import TamperedError
from placement.store import tables
from placement.store.beside import Checkpoints, Nodes, in_order
from placement.store.chain import ChainError
from placement.store.codec import erasures_in, hash_of, is_stub
from placement.store.head import Head
from placement.store.leaves import SPAN, Kept
from placement.store.ledger import stored_note
from placement.store.log import Store
from placement.store.snapshot import verify_unfolded
from placement.store.vault import dossier_of_details

Progress = Callable[[int, int], None]
"""Told now and then how many records are done, and of how many."""

_CHUNK: Final = 1000  # rows a query


def verify(  # noqa: PLR0913 (each of them a command's own)
    store: Store,
    verifier: Verifier | None = None,
    *,
    progress: Progress | None = None,
    deeper: bool = False,
    proven: bool = False,
    waived: list[int] | None = None,
) -> Head:
    """Verify a store.

    Args:
        store: which.
        verifier: of the log's key; without it the signatures of checkpoints are not
            looked at.
        progress: told how far it has come; of keys each, though none is a record.
        deeper: open the details, too, and hold the events against them.
        proven: whether to wait, at the end, until what was read can't go any more.
        waived: gets the leaves whose hash over their events can't be made again, as
            of one of those only a stub is left.

    Returns:
        The head that everything led to.

    Raises:
        ChainError: its ``where`` names the first place that does not verify.
        UnavailableError: the database does not answer; ``proven``, it may still go.
    """
    with store.reading(proven=proven) as connection:
        told = progress or _nothing
        walk = _Walk(store, connection, verifier, told)
        try:
            walk.keys = store.vault.verify(partial(told, 0, walk.records))
        except TamperedError as error:
            raise ChainError("data key") from error
        walk.run(deeper=deeper)
        verify_unfolded(store, connection, walk.pace)
    if waived is not None:
        waived += walk.waived
    return walk.head


def verify_behind(store: Store, after: Head, verifier: Verifier) -> Head:
    """Verify what a store holds behind a head that one of its writers vouched for.

    What stands before it is not looked at, and no key of a dossier: whoever folds what
    is here needs them, and sees that one is missing.

    Args:
        store: which.
        after: the head, as it was sealed; or ``Head.GENESIS``.
        verifier: of the log's key.

    Returns:
        The head that everything led to.

    Raises:
        ChainError: as ``verify``; or the log was never at that head.
        UnavailableError: the database does not answer, or what was read may still go.
    """
    with store.reading(proven=True) as connection:
        walk = _Walk(store, connection, verifier, _nothing, after)
        walk.run(deeper=False)
    return walk.head


def _nothing(done: int, total: int) -> None:
    del done, total


class _Walk:
    """One way through everything."""

    def __init__(
        self,
        store: Store,
        connection: Connection,
        verifier: Verifier | None,
        progress: Progress,
        after: Head = Head.GENESIS,
    ) -> None:
        self.head = head = store.row.read(connection)
        self.keys: set[bytes] | None = None  # of dossiers; nobody asks for them
        self.records = head.revision + head.leaves
        self.waived: list[int] = []
        self._store = store
        self._connection = connection
        self._after = after
        self._progress = progress
        self._done = 0
        self._tree = after.tree
        levels = range(SPAN, max(head.leaves, 1).bit_length(), SPAN)
        self._nodes = {level: Nodes(level, self._rows_of(level)) for level in levels}
        rows = in_order(connection, tables.checkpoint, self._later(tables.checkpoint))
        self._checkpoints = Checkpoints(rows, verifier, head, after)
        self._keyless: dict[bytes, str] = {}  # dossiers, and where they are first met
        self._erased: set[bytes] = set()
        self._events = self._opened_events()

    def run(self, *, deeper: bool) -> None:
        """Verify everything.

        Raises:
            ChainError: names the first place that does not verify.
        """
        self._store.events.require_start(self._connection)
        self._store.leaves.chain.require_start(self._connection)
        if self._after.leaves:  # it may have been signed as it stood there
            self._checkpoints.meet(self._tree)
        written = len([*islice(self._events, 1)])  # the founding: nobody asked for it
        for chunk in self._leaves():
            for leaf in chunk:
                if deeper:
                    written = self._require_details(leaf, written)
            self._count(len(chunk))
        left = next(self._events, None)
        if deeper and left is not None:
            raise ChainError(f"event {left[0]}")
        for _ in self._events:
            pass  # reading is verifying
        self._require_keys()
        self._require_end()

    def pace(self) -> None:
        """Say once more how far it has come."""
        self._count(0)

    def _require_end(self) -> None:
        if self._tree.hashes != self.head.edge:
            raise ChainError("head")
        self._checkpoints.finish()
        for nodes in self._nodes.values():
            nodes.finish()
        place = tables.node.c.level, tables.node.c["index"]
        unmet = ~place[0].in_(self._nodes) | (place[1] < 0)
        query = tables.raw(*place).where(unmet).order_by(*place).limit(1)
        for level, index in self._connection.execute(query):
            raise ChainError(f"node {level}/{index}")
        self._require_cosignatures()

    def _require_cosignatures(self) -> None:
        """Refuse what is no cosignature of its checkpoint; whose it is, clients see."""
        cosigned, made = tables.cosignature.c, tables.checkpoint.c
        query = (
            tables.raw(cosigned.size, cosigned.note, made.note)
            .join_from(
                tables.cosignature,
                tables.checkpoint,
                cosigned.size == made.size,
                isouter=True,
            )
            .where(self._later(tables.cosignature))
            .order_by(cosigned.size)
            .execution_options(yield_per=_CHUNK)
        )
        with self._connection.execute(query) as found:
            for size, *both in found:
                try:
                    one, other = (stored_note(content).text for content in both)
                except TamperedError as error:
                    raise ChainError(f"cosignature {size}") from error
                if one != other:
                    raise ChainError(f"cosignature {size}")

    def _leaves(self) -> Iterator[list[Kept]]:
        """Open the chain of leaves, and hold the tree against it."""
        leaves, ends = self._store.leaves, (self._after.last_leaf, self.head.last_leaf)
        for opened_ in leaves.chain.read(self._connection, *ends):
            first = opened_[0][0] if opened_ else 0
            beside = leaves.beside(self._connection, first, len(opened_))
            kept, hashes = [], []
            for (index, content), row in zip(opened_, beside, strict=True):
                found = leaf_hash(content)
                if row[1] != found:
                    raise ChainError(f"leaf {index}")
                if None in row[2:]:  # what the law took is sealed, and stands there
                    raise ChainError(f"details {index}")
                hashes.append(found)
                kept.append(Kept(index, content, (row[2], row[3])))
            self._grow(hashes)
            yield kept

    def _grow(self, hashes: list[bytes]) -> None:
        """Extend the tree, and stop at every checkpoint on the way."""
        while hashes:
            count = self._checkpoints.away(self._tree.size, len(hashes))
            some, hashes = hashes[:count], hashes[count:]
            self._tree = self._tree.extend(some, complete=self._complete)
            self._checkpoints.meet(self._tree)

    def _complete(self, level: int, index: int, found: bytes) -> None:
        if level % SPAN == 0:
            self._nodes[level].meet(index, found)

    def _require_details(self, leaf: Kept, written: int) -> int:
        """Open the details of a leaf; return how many events are written behind it.

        Args:
            leaf: which.
            written: how many are before it.

        Raises:
            ChainError: they are not those of the entry, or the events not theirs.
        """
        try:
            dossier = dossier_of_details(self._store.leaves.shut(leaf))
            if dossier is not None and self._lacks(dossier):
                self._keyless.setdefault(dossier, f"details {leaf.index}")
                # Which events were theirs is gone with them; the entry says how far.
                said = max(entries.parse(leaf.entry).revision, written)
                for _ in islice(self._events, said - written):
                    pass  # reading is verifying
                return said
            told = _written(self._store.leaves.details(leaf), leaf.entry)
        except ChainError:
            raise
        except TamperedError as error:
            raise ChainError(f"details {leaf.index}") from error
        if told is None:
            return written
        events = [event for _, event in islice(self._events, told.count)]
        if self._hashed(leaf, written + 1, events, told) != told:
            raise ChainError(f"event {written + 1}")
        return written + told.count

    def _hashed(
        self, leaf: Kept, first: int, events: list[bytes], told: Written
    ) -> Written:
        """Hash events as their entry did; waive it if what was hashed is gone."""
        stubs = [each for each in enumerate(events, first) if is_stub(each[1])]
        for number, stub in stubs:  # its hash fits, so an erasure has to say why
            self._keyless.setdefault(erasures_in(stub)[0], f"event {number}")
        if told.form == FIRST:
            found, gone = Written.before(first, events), bool(stubs)
        else:
            hashes = [hash_of(event) for event in events]
            found, gone = Written.over(first, hashes), not all(hashes)
        if not gone:
            return found
        self.waived.append(leaf.index)
        return replace(found, digest=told.digest)

    def _require_keys(self) -> None:
        """Refuse keys that are missing, and were not destroyed by an erasure.

        Raises:
            ChainError: there is such a key; it is named by what can't be opened.
        """
        for dossier in self._erased & self._keyless.keys():
            del self._keyless[dossier]
        # Another server may have erased something since this reading began.
        for dossier in self._store.erased(self._keyless) if self._keyless else ():
            del self._keyless[dossier]
        for where in self._keyless.values():
            raise ChainError(where)

    def _opened_events(self) -> Iterator[tuple[int, bytes]]:
        store, ends = self._store, (self._after.last_event, self.head.last_event)
        for chunk in store.base.chunks(self._connection, store.events, *ends):
            self._count(len(chunk))
            for revision, payload in chunk:
                dossier, erased = erasures_in(payload)
                if dossier and self._lacks(dossier):
                    self._keyless.setdefault(dossier, f"event {revision}")
                self._erased.update(erased)
                yield revision, payload

    def _lacks(self, dossier: bytes) -> bool:
        return self.keys is not None and dossier not in self.keys

    def _count(self, more: int) -> None:
        self._done += more
        self._progress(self._done, self.records)

    def _later(self, table: Table) -> ColumnElement[bool]:
        """Say which checkpoints, or what is said of them, are looked at."""
        from_start = self._after == Head.GENESIS
        return true() if from_start else table.c.size > self._after.published

    def _rows_of(self, level: int) -> Iterator[Any]:
        node = tables.node.c
        within = (node.level == level, node["index"] >= self._after.leaves >> level)
        return in_order(self._connection, tables.node, *within)


def _written(details: bytes | None, content: bytes) -> Written | None:
    """Hold details against their entry; return what they say of the events.

    Raises:
        TamperedError: they are not there, or others.
    """
    if details is None:
        raise TamperedError
    matter = opened(details, entries.parse(content).details).matter
    if matter is None:
        raise TamperedError
    return Written.parse(matter.events)
