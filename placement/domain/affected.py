"""From what a change touched to the placements that have to be weighed again.

Cost grows with those, not with all: everything is found by an index.
"""

from collections.abc import Iterable, Iterator

from placement.domain.agenda import Touch
from placement.domain.facts import Placement
from placement.domain.ruleset import Ruleset
from placement.domain.state import State
from placement.domain.terms import (
    AreaCode,
    CaseHandle,
    Day,
    FactId,
    GroupToken,
    SubjectId,
    Verdict,
)
from placement.domain.touched import by_fact, by_placement

_LINK_STEPS = 1  # a rivalry or alliance reaches allies of rivals, and rivals of allies
_KIN_STEPS = 2  # a faction moves whole families, with both their sides


def affected(state: State, ruleset: Ruleset, touch: Touch) -> list[FactId]:
    """Return the placements whose verdict a touch can alter, in order."""
    if touch.everything:
        return state.stays.standing()
    return sorted(set(_Reach(state, ruleset).of(touch)))


def has_kin(state: State, ruleset: Ruleset, touch: Touch) -> bool:
    """Tell whether anybody on record belongs to families that a touch moves.

    Or is threatened by one of them. Nobody has to be placed, or to have a case: one may
    be opened tomorrow.
    """
    return bool(_Reach(state, ruleset).kin(touch))


class _Reach:
    """Looks around in a state."""

    def __init__(self, state: State, ruleset: Ruleset) -> None:
        self._state = state
        self._areas = ruleset.areas
        self._ruleset = ruleset

    def of(self, touch: Touch) -> Iterator[FactId]:
        """Yield ids of placements, some more than once."""
        persons = self._state.residents.connected(touch.subjects)
        cases = {*self._cases(persons), *touch.cases}
        yield from self._around(self._of_cases(cases))
        threatened = self._state.residents.connected(self._threatened_by(persons))
        yield from (each.id for each in self._of_cases(self._cases(threatened)))
        # What was merged since is found under the token that stands for it now.
        of, close_to = self._state.merges.of, self._state.graph.close_to
        groups = close_to(map(of, touch.groups), _LINK_STEPS)
        groups |= close_to(map(of, touch.kin), _KIN_STEPS)
        yield from (each.id for each in self._of_cases(self._cases_of_groups(groups)))
        yield from (each.id for each in self._in_areas(touch))
        for provider in touch.providers:
            for each in self._state.stays.with_provider(provider):
                yield each.id
        if touch.first_day is not None and touch.last_day is not None:
            for day in range(touch.first_day, touch.last_day + 1):
                yield from self._on(Day(day))

    def _threatened_by(
        self, sources: Iterable[SubjectId] | Iterable[GroupToken]
    ) -> Iterator[SubjectId]:
        for source in sources:
            for threat in self._state.threats_by.of(source):
                yield threat.target

    def _cases(self, persons: Iterable[SubjectId]) -> Iterator[CaseHandle]:
        for person in persons:
            yield from self._state.cases_of.get(person, ())

    def _of_cases(self, cases: Iterable[CaseHandle]) -> Iterator[Placement]:
        for case in cases:
            yield from self._state.stays.of_case(case)

    def kin(self, touch: Touch) -> set[SubjectId]:
        """Return whoever belongs to families that a touch moves, or is threatened."""
        groups = map(self._state.merges.of, touch.kin)
        return self._of_groups(self._state.graph.close_to(groups, _KIN_STEPS))

    def _of_groups(self, groups: Iterable[GroupToken]) -> set[SubjectId]:
        """Return members, and whom one of the groups threatens."""
        subjects = set(self._threatened_by(groups))
        for group in groups:
            subjects.update(each.subject for each in self._state.members.of(group))
        return subjects

    def _cases_of_groups(self, groups: Iterable[GroupToken]) -> set[CaseHandle]:
        """Return the cases of members, and of whom one of the groups threatens."""
        return set(
            self._cases(self._state.residents.connected(self._of_groups(groups)))
        )

    def _around(self, placements: Iterable[Placement]) -> Iterator[FactId]:
        """Yield placements and whatever stands where they do."""
        for placement in placements:
            yield placement.id
            touch = by_placement(placement, self._state.facilities)
            yield from (each.id for each in self._in_areas(touch))
            for provider in touch.providers:
                for each in self._state.stays.with_provider(provider):
                    yield each.id

    def _in_areas(self, touch: Touch) -> Iterator[Placement]:
        places = {*self._lineages(touch.places), *self._near(touch.areas)}
        for code in places:
            yield from self._state.stays.in_area(code)
        for code in self._near(touch.covered):
            for each in self._state.stays.in_area(code):
                if each.verdict in (None, Verdict.UNKNOWN):
                    yield each

    def _lineages(self, codes: Iterable[AreaCode]) -> Iterator[AreaCode]:
        for code in codes:
            yield from self._areas.lineage(code)

    def _near(self, codes: Iterable[AreaCode]) -> set[AreaCode]:
        """Return areas and what is near, each with what it merged from and into."""
        here = set(self._lineages(codes))
        near = {code for each in here for code in self._areas[each].near}
        return here | set(self._lineages(near))

    def _on(self, day: Day) -> Iterator[FactId]:
        """Yield what the date of a day changes."""
        turned = any(
            day in (each.valid_from, each.valid_to) for each in self._areas.values()
        )
        if turned:  # a municipality merged: what is near, and who covers it, moved
            yield from self._state.stays.standing()
            return
        cool_down, ahead = self._ruleset.cool_down_days, self._ruleset.ahead_days
        for key in self._state.calendar.turning(day, cool_down, ahead):
            if key in self._state.facts:
                yield from self.of(by_fact(self._state.facts[key]))
            elif key in self._state.placements:  # what was erased turns no more
                placement = self._state.placements[key]
                yield from self.of(by_placement(placement, self._state.facilities))
        yield from self._uncovered(day)

    def _uncovered(self, day: Day) -> Iterator[FactId]:
        """Yield whoever is placed where a picture becomes too old on a day."""
        reviewed = day - self._ruleset.coverage_days - 1
        for attestation in self._state.attestations.values():
            if attestation.reviewed_on == reviewed:
                for code in self._near(attestation.areas):
                    yield from (each.id for each in self._state.stays.in_area(code))
