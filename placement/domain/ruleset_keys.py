"""Which keys a ruleset file has, and what may stand for each.

Invariants:
    * no text in a file is free: versions, grades and area codes have forms that nobody's
      name fits;
    * whatever is refused more strictly than before needs another ``FORMAT``, or a log
      would hold a ruleset that its own servers no longer read.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from placement.domain.terms import Grade, Scheme

FORMAT: Final = 4
"""The form of file that this program writes and knows."""
LOOKED_BACK_DAYS: Final = 366
"""How far a budget looks back at most; what was asked is kept for little longer."""
MANY: Final = 1_000_000_000
"""As many as there can be of anything that only counts."""

_VERSION: Final = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])-([1-9][0-9]{0,3})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Number:
    """A whole number in a range, both ends included."""

    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Version:
    """A version."""


@dataclass(frozen=True, slots=True)
class Grades:
    """A list of grades as given; across its sisters each stands once."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """A list of pairs of area codes."""


@dataclass(frozen=True, slots=True)
class Codes:
    """A list of area codes; across its sisters each stands once."""


@dataclass(frozen=True, slots=True)
class Quantiles:
    """Whole numbers that rise: between each two of them lie equally many.

    Attributes:
        high: the last one at most.
        mean: of what lies between them, at least.
    """

    high: int
    mean: int


Keys = Mapping[str, Any]
"""A table: what stands for each of its keys, ``Keys`` again or one of the above."""

_DAYS: Final = Number(1, 3660)
_HOURS: Final = Number(1, 8784)
_PROMISED: Final = Number(1, 744)  # clients refuse an answer that holds for longer
_COUNT: Final = Number(1, MANY)
_LOOKED_BACK: Final = Number(1, LOOKED_BACK_DAYS)
_LIMIT: Final = {"allowed": Number(0, 1000), "days": Number(1, 366)}
_KEPT: Final = Number(1, 36_600)
_SHARE: Final = Number(0, 1000)  # per mille
_SIZE: Final = Number(1, 1000)
_SPENT: Final = {"person_hour": _COUNT, "organisation_day": _COUNT}

KEYS: Final[Keys] = MappingProxyType(
    {
        "format": Number(FORMAT, FORMAT),
        "version": Version(),
        "time": {
            "cool_down_days": _DAYS,
            "coverage_days": _DAYS,
            "ahead_days": _DAYS,
            "clear_hours": _PROMISED,
            "change_hours": _HOURS,
            "alert_hours": _HOURS,
        },
        "hold": {
            "hours": _PROMISED,
            "live": Number(1, 1000),
            "permit_hours": _HOURS,
            "follow_up_days": _DAYS,
        },
        "review": {
            "due_days": Number(0, 3660),
            "overdue_days": Number(0, 3660),
            "renewal_days": _DAYS,
        },
        "preview": {"person_day": _COUNT},
        "import": {"call_rows": _COUNT, "rows": _COUNT, "region_open": _COUNT},
        "near": {"added": Pairs(), "removed": Pairs()},
        "budget": {
            "case": {"areas": _COUNT, "days": _LOOKED_BACK},
            "organisation": {"areas": _COUNT, "days": _LOOKED_BACK},
            "person": {"areas": _COUNT},
            "repeat": {"days": _LOOKED_BACK},
            "evaluation": {"caseworker": _SPENT, "coordinator": _SPENT},
            "extract": {
                "person_day": _COUNT,
                "organisation": _COUNT,
                "days": _LOOKED_BACK,
            },
        },
        "anomaly": {
            "budget_spent_by_person": _LIMIT,
            "budget_spent_by_organisation": _LIMIT,
            "many_areas": _LIMIT,
            "many_cases": _LIMIT,
            "night_work": {**_LIMIT, "begins": Number(0, 23), "ends": Number(1, 24)},
            # At least half, so that at most one person has more.
            "large_share": {
                "percent": Number(50, 99),
                "checks": Number(1, 1000),
                "days": Number(1, 366),
            },
            "area_probed_by_person": _LIMIT,
            "area_probed_by_organisation": _LIMIT,
            "question_repeated": _LIMIT,
            "evaluated_without_case": {**_LIMIT, "hours": Number(1, 168)},
            "refused_by_organisation": _LIMIT,
            "refused_by_certificate": _LIMIT,
            "many_searches": _LIMIT,
            "approved_in_turn": _LIMIT,
        },
        "phantom": {
            "stays": Number(0, 10),
            "floor": Number(0, 200),
            # What is likelier would be told from phantoms, which are not likelier yet.
            "prior": Number(1, 250),
            "size": {
                "small": _SIZE,
                "medium": _SIZE,
                "large": _SIZE,
                "very_large": _SIZE,
            },
            "weight": {
                "city": Number(1, 100),
                "town": Number(1, 100),
                "cities": Codes(),
                "towns": Codes(),
            },
            "stay": {
                "held": Number(0, 500),
                "extended": _SHARE,
                "housed": _SHARE,
                "open": _SHARE,
                "soft": _SHARE,
                "lead_days": Quantiles(366, 0),
                # Shorter ones would be so many that to draw them takes too long.
                "days": Quantiles(1096, 14),
            },
            "lift": {
                "allowed": Number(0, 1000),
                "days": Number(1, 366),
                "hours": _HOURS,
            },
        },
        "grade": {
            scheme.name.lower(): {grade.name: Grades() for grade in Grade}
            for scheme in Scheme
        },
        "retention": {
            "affiliation": {"ended": _KEPT, "retracted": _KEPT, "closed": _KEPT},
            "faction": {"ended": _KEPT, "retracted": _KEPT},
            "rivalry": {"ended": _KEPT, "retracted": _KEPT},
            "alliance": {"ended": _KEPT, "retracted": _KEPT},
            "presence": {"ended": _KEPT, "retracted": _KEPT},
            "threat": {"ended": _KEPT, "retracted": _KEPT, "closed": _KEPT},
            "located": {"ended": _KEPT, "retracted": _KEPT, "closed": _KEPT},
            "tie": {"ended": _KEPT, "retracted": _KEPT, "closed": _KEPT},
            "same_as": {"retracted": _KEPT, "closed": _KEPT},
            "placement": {"ended": _KEPT, "closed": _KEPT},
            "coverage": {"ended": _KEPT},
            "case": {"closed": _KEPT},
        },
    }
)
"""Every key of a file; all must be there."""


def version_of(text: str) -> tuple[int, ...]:
    """Return a version in a form in which a newer one is greater.

    What has another form than versions have now is older than all of these.
    """
    found = _VERSION.fullmatch(text)
    return tuple(map(int, found.groups())) if found else ()
