"""A signed log in memory, whose server may lie."""

from functools import cache
from typing import Any

from placement.api.v1 import log_service_pb2 as wire
from placement.audit import note
from placement.audit.checkpoint import Checkpoint
from placement.audit.merkle import consistency_proof, leaf_hash, node_hash, root
from placement.audit.note import Signer
from placement.crypto.signing import SigningKey

ORIGIN = "example.org/log"


class SignedLog:
    """Leaves under one key.

    Attributes:
        key: signs every checkpoint.
        leaves: their hashes.
    """

    def __init__(
        self, size: int = 0, *, origin: str = ORIGIN, seed: bytes = bytes(32)
    ) -> None:
        self.origin = origin
        self.key = SigningKey(seed)
        self.leaves: list[bytes] = []
        self.subtree = cache(self._subtree)
        self.grow(size)

    @property
    def public(self) -> note.VerifierKey:
        """What others pin."""
        return Signer(self.origin, self.key).public

    def grow(self, count: int = 1, word: str = "leaf") -> None:
        """Append leaves."""
        first = len(self.leaves)
        self.leaves += [
            leaf_hash(f"{word} {n}".encode()) for n in range(first, first + count)
        ]

    def fork(self, at: int, size: int) -> "SignedLog":
        """Return a log with the same key whose leaves differ from an index on."""
        other = SignedLog(origin=self.origin)
        other.key = self.key
        other.leaves = self.leaves[:at]
        other.grow(size - at, "another")
        return other

    def checkpoint(self, size: int | None = None) -> Checkpoint:
        """Return the checkpoint over the first leaves, or over all."""
        size = len(self.leaves) if size is None else size
        return Checkpoint(self.origin, size, root(size, self.subtree))

    def note(self, size: int | None = None) -> bytes:
        """Return it, signed."""
        text = self.checkpoint(size).text()
        return note.render(note.sign(text, Signer(self.origin, self.key)))

    def prove(self, old: int, new: int) -> tuple[bytes, ...]:
        """Return the consistency proof."""
        return consistency_proof(old, new, self.subtree)

    def answers(self) -> dict[str, Any]:
        """Return what an honest server answers."""
        return {
            "GetCheckpoint": lambda _: wire.GetCheckpointResponse(note=self.note()),
            "ProveConsistency": lambda asked: wire.ProveConsistencyResponse(
                hashes=self.prove(asked.old_size, asked.new_size)
            ),
            "AddCosignature": wire.AddCosignatureResponse(cosignatures=1),
        }

    def _subtree(self, level: int, index: int) -> bytes:
        if not level:
            return self.leaves[index]
        left, right = (self.subtree(level - 1, 2 * index + n) for n in (0, 1))
        return node_hash(left, right)
