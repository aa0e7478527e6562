"""Requests about budgets become commands, and replies answers."""

import pytest
from kit.world import token

from placement.api.v1 import budget_service_pb2 as wire
from placement.domain.budgets import Balance, Balances, Evaluations
from placement.domain.decide.balances import Budgeted
from placement.errors import InvalidInputError
from placement.rpc.servicers_budgets import show_budgets, shown

ONE = Balance(allowed=6, spent=2, cost=1, hours=2160)
ON_WIRE = wire.Budget(allowed=6, left=4, cost=1, left_after=3, hours=2160)


def test_a_request_is_read(origin):
    """A case and areas, or neither."""
    request = wire.ShowBudgetsRequest(case_handle=token("case"), areas=["2480"])
    got, bare = (
        show_budgets(each, origin) for each in (request, wire.ShowBudgetsRequest())
    )

    assert (got.case, got.areas) == (token("case"), ("2480",))
    assert (bare.case, bare.areas) == (None, ())


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"case_handle": b"short"}, "case_handle"),
        ({"areas": ["248"]}, "areas[0]"),
        ({"areas": ["2480"] * 6}, "areas"),
    ],
)
def test_a_bad_form_is_refused(origin, given, field):
    """By the field."""
    with pytest.raises(InvalidInputError) as refused:
        show_budgets(wire.ShowBudgetsRequest(**given), origin)

    assert refused.value.field == field


@pytest.mark.parametrize("has_case", [False, True])
def test_what_is_left_is_answered(has_case):
    """A case's budget only if there is a case."""
    found = Budgeted(
        areas=Balances(case=ONE, organisation=ONE, person=ONE),
        evaluations=Evaluations(organisation=ONE, person=ONE),
        has_case=has_case,
        affords=True,
    )
    expected = wire.ShowBudgetsResponse(
        areas=wire.AreaBudgets(organisation=ON_WIRE, person=ON_WIRE),
        evaluations=wire.EvaluationBudgets(organisation=ON_WIRE, person=ON_WIRE),
        affords=True,
    )
    if has_case:
        expected.areas.case.CopyFrom(ON_WIRE)

    assert shown(found, evaluates=True) == expected


def test_who_asks_nothing_has_no_areas():
    """Coordinators."""
    found = Budgeted(
        areas=None,
        evaluations=Evaluations(organisation=ONE, person=ONE),
        has_case=False,
        affords=True,
    )

    assert not shown(found, evaluates=True).HasField("areas")


def test_what_custodians_keep_is_not_answered():
    """A registry that evaluates nothing would show a budget that nobody spends."""
    found = Budgeted(
        areas=Balances(case=ONE, organisation=ONE, person=ONE),
        evaluations=Evaluations(organisation=ONE, person=ONE),
        has_case=False,
        affords=True,
    )
    got = shown(found, evaluates=False)

    assert got.HasField("areas")
    assert not got.HasField("evaluations")
