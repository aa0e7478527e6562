"""A checkpoint: which log, how many leaves, under which root (C2SP tlog-checkpoint).

It is the text of a signed note; what signs it stands in ``note``.

Invariants:
    * a checkpoint has exactly one text, and ``parse`` refuses every other;
    * no checkpoint that can't be exists: not even by hand.

The text, each line ended by a newline, a root in base64 with padding::

    origin
    size, decimal, without leading zeros
    root
    extension lines, if any

>>> print(Checkpoint("example.org/log", 0, EMPTY_ROOT).text(), end="")
example.org/log
0
47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=
"""

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from placement.audit.merkle import EMPTY_ROOT, HASH_SIZE, verify_consistency
from placement.errors import TamperedError

MAX_SIZE: Final = (1 << 63) - 1  # leaves; what a signed number of 8 bytes holds

_LINE: Final = re.compile(r"[^\x00-\x1f\x7f-\x9f\ud800-\udfff]+")
_LEAST: Final = 3  # lines


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A log's word for its first leaves.

    Args:
        origin: the log, one line; by custom a URL without a scheme.
        size: how many leaves.
        root: of the tree over them, 32 bytes.
        extensions: further lines, opaque and not advised.

    Raises:
        ValueError: a part that no checkpoint has.

    Source: C2SP tlog-checkpoint, note text
    """

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what could not be written, or what no tree has."""
        if not all(map(_LINE.fullmatch, (self.origin, *self.extensions))):
            raise ValueError("a line has text and no control characters")
        if not 0 <= self.size <= MAX_SIZE or len(self.root) != HASH_SIZE:
            raise ValueError("no tree has this size or root")
        if not self.size and self.root != EMPTY_ROOT:
            raise ValueError("an empty tree has one root")

    def text(self) -> str:
        """Return the text to be signed, with its final newline."""
        root = base64.b64encode(self.root).decode()
        lines = (self.origin, str(self.size), root, *self.extensions)
        return "".join(f"{line}\n" for line in lines)


def parse(text: str) -> Checkpoint:
    """Read a checkpoint from the text of a note whose signatures were verified.

    Raises:
        TamperedError: the text is not the one form of a checkpoint.

    Source: C2SP tlog-checkpoint, note text
    """
    *lines, _ = text.split("\n")
    if len(lines) < _LEAST:
        raise TamperedError
    origin, size, root, *extensions = lines
    try:
        content = base64.b64decode(root, validate=True)
        found = Checkpoint(origin, int(size), content, tuple(extensions))
    except ValueError as error:
        raise TamperedError from error
    # Zeros in front, digits of other scripts, spare bits of base64, an end cut off.
    if found.text() != text:
        raise TamperedError
    return found


def require_follows(old: Checkpoint, new: Checkpoint, proof: Sequence[bytes]) -> None:
    """Refuse a checkpoint that does not contain an earlier one of the same log.

    Args:
        old: the earlier one.
        new: the later one.
        proof: the consistency proof from ``old`` to ``new``; empty if the earlier one
            is, or if the sizes are equal.

    Raises:
        TamperedError: another log, fewer leaves, or other leaves.

    Source: RFC 9162, section 2.1.4.2; C2SP tlog-checkpoint, signatures
    """
    if old.origin != new.origin:
        raise TamperedError
    # Every log contains the empty one, so there is nothing that a proof could say.
    if not old.size and not proof:
        return
    verify_consistency(old.size, new.size, old.root, new.root, proof)
