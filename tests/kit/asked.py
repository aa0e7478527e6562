"""What the client's tests ask with: ids, days, a file of facts, a question."""

import json
from datetime import date
from pathlib import Path
from typing import Any

from placement_client.session import Session

from placement.api.v1 import check_service_pb2 as check
from placement.api.v1.types_pb2 import Window

CASE = bytes(range(16))
CHANGE = bytes([9]) * 16
NORTH, SOUTH = bytes([1]) * 16, bytes([2]) * 16
ALLIANCE = {"alliance": {"group_a": "North Side", "group_b": SOUTH.hex()}}
NOON = 1_781_517_600_000_000  # 2026-06-15T10:00Z


def day(text: str) -> int:
    return (date.fromisoformat(text) - date(1970, 1, 1)).days


def ids(count: int, start: int = 0) -> list[bytes]:
    return [n.to_bytes(16, "big") for n in range(start, start + count)]


def written(folder: Path, *facts: dict[str, Any]) -> Path:
    """Return a file that holds facts."""
    path = folder / "facts.json"
    path.write_text(json.dumps({"facts": facts}), "utf-8")
    return path


def ask(session: Session, count: int = 1) -> check.CheckPlacementResponse:
    """Check places in so many areas."""
    question = session.question(
        CASE,
        [check.Candidate(area=f"{n:04}") for n in range(count)],
        window=Window(start_day=20_000),
        justification=check.JUSTIFICATION_URGENT,
    )
    return session.check_placement(question)
