"""What may be read of the access log, once the reading is itself in the log."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, repeat
from typing import Final

from placement.access import Caller
from placement.audit.details import Sealed
from placement.audit.entry import parse
from placement.domain.decide.searches import Cases, Filter
from placement.domain.terms import decided_between
from placement.errors import NotFoundError, PlacementError, UnavailableError
from placement.service.entries import Scribe
from placement.service.index import Index, Stretch
from placement.service.instants import Instants
from placement.service.selection import Found, Selection
from placement.store.leaves import Kept
from placement.store.log import Store
from placement.store.rows import is_damage
from placement.store.summaries import Summaries

MAX_SCANNED: Final = 1_000
"""How many entries are opened for one page; a page may end before it is full."""
MAX_PAGE_BYTES: Final = 128 * 1024
"""A page ends with the entry that passes this, so that every answer can be sent."""

_CHUNKS: Final = (100, 200, 500)
"""How many entries are opened at a time: few until it shows that few are found."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the entries that a search selects.

    Attributes:
        found: in order.
        next: index to go on from.
    """

    found: tuple[Found, ...]
    next: int


class Review:
    """Reads the access log of a store.

    Args:
        store: which.
        condemn: called when something does not verify.
    """

    def __init__(self, store: Store, condemn: Callable[[], None]) -> None:
        self._store = store
        self._condemn = condemn
        self._scribe = Scribe(store.ring)
        self._index = Index(Summaries(store))
        self._instants = Instants()

    def alias(self, case: bytes) -> bytes:
        """Return what auditors see instead of a case."""
        return self._scribe.alias(case)

    def selection(
        self, asked: Filter, cases: Cases | None = None, *, idle: bool = True
    ) -> Selection:
        """Make a filter ready; it may pass by what only says that nothing happened."""
        return Selection(
            asked,
            cases,
            idle=idle,
            alias=self._scribe.alias,
            details=self._store.leaves.details,
        )

    def bounds(self, asked: Filter, size: int) -> tuple[int, int]:
        """Return the indexes between which a filter's entries stand.

        Args:
            asked: the filter.
            size: of the log, as the search sees it.

        Raises:
            TamperedError: an entry does not verify.
            UnavailableError: the database does not answer.
        """
        first, end = asked.first or 0, size if asked.end is None else asked.end
        since, until = asked.since, asked.until
        if asked.decision:
            since, until = decided_between(asked.decision)
        store = self._store
        with self._condemning(), store.reading() as connection:
            last = store.row.read(connection).last_leaf
            at = _times(store.leaves.probe(connection, last))
            end = min(end, size)
            if since is not None:
                first = self._instants.first_since(at, since, min(first, end), end)
            if until is not None:
                end = self._instants.first_since(at, until, min(first, end), end)
        return first, end

    def page(
        self,
        selection: Selection,
        start: int,
        end: int,
        *,
        most: int,
        scan: int = MAX_SCANNED,
    ) -> Page:
        """Return some of the entries that a search selects.

        Args:
            selection: which.
            start: index to begin with.
            end: index to end before.
            most: how many at most.
            scan: how many are opened at most.

        Raises:
            TamperedError: an entry does not verify.
            UnavailableError: the database does not answer.
        """
        found: list[Found] = []
        begun, size = start, 0
        for stretch in self._walk(selection, start, end):
            scan -= stretch.cost
            stop = stretch.end
            if not stretch.passed:
                stop = min(stop, start + max(scan, 1))
                for each in self._found(selection, start, stop):
                    found.append(each)
                    size += each.size
                    if len(found) == most or size >= MAX_PAGE_BYTES:
                        return Page(tuple(found), each.index + 1)
                scan -= stop - start
            start = stop
            if scan <= 0 and start > begun:  # a page that gets nowhere has no end
                break
        return Page(tuple(found), start)

    def size(self) -> int:
        """Return how many entries there are now.

        Raises:
            UnavailableError: the database does not answer.
        """
        with self._condemning():
            return self._store.read_head().leaves

    def grown(self, seen: int) -> int:
        """Return how many entries there are now; if more than were seen, for good.

        An entry that nobody was answered yet may still be undone by a failover.

        Raises:
            UnavailableError: the database does not answer; or it may be so.
        """
        size = self.size()
        if size <= seen:
            return size
        with self._condemning():
            return self._store.read_head(proven=True).leaves

    def _walk(self, selection: Selection, start: int, end: int) -> Iterator[Stretch]:
        with self._condemning():
            yield from self._index.walk(selection.wanted, start, end)

    def _found(self, selection: Selection, start: int, end: int) -> Iterator[Found]:
        for leaf in self.leaves(start, end):
            each = self.find(selection, leaf)
            if each is not None:
                yield each

    def find(self, selection: Selection, leaf: Kept) -> Found | None:
        """Return a leaf if it is selected.

        Raises:
            TamperedError: it does not verify.
        """
        with self._condemning():
            return selection.find(leaf)

    def leaves(self, start: int, end: int) -> Iterator[Kept]:
        """Open entries in order.

        Raises:
            TamperedError: an entry does not verify.
            UnavailableError: the database does not answer, or has fewer: it is one that
                slept, and nobody may think that they saw all.
        """
        chunks = chain(_CHUNKS, repeat(_CHUNKS[-1]))
        while start < end:
            part = self._opened(start, min(next(chunks), end - start))
            if not part:
                raise UnavailableError
            yield from part
            start = part[-1].index + 1

    def whole(self, start: int, end: int) -> Iterator[Found]:
        """Open entries and their details, in order.

        Raises:
            TamperedError: an entry does not verify.
            UnavailableError: the database does not answer.
        """
        yield from self._found(self.selection(Filter()), start, end)

    def one(self, index: int) -> Found:
        """Return one entry.

        Raises:
            NotFoundError: there is none.
            TamperedError: it does not verify.
            UnavailableError: the database does not answer, or confirms nothing.
        """
        for leaf in self._opened(index, 1):
            with self._condemning():
                details = self._store.leaves.details(leaf)
                return Found(leaf.index, leaf.entry, parse(leaf.entry), details)
        with self._condemning(), self._store.reading() as connection:
            if index < self._store.row.read(connection).leaves:
                raise UnavailableError  # now it is: who was asked first slept, or it came
            raise NotFoundError  # confirmed, as is whatever is not there

    def owns(self, caller: Caller, index: int) -> bool:
        """Tell whether an entry is that of a call of somebody's organisation.

        Raises:
            TamperedError: it does not verify.
            UnavailableError: the database does not answer.
        """
        try:
            entry = self.one(index).entry
        except NotFoundError:
            return False
        owner = (entry.role, entry.organisation)
        return owner == (caller.role.value, caller.organisation)

    def _opened(self, first: int, count: int) -> list[Kept]:
        with self._condemning():
            return self._store.entries(first, count)

    @contextmanager
    def _condemning(self) -> Iterator[None]:
        """Condemn the engine when something is damaged."""
        try:
            yield
        except PlacementError as error:
            if is_damage(error):
                self._condemn()
            raise


def shown(found: Found) -> bytes:
    """Return an entry's outline for auditors; nothing once the law took it."""
    if found.details is None:
        return b""
    return Sealed.parse(found.details).shown(matter=False)


def owned(found: Found) -> bytes:
    """Return an entry's matter for whose call it was; nothing once the law took it."""
    if found.details is None:
        return b""
    return Sealed.parse(found.details).shown(outline=False, matter=True)


def _times(probe: Callable[[int], bytes]) -> Callable[[int], int]:
    """Return what tells the time of an entry."""
    return lambda index: parse(probe(index)).at
