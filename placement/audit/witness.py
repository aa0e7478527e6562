"""What a witness holds of a log, and what it cosigns next (C2SP tlog-witness).

A witness remembers the newest checkpoint that it cosigned, and cosigns another one only
if that log begins with this one. So nobody who waits for its cosignature can be shown a
log from which something was taken, or another log than others see.

Keeping what it holds is for the caller: before a cosignature leaves.

Invariants:
    * what is held grows or stays, leaf for leaf, under one key of the log;
    * nothing is cosigned that the log itself did not sign;
    * what is refused says in a constant phrase why, and changes nothing.

>>> from placement.audit.note import Kind
>>> Seen(VerifierKey("example.org/log", Kind.ED25519, bytes(32))).checkpoint().size
0
"""

from collections.abc import Sequence
from dataclasses import dataclass

from placement.audit import checkpoint
from placement.audit.checkpoint import Checkpoint, require_follows
from placement.audit.merkle import EMPTY_ROOT
from placement.audit.note import (
    Check,
    Kind,
    Note,
    Signature,
    Signer,
    Verifier,
    VerifierKey,
    add,
    verified,
)
from placement.errors import TamperedError


@dataclass(frozen=True, slots=True)
class Seen:
    """What a witness holds of one log.

    Args:
        log: the log's key, pinned; its name is the origin.
        text: of the newest checkpoint that was cosigned; empty before the first.

    Raises:
        TamperedError: the text is not a checkpoint of this log.
        ValueError: no log has such a key.

    Source: C2SP tlog-witness, introduction
    """

    log: VerifierKey
    text: str = ""

    def __post_init__(self) -> None:
        """Refuse what no witness came to hold."""
        if self.log.kind is not Kind.ED25519:
            raise ValueError("a log signs its checkpoints itself")
        if self.checkpoint().origin != self.log.name:
            raise TamperedError

    def checkpoint(self) -> Checkpoint:
        """Return the newest checkpoint; before the first, that of no leaves."""
        if not self.text:
            return Checkpoint(self.log.name, 0, EMPTY_ROOT)
        return checkpoint.parse(self.text)


def offered(log: VerifierKey, note: Note, check: Check) -> Checkpoint:
    """Return the checkpoint that a log offers by its own word.

    Args:
        log: its key, pinned.
        note: what came; the signatures of others in it say nothing.
        check: verifies Ed25519.

    Raises:
        TamperedError: the log did not sign it, it is no checkpoint, or another log's.

    Source: C2SP tlog-witness, add-checkpoint
    """
    _own(log, note, check)
    try:
        found = checkpoint.parse(note.text)
    except TamperedError as error:
        raise TamperedError().because(
            "The log signed what is no checkpoint."
        ) from error
    if found.origin != log.name:
        raise TamperedError().because("It is a checkpoint of another log.")
    return found


def advance(seen: Seen, note: Note, proof: Sequence[bytes], check: Check) -> Checkpoint:
    """Return the checkpoint in a note if a witness may cosign it.

    Args:
        seen: what it holds.
        note: what the log offers.
        proof: the consistency proof from what it holds; empty if that is nothing, or
            of the same size.
        check: verifies Ed25519.

    Raises:
        TamperedError: as ``offered``; or the log became smaller, changed, or can't
            prove that it did not. A note on the error tells which.

    Source: C2SP tlog-witness, add-checkpoint
    """
    new = offered(seen.log, note, check)
    old = seen.checkpoint()
    if new.size < old.size:
        raise TamperedError().because("The log became smaller: leaves were taken away.")
    try:
        require_follows(old, new, proof)
    except TamperedError as error:
        if new.size == old.size and not proof:
            raise TamperedError().because(
                "The log forked: two roots of the same size."
            ) from error
        raise TamperedError().because(
            "The log does not prove that it only grew."
        ) from error
    return new


def cosigned(log: VerifierKey, note: Note, signer: Signer, check: Check) -> Note:
    """Return a note with the log's own signature and a witness's cosignature alone.

    Args:
        log: the log's key, pinned.
        note: out of which ``advance`` returned a checkpoint.
        signer: the witness, with the time at which it does so.
        check: verifies Ed25519.

    Raises:
        TamperedError: the log did not sign the note, or made it so long that no
            cosignature has room.

    Source: C2SP tlog-cosignature, format
    """
    own = _own(log, note, check)
    try:
        return add(Note(note.text, (own,)), signer)
    except ValueError as error:
        raise TamperedError().because(
            "The note has no room for a cosignature."
        ) from error


def _own(log: VerifierKey, note: Note, check: Check) -> Signature:
    """Return the log's own signature of a note."""
    try:
        first, *_ = verified(note, [Verifier(log, check)])
    except TamperedError as error:
        raise TamperedError().because(
            "It is not signed by the log's pinned key."
        ) from error
    return first
