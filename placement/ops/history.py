"""Whether a database that comes back is the newest: beside a checkpoint, and an anchor.

A checkpoint that witnesses cosigned is proof that the log was as large as it says: a
database with fewer entries is older, and one whose tree does not begin with that tree is
another history. The anchor says the same of every single commit, where it was not lost.
"""

import json
from pathlib import Path
from typing import Final

from placement.app import read_witnesses
from placement.audit import note as notes
from placement.audit.checkpoint import Checkpoint
from placement.audit.merkle import consistency_proof, verify_consistency
from placement.audit.note import Verifier
from placement.audit.witness import offered
from placement.config import Settings
from placement.errors import TamperedError
from placement.store.anchor import Anchor
from placement.store.head import Head
from placement.store.ledger import subtrees
from placement.store.log import Store

_IF_NONE: Final = (
    "Look for a newer one. If there is none, restore it with --older, and have two"
    " officers accept it."
)


def witnessed(path: Path, settings: Settings, log: Verifier) -> Checkpoint:
    """Read a checkpoint as a witness or a client holds it.

    Args:
        path: of the signed note; or of a witness's file about this log.
        settings: name the witnesses. If there are any, one of them has cosigned.
        log: verifies the log's own signature.

    Raises:
        OSError: the file can't be read.
        TamperedError: it is no such checkpoint.
        ValueError: a witness in the settings is none.
    """
    content = path.read_bytes()
    witnesses = read_witnesses(settings.witnesses)
    try:
        if content.startswith(b"{"):
            content = str(json.loads(content)["note"]).encode()
        note = notes.parse(content)
        if witnesses:
            notes.verify(note, witnesses)
        found = offered(log.public, note, log.check)
        if not found.size:  # every log leads to it
            raise TamperedError().because("It is of an empty log.")
    except (TamperedError, ValueError, KeyError, TypeError) as error:
        raise TamperedError().because(
            f"{path.name}: no checkpoint of this log that a known witness cosigned."
        ) from error
    return found


def require_newest(
    store: Store, head: Head, known: Checkpoint | None, anchor: Path, *, older: bool
) -> bool:
    """Refuse a database that is older than what is known, or another history.

    Args:
        store: with the database.
        head: where it ends.
        known: what a witness holds, if anybody asked.
        anchor: the file; it may be gone.
        older: take what is older all the same.

    Returns:
        Whether it goes on from the anchor.

    Raises:
        TamperedError: it is older and nobody said that it may be, or another history.
        UnavailableError: the database or the anchor does not answer.
    """
    if known is not None and known.size <= head.leaves:
        _require_begins(store, head, known)
    elif known is not None and not older:
        raise TamperedError().because(
            f"The backup is older than the checkpoint: it has {head.leaves} entries,"
            f" and the checkpoint {known.size}. {_IF_NONE}"
        )
    if not anchor.exists():
        return False
    try:
        seen = Anchor(anchor, store).read()
        with store.writing() as log:
            log.require_after(seen)
    except TamperedError as error:  # also if it is sealed under a later epoch
        if older:
            return False
        raise TamperedError().because(
            "The backup does not go on from the anchor: it is older, or the anchor is"
            f" another store's. {_IF_NONE}"
        ) from error
    return True


def _require_begins(store: Store, head: Head, known: Checkpoint) -> None:
    """Refuse a tree that does not begin with that of the checkpoint.

    Raises:
        TamperedError: it does not.
    """
    try:
        with store.reading() as connection:
            proof = consistency_proof(known.size, head.leaves, subtrees(connection))
        root = head.tree.root()
        verify_consistency(known.size, head.leaves, known.root, root, proof)
    except TamperedError as error:
        raise TamperedError().because(
            "The log of this backup does not lead to the checkpoint: another history."
        ) from error
