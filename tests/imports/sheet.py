"""A large sheet in the one order, and the groups that it names."""

import csv
from collections.abc import Iterator
from itertools import combinations, count, islice, product
from pathlib import Path

from placement_client.areas import areas
from placement_client.sheets.columns import COLUMNS
from placement_client.sheets.said import in_order

GROUPS = 400


def groups() -> list[str]:
    """Return names of groups."""
    return [f"Group {number:03}" for number in range(GROUPS)]


def rows(size: int) -> list[tuple[str, ...]]:
    """Return rows of every kind, as an export would write them."""
    links = size // 3
    made = [*islice(_links(), links), *islice(_presences(), size - links)]
    return in_order(made)


def write(path: Path, size: int) -> None:
    """Write a sheet."""
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(rows(size))


def _links() -> Iterator[tuple[str, ...]]:
    """Yield a tree of factions, then rivalries and alliances in turn."""
    names = groups()
    for number in range(1, GROUPS // 4):
        parent = names[number // 2]
        yield _row(kind="faction", group=names[number], other=parent)
    for number, (one, other) in zip(count(), combinations(names, 2), strict=False):
        pair = {"group": one, "other": other, "since": "2026-01-01"}
        if number % 2:
            yield _row(kind="alliance", **pair)
        else:
            yield _row(kind="rivalry", severity=str(number % 3 + 1), **pair)


def _presences() -> Iterator[tuple[str, ...]]:
    kinds = ("base", "active", "occasional")
    codes = [code for code, _ in areas()]
    for number, (code, name) in enumerate(product(codes, groups())):
        yield _row(kind="presence", group=name, area=code, presence=kinds[number % 3])


def _row(**given: str) -> tuple[str, ...]:
    said = {"scheme": "3x5x2", "grade": "2B", "reason": "intelligence", **given}
    return tuple(said.get(name, "") for name in COLUMNS)
