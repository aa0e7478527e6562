"""The patterns: which entries each looks at, and what it counts of them (rules.md).

A new pattern is one row in ``PATTERNS``, one field of ``AnomalyLimits`` and one table in
the ruleset.

>>> PATTERNS["MANY_AREAS"].actions
frozenset({'CHECK'})
"""

from collections.abc import Callable, Hashable, Iterable, Mapping
from datetime import datetime
from typing import Final, NamedTuple, Protocol

from placement.access import Action, Role
from placement.audit.entry import ANSWERED
from placement.domain.anomalies.pairs import (
    CASE_OPEN,
    EVALUATE,
    PROPOSE,
    InTurn,
    Unfollowed,
)
from placement.domain.anomalies.seen import Seen
from placement.domain.anomalies.tallies import Found, Item, Shares, Tally
from placement.domain.budgets import HALF_SPENT
from placement.domain.ruleset import AnomalyLimits, Limit, NightLimit
from placement.domain.terms import STOCKHOLM
from placement.errors import AccessDeniedError, BudgetError, CertificateError

_MICROS_A_SECOND: Final = 1_000_000
_FRIDAY: Final = 4
_CASEWORKER: Final = Role.CASEWORKER.value
_CHECK: Final = Action.CHECK.name


class Watch(Protocol):
    """What one pattern remembers."""

    def observe(self, seen: Seen, item: Item) -> Iterable[Found]:
        """Look at an entry that the pattern is about."""
        ...

    def forget(self, now: int) -> None:
        """Drop what is too old to matter."""
        ...


Marks = Iterable[tuple[Hashable, tuple[Hashable, ...]]]
"""Under which keys an entry counts, and for which values, at least one each."""


class _Count:
    """Counts different values for each key that an entry has."""

    def __init__(self, limit: Limit, marks: Callable[[Seen], Marks]) -> None:
        self._tally = Tally(limit)
        self._marks = marks

    def observe(self, seen: Seen, item: Item) -> Iterable[Found]:
        """Count an entry under each of its keys."""
        found = []
        for key, values in self._marks(seen):
            items = self._tally.add(key, values, item)
            if items:
                found.append(Found(item.at, len(items), self._tally.allowed, items))
        return found

    def forget(self, now: int) -> None:
        """Drop what is too old to matter."""
        self._tally.forget(now)


class _Share:
    """Looks at each person's share of an organisation's entries."""

    def __init__(self, limits: AnomalyLimits) -> None:
        self._shares = Shares(limits.large_share)

    def observe(self, seen: Seen, item: Item) -> Iterable[Found]:
        """Count an entry for its organisation and person."""
        del seen
        percent, items = self._shares.add(item)
        if not items:
            return ()
        return (Found(item.at, percent, self._shares.limit.percent, items),)

    def forget(self, now: int) -> None:
        """Drop what is too old to matter."""
        self._shares.forget(now)


def _by_person(seen: Seen) -> Marks:
    return (((seen.entry.organisation, seen.entry.person), (seen.index,)),)


def _by_organisation(seen: Seen) -> Marks:
    return ((seen.entry.organisation, (seen.index,)),)


def _by_certificate(seen: Seen) -> Marks:
    certificate = seen.entry.certificate
    return ((certificate, (seen.index,)),) if certificate else ()


def _half_spent(seen: Seen) -> Marks:
    return _by_person(seen) if seen.entry.purpose == HALF_SPENT else ()


def _areas_of_case(seen: Seen) -> Marks:
    case = seen.outline.case
    return ((case, seen.areas),) if case and seen.areas else ()


def _cases_of_subject(seen: Seen) -> Marks:
    case = (seen.outline.case,)
    return [(subject, case) for subject in seen.outline.subjects] if case[0] else ()


def _questions(seen: Seen) -> Marks:
    case = seen.outline.case
    if not case:
        return ()
    return [((case, area), (seen.index,)) for area in seen.areas]


def _cases_of_area_by_person(seen: Seen) -> Marks:
    entry, case = seen.entry, seen.outline.case
    if not case:
        return ()
    whose = (entry.organisation, entry.person)
    return [((whose, area), (case,)) for area in seen.areas]


def _cases_of_area_by_organisation(seen: Seen) -> Marks:
    case = seen.outline.case
    if not case:
        return ()
    return [((seen.entry.organisation, area), (case,)) for area in seen.areas]


def _searches(seen: Seen) -> Marks:
    entry, case = seen.entry, seen.outline.case
    if not case:
        return ()
    return (((entry.organisation, entry.person, case), (seen.index,)),)


def _out_of_hours(limit: NightLimit) -> Callable[[Seen], Marks]:
    def marks(seen: Seen) -> Marks:
        entry = seen.entry
        if entry.role != _CASEWORKER:
            return ()
        local = datetime.fromtimestamp(entry.at // _MICROS_A_SECOND, STOCKHOLM)
        if local.weekday() <= _FRIDAY and limit.begins <= local.hour < limit.ends:
            return ()
        return _by_person(seen)

    return marks


_ANSWERED: Final = frozenset({ANSWERED})
_SPENT: Final = frozenset({BudgetError.reason})
_REFUSED: Final = frozenset({AccessDeniedError.reason, CertificateError.reason})
_CHECKS: Final = frozenset({_CHECK})
_CASES: Final = frozenset({CASE_OPEN})
_BUDGETED: Final = frozenset({_CHECK, EVALUATE})
_OFFICE: Final = frozenset(
    {
        EVALUATE,
        CASE_OPEN,
        Action.CASE_SHOW.name,
        Action.CASE_CLOSE.name,
        _CHECK,
    }
)
_APPROVE: Final = frozenset({Action.CHANGE_APPROVE.name, Action.EXTRACT_APPROVE.name})
_SEARCHES: Final = frozenset(
    {
        Action.ENTRY_LIST.name,
        Action.ENTRY_SHOW.name,
        Action.ENTRY_TAIL.name,
        Action.LOG_EXPORT.name,
        Action.DECISION_REPLAY.name,
        Action.ANOMALY_REPORT.name,
    }
)


class Pattern(NamedTuple):
    """What a pattern looks at, and how.

    Attributes:
        actions: entries of which actions; empty for all.
        outcomes: with which outcomes; empty for all.
        watch: makes what remembers them.
    """

    actions: frozenset[str]
    outcomes: frozenset[str]
    watch: Callable[[AnomalyLimits], Watch]


PATTERNS: Final[Mapping[str, Pattern]] = {
    "BUDGET_SPENT_BY_PERSON": Pattern(
        _BUDGETED, _SPENT, lambda of: _Count(of.budget_spent_by_person, _by_person)
    ),
    "BUDGET_SPENT_BY_ORGANISATION": Pattern(
        _BUDGETED,
        _SPENT,
        lambda of: _Count(of.budget_spent_by_organisation, _by_organisation),
    ),
    "MANY_AREAS": Pattern(
        _CHECKS, _ANSWERED, lambda of: _Count(of.many_areas, _areas_of_case)
    ),
    "MANY_CASES": Pattern(
        _CASES, _ANSWERED, lambda of: _Count(of.many_cases, _cases_of_subject)
    ),
    "NIGHT_WORK": Pattern(
        _OFFICE,
        _ANSWERED,
        lambda of: _Count(of.night_work, _out_of_hours(of.night_work)),
    ),
    "LARGE_SHARE": Pattern(_CHECKS, _ANSWERED, _Share),
    "AREA_PROBED_BY_PERSON": Pattern(
        _CHECKS,
        _ANSWERED,
        lambda of: _Count(of.area_probed_by_person, _cases_of_area_by_person),
    ),
    "AREA_PROBED_BY_ORGANISATION": Pattern(
        _CHECKS,
        _ANSWERED,
        lambda of: _Count(
            of.area_probed_by_organisation, _cases_of_area_by_organisation
        ),
    ),
    "QUESTION_REPEATED": Pattern(
        _CHECKS, _ANSWERED, lambda of: _Count(of.question_repeated, _questions)
    ),
    "EVALUATED_WITHOUT_CASE": Pattern(  # whatever happens, time passes
        frozenset(), frozenset(), lambda of: Unfollowed(of.evaluated_without_case)
    ),
    "EVALUATIONS_HALF_SPENT": Pattern(
        frozenset({EVALUATE}),
        _ANSWERED,
        lambda of: _Count(of.evaluations_half_spent, _half_spent),
    ),
    "REFUSED_BY_ORGANISATION": Pattern(
        frozenset(),
        _REFUSED,
        lambda of: _Count(of.refused_by_organisation, _by_organisation),
    ),
    "REFUSED_BY_CERTIFICATE": Pattern(
        frozenset(),
        _REFUSED,
        lambda of: _Count(of.refused_by_certificate, _by_certificate),
    ),
    "MANY_SEARCHES": Pattern(
        _SEARCHES, _ANSWERED, lambda of: _Count(of.many_searches, _searches)
    ),
    "APPROVED_IN_TURN": Pattern(
        PROPOSE | _APPROVE, _ANSWERED, lambda of: InTurn(of.approved_in_turn)
    ),
}
"""Every pattern by its name; ``AnomalyLimits`` has a field of that name."""
