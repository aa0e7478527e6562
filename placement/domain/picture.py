"""What one question sees: the household, its groups, who stands where.

A picture is read at one strength (see ``strength``): firmly, over the facts that may
give CONFLICT, or softly, over all that act. The rules read it and nothing else.
"""

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from functools import cached_property
from operator import attrgetter

from placement.domain.facts import Fact, Placement, Presence, Threat, Tie
from placement.domain.graph import Reach
from placement.domain.meetings import Belonging, Meeting, Named, Sighting
from placement.domain.phantoms import NOBODY, Found, Phantom, Phantoms
from placement.domain.relations import UNRELATED, Chain, Relation, joined
from placement.domain.ruleset import Ruleset
from placement.domain.state import State
from placement.domain.strength import Strength, Weigh, acting, standing
from placement.domain.terms import (
    AreaCode,
    CaseHandle,
    Day,
    FacilityToken,
    FactId,
    GroupToken,
    Micros,
    SubjectId,
    Window,
)

Persons = Mapping[SubjectId, Chain]


class Picture:
    """One question's view of a state at one strength.

    Args:
        state: what stands.
        ruleset: by which rules.
        members: the household's subjects.
        case: theirs.
        window: the days asked about.
        now: the instant, for holds.
        today: the day, for reviews.
        at_least: the strength.
        phantoms: who is placed beside those who are.
    """

    def __init__(
        self,
        state: State,
        ruleset: Ruleset,
        *,
        members: Iterable[SubjectId],
        case: CaseHandle,
        window: Window,
        now: Micros,
        today: Day,
        at_least: Strength,
        phantoms: Phantoms = NOBODY,
    ) -> None:
        self.state = state
        self.ruleset = ruleset
        self.window = window
        self._case = case
        self._now = now
        self._today = today
        self._at_least = at_least
        self._phantoms = phantoms
        self.persons: Persons = self._persons(members, at_least)
        self._excused = self._persons(members, Strength.FIRM)
        weigh = Weigh(window, today, ruleset.cool_down_days)
        self._view = state.graph.view(weigh, at_least)
        self._mine = tuple(self.belongings_of(self.persons))
        self._related = tuple(
            self._view.related(mine.group, mine.since) for mine in self._mine
        )
        self._means = tuple(each.relations for each in self._related)
        self._resident: dict[AreaCode, tuple[tuple[Placement, Persons], ...]] = {}

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
        links_of = self.state.same_as.of
        frontier = [subject for subject in found if links_of(subject)]
        while frontier:
            reached = []
            for subject in frontier:
                for link in links_of(subject):
                    other = link.high if link.low == subject else link.low
                    if other not in found and (standing(link, self._today) >= at_least):
                        found[other] = (*found[subject], link.id)
                        reached.append(other)
            frontier = reached
        return found

    def persons_of(self, members: Iterable[SubjectId]) -> Persons:
        """Return somebody else's persons, closed over SAME_AS links."""
        return self._persons(members, self._at_least)

    def belongings_of(self, persons: Persons) -> Iterator[Belonging]:
        """Yield what persons belong to."""
        for subject, chain in persons.items():
            for fact in self.state.affiliations.of(subject):
                if self._stands(fact):
                    yield Belonging.of(fact, chain)

    # Groups.

    def family(self, group: GroupToken) -> Reach:
        """Return a group's family."""
        return self._view.family(group)

    # Areas. A merged municipality's facts follow it into its successor.

    def presences(
        self, area: AreaCode, groups: AbstractSet[GroupToken]
    ) -> Iterator[Presence]:
        """Yield the acting presences of some groups in an area."""
        return filter(self.acts, self._recorded(area, groups))

    def _recorded(
        self, area: AreaCode, groups: AbstractSet[GroupToken]
    ) -> list[Presence]:
        """Return presences in one order, however they came to be known."""
        found: list[Presence] = []
        for code in self.ruleset.areas.lineage(area):
            here = self.state.presences.in_area(code)
            for group in here.keys() & groups:
                found += here[group].values()
        found.sort(key=attrgetter("id"))
        return found

    def located(self, subject: SubjectId, area: AreaCode) -> Iterator[Chain]:
        """Yield the acting facts that put a subject in an area."""
        lineage = self.ruleset.areas.lineage(area)
        for fact in self.state.located.of(subject):
            if fact.area in lineage and self.acts(fact):
                yield (fact.id,)

    def sightings(self, area: AreaCode) -> Iterator[Sighting]:
        """Yield the acting presences in an area that mean something."""
        for presence in self.presences(area, self._meaningful):
            for mine, relations in zip(self._mine, self._means, strict=True):
                relation = relations.get(presence.group)
                if relation is not None:
                    yield Sighting(presence, mine, relation)

    @cached_property
    def _meaningful(self) -> AbstractSet[GroupToken]:
        return joined([each.keys() for each in self._means])

    @cached_property
    def _loud(self) -> AbstractSet[GroupToken]:
        return frozenset().union(*(each.loud for each in self._related))

    @cached_property
    def _loud_areas(self) -> AbstractSet[AreaCode]:
        """Every code of a place where something is on record that reaches beyond it."""
        areas_of = self.state.presences.areas_of
        recorded = frozenset[AreaCode]().union(*map(areas_of, self._loud))
        return self.ruleset.areas.merged(recorded)

    def ringing(self, area: AreaCode) -> Iterable[AreaCode]:
        """Return what is near an area, but where nothing can reach into it (R9)."""
        near = self.ruleset.areas.near(area)
        if self.threats or self.ties:
            return near
        return filter(self._loud_areas.__contains__, near)

    # Placements: those of persons outside the household, but for who was named into it.

    def _residents(self, area: AreaCode) -> tuple[tuple[Placement, Persons], ...]:
        if area not in self._resident:
            self._resident[area] = tuple(self._reside(area))
        return self._resident[area]

    def _reside(self, area: AreaCode) -> Iterator[tuple[Placement, Persons]]:
        for code in self.ruleset.areas.lineage(area):
            yield from self._overlapping(self.state.stays.in_area(code))

    def _overlapping(
        self, placements: Iterable[Placement]
    ) -> Iterator[tuple[Placement, Persons]]:
        for placement in self._live(placements):
            yield placement, self._there(placement, excused=False)

    def _there(self, placement: Placement, *, excused: bool) -> Persons:
        """Return who of the household is placed, or who else is."""
        members = self.state.cases[placement.case].members
        return {
            subject: (placement.id, *chain)
            for subject, chain in self.persons_of(members).items()
            if (subject in self._excused) == excused
        }

    def _live(self, placements: Iterable[Placement]) -> Iterator[Placement]:
        overlaps, now = self.window.overlaps, self._now
        for each in placements:
            if each.live(now) and overlaps(each.valid_from, each.valid_to):
                yield each

    def placed(self, area: AreaCode) -> Persons:
        """Return who is placed in an area."""
        found: dict[SubjectId, Chain] = {}
        for _, persons in self._residents(area):
            for subject, chain in persons.items():
                found.setdefault(subject, chain)
        return found

    def unassessed(self, area: AreaCode) -> Iterator[Placement]:
        """Yield the placements in an area whose case no coordinator has assessed."""
        waiting = (
            self.state.placements[each]
            for code in self.ruleset.areas.lineage(area)
            for each in sorted(self.state.residents.unassessed(code))
        )
        for placement, persons in self._overlapping(waiting):
            if persons:
                yield placement

    def meetings(self, area: AreaCode) -> Iterator[Meeting]:
        """Yield the meetings with persons placed in an area."""
        met = tuple(self._met(area))
        yield from self._meet(self._overlapping(met))
        yield from self._meet_within(met)
        for found in self._phantoms_in(area):
            yield from self._meet_phantoms(found)

    def _met(self, area: AreaCode) -> Iterator[Placement]:
        """Yield the placements in an area whose people can mean something."""
        found: set[FactId] = set()
        around = self._around
        for code in self.ruleset.areas.lineage(area):
            here = self.state.residents.in_area(code)
            for group in here.keys() & around:
                for since, ids in here[group].items():
                    if self._is_related(group, since):
                        found.update(ids)
        return (self.state.placements[each] for each in sorted(found))

    def meetings_with(self, facility: FacilityToken) -> Iterator[Meeting]:
        """Yield the meetings in other houses of a facility's provider, wherever."""
        provider = self.state.facilities[facility].provider
        stays = self.state.stays.with_provider(provider)
        elsewhere = tuple(each for each in stays if each.facility != facility)
        yield from self._meet(self._overlapping(elsewhere))
        yield from self._meet_within(elsewhere)
        for meeting in self._meet_phantoms(self._phantoms.with_provider(provider)):
            if meeting.facility != facility:
                yield meeting

    # Phantoms: each is one person outside the household, of one group since ever.

    def _phantoms_in(self, area: AreaCode) -> Iterator[Found]:
        for code in self.ruleset.areas.lineage(area):
            yield self._phantoms.in_area(code)

    def phantoms_of(
        self, groups: AbstractSet[GroupToken], area: AreaCode
    ) -> Iterator[tuple[GroupToken, Phantom]]:
        """Yield the phantoms placed in an area that belong to one of some groups."""
        for found in self._phantoms_in(area):
            for group in sorted(found.keys() & groups):
                for phantom in self._acting(found[group]):
                    yield group, phantom

    def _acting(self, phantoms: Iterable[Phantom]) -> Iterator[Phantom]:
        firm = self._at_least is Strength.FIRM
        for phantom in phantoms:
            strong = phantom.firm or not firm
            if strong and phantom.acts(self.window, self._now):
                yield phantom

    def _meet_phantoms(self, found: Found) -> Iterator[Meeting]:
        for group in sorted(found.keys() & self._around):
            if not self._is_related(group, None):
                continue
            related = tuple(self._related_to(group, None))
            for phantom in self._acting(found[group]):
                stay = Belonging(group, None, (phantom.id,))
                for mine, ours, theirs in related:
                    yield Meeting(
                        mine, stay, phantom.facility, ours, theirs, phantom=True
                    )

    def _meet(
        self, residents: Iterable[tuple[Placement, Persons]]
    ) -> Iterator[Meeting]:
        for placement, persons in residents:
            for subject, chain in persons.items():
                for fact in self.state.affiliations.of(subject):
                    if self._stands(fact):
                        stay = Belonging.of(fact, chain)
                        for mine, ours, theirs in self._related_to(
                            stay.group, stay.since
                        ):
                            yield Meeting(mine, stay, placement.facility, ours, theirs)

    def _meet_within(self, placements: Iterable[Placement]) -> Iterator[Meeting]:
        """Yield the meetings with members who were placed in another case without them."""
        for named in self._named(placements):
            one = {named.subject: named.chain}
            for meeting in self._meet([(named.placement, one)]):
                if meeting.mine.subject in named.others:
                    yield meeting._replace(within=True)

    def named(self, area: AreaCode) -> Iterator[Named]:
        """Yield the members of the household who are placed in an area in another case."""
        for code in self.ruleset.areas.lineage(area):
            yield from self._named(self.state.stays.in_area(code))

    def _named(self, placements: Iterable[Placement]) -> Iterator[Named]:
        for placement in self._live(placements):
            members = self.state.cases[placement.case].members
            # Most have nobody of the household, and then nobody whom a link leads to.
            if placement.case != self._case and not self.persons.keys().isdisjoint(
                members
            ):
                apart = self.persons.keys() - self._persons(members, Strength.FIRM)
                for subject, chain in self._there(placement, excused=True).items():
                    yield Named(placement, subject, chain, apart - {subject})

    @cached_property
    def _around(self) -> AbstractSet[GroupToken]:
        """Every group that can mean something to the household."""
        around = self.state.graph.around
        return joined([around(mine.group) for mine in self._mine])

    @cached_property
    def _own(self) -> frozenset[GroupToken]:
        return frozenset(mine.group for mine in self._mine)

    def _is_related(self, group: GroupToken, since: Day | None) -> bool:
        """Tell whether an affiliation means something to the household, or the reverse.

        Most people mean nothing to one another.
        """
        if group in self._meaningful:
            return True
        return not self._view.relations(group, since).keys().isdisjoint(self._own)

    def _related_to(
        self, group: GroupToken, since: Day | None
    ) -> Iterator[tuple[Belonging, Relation, Relation]]:
        """Yield what an affiliation means to the household, and the reverse."""
        to_them = self._view.relations(group, since)
        for mine, to_us in zip(self._mine, self._means, strict=True):
            ours = to_us.get(group, UNRELATED)
            theirs = to_them.get(mine.group, UNRELATED)
            if ours is not UNRELATED or theirs is not UNRELATED:
                yield mine, ours, theirs

    # Threats and ties.

    @cached_property
    def ties(self) -> tuple[tuple[Tie, Chain], ...]:
        """Return the household's acting ties."""
        return tuple(
            (tie, (*chain, tie.id))
            for subject, chain in self.persons.items()
            for tie in self.state.ties.of(subject)
            if self.acts(tie)
        )

    @cached_property
    def threats(self) -> tuple[tuple[Threat, Chain], ...]:
        """Return the acting threats against the household."""
        return tuple(
            (threat, (*chain, threat.id))
            for subject, chain in self.persons.items()
            for threat in self.state.threats_against.of(subject)
            if self.acts(threat)
        )

    @cached_property
    def own_threats(self) -> tuple[tuple[Threat, Chain], ...]:
        """Return the acting threats by the household, its groups and their families."""
        sources: dict[SubjectId | GroupToken, Chain] = dict(self.persons.items())
        for mine in self._mine:
            for group, chain in self.family(mine.group).items():
                sources.setdefault(group, (*mine.chain, *chain))
        return tuple(
            (threat, (*chain, threat.id))
            for source, chain in sources.items()
            for threat in self.state.threats_by.of(source)
            if self.acts(threat)
        )
