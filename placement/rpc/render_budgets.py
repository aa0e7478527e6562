"""From budgets to the wire; see ``render``."""

from placement.api.v1 import budget_service_pb2 as wire
from placement.domain.budgets import Balance, Balances


def budget(balance: Balance) -> wire.Budget:
    """Render one budget."""
    return wire.Budget(
        allowed=balance.allowed,
        left=balance.left,
        cost=balance.cost,
        left_after=balance.left_after,
        hours=balance.hours,
    )


def area_budgets(balances: Balances, *, has_case: bool = True) -> wire.AreaBudgets:
    """Render the budgets of questions.

    Args:
        balances: what they are.
        has_case: one of them is a case's.
    """
    return wire.AreaBudgets(
        case=budget(balances.case) if has_case else None,
        organisation=budget(balances.organisation),
        person=budget(balances.person),
    )
