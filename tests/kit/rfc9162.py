"""Trees, paths and proofs as RFC 9162 defines them, and leaves to try them on."""

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from hashlib import sha256
from typing import Any

from placement.audit.merkle import Frontier, leaf_hash
from placement.errors import TamperedError

SWEEP = 130
LEAVES = tuple(number.to_bytes(2) for number in range(2000))
NOWHERE = sha256(b"nowhere").digest()


# The recursive definitions of RFC 9162, section 2.1, word for word, over lists.
# Remembering is all that was added.


def largest_power_below(n: int) -> int:
    k = 1
    while 2 * k < n:
        k *= 2
    return k


@cache
def mth(d: tuple[bytes, ...]) -> bytes:
    if len(d) == 0:
        return sha256(b"").digest()
    if len(d) == 1:
        return sha256(b"\x00" + d[0]).digest()
    k = largest_power_below(len(d))
    return sha256(b"\x01" + mth(d[:k]) + mth(d[k:])).digest()


def path(m: int, d: tuple[bytes, ...]) -> list[bytes]:
    if len(d) == 1:
        return []
    k = largest_power_below(len(d))
    if m < k:
        return [*path(m, d[:k]), mth(d[k:])]
    return [*path(m - k, d[k:]), mth(d[:k])]


def proof(m: int, d: tuple[bytes, ...]) -> list[bytes]:
    return subproof(m, d, b=True)


def subproof(m: int, d: tuple[bytes, ...], *, b: bool) -> list[bytes]:
    if m == len(d):
        return [] if b else [mth(d)]
    k = largest_power_below(len(d))
    if m <= k:
        return [*subproof(m, d[:k], b=b), mth(d[k:])]
    return [*subproof(m - k, d[k:], b=False), mth(d[:k])]


def sides_of(m: int, n: int) -> str:
    """Tell, from the leaf up, on which side each element of PATH stands."""
    if n == 1:
        return ""
    k = largest_power_below(n)
    return sides_of(m, k) + "R" if m < k else sides_of(m - k, n - k) + "L"


def shape_of(m: int, n: int, *, b: bool = True) -> str:
    """Tell the same of PROOF, and whether the earlier root begins it."""
    if m == n:
        return "old " if b else "sent "
    k = largest_power_below(n)
    if m <= k:
        return shape_of(m, k, b=b) + "R"
    return shape_of(m - k, n - k, b=False) + "L"


# What stands between the code and the definitions.


class Kept:
    """The complete subtrees of a list of leaves, and how often one was asked for."""

    def __init__(self, leaves: Sequence[bytes]) -> None:
        self.leaves = leaves
        self.asked = 0
        self.known: dict[tuple[int, int], bytes] = {}

    def __call__(self, level: int, index: int) -> bytes:
        self.asked += 1
        start, end = index << level, (index + 1) << level
        assert 0 <= start < end <= len(self.leaves)
        if (level, index) not in self.known:
            self.known[level, index] = mth(self.leaves[start:end])
        return self.known[level, index]


def verifies(verify: Callable[..., None], *arguments: Any) -> bool:
    """Tell whether a verification goes through; it returns nothing, ever."""
    try:
        assert verify(*arguments) is None
    except TamperedError:
        return False
    return True


def edge_of(leaves: Iterable[bytes]) -> Frontier:
    """Return the right edge of a tree."""
    edge = Frontier()
    for content in leaves:
        edge = edge.append(leaf_hash(content))
    return edge
