"""The budgets: refusals rest on the history of questions only."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kit.world import NOW, RULESET, token

from placement.domain.budgets import Ledger
from placement.domain.events import Asked, Evaluated
from placement.domain.terms import (
    MICROS_A_DAY,
    MICROS_AN_HOUR,
    AreaCode,
    stockholm_day,
)

BUDGETS = RULESET.budgets


def asked(
    *areas: str, case: str = "one", org: str = "1280", person: str = "p"
) -> Asked:
    return Asked(
        case=token(case),
        organisation=org,
        person=person,
        areas=tuple(map(AreaCode, areas)),
    )


def evaluated(count: int, org: str = "1280", person: str = "p") -> Evaluated:
    return Evaluated(organisation=org, person=person, count=count)


def affords(ledger: Ledger, spent: Evaluated, now: int) -> bool:
    found = ledger.evaluations(spent, now, (20, 200))
    return found.person.affords and found.organisation.affords


def codes(count: int, first: int = 1) -> tuple[str, ...]:
    return tuple(f"{number:04}" for number in range(first, first + count))


@pytest.mark.parametrize(
    ("days", "expected"), [(13, ("0002",)), (14, ("0001", "0002"))]
)
def test_repeating_is_free_for_a_fortnight(days, expected):
    """An area is charged once in 14 days, and once in a question."""
    ledger = Ledger()
    ledger.spend(asked("0001"), NOW)
    later = NOW + days * MICROS_A_DAY
    got = ledger.charge(token("one"), ("0001", "0002", "0002"), later, BUDGETS)

    assert got == expected


def test_another_case_pays_for_itself():
    """What one case asked is not free to another."""
    ledger = Ledger()
    ledger.spend(asked("0001"), NOW)
    got = ledger.charge(token("two"), ("0001",), NOW, BUDGETS)

    assert got == ("0001",)


@pytest.mark.parametrize(
    ("areas", "days", "expected"),
    [
        (codes(1, 7), 0, False),
        (codes(1, 6), 0, True),
        (codes(1, 7), 89, False),
        (codes(1, 7), 90, True),
        ((), 0, True),
    ],
)
def test_a_case_affords_six_areas(areas, days, expected):
    """The seventh distinct area in 90 days is too much, a known one is not."""
    ledger = Ledger()
    ledger.spend(asked(*codes(6)), NOW)
    got = ledger.affords(asked(*areas), NOW + days * MICROS_A_DAY, BUDGETS)

    assert got == expected


@pytest.mark.parametrize(
    ("person", "hours", "expected"),
    [("p", 0, False), ("q", 0, True), ("p", 11, False), ("p", 12, True)],
)
def test_a_person_affords_ten_areas_a_day(person, hours, expected):
    """The eleventh area of one person until midnight in Stockholm is too much."""
    ledger = Ledger()
    ledger.spend(asked(*codes(5), case="one"), NOW - MICROS_AN_HOUR)
    ledger.spend(asked(*codes(5), case="two"), NOW)
    later = NOW + hours * MICROS_AN_HOUR  # it is noon in Stockholm
    question = asked("0001", case="three", person=person)
    got = ledger.affords(question, later, BUDGETS)

    assert got == expected


@given(st.lists(st.tuples(st.integers(0, 40 * 24), st.sampled_from("pq"))))
def test_what_is_spent_is_the_sum_of_what_was_asked(asking):
    """However much of it is too old to count; of a person, what counts is of today."""
    ledger = Ledger()
    history = [
        (NOW - hours * MICROS_AN_HOUR, person)
        for hours, person in sorted(asking, reverse=True)
    ]
    for at, person in history:
        ledger.spend(asked("0001", person=person), at)
    got = ledger.balances(asked(), NOW, BUDGETS)
    since, today = NOW - BUDGETS.organisation_days * MICROS_A_DAY, stockholm_day(NOW)
    of_today = [who for at, who in history if stockholm_day(at) == today]

    assert got.organisation.spent == sum(at > since for at, _ in history)
    assert got.person.spent == of_today.count("p")


@pytest.mark.parametrize(
    ("org", "days", "expected"),
    [("1280", 0, False), ("1280", 29, False), ("1280", 30, True), ("0580", 0, True)],
)
def test_an_organisation_affords_thirty_areas(org, days, expected):
    """The 31st area of one organisation in 30 days is too much."""
    ledger = Ledger()
    for number in range(6):
        spent = asked(*codes(5), case=f"case {number}", person=f"person {number}")
        ledger.spend(spent, NOW)
    question = asked("0001", case="new", org=org, person="new")
    got = ledger.affords(question, NOW + days * MICROS_A_DAY, BUDGETS)

    assert got == expected


def test_left():
    """A case has six areas, less those that it asked about in 90 days."""
    ledger = Ledger()
    ledger.spend(asked(*codes(2)), NOW)
    ledger.spend(asked(*codes(1)), NOW + MICROS_A_DAY)
    days = (0, 89, 90, 91)
    got = [ledger.left(token("one"), NOW + day * MICROS_A_DAY, BUDGETS) for day in days]

    assert got == [4, 4, 5, 6]


def test_left_is_never_negative():
    """A stricter ruleset leaves nothing rather than less."""
    ledger = Ledger()
    ledger.spend(asked(*codes(6)), NOW)
    got = ledger.left(token("one"), NOW, replace(BUDGETS, case_areas=1))

    assert got == 0


@pytest.mark.parametrize(
    ("count", "org", "person", "minutes", "expected"),
    [
        (10, "1280", "p", 0, True),
        (11, "1280", "p", 0, False),
        (11, "1280", "p", 59, False),
        (11, "1280", "p", 60, True),
        (11, "1280", "q", 0, True),
        (20, "0580", "p", 0, True),
    ],
)
def test_evaluations_of_a_person(count, org, person, minutes, expected):
    """A person has twenty elements an hour."""
    ledger = Ledger()
    ledger.spend(evaluated(10), NOW)
    later = NOW + minutes * MICROS_AN_HOUR // 60
    got = affords(ledger, evaluated(count, org, person), later)

    assert got == expected


@pytest.mark.parametrize(("hours", "expected"), [(23, False), (24, True)])
def test_evaluations_of_an_organisation(hours, expected):
    """An organisation has two hundred elements in 24 hours."""
    ledger = Ledger()
    for number in range(10):
        ledger.spend(evaluated(20, person=f"person {number}"), NOW)
    later = NOW + hours * MICROS_AN_HOUR
    got = affords(ledger, evaluated(1, person="new"), later)

    assert got == expected


def test_what_is_older_than_any_budget_is_dropped():
    """Old questions and evaluations leave the ledger."""
    ledger = Ledger()
    ledger.spend(asked("0001"), NOW)
    ledger.spend(evaluated(1), NOW)
    later = NOW + 401 * MICROS_A_DAY
    ledger.spend(asked("0002"), later)
    ledger.spend(evaluated(2), later)
    got = [record.event for record in ledger.records()]

    assert got == [asked("0002"), evaluated(2)]


def test_a_free_question_leaves_nothing():
    """A question that is charged nothing is not kept."""
    ledger = Ledger()
    ledger.spend(asked(), NOW)
    got = list(ledger.records())

    assert got == []


CASES = {"one": "1280", "two": "1280", "three": "0580"}  # a case has one owner
SPENT = st.one_of(
    st.builds(
        lambda case, areas: asked(*areas, case=case, org=CASES[case]),
        st.sampled_from(sorted(CASES)),
        st.lists(st.sampled_from(codes(4)), max_size=3),
    ),
    st.builds(evaluated, st.integers(1, 20), st.sampled_from(("1280", "0580"))),
)


@given(st.lists(st.tuples(SPENT, st.integers(0, 20 * 24)), max_size=20))
def test_a_ledger_is_the_fold_of_its_records(spent):
    """A ledger built from a ledger's records answers alike."""
    ledger, again = Ledger(), Ledger()
    at = NOW
    for one, hours in spent:
        at += hours * MICROS_AN_HOUR
        ledger.spend(one, at)
    for record in ledger.records():
        again.spend(record.event, record.at)
    got = _answers(again, at)

    assert got == _answers(ledger, at)


def _answers(ledger, now):
    cases = [token(name) for name in CASES]
    return (
        [ledger.left(case, now, BUDGETS) for case in cases],
        [ledger.charge(case, codes(5), now, BUDGETS) for case in cases],
        [
            ledger.affords(asked(*codes(count), org=org), now, BUDGETS)
            for count in range(7)
            for org in ("1280", "0580")
        ],
        [affords(ledger, evaluated(count), now) for count in (1, 10, 20)],
    )


@pytest.mark.parametrize("restarted", [False, True])
@pytest.mark.parametrize(("days", "expected"), [(399, True), (400, False)])
def test_what_a_case_has_asked(restarted, days, expected):
    """As long as it is kept, its own alone; after a restart no less and no more."""
    ledger = Ledger()
    ledger.spend(asked("0180"), NOW)
    now = NOW + days * MICROS_A_DAY
    ledger.spend(asked("1480", case="two"), now + 1)
    if restarted:
        again = Ledger()
        for record in ledger.records():
            again.spend(record.event, record.at)
        ledger = again
    got = ledger.has_asked(token("one"), AreaCode("0180"), now)

    assert got is expected
    assert ledger.has_asked(token("two"), AreaCode("1480"), now)
    assert not ledger.has_asked(token("two"), AreaCode("0180"), now)


@pytest.mark.parametrize(
    ("forgotten", "more", "affords"),
    [
        ((), 2, False),
        (("one",), 4, True),
        (("one",), 5, False),
        (("one", "two"), 6, True),
    ],
)
def test_what_other_cases_asked_still_counts(forgotten, more, affords):
    """A case that is erased takes its own questions with it, and no other's."""
    ledger = Ledger()
    ledger.spend(asked(*codes(3)), NOW)
    ledger.spend(asked(*codes(6), case="two"), NOW)
    ledger.spend(asked("0001", case="two", person="q"), NOW)
    ledger.forget({token(name) for name in forgotten})

    got = ledger.affords(asked(*codes(more), case="three"), NOW, BUDGETS)

    assert got is affords
