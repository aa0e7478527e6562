"""The patterns: which entries each looks at, and what it counts of them (rules.md).

A new pattern is one row in ``PATTERNS``, one field of ``AnomalyLimits`` and one table in
the ruleset.

>>> PATTERNS["MANY_AREAS"].actions
frozenset({'CHECK'})
"""

from collections import deque
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple, Protocol

from placement.access import Action, Role
from placement.audit.entry import ANSWERED
from placement.domain.anomalies.seen import Seen
from placement.domain.anomalies.tallies import (
    MAX_HELD,
    SHOWN,
    Item,
    Shares,
    Tally,
)
from placement.domain.budgets import HALF_SPENT
from placement.domain.ruleset import AnomalyLimits, CaseLimit, Limit, NightLimit
from placement.domain.terms import MICROS_A_DAY, MICROS_AN_HOUR, STOCKHOLM
from placement.errors import AccessDeniedError, BudgetError, CertificateError

_MICROS_A_SECOND: Final = 1_000_000
_FRIDAY: Final = 4
_CASEWORKER: Final = Role.CASEWORKER.value
_EVALUATE: Final = Action.EVALUATE.name
_CASE_OPEN: Final = Action.CASE_OPEN.name
_CHECK: Final = Action.CHECK.name


@dataclass(frozen=True, slots=True)
class Found:
    """That there is too much of something: how much, how much may be, and of what."""

    at: int
    count: int
    limit: int
    items: tuple[Item, ...]


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


class _Unfollowed:
    """Counts a caseworker's evaluations that no case of the same person follows.

    A case takes the newest evaluation that waits for one, and no other: it needs one for
    its household, and one false case must not cover for many evaluations.
    """

    def __init__(self, limit: CaseLimit) -> None:
        self._patience = limit.hours * MICROS_AN_HOUR
        self._tally = Tally(limit)
        self._due: deque[Item] = deque()
        self._waiting: dict[tuple[str, str], deque[int]] = {}

    def observe(self, seen: Seen, item: Item) -> Iterable[Found]:
        """Count what has waited in vain until now, then look at the entry."""
        found: list[Found] = []
        since = item.at - self._patience
        while self._due and (self._due[0].at <= since or len(self._due) > MAX_HELD):
            found += self._give_up(self._due.popleft(), item.at)
        if seen.entry.outcome == ANSWERED and seen.entry.role == _CASEWORKER:
            self._pair(seen.entry.action, item)
        return found

    def _pair(self, action: str, item: Item) -> None:
        key = (item.organisation, item.person)
        if action == _EVALUATE:
            self._due.append(item)
            self._waiting.setdefault(key, deque()).append(item.entry)
        elif action == _CASE_OPEN and key in self._waiting:
            self._waiting[key].pop()
            self._tidy(key)

    def _give_up(self, item: Item, now: int) -> Iterable[Found]:
        key = (item.organisation, item.person)
        waiting = self._waiting.get(key)
        # A case took another index off the end, so what is first is the oldest.
        if not waiting or waiting[0] != item.entry:
            return ()
        waiting.popleft()
        self._tidy(key)
        late = item._replace(at=min(item.at + self._patience, now))
        items = self._tally.add(key, (item.entry,), late)
        if not items:
            return ()
        return (Found(late.at, len(items), self._tally.allowed, items),)

    def _tidy(self, key: tuple[str, str]) -> None:
        if not self._waiting[key]:
            del self._waiting[key]

    def forget(self, now: int) -> None:
        """Drop what is too old to matter."""
        self._tally.forget(now)


_Person = tuple[str, str]


class _InTurn:
    """Counts approvals of two persons who each approve what the other one proposed.

    An approval counts once there is one the other way that it answers, with that one: who
    always has the same second person is nothing to it, unless that person is paid back.
    """

    def __init__(self, limit: Limit) -> None:
        self._tally = Tally(limit)
        self._span = limit.days * MICROS_A_DAY
        self._proposed: dict[bytes, tuple[_Person, int]] = {}
        self._open: dict[tuple[_Person, _Person], deque[Item]] = {}

    def observe(self, seen: Seen, item: Item) -> Iterable[Found]:
        """Remember who proposed something, or look at who approves it."""
        person = (item.organisation, item.person)
        if seen.entry.action in _PROPOSE:
            for each in seen.outline.objects:
                self._proposed[each] = person, item.at
            while len(self._proposed) > MAX_HELD:
                del self._proposed[next(iter(self._proposed))]
            return ()
        known = [each for each in seen.outline.objects if each in self._proposed]
        if not known:
            return ()
        other, _ = self._proposed.pop(known[0])
        return self._approved(person, other, item)

    def _approved(self, person: _Person, other: _Person, item: Item) -> Iterable[Found]:
        waiting = self._open.get((other, person))
        while waiting and waiting[0].at <= item.at - self._span:
            waiting.popleft()
        if not waiting:
            mine = self._open.setdefault((person, other), deque(maxlen=SHOWN))
            mine.append(item)
            return ()
        answered = waiting.popleft()._replace(at=item.at)
        pair = frozenset({person, other})
        first = self._tally.add(pair, (answered.entry,), answered)
        items = self._tally.add(pair, (item.entry,), item)
        if first:  # it was told with one of the two; both belong to it
            items = (*first, item)
        if not items:
            return ()
        return (Found(item.at, len(items), self._tally.allowed, items),)

    def forget(self, now: int) -> None:
        """Drop what is too old to matter."""
        since = now - self._span
        self._tally.forget(now)
        self._proposed = {
            key: (person, at)
            for key, (person, at) in self._proposed.items()
            if at > since
        }
        self._open = {
            key: items
            for key, items in self._open.items()
            if items and items[-1].at > since
        }


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
_CASES: Final = frozenset({_CASE_OPEN})
_BUDGETED: Final = frozenset({_CHECK, _EVALUATE})
_OFFICE: Final = frozenset(
    {
        _EVALUATE,
        _CASE_OPEN,
        Action.CASE_SHOW.name,
        Action.CASE_CLOSE.name,
        _CHECK,
    }
)
_PROPOSE: Final = frozenset(
    {
        Action.PHANTOM_LIFT.name,
        Action.PLACE_RELEASE.name,
        Action.EXTRACT_PROPOSE.name,
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
        frozenset(), frozenset(), lambda of: _Unfollowed(of.evaluated_without_case)
    ),
    "EVALUATIONS_HALF_SPENT": Pattern(
        frozenset({_EVALUATE}),
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
        _PROPOSE | _APPROVE, _ANSWERED, lambda of: _InTurn(of.approved_in_turn)
    ),
}
"""Every pattern by its name; ``AnomalyLimits`` has a field of that name."""
