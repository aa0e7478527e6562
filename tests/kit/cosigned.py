"""A town with two witnesses: receipts of its log, and its newest checkpoint."""

from typing import Any

from kit.asking import WITNESSED
from kit.audited import vouched
from kit.town import Refused, Town
from placement.api.v1 import log_service_pb2 as log
from placement.audit import note
from placement.audit.checkpoint import Checkpoint
from placement.audit.entry import Entry
from placement.audit.note import Note, Signer, render_key
from placement.crypto.signing import SigningKey

OTHER = Signer("w.test/two", SigningKey(b"2" * 32), 1_781_518)
KNOWN = (*WITNESSED["witnesses"], render_key(OTHER.public))


def receipt(
    town: Town, who: str, index: int, **given: Any
) -> tuple[log.GetReceiptResponse | Refused, Entry]:
    """Ask for a receipt; return it, or the refusal, and what the call left."""
    first = town.head().leaves
    request = log.GetReceiptRequest(index=index, **given)
    got = town.call(who, "GetReceipt", request)
    (entry,) = town.entries(first)
    if isinstance(got, Refused):
        return got, entry
    return log.GetReceiptResponse.FromString(got), entry


def checkpoint(
    town: Town, who: str = "witness", **given: Any
) -> tuple[Checkpoint, Note]:
    """Return the newest checkpoint, verified, and the note that it came in."""
    request = log.GetCheckpointRequest(**given)
    got = town.done(who, "GetCheckpoint", request, log.GetCheckpointResponse)
    return vouched(town, got.note), note.parse(got.note)
