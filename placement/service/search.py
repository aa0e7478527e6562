"""Searches that were admitted and logged: pages, following, taking along.

What takes long comes as an iterator, a piece at a time, so that whoever waits for it can
go away between two pieces.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final

from placement.access import Action, Caller
from placement.audit.entry import ANSWERED, Entry
from placement.audit.merkle import leaf_hash
from placement.audit.span import Span
from placement.domain.decide.searches import Admitted, Filter, ListEntries, Search
from placement.errors import NotFoundError
from placement.service.bookmarks import Bookmarks
from placement.service.review import Review, shown
from placement.service.selection import Found, Selection
from placement.store.leaves import Kept
from placement.store.ledger import Ledger

MAX_PIECE: Final = 96 * 1024
"""Bytes; a piece of an export ends with the leaf that passes this."""
MAX_FOLLOWED: Final = 50
"""Entries in one answer to somebody who follows the log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A page of a search.

    Attributes:
        found: in order.
        token: for the next page; empty at the end.
        size: of the log when the search began.
        last: nothing is left to look at for now.
    """

    found: tuple[Found, ...]
    token: bytes
    size: int
    last: bool


@dataclass(frozen=True, slots=True)
class Exported:
    """One leaf of an export: whole, or only its hash.

    Attributes:
        hash: of the leaf.
        found: the entry, if the search selects it.
    """

    hash: bytes
    found: Found | None


@dataclass(frozen=True, slots=True)
class Export:
    """A part of the log.

    Attributes:
        note: the checkpoint that it leads to.
        span: what joins it to that.
        pieces: its leaves, some at a time.
    """

    note: bytes
    span: Span
    pieces: Iterator[list[Exported]]


class Searcher:
    """Answers what audit staff search for.

    Args:
        review: reads the log.
        ledger: proves it.
        bookmarks: remember where a search goes on.
    """

    def __init__(self, review: Review, ledger: Ledger, bookmarks: Bookmarks) -> None:
        self._review = review
        self._ledger = ledger
        self._bookmarks = bookmarks

    def list(self, admitted: Admitted, caller: Caller, size: int) -> Listed:
        """Return a page; who names more than a range gets no idle entries, unless named.

        Args:
            admitted: a ``ListEntries``.
            caller: who searches.
            size: of the log as it is now, the search's own entry included.

        Raises:
            TamperedError: an entry does not verify.
            UnavailableError: the database does not answer.
        """
        search = admitted.search
        most = search.page_size if isinstance(search, ListEntries) else 1
        if search.resume:
            start, end, size = search.resume
        else:
            start, end = self._review.bounds(search.filter, size)
        one = not isinstance(search, ListEntries)
        selection = self._selection(admitted, idle=one or search.filter.is_whole)
        page = self._review.page(selection, start, end, most=most)
        token = b""
        if page.next < end:
            rest = (page.next, end, size)
            token = self._bookmarks.seal(caller, search.scope, *rest)
        return Listed(found=page.found, token=token, size=size, last=not token)

    def follow(
        self, admitted: Admitted, caller: Caller, since: int
    ) -> Iterator[Listed]:
        """Return what was written since, and go on for ever; a page may be empty.

        Args:
            admitted: a ``TailEntries``.
            caller: who follows.
            since: index to begin with, unless the filter says where or the search
                goes on from a token.
        """
        search = admitted.search
        start = search.resume[0] if search.resume else self._begin(search, since)
        selection = self._selection(admitted, idle=search.filter.is_whole)
        while True:
            size = self._review.grown(start)
            page = self._review.page(selection, start, size, most=MAX_FOLLOWED)
            start = page.next
            token = self._bookmarks.seal(caller, search.scope, start)
            last = start >= size
            yield Listed(found=page.found, token=token, size=size, last=last)

    def _begin(self, search: Search, since: int) -> int:
        """Return where following begins: where the filter does, or now."""
        asked = search.filter
        if asked.first is None and asked.since is None:
            return since
        return self._review.bounds(asked, since)[0]

    def export(self, admitted: Admitted, note: bytes, size: int) -> Export:
        """Return a part of the log of a size that a checkpoint vouches for.

        Args:
            admitted: an ``ExportEntries``.
            note: the checkpoint.
            size: its size.

        Raises:
            NotFoundError: nothing lies in the period.
            TamperedError: something does not verify.
            UnavailableError: the database does not answer.
        """
        first, end = self._review.bounds(admitted.search.filter, size)
        if first >= end:
            raise NotFoundError
        span = self._ledger.span(first, end - first, size)
        find = partial(self._review.find, self._selection(admitted))
        leaves = self._review.leaves(first, end)
        return Export(note, span, _pieces(leaves, find))

    def of_decision(self, decision: bytes, size: int) -> Found:
        """Return the entry of a decision.

        Once the law took its details, its time alone tells which entry that was: then
        it is the first check of that millisecond without details.

        Raises:
            NotFoundError: there is none.
            TamperedError: an entry does not verify.
            UnavailableError: the database does not answer.
        """
        asked = Filter(decision=decision)
        start, end = self._review.bounds(asked, size)
        selection = self._review.selection(asked)
        scan = end - start
        page = self._review.page(selection, start, end, most=1, scan=scan)
        if page.found:
            return page.found[0]
        for found in self._review.whole(start, end):
            if found.details is None and _decides(found.entry):
                return found
        raise NotFoundError

    def _selection(self, admitted: Admitted, *, idle: bool = True) -> Selection:
        asked, cases = admitted.search.filter, admitted.cases
        return self._review.selection(asked, cases, idle=idle)


def _decides(entry: Entry) -> bool:
    return (entry.action, entry.outcome) == (Action.CHECK.name, ANSWERED)


def _pieces(
    leaves: Iterator[Kept], find: Callable[[Kept], Found | None]
) -> Iterator[list[Exported]]:
    piece: list[Exported] = []
    size = 0
    for leaf in leaves:
        found = find(leaf)
        each = Exported(leaf_hash(leaf.entry), found)
        piece.append(each)
        size += len(each.hash) if found is None else len(leaf.entry) + len(shown(found))
        if size >= MAX_PIECE:
            yield piece
            piece, size = [], 0
    if piece:
        yield piece
