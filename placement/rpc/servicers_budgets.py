"""The service for budgets: from the wire to a command, and back."""

from typing import Any

from placement.api.v1 import budget_service_pb2 as wire
from placement.api.v1.budget_service_pb2_grpc import BudgetServiceServicer
from placement.domain.decide.balances import Budgeted, ShowBudgets
from placement.domain.decide.checks import MAX_CANDIDATES
from placement.rpc import forms
from placement.rpc.desk import Desk
from placement.rpc.origin import Origin
from placement.rpc.parse import case_of
from placement.rpc.render_budgets import area_budgets, budget
from placement.rpc.servicers import Context


class Budgets(BudgetServiceServicer):
    """The service for budgets.

    Args:
        desk: asks the engine.
        evaluates: this server does; else its custodians keep those budgets.
    """

    def __init__(self, desk: Desk, *, evaluates: bool) -> None:
        self._desk = desk
        self._evaluates = evaluates

    async def ShowBudgets(
        self, request: wire.ShowBudgetsRequest, context: Context
    ) -> wire.ShowBudgetsResponse:
        """Show what asking would cost, and what is left."""
        answer = await self._desk.ask(show_budgets, request)
        reply: Any = answer.reply
        return shown(reply, evaluates=self._evaluates)


def show_budgets(request: wire.ShowBudgetsRequest, origin: Origin) -> ShowBudgets:
    """Read whose budgets, and about which areas."""
    forms.at_most(request.areas, MAX_CANDIDATES, "areas")
    return ShowBudgets(
        caller=origin.caller,
        case=case_of(request) if request.case_handle else None,
        areas=tuple(
            forms.area(area, f"areas[{index}]")
            for index, area in enumerate(request.areas)
        ),
    )


def shown(found: Budgeted, *, evaluates: bool) -> wire.ShowBudgetsResponse:
    """Render what is left.

    Args:
        found: what it is.
        evaluates: this server does; else it knows nothing of evaluations.
    """
    areas, evaluations = found.areas, found.evaluations
    return wire.ShowBudgetsResponse(
        areas=None if areas is None else area_budgets(areas, has_case=found.has_case),
        evaluations=wire.EvaluationBudgets(
            organisation=budget(evaluations.organisation),
            person=budget(evaluations.person),
        )
        if evaluates
        else None,
        affords=found.affords,
    )
