"""``placement audit list``: search the access log."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Final

import typer

from placement.api.v1.audit_service_pb2 import ListEntriesRequest
from placement.errors import TamperedError
from placement_client.audits import MAX_PAGE, AuditCalls
from placement_client.commands.audit_ground import Grounded, ground
from placement_client.commands.audit_words import (
    BRIEF_HEADINGS,
    HEADINGS,
    brief_row,
    row,
    to_data,
)
from placement_client.commands.report import Report, counted, note, table
from placement_client.commands.verb import Run, verb
from placement_client.entries import Opened, Order
from placement_client.filters import Selected, to_filter
from placement_client.matching import Asked, Row

LIMIT: Final = 100
"""Entries shown unless told otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """Options of ``list``."""

    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = LIMIT
    wide: Annotated[bool, typer.Option("--wide", help="Show every column.")] = False


def list_(run: Run, asked: Listed, why: Grounded, selected: Selected) -> Report:
    """List the entries that a filter selects, in the order of the log.

    Say which: a case, a reference, a decision or a person, or else a period or a
    range of indexes. What is shown of an entry is what the entry committed to, and fits
    what you asked for; that it stands in the log, `placement audit show` proves.
    """
    request = ListEntriesRequest(
        filter=to_filter(selected, today=run.today), ground=ground(why)
    )
    found = _search(run.session().audits, request, asked.limit)
    shown = len(found.entries)
    note(f"{shown} of {counted(found.size, 'entry', 'entries')} in the log.")
    if found.idle:
        said = counted(found.idle, "entry", "entries")
        note(f"Not shown: {said} that nothing happened (--action idle).")
    if found.is_cut:
        note("More may follow: raise --limit, or begin with --first at a later index.")
    return Report(
        data={
            "entries": [to_data(each) for each in found.entries],
            "size": found.size,
            "cut": found.is_cut,
            "idle": found.idle,
        },
        shown=[
            table(HEADINGS, map(row, found.entries))
            if asked.wide
            else table(BRIEF_HEADINGS, map(brief_row, found.entries))
        ],
    )


@dataclass(frozen=True, slots=True)
class _Found:
    """What a search found.

    Attributes:
        entries: those to show.
        size: of the log.
        is_cut: more may follow.
        idle: how many came among them that only say that nothing happened.
    """

    entries: Sequence[Opened]
    size: int
    is_cut: bool
    idle: int


def _search(audits: AuditCalls, request: ListEntriesRequest, limit: int) -> _Found:
    """Read page after page, empty ones too, to the limit or the end.

    Raises:
        TamperedError: an entry does not verify, is out of order or behind the end of
            the log, or does not fit the filter; one was left out although the filter
            selects all; a page is longer than asked for; the pages go round in a circle.
    """
    found: list[Opened] = []
    idle = 0
    order, tokens = Order(), {b""}
    asked = Asked(request.filter)
    held = Row(asked, asked.begin)
    while True:
        # Of a whole range most entries may be idle: few pages, and some thrown away.
        left = MAX_PAGE if asked.is_whole else limit - len(found)
        request.page_size = min(MAX_PAGE, left)
        page = audits.list_entries(request)
        read = order.read(page.entries)
        held.require(read)
        shown = asked.shown(read)
        idle += len(read) - len(shown)
        found += shown
        if len(page.entries) > request.page_size or order.last >= page.size:
            raise TamperedError
        token = page.next_page_token
        if not token:
            held.finish(page.size)
        if not token or len(found) >= limit:
            is_cut = bool(token) or len(found) > limit
            return _Found(found[:limit], page.size, is_cut, idle)
        if token in tokens:
            raise TamperedError
        tokens.add(token)
        request.page_token = token


def register(app: typer.Typer) -> None:
    """Add the command to the noun."""
    verb(app, "list")(list_)
