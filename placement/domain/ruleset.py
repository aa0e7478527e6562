"""Thresholds, grade mappings, budgets and times to keep: loaded, validated, versioned.

Every number that a verdict or a refusal depends on is data of the ruleset file. What a
file may say stands in ``ruleset_keys``; here it gets its types, and the one form in which
it is logged and hashed (``content``): without comments, in the order of the keys.
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any, get_type_hints

from placement.domain.areas import Areas
from placement.domain.chances import NONE, Chances
from placement.domain.ruleset_forms import OLDER, filled, without
from placement.domain.ruleset_keys import KEYS, Keys
from placement.domain.ruleset_reading import near, read_keys
from placement.domain.terms import Grade, Scheme


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtractBudget:
    """How many extracts may be proposed.

    Attributes:
        person_day: by one person on one day.
        organisation: by one organisation in ``days``.
        days: see ``organisation``, in days of 24 hours.
    """

    person_day: int
    organisation: int
    days: int


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
        extracts: how many extracts may be proposed.
    """

    case_areas: int
    case_days: int
    organisation_areas: int
    organisation_days: int
    person_areas: int
    repeat_days: int
    evaluations: Mapping[str, tuple[int, int]]
    extracts: ExtractBudget


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
    """

    begins: int
    ends: int


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
    approved_in_turn: Limit
    # No number of its own in the file: it is half of a budget, and the first one tells.
    evaluations_half_spent: Limit = Limit(allowed=0, days=1)


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
class Review:
    """When facts are to be looked at again (rules.md, R11).

    Attributes:
        due_days: how long before its review date a fact stands in the queue.
        overdue_days: how long after it the fact counts as overdue.
        renewal_days: how far ahead a renewal may put the next review date.
    """

    due_days: int
    overdue_days: int
    renewal_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Imports:
    """How much may be imported.

    Attributes:
        call_rows: rows in one call.
        rows: rows in one import.
        region_open: imports of one region that are not finished.
    """

    call_rows: int
    rows: int
    region_open: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """How many days something is kept once it is over; ``None`` where that can't be.

    Attributes:
        ended: after its end; of coverage, after the day of the review.
        retracted: after it was retracted.
        closed: after the last case of the person was closed; of a case, after its own.
    """

    ended: int | None = None
    retracted: int | None = None
    closed: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruleset:
    """One version of the rules' data.

    Attributes:
        version: stands in every answer and entry.
        content: everything that the file says, as ``rendered``; empty for a file of an
            older form.
        digest: SHA-256 of the areas' table and of ``content``; stands in every entry.
        table: the areas' table that it goes with.
        areas: the same, with the near relation as the file changes it.
        cool_down_days: how long an ended fact still gives REVIEW (R12).
        coverage_days: how old a reviewed picture may be (R10).
        ahead_days: a window that starts later gets at best UNKNOWN.
        clear_hours: how long a CLEAR may be relied on.
        change_hours: how long a change waits for its second person.
        alert_hours: how long an alert about a CONFLICT may wait before it escalates.
        holds: how long places are held.
        review: when facts are to be looked at again.
        previews: how many previews of a change one person may ask for on a day.
        imports: how much may be imported.
        budgets: how much may be asked.
        anomalies: what the access log may show before somebody must look.
        phantoms: stays that are nobody's.
        grades: scheme to grade-as-given to normalised grade.
        retention: how long things are kept, by kind.
    """

    version: str
    content: str
    digest: bytes
    table: Areas
    areas: Areas
    cool_down_days: int
    coverage_days: int
    ahead_days: int
    clear_hours: int
    change_hours: int
    alert_hours: int
    holds: Holds
    review: Review
    previews: int
    imports: Imports
    budgets: Budgets
    anomalies: AnomalyLimits
    phantoms: Chances
    grades: Mapping[Scheme, Mapping[str, Grade]]
    retention: Mapping[str, Retention]


def parse_ruleset(text: str, areas: Areas) -> Ruleset:
    """Read a ruleset file.

    Args:
        text: TOML, see ``data/ruleset.toml``.
        areas: the area table that this ruleset goes with.

    Raises:
        RulesetError: it is none; a ``ValueError`` that has all that is wrong.
    """
    data = read_keys(text, areas)
    content = rendered(data)
    return _built(data, areas, content, _digest(areas, content))


def parse_adopted(text: str, areas: Areas) -> Ruleset:
    """Read what a log holds: a file of this form, or of one that it had before.

    What came with a later form is as it was then: of a form without phantoms there are
    none.

    Raises:
        RulesetError: it is neither.
    """
    data = tomllib.loads(text)
    form = data.get("format")
    if form not in OLDER:
        return parse_ruleset(text, areas)
    made = filled(data)
    built = parse_ruleset(_toml(made), areas)
    content = _toml(without(_ordered(made, KEYS), form))
    return replace(built, content=content, digest=_digest(areas, content))


def parse_past(text: str, areas: Areas, since: Ruleset) -> Ruleset:
    """Read a file of any form that ever was, to replay what was decided by it.

    Args:
        text: TOML.
        areas: the area table that it went with.
        since: has all but the times; no past verdict rests on anything else in it.

    Raises:
        ValueError: it is none.
    """
    data = tomllib.loads(text)
    if "format" in data:
        return parse_adopted(text, areas)
    version, time = data.get("version"), data.get("time")
    if not isinstance(version, str) or not isinstance(time, dict):
        raise ValueError("this is no ruleset of any form")  # noqa: TRY004
    known = filled(tomllib.loads(since.content))
    made = {**known, "time": {**known["time"], **time}, "phantom": NONE}
    built = parse_ruleset(_toml(made), areas)
    # Of the older form, the file itself was hashed.
    return replace(built, version=version, content="", digest=_digest(areas, text))


def rendered(data: Mapping[str, Any]) -> str:
    """Return what a file says in the one form: TOML, in the order of ``KEYS``."""
    return _toml(_ordered(data, KEYS))


def _digest(areas: Areas, content: str) -> bytes:
    return sha256(areas.digest + content.encode()).digest()


def _ordered(data: Mapping[str, Any], keys: Keys) -> dict[str, Any]:
    return {
        key: _ordered(data[key], inside) if isinstance(data[key], dict) else data[key]
        for key, inside in keys.items()
    }


def _toml(data: Mapping[str, Any], name: str = "") -> str:
    """Write a table: numbers, words without quotes in them, lists of such, and tables."""
    return "".join(_lines(data, name))


def _lines(data: Mapping[str, Any], name: str) -> Iterator[str]:
    plain = {key: each for key, each in data.items() if not isinstance(each, dict)}
    if plain and name:
        yield f"\n[{name}]\n"
    for key, value in plain.items():
        yield f"{key} = {_value(value)}\n"
    for key, value in data.items():
        if isinstance(value, dict):
            yield from _lines(value, f"{name}.{key}" if name else key)


def _value(value: object) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    return f'"{value}"' if isinstance(value, str) else str(value)


def _built(
    data: Mapping[str, Any], areas: Areas, content: str, digest: bytes
) -> Ruleset:
    """Give what ``read_keys`` let through its types."""
    return Ruleset(
        version=data["version"],
        content=content,
        digest=digest,
        table=areas,
        areas=_near(areas, data["near"]),
        **data["time"],
        holds=Holds(**data["hold"]),
        review=Review(**data["review"]),
        previews=data["preview"]["person_day"],
        imports=Imports(**data["import"]),
        budgets=_budgets(data["budget"]),
        anomalies=_anomalies(data["anomaly"]),
        phantoms=Chances.read(data["phantom"]),
        grades={
            scheme: _mapping(data["grade"][scheme.name.lower()]) for scheme in Scheme
        },
        retention={kind: Retention(**kept) for kind, kept in data["retention"].items()},
    )


def _near(areas: Areas, table: Mapping[str, list[str]]) -> Areas:
    return near(areas, table) if any(table.values()) else areas


def _budgets(table: Mapping[str, Any]) -> Budgets:
    return Budgets(
        case_areas=table["case"]["areas"],
        case_days=table["case"]["days"],
        organisation_areas=table["organisation"]["areas"],
        organisation_days=table["organisation"]["days"],
        person_areas=table["person"]["areas"],
        repeat_days=table["repeat"]["days"],
        evaluations={
            role: (spent["person_hour"], spent["organisation_day"])
            for role, spent in table["evaluation"].items()
        },
        extracts=ExtractBudget(**table["extract"]),
    )


def _anomalies(table: Mapping[str, Any]) -> AnomalyLimits:
    kinds = get_type_hints(AnomalyLimits)
    return AnomalyLimits(**{name: kinds[name](**said) for name, said in table.items()})


def _mapping(lists: Mapping[str, list[str]]) -> dict[str, Grade]:
    return {given: grade for grade in Grade for given in lists[grade.name]}
