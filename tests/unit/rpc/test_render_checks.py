"""From a check's reply to its response, whose size tells nothing of its verdicts."""

from itertools import product

import pytest
from kit.commands import MOMENT
from kit.replied import answer
from kit.world import NOW, token

from placement.api.v1 import budget_service_pb2 as budget
from placement.api.v1 import check_service_pb2 as check
from placement.api.v1 import types_pb2 as wire
from placement.api.v1.refusal_pb2 import Envelope
from placement.domain.budgets import Balance, Balances
from placement.domain.decide.checks import Answer as Verdicted
from placement.domain.decide.checks import Answers
from placement.domain.terms import MICROS_AN_HOUR, Verdict
from placement.rpc import render

BALANCES = Balances(
    case=Balance(allowed=6, spent=2, cost=2, hours=2160),
    organisation=Balance(allowed=30, spent=28, cost=2, hours=720),
    person=Balance(allowed=10, spent=0, cost=2, hours=0),
)


def checked(*verdicts, leaf=9):
    return render.checked(
        answer(
            Answers(
                answers=tuple(
                    Verdicted(
                        verdict=verdict,
                        decision=token(f"decision-{number}"),
                        valid_until=NOW
                        + (72 * MICROS_AN_HOUR if verdict is Verdict.CLEAR else 0),
                    )
                    for number, verdict in enumerate(verdicts)
                ),
                ruleset=MOMENT.ruleset.version,
                decided_at=NOW,
                ahead_days=90,
                balances=BALANCES,
            ),
            leaf=leaf,
        ),
        "phone 114 14",
    )


def test_a_check_in_full():
    """Every field that the proto has, and nothing of why."""
    assert checked(Verdict.CLEAR, Verdict.CONFLICT) == check.CheckPlacementResponse(
        verdicts=[
            check.CandidateVerdict(
                verdict=wire.VERDICT_CLEAR,
                decision_id=token("decision-0"),
                valid_until=NOW + 72 * MICROS_AN_HOUR,
                hold_id=bytes(16),
                hold_expires_at=NOW,
            ),
            check.CandidateVerdict(
                verdict=wire.VERDICT_CONFLICT,
                decision_id=token("decision-1"),
                valid_until=NOW,
                hold_id=bytes(16),
                hold_expires_at=NOW,
            ),
        ],
        revision=7,
        ruleset=MOMENT.ruleset.version,
        decided_at=NOW,
        contact="phone 114 14",
        leaf_index=9,
        ahead_days=90,
        budgets=budget.AreaBudgets(
            case=budget.Budget(allowed=6, left=4, cost=2, left_after=2, hours=2160),
            organisation=budget.Budget(
                allowed=30, left=2, cost=2, left_after=0, hours=720
            ),
            person=budget.Budget(allowed=10, left=10, cost=2, left_after=8, hours=0),
        ),
    )


@pytest.mark.parametrize("size", [1, 2, 5])
def test_no_verdict_changes_the_size(size):
    """All combinations of verdicts for as many candidates have the same length."""
    sizes = {
        len(checked(*verdicts).SerializeToString())
        for verdicts in product(Verdict, repeat=size)
    }

    assert len(sizes) == 1


COMMON = set(Envelope.DESCRIPTOR.fields_by_name)


def test_no_verdict_leaves_a_field_out():
    """Every field is set in every answer, the first leaf's index included."""
    for verdict in Verdict:
        response = checked(verdict, leaf=0)
        names = {field.name for field, _ in response.ListFields()}
        (one,) = response.verdicts
        inner = {field.name for field, _ in one.ListFields()}

        assert names == {field.name for field in response.DESCRIPTOR.fields} - COMMON
        assert inner == {field.name for field in one.DESCRIPTOR.fields}


def test_every_verdict_has_its_name():
    """The domain's and the wire's verdict are never crossed."""
    for verdict in Verdict:
        (one,) = checked(verdict).verdicts

        assert wire.Verdict.Name(one.verdict) == f"VERDICT_{verdict.name}"
