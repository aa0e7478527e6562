"""Send the rows of a spool, from wherever the last time ended.

How rows are cut into calls follows from the rows alone, so whoever goes on after a
crash cuts them in the same places, and a call that the service answered already is
answered again.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from placement.api.v1.import_service_pb2 import (
    IMPORT_STATE_CANCELLED,
    IMPORT_STATE_LAPSED,
    IMPORT_STATE_OPEN,
    Import,
    ImportRow,
)
from placement.errors import ConflictError, InvalidInputError
from placement_client.imports import ImportCalls
from placement_client.sheets.planning import digest_of
from placement_client.sheets.spool import Spool

CALL_ROWS: Final = 64
"""Rows in one call: few enough that nobody's check waits long behind them."""
CALL_BYTES: Final = 48 * 1024
"""Bytes of rows in one call; the server takes 64 KiB."""


class OverError(ConflictError):
    """An import lapsed, or somebody cancelled it: its rows are never taken over."""

    text = "This import lapsed or was cancelled; nothing of it has taken effect."


Tell = Callable[[int, int], None]
"""Is told how many rows are staged, and how many there are."""


@dataclass(frozen=True, slots=True)
class Cut:
    """Rows of one call, and the position of the first."""

    position: int
    rows: Sequence[ImportRow]


def cuts(rows: Sequence[ImportRow]) -> Iterator[Cut]:
    """Cut rows into calls."""
    start = size = 0
    for place, row in enumerate(rows):
        more = row.ByteSize() + 4
        if place - start == CALL_ROWS or size + more > CALL_BYTES:
            yield Cut(start, rows[start:place])
            start, size = place, 0
        size += more
    yield Cut(start, rows[start:])


def begin(calls: ImportCalls, spool: Spool) -> bytes:
    """Begin the import of a spool, or find the one that it began; return its id."""
    import_id = calls.begin(len(spool.rows), spool.request_id)
    spool.note(import_id)
    return import_id


def send(calls: ImportCalls, spool: Spool, import_id: bytes, tell: Tell) -> Import:
    """Send what the service lacks, then finish; return the import, which waits.

    Raises:
        InvalidInputError: a row that can't be; the number is that of the sheet.
        OverError: the import lapsed or was cancelled.
        ConflictError: others were staged in its place.
        PlacementError: a call failed.
    """
    known = getattr(calls.show(import_id), "import")
    if known.state in (IMPORT_STATE_LAPSED, IMPORT_STATE_CANCELLED):
        raise OverError
    if known.state == IMPORT_STATE_OPEN:
        for cut in cuts(spool.rows):
            if cut.position >= known.staged:
                _append(calls, spool, import_id, cut)
            tell(cut.position + len(cut.rows), len(spool.rows))
    answer = calls.finish(import_id, digest_of(spool.rows))
    found: Import = getattr(answer, "import")
    return found


def _append(calls: ImportCalls, spool: Spool, import_id: bytes, cut: Cut) -> None:
    """Stage the rows of one call.

    Raises:
        InvalidInputError: one can't be; named by its number in the sheet.
        PlacementError: the call failed.
    """
    try:
        calls.append(import_id, cut.position, cut.rows)
    except InvalidInputError as error:
        place, _, rest = error.field.removeprefix("rows[").partition("]")
        if not place.isdecimal() or int(place) >= len(cut.rows):
            raise
        number = spool.numbers[cut.position + int(place)]
        raise InvalidInputError(f"row {number}{rest}", error.description) from None
