"""Calls about budgets: what a question would cost, and what is left."""

from collections.abc import Iterable

import grpc

from placement.api.v1 import budget_service_pb2 as wire
from placement.api.v1.budget_service_pb2_grpc import BudgetServiceStub
from placement_client.calls import Patience


class BudgetCalls:
    """The calls of ``BudgetService``.

    Args:
        channel: over it.
        patience: deadline and tries of each call.
    """

    def __init__(self, channel: grpc.Channel, patience: Patience) -> None:
        self._stub = BudgetServiceStub(channel)
        self._patience = patience

    def show(
        self, case_handle: bytes = b"", areas: Iterable[str] = ()
    ) -> wire.ShowBudgetsResponse:
        """Show what asking about areas would cost, and what is left.

        Args:
            case_handle: 16 bytes, or empty for the caller's own budgets alone.
            areas: at most 5 codes; none without a case.
        """
        request = wire.ShowBudgetsRequest(case_handle=case_handle, areas=areas)
        return self._patience.call(self._stub.ShowBudgets, request)
