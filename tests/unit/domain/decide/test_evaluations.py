"""Evaluations within their budgets."""

import pytest
from kit.commands import COORDINATOR, Court, caseworker, evaluate, field_of
from kit.world import RULESET

from placement.domain.decide.evaluations import MAX_ELEMENTS
from placement.domain.events import Evaluated
from placement.domain.terms import MICROS_A_DAY, MICROS_AN_HOUR
from placement.errors import BudgetError

AN_HOUR, A_DAY = RULESET.budgets.evaluations["caseworker"]


@pytest.fixture
def court():
    """A court where nothing is registered."""
    return Court()


def test_what_was_admitted_is_the_custodians(court):
    """The elements go on as they came; how many were admitted is an event."""
    outcome = court.decide(evaluate(3)).outcome

    assert outcome.reply == ("element",) * 3
    assert outcome.events == (Evaluated(organisation="1280", person="cw-01", count=3),)


@pytest.mark.parametrize("size", [0, MAX_ELEMENTS + 1])
def test_evaluations_have_limits(court, size):
    """At least one element, and not too many."""
    assert field_of(court, evaluate(size, COORDINATOR)) == "blinded_elements"


def test_the_budget_of_a_person(court):
    """So many an hour; a refused one costs nothing, a colleague has their own."""
    court.reply(evaluate(AN_HOUR - 1))
    with pytest.raises(BudgetError):
        court.reply(evaluate(2))

    assert court.reply(evaluate(1))
    assert court.reply(evaluate(1, caseworker(person="cw-02")))
    court.later(MICROS_AN_HOUR)
    assert court.reply(evaluate(AN_HOUR))


def test_the_budget_of_an_organisation(court):
    """So many a day over all its people; another municipality has its own."""
    for number in range(A_DAY // AN_HOUR):
        court.reply(evaluate(AN_HOUR, caseworker(person=f"cw-{number:02}")))
    last = caseworker(person="cw-99")
    with pytest.raises(BudgetError):
        court.reply(evaluate(1, last))

    assert court.reply(evaluate(1, caseworker("0180", "cw-99")))
    court.later(MICROS_A_DAY)
    assert court.reply(evaluate(1, last))


def test_coordinators_have_another_budget(court):
    """They record many people at once."""
    for _ in range(2 * AN_HOUR // MAX_ELEMENTS + 1):
        assert court.reply(evaluate(MAX_ELEMENTS, COORDINATOR))
