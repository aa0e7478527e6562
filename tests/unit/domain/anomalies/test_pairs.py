"""What comes in pairs: evaluations and their cases, and changes approved in turn."""

import pytest
from kit.watched import DAY, HOUR, MINUTE, MONDAY, SATURDAY, limits, loud, seen, told

from placement.domain.anomalies import pairs
from placement.domain.anomalies.detector import Detector
from placement.domain.anomalies.tallies import Item
from placement.domain.ruleset import CaseLimit, Limit

ONE_HOUR = CaseLimit(allowed=2, days=1, hours=1)


# Evaluations and their cases


def evaluations(count, *, start=MONDAY, first=0, person="cw-01", **kind):
    return [
        seen(first + n, start + n * MINUTE, "EVALUATE", person=person, **kind)
        for n in range(count)
    ]


def later(index, *, pause=HOUR + 9 * MINUTE, action="CASE_SHOW", person="cw-09"):
    """Return what happens once every evaluation has waited long enough."""
    return seen(index, MONDAY + pause, action, person=person)


def waited(log):
    return told(Detector(limits(evaluated_without_case=ONE_HOUR)), log)


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_evaluations_without_a_case(count):
    """Told when the last of them has waited its hour, with whatever comes next."""
    got = waited([*evaluations(count), later(9)])
    expected = [(3, 2, (0, 1, 2), "cw-01", MONDAY + 2 * MINUTE + HOUR)]

    assert [(a.count, a.limit, a.entries, a.person, a.at) for a in got] == (
        expected if count > 2 else []
    )


@pytest.mark.parametrize(("pause", "expected"), [(-1, 0), (0, 1)])
def test_a_case_may_take_its_time(pause, expected):
    """Until the hour is over, to the microsecond."""
    got = waited([*evaluations(3), later(9, pause=HOUR + 2 * MINUTE + pause)])

    assert len(got) == expected


@pytest.mark.parametrize(
    ("opened", "expected"),
    [
        ({}, 0),
        ({"person": "cw-02"}, 1),
        ({"organisation": "0180"}, 1),
        ({"outcome": "INVALID_INPUT"}, 1),
        ({"action": "CASE_SHOW"}, 1),
    ],
)
def test_a_case_follows(opened, expected):
    """Opened by the same person, and not refused."""
    opening = {"action": "CASE_OPEN"} | opened
    case = seen(3, MONDAY + 5 * MINUTE, **opening)
    got = waited([*evaluations(3), case, later(9)])

    assert len(got) == expected


def test_a_case_that_comes_too_late():
    """It takes nothing back."""
    case = seen(3, MONDAY + HOUR + 2 * MINUTE, "CASE_OPEN")
    got = waited([*evaluations(3), case])

    assert [each.entries for each in got] == [(0, 1, 2)]


def test_one_case_takes_one_evaluation():
    """The newest, so that one false case does not cover for all."""
    case = seen(2, MONDAY + 90 * MINUTE // 60, "CASE_OPEN")
    log = [*evaluations(2), case, *evaluations(2, first=3, start=MONDAY + 5 * MINUTE)]
    got = waited([*log, later(9)])

    assert [each.entries for each in got] == [(0, 3, 4)]


def test_cases_without_evaluations():
    """More cases than evaluations take nothing from later ones."""
    cases = [seen(n, MONDAY, "CASE_OPEN") for n in range(5)]
    got = waited([*cases, *evaluations(3, first=5), later(9)])

    assert [each.entries for each in got] == [(5, 6, 7)]


@pytest.mark.parametrize("kind", [{"role": "coordinator"}, {"outcome": "BUDGET_SPENT"}])
def test_evaluations_that_need_no_case(kind):
    """Coordinators open none, and a refused one evaluated nothing."""
    assert waited([*evaluations(5, **kind), later(9)]) == []


def test_evaluations_of_two_are_not_mixed():
    """Nor are those whose hour ends on different days."""
    log = [*evaluations(2), *evaluations(2, first=2, person="cw-02"), later(9)]

    assert waited(log) == []
    log = [
        *evaluations(2),
        *evaluations(2, first=2, start=MONDAY + DAY + MINUTE),
        later(9, pause=2 * DAY),
    ]

    assert waited(log) == []


def test_evaluations_told_again():
    """Once in a row, and once more when it comes back."""
    log = [
        *evaluations(5),
        *evaluations(3, first=5, start=MONDAY + 2 * DAY),
        later(9, pause=3 * DAY),
    ]
    got = waited(log)

    assert [each.entries for each in got] == [(0, 1, 2), (5, 6, 7)]


def test_too_many_that_wait(monkeypatch):
    """The oldest is given up early, so that memory is bounded."""
    monkeypatch.setattr(pairs, "MAX_HELD", 3)
    detector = Detector(limits(evaluated_without_case=ONE_HOUR))
    log = evaluations(8)
    got = told(detector, log)
    watch = detector._watches["EVALUATED_WITHOUT_CASE"]

    assert [(each.entries, each.at) for each in got] == [((0, 1, 2), log[6].entry.at)]
    assert len(watch._due) == 4
    assert {who: len(waiting) for who, waiting in watch._waiting.items()} == {
        ("1280", "cw-01"): 4
    }
    told(detector, [later(9)])

    assert not watch._due
    assert not watch._waiting


# One another's changes


def approvals(*pairs, start=SATURDAY, first=0, apart=MINUTE):
    """Return who proposes and who approves, one after the other."""
    log = []
    for n, (proposer, approver) in enumerate(pairs):
        change, at = f"change {first + n}", start + n * apart
        for who, action, objects in (
            (proposer, ("PHANTOM_LIFT", "EXTRACT_PROPOSE")[n % 2], (change,)),
            (approver, ("CHANGE_APPROVE", "EXTRACT_APPROVE")[n % 2], (change, "told")),
        ):
            index = 2 * first + len(log)
            given = {"person": who, "organisation": "syd", "role": "coordinator"}
            log.append(seen(index, at, action, objects=objects, **given))
    return log


THERE, BACK = ("co-1", "co-2"), ("co-2", "co-1")


def test_two_who_always_approve_for_each_other():
    """Each approval counts with one the other way; both persons are meant, so none."""
    (found,) = told(loud("APPROVED_IN_TURN"), approvals(THERE, BACK, THERE, BACK))

    assert (found.count, found.limit, found.entries) == (4, 2, (1, 3, 5, 7))
    assert (found.organisation, found.person) == ("syd", "")


@pytest.mark.parametrize(
    "pairs",
    [
        [THERE] * 9,
        [THERE, BACK, *[THERE] * 9],
        [THERE, BACK, ("co-1", "co-3"), ("co-3", "co-1")],
        [("co-1", "co-2"), ("co-2", "co-3"), ("co-3", "co-1")] * 3,
    ],
)
def test_what_is_not_in_turn(pairs):
    """One second person for all of somebody's; a few with each; a circle of three."""
    assert told(loud("APPROVED_IN_TURN"), approvals(*pairs)) == []


def test_approvals_of_other_changes_are_nothing_to_it():
    """A fact that two coordinators record in turn is daily work."""
    log = [
        each
        for each in approvals(*[THERE, BACK] * 9)
        if each.entry.action.endswith("APPROVE")
    ]

    assert told(loud("APPROVED_IN_TURN"), log) == []


def test_turns_that_are_long_ago():
    """An approval that nobody answered in time is forgotten, and so is a proposal."""
    detector = loud("APPROVED_IN_TURN")
    log = approvals(THERE, THERE, THERE)
    log += approvals(BACK, BACK, BACK, start=SATURDAY + 2 * DAY, first=3)
    log += approvals(THERE, start=SATURDAY + 9 * DAY, first=6)
    watch = detector._watches["APPROVED_IN_TURN"]

    assert told(detector, log) == []
    assert [*watch._open] == [(("syd", "co-2"), ("syd", "co-1"))]
    assert watch._proposed == {}


def test_an_answer_that_comes_too_late_is_none():
    """Even where what it answers was not tidied away yet."""
    pairs = [THERE, BACK, THERE, BACK]
    log = approvals(*pairs, apart=DAY)

    assert told(loud("APPROVED_IN_TURN"), log) == []


def test_an_approval_that_waited_too_long_is_answered_by_none():
    """It is dropped when it is looked at, if nothing was tidied before."""
    watch = pairs.InTurn(Limit(allowed=0, days=1))
    seen_ = approvals(THERE, BACK, apart=2 * DAY)
    items = [
        Item(each.entry.at, each.index, "syd", each.entry.person, b"") for each in seen_
    ]
    found = [[*watch.observe(*both)] for both in zip(seen_, items, strict=True)]

    assert found == [[]] * 4
    assert len(watch._open) == 2


def test_proposals_are_bounded(monkeypatch):
    """The oldest go first."""
    monkeypatch.setattr(pairs, "MAX_HELD", 2)
    detector = loud("APPROVED_IN_TURN")
    proposals = [
        each for each in approvals(*[THERE] * 4) if "APPROVE" not in each.entry.action
    ]
    told(detector, proposals)

    assert len(detector._watches["APPROVED_IN_TURN"]._proposed) == 2
