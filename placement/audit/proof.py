"""A leaf's place in a log, as one file that proves itself (C2SP tlog-proof).

What a receipt is kept as. Nothing in it is verified until the leaf's own hash, from
whatever the reader holds to be the leaf, and a checkpoint, from the note by keys that
the reader pinned, lead to one another.

Invariants:
    * a proof has exactly one form in bytes, and ``parse`` refuses every other;
    * what can't be written does not exist: not even by hand;
    * the extra data say nothing by themselves: no signature covers them.

The bytes, each line ended by a newline, base64 with padding::

    c2sp.org/tlog-proof@v1
    extra BASE64            left out without extra data
    index NUMBER            decimal, without leading zeros
    BASE64                  a hash, the lowest first; as many as the proof has
                            an empty line
    the signed note of the checkpoint, as it is

>>> signature = note.Signature("example.org/log", bytes(4), b"of nobody")
>>> text = Checkpoint("example.org/log", 9, bytes(32)).text()
>>> signed = note.render(note.Note(text, (signature,)))
>>> parse(render(Proof(index=7, hashes=(), note=signed))).index
7
"""

import base64
from dataclasses import dataclass
from typing import Final

from placement.audit import note
from placement.audit.checkpoint import MAX_SIZE, Checkpoint
from placement.audit.checkpoint import parse as parse_checkpoint
from placement.audit.merkle import HASH_SIZE, verify_inclusion
from placement.errors import TamperedError

SUFFIX: Final = ".tlog-proof"
"""How the name of such a file ends."""

_HEADER: Final = "c2sp.org/tlog-proof@v1"
_EXTRA: Final = "extra "
_INDEX: Final = "index "


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """An index, the way from there to a root, and the checkpoint that signs the root.

    Args:
        index: the leaf's place, from 0.
        hashes: the inclusion proof, 32 bytes each, the lowest first.
        note: the checkpoint, a signed note, as it came.
        extra: data of the application, perhaps none.

    Raises:
        ValueError: a part that no proof has.

    Source: C2SP tlog-proof, format
    """

    index: int
    hashes: tuple[bytes, ...]
    note: bytes
    extra: bytes = b""

    def __post_init__(self) -> None:
        """Refuse what could not be written."""
        if not 0 <= self.index < MAX_SIZE:
            raise ValueError("no log has a leaf there")
        if any(len(each) != HASH_SIZE for each in self.hashes):
            raise ValueError("a hash has 32 bytes")
        try:
            parse_checkpoint(note.parse(self.note).text)
        except TamperedError as error:
            raise ValueError("a checkpoint is a signed note") from error


def render(proof: Proof) -> bytes:
    """Return the bytes of a proof.

    Secret: the result, if the extra data are
    """
    extra = [_EXTRA + _encoded(proof.extra)] if proof.extra else []
    hashes = map(_encoded, proof.hashes)
    lines = (_HEADER, *extra, f"{_INDEX}{proof.index}", *hashes, "")
    return "".join(f"{line}\n" for line in lines).encode() + proof.note


def parse(content: bytes) -> Proof:
    """Read a proof; nothing in it is verified yet.

    Raises:
        TamperedError: the bytes are not the one form of a proof.

    Source: C2SP tlog-proof, format
    """
    # The first empty line counts: the note has others.
    head, _, signed = content.partition(b"\n\n")
    try:
        _, *lines = head.decode().split("\n")
        has_extra = any(line.startswith(_EXTRA) for line in lines[:1])
        extra = lines.pop(0) if has_extra else _EXTRA
        index, *hashes = lines
        found = Proof(
            index=int(index.removeprefix(_INDEX)),
            hashes=tuple(map(_decoded, hashes)),
            note=signed,
            extra=_decoded(extra.removeprefix(_EXTRA)),
        )
    except ValueError as error:
        raise TamperedError from error
    # A header of another kind, zeros in front, spare bits of base64, lines in excess.
    if render(found) != content:
        raise TamperedError
    return found


def verify(proof: Proof, leaf: bytes, checkpoint: Checkpoint) -> None:
    """Verify that a leaf stands where a proof says, under the checkpoint in its note.

    Args:
        proof: the proof.
        leaf: the leaf's hash, from ``leaf_hash``, made by whoever asks.
        checkpoint: out of the proof's note, after its signatures were verified.

    Raises:
        TamperedError: it does not, or the note holds another checkpoint.
    """
    if note.parse(proof.note).text != checkpoint.text():
        raise TamperedError
    verify_inclusion(leaf, proof.index, checkpoint.size, proof.hashes, checkpoint.root)


def _encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _decoded(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
