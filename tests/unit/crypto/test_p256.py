"""The group: codecs refuse by defect, products agree with plain double-and-add."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from placement.crypto import p256
from placement.errors import InvalidInputError, TamperedError

G = p256.GENERATOR
MINUS_G = p256.negate(G)
ROOT_OF_B = pow(p256._B, (p256.FIELD_PRIME + 1) // 4, p256.FIELD_PRIME)
scalars = st.integers(0, p256.ORDER - 1)
nonzero_scalars = st.integers(1, p256.ORDER - 1)


def double_and_add(scalar, point):
    """Multiply the slow and obvious way, as the reference."""
    result = p256.IDENTITY
    for bit in f"{scalar:b}":
        result = p256.add(result, result)
        if bit == "1":
            result = p256.add(result, point)
    return result


def encoded(prefix, x):
    """Put a prefix before a coordinate, valid or not."""
    return bytes([prefix]) + x.to_bytes(32, "big")


@given(nonzero_scalars)
def test_an_element_survives_its_encoding(scalar):
    """Decoding gives back the point, and encoding it again the same bytes."""
    point = p256.multiply(scalar, G)
    data = p256.encode_element(point)

    assert len(data) == p256.ELEMENT_BYTES
    assert p256.decode_element(data) == point
    assert p256.decode_element(p256.encode_element(p256.negate(point))) != point


@pytest.mark.parametrize(
    ("data", "description"),
    [
        pytest.param(b"", "must be 33 bytes", id="empty"),
        pytest.param(b"\x00", "must be 33 bytes", id="identity-one-byte"),
        pytest.param(bytes(33), "must be a compressed point", id="identity-padded"),
        pytest.param(encoded(2, G.x)[:-1], "must be 33 bytes", id="one-byte-short"),
        pytest.param(encoded(2, G.x) + b"\x00", "must be 33 bytes", id="one-byte-long"),
        pytest.param(
            encoded(4, G.x) + G.y.to_bytes(32, "big"),
            "must be 33 bytes",
            id="uncompressed",
        ),
        pytest.param(encoded(4, G.x), "must be a compressed point", id="prefix-4"),
        pytest.param(encoded(6, G.x), "must be a compressed point", id="prefix-6"),
        pytest.param(encoded(0, G.x), "must be a compressed point", id="prefix-0"),
        pytest.param(
            encoded(2, p256.FIELD_PRIME), "has a coordinate out of range", id="x-is-p"
        ),
        pytest.param(
            # x = 5 is on the curve, so only the range can speak against p + 5.
            encoded(2, p256.FIELD_PRIME + 5),
            "has a coordinate out of range",
            id="x-not-reduced",
        ),
        pytest.param(
            encoded(3, 2**256 - 1), "has a coordinate out of range", id="x-all-ones"
        ),
        pytest.param(encoded(2, 1), "is not on the curve", id="non-square"),
    ],
)
def test_a_malformed_element_is_refused(data, description):
    """Each defect has its own constant description, under the caller's field."""
    with pytest.raises(InvalidInputError) as caught:
        p256.decode_element(data, name="blinded_element")

    assert (caught.value.field, caught.value.description) == (
        "blinded_element",
        description,
    )


@given(st.binary(max_size=40) | st.binary(min_size=33, max_size=33))
def test_bytes_decode_in_one_way_or_not_at_all(data):
    """What decodes encodes to the same bytes; all else raises the one error."""
    try:
        point = p256.decode_element(data)
    except InvalidInputError:
        return

    assert p256.encode_element(point) == data


def test_the_identity_has_no_encoding():
    """Neither the wire nor a hash ever sees the identity."""
    with pytest.raises(InvalidInputError) as caught:
        p256.encode_element(p256.IDENTITY)

    assert (caught.value.field, caught.value.description) == (
        "element",
        "is the identity",
    )


def test_fields_have_plain_names_by_default():
    """A decoder that is told no field names its own kind."""
    with pytest.raises(InvalidInputError) as element:
        p256.decode_element(b"")
    with pytest.raises(InvalidInputError) as scalar:
        p256.decode_scalar(b"")

    assert (element.value.field, scalar.value.field) == ("element", "scalar")


@pytest.mark.parametrize(
    ("x", "y"),
    [
        pytest.param(G.x, G.y + 1, id="off-curve"),
        pytest.param(G.x + p256.FIELD_PRIME, G.y, id="x-not-reduced"),
        pytest.param(G.x, G.y + p256.FIELD_PRIME, id="y-not-reduced"),
        pytest.param(G.x, G.y - p256.FIELD_PRIME, id="y-negative"),
        pytest.param(G.x - p256.FIELD_PRIME, G.y, id="x-negative"),
        pytest.param(p256.FIELD_PRIME, ROOT_OF_B, id="x-zero-not-reduced"),
        pytest.param(0, 1, id="half-an-identity"),
        pytest.param(1, 1, id="equal-coordinates"),
        pytest.param(1, 0, id="order-two"),
    ],
)
def test_no_point_is_off_the_curve(x, y):
    """A Point can't be built from coordinates that are not one."""
    with pytest.raises(InvalidInputError) as caught:
        p256.Point(x, y)

    assert (caught.value.field, caught.value.description) == (
        "point",
        "is not on the curve",
    )


def test_a_point_may_lie_on_the_axis():
    """Zero is a coordinate like any other; only the pair of zeroes is the identity."""
    point = p256.Point(0, ROOT_OF_B)

    assert p256.decode_element(p256.encode_element(point)) == point
    assert p256.multiply(p256.ORDER - 1, point) == p256.negate(point)


def test_a_point_does_not_show_its_coordinates():
    """An unblinded point is as secret as the output."""
    assert repr(G) == "Point()"
    assert repr(p256.Multiplier.of(7)) == "Multiplier(public=Point())"


@given(scalars, scalars)
def test_addition_agrees_with_the_scalars(left, right):
    """The sum of two multiples of the generator is the multiple by their sum."""
    got = p256.add(p256.multiply(left, G), p256.multiply(right, G))

    assert got == p256.multiply(left + right, G)


def test_addition_handles_the_exceptional_pairs():
    """Identity on either side, doubling and cancelling are all defined."""
    assert p256.add(p256.IDENTITY, G) == G
    assert p256.add(G, p256.IDENTITY) == G
    assert p256.add(p256.IDENTITY, p256.IDENTITY) == p256.IDENTITY
    assert p256.add(G, MINUS_G) == p256.IDENTITY
    assert p256.add(G, G) == p256.multiply(2, G)
    assert p256.negate(p256.IDENTITY) == p256.IDENTITY


@given(nonzero_scalars, nonzero_scalars)
def test_multiplication_agrees_with_double_and_add(scalar, base):
    """OpenSSL's product and its solved y are those of the textbook."""
    point = p256.multiply(base, G)

    assert p256.multiply(scalar, point) == double_and_add(scalar, point)


@pytest.mark.parametrize(
    "scalar",
    [1, 2, 3, p256.ORDER - 1, p256.ORDER - 2, p256.ORDER // 2, p256.ORDER // 2 + 1],
)
@pytest.mark.parametrize(
    "point",
    [
        pytest.param(G, id="G"),
        pytest.param(MINUS_G, id="-G"),
        pytest.param(p256.add(G, G), id="2G"),
        pytest.param(p256.negate(p256.add(G, G)), id="-2G"),
        pytest.param(p256.IDENTITY, id="identity"),
        pytest.param(p256.hash_to_curve(b"any", dst=b"TEST"), id="any"),
    ],
)
def test_multiplication_at_the_edges(scalar, point):
    """Small and large scalars on points around the generator give the true product."""
    assert p256.multiply(scalar, point) == double_and_add(scalar, point)


@pytest.mark.parametrize("point", [G, MINUS_G, p256.hash_to_curve(b"", dst=b"TEST")])
def test_a_scalar_is_taken_modulo_the_order(point):
    """Zero gives the identity, one the point, minus one its negative."""
    assert p256.multiply(0, point) == p256.IDENTITY
    assert p256.multiply(p256.ORDER, point) == p256.IDENTITY
    assert p256.multiply(-p256.ORDER, point) == p256.IDENTITY
    assert p256.multiply(p256.ORDER + 1, point) == point
    assert p256.multiply(-1, point) == p256.negate(point)


@given(nonzero_scalars)
def test_the_point_may_be_the_scalars_own_public_point(scalar):
    """The operands of the addition law may be equal or opposite: k·(k·G), k·(-k·G)."""
    held = p256.Multiplier.of(scalar)

    assert held.times(held.public) == p256.multiply(scalar * scalar, G)
    assert held.times(p256.negate(held.public)) == p256.multiply(-scalar * scalar, G)


@pytest.mark.parametrize("scalar", [-1, 0, p256.ORDER, p256.ORDER + 1, 2**256])
def test_a_multiplier_refuses_what_is_no_key(scalar):
    """Only 1 to the order less one go to OpenSSL."""
    with pytest.raises(InvalidInputError) as caught:
        p256.Multiplier.of(scalar)

    assert (caught.value.field, caught.value.description) == (
        "scalar",
        "is out of range",
    )


@pytest.mark.parametrize("faulty_call", [0, 1])
def test_a_fault_in_the_arithmetic_is_caught(monkeypatch, faulty_call):
    """If either ECDH result is wrong, no point comes out."""
    genuine = p256.Multiplier._shared_x
    calls = []

    def flawed(self, point):
        calls.append(point)
        flip = 1 if len(calls) - 1 == faulty_call else 0
        return genuine(self, point) ^ flip

    monkeypatch.setattr(p256.Multiplier, "_shared_x", flawed)
    point = p256.hash_to_curve(b"any", dst=b"TEST")

    with pytest.raises(TamperedError):
        p256.Multiplier.of(12345).times(point)


@given(scalars)
def test_a_scalar_survives_its_encoding(scalar):
    """Decoding the 32 bytes gives back the scalar, zero included."""
    data = p256.encode_scalar(scalar)

    assert len(data) == p256.SCALAR_BYTES
    assert p256.decode_scalar(data) == scalar


@pytest.mark.parametrize(
    ("data", "description"),
    [
        pytest.param(b"", "must be 32 bytes", id="empty"),
        pytest.param(bytes(31), "must be 32 bytes", id="short"),
        pytest.param(bytes(33), "must be 32 bytes", id="long"),
        pytest.param(p256.ORDER.to_bytes(32, "big"), "is out of range", id="order"),
        pytest.param(b"\xff" * 32, "is out of range", id="all-ones"),
    ],
)
def test_a_malformed_scalar_is_refused(data, description):
    """Length first, then range, under the caller's field."""
    with pytest.raises(InvalidInputError) as caught:
        p256.decode_scalar(data, name="proof")

    assert (caught.value.field, caught.value.description) == ("proof", description)


@pytest.mark.parametrize("scalar", [-1, p256.ORDER])
def test_a_scalar_out_of_range_is_not_encoded(scalar):
    """An encoding that could not be decoded is never made."""
    with pytest.raises(InvalidInputError) as caught:
        p256.encode_scalar(scalar)

    assert (caught.value.field, caught.value.description) == (
        "scalar",
        "is out of range",
    )


@pytest.mark.parametrize(
    ("drawn", "expected"), [(0, 1), (p256.ORDER - 2, p256.ORDER - 1)]
)
def test_random_scalars_span_the_nonzero_range(monkeypatch, drawn, expected):
    """The generator is asked for order - 1 values, and zero is never among them."""
    bounds = []
    monkeypatch.setattr(
        p256.secrets, "randbelow", lambda bound: bounds.append(bound) or drawn
    )

    assert p256.random_scalar() == expected
    assert bounds == [p256.ORDER - 1]
