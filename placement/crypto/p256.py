"""The group P-256 of RFC 9497, on the ``cryptography`` package alone.

This room turns bytes into points and scalars and back, multiplies, and hashes into the
group. It knows nothing of protocols, keys at rest or people, and it never logs.

Invariants:
    * a ``Point`` is on the curve or is ``IDENTITY``; there is no other kind;
    * the product of a scalar and a point comes from OpenSSL's ECDH, whose timing does
      not depend on the scalar; Python's own arithmetic adds two points, never walks
      the bits of a scalar;
    * bytes decode in one way only, and what decodes encodes to the same bytes.

ECDH yields the x coordinate alone. The y coordinate is *solved* from a second ECDH, on
the point plus the generator, because x(k·(P + G)) must equal x(k·P + k·G); see
``Multiplier.times``.

Example:
    >>> point = hash_to_curve(b"a message", dst=b"EXAMPLE-V01")
    >>> decode_element(encode_element(point)) == point
    True
    >>> add(multiply(2, point), multiply(3, point)) == multiply(5, point)
    True
"""

import hashlib
import secrets
from dataclasses import dataclass, field
from typing import Final, Self

from cryptography.hazmat.primitives.asymmetric import ec

from placement.errors import InvalidInputError, TamperedError

FIELD_PRIME: Final = 2**256 - 2**224 + 2**192 + 2**96 - 1
ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
ELEMENT_BYTES: Final = 33
SCALAR_BYTES: Final = 32

_CURVE: Final = ec.SECP256R1()
_A: Final = -3
_B: Final = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
_Z: Final = -10  # RFC 9380 section 8.2
_HASH_BYTES: Final = 32
_BLOCK_BYTES: Final = 64
_WIDE_BYTES: Final = 48  # L: 256 bits and a security margin of 128, RFC 9380 section 5
_MAX_DST_BYTES: Final = 255
_MAX_BLOCKS: Final = 255


@dataclass(frozen=True, slots=True)
class Point:
    """A point of the curve in affine coordinates, or the identity as (0, 0).

    The coordinates stay out of ``repr``: an unblinded point tells as much as the
    pseudonym that is hashed from it.

    Attributes:
        x: 0 to ``FIELD_PRIME`` - 1.
        y: 0 to ``FIELD_PRIME`` - 1.
    """

    x: int = field(repr=False)
    y: int = field(repr=False)

    def __post_init__(self) -> None:
        """Refuse coordinates that are not on the curve.

        Raises:
            InvalidInputError: the pair is neither a point of P-256 nor (0, 0).
        """
        if not (_is_on_curve(self.x, self.y) or self.x == self.y == 0):
            raise InvalidInputError("point", "is not on the curve")


def _curve_right_side(x: int) -> int:
    """Return x³ + a·x + b in the field."""
    return (x * x * x + _A * x + _B) % FIELD_PRIME


def _is_on_curve(x: int, y: int) -> bool:
    """Say whether two reduced coordinates satisfy the curve equation."""
    in_range = 0 <= x < FIELD_PRIME and 0 <= y < FIELD_PRIME
    return in_range and y * y % FIELD_PRIME == _curve_right_side(x)


IDENTITY: Final = Point(0, 0)
GENERATOR: Final = Point(
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)


def negate(point: Point) -> Point:
    """Return the inverse of a point; the identity is its own."""
    return Point(point.x, -point.y % FIELD_PRIME)


def add(left: Point, right: Point) -> Point:
    """Add two points; equal, opposite and identity operands are all handled.

    The time taken depends on the points, so at the custodian both must be public.
    """
    if left == IDENTITY:
        return right
    if right == IDENTITY:
        return left
    if left.x == right.x:
        if left.y != right.y:
            return IDENTITY
        slope = (3 * left.x * left.x + _A) * pow(2 * left.y, -1, FIELD_PRIME)
    else:
        slope = (right.y - left.y) * pow(right.x - left.x, -1, FIELD_PRIME)
    x = (slope * slope - left.x - right.x) % FIELD_PRIME
    return Point(x, (slope * (left.x - x) - left.y) % FIELD_PRIME)


@dataclass(frozen=True, slots=True, eq=False)
class Multiplier:
    """One scalar, held by OpenSSL, ready to multiply many points.

    Attributes:
        public: the scalar times the generator.
    """

    public: Point
    _key: ec.EllipticCurvePrivateKey = field(repr=False)
    _half_inverse_y: int = field(repr=False)  # 1 / (2·y of ``public``)

    @classmethod
    def of(cls, scalar: int) -> Self:
        """Hand a scalar to OpenSSL.

        Args:
            scalar: 1 to ``ORDER`` - 1.

        Raises:
            InvalidInputError: the scalar is outside that range.

        Secret:
            scalar
        """
        _require_nonzero_scalar(scalar)
        key = ec.derive_private_key(scalar, _CURVE)
        numbers = key.public_key().public_numbers()
        half_inverse_y = pow(2 * numbers.y, -1, FIELD_PRIME)
        return cls(Point(numbers.x, numbers.y), key, half_inverse_y)

    def times(self, point: Point) -> Point:
        """Multiply a public point by the scalar held.

        With Q = k·P wanted and K = k·G known, two ECDH give x(Q) and x(Q + K). The
        addition law reads (y(Q) - y(K))² = (x(Q + K) + x(Q) + x(K))·(x(Q) - x(K))²;
        with y(Q)² known from the curve equation it is linear in y(Q), so that no
        square root is taken and no sign is guessed.

        Raises:
            TamperedError: the two results do not fit together (a fault in the
                arithmetic); an unverified product could betray the scalar.
        """
        # The identity and -G first: there one of the two ECDH has no result.
        if point == IDENTITY:
            return IDENTITY
        if point == GENERATOR:
            return self.public
        if point == negate(GENERATOR):
            return negate(self.public)
        x = self._shared_x(point)
        x_shifted = self._shared_x(add(point, GENERATOR))
        known = self.public
        gap = x - known.x
        chord = (x_shifted + x + known.x) * gap * gap
        y = (_curve_right_side(x) + known.y * known.y - chord) * self._half_inverse_y
        try:
            return Point(x, y % FIELD_PRIME)
        except InvalidInputError as error:
            raise TamperedError from error

    def _shared_x(self, point: Point) -> int:
        """Return the x coordinate of the scalar times a point other than identity."""
        numbers = ec.EllipticCurvePublicNumbers(point.x, point.y, _CURVE)
        shared = self._key.exchange(ec.ECDH(), numbers.public_key())
        return int.from_bytes(shared, "big")


def multiply(scalar: int, point: Point) -> Point:
    """Multiply a public point by any integer, taken modulo the order.

    Secret:
        scalar
    """
    reduced = scalar % ORDER
    if reduced == 0:
        return IDENTITY
    return Multiplier.of(reduced).times(point)


def encode_element(point: Point) -> bytes:
    """Encode a point in 33 bytes: 02 or 03 by the parity of y, then x big-endian.

    Raises:
        InvalidInputError: the point is the identity, which has no such encoding.

    Source:
        RFC 9497 section 4.3, SerializeElement; SEC 1 section 2.3.3, compressed.
    """
    if point == IDENTITY:
        raise InvalidInputError("element", "is the identity")
    return bytes([2 + point.y % 2]) + point.x.to_bytes(SCALAR_BYTES, "big")


def decode_element(data: bytes, *, name: str = "element") -> Point:
    """Decode the one accepted encoding of a point; never yields the identity.

    Args:
        data: 33 bytes, SEC 1 compressed.
        name: the field named in the error.

    Raises:
        InvalidInputError: wrong length (uncompressed and the one-byte identity
            included), another first byte, x not below the prime, or no point with
            this x.

    Source:
        RFC 9497 section 4.3, DeserializeElement.
    """
    if len(data) != ELEMENT_BYTES:
        raise InvalidInputError(name, "must be 33 bytes")
    if data[0] not in {2, 3}:
        raise InvalidInputError(name, "must be a compressed point")
    # Checked here, so that the strictness does not hang on the library's version.
    if int.from_bytes(data[1:], "big") >= FIELD_PRIME:
        raise InvalidInputError(name, "has a coordinate out of range")
    try:
        key = ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, bytes(data))
    except ValueError as error:
        raise InvalidInputError(name, "is not on the curve") from error
    numbers = key.public_numbers()
    return Point(numbers.x, numbers.y)


def encode_scalar(scalar: int) -> bytes:
    """Encode a scalar in 32 bytes, big-endian.

    Raises:
        InvalidInputError: the scalar is not within 0 and ``ORDER`` - 1.

    Secret:
        scalar, and the result

    Source:
        RFC 9497 section 4.3, SerializeScalar.
    """
    if not 0 <= scalar < ORDER:
        raise InvalidInputError("scalar", "is out of range")
    return scalar.to_bytes(SCALAR_BYTES, "big")


def decode_scalar(data: bytes, *, name: str = "scalar") -> int:
    """Decode a scalar; zero is a scalar, the order and above are not.

    Args:
        data: 32 bytes, big-endian.
        name: the field named in the error.

    Raises:
        InvalidInputError: wrong length, or not below the order.

    Secret:
        data, and the result

    Source:
        RFC 9497 section 4.3, DeserializeScalar.
    """
    if len(data) != SCALAR_BYTES:
        raise InvalidInputError(name, "must be 32 bytes")
    scalar = int.from_bytes(data, "big")
    if scalar >= ORDER:
        raise InvalidInputError(name, "is out of range")
    return scalar


def random_scalar() -> int:
    """Draw a scalar, uniform over 1 to ``ORDER`` - 1, from the system's generator.

    Secret:
        the result

    Source:
        RFC 9497 section 4.7, rejection sampling.
    """
    return 1 + secrets.randbelow(ORDER - 1)


def _require_nonzero_scalar(scalar: int) -> None:
    """Refuse a scalar that is not within 1 and ``ORDER`` - 1."""
    if not 0 < scalar < ORDER:
        raise InvalidInputError("scalar", "is out of range")


def expand_message_xmd(message: bytes, *, dst: bytes, length: int) -> bytes:
    """Stretch a message to uniform bytes with SHA-256.

    Args:
        message: any bytes.
        dst: domain separation tag, at most 255 bytes.
        length: bytes wanted, at most 8,160.

    Raises:
        InvalidInputError: the tag or the length is over its limit.

    Source:
        RFC 9380 section 5.3.1.
    """
    blocks = -(-length // _HASH_BYTES)
    if len(dst) > _MAX_DST_BYTES or blocks > _MAX_BLOCKS:
        raise InvalidInputError("message", "cannot be expanded so far")
    suffix = dst + bytes([len(dst)])
    prefix = bytes(_BLOCK_BYTES) + message + length.to_bytes(2, "big") + b"\x00"
    first = hashlib.sha256(prefix + suffix).digest()
    block, uniform = bytes(_HASH_BYTES), b""
    for index in range(1, blocks + 1):
        mixed = bytes(a ^ b for a, b in zip(first, block, strict=True))
        block = hashlib.sha256(mixed + bytes([index]) + suffix).digest()
        uniform += block
    return uniform[:length]


def hash_to_scalar(message: bytes, *, dst: bytes) -> int:
    """Hash a message to a scalar, 0 to ``ORDER`` - 1.

    Args:
        message: any bytes.
        dst: domain separation tag, at most 255 bytes.

    Source:
        RFC 9497 section 4.3, HashToScalar; RFC 9380 section 5.2.
    """
    uniform = expand_message_xmd(message, dst=dst, length=_WIDE_BYTES)
    return int.from_bytes(uniform, "big") % ORDER


def hash_to_curve(message: bytes, *, dst: bytes) -> Point:
    """Hash a message to a point whose discrete logarithm nobody knows.

    The time taken depends on the message, so only the message's owner may run this.

    Args:
        message: any bytes.
        dst: domain separation tag, at most 255 bytes.

    Returns:
        A point; the identity with a chance of about 2⁻²⁵⁶.

    Secret:
        message, and the result

    Source:
        RFC 9380 section 3 and 8.2, P256_XMD:SHA-256_SSWU_RO_.
    """
    uniform = expand_message_xmd(message, dst=dst, length=2 * _WIDE_BYTES)
    first = int.from_bytes(uniform[:_WIDE_BYTES], "big") % FIELD_PRIME
    second = int.from_bytes(uniform[_WIDE_BYTES:], "big") % FIELD_PRIME
    return add(_map_to_curve(first), _map_to_curve(second))  # the cofactor is 1


def _map_to_curve(u: int) -> Point:
    """Map a field element to a point by the simplified SWU method.

    Source:
        RFC 9380 section 6.6.2.
    """
    shift = _Z * u * u % FIELD_PRIME
    factor = (shift * shift + shift) % FIELD_PRIME
    if factor == 0:
        x = _B * pow(_Z * _A, -1, FIELD_PRIME) % FIELD_PRIME
    else:
        inverse = pow(factor, -1, FIELD_PRIME)
        x = -_B * pow(_A, -1, FIELD_PRIME) * (1 + inverse) % FIELD_PRIME
    y = _root(_curve_right_side(x))
    if y * y % FIELD_PRIME != _curve_right_side(x):
        x = shift * x % FIELD_PRIME
        y = _root(_curve_right_side(x))
    if y % 2 != u % 2:
        y = FIELD_PRIME - y
    return Point(x, y)


def _root(square: int) -> int:
    """Return a square root where there is one (the prime is 3 modulo 4)."""
    return pow(square, (FIELD_PRIME + 1) // 4, FIELD_PRIME)
