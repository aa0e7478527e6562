"""What a ruleset says of phantom stays (rules.md, R15).

Numbers alone; ``drawing`` makes thresholds of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from placement.domain.terms import AreaCode, GroupSize

MILLE: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifting:
    """How often phantoms may be lifted, and for how long.

    Attributes:
        allowed: lifts of one region in ``days``.
        days: see ``allowed``, in days of 24 hours.
        hours: how long one lasts.
    """

    allowed: int
    days: int
    hours: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """How stays are; shares are per mille.

    Attributes:
        held: are holds that lapse.
        extended: of these, are extended before.
        housed: live in a registered house, where there is one.
        open: have no planned last day.
        soft: belong to their group softly.
        lead_days: quantiles: from being noted to the first day.
        days: quantiles: from that to the end.
    """

    held: int
    extended: int
    housed: int
    open: int
    soft: int
    lead_days: tuple[int, ...]
    days: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chances:
    """What a ruleset says of phantom stays.

    Attributes:
        stays: phantoms for each real stay that is to be expected.
        floor: per mille: how likely one of each group is in each area, at least.
        prior: per mille: how likely a real one is taken to be, at most.
        sizes: stays to be expected of a group, by its size.
        city: weight of an area that is a city.
        town: weight of one that is a town; of any other it is 1.
        cities: which areas are cities.
        towns: which areas are towns.
        stay: how stays are.
        lift: how they are lifted.
    """

    stays: int
    floor: int
    prior: int
    sizes: tuple[int, ...]
    city: int
    town: int
    cities: tuple[AreaCode, ...]
    towns: tuple[AreaCode, ...]
    stay: Stay
    lift: Lifting

    @property
    def none(self) -> bool:
        """Whether there are no phantoms at all."""
        return not self.stays and not self.floor

    @classmethod
    def read(cls, table: Mapping[str, Any]) -> "Chances":
        """Give the table ``phantom`` of a file its types."""
        size, weight, stay = table["size"], table["weight"], table["stay"]
        quantiles = {key: tuple(stay[key]) for key in ("lead_days", "days")}
        return cls(
            stays=table["stays"],
            floor=table["floor"],
            prior=table["prior"],
            sizes=tuple(size[each.name.lower()] for each in GroupSize),
            city=weight["city"],
            town=weight["town"],
            cities=tuple(map(AreaCode, weight["cities"])),
            towns=tuple(map(AreaCode, weight["towns"])),
            stay=Stay(**{**stay, **quantiles}),
            lift=Lifting(**table["lift"]),
        )


NONE: Final[Mapping[str, Any]] = {
    "stays": 0,
    "floor": 0,
    "prior": 1,
    "size": {"small": 1, "medium": 1, "large": 1, "very_large": 1},
    "weight": {"city": 1, "town": 1, "cities": [], "towns": []},
    "stay": {
        "held": 0,
        "extended": 0,
        "housed": 0,
        "open": 0,
        "soft": 0,
        "lead_days": [0, 0],
        "days": [14, 14],
    },
    "lift": {"allowed": 0, "days": 1, "hours": 1},
}
"""What a file of a form says that knew nothing of phantoms: there are none."""
