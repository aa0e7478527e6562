"""How many days facts and cases are kept: one table of a ruleset file."""

from collections.abc import Mapping
from typing import Any, Final

KINDS: Final = (
    "affiliation",
    "faction",
    "rivalry",
    "alliance",
    "presence",
    "threat",
    "located",
    "tie",
)
"""Of facts, that end; two subjects are one person until that is retracted."""
RETRIED_DAYS: Final = 30
"""How long a request that is sent again finds its first answer."""
_KEYS: Final = (*KINDS, "retracted", "case")
_MOST: Final = 36_500


def parse_retention(
    table: Mapping[str, Any], *, cool_down_days: int, budget_days: int
) -> Mapping[str, int]:
    """Read how many days each kind is kept.

    Args:
        table: days after a fact of a kind ended, after one was ``retracted``, and after
            a ``case`` was closed.
        cool_down_days: how long an ended fact still acts.
        budget_days: how long any budget looks back.

    Raises:
        ValueError: a key is missing or unknown, or a number out of its range: what still
            acts, or still counts, would be gone.
    """
    if not isinstance(table, dict) or set(table) != set(_KEYS):
        raise ValueError(f"retention: expected exactly the keys {', '.join(_KEYS)}")
    least = dict.fromkeys(KINDS, cool_down_days)
    least |= {"retracted": RETRIED_DAYS, "case": max(budget_days, RETRIED_DAYS)}
    for name in _KEYS:
        value = table[name]
        if type(value) is not int or not least[name] < value <= _MOST:
            raise ValueError(
                f"retention: {name} must be {least[name] + 1} to {_MOST} days"
            )
    return table
