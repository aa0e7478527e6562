"""Each pattern: what it counts, of whom, and what it leaves alone."""

from dataclasses import fields

import pytest
from kit.watched import (
    DAY,
    HOUR,
    MINUTE,
    MONDAY,
    SATURDAY,
    instant,
    limits,
    loud,
    seen,
    told,
)

from placement.access import Role
from placement.domain.anomalies import patterns
from placement.domain.anomalies.detector import Detector
from placement.domain.anomalies.patterns import PATTERNS
from placement.domain.ruleset import AnomalyLimits, NightLimit, ShareLimit

# By pattern: entry number n of whoever, or whatever, the pattern is about.
SUPPORT = {
    "BUDGET_SPENT_BY_PERSON": lambda n, who: {
        "action": ("CHECK", "EVALUATE")[n % 2],
        "outcome": "BUDGET_SPENT",
        "person": who,
    },
    "BUDGET_SPENT_BY_ORGANISATION": lambda n, who: {
        "action": ("CHECK", "EVALUATE")[n % 2],
        "outcome": "BUDGET_SPENT",
        "organisation": who,
        "person": f"cw-{n}",
    },
    "MANY_AREAS": lambda n, who: {"case": who, "areas": (f"{n:04}",)},
    "MANY_CASES": lambda n, who: {
        "action": "CASE_OPEN",
        "organisation": f"{n:04}",
        "person": f"cw-{n}",
        "case": f"{who} {n}",
        "subjects": ("somebody" + str(n), who),
    },
    "NIGHT_WORK": lambda n, who: {
        "action": ("CHECK", "EVALUATE", "CASE_OPEN", "CASE_SHOW", "CASE_CLOSE")[n % 5],
        "person": who,
    },
    "AREA_PROBED_BY_PERSON": lambda n, who: {
        "person": who,
        "case": f"{who} {n}",
        "areas": ("1480",),
    },
    "AREA_PROBED_BY_ORGANISATION": lambda n, who: {
        "organisation": who,
        "person": f"cw-{n}",
        "case": f"{who} {n}",
        "areas": ("1480", "0180"),
    },
    "QUESTION_REPEATED": lambda n, who: {"case": who, "areas": ("1480", "1480")},
    "EVALUATIONS_HALF_SPENT": lambda n, who: {
        "action": "EVALUATE",
        "purpose": "HALF_SPENT",
        "person": who,
    },
    "REFUSED_BY_ORGANISATION": lambda n, who: {
        "action": ("CASE_SHOW", "NO_METHOD")[n % 2],
        "outcome": ("ACCESS_DENIED", "CERTIFICATE_REFUSED")[n % 2],
        "organisation": who,
        "person": f"cw-{n}",
    },
    "REFUSED_BY_CERTIFICATE": lambda n, who: {
        "action": "ENTRY_LIST",
        "outcome": ("ACCESS_DENIED", "CERTIFICATE_REFUSED")[n % 2],
        "organisation": f"{n:04}",
        "certificate": who,
    },
    "MANY_SEARCHES": lambda n, who: {
        "action": sorted(patterns._SEARCHES)[n % 6],
        "role": "auditor",
        "organisation": "imy",
        "person": who,
        "case": "wanted",
    },
}


def entries(pattern, count, *, who="one", start=SATURDAY, first=0):
    """Return supporting entries, one a minute."""
    return [
        seen(first + n, start + n * MINUTE, **SUPPORT[pattern](first + n, who))
        for n in range(count)
    ]


def test_every_pattern_has_its_limit():
    """By its name; and the test below leaves none out."""
    names = {field.name.upper() for field in fields(AnomalyLimits)}

    assert set(PATTERNS) == names
    others = {"LARGE_SHARE", "EVALUATED_WITHOUT_CASE", "APPROVED_IN_TURN"}
    assert set(SUPPORT) | others == names


@pytest.mark.parametrize("pattern", SUPPORT)
@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_more_than_allowed(pattern, count):
    """Below and at the limit nothing; then once, with the entries that support it."""
    got = told(loud(pattern), entries(pattern, count))
    # One entry may support it for two areas at once.
    several = {(each.pattern, each.count, each.limit, each.entries) for each in got}

    assert several == ({(pattern, 3, 2, (0, 1, 2))} if count > 2 else set())


@pytest.mark.parametrize("pattern", SUPPORT)
def test_what_is_long_ago(pattern):
    """What has left the window does not count."""
    detector = loud(pattern)
    log = entries(pattern, 1) + entries(pattern, 2, start=SATURDAY + DAY, first=1)

    assert told(detector, log) == []


@pytest.mark.parametrize("pattern", SUPPORT)
def test_two_are_not_mixed(pattern):
    """What one does is nothing to another."""
    log = entries(pattern, 2) + entries(pattern, 2, who="two", first=2)

    assert told(loud(pattern), log) == []


@pytest.mark.parametrize("pattern", SUPPORT)
def test_told_again(pattern):
    """Not while it goes on, but when it comes back."""
    log = entries(pattern, 5) + entries(
        pattern, 3, start=SATURDAY + DAY + HOUR, first=5
    )
    got = {(each.at, each.entries) for each in told(loud(pattern), log)}

    assert got == {
        (log[2].entry.at, (0, 1, 2)),
        (log[7].entry.at, (5, 6, 7)),
    }


@pytest.mark.parametrize("pattern", SUPPORT)
def test_other_outcomes_are_nothing_to_it(pattern):
    """What was answered is not refused, and what was refused told nobody anything."""
    log = [
        seen(n, SATURDAY + n, **SUPPORT[pattern](n, "one") | {"outcome": outcome})
        for n, outcome in enumerate(["UNAVAILABLE", "NOT_FOUND"] * 5)
    ]

    assert told(loud(pattern), log) == []


@pytest.mark.parametrize(
    "pattern", [name for name in SUPPORT if PATTERNS[name].actions]
)
def test_other_actions_are_nothing_to_it(pattern):
    """What coordinators register, for one."""
    log = [
        seen(n, SATURDAY + n, **SUPPORT[pattern](n, "one") | {"action": "GROUP_LIST"})
        for n in range(5)
    ]

    assert told(loud(pattern), log) == []


@pytest.mark.parametrize(
    "pattern",
    [
        "MANY_AREAS",
        "MANY_CASES",
        "AREA_PROBED_BY_PERSON",
        "AREA_PROBED_BY_ORGANISATION",
        "QUESTION_REPEATED",
        "MANY_SEARCHES",
    ],
)
def test_details_that_the_law_took(pattern):
    """Without a case they count for none, and for no other either."""
    log = [
        seen(n, SATURDAY + n, **SUPPORT[pattern](n, "one") | {"case": ""})
        for n in range(5)
    ]

    assert told(loud(pattern), log) == []


def test_a_case_without_areas():
    """A check whose places the law took leaves nothing behind."""
    detector = loud("MANY_AREAS")

    assert told(detector, [seen(0, SATURDAY, case="one")]) == []
    assert not detector._watches["MANY_AREAS"]._tally._held


def test_a_case_that_asks_for_many_areas_at_once():
    """The number is that of the areas; one entry supports them all."""
    (got,) = told(
        loud("MANY_AREAS"), [seen(7, SATURDAY, case="one", areas=tuple("abcde"))]
    )

    assert (got.count, got.limit, got.entries) == (5, 2, (7,))


def test_the_same_subject_in_three_municipalities():
    """It is about all of them, so none is named; nor is one case."""
    (got,) = told(loud("MANY_CASES"), entries("MANY_CASES", 3))

    assert (got.organisation, got.person, got.case) == ("", "", b"")


def test_a_refused_certificate_that_tells_nothing():
    """It is nobody's: counted together, and under no certificate."""
    log = [seen(n, MONDAY, "NO_METHOD", outcome="CERTIFICATE_REFUSED", person="",
                organisation="", role="") for n in range(3)]  # fmt: skip
    (got,) = told(loud("REFUSED_BY_ORGANISATION"), log)

    assert (got.organisation, got.person, got.count) == ("", "", 3)
    assert told(loud("REFUSED_BY_CERTIFICATE"), log) == []


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ("2026-06-19T06:00+02:00", 0),  # a Friday
        ("2026-06-19T19:59:59+02:00", 0),
        ("2026-06-19T20:00+02:00", 1),
        ("2026-06-20T12:00+02:00", 1),
        ("2026-06-21T12:00+02:00", 1),
        ("2026-06-22T05:59:59+02:00", 1),
        ("2026-06-22T06:00+02:00", 0),
        # Summer time begins on Sunday, the 29th of March.
        ("2026-03-27T04:59:59+00:00", 1),
        ("2026-03-27T05:00:00+00:00", 0),
        ("2026-03-27T18:59:59+00:00", 0),
        ("2026-03-27T19:00:00+00:00", 1),
        ("2026-03-29T00:59:59+00:00", 1),
        ("2026-03-29T01:00:00+00:00", 1),
        ("2026-03-29T21:59:59+00:00", 1),
        ("2026-03-30T03:59:59+00:00", 1),
        ("2026-03-30T04:00:00+00:00", 0),
        ("2026-03-30T17:59:59+00:00", 0),
        ("2026-03-30T18:00:00+00:00", 1),
        # It ends on Sunday, the 25th of October.
        ("2026-10-23T03:59:59+00:00", 1),
        ("2026-10-23T04:00:00+00:00", 0),
        ("2026-10-23T17:59:59+00:00", 0),
        ("2026-10-23T18:00:00+00:00", 1),
        ("2026-10-26T04:59:59+00:00", 1),
        ("2026-10-26T05:00:00+00:00", 0),
        ("2026-10-26T18:59:59+00:00", 0),
        ("2026-10-26T19:00:00+00:00", 1),
        # The Sunday begins at midnight in Stockholm, and so does the Saturday.
        ("2026-06-19T21:59:59+00:00", 1),
        ("2026-06-21T21:59:59+00:00", 1),
    ],
)
def test_night_and_weekend(when, expected):
    """By the clock on the wall in Stockholm."""
    none = NightLimit(allowed=0, days=1, begins=6, ends=20)
    got = told(Detector(limits(night_work=none)), [seen(0, instant(when))])

    assert len(got) == expected


@pytest.mark.parametrize(
    ("begins", "ends", "expected"), [(0, 24, 0), (0, 1, 1), (23, 24, 0)]
)
def test_hours_of_the_ruleset(begins, ends, expected):
    """A day may be as long as it is."""
    none = NightLimit(allowed=0, days=1, begins=begins, ends=ends)
    late = instant("2026-06-18T23:59:59+02:00")
    got = told(Detector(limits(night_work=none)), [seen(0, late)])

    assert len(got) == expected


@pytest.mark.parametrize(
    "role", [role.value for role in Role if role is not Role.CASEWORKER]
)
def test_the_police_work_at_night(role):
    """Only caseworkers have office hours."""
    log = [seen(n, SATURDAY, "EVALUATE", role=role) for n in range(9)]

    assert told(loud("NIGHT_WORK"), log) == []


def test_a_large_share():
    """The person is named; only that person's entries support it."""
    large = ShareLimit(percent=60, checks=4, days=1)
    detector = Detector(limits(large_share=large))
    log = [seen(n, MONDAY + n, person=who) for n, who in enumerate("abaa")]
    (got,) = told(detector, log)

    assert (got.pattern, got.organisation, got.person) == ("LARGE_SHARE", "1280", "a")
    assert (got.count, got.limit, got.entries) == (75, 60, (0, 2, 3))
    assert got.at == MONDAY + 3


@pytest.mark.parametrize("kind", [{"outcome": "NOT_FOUND"}, {"action": "CASE_SHOW"}])
def test_a_share_of_what_was_answered(kind):
    """Only checks count, and only those that were answered."""
    detector = Detector(limits(large_share=ShareLimit(percent=60, checks=4, days=1)))

    assert told(detector, [seen(n, MONDAY, **kind) for n in range(9)]) == []


def test_an_evaluation_that_halves_nothing_is_none():
    """Only what says so counts."""
    log = [seen(n, SATURDAY + n, action="EVALUATE") for n in range(5)]

    assert told(loud("EVALUATIONS_HALF_SPENT"), log) == []
