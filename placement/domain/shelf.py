"""Every graded fact by id: affiliations in rows, all others as they are.

Invariants:
    * what is asked for equals what was put;
    * a fact stands in one of both, and what can't be a row is not lost, but takes more.
"""

from collections.abc import Collection, Iterator, MutableMapping

from placement.domain.facts import Affiliation, AnyFact
from placement.domain.merges import names_any
from placement.domain.roll import Roll
from placement.domain.terms import FactId, GroupToken


class Shelf(MutableMapping[FactId, AnyFact]):
    """All facts.

    Args:
        roll: where affiliations are put.

    Attributes:
        roll: the same.
        others: what is not there.
    """

    def __init__(self, roll: Roll) -> None:
        self.roll = roll
        self.others: MutableMapping[FactId, AnyFact] = {}

    def __getitem__(self, key: FactId) -> AnyFact:
        """Return a fact."""
        fact = self.others.get(key)
        if fact is not None:
            return fact
        row = self.roll.find(key)
        if row < 0:
            raise KeyError
        return self.roll.fact(row)

    def __contains__(self, key: object) -> bool:
        """Tell whether there is such a fact."""
        if key in self.others:
            return True
        return isinstance(key, bytes) and self.roll.find(key) >= 0

    def __setitem__(self, key: FactId, fact: AnyFact) -> None:
        """Put a fact, or its newer form.

        Raises:
            KeyError: the older form stands in a row that can't hold the newer one.
        """
        rowed = self.roll.find(key) >= 0
        fits = isinstance(fact, Affiliation) and key not in self.others
        if isinstance(fact, Affiliation) and fits and (rowed or self.roll.fits(fact)):
            self.roll.put(fact)
        elif rowed:
            raise KeyError
        else:
            self.others[key] = fact

    def __delitem__(self, key: FactId) -> None:
        """Take a fact out."""
        row = self.roll.find(key)
        if row < 0:
            del self.others[key]
        else:
            self.roll.blank(row)

    def __iter__(self) -> Iterator[FactId]:
        """Yield the ids: rows first, each as they were recorded."""
        others = self.others
        ids = map(self.roll.id, self.roll.rows())
        yield from (key for key in ids if key not in others)
        yield from others

    def __len__(self) -> int:
        """Return how many facts there are."""
        return len(self.roll) + len(self.others)

    def naming(self, groups: Collection[GroupToken]) -> list[AnyFact]:
        """Return the facts that name one of some groups."""
        rows = self.roll.of_groups(groups)
        keys = (key for key in map(self.roll.id, rows) if key not in self.others)
        others = (fact for fact in self.others.values() if names_any(fact, groups))
        return [*(self[key] for key in keys), *others]
