"""What one question sees: the household, its groups, who stands where.

A picture is read at one strength (see ``strength``): firmly, over the facts that may
give CONFLICT, or softly, over all that act. The rules read it and nothing else.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from placement.domain.facts import Affiliation, Fact, Placement, Presence, Threat
from placement.domain.graph import (
    UNRELATED,
    Chain,
    Reach,
    Relation,
    Weigh,
)
from placement.domain.ruleset import Ruleset
from placement.domain.state import State
from placement.domain.strength import Strength, acting, standing
from placement.domain.terms import (
    AreaCode,
    Day,
    FacilityToken,
    GroupToken,
    Micros,
    SubjectId,
    Window,
)

Persons = Mapping[SubjectId, Chain]


@dataclass(frozen=True, slots=True, kw_only=True)
class Belonging:
    """A person's affiliation as a chain: to whom, since when, resting on what.

    Attributes:
        group: with which group.
        since: first day; ``None`` when unknown.
        chain: the SAME_AS links and the affiliation.
    """

    group: GroupToken
    since: Day | None
    chain: Chain


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """A group stands in an area through somebody placed there.

    Attributes:
        belonging: the placed person's affiliation.
        facility: the house, or ``None``.
        chain: the placement and what the affiliation rests on.
    """

    belonging: Belonging
    facility: FacilityToken | None
    chain: Chain


class Picture:
    """One question's view of a state at one strength.

    Args:
        state: what stands.
        ruleset: by which rules.
        members: the household's subjects.
        window: the days asked about.
        now: the instant, for holds.
        today: the day, for reviews.
        at_least: the strength.
    """

    def __init__(
        self,
        state: State,
        ruleset: Ruleset,
        *,
        members: Iterable[SubjectId],
        window: Window,
        now: Micros,
        today: Day,
        at_least: Strength,
    ) -> None:
        self.state = state
        self.ruleset = ruleset
        self.window = window
        self._now = now
        self._today = today
        self._at_least = at_least
        self.persons: Persons = self._persons(members, at_least)
        self._excused = self._persons(members, Strength.FIRM)
        weigh = Weigh(window, today, ruleset.cool_down_days)
        self.view = state.graph.view(weigh, at_least)
        self.belongings = tuple(self._belongings(self.persons))

    def acts(self, fact: Fact) -> bool:
        """Tell whether a dated fact counts here."""
        weight = acting(fact, self.window, self._today, self.ruleset.cool_down_days)
        return weight >= self._at_least

    def _stands(self, fact: Fact) -> bool:
        return standing(fact, self._today) >= self._at_least

    def _persons(
        self, members: Iterable[SubjectId], at_least: Strength
    ) -> dict[SubjectId, Chain]:
        """Close a household over SAME_AS links; shortest chains first."""
        found: dict[SubjectId, Chain] = dict.fromkeys(members, ())
        frontier = list(found)
        while frontier:
            reached = []
            for subject in frontier:
                for link in self.state.same_as.of(subject):
                    other = link.high if link.low == subject else link.low
                    if other not in found and (standing(link, self._today) >= at_least):
                        found[other] = (*found[subject], link.id)
                        reached.append(other)
            frontier = reached
        return found

    def persons_of(self, members: Iterable[SubjectId]) -> Persons:
        """Return somebody else's persons, closed over SAME_AS links."""
        return self._persons(members, self._at_least)

    def _belongings(self, persons: Persons) -> Iterator[Belonging]:
        for subject, chain in persons.items():
            for fact in self.state.affiliations.of(subject):
                if self._stands(fact):
                    yield _belonging(fact, chain)

    # Groups.

    def related(self, belonging: Belonging, group: GroupToken) -> Relation:
        """Return what a group means to somebody."""
        relations = self.view.relations(belonging.group, belonging.since)
        return relations.get(group, UNRELATED)

    def family(self, group: GroupToken) -> Reach:
        """Return a group's family."""
        return self.view.family(group)

    @cached_property
    def kin(self) -> Reach:
        """Return the household's groups and their families."""
        found: Reach = {}
        for belonging in self.belongings:
            for group, chain in self.family(belonging.group).items():
                found.setdefault(group, (*belonging.chain, *chain))
        return found

    # Areas. A merged municipality's facts follow it into its successor.

    def presences(self, area: AreaCode) -> Iterator[Presence]:
        """Yield the acting presences in an area."""
        for code in self.ruleset.areas.lineage(area):
            for presence in self.state.presences.of(code):
                if self.acts(presence):
                    yield presence

    def located(self, subject: SubjectId, area: AreaCode) -> Iterator[Chain]:
        """Yield the acting facts that put a subject in an area."""
        lineage = self.ruleset.areas.lineage(area)
        for fact in self.state.located.of(subject):
            if fact.area in lineage and self.acts(fact):
                yield (fact.id,)

    def placements(self, area: AreaCode) -> Iterator[Placement]:
        """Yield the live placements in an area that overlap the window."""
        for code in self.ruleset.areas.lineage(area):
            yield from self._overlapping(self.state.stays.of(code))

    def _overlapping(self, placements: Iterable[Placement]) -> Iterator[Placement]:
        for placement in placements:
            if placement.live(self._now) and self.window.overlaps(
                placement.valid_from, placement.valid_to
            ):
                yield placement

    def placed(self, placement: Placement) -> Persons:
        """Return the persons of a placement outside the household."""
        members = self.state.cases[placement.case].members
        persons = self.persons_of(members)
        return {
            subject: (placement.id, *chain)
            for subject, chain in persons.items()
            if subject not in self._excused
        }

    def stays(self, area: AreaCode) -> Iterator[Stay]:
        """Yield the groups that stand in an area through somebody placed there."""
        for placement in self.placements(area):
            yield from self._stays(placement)

    def stays_with(self, facility: FacilityToken) -> Iterator[Stay]:
        """Yield the groups in other houses of a facility's provider, wherever."""
        provider = self.state.facilities[facility].provider
        for placement in self._overlapping(self.state.houses.of(provider)):
            if placement.facility != facility:
                yield from self._stays(placement)

    def _stays(self, placement: Placement) -> Iterator[Stay]:
        for belonging in self._belongings(self.placed(placement)):
            yield Stay(
                belonging=belonging,
                facility=placement.facility,
                chain=belonging.chain,
            )

    # Threats.

    def threats_against(self, persons: Persons) -> Iterator[tuple[Threat, Chain]]:
        """Yield the acting threats against persons."""
        for subject, chain in persons.items():
            for threat in self.state.threats_against.of(subject):
                if self.acts(threat):
                    yield threat, (*chain, threat.id)


def _belonging(fact: Affiliation, chain: Chain) -> Belonging:
    return Belonging(group=fact.group, since=fact.valid_from, chain=(*chain, fact.id))
