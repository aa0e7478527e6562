"""Thresholds, grade mappings and budgets: loaded, validated, versioned.

Every number that a verdict or a refusal depends on is data of the ruleset file; an
unknown or missing key is refused, so that a typing error can't silently loosen a rule.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from hashlib import sha256
from typing import Any, Final, get_type_hints

from placement.domain.areas import Areas
from placement.domain.retention import parse_retention
from placement.domain.terms import Grade, Scheme


@dataclass(frozen=True, slots=True, kw_only=True)
class Budgets:
    """How much may be asked (rules.md, budgets).

    Attributes:
        case_areas: distinct areas of one case in ``case_days`` days.
        case_days: see ``case_areas``.
        organisation_areas: areas asked by one organisation in ``organisation_days``.
        organisation_days: see ``organisation_areas``.
        person_areas: areas asked by one person on one day.
        repeat_days: asking again within this many days is free.
        evaluations: by role name, (per person and hour, per organisation and day).
    """

    case_areas: int
    case_days: int
    organisation_areas: int
    organisation_days: int
    person_areas: int
    repeat_days: int
    evaluations: Mapping[str, tuple[int, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """How many of something are allowed in a window; one more is an anomaly.

    Attributes:
        allowed: how many, perhaps none.
        days: the window, in days of 24 hours.
    """

    allowed: int
    days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NightLimit(Limit):
    """How much work is allowed at night and on weekends.

    Attributes:
        begins: the hour in Stockholm at which a working day begins, 0 to 23.
        ends: the hour at which it is over, 1 to 24.

    Raises:
        ValueError: the day ends before it begins.
    """

    begins: int
    ends: int

    def __post_init__(self) -> None:
        """Refuse a day that ends before it begins."""
        if self.begins >= self.ends:
            raise ValueError("a working day begins before it ends")


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseLimit(Limit):
    """How many evaluations are allowed that no case follows.

    Attributes:
        hours: how long the case may take to come.
    """

    hours: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareLimit:
    """How much of an organisation's asking one person may do.

    Attributes:
        percent: of its checks in a window, 50 to 99; more is an anomaly.
        checks: fewer in the window have no shares.
        days: the window, in days of 24 hours.
    """

    percent: int
    checks: int
    days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AnomalyLimits:
    """What is no anomaly yet (rules.md, anomalies); a field a pattern, by its name."""

    budget_spent_by_person: Limit
    budget_spent_by_organisation: Limit
    many_areas: Limit
    many_cases: Limit
    night_work: NightLimit
    large_share: ShareLimit
    area_probed_by_person: Limit
    area_probed_by_organisation: Limit
    question_repeated: Limit
    evaluated_without_case: CaseLimit
    refused_by_organisation: Limit
    refused_by_certificate: Limit
    many_searches: Limit


_RANGES: Final[Mapping[str, range]] = {
    "allowed": range(1001),  # so that whatever counts keeps little
    "days": range(1, 367),
    "begins": range(24),
    "ends": range(1, 25),
    "hours": range(1, 169),
    "percent": range(50, 100),  # so that at most one person has more
    "checks": range(1, 1001),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Holds:
    """How long places are held (rules.md, holds).

    Attributes:
        hours: how long a hold lasts; an extension gives it as long again.
        live: how many a case may have at once.
        permit_hours: how long a release, or a signed override, may be used.
        follow_up_days: how far ahead an override's day to look again may be.
    """

    hours: int
    live: int
    permit_hours: int
    follow_up_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruleset:
    """One version of the rules' data.

    Attributes:
        version: stands in every answer and entry.
        digest: SHA-256 of the file and of the areas' file; stands in every entry.
        areas: municipalities and the near relation.
        cool_down_days: how long an ended fact still gives REVIEW (R12).
        coverage_days: how old a reviewed picture may be (R10).
        ahead_days: a window that starts later gets at best UNKNOWN.
        clear_hours: how long a CLEAR may be relied on.
        change_hours: how long a change waits for its second person.
        alert_hours: how long an alert about a CONFLICT may wait before it escalates.
        holds: how long places are held.
        budgets: how much may be asked.
        retention: how many days each kind is kept after it ended.
        anomalies: what the access log may show before somebody must look.
        grades: scheme to grade-as-given to normalised grade.
    """

    version: str
    digest: bytes
    areas: Areas
    cool_down_days: int
    coverage_days: int
    ahead_days: int
    clear_hours: int
    change_hours: int
    alert_hours: int
    holds: Holds
    budgets: Budgets
    retention: Mapping[str, int]
    anomalies: AnomalyLimits
    grades: Mapping[Scheme, Mapping[str, Grade]]


_HOLDS: Final = ("hours", "live", "permit_hours", "follow_up_days")


def parse_ruleset(text: str, areas: Areas) -> Ruleset:
    """Read a ruleset file.

    Args:
        text: TOML, see ``data/ruleset.toml``.
        areas: the area table that this ruleset goes with.

    Raises:
        ValueError: not TOML, a key missing or unknown, a number that isn't positive or
            out of its range, or a grade that stands twice.
    """
    data = tomllib.loads(text)
    version, time, hold, budget, retention, anomaly, grade = _take(
        data, "version", "time", "hold", "budget", "retention", "anomaly", "grade"
    )
    cool_down, coverage, ahead, clear, change, alert = _numbers(
        time,
        "cool_down_days",
        "coverage_days",
        "ahead_days",
        "clear_hours",
        "change_hours",
        "alert_hours",
    )
    if not isinstance(version, str) or not version:
        raise ValueError("version must be a word")
    budgets = _budgets(budget)
    looked_back = (budgets.case_days, budgets.organisation_days, budgets.repeat_days)
    return Ruleset(
        version=version,
        digest=sha256(areas.digest + text.encode()).digest(),
        areas=areas,
        cool_down_days=cool_down,
        coverage_days=coverage,
        ahead_days=ahead,
        clear_hours=clear,
        change_hours=change,
        alert_hours=alert,
        holds=Holds(**dict(zip(_HOLDS, _numbers(hold, *_HOLDS), strict=True))),
        budgets=budgets,
        retention=parse_retention(
            retention, cool_down_days=cool_down, budget_days=max(looked_back)
        ),
        anomalies=_anomalies(anomaly),
        grades=_grades(grade),
    )


def _take(table: Mapping[str, Any], *keys: str) -> tuple[Any, ...]:
    if set(table) != set(keys):
        raise ValueError(f"expected exactly the keys {', '.join(keys)}")
    return tuple(table[key] for key in keys)


def _numbers(table: Mapping[str, Any], *keys: str) -> tuple[int, ...]:
    values = _take(table, *keys)
    if not all(type(value) is int and value > 0 for value in values):
        raise ValueError(f"expected positive whole numbers in {', '.join(keys)}")
    return values


def _budgets(table: Mapping[str, Any]) -> Budgets:
    case, organisation, person, repeat, evaluation = _take(
        table, "case", "organisation", "person", "repeat", "evaluation"
    )
    case_areas, case_days = _numbers(case, "areas", "days")
    organisation_areas, organisation_days = _numbers(organisation, "areas", "days")
    (person_areas,) = _numbers(person, "areas")
    (repeat_days,) = _numbers(repeat, "days")
    roles = _take(evaluation, "caseworker", "coordinator")
    pairs = [_numbers(role, "person_hour", "organisation_day") for role in roles]
    return Budgets(
        case_areas=case_areas,
        case_days=case_days,
        organisation_areas=organisation_areas,
        organisation_days=organisation_days,
        person_areas=person_areas,
        repeat_days=repeat_days,
        evaluations={
            role: (pair[0], pair[1])
            for role, pair in zip(("caseworker", "coordinator"), pairs, strict=True)
        },
    )


def _anomalies(table: Mapping[str, Any]) -> AnomalyLimits:
    kinds = get_type_hints(AnomalyLimits)
    limits = zip(kinds.items(), _take(table, *kinds), strict=True)
    return AnomalyLimits(**{name: _limit(kind, part) for (name, kind), part in limits})


def _limit(kind: type[Any], table: Mapping[str, Any]) -> Any:  # noqa: ANN401
    names = tuple(field.name for field in fields(kind))
    numbers = dict(zip(names, _take(table, *names), strict=True))
    if not all(type(n) is int and n in _RANGES[name] for name, n in numbers.items()):
        raise ValueError(f"expected whole numbers in their range in {', '.join(names)}")
    return kind(**numbers)


def _grades(table: Mapping[str, Any]) -> dict[Scheme, dict[str, Grade]]:
    names = tuple(scheme.name.lower() for scheme in Scheme)
    return {
        scheme: _mapping(lists)
        for scheme, lists in zip(Scheme, _take(table, *names), strict=True)
    }


def _mapping(lists: Mapping[str, list[str]]) -> dict[str, Grade]:
    columns = _take(lists, *(grade.name for grade in Grade))
    pairs = [
        (given, grade)
        for grade, column in zip(Grade, columns, strict=True)
        for given in column
    ]
    mapping = dict(pairs)
    if len(mapping) != len(pairs):
        raise ValueError("a grade stands twice")
    return mapping
