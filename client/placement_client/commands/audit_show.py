"""``placement audit show``: one entry, and the proof that it is in the log."""

from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated

import typer

from placement.api.v1.audit_service_pb2 import Ground, ShowEntryResponse
from placement.audit.merkle import verify_inclusion
from placement.errors import NotFoundError, TamperedError
from placement_client.audits import AuditCalls
from placement_client.commands.audit_ground import Grounded, ground
from placement_client.commands.audit_trust import Trust
from placement_client.commands.audit_words import page, to_data
from placement_client.commands.report import Report, table
from placement_client.commands.verb import Run, verb
from placement_client.entries import opened


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """Options of ``show``."""

    index: Annotated[
        int,
        typer.Argument(min=0, metavar="INDEX", help="The entry's place in the log."),
    ]


def show(run: Run, asked: Shown, why: Grounded) -> Report:
    """Show one entry, and verify that it stands in the log.

    Its details are held against what the entry committed to, and its proof against a
    checkpoint that the pinned log key signed.
    """
    trust = Trust(run)
    session = run.session()
    answer = _answer(session.audits, asked.index, ground(why), trust.quorum)
    read = opened(answer.entry)
    if read.index != asked.index:
        raise TamperedError
    signed = trust.hold(answer.note, session.logs)
    found = signed.checkpoint
    verify_inclusion(read.leaf_hash, read.index, found.size, answer.hashes, found.root)
    return Report(
        data={"entry": to_data(read), "checkpoint": signed.data()},
        shown=[
            table(("Field", "Value"), page(read)),
            f"Entry {read.index} stands in the log: its proof leads to {signed.words()}.",
        ],
    )


def _answer(
    audits: AuditCalls, index: int, why: Ground, quorum: int
) -> ShowEntryResponse:
    """Ask for a checkpoint with enough witnesses; if there is none yet, for any."""
    if quorum:
        with suppress(NotFoundError):
            return audits.show_entry(index, why, cosignatures=quorum)
    return audits.show_entry(index, why)


def register(app: typer.Typer) -> None:
    """Add the command to the noun."""
    verb(app, "show")(show)
