"""Sheets as somebody writes them, and imports until they are done."""

import csv
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from placement_client.sheets.columns import COLUMNS

from kit.people import Person


def line(**given: str) -> tuple[str, ...]:
    """Return a row that says something of its columns."""
    texts = {"scheme": "3x5x2", "grade": "2B", "reason": "intelligence", **given}
    return tuple(texts.get(name, "") for name in COLUMNS)


def write(path: Path, rows: Iterable[Sequence[str]]) -> Path:
    """Write a sheet with our headings."""
    with path.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out, lineterminator="\n").writerows([COLUMNS, *rows])
    return path


def read(path: Path) -> str:
    """Return what a sheet holds."""
    return path.read_text("utf-8")


def taken(person: Person, key: str) -> dict[str, Any]:
    """Wait until an import is done and return it."""
    for _ in range(200):
        found: dict[str, Any] = person("import", "show", key)
        if found["state"] == "DONE":
            return found
        time.sleep(0.05)
    raise AssertionError(found)


def imported(
    coordinator: Person, second: Person, path: Path, tmp_path: Path
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Send a sheet and have it approved as it was read; return the import."""
    plan = coordinator("import", "dry-run", path)
    sent = coordinator("import", "commit", path, "--plan", plan["plan"])
    seen = second("import", "rows", sent["import_id"], "--to", tmp_path / "seen.csv")
    second("import", "approve", sent["import_id"], "--digest", seen["digest"])
    return plan, taken(coordinator, sent["import_id"])
