"""Which groups the people placed in an area ever belonged to.

Looking around an area must cost what means something to the household that asks, and
not what stands there. So the people placed are found by their groups.

Invariants:
    * it holds too much and never too little: every affiliation and every SAME_AS link
      there ever was counts, and the rules weigh what is found;
    * it follows from the facts, cases and placements alone, in whatever order they came.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
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

_Ids: TypeAlias = dict[FactId, None]
_Here: TypeAlias = dict[GroupToken, dict[Day | None, _Ids]]
_NOBODY: Final[_Here] = {}

ByGroup: TypeAlias = Mapping[GroupToken, Mapping[Day | None, Collection[FactId]]]
"""Placements in one area by what their people ever belonged to, and since when."""


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


class Known(Protocol):
    """What has to be known of a state."""

    @property
    def affiliations(self) -> Affiliations:
        """By subject."""

    @property
    def same_as(self) -> Links:
        """By either subject."""

    @property
    def cases(self) -> Mapping[CaseHandle, Case]:
        """By handle."""

    @property
    def cases_of(self) -> Mapping[SubjectId, Mapping[CaseHandle, None]]:
        """By member of the household."""

    @property
    def stays(self) -> Stands:
        """By case."""


class Residents:
    """People placed, by area and group.

    Args:
        known: the indexes of the state, which changes before this is told.
        real: what this begins as, if it is only imagined; nothing of it is changed.
    """

    def __init__(self, known: Known, real: "Residents | None" = None) -> None:
        self._known = known
        self._real = real
        self._by_group: dict[AreaCode, _Here] = {}
        self._unassessed: dict[AreaCode, _Ids] = {}
        self._groups_of: dict[FactId, frozenset[Belonged]] = {}

    def in_area(self, code: AreaCode) -> ByGroup:
        """Return the placements in an area by what their people ever belonged to."""
        return self._in(code)

    def _in(self, code: AreaCode) -> _Here:
        if code not in self._by_group and self._real is not None:
            return self._real._in(code)  # noqa: SLF001 (its own kind)
        return self._by_group.get(code, _NOBODY)

    def unassessed(self, code: AreaCode) -> Collection[FactId]:
        """Return the placements in an area whose case no coordinator has assessed."""
        if code not in self._unassessed and self._real is not None:
            return self._real.unassessed(code)
        return self._unassessed.get(code, {})

    def placed(self, placement: Placement) -> None:
        """Follow a placement that came or changed."""
        key, code = placement.id, placement.area
        case = self._known.cases[placement.case]
        groups = frozenset[Belonged]() if placement.over else self._belonged(case)
        before = self.belonged(key)
        self._own(code)
        here, waiting = self._by_group[code], self._unassessed[code]
        for group, since in groups - before:
            here.setdefault(group, {}).setdefault(since, {})[key] = None
        for each in before - groups:
            _remove(here, each, key)
        self._groups_of[key] = groups
        waiting.pop(key, None)
        if placement.over and self._real is None:
            del self._groups_of[key]
        elif case.assessed_at is None and not placement.over:
            waiting[key] = None

    def left(self, placement: Placement) -> None:
        """Forget a placement; only what is real can be."""
        key, code = placement.id, placement.area
        for each in self._groups_of.pop(key, ()):
            _remove(self._by_group[code], each, key)
        self._unassessed[code].pop(key, None)

    def belonged(self, key: FactId) -> frozenset[Belonged]:
        """Return to what the people of a placement ever belonged; nothing once over."""
        if key not in self._groups_of and self._real is not None:
            return self._real.belonged(key)
        return self._groups_of.get(key, frozenset())

    def _own(self, code: AreaCode) -> None:
        """Have an area of this one's own, to write into."""
        if code not in self._by_group:
            self._unassessed[code] = dict.fromkeys(self.unassessed(code))
            self._by_group[code] = {
                group: {since: dict.fromkeys(ids) for since, ids in eras.items()}
                for group, eras in self._in(code).items()
            }

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


def _remove(here: _Here, belonged: Belonged, key: FactId) -> None:
    """Take a placement from under what its people belonged to; leave nothing empty."""
    group, since = belonged
    eras = here[group]
    del eras[since][key]
    if not eras[since]:
        del eras[since]
    if not eras:
        del here[group]
