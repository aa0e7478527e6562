"""What every refusal of a town must be."""

from dataclasses import replace
from typing import Any

from google.protobuf.message import Message

from kit.town import PATHS, Refused, Town
from placement.audit.details import Details
from placement.audit.entry import Entry
from placement.rpc.methods import METHODS

INVALID = ("INVALID_ARGUMENT", "INVALID_INPUT")
CONTRADICTION = ("FAILED_PRECONDITION", "CONTRADICTION")


def refused(
    town: Town, who: str, method: str, request: Message | bytes, **how: Any
) -> tuple[Refused, Entry]:
    """Call, and hold the refusal to what every refusal must be.

    Returns:
        The refusal and its entry.
    """
    before, stood = town.head(), town.records()
    got = town.call(who, method, request, **how)
    after = town.head()

    assert isinstance(got, Refused)
    assert (after.revision, after.leaves) == (before.revision, before.leaves + 1)
    assert town.records() == stood
    (entry,) = town.entries(before.leaves)
    assert (entry.action, entry.outcome) == (METHODS[PATHS[method]].name, got.reason)
    (details,) = town.details(before.leaves)
    outline = details.outline
    assert outline is not None
    assert (outline.verdicts, entry.recipient) == ((), "")
    return got, entry


def invalid(
    town: Town, who: str, method: str, request: Message | bytes, field: str
) -> None:
    """Hold a refusal to naming one field."""
    got, entry = refused(town, who, method, request)

    assert (got.code.name, got.reason) == INVALID
    assert got.fields == [field]
    assert entry.person


def caseless(details: Details) -> Details:
    """Return details as if they were of no case; that they are of one stays seen.

    And without the number of the request, which is each one's own.
    """
    outline, matter = details.outline, details.matter
    assert outline is not None
    assert matter is not None
    outline = replace(outline, case=bytes(len(outline.case)))
    matter = replace(matter, case=b"", request=bytes(len(matter.request)))
    return replace(details, outline=outline, matter=matter)
