"""What was asked and evaluated, by whom, and what is left (rules.md, budgets).

A refusal depends on the history of questions only, never on the graph, so that it
tells nothing about who is on record.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

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

_KEPT = 400 * MICROS_A_DAY  # longer than any budget looks back


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
        case = self._of_case.get(spent.case, {})
        case_since = now - budgets.case_days * MICROS_A_DAY
        areas = {area for area, at in case.items() if at > case_since}
        if len(areas.union(spent.areas)) > budgets.case_areas:
            return False
        history = self._by_organisation.get(spent.organisation, _History())
        since = now - budgets.organisation_days * MICROS_A_DAY
        today = stockholm_day(now)
        by_all = by_person = len(spent.areas)
        for at, asked in history.asked:
            by_all += len(asked.areas) if at > since else 0
            if asked.person == spent.person and stockholm_day(at) == today:
                by_person += len(asked.areas)
        return by_all <= budgets.organisation_areas and by_person <= (
            budgets.person_areas
        )

    def left(self, case: CaseHandle, now: Micros, budgets: Budgets) -> int:
        """Return how many further areas a case may ask about."""
        since = now - budgets.case_days * MICROS_A_DAY
        asked = sum(at > since for at in self._of_case.get(case, {}).values())
        return max(0, budgets.case_areas - asked)

    def affords_evaluation(
        self, spent: Evaluated, now: Micros, limits: tuple[int, int]
    ) -> bool:
        """Tell whether person and organisation may still have elements evaluated.

        Args:
            spent: what is asked for.
            now: when.
            limits: (per person and hour, per organisation and day).
        """
        history = self._by_organisation.get(spent.organisation, _History())
        by_person = by_all = spent.count
        for at, evaluated in history.evaluated:
            by_all += evaluated.count if at > now - MICROS_A_DAY else 0
            if evaluated.person == spent.person and at > now - MICROS_AN_HOUR:
                by_person += evaluated.count
        return by_person <= limits[0] and by_all <= limits[1]

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
