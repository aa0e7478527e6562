"""A verifiable oblivious pseudorandom function: RFC 9497, suite P256-SHA256.

A client blinds its input; the holder of a key evaluates the blinded element without
learning the input and proves that the published key was used; the client finalizes a
32-byte output which it could not have computed alone. ``Mode.OPRF`` omits the proof.
This room knows nothing of what inputs mean, and keeps nothing between two calls.

Invariants:
    * ``verify`` raises; nothing here returns a bool that a caller could drop;
    * what came over the wire is decoded strictly, by the class that it becomes;
      ``InvalidInputError`` if the bytes are not the one encoding of such a thing;
    * no ``repr`` shows an input, a blind, a key or an element;
    * randomness comes from the system; ``blinds``, ``nonce`` and ``share`` fix it for
      published vectors and tests, and serve nothing else (1 to the order less one);
    * a batch has 1 to ``MAX_BATCH`` members, and lists that belong together have one
      length, or every function raises ``InvalidInputError``.

Example:
    >>> key = generate_key()
    >>> blindings = blind([b"first input", b"second input"])
    >>> blinded = [blinding.element for blinding in blindings]
    >>> evaluated = evaluate(key, blinded)
    >>> proof = prove(key, blinded, evaluated)
    >>> verify(key.public, blinded, evaluated, proof)
    >>> [len(output) for output in finalize(blindings, evaluated)]
    [32, 32]
"""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import ClassVar, Final, Self

from placement.crypto import p256
from placement.errors import InvalidInputError, TamperedError

OUTPUT_BYTES: Final = 32
PROOF_BYTES: Final = 2 * p256.SCALAR_BYTES
SEED_BYTES: Final = 32
MAX_INPUT_BYTES: Final = 2**16 - 1  # an input, or the info of a key
MAX_BATCH: Final = 2**16 - 1

_SEED_DST: Final = b"Seed-OPRFV1-\x01-P256-SHA256"
_PROOF_DST: Final = b"HashToScalar-OPRFV1-\x01-P256-SHA256"


class Mode(IntEnum):
    """Variant of the protocol (RFC 9497 section 3.1); the two share no output."""

    OPRF = 0
    VOPRF = 1


@dataclass(frozen=True, slots=True)
class _Element:
    """A point other than the identity, tied to the part that it plays."""

    name: ClassVar[str]
    point: p256.Point

    def __post_init__(self) -> None:
        """Refuse the identity, which would carry nothing of a key or an input."""
        if self.point == p256.IDENTITY:
            raise InvalidInputError(self.name, "is the identity")

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Decode 33 bytes, SEC 1 compressed."""
        return cls(p256.decode_element(data, name=cls.name))

    def encode(self) -> bytes:
        """Encode in 33 bytes, SEC 1 compressed."""
        return p256.encode_element(self.point)


class BlindedElement(_Element):
    """What the client sends: the input's point times the blind."""

    __slots__ = ()
    name = "blinded_element"


class EvaluatedElement(_Element):
    """What the key holder returns: the blinded element times the key."""

    __slots__ = ()
    name = "evaluated_element"


class PublicKey(_Element):
    """What a client pins: the generator times the key."""

    __slots__ = ()
    name = "public_key"


@dataclass(frozen=True, slots=True, eq=False)
class PrivateKey:
    """A key, or an additive share of one.

    Attributes:
        public: what proofs by this key are verified against.
        scalar: 1 to the order less one.
        multiplier: the scalar in OpenSSL's hands.
    """

    public: PublicKey
    scalar: int = field(repr=False)
    multiplier: p256.Multiplier = field(repr=False)

    @classmethod
    def of(cls, scalar: int) -> Self:
        """Take a scalar, 1 to the order less one, as the key."""
        multiplier = p256.Multiplier.of(scalar)
        return cls(PublicKey(multiplier.public), scalar, multiplier)

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Decode 32 bytes, big-endian; zero is no key."""
        return cls.of(p256.decode_scalar(data, name="private_key"))

    def encode(self) -> bytes:
        """Encode in 32 bytes, big-endian."""
        return p256.encode_scalar(self.scalar)

    def split(self, *, share: int | None = None) -> tuple[Self, Self]:
        """Split into two shares that add up to this key; one alone tells nothing.

        Each holder evaluates and proves under its share's own public key; the client
        verifies both, adds with ``combine`` and finalizes.
        """
        first = self.of(p256.random_scalar() if share is None else share)
        return first, self.of((self.scalar - first.scalar) % p256.ORDER)


@dataclass(frozen=True, slots=True, eq=False)
class Blinding:
    """What a client keeps between ``blind`` and ``finalize``, in memory only.

    Attributes:
        element: the part to send.
        scalar: the blind.
        framed_input: the input after its length of two bytes.
    """

    element: BlindedElement
    scalar: int = field(repr=False)
    framed_input: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Proof:
    """That one key made a whole batch of evaluations.

    Encoded in 64 bytes: challenge (32, big-endian), response (32, big-endian).
    """

    challenge: int
    response: int

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Decode 64 bytes; each half is below the order."""
        if len(data) != PROOF_BYTES:
            raise InvalidInputError("proof", "must be 64 bytes")
        halves = data[: p256.SCALAR_BYTES], data[p256.SCALAR_BYTES :]
        return cls(*(p256.decode_scalar(half, name="proof") for half in halves))

    def encode(self) -> bytes:
        """Encode in 64 bytes."""
        return p256.encode_scalar(self.challenge) + p256.encode_scalar(self.response)


def generate_key() -> PrivateKey:
    """Draw a new key (RFC 9497 section 3.2)."""
    return PrivateKey.of(p256.random_scalar())


def derive_key_pair(
    seed: bytes, *, info: bytes = b"", mode: Mode = Mode.VOPRF
) -> PrivateKey:
    """Derive a key from a seed; the same arguments give the same key.

    Args:
        seed: 32 random bytes.
        info: public purpose of the key, at most 65,535 bytes.
        mode: variant in which the key will serve.

    Raises:
        InvalidInputError: a wrong length or (chance 2⁻⁶⁵⁵³⁶) a seed without a key.

    Secret:
        seed

    Source:
        RFC 9497 section 3.2.1.
    """
    if len(seed) != SEED_BYTES:
        raise InvalidInputError("seed", "must be 32 bytes")
    message = seed + _framed(info, name="info")
    dst = b"DeriveKeyPair" + _context(mode)
    for counter in range(256):
        scalar = p256.hash_to_scalar(message + bytes([counter]), dst=dst)
        if scalar != 0:
            return PrivateKey.of(scalar)
    raise InvalidInputError("seed", "yields no key")


def blind(
    inputs: Sequence[bytes],
    *,
    mode: Mode = Mode.VOPRF,
    blinds: Sequence[int] | None = None,
) -> tuple[Blinding, ...]:
    """Blind each input, of at most 65,535 bytes, with a fresh scalar of its own.

    The time taken depends on the inputs: a client runs this, a service never does.

    Raises:
        InvalidInputError: an input is too long or (chance 2⁻²⁵⁶) has no point.

    Secret:
        inputs, blinds, and the result but for its elements

    Source:
        RFC 9497 section 3.3.1, Blind.
    """
    scalars = [p256.random_scalar() for _ in inputs] if blinds is None else blinds
    _require_batch(inputs, scalars)
    dst = b"HashToGroup-" + _context(mode)
    blindings = []
    for message, scalar in zip(inputs, scalars, strict=True):
        framed = _framed(message, name="input")
        point = p256.hash_to_curve(message, dst=dst)
        element = BlindedElement(p256.Multiplier.of(scalar).times(point))
        blindings.append(Blinding(element, scalar, framed))
    return tuple(blindings)


def evaluate(
    key: PrivateKey, blinded: Sequence[BlindedElement]
) -> tuple[EvaluatedElement, ...]:
    """Evaluate a batch of blinded elements, in order.

    Secret:
        key

    Source:
        RFC 9497 section 3.3.1, BlindEvaluate.
    """
    _require_batch(blinded)
    return tuple(EvaluatedElement(key.multiplier.times(b.point)) for b in blinded)


def prove(
    key: PrivateKey,
    blinded: Sequence[BlindedElement],
    evaluated: Sequence[EvaluatedElement],
    *,
    nonce: int | None = None,
) -> Proof:
    """Prove that the key made a batch of evaluations, given in the order of blinding.

    Two proofs under one nonce give the key away.

    Secret:
        key, nonce

    Source:
        RFC 9497 section 2.2.1, GenerateProof and ComputeCompositesFast.
    """
    weights = _weights(key.public, blinded, evaluated)
    m = _weighted_sum(weights, blinded)
    z = key.multiplier.times(m)
    r = p256.random_scalar() if nonce is None else nonce
    once = p256.Multiplier.of(r)
    challenge = _challenge(key.public.point, m, z, once.public, once.times(m))
    # Random multiples of the order hide both secrets from the timing of Python's math.
    masked_key = key.scalar + p256.ORDER * secrets.randbits(128)
    masked_nonce = r + p256.ORDER * secrets.randbits(256)
    return Proof(challenge, (masked_nonce - challenge * masked_key) % p256.ORDER)


def verify(
    public_key: PublicKey,
    blinded: Sequence[BlindedElement],
    evaluated: Sequence[EvaluatedElement],
    proof: Proof,
) -> None:
    """Verify that the holder of a public key made a whole batch of evaluations.

    The public key is the pinned one, never one that came with the proof.

    Raises:
        TamperedError: the proof does not hold; no element may be used.

    Source:
        RFC 9497 section 2.2.2, VerifyProof and ComputeComposites.
    """
    # 1. One weighted sum for each side; weights depend on every element of a pair.
    weights = _weights(public_key, blinded, evaluated)
    m = _weighted_sum(weights, blinded)
    z = _weighted_sum(weights, evaluated)
    # 2. The prover's commitments, recomputed.
    c, s, key = proof.challenge, proof.response, public_key.point
    t2 = p256.add(p256.multiply(s, p256.GENERATOR), p256.multiply(c, key))
    t3 = p256.add(p256.multiply(s, m), p256.multiply(c, z))
    # 3. A forger can make them cancel out; no honest proof meets the identity.
    if p256.IDENTITY in {m, z, t2, t3}:
        raise TamperedError
    # 4. The challenge must come out of them.
    if _challenge(key, m, z, t2, t3) != c:
        raise TamperedError


def combine(
    first: Sequence[EvaluatedElement], second: Sequence[EvaluatedElement]
) -> tuple[EvaluatedElement, ...]:
    """Add the evaluations of two shares, each of them verified before."""
    _require_batch(first, second)
    pairs = zip(first, second, strict=True)
    return tuple(EvaluatedElement(p256.add(a.point, b.point)) for a, b in pairs)


def finalize(
    blindings: Sequence[Blinding], evaluated: Sequence[EvaluatedElement]
) -> tuple[bytes, ...]:
    """Remove the blinds and hash each result to its output of 32 bytes, in order.

    In ``Mode.VOPRF`` call ``verify`` first. RFC 9497 counts it to this step; here it
    stands alone, because the shares of a split key are verified one by one.

    Secret:
        blindings, and the result

    Source:
        RFC 9497 sections 3.3.1 and 3.3.2, Finalize.
    """
    _require_batch(blindings, evaluated)
    outputs = []
    for blinding, element in zip(blindings, evaluated, strict=True):
        inverse = pow(blinding.scalar, -1, p256.ORDER)
        unblinded = p256.encode_element(p256.multiply(inverse, element.point))
        message = blinding.framed_input + _framed(unblinded) + b"Finalize"
        outputs.append(hashlib.sha256(message).digest())
    return tuple(outputs)


def _weights(
    public_key: PublicKey,
    blinded: Sequence[BlindedElement],
    evaluated: Sequence[EvaluatedElement],
) -> list[int]:
    """Derive a weight for each pair from the key, its place and its two elements."""
    _require_batch(blinded, evaluated)
    seed_input = _framed(public_key.encode()) + _framed(_SEED_DST)
    seed = _framed(hashlib.sha256(seed_input).digest())
    weights = []
    for index, pair in enumerate(zip(blinded, evaluated, strict=True)):
        elements = b"".join(_framed(element.encode()) for element in pair)
        message = seed + index.to_bytes(2, "big") + elements + b"Composite"
        weights.append(p256.hash_to_scalar(message, dst=_PROOF_DST))
    return weights


def _weighted_sum(weights: Sequence[int], elements: Sequence[_Element]) -> p256.Point:
    """Add up weight times element; all of them are public."""
    total = p256.IDENTITY
    for weight, element in zip(weights, elements, strict=True):
        total = p256.add(total, p256.multiply(weight, element.point))
    return total


def _challenge(*points: p256.Point) -> int:
    """Hash public key, both sums and both commitments to the challenge."""
    transcript = b"".join(_framed(p256.encode_element(point)) for point in points)
    return p256.hash_to_scalar(transcript + b"Challenge", dst=_PROOF_DST)


def _context(mode: Mode) -> bytes:
    """Return the context string (RFC 9497 section 3.1)."""
    return b"OPRFV1-" + bytes([mode]) + b"-P256-SHA256"


def _framed(data: bytes, *, name: str = "data") -> bytes:
    """Put the length, in two bytes, before the bytes."""
    if len(data) > MAX_INPUT_BYTES:
        raise InvalidInputError(name, "must be at most 65,535 bytes")
    return len(data).to_bytes(2, "big") + data


def _require_batch(batch: Sequence[object], *others: Sequence[object]) -> None:
    """Refuse an empty or oversized batch, and lists that do not match one to one."""
    if not 0 < len(batch) <= MAX_BATCH:
        raise InvalidInputError("batch", "must have 1 to 65,535 members")
    if any(len(other) != len(batch) for other in others):
        raise InvalidInputError("batch", "must match one to one")
