"""One key in the hands of two custodians, each of whom has an additive share.

k = k₁ + k₂ modulo the order, so K = K₁ + K₂, and the evaluations of both shares add up
to that of the key: what comes out is RFC 9497 under k, which nobody has. Each share
proves under its own public key; whoever adds has verified both proofs before.

Invariants:
    * one share tells nothing of the key: for each other key there is a second share that
      makes it;
    * who can prove under a share's public key knows that share, so nobody can choose a
      public key that cancels another's out.

Example:
    >>> from placement.crypto import voprf
    >>> first, second = voprf.generate_key().split()
    >>> len(whole([first.public, second.public]).encode())
    33
"""

from collections.abc import Sequence
from functools import reduce
from hashlib import sha256

from placement.crypto import p256
from placement.crypto.voprf import EvaluatedElement, PublicKey, combine
from placement.errors import InvalidInputError


def key_id(key: PublicKey) -> bytes:
    """Return the id of a key: SHA-256 of its public key in 33 bytes."""
    return sha256(key.encode()).digest()


def whole(shares: Sequence[PublicKey]) -> PublicKey:
    """Return the public key that shares add up to; of one share, that share.

    Args:
        shares: the public key of each share, 1 at least.

    Raises:
        InvalidInputError: there is none, two are the same, or they cancel out.
    """
    if not shares:
        raise InvalidInputError("public_key", "must be given")
    if len({share.point for share in shares}) != len(shares):
        raise InvalidInputError("public_key", "is given twice")
    return PublicKey(reduce(p256.add, (share.point for share in shares)))


def summed(
    evaluations: Sequence[Sequence[EvaluatedElement]],
) -> Sequence[EvaluatedElement]:
    """Add what each share evaluated, element by element.

    Args:
        evaluations: of each share, 1 at least, all verified, of the same elements.

    Raises:
        InvalidInputError: they do not match one to one, or two cancel out.
    """
    total, *others = evaluations
    for evaluated in others:
        total = combine(total, evaluated)
    return total
