"""The facts as the oracle reads them: naively, one by one, from the text alone.

Every question walks over every fact; there is no index, no cache and no graph library,
and nothing of ``strength``, ``graph``, ``picture`` or ``rules`` is used, so that a
mistake there isn't repeated here.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from placement.domain.areas import Area
from placement.domain.facts import (
    Affiliation,
    Alliance,
    AnyFact,
    Attestation,
    Case,
    Facility,
    Faction,
    Placement,
    Presence,
    Rivalry,
    SameAs,
)
from placement.domain.terms import (
    AreaCode,
    Day,
    FacilityToken,
    Grade,
    GroupToken,
    Micros,
    PlacementState,
    SubjectId,
    Window,
)

_COOL_DOWN = 180
Step = Callable[[bytes], Iterable[bytes]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Everything that is known, as bare collections."""

    facts: tuple[AnyFact, ...]
    placements: tuple[Placement, ...]
    cases: tuple[Case, ...]
    facilities: tuple[Facility, ...]
    attestations: tuple[Attestation, ...]
    areas: Mapping[str, Area]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One question about one candidate."""

    case: Case
    area: AreaCode
    facility: FacilityToken | None
    window: Window
    now: Micros
    today: Day


def _spread(start: Iterable[bytes], step: Step) -> set[bytes]:
    """Return everything that steps lead to, the start included."""
    found = set(start)
    while True:
        more = {there for here in found for there in step(here)} - found
        if not more:
            return found
        found |= more


class Reading:
    """The facts of one strength: all firm ones, or all that count at all."""

    def __init__(self, known: Known, asked: Asked, *, firm: bool) -> None:
        self.known = known
        self.asked = asked
        self.firm = firm
        self.household = self.same(asked.case.members, firm=firm)
        self.excused = self.same(asked.case.members, firm=True)

    # Strength and time.

    def counts(self, fact: AnyFact, *, firm: bool) -> bool:
        """Look at everything but the validity."""
        if fact.retracted or fact.grade == Grade.DISCREDITED:
            return False
        late = fact.review_by is not None and fact.review_by < self.asked.today
        soft = fact.grade == Grade.WEAK or late or not fact.approved
        return not (firm and soft)

    def acts(self, fact: AnyFact) -> bool:
        """Look at the validity too; cooling down is soft."""
        if not self.counts(fact, firm=self.firm):
            return False
        window = self.asked.window
        begun = window.end is None or (
            fact.valid_from is None or fact.valid_from < window.end
        )
        if not begun:
            return False
        if fact.valid_to is None or fact.valid_to > window.start:
            return True
        return not self.firm and window.start < fact.valid_to + _COOL_DOWN

    def all(self, kind: type) -> Iterator:
        """Yield the acting facts of a kind."""
        for fact in self.known.facts:
            if isinstance(fact, kind) and self.acts(fact):
                yield fact

    # Persons.

    def same(self, members: Iterable[SubjectId], *, firm: bool) -> set[SubjectId]:
        """Close over SAME_AS, which has no valid time."""

        def step(subject: SubjectId) -> Iterator[SubjectId]:
            for fact in self.known.facts:
                linked = isinstance(fact, SameAs) and subject in (fact.low, fact.high)
                if linked and self.counts(fact, firm=firm):
                    yield from (fact.low, fact.high)

        return _spread(members, step)

    def affiliations(self, persons: Iterable[SubjectId]) -> list[Affiliation]:
        """Return affiliations, which act whatever their dates."""
        return [
            fact
            for fact in self.known.facts
            if isinstance(fact, Affiliation)
            and fact.subject in persons
            and self.counts(fact, firm=self.firm)
        ]

    # Groups.

    def up(self, group: GroupToken) -> set[GroupToken]:
        """Return the group and the ancestors whose rivalries it inherits."""
        return _spread(
            {group},
            lambda here: (
                link.parent
                for link in self.all(Faction)
                if link.child == here and link.inherits_rivalry
            ),
        )

    def ancestors(self, group: GroupToken) -> set[GroupToken]:
        """Return the group and all it is part of."""
        return _spread(
            {group},
            lambda here: (f.parent for f in self.all(Faction) if f.child == here),
        )

    def descendants(self, group: GroupToken) -> set[GroupToken]:
        """Return the group and all its parts."""
        return _spread(
            {group},
            lambda here: (f.child for f in self.all(Faction) if f.parent == here),
        )

    def family(self, group: GroupToken) -> set[GroupToken]:
        """Return the group, its ancestors and its descendants."""
        return self.ancestors(group) | self.descendants(group)

    def joined(
        self, these: set[GroupToken], those: set[GroupToken], severity: int
    ) -> bool:
        """Tell whether a rivalry of at least a severity joins two sets."""
        return any(
            fact.severity >= severity
            and (
                (fact.low in these and fact.high in those)
                or (fact.high in these and fact.low in those)
            )
            for fact in self.all(Rivalry)
        )

    def rivals(self, one: GroupToken, other: GroupToken, severity: int = 1) -> bool:
        """Tell whether two groups are rivals."""
        return self.joined(self.up(one), self.up(other), severity)

    def distant(self, one: GroupToken, other: GroupToken, severity: int = 1) -> bool:
        """Tell whether two groups are distant rivals."""
        return self.joined(
            self.up(one) | self.descendants(one),
            self.up(other) | self.descendants(other),
            severity,
        )

    def allies(self, group: GroupToken) -> set[GroupToken]:
        """Return the groups allied with a group."""
        pairs = [(fact.low, fact.high) for fact in self.all(Alliance)]
        return {b for a, b in pairs if a == group} | {a for a, b in pairs if b == group}

    # Splits.

    def splits(self) -> Iterator[Faction]:
        """Yield the links that end before the window's end."""
        end = self.asked.window.end
        for fact in self.known.facts:
            if isinstance(fact, Faction) and fact.valid_to is not None:
                ended = end is None or fact.valid_to < end
                if ended and self.counts(fact, firm=self.firm):
                    yield fact

    def settled(self, link: Faction) -> bool:
        """Tell whether they stand as rivals or allies from the split on, as its region says."""
        window = self.asked.window
        since = max(window.start, link.valid_to)
        for fact in self.known.facts:
            if isinstance(fact, Rivalry | Alliance) and self.counts(fact, firm=True):
                same = {fact.low, fact.high} == {link.child, link.parent}
                begun = fact.valid_from is None or fact.valid_from <= since
                lasts = fact.valid_to is None or (
                    window.end is not None and fact.valid_to >= window.end
                )
                later = fact.recorded_at > link.recorded_at
                own = fact.region == link.region and later
                if same and begun and lasts and own:
                    return True
        return False

    def own(self, mine: Affiliation) -> set[GroupToken]:
        """Return family, and what somebody there before a split keeps."""
        kept = [
            link
            for link in self.splits()
            if mine.valid_from is None or mine.valid_from < link.valid_to
        ]

        def up(here: GroupToken) -> Iterator[GroupToken]:
            yield from self.ancestors(here)
            yield from (link.parent for link in kept if link.child == here)

        def down(here: GroupToken) -> Iterator[GroupToken]:
            yield from self.descendants(here)
            yield from (link.child for link in kept if link.parent == here)

        return _spread({mine.group}, up) | _spread({mine.group}, down)

    def halves(self, mine: Affiliation) -> set[GroupToken]:
        """Return the other halves and their families, over any number of splits."""
        own = self.own(mine)
        links = [link for link in self.splits() if not self.settled(link)]

        def step(here: GroupToken) -> Iterator[GroupToken]:
            for link in links:
                if link.child == here:
                    yield from self.family(link.parent)
                if link.parent == here:
                    yield from self.family(link.child)

        return _spread(own, step) - own

    def sisters(self, group: GroupToken) -> set[GroupToken]:
        """Return the other factions of the same parents."""
        links = list(self.all(Faction))
        parents = {link.parent for link in links if link.child == group}
        return {link.child for link in links if link.parent in parents} - {group}

    # Places.

    def here(self, recorded: AreaCode, area: AreaCode) -> bool:
        """Tell whether two areas are one place, or one day will be."""
        return self._heir(recorded) == self._heir(area)

    def _heir(self, area: str) -> str:
        successor = self.known.areas[area].successor
        return area if successor is None else self._heir(successor)

    def unassessed(self, placement: Placement) -> bool:
        """Tell whether nobody has assessed who is placed."""
        (case,) = (c for c in self.known.cases if c.handle == placement.case)
        return case.assessed_at is None

    def present(self, area: AreaCode) -> Iterator[Presence]:
        """Yield the acting presences in an area."""
        return (fact for fact in self.all(Presence) if self.here(fact.area, area))

    def live(self) -> Iterator[tuple[Placement, set[SubjectId]]]:
        """Yield live placements that overlap the window, with who else is placed."""
        for placement, case in self._live():
            yield placement, self.same(case.members, firm=self.firm) - self.excused

    def named(self) -> Iterator[tuple[Placement, set[SubjectId], set[SubjectId]]]:
        """Yield those of other cases, with whom of the household they place, and the rest."""
        for placement, case in self._live():
            if case.handle != self.asked.case.handle:
                persons = self.same(case.members, firm=self.firm) & self.excused
                rest = self.household - self.same(case.members, firm=True)
                yield placement, persons, rest

    def _live(self) -> Iterator[tuple[Placement, Case]]:
        window = self.asked.window
        for placement in self.known.placements:
            if placement.state == PlacementState.HELD:
                live = self.asked.now < placement.expires_at
            else:
                live = placement.state == PlacementState.ACTIVE
            begins = window.end is None or placement.valid_from < window.end
            lasts = placement.valid_to is None or placement.valid_to > window.start
            if live and begins and lasts:
                (case,) = (c for c in self.known.cases if c.handle == placement.case)
                yield placement, case

    def house(self, token: FacilityToken | None) -> Facility | None:
        """Return a facility."""
        for facility in self.known.facilities:
            if facility.token == token:
                return facility
        return None
