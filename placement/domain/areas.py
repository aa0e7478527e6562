"""Municipalities: which codes exist, when, what is near, who polices them.

Invariants:
    * a code is exactly four ASCII digits and stands in the table, or it is refused;
    * near is symmetric and never holds the area itself;
    * a merged municipality's facts follow it into its successor.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date
from hashlib import sha256

from placement.domain.terms import AreaCode, Day, day_of

_CODE = re.compile(r"[0-9]{4}", re.ASCII)
_NEAR_COLUMNS = ("neighbour_codes", "near_2km_codes", "water_link_codes")


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """One municipality.

    Attributes:
        code: four ASCII digits.
        name: as SCB writes it.
        county: the county's name.
        police_region: lower-case ASCII name of the region that polices it.
        near: codes with a shared border, within 2 km, or linked over water (R9).
        valid_from: first day of the code; ``None`` when older than the table.
        valid_to: first day it was no longer used; ``None`` while in use.
        successor: what it merged into; ``None`` while in use.
    """

    code: AreaCode
    name: str
    county: str
    police_region: str
    near: frozenset[AreaCode]
    valid_from: Day | None = None
    valid_to: Day | None = None
    successor: AreaCode | None = None

    def valid_on(self, day: Day) -> bool:
        """Tell whether the code is in use on a day."""
        begun = self.valid_from is None or self.valid_from <= day
        return begun and (self.valid_to is None or day < self.valid_to)


def _code(area: Area) -> str:
    return area.code


def _told(area: Area) -> str:
    """Return everything that a row says, in one form."""
    parts = (getattr(area, each.name) for each in fields(area))
    return "|".join(
        ",".join(sorted(part)) if isinstance(part, frozenset) else str(part)
        for part in parts
    )


class Areas(Mapping[str, Area]):
    """All municipalities by code.

    Args:
        areas: the rows; a code stands once, near must be symmetric.

    Attributes:
        codes: all of them, and nothing else.
        digest: SHA-256 over everything that a row says, whatever their order.

    Raises:
        ValueError: the table contradicts itself.
    """

    def __init__(self, areas: Iterable[Area]) -> None:
        rows = tuple(areas)
        self._by_code = {area.code: area for area in rows}
        self.codes = frozenset(self._by_code)
        self._near = {area.code: tuple(sorted(area.near)) for area in rows}
        if len(self._by_code) != len(rows):
            raise ValueError("an area code stands twice")
        self._lineage: dict[AreaCode, tuple[AreaCode, ...]] = {
            code: (code,) for code in self._by_code
        }
        for area in rows:
            self._check(area)
        for area in rows:
            if area.successor is not None:
                self._join(area.code, area.successor)
        self._merged = frozenset(
            code for code, joined in self._lineage.items() if len(joined) > 1
        )
        told = (_told(area) for area in sorted(rows, key=_code))
        self.digest = sha256("\n".join(told).encode()).digest()

    def _join(self, code: AreaCode, successor: AreaCode) -> None:
        joined = self._lineage[successor] + self._lineage[code]
        for each in joined:
            self._lineage[each] = joined

    def _check(self, area: Area) -> None:
        if not _CODE.fullmatch(area.code):
            raise ValueError("an area code is not four ASCII digits")
        if area.code in area.near:
            raise ValueError("an area is near itself")
        for other in area.near:
            if other not in self or area.code not in self._by_code[other].near:
                raise ValueError("near is not symmetric")
        if (area.successor is None) != (area.valid_to is None):
            raise ValueError("a merged area needs both an end and a successor")
        if area.successor is not None and area.valid_to is not None:
            heir = self._by_code.get(area.successor)
            if heir is None or not heir.valid_on(area.valid_to):
                raise ValueError("a successor is not in use when it should take over")
            if not area.near - {heir.code} <= heir.near:
                raise ValueError("a successor is not near what the merged area was")

    def __getitem__(self, code: str) -> Area:
        """Return the area of a code."""
        return self._by_code[AreaCode(code)]

    def __iter__(self) -> Iterator[str]:
        """Iterate over the codes."""
        return iter(self._by_code)

    def __len__(self) -> int:
        """Return the number of codes."""
        return len(self._by_code)

    def changed(
        self,
        *,
        added: Iterable[tuple[str, str]],
        removed: Iterable[tuple[str, str]],
    ) -> "Areas":
        """Return the areas with pairs that are near, too, or are not.

        Raises:
            KeyError: there is no such area.
            ValueError: the table then contradicts itself.
        """
        near = {code: set(area.near) for code, area in self._by_code.items()}
        for pair in added:
            one, other = map(AreaCode, pair)
            near[one].add(other)
            near[other].add(one)
        for pair in removed:
            one, other = map(AreaCode, pair)
            near[one].discard(other)
            near[other].discard(one)
        rows = self._by_code.values()
        return Areas(replace(row, near=frozenset(near[row.code])) for row in rows)

    def lineage(self, code: AreaCode) -> tuple[AreaCode, ...]:
        """Return every code of one place: what merged, and what it merged into."""
        return self._lineage[code]

    def merged(self, codes: frozenset[AreaCode]) -> frozenset[AreaCode]:
        """Return codes, and every other code of the same places."""
        places = codes & self._merged
        return codes.union(*(self._lineage[code] for code in places))

    def near(self, code: AreaCode) -> tuple[AreaCode, ...]:
        """Return the codes near one, in order (R9)."""
        return self._near[code]

    def policed_by(self, region: str) -> tuple[AreaCode, ...]:
        """Return the codes of one police region."""
        return tuple(
            area.code for area in self._by_code.values() if area.police_region == region
        )


def parse_areas(text: str) -> Areas:
    """Read the table in its CSV form (see ``data/ORIGIN.md``).

    Optional columns ``valid_from``, ``valid_to`` (ISO dates) and ``successor`` tell of
    mergers.

    Raises:
        ValueError: the table contradicts itself.
    """
    return Areas(_row(row) for row in csv.DictReader(text.splitlines()))


def _row(row: Mapping[str, str]) -> Area:
    near = {code for column in _NEAR_COLUMNS for code in row[column].split()}
    successor = row.get("successor")
    return Area(
        code=AreaCode(row["code"]),
        name=row["name"],
        county=row["county_name"],
        police_region=_slug(row["police_region"]),
        near=frozenset(AreaCode(code) for code in near),
        valid_from=_day(row.get("valid_from")),
        valid_to=_day(row.get("valid_to")),
        successor=AreaCode(successor) if successor else None,
    )


def _slug(region: str) -> str:
    return region.lower().translate(str.maketrans("åäö", "aao"))


def _day(text: str | None) -> Day | None:
    return day_of(date.fromisoformat(text)) if text else None
