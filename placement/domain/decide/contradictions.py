"""What contradicts what stands: a second link of one time, or a circle of factions.

Invariants:
    * of two groups, two links of one kind never hold on one day, nor do factions that
      make a group a part of itself;
    * what is retracted does not count, nor what waited in vain for its second person: it
      stays soft until it is proposed again, or another is recorded.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from math import inf

from placement.domain.decide.command import Moment
from placement.domain.decide.waiting import waiting_records
from placement.domain.facts import AnyFact, Faction, Link, pair_of
from placement.domain.state import State
from placement.domain.terms import FactId, GroupToken
from placement.errors import ConflictError


def refuse_contradictions(
    state: State, moment: Moment, facts: Iterable[AnyFact]
) -> None:
    """Refuse facts that can't be true beside what stands, or beside one another.

    Raises:
        ConflictError: there are such.
    """
    standing = _Standing(state, waiting_records(state, moment))
    for fact in facts:
        if isinstance(fact, Link):
            if standing.doubles(fact) or standing.closes(fact):
                raise ConflictError
            standing.new.append(fact)


def pair_in(state: State, link: Link) -> frozenset[GroupToken]:
    """Return the two groups that a link joins, as the graph has them."""
    return frozenset(map(state.merges.of, pair_of(link)))


@dataclass(frozen=True, slots=True)
class _Standing:
    """The links that count.

    Attributes:
        state: what stands.
        waiting: what waits for a second person.
        new: what is stated beside it.
    """

    state: State
    waiting: Collection[FactId]
    new: list[Link] = field(default_factory=list)

    def doubles(self, fact: Link) -> bool:
        """Tell whether a link of its kind joins the same two groups on one day."""
        pair = pair_in(self.state, fact)
        known = self._counting(self.state.graph.between(pair), fact)
        made = (link for link in self.new if pair_in(self.state, link) == pair)
        return any(
            type(link) is type(fact) and _overlap(link, fact)
            for link in (*known, *made)
        )

    def closes(self, fact: Link) -> bool:
        """Tell whether on some day a faction would be a part of itself.

        If there is such a day, there is one on which one of the links begins.
        """
        if not isinstance(fact, Faction):
            return False
        above = self._above(fact)
        begin, end = _span(fact)
        days = {
            begin,
            *(day for link in above if begin < (day := _span(link)[0]) < end),
        }
        return any(self._climbs(fact, above, day) for day in days)

    def _above(self, fact: Faction) -> list[Faction]:
        """Return the links that lead up from a faction's parent while it holds."""
        found: list[Faction] = []
        seen, left = set[GroupToken](), [self.state.merges.of(fact.parent)]
        while left:
            if (group := left.pop()) not in seen:
                seen.add(group)
                steps = [
                    link for link in self._steps(group, fact) if _overlap(link, fact)
                ]
                found += steps
                left += [self.state.merges.of(link.parent) for link in steps]
        return found

    def _steps(self, group: GroupToken, fact: Faction) -> Iterator[Faction]:
        of = self.state.merges.of
        known = self._counting(self.state.graph.parents(group), fact)
        for link in (*known, *self.new):
            if isinstance(link, Faction) and of(link.child) == group:
                yield link

    def _climbs(self, fact: Faction, above: Sequence[Faction], day: float) -> bool:
        """Tell whether links that hold on a day lead from the parent to the child."""
        of = self.state.merges.of
        reached = {of(fact.parent)}
        steps = [
            (of(link.child), of(link.parent))
            for link in above
            if _span(link)[0] <= day < _span(link)[1]
        ]
        for _ in steps:  # no way up has more
            reached |= {parent for child, parent in steps if child in reached}
        return of(fact.child) in reached

    def _counting(self, links: Iterable[Link], fact: Link) -> Iterator[Link]:
        """Leave out what is inert, and what a fact replaces."""
        replaced = _replaced(self.state, fact)
        for link in links:
            if link.retracted or link.id in replaced:
                continue
            if link.approved or link.id in self.waiting:
                yield link


def _replaced(state: State, fact: AnyFact) -> set[FactId]:
    """Return what a fact replaces, and what that replaced: it contradicts none of them."""
    found: set[FactId] = set()
    before = fact.replaces
    while before is not None and before in state.facts:
        found.add(before)
        before = state.facts[before].replaces
    return found


def _overlap(one: Link, other: Link) -> bool:
    """Tell whether two links hold on one day."""
    begin, end = _span(one)
    other_begin, other_end = _span(other)
    return begin < other_end and other_begin < end


def _span(link: Link) -> tuple[float, float]:
    """Return the days a link holds; unknown and open sides reach for ever."""
    begin = -inf if link.valid_from is None else link.valid_from
    return begin, inf if link.valid_to is None else link.valid_to
