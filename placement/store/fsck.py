"""Verify everything a store holds, and name the first place that does not fit.

Both chains lead from the first record to the head. Every leaf hash is that of its entry,
every node that of the leaves below it, every checkpoint the signed root of the tree of
its size, and there are no others. Asked to look ``deeper``, it opens the details too:
each leads to the commitment of its entry, and every event was written by exactly one
entry, which holds its hash.

What was erased is missing its key and nothing else: every sealed event has its key, or
a later event that erases its dossier; looked at deeper, its content, too.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Table

from placement.audit import entry as entries
from placement.audit import note as notes
from placement.audit.checkpoint import Checkpoint
from placement.audit.details import opened
from placement.audit.merkle import Frontier, leaf_hash
from placement.audit.note import Verifier
from placement.audit.written import FIRST, Written
from placement.errors import PlacementError, TamperedError
from placement.store import tables
from placement.store.chain import NO_TAG, ChainError, End, broken
from placement.store.codec import erasures_in, hash_of, is_stub
from placement.store.head import Head, with_note
from placement.store.leaves import SPAN, Kept
from placement.store.ledger import stored_note
from placement.store.log import Store
from placement.store.vault import dossier_of_details

Progress = Callable[[int, int], None]
"""Told now and then how many records are done, and of how many."""

_CHUNK: Final = 1000  # rows a query


def verify(
    store: Store,
    verifier: Verifier | None = None,
    *,
    progress: Progress | None = None,
    deeper: bool = False,
    waived: list[int] | None = None,
) -> Head:
    """Verify a store.

    Args:
        store: which.
        verifier: of the log's key; without it the signatures of checkpoints are not
            looked at.
        progress: told how far it has come.
        deeper: open the details, too, and hold the events against them.
        waived: gets the leaves whose hash over their events can't be made again, as
            of one of those only a stub is left.

    Returns:
        The head that everything led to.

    Raises:
        ChainError: its ``where`` names the first place that does not verify.
        UnavailableError: the database does not answer.
    """
    with store.reading() as connection:
        head = store.row.read(connection)
        store.events.require_start(connection)
        store.leaves.chain.require_start(connection)
        walk = _Walk(store, connection, head, verifier, progress or _nothing)
        walk.run(deeper=deeper)
    if waived is not None:
        waived += walk.waived
    return head


def _nothing(done: int, total: int) -> None:
    del done, total


@dataclass(slots=True)
class _Checkpoints:
    """The checkpoints in order, held against the tree as it grows."""

    rows: Iterator[Any]
    verifier: Verifier | None
    head: Head
    notes: bytes = Head.GENESIS.notes
    size: int = 0
    due: Any = None

    def __post_init__(self) -> None:
        self.due = next(self.rows, None)

    def away(self, size: int, most: int) -> int:
        """Return how many leaves away the next one is, or the most if it is further."""
        if self.due is None or type(self.due[0]) is not int:
            return most
        return min(max(self.due[0] - size, 1), most)

    def meet(self, tree: Frontier) -> None:
        """Verify the checkpoint of this size, if it is due.

        Raises:
            ChainError: it says something else, or its signature does not verify.
        """
        if self.due is None or self.due[0] > tree.size:
            return
        size, content = self.due
        try:
            note = stored_note(content)
            made = Checkpoint(self._origin(note.text), tree.size, tree.root())
            if not size == tree.size <= self.head.published:
                raise TamperedError
            if note.text != made.text() or len(note.signatures) != 1:
                raise TamperedError
            if self.verifier is not None:
                notes.verify(note, [self.verifier])
        except (PlacementError, ValueError) as error:
            raise broken(f"checkpoint {size}") from error
        self.notes, self.size = with_note(self.notes, content), size
        self.due = next(self.rows, None)

    def _origin(self, text: str) -> str:
        """Return whose log it must be: the key's, or whatever stands there."""
        if self.verifier is None:
            return text.partition("\n")[0]
        return self.verifier.public.name

    def finish(self) -> None:
        """Refuse checkpoints that are missing, or too many.

        Raises:
            ChainError: there are such; which one is missing before the newest, nobody
                can tell.
        """
        if self.due is not None:
            raise broken(f"checkpoint {self.due[0]}")
        if self.size != self.head.published:
            raise broken(f"checkpoint {self.head.published}")
        if self.notes != self.head.notes:
            raise broken("checkpoint")


@dataclass(slots=True)
class _Nodes:
    """The kept nodes of one level, in order."""

    level: int
    rows: Iterator[Any]

    def meet(self, index: int, found: bytes) -> None:
        """Hold the next one against what the leaves below it come to.

        Raises:
            ChainError: it is another, or is not there.
        """
        row = next(self.rows, None)
        if row is None or (row[0], row[1]) != (index, found):
            raise broken(f"node {self.level}/{index}")

    def finish(self) -> None:
        """Refuse nodes that no leaves stand below.

        Raises:
            ChainError: there are such.
        """
        row = next(self.rows, None)
        if row is not None:
            raise broken(f"node {self.level}/{row[0]}")


class _Walk:
    """One way through everything."""

    def __init__(
        self,
        store: Store,
        connection: Connection,
        head: Head,
        verifier: Verifier | None,
        progress: Progress,
    ) -> None:
        self._store = store
        self._connection = connection
        self._head = head
        self._progress = progress
        self._done = 0
        self.waived: list[int] = []
        self._tree = Frontier()
        levels = range(SPAN, max(head.leaves, 1).bit_length(), SPAN)
        self._nodes = {level: _Nodes(level, self._rows_of(level)) for level in levels}
        rows = _in_order(connection, tables.checkpoint)
        self._checkpoints = _Checkpoints(rows, verifier, head)
        self._keyless: dict[bytes, str] = {}  # dossiers, and where they are first met
        self._erased: set[bytes] = set()
        self._events = self._opened_events()
        try:
            self._keys = store.vault.verify()
        except TamperedError as error:
            raise broken("data key") from error

    def run(self, *, deeper: bool) -> None:
        """Verify everything.

        Raises:
            ChainError: names the first place that does not verify.
        """
        written = len([*islice(self._events, 1)])  # the founding: nobody asked for it
        for chunk in self._leaves():
            for leaf in chunk:
                if deeper:
                    written = self._require_details(leaf, written)
            self._count(len(chunk))
        left = next(self._events, None)
        if deeper and left is not None:
            raise broken(f"event {left[0]}")
        for _ in self._events:
            pass  # reading is verifying
        self._require_keys()
        self._require_end()

    def _require_end(self) -> None:
        if self._tree.hashes != self._head.edge:
            raise broken("head")
        self._checkpoints.finish()
        for nodes in self._nodes.values():
            nodes.finish()
        place = tables.node.c.level, tables.node.c["index"]
        unmet = ~place[0].in_(self._nodes) | (place[1] < 0)
        query = tables.raw(*place).where(unmet).order_by(*place).limit(1)
        for level, index in self._connection.execute(query):
            raise broken(f"node {level}/{index}")
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
            .order_by(cosigned.size)
            .execution_options(yield_per=_CHUNK)
        )
        with self._connection.execute(query) as found:
            for size, *both in found:
                try:
                    one, other = (stored_note(content).text for content in both)
                except TamperedError as error:
                    raise broken(f"cosignature {size}") from error
                if one != other:
                    raise broken(f"cosignature {size}")

    def _leaves(self) -> Iterator[list[Kept]]:
        """Open the chain of leaves, and hold the tree against it."""
        leaves, head = self._store.leaves, self._head
        chain = leaves.chain
        for opened_ in chain.read(self._connection, chain.genesis, head.last_leaf):
            first = opened_[0][0] if opened_ else 0
            beside = leaves.beside(self._connection, first, len(opened_))
            kept, hashes = [], []
            for (index, content), row in zip(opened_, beside, strict=True):
                found = leaf_hash(content)
                if row[1] != found:
                    raise broken(f"leaf {index}")
                if None in row[2:]:  # what the law took is sealed, and stands there
                    raise broken(f"details {index}")
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
            if dossier is not None and dossier not in self._keys:
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
            raise broken(f"details {leaf.index}") from error
        if told is None:
            return written
        events = [event for _, event in islice(self._events, told.count)]
        if self._hashed(leaf, written + 1, events, told) != told:
            raise broken(f"event {written + 1}")
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
            raise broken(where)

    def _opened_events(self) -> Iterator[tuple[int, bytes]]:
        store, ends = self._store, (End(0, NO_TAG), self._head.last_event)
        for chunk in store.base.chunks(self._connection, store.events, *ends):
            self._count(len(chunk))
            for revision, payload in chunk:
                dossier, erased = erasures_in(payload)
                if dossier and dossier not in self._keys:
                    self._keyless.setdefault(dossier, f"event {revision}")
                self._erased.update(erased)
                yield revision, payload

    def _count(self, more: int) -> None:
        self._done += more
        self._progress(self._done, self._head.revision + self._head.leaves)

    def _rows_of(self, level: int) -> Iterator[Any]:
        node = tables.node.c
        within = (node.level == level, node["index"] >= 0)
        return _in_order(self._connection, tables.node, *within)


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


def _in_order(
    connection: Connection, table: Table, *within: ColumnElement[bool]
) -> Iterator[Any]:
    """Read the number and content of rows by their number, some at a time."""
    number = table.c["index"] if "index" in table.c else table.c["size"]
    content = table.c["hash"] if "hash" in table.c else table.c["note"]
    query = tables.raw(number, content).where(*within).order_by(number).limit(_CHUNK)
    rows = connection.execute(query).all()
    while rows:
        yield from rows
        rows = connection.execute(query.where(number > rows[-1][0])).all()
