"""Streams, rules and drawings of phantom stays for tests."""

import hashlib
from dataclasses import replace
from typing import Any, Final

from kit.world import RULESET, token
from placement.app import read_ruleset
from placement.domain.drawing import Drawing, Houses
from placement.domain.phantoms import Phantom, Phantoms
from placement.domain.ruleset import Ruleset
from placement.domain.terms import (
    AreaCode,
    Day,
    FacilityToken,
    FactId,
    GroupSize,
    GroupToken,
    Micros,
    ProviderToken,
)

SHIPPED: Final = read_ruleset(None)
HOURS: Final = 72
NO_HOUSES: Final[Houses] = {}


def stream_of(key: bytes):
    """Return an endless random stream for each label."""

    def stream(label: bytes, size: int) -> bytes:
        return hashlib.shake_256(key + label).digest(size)

    return stream


def chances(**given: Any):
    """Return what the package's ruleset says, with other numbers."""
    return replace(SHIPPED.phantoms, **given)


def stay(**given: Any):
    """Return how stays are, with other numbers."""
    return chances(stay=replace(SHIPPED.phantoms.stay, **given))


def haunted(base: Ruleset = RULESET, **given: Any) -> Ruleset:
    """Return a ruleset that has phantoms."""
    return replace(base, phantoms=chances(**given))


def drawing(key: bytes = b"key", areas=SHIPPED.areas, **given: Any) -> Drawing:
    """Return what draws with other numbers."""
    return Drawing(stream_of(key), chances(**given), areas, HOURS)


def groups(count: int) -> list[GroupToken]:
    """Return some groups."""
    return [GroupToken(token(f"group-{number}")) for number in range(count)]


def arrivals(
    drawn: Drawing,
    months: range,
    of: list[GroupToken],
    size: GroupSize = GroupSize.MEDIUM,
    houses: Houses = NO_HOUSES,
) -> list[Phantom]:
    """Return all that arrive in some months."""
    return [
        each
        for month in months
        for group in of
        for each in drawn.arrivals(group, size, month, houses)
    ]


def phantom(group: str | bytes, area: str, now: Micros, **given: Any) -> Phantom:
    """Return a phantom that acts now, in every window."""
    values: dict[str, Any] = {
        "id": FactId(token(f"phantom {group!s:.1}{area}")),
        "group": GroupToken(token(group) if isinstance(group, str) else group),
        "area": AreaCode(area),
        "facility": None,
        "provider": None,
        "valid_from": Day(0),
        "valid_to": None,
        "noted": Micros(now - 1),
        "gone": Micros(now + 1),
        "firm": True,
    }
    houses = {
        key: kind(token(given[key]))
        for key, kind in (("facility", FacilityToken), ("provider", ProviderToken))
        if key in given
    }
    return Phantom(**{**values, **given, **houses})


def phantoms(*stays: Phantom) -> Phantoms:
    """Return some phantoms as they are found."""
    return Phantoms(stays, lambda group: group)
