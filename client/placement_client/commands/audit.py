"""``placement audit``: what audit staff read. Every reading is itself an entry."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Final

import typer

from placement.api.v1.audit_service_pb2 import AuditPurpose, LogEntry
from placement_client.commands.options import choice, chosen
from placement_client.commands.report import Report, note, table
from placement_client.commands.verb import Run, nouns, verb
from placement_client.days import iso_instant
from placement_client.rendering import to_json
from placement_client.session import MAX_ENTRIES

app = nouns("Audit staff: read the access log. Every reading is itself an entry.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """Options of ``list``."""

    purpose: Annotated[str, choice(AuditPurpose, "Why the log is read")]
    first: Annotated[int, typer.Option(min=0, help="Index of the first entry.")] = 0
    count: Annotated[int, typer.Option(min=1, help="How many at most.")] = MAX_ENTRIES


@verb(app, "list")
def list_(run: Run, asked: Listed) -> Report:
    """List entries in the order of the log."""
    purpose = chosen(AuditPurpose, asked.purpose, field="purpose")
    session = run.session()
    wanted = min(MAX_ENTRIES, asked.count)
    page = session.list_entries(asked.first, wanted, purpose)
    entries, size = list(page.entries), page.size
    # Each reading makes the log longer, so it ends where it ended at first.
    most = min(asked.count, max(0, size - asked.first))
    while len(page.entries) == wanted and len(entries) < most:
        wanted = min(MAX_ENTRIES, most - len(entries))
        page = session.list_entries(asked.first + len(entries), wanted, purpose)
        entries += page.entries
    note(f"{len(entries)} of {size} entries.")
    return Report(
        data={"entries": [to_json(entry) for entry in entries], "size": size},
        shown=[table(_HEADINGS, (tuple(_row(entry)) for entry in entries))],
    )


_HEADINGS: Final = (
    *("Index", "At (UTC)", "Who", "Action", "Purpose", "Outcome", "Verdicts"),
    "Decisions",
)
_SHORT: Final = 8
"""Hex digits of a decision's id in the table; --json has all 32."""


def _row(entry: LogEntry) -> Iterator[object]:
    yield entry.index
    yield iso_instant(entry.at)
    yield f"{entry.role} {entry.organisation}/{entry.person}"
    yield entry.action
    yield entry.purpose
    yield entry.outcome
    yield " ".join(entry.verdicts)
    yield " ".join(each.hex()[:_SHORT] for each in entry.decision_ids)
