"""Counties by code: the first two digits of a municipality's code.

Auditors see in which county somebody asked about a place, and not which place it was.
The table only names things (``data/ORIGIN.md``).

Example:
    >>> county_name("14")
    'Västra Götalands län'
"""

import csv
from collections.abc import Mapping
from functools import cache
from importlib.resources import files


def county_name(code: str) -> str:
    """Return the name of a county; of a code that is not in the table, the code."""
    return _names().get(code, code)


@cache
def _names() -> Mapping[str, str]:
    table = files("placement_client") / "data" / "counties.csv"
    rows = csv.DictReader(table.read_text("utf-8").splitlines())
    return {row["code"]: row["name"] for row in rows}
