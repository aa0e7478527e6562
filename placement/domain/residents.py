"""Which groups the people placed in an area ever belonged to.

Looking around an area must cost what means something to the household that asks, and
not what stands there. So the people placed are found by their groups.

Invariants:
    * it holds too much and never too little: every affiliation and every SAME_AS link
      there ever was counts, and the rules weigh what is found;
    * it follows from the facts, cases and placements alone, in whatever order they came.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Protocol, TypeAlias

from placement.domain.facts import Affiliation, Case, Placement, SameAs
from placement.domain.terms import (
    AreaCode,
    CaseHandle,
    Day,
    FactId,
    GroupToken,
    SubjectId,
)

Belonged: TypeAlias = tuple[GroupToken, Day | None]
"""To which group somebody belonged, and since when; ``None`` when unknown."""

_NOBODY: Final[Mapping[Belonged, Collection[FactId]]] = {}
_Ids: TypeAlias = dict[FactId, None]


class Links(Protocol):
    """The SAME_AS links of a subject."""

    def of(self, key: SubjectId, /) -> Collection[SameAs]:
        """Return them, inert ones too."""


class Affiliations(Protocol):
    """The affiliations of a subject."""

    def of(self, key: SubjectId, /) -> Collection[Affiliation]:
        """Return them, inert ones too."""


class Stands(Protocol):
    """The placements that stand."""

    def of_case(self, case: CaseHandle) -> Collection[Placement]:
        """Return those of a case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What has to be known of a state.

    Attributes:
        affiliations: by subject.
        same_as: by either subject.
        cases: by handle.
        cases_of: by member of the household.
        stays: by case.
    """

    affiliations: Affiliations
    same_as: Links
    cases: Mapping[CaseHandle, Case]
    cases_of: Mapping[SubjectId, Mapping[CaseHandle, None]]
    stays: Stands


class Residents:
    """People placed, by area and group.

    Args:
        known: the indexes of the state, which changes before this is told.
    """

    def __init__(self, known: Known) -> None:
        self._known = known
        self._by_group: dict[AreaCode, dict[Belonged, _Ids]] = {}
        self._unassessed: dict[AreaCode, _Ids] = {}
        self._groups_of: dict[FactId, frozenset[Belonged]] = {}

    def in_area(self, code: AreaCode) -> Mapping[Belonged, Collection[FactId]]:
        """Return the placements in an area by what their people ever belonged to."""
        return self._by_group.get(code, _NOBODY)

    def unassessed(self, code: AreaCode) -> Collection[FactId]:
        """Return the placements in an area whose case no coordinator has assessed."""
        return self._unassessed.get(code, {})

    def placed(self, placement: Placement) -> None:
        """Follow a placement that came or changed."""
        key, code = placement.id, placement.area
        case = self._known.cases[placement.case]
        groups = frozenset[Belonged]() if placement.over else self._belonged(case)
        here = self._by_group.setdefault(code, {})
        before = self._groups_of.get(key, frozenset())
        for each in groups - before:
            here.setdefault(each, {})[key] = None
        for each in before - groups:
            del here[each][key]
            if not here[each]:
                del here[each]
        self._groups_of[key] = groups
        if placement.over:
            del self._groups_of[key]
        waiting = self._unassessed.setdefault(code, {})
        waiting.pop(key, None)
        if case.assessed_at is None and not placement.over:
            waiting[key] = None

    def changed(self, subjects: Iterable[SubjectId]) -> None:
        """Follow a new affiliation or SAME_AS link of some subjects."""
        for person in self.connected(subjects):
            for case in self._known.cases_of.get(person, ()):
                self.assessed(case)

    def assessed(self, case: CaseHandle) -> None:
        """Follow a case that was assessed."""
        for placement in self._known.stays.of_case(case):
            self.placed(placement)

    def connected(self, subjects: Iterable[SubjectId]) -> set[SubjectId]:
        """Close over every SAME_AS link that there ever was."""
        found = set(subjects)
        frontier = list(found)
        while frontier:
            for link in self._known.same_as.of(frontier.pop()):
                reached = {link.low, link.high} - found
                found |= reached
                frontier.extend(reached)
        return found

    def _belonged(self, case: Case) -> frozenset[Belonged]:
        return frozenset(self._belongings(case))

    def _belongings(self, case: Case) -> Iterator[Belonged]:
        for person in self.connected(case.members):
            for fact in self._known.affiliations.of(person):
                yield fact.group, fact.valid_from
