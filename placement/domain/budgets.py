"""What was asked and evaluated, by whom, and what is left (rules.md, budgets).

A refusal depends on the history of questions only, never on the graph, so that it
tells nothing about who is on record.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Final

from placement.domain.events import Asked, Evaluated, Record
from placement.domain.ruleset import Budgets
from placement.domain.terms import (
    MICROS_A_DAY,
    MICROS_AN_HOUR,
    AreaCode,
    CaseHandle,
    Micros,
    stockholm_day,
)

HALF_SPENT: Final = "HALF_SPENT"
"""The purpose in the entry of an evaluation with which half of a budget is spent."""

_KEPT = 400 * MICROS_A_DAY  # longer than any budget looks back
_HOURS_A_DAY = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """One budget at a moment, and what a question would take from it.

    Attributes:
        allowed: how much may be spent within its time.
        spent: how much of that was.
        cost: how much the question takes.
        hours: how long its time is, back from now; 0 for the calendar day.
    """

    allowed: int
    spent: int
    cost: int
    hours: int

    @property
    def left(self) -> int:
        """How much may be spent before the question; never less than nothing."""
        return max(0, self.allowed - self.spent)

    @property
    def left_after(self) -> int:
        """How much may be spent after it, if it is admitted."""
        return max(0, self.allowed - self.spent - self.cost)

    @property
    def affords(self) -> bool:
        """Whether it has room for the question."""
        return self.spent + self.cost <= self.allowed

    @property
    def halves(self) -> bool:
        """Whether half of it is spent with the question, and was not before."""
        return 2 * self.spent < self.allowed <= 2 * (self.spent + self.cost)


@dataclass(frozen=True, slots=True, kw_only=True)
class Balances:
    """The budgets of questions, of which each must have room.

    Attributes:
        case: different areas that the case asks about.
        organisation: areas that everybody of the organisation asks about.
        person: areas that the person asks about.
    """

    case: Balance
    organisation: Balance
    person: Balance


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluations:
    """The budgets of evaluations, of which each must have room.

    Attributes:
        organisation: what everybody of the organisation has evaluated.
        person: what the person has.
    """

    organisation: Balance
    person: Balance


@dataclass(slots=True)
class _History:
    """What one organisation asked and evaluated, oldest first."""

    asked: deque[tuple[Micros, Asked]] = field(default_factory=deque)
    evaluated: deque[tuple[Micros, Evaluated]] = field(default_factory=deque)


class Ledger:
    """The history of questions, by organisation."""

    def __init__(self) -> None:
        self._by_organisation: dict[str, _History] = {}
        self._of_case: dict[CaseHandle, dict[AreaCode, Micros]] = {}

    def spend(self, spent: Asked | Evaluated, at: Micros) -> None:
        """Enter what was admitted; what is older than any budget is dropped."""
        history = self._by_organisation.setdefault(spent.organisation, _History())
        if isinstance(spent, Evaluated):
            history.evaluated.append((at, spent))
            _drop(history.evaluated, before=at - MICROS_A_DAY)
        elif spent.areas:
            history.asked.append((at, spent))
            _drop(history.asked, before=at - _KEPT)
            charged = self._of_case.setdefault(spent.case, {})
            charged.update(dict.fromkeys(spent.areas, at))

    def forget(self, cases: AbstractSet[CaseHandle]) -> None:
        """Remove what cases asked."""
        for organisation, history in tuple(self._by_organisation.items()):
            if any(asked.case in cases for _, asked in history.asked):
                left = (each for each in history.asked if each[1].case not in cases)
                history.asked = deque(left)
                if not history.asked and not history.evaluated:
                    del self._by_organisation[organisation]
        for case in cases:
            self._of_case.pop(case, None)

    def charge(
        self,
        case: CaseHandle,
        areas: Iterable[AreaCode],
        now: Micros,
        budgets: Budgets,
    ) -> tuple[AreaCode, ...]:
        """Return which of the areas a question must pay for, each once.

        Args:
            case: whose question it is.
            areas: what it asks about.
            now: when.
            budgets: the ruleset's.
        """
        charged = self._of_case.get(case, {})
        since = now - budgets.repeat_days * MICROS_A_DAY
        return tuple(
            area
            for area in dict.fromkeys(areas)
            if area not in charged or charged[area] <= since
        )

    def has_asked(self, case: CaseHandle, area: AreaCode, now: Micros) -> bool:
        """Tell whether a case asked about an area, as long as that is kept."""
        at = self._of_case.get(case, {}).get(area)
        return at is not None and at > now - _KEPT

    def affords(self, spent: Asked, now: Micros, budgets: Budgets) -> bool:
        """Tell whether case, organisation and person may still pay for the areas."""
        if not spent.areas:
            return True
        found = self.balances(spent, now, budgets)
        return (
            found.case.affords and found.organisation.affords and found.person.affords
        )

    def balances(self, asked: Asked, now: Micros, budgets: Budgets) -> Balances:
        """Return what is spent of each budget, and what a question takes.

        Args:
            asked: the question, with the areas that it must pay for.
            now: when.
            budgets: the ruleset's.
        """
        known = self._asked_by(asked.case, now, budgets)
        history = self._by_organisation.get(asked.organisation, _History())
        since = now - budgets.organisation_days * MICROS_A_DAY
        today = stockholm_day(now)
        by_all = by_person = 0
        for at, earlier in reversed(history.asked):
            if at <= since and stockholm_day(at) != today:
                break  # and so are those before it
            by_all += len(earlier.areas) if at > since else 0
            if earlier.person == asked.person and stockholm_day(at) == today:
                by_person += len(earlier.areas)
        return Balances(
            case=Balance(
                allowed=budgets.case_areas,
                spent=len(known),
                cost=len(set(asked.areas) - known),
                hours=budgets.case_days * _HOURS_A_DAY,
            ),
            organisation=Balance(
                allowed=budgets.organisation_areas,
                spent=by_all,
                cost=len(asked.areas),
                hours=budgets.organisation_days * _HOURS_A_DAY,
            ),
            person=Balance(
                allowed=budgets.person_areas,
                spent=by_person,
                cost=len(asked.areas),
                hours=0,
            ),
        )

    def left(self, case: CaseHandle, now: Micros, budgets: Budgets) -> int:
        """Return how many further areas a case may ask about."""
        return max(0, budgets.case_areas - len(self._asked_by(case, now, budgets)))

    def _asked_by(
        self, case: CaseHandle, now: Micros, budgets: Budgets
    ) -> set[AreaCode]:
        since = now - budgets.case_days * MICROS_A_DAY
        charged = self._of_case.get(case, {})
        return {area for area, at in charged.items() if at > since}

    def evaluations(
        self, spent: Evaluated, now: Micros, limits: tuple[int, int]
    ) -> Evaluations:
        """Return what is spent of each budget, and what evaluating takes.

        Args:
            spent: what is asked for.
            now: when.
            limits: (per person and hour, per organisation and day).
        """
        history = self._by_organisation.get(spent.organisation, _History())
        by_person = by_all = 0
        for at, evaluated in history.evaluated:
            by_all += evaluated.count if at > now - MICROS_A_DAY else 0
            if evaluated.person == spent.person and at > now - MICROS_AN_HOUR:
                by_person += evaluated.count
        return Evaluations(
            organisation=Balance(
                allowed=limits[1], spent=by_all, cost=spent.count, hours=_HOURS_A_DAY
            ),
            person=Balance(
                allowed=limits[0], spent=by_person, cost=spent.count, hours=1
            ),
        )

    def records(self) -> Iterator[Record]:
        """Yield records whose fold equals this ledger."""
        for history in self._by_organisation.values():
            for at, asked in history.asked:
                yield Record(at=at, event=asked)
            for at, evaluated in history.evaluated:
                yield Record(at=at, event=evaluated)


def _drop(
    history: deque[tuple[Micros, Asked]] | deque[tuple[Micros, Evaluated]],
    *,
    before: int,
) -> None:
    while history and history[0][0] < before:
        history.popleft()
