"""What a question costs and what is left of it, in words.

All of it rests on what was asked before, and none on what is on record.
"""

from collections.abc import Iterator
from typing import Final

from placement.api.v1.budget_service_pb2 import AreaBudgets, Budget, ShowBudgetsResponse
from placement_client.commands.report import counted
from placement_client.rendering import to_json

HEADINGS: Final = ("Budget", "In", "Allowed", "Left", "This takes", "Left after it")

_HOURS_A_DAY: Final = 24
_TODAY: Final = "today"


def time_of(budget: Budget) -> str:
    """Return the time within which a budget may be spent."""
    hours = budget.hours
    if not hours:
        return _TODAY
    if hours == 1:
        return "an hour"
    if hours % _HOURS_A_DAY:
        return f"{hours} hours"
    return counted(hours // _HOURS_A_DAY, "day", "days")


def cost_line(budgets: AreaBudgets) -> str:
    """Say what a question will take, before it is sent."""
    cost = max(budgets.person.cost, budgets.case.cost)
    if not cost:
        asks = "This asks about no new area, so it takes nothing."
    else:
        asks = f"This asks about {counted(cost, 'new area', 'new areas')}."
    left = _left(
        budgets.case.left,
        budgets.organisation.left,
        budgets.person.left,
        time_of(budgets.organisation),
    )
    return f"{asks} Left before it: {left}."


def left_line(budgets: AreaBudgets) -> str:
    """Say what is left, after it was answered."""
    left = _left(
        budgets.case.left_after,
        budgets.organisation.left_after,
        budgets.person.left_after,
        time_of(budgets.organisation),
    )
    return f"New areas left: {left}."


def _left(case: int, organisation: int, person: int, days: str) -> str:
    return (
        f"{case} for this case, {organisation} for your municipality in {days}, "
        f"{person} for you today"
    )


def last_line(budgets: AreaBudgets) -> str:
    """Say of which budgets a question takes the last; empty if of none."""
    every = (
        ("this case", budgets.case),
        ("your municipality", budgets.organisation),
        ("you", budgets.person),
    )
    spent = [
        f"{whose} ({time_of(budget)})"
        for whose, budget in every
        if budget.cost and not budget.left_after
    ]
    if not spent:
        return ""
    return f"That takes the last new area of {' and of '.join(spent)}."


def rows(answer: ShowBudgetsResponse) -> Iterator[tuple[object, ...]]:
    """Yield a row for each budget that there is."""
    if answer.HasField("areas"):
        areas = answer.areas
        if areas.HasField("case"):
            yield _row("New areas, this case", areas.case)
        yield _row("New areas, your municipality", areas.organisation)
        yield _row("New areas, you", areas.person)
    if not answer.HasField("evaluations"):
        return
    evaluations = answer.evaluations
    yield _row("Evaluations, your organisation", evaluations.organisation)
    yield _row("Evaluations, you", evaluations.person)


def _row(name: str, budget: Budget) -> tuple[object, ...]:
    return (
        name,
        time_of(budget),
        budget.allowed,
        budget.left,
        budget.cost or "-",
        budget.left_after if budget.cost else "-",
    )


def areas_data(budgets: AreaBudgets) -> dict[str, object]:
    """Return budgets of questions for programs; what is none is null."""
    return {
        "case": to_json(budgets.case) if budgets.HasField("case") else None,
        "organisation": to_json(budgets.organisation),
        "person": to_json(budgets.person),
    }


def _evaluations_data(answer: ShowBudgetsResponse) -> dict[str, object] | None:
    """Return budgets of evaluations for programs, if this server keeps them."""
    if not answer.HasField("evaluations"):
        return None
    return {
        "organisation": to_json(answer.evaluations.organisation),
        "person": to_json(answer.evaluations.person),
    }


def to_data(answer: ShowBudgetsResponse) -> dict[str, object]:
    """Return all budgets for programs."""
    has_areas = answer.HasField("areas")
    return {
        "areas": areas_data(answer.areas) if has_areas else None,
        "evaluations": _evaluations_data(answer),
        "affords": answer.affords,
    }
