"""What contradicts what its region says: a link twice at a time, a circle of factions.

Invariants:
    * nothing that another region says keeps a region from saying what it knows: no link,
      nor that two names are one group;
    * of two groups, a region states no two links of one kind that hold on one day, nor
      factions that make a group a part of itself; two names that become one group, or a
      change that nobody approved in time, may leave some;
    * what counts for nothing contradicts nothing: the retracted, the discredited, and
      what waited in vain for its second person.
"""

from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from math import inf

from placement.domain.decide.command import Moment
from placement.domain.decide.waiting import waiting_records
from placement.domain.facts import AnyFact, Faction, Link, pair_of
from placement.domain.merges import ChiefOf
from placement.domain.state import State
from placement.domain.terms import FactId, Grade, GroupToken
from placement.errors import ConflictError


def refuse_contradictions(
    state: State,
    moment: Moment,
    facts: Iterable[AnyFact],
    without: Collection[FactId] = (),
) -> None:
    """Refuse facts that can't be true beside what their region says, or one another.

    Args:
        state: what stands.
        moment: when.
        facts: what is stated.
        without: what will count for nothing once they are.

    Raises:
        ConflictError: there are such.
    """
    standing = Standing.of(state, moment, without)
    for fact in facts:
        standing.refuse(fact)
        standing.add(fact)


def pair_in(state: State, link: Link) -> frozenset[GroupToken]:
    """Return the two groups that a link joins, as the graph has them."""
    return _pair(state.merges.of, link)


@dataclass(frozen=True, slots=True)
class Standing:
    """The links that count.

    Attributes:
        state: what stands.
        waiting: what waits for a second person.
        without: what counts for nothing all the same.
        joined: what is stated beside it, by its region and the groups that it joins.
        parents: the factions of that, by their region and the part.
    """

    state: State
    waiting: Collection[FactId]
    without: Collection[FactId]
    joined: dict[tuple[str, frozenset[GroupToken]], list[Link]] = field(
        default_factory=dict
    )
    parents: dict[tuple[str, GroupToken], list[Faction]] = field(default_factory=dict)

    @classmethod
    def of(
        cls, state: State, moment: Moment, without: Collection[FactId] = ()
    ) -> "Standing":
        """Return what counts now, but for some."""
        return cls(state, waiting_records(state, moment), frozenset(without))

    def refuse(self, fact: AnyFact) -> None:
        """Refuse a fact that contradicts what counts.

        Raises:
            ConflictError: it does.
        """
        if not isinstance(fact, Link) or fact.grade is Grade.DISCREDITED:
            return
        if not self.says(fact) and (self.doubles(fact) or self.closes(fact)):
            raise ConflictError

    def add(self, fact: AnyFact) -> None:
        """Let a fact count, if it can contradict others."""
        if not isinstance(fact, Link) or fact.grade is Grade.DISCREDITED:
            return
        own = self._own(fact)
        self.joined.setdefault((fact.region, _pair(own, fact)), []).append(fact)
        if isinstance(fact, Faction):
            self.parents.setdefault((fact.region, own(fact.child)), []).append(fact)

    def says(self, fact: Link) -> bool:
        """Tell whether what a fact replaces says the same of its days, and counts.

        It is of the same kind.
        """
        before = None if fact.replaces is None else self.state.facts.get(fact.replaces)
        if not isinstance(before, Link) or not self._counts(before):
            return False
        if not _are_alike(self._own(fact), before, fact):
            return False
        (begin, end), (known_begin, known_end) = _span(fact), _span(before)
        return known_begin <= begin and end <= known_end

    def doubles(self, fact: Link) -> bool:
        """Tell whether a link of its kind joins the same two groups on one day."""
        own = self._own(fact)
        pair = _pair(own, fact)
        links = self.state.graph.between(pair_in(self.state, fact))
        known = (
            each for each in self._counting(links, fact) if _pair(own, each) == pair
        )
        return any(
            type(link) is type(fact) and _overlap(link, fact)
            for link in (*known, *self.joined.get((fact.region, pair), ()))
        )

    def closes(self, fact: Link) -> bool:
        """Tell whether on some day a faction would be a part of itself.

        If there is such a day, there is one on which one of the links begins. Days are
        bits: whom one climbs to keeps those on which all steps hold.
        """
        if not isinstance(fact, Faction):
            return False
        above, of = self._above(fact), self._own(fact)
        begin, end = _span(fact)
        starts = (_span(link)[0] for links in above.values() for link in links)
        days = sorted({begin, *(day for day in starts if begin < day < end)})
        bottom = of(fact.parent)
        reached, left = {bottom: (1 << len(days)) - 1}, [bottom]
        while left:
            group = left.pop()
            found: dict[GroupToken, int] = {}
            for link in above.get(group, ()):
                parent = of(link.parent)
                steps = reached[group] & _bits(link, days)
                found[parent] = found.get(parent, reached.get(parent, 0)) | steps
            more = [each for each in found if found[each] != reached.get(each, 0)]
            reached |= found
            left += more
        return reached.get(of(fact.child), 0) > 0

    def _above(self, fact: Faction) -> dict[GroupToken, list[Faction]]:
        """Return by part the links that lead up from a faction's parent while it holds.

        Nothing if they never lead to the faction.
        """
        of = self._own(fact)
        found: dict[GroupToken, list[Faction]] = {}
        left = [of(fact.parent)]
        while left:
            if (group := left.pop()) not in found:
                links = self.state.graph.parents(self.state.merges.of(group))
                steps = (
                    *self._counting(links, fact),
                    *self.parents.get((fact.region, group), ()),
                )
                found[group] = [
                    link
                    for link in steps
                    if isinstance(link, Faction)
                    and of(link.child) == group
                    and _overlap(link, fact)
                ]
                left += [of(link.parent) for link in found[group]]
        return found if of(fact.child) in found else {}

    def _counting(self, links: Iterable[Link], fact: Link) -> Iterator[Link]:
        """Leave out what is inert, of another region, or what a fact replaces."""
        replaced = _replaced(self.state, fact)
        for link in self._as_recorded(links):
            is_other = link.region == fact.region and link.id not in replaced
            if is_other and self._counts(link):
                yield link

    def _as_recorded(self, links: Iterable[Link]) -> Iterator[Link]:
        """Yield links of the graph by the names that were said."""
        facts = (self.state.facts[link.id] for link in links)
        return (fact for fact in facts if isinstance(fact, Link))

    def _own(self, fact: Link) -> ChiefOf:
        """Return what stands for a group to a fact's region."""
        return self.state.merges.said_by(fact.region)

    def _counts(self, link: Link) -> bool:
        inert = link.retracted or link.grade is Grade.DISCREDITED
        if inert or link.id in self.without:
            return False
        return link.approved or link.id in self.waiting


def _pair(of: ChiefOf, link: Link) -> frozenset[GroupToken]:
    return frozenset(map(of, pair_of(link)))


def _are_alike(of: ChiefOf, one: Link, other: Link) -> bool:
    """Tell whether two links of one kind join the same; of factions, the same part."""
    parts = {of(each.child) for each in (one, other) if isinstance(each, Faction)}
    return len(parts) <= 1 and _pair(of, one) == _pair(of, other)


def _replaced(state: State, fact: AnyFact) -> set[FactId]:
    """Return what a fact replaces, and what that replaced: it contradicts none of them."""
    found: set[FactId] = set()
    before = fact.replaces
    while before is not None and before in state.facts:
        found.add(before)
        before = state.facts[before].replaces
    return found


def _bits(link: Link, days: Sequence[float]) -> int:
    """Return on which of some days, in order, a link holds."""
    first, last = (bisect_left(days, day) for day in _span(link))
    return (1 << last) - (1 << first)


def _overlap(one: Link, other: Link) -> bool:
    """Tell whether two links hold on one day."""
    begin, end = _span(one)
    other_begin, other_end = _span(other)
    return max(begin, other_begin) < min(end, other_end)


def _span(link: Link) -> tuple[float, float]:
    """Return the days a link holds; unknown and open sides reach for ever."""
    begin = -inf if link.valid_from is None else link.valid_from
    return begin, inf if link.valid_to is None else link.valid_to
