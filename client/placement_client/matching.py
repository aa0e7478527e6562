"""Whether an answer keeps to the filter that was asked for.

A server chooses what it shows. What can be seen to be wrong without believing it is
refused here: an entry that does not fit, a gap where nothing may be left out, a part
that begins or ends elsewhere.

Invariants:
    * what is refused, no honest server sends;
    * what only the service knows is not looked at: which case or reference an entry
      belongs to, and where among the entries a period begins and ends.

Example:
    >>> asked = Asked(EntryFilter(first_index=3, end_index=9))
    >>> asked.is_whole, asked.begin, asked.end(7)
    (True, 3, 7)
"""

from collections.abc import Iterable
from typing import Final

from placement.api.v1.audit_service_pb2 import EntryFilter
from placement.audit.details import Outline
from placement.audit.entry import Entry
from placement.errors import TamperedError
from placement_client.entries import Opened, is_idle

_RANGE: Final = frozenset({"since", "until", "first_index", "end_index"})
_TEXTS: Final = (
    *("person", "organisation", "role", "kind", "action", "purpose", "outcome"),
)
"""Fields that an entry has under the same name."""


class Asked:
    """A filter, to be held against what answers it.

    Args:
        asked: the filter; where it names a case, any name will do.

    Attributes:
        is_whole: it selects all of a range, so that nothing in it may be left out.
        begin: index of the first entry, if the filter alone tells.
    """

    def __init__(self, asked: EntryFilter) -> None:
        given = {field.name: value for field, value in asked.ListFields()}
        self.is_whole = given.keys() <= _RANGE
        self.least: int = given.get("first_index", 0)
        self._most: int | None = given.get("end_index")
        is_loose = not given.keys().isdisjoint({"since", "decision_id"})
        self.begin = None if is_loose else self.least
        self._is_open = not given.keys().isdisjoint({"until", "decision_id"})
        self._texts = [(name, given[name]) for name in _TEXTS if name in given]
        self._since: int = given.get("since", 0)
        self._until: int | None = given.get("until")
        self._verdict: int | None = given.get("verdict")
        self._decision: bytes | None = given.get("decision_id")

    def end(self, size: int) -> int | None:
        """Return the index after the last entry, if filter and size alone tell."""
        return None if self._is_open else self._last(size)

    def require(self, entry: Entry, outline: Outline | None) -> None:
        """Refuse an entry that the filter does not select.

        Raises:
            TamperedError: it does not, or has no details by which it could be selected.
        """
        if entry.at < self._since:
            raise TamperedError
        if self._until is not None and entry.at >= self._until:
            raise TamperedError
        for name, text in self._texts:
            if getattr(entry, name) != text:
                raise TamperedError
        known = outline or Outline()
        if self._verdict is not None and self._verdict not in known.verdicts:
            raise TamperedError
        if self._decision is not None and self._decision not in known.decisions:
            raise TamperedError

    def shown(self, entries: Iterable[Opened]) -> list[Opened]:
        """Return what people are shown of the entries that came.

        Of a whole range all come, so that none can be left out; those that only say
        that nothing happened were looked at, and there is nothing in them to show.
        """
        return [each for each in entries if not (self.is_whole and is_idle(each))]

    def require_index(self, index: int) -> None:
        """Refuse an entry outside of the range of indexes.

        Raises:
            TamperedError: it stands there.
        """
        if index < self.least or (self._most is not None and index >= self._most):
            raise TamperedError

    def require_span(self, first: int, count: int, size: int) -> None:
        """Refuse a part of the log that is not the part of the filter.

        Args:
            first: index of its first leaf.
            count: how many leaves.
            size: of the log.

        Raises:
            TamperedError: it begins or ends elsewhere.
        """
        end, begin, last = first + count, self.begin, self.end(size)
        if first < self.least or end > self._last(size):
            raise TamperedError
        if begin is not None and first != begin:
            raise TamperedError
        if last is not None and end != last:
            raise TamperedError

    def _last(self, size: int) -> int:
        return size if self._most is None else min(self._most, size)


class Row:
    """Entries as they come, one after another, held against a filter.

    Args:
        asked: the filter.
        begin: index of the first one that comes if nothing is left out, if it is known.
    """

    def __init__(self, asked: Asked, begin: int | None) -> None:
        self._asked = asked
        self._next = begin

    def require(self, entries: Iterable[Opened]) -> None:
        """Refuse entries that do not fit, or do not follow the ones before.

        Raises:
            TamperedError: one does not fit, or one before it was left out.
        """
        for each in entries:
            self._asked.require_index(each.index)
            self._asked.require(each.entry, each.outline)
            if self._asked.is_whole and self._next not in {None, each.index}:
                raise TamperedError
            self._next = each.index + 1

    def finish(self, size: int) -> None:
        """Refuse an end before the end of the range.

        Args:
            size: of the log.

        Raises:
            TamperedError: entries were left out.
        """
        end = self._asked.end(size)
        if not self._asked.is_whole or end is None or self._next is None:
            return
        if self._next < end:
            raise TamperedError
