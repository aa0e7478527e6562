"""What a question would cost and what is left, said before it is asked."""

from dataclasses import replace

import pytest
from kit.commands import (
    CASEWORKER,
    COORDINATOR,
    Court,
    assess_case,
    caseworker,
    check,
    close_case,
    evaluate,
    field_of,
    open_case,
    show_budgets,
)
from kit.world import RULESET, token

from placement.domain.budgets import Balance
from placement.domain.decide.checks import Answers
from placement.errors import BudgetError, ClosedError, NotFoundError

A_CASE = 2160
A_MONTH = 720


def balance(allowed, spent, cost, hours):
    return Balance(allowed=allowed, spent=spent, cost=cost, hours=hours)


@pytest.fixture
def court():
    """A court with an assessed case, and one that nobody assessed."""
    court = Court()
    for name in ("one", "new"):
        court.reply(open_case(name, handle=token(name)))
    court.reply(assess_case(token("one")))
    return court


def test_a_cost_is_told_before_it_is_paid(court):
    """The same areas, whether they are named once or twice."""
    court.reply(check(token("one"), "2480"))
    got = court.reply(show_budgets(token("one"), "2480", "0180", "0180"))

    assert got.areas.case == balance(6, 1, 1, A_CASE)
    assert got.areas.organisation == balance(30, 1, 1, A_MONTH)
    assert got.areas.person == balance(10, 1, 1, 0)
    assert (got.has_case, got.affords) == (True, True)
    assert (got.areas.case.left, got.areas.case.left_after) == (5, 4)


def test_looking_takes_nothing(court):
    """However often."""
    command = show_budgets(token("one"), "2480", "0180")
    outcomes = [court.decide(command).outcome for _ in range(9)]

    assert all(outcome.events == () for outcome in outcomes)
    assert all(outcome.reply == outcomes[0].reply for outcome in outcomes)


def test_what_is_told_is_what_then_happens(court):
    """The check takes what was said, and leaves what was said; or is refused, as said."""
    areas = ("2480", "0180", "0580", "1480", "1280", "0880", "1780")
    for area in areas:
        told = court.reply(show_budgets(token("one"), area))
        try:
            answers: Answers = court.reply(check(token("one"), area))
        except BudgetError:
            assert area == areas[-1]
            assert not told.affords
        else:
            assert told.affords
            assert answers.balances == told.areas

    assert told.areas.case == balance(6, 6, 1, A_CASE)


def test_a_case_that_nobody_assessed_pays_nothing(court):
    """So its budget is whole, before and after."""
    told = court.reply(show_budgets(token("new"), "2480"))
    answers = court.reply(check(token("new"), "2480"))

    assert told.areas.case == balance(6, 0, 0, A_CASE)
    assert answers.balances == told.areas


def test_without_a_case_there_is_no_case(court):
    """The caller's own budgets, of which nothing is asked for."""
    court.reply(check(token("one"), "2480"))
    got = court.reply(show_budgets())

    assert not got.has_case
    assert got.areas.person == balance(10, 1, 0, 0)


def test_evaluations_are_told(court):
    """Of the person and of everybody, at what the role may."""
    court.reply(evaluate(3))
    court.reply(evaluate(4, caseworker(person="cw-02")))
    court.reply(evaluate(5, COORDINATOR))
    mine = court.reply(show_budgets()).evaluations
    theirs = court.reply(show_budgets(caller=COORDINATOR))

    assert (mine.person, mine.organisation) == (
        balance(20, 3, 0, 1),
        balance(200, 7, 0, 24),
    )
    assert theirs.evaluations.person == balance(5000, 5, 0, 1)
    assert theirs.areas is None


def test_somebody_elses_case_is_not_there(court):
    """Like one that never was."""
    for caller, handle in (
        (caseworker("0180"), token("one")),
        (CASEWORKER, token("never")),
    ):
        with pytest.raises(NotFoundError):
            court.reply(show_budgets(handle, "2480", caller=caller))


def test_a_closed_case_asks_nothing(court):
    """As a check would say."""
    court.reply(close_case(token("one")))
    with pytest.raises(ClosedError):
        court.reply(show_budgets(token("one"), "2480"))


@pytest.mark.parametrize(
    ("command", "field"),
    [
        (show_budgets(None, "2480"), "areas"),
        (show_budgets(token("one"), *["2480"] * 6), "areas"),
        (show_budgets(token("one"), "2480", "9999"), "areas[1]"),
        (show_budgets(token("one"), caller=COORDINATOR), "case_handle"),
    ],
)
def test_what_cannot_be_asked_is_refused(court, command, field):
    """By the form, whatever the case."""
    assert field_of(court, command) == field


def test_a_budget_that_was_lowered_has_nothing_left(court):
    """And never less than nothing."""
    court.reply(check(token("one"), "2480", "0180"))
    budgets = replace(RULESET.budgets, case_areas=1)
    court.moment = replace(court.moment, ruleset=replace(RULESET, budgets=budgets))
    got = court.reply(show_budgets(token("one"), "2480")).areas.case

    assert (got.left, got.left_after, got.affords) == (0, 0, False)
