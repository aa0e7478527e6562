"""Where affiliations are found: by their subjects and groups, as the merges resolve them.

Invariants:
    * what is found equals what an index of all affiliations would have;
    * what was made of rows is kept until any row changes, or the groups of a subject.
"""

from abc import abstractmethod
from collections.abc import Collection, Iterable, Iterator, KeysView, Mapping
from typing import Final, cast

from placement.domain.facts import Affiliation
from placement.domain.indexing import Index, Key
from placement.domain.merges import Merges
from placement.domain.roll import Roll
from placement.domain.terms import FactId, GroupToken, SubjectId

_KEPT: Final = 4_096  # subjects


class _Enrolled(Index[Key, Affiliation]):
    """An index over rows; it holds only what is in none.

    Args:
        roll: the rows.
        merges: which groups are one.
    """

    def __init__(self, roll: Roll, merges: Merges) -> None:
        super().__init__()
        self._roll = roll
        self._merges = merges

    @abstractmethod
    def _rows(self, key: Key) -> Iterable[int]:
        """Return the rows under a key."""

    @abstractmethod
    def each(self) -> Iterator[Key]:
        """Yield each key that has entries, once."""

    def put(self, key: Key, entry_id: FactId, entry: Affiliation) -> None:
        """Add what is in no row."""
        if self._roll.find(entry_id) < 0:
            super().put(key, entry_id, entry)

    def drop(self, key: Key, entry_id: FactId) -> None:
        """Take out what was in no row."""
        if entry_id in self._by_key.get(key, {}):
            super().drop(key, entry_id)

    def of(self, key: Key) -> Collection[Affiliation]:
        """Return the affiliations under a key."""
        facts = map(self._merges.resolved, map(self._roll.fact, self._rows(key)))
        return (*cast("Iterator[Affiliation]", facts), *super().of(key))

    def entries(self) -> Mapping[Key, dict[FactId, Affiliation]]:
        """Return what an index of all affiliations would hold."""
        return _Entries(self)

    def keys(self) -> KeysView[Key]:
        """Return the keys that have entries."""
        return self.entries().keys()


class _Entries(Mapping[Key, dict[FactId, Affiliation]]):
    def __init__(self, index: _Enrolled[Key]) -> None:
        self._index = index

    def __getitem__(self, key: Key) -> dict[FactId, Affiliation]:
        if found := self._index.of(key):
            return {each.id: each for each in found}
        raise KeyError

    def __iter__(self) -> Iterator[Key]:
        return self._index.each()

    def __len__(self) -> int:
        return sum(1 for _ in self)


class BySubject(_Enrolled[SubjectId]):
    """Affiliations by subject."""

    def __init__(self, roll: Roll, merges: Merges) -> None:
        super().__init__(roll, merges)
        self._made: dict[SubjectId, Collection[Affiliation]] = {}
        self._version = roll.version

    def _rows(self, key: SubjectId) -> Iterable[int]:
        return self._roll.of(key)

    def each(self) -> Iterator[SubjectId]:
        """Yield each subject once."""
        rows = self._roll.subjects
        yield from map(SubjectId, rows)
        yield from (key for key in self._by_key if rows.find(key) < 0)

    def put(self, key: SubjectId, entry_id: FactId, entry: Affiliation) -> None:
        """Follow a row whose group was merged, or add what is in none."""
        self._made.pop(key, None)
        super().put(key, entry_id, entry)

    def drop(self, key: SubjectId, entry_id: FactId) -> None:
        """Take out what was in no row."""
        self._made.pop(key, None)
        super().drop(key, entry_id)

    def of(self, key: SubjectId) -> Collection[Affiliation]:
        """Return the affiliations of a subject."""
        if self._version != self._roll.version or len(self._made) >= _KEPT:
            self._version = self._roll.version
            self._made.clear()
        made = self._made.get(key)
        if made is None:
            made = self._made[key] = super().of(key)
        return made


class ByGroup(_Enrolled[GroupToken]):
    """Affiliations by the token that stands for their group."""

    def _rows(self, key: GroupToken) -> Iterable[int]:
        if self._merges.of(key) != key:
            return ()
        return self._roll.of_groups(self._merges.with_(key))

    def each(self) -> Iterator[GroupToken]:
        """Yield each group once."""
        tokens = {self._merges.of(each) for each in self._roll.groups.items}
        yield from (each for each in tokens | self._by_key.keys() if self.of(each))
