"""A real landscape of groups, laid over Swedish municipalities by a seeded mapping.

The mapping: each territory of the source stands for some police regions, and each group
gets a base, a place where it is active and one where it is seen: the three municipalities
of those regions with the lowest SHA-256 of ``seed | group | code``. The severity of a
rivalry comes from the same hash. So everybody who runs it gets the same country.
"""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from importlib.resources import files
from typing import Final

SEED: Final = "placement-demo-1"

_DATA: Final = files("demo") / "data"
_AREAS: Final = files("placement.domain") / "data" / "municipalities.csv"
_REGIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "east": ("Öst", "Stockholm"),
    "west": ("Väst", "Bergslagen"),
    "downtown": ("Syd",),
    "": ("Mitt", "Nord"),
}
_KINDS: Final = ("base", "active", "occasional")


@dataclass(frozen=True, slots=True)
class Presence:
    """A group stands in a municipality."""

    group: str
    area: str
    kind: str


@dataclass(frozen=True, slots=True)
class Tie:
    """Two groups are allied, or at war with a severity of 1 to 3."""

    one: str
    other: str
    severity: int

    @property
    def rivalry(self) -> bool:
        """Whether they are at war."""
        return self.severity > 0


def areas() -> dict[str, str]:
    """Return the name of each municipality by its code."""
    return {row["code"]: row["name"] for row in _rows(_AREAS.read_text("utf-8"))}


def groups() -> dict[str, str]:
    """Return the territory of each group."""
    text = (_DATA / "montreal_groups.csv").read_text("utf-8")
    return {row["group"]: row["territory"] for row in _rows(text)}


def presences() -> Iterator[Presence]:
    """Yield where each group stands."""
    table = list(_rows(_AREAS.read_text("utf-8")))
    for group, territory in groups().items():
        regions = _REGIONS[territory]
        codes = [row["code"] for row in table if row["police_region"] in regions]
        codes.sort(key=partial(_draw, group))
        for kind, code in zip(_KINDS, codes, strict=False):
            yield Presence(group, code, kind)


def ties() -> Iterator[Tie]:
    """Yield rivalries and alliances; contacts are left out."""
    for row in _rows((_DATA / "montreal_ties.csv").read_text("utf-8")):
        one, other = row["group_a"], row["group_b"]
        if row["relation"] == "rivalry":
            yield Tie(one, other, 1 + _draw(one, other)[0] % 3)
        elif row["relation"] == "alliance":
            yield Tie(one, other, 0)


def synthetic_number() -> str:
    """Return a valid personnummer that belongs to nobody.

    Serials 980 to 999 are set aside for tests (Skatteverket).
    """
    digits = "900704" + "981"
    return f"19{digits}{_check_digit(digits)}"


def _check_digit(digits: str) -> int:
    """Return the Luhn check digit of nine digits."""
    total = 0
    for index, digit in enumerate(digits):
        product = int(digit) * (2 - index % 2)
        total += product // 10 + product % 10
    return -total % 10


def _rows(text: str) -> Iterator[dict[str, str]]:
    return csv.DictReader(text.splitlines())


def _draw(*parts: str) -> bytes:
    return sha256("|".join((SEED, *parts)).encode()).digest()
