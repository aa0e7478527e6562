"""What stands beside the leaves, held against the tree as it grows.

Every kept node is that of the leaves below it, every checkpoint the signed root of the
tree of its size, and there are no others.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Table

from placement.audit import note as notes
from placement.audit.checkpoint import Checkpoint
from placement.audit.merkle import Frontier
from placement.audit.note import Verifier
from placement.errors import PlacementError, TamperedError
from placement.store import tables
from placement.store.chain import ChainError
from placement.store.head import Head, with_note
from placement.store.ledger import stored_note

_CHUNK: Final = 1000  # rows a query
_FOREIGN: Final = (
    "If the settings or the log's key were changed: log_key, origin or trust_domain may be"
    " another log's."
)
"""Why the first one that is looked at may not verify, though nobody touched it."""


@dataclass(slots=True)
class Checkpoints:
    """The checkpoints behind a head in order, held against the tree as it grows."""

    rows: Iterator[Any]
    verifier: Verifier | None
    head: Head
    after: Head = Head.GENESIS
    notes: bytes = field(init=False)
    size: int = field(init=False)
    due: Any = None

    def __post_init__(self) -> None:
        """Begin behind that head."""
        self.notes, self.size = self.after.notes, self.after.published
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
            bad = ChainError(f"checkpoint {size}")
            first = self.verifier is not None and self.size == self.after.published
            raise (bad.because(_FOREIGN) if first else bad) from error
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
            raise ChainError(f"checkpoint {self.due[0]}")
        if self.size != self.head.published:
            raise ChainError(f"checkpoint {self.head.published}")
        if self.notes != self.head.notes:
            raise ChainError("checkpoint")


@dataclass(slots=True)
class Nodes:
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
            raise ChainError(f"node {self.level}/{index}")

    def finish(self) -> None:
        """Refuse nodes that no leaves stand below.

        Raises:
            ChainError: there are such.
        """
        row = next(self.rows, None)
        if row is not None:
            raise ChainError(f"node {self.level}/{row[0]}")


def in_order(
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
