"""``placement audit``: what audit staff read. Every reading is itself an entry."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

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
    entries: list[LogEntry] = []
    size = 0
    while len(entries) < asked.count:
        wanted = min(MAX_ENTRIES, asked.count - len(entries))
        page = session.list_entries(asked.first + len(entries), wanted, purpose)
        # As it was at first: each reading makes the log longer.
        size = size or page.size
        entries += page.entries
        if len(page.entries) < wanted or asked.first + len(entries) >= size:
            break
    note(f"{len(entries)} of {size} entries.")
    return Report(
        data={"entries": [to_json(entry) for entry in entries], "size": size},
        shown=[table(_HEADINGS, (tuple(_row(entry)) for entry in entries))],
    )


_HEADINGS = ("Index", "At", "Who", "Action", "Purpose", "Outcome", "Verdicts")


def _row(entry: LogEntry) -> Iterator[object]:
    yield entry.index
    yield iso_instant(entry.at)
    yield f"{entry.role} {entry.organisation}/{entry.person}"
    yield entry.action
    yield entry.purpose
    yield entry.outcome
    yield " ".join(entry.verdicts)
