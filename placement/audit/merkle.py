"""The Merkle tree over the leaves of a log, and what it proves (RFC 9162, SHA-256).

Proofs are made from the hashes of complete subtrees, wherever those are kept, and
verified from nothing but hashes and numbers.

Invariants:
    * a leaf and a node never share a hash: ``00`` stands before the one's content,
      ``01`` before the other's two children;
    * verifying returns nothing and raises on whatever does not verify, a wrong length
      included;
    * a proof speaks of a root, and not of how many leaves that root has: the size
      counts because a checkpoint signs it together with the root.

>>> first, second = leaf_hash(b"a"), leaf_hash(b"b")
>>> tree = Frontier().append(first).append(second)
>>> verify_inclusion(second, 1, tree.size, [first], tree.root())
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from placement.errors import TamperedError

HASH_SIZE: Final = 32  # bytes

EMPTY_ROOT: Final = sha256().digest()
"""The root of no leaves."""

Subtrees = Callable[[int, int], bytes]
"""(level, index) to the hash over leaves [index * 2^level, (index + 1) * 2^level)."""


def leaf_hash(content: bytes) -> bytes:
    """Return the hash of a leaf: SHA-256 of ``00`` and its content.

    Source: RFC 9162, section 2.1.1
    """
    return sha256(b"\x00" + content).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of a node: SHA-256 of ``01`` and its children's hashes.

    Source: RFC 9162, section 2.1.1
    """
    return sha256(b"\x01" + left + right).digest()


# The right edge of a tree of 11 = 8 + 2 + 1 leaves is three hashes:
#
#   leaves   0 1 2 3 4 5 6 7 | 8 9    | 10
#   hashes   first           | second | third
@dataclass(frozen=True, slots=True)
class Frontier:
    """The right edge of a tree: all that appending needs.

    Args:
        size: how many leaves.
        hashes: of the complete subtrees that the leaves fill, largest first; one for
            each bit set in ``size``.

    Raises:
        TamperedError: the hashes are not as many, or one has not 32 bytes.
    """

    size: int = 0
    hashes: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what no tree leaves behind."""
        _require_hashes(*self.hashes)
        if self.size < 0 or len(self.hashes) != self.size.bit_count():
            raise TamperedError

    def append(self, leaf: bytes) -> "Frontier":
        """Return the edge of the tree with one leaf more.

        Args:
            leaf: its hash, from ``leaf_hash``.

        Raises:
            TamperedError: the hash has not 32 bytes.
        """
        return self.extend([leaf])

    def extend(
        self,
        hashes: Iterable[bytes],
        *,
        level: int = 0,
        complete: Callable[[int, int, bytes], None] | None = None,
    ) -> "Frontier":
        """Return the edge of the tree with more leaves, or more complete subtrees.

        Args:
            hashes: of the leaves, from ``leaf_hash``, in order; or of subtrees.
            level: over 2^level leaves each of them stands.
            complete: told level, index and hash of each subtree that this completes.

        Raises:
            TamperedError: a hash has not 32 bytes, or a subtree of this level can't
                begin here.
        """
        edge, size = list(self.hashes), self.size
        step = 1 << level
        if size & (step - 1):
            raise TamperedError
        for found in hashes:
            _require_hashes(found)
            height, node = level, found
            rest = size >> level
            while rest & 1:
                node = node_hash(edge.pop(), node)
                height, rest = height + 1, rest >> 1
                if complete is not None:
                    complete(height, rest, node)
            edge.append(node)
            size += step
        return Frontier(size, tuple(edge))

    def root(self) -> bytes:
        """Return the root."""
        return _fold(self.hashes)


def root(size: int, subtree: Subtrees) -> bytes:
    """Return the root of the first leaves.

    Args:
        size: how many, at least 0.
        subtree: the hashes, for complete subtrees within ``size`` only.

    Raises:
        ValueError: the size is negative.

    Source: RFC 9162, section 2.1.1
    """
    if size < 0:
        raise ValueError("a tree has no negative size")
    return _hash_over(0, size, subtree)


def inclusion_proof(index: int, size: int, subtree: Subtrees) -> tuple[bytes, ...]:
    """Prove that a leaf stands in the tree of the first leaves.

    Args:
        index: the leaf's, from 0.
        size: of the tree, above ``index``.
        subtree: the hashes, for complete subtrees within ``size`` only.

    Returns:
        The siblings on the way to the root, the lowest first.

    Raises:
        ValueError: the tree has no such leaf.

    Source: RFC 9162, section 2.1.3.1
    """
    if not 0 <= index < size:
        raise ValueError("the tree has no such leaf")
    found: list[bytes] = []
    start = 0
    while size > 1:
        left = _left_of(size)
        if index < start + left:
            found.append(_hash_over(start + left, size - left, subtree))
            size = left
        else:
            found.append(_hash_over(start, left, subtree))
            start, size = start + left, size - left
    return tuple(reversed(found))


def consistency_proof(old: int, new: int, subtree: Subtrees) -> tuple[bytes, ...]:
    """Prove that a tree is the beginning of a later one.

    Args:
        old: size of the earlier tree.
        new: size of the later tree, not below ``old``.
        subtree: the hashes, for complete subtrees within ``new`` only.

    Returns:
        The nodes that join both roots. Nothing if the sizes are equal, or if the
        earlier tree is empty, which begins every tree.

    Raises:
        ValueError: a size is negative, or the later tree is the smaller one.

    Source: RFC 9162, section 2.1.4.1
    """
    if not 0 <= old <= new:
        raise ValueError("no tree begins with a larger one")
    if not old:
        return ()
    found: list[bytes] = []
    start = 0
    while old != new:
        left = _left_of(new)
        if old <= left:
            found.append(_hash_over(start + left, new - left, subtree))
            new = left
        else:
            found.append(_hash_over(start, left, subtree))
            start, old, new = start + left, old - left, new - left
    if start:  # else this is the earlier root, which the verifier has
        found.append(_hash_over(start, old, subtree))
    return tuple(reversed(found))


def verify_inclusion(
    leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> None:
    """Verify that a leaf stands at its index in the tree with this root.

    Args:
        leaf: its hash.
        index: its place, from 0.
        size: of the tree, signed together with ``root``.
        proof: from ``inclusion_proof``.
        root: of the tree.

    Raises:
        TamperedError: it does not stand there, or the proof has another form.

    Source: RFC 9162, section 2.1.3.2
    """
    _require_hashes(leaf, root, *proof)
    if not 0 <= index < size:
        raise TamperedError
    sides = tuple(_lefts(index, size - 1))
    if len(proof) != len(sides):
        raise TamperedError
    found = leaf
    for sibling, is_left in zip(proof, sides, strict=True):
        found = node_hash(sibling, found) if is_left else node_hash(found, sibling)
    if found != root:
        raise TamperedError


def verify_consistency(
    old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]
) -> None:
    """Verify that a tree is the beginning of a later one.

    Args:
        old: size of the earlier tree, signed together with ``old_root``.
        new: size of the later tree, signed together with ``new_root``.
        old_root: of the earlier tree.
        new_root: of the later tree.
        proof: from ``consistency_proof``; empty if the sizes are equal.

    Raises:
        TamperedError: it is not, or the proof has another form. So is a proof from
            the empty tree to a larger one: nobody can prove less than nothing.

    Source: RFC 9162, section 2.1.4.2
    """
    _require_hashes(old_root, new_root, *proof)
    if old == new:
        _require_same(old, old_root, new_root, proof)
        return
    if not 0 < old < new:
        raise TamperedError
    # Both trees share the largest subtree that ends with the earlier one; it is that
    # tree's root, and not sent, if the size is a power of two.
    path = (old_root, *proof) if old.bit_count() == 1 else tuple(proof)
    level = (old & -old).bit_length() - 1
    sides = tuple(_lefts((old - 1) >> level, (new - 1) >> level))
    if len(path) != len(sides) + 1:
        raise TamperedError
    in_old = in_new = path[0]
    for sibling, is_left in zip(path[1:], sides, strict=True):
        if is_left:
            in_old = node_hash(sibling, in_old)
            in_new = node_hash(sibling, in_new)
        else:
            in_new = node_hash(in_new, sibling)
    if in_old != old_root or in_new != new_root:
        raise TamperedError


def _require_hashes(*hashes: bytes) -> None:
    """Refuse whatever has not the length of a hash."""
    if any(len(found) != HASH_SIZE for found in hashes):
        raise TamperedError


def _require_same(
    size: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]
) -> None:
    """Refuse two roots of one size that differ, or a proof where none is needed."""
    if proof or size < 0 or old_root != new_root:
        raise TamperedError
    if not size and old_root != EMPTY_ROOT:
        raise TamperedError


def _left_of(size: int) -> int:
    """Return how many leaves stand left of the root: the largest power below."""
    return 1 << ((size - 1).bit_length() - 1)


def _fold(hashes: Sequence[bytes]) -> bytes:
    """Join complete subtrees, largest first, into the root over all of them."""
    if not hashes:
        return EMPTY_ROOT
    *others, found = hashes
    for left in reversed(others):
        found = node_hash(left, found)
    return found


def _hash_over(start: int, size: int, subtree: Subtrees) -> bytes:
    """Return the root over some leaves, the first of which begins a subtree."""
    hashes: list[bytes] = []
    while size:
        level = size.bit_length() - 1
        hashes.append(subtree(level, start >> level))
        start, size = start + (1 << level), size - (1 << level)
    return _fold(hashes)


def _lefts(index: int, last: int) -> Iterator[bool]:
    """Tell for each sibling on the way to the root whether it stands to the left.

    Args:
        index: of a node in its level.
        last: index of the last node in that level.

    Source: RFC 9162, section 2.1.3.2, steps 4 and 5
    """
    while last:
        is_left = bool(index & 1) or index == last
        yield is_left
        # At the right edge a node without a sibling rises until it has one.
        while is_left and not index & 1:
            index, last = index >> 1, last >> 1
        index, last = index >> 1, last >> 1
