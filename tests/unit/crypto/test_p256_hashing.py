"""Messages become points and scalars as RFC 9380 says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from placement.crypto import p256
from placement.errors import InvalidInputError

# RFC 9380 appendix J.1.1; see tests/vectors/ORIGIN.md.
CURVE_DST = b"QUUX-V01-CS02-with-P256_XMD:SHA-256_SSWU_RO_"
CURVE_VECTORS = [
    (
        b"",
        0x2C15230B26DBC6FC9A37051158C95B79656E17A1A920B11394CA91C44247D3E4,
        0x8A7A74985CC5C776CDFE4B1F19884970453912E9D31528C060BE9AB5C43E8415,
    ),
    (
        b"abc",
        0x0BB8B87485551AA43ED54F009230450B492FEAD5F1CC91658775DAC4A3388A0F,
        0x5C41B3D0731A27A7B14BC0BF0CCDED2D8751F83493404C84A88E71FFD424212E,
    ),
    (
        b"abcdef0123456789",
        0x65038AC8F2B1DEF042A5DF0B33B1F4ECA6BFF7CB0F9C6C1526811864E544ED80,
        0xCAD44D40A656E7AFF4002A8DE287ABC8AE0482B5AE825822BB870D6DF9B56CA3,
    ),
    (
        b"q128_" + b"q" * 128,
        0x4BE61EE205094282BA8A2042BCB48D88DFBB609301C49AA8B078533DC65A0B5D,
        0x98F8DF449A072C4721D241A3B1236D3CACCBA603F916CA680F4539D2BFB3C29E,
    ),
    (
        b"a512_" + b"a" * 512,
        0x457AE2981F70CA85D8E24C308B14DB22F3E3862C5EA0F652CA38B5E49CD64BC5,
        0xECB9F0EADC9AEED232DABC53235368C1394C78DE05DD96893EEFA62B0F4757DC,
    ),
]

# RFC 9380 appendix K.1.
EXPAND_DST = b"QUUX-V01-CS02-with-expander-SHA256-128"
EXPAND_VECTORS = [
    (b"", "68a985b87eb6b46952128911f2a4412bbc302a9d759667f87f7a21d803f07235"),
    (b"abc", "d8ccab23b5985ccea865c6c97b6e5b8350e794e603b4b97902f53a8a0d605615"),
    (
        b"abcdef0123456789",
        "eff31487c770a893cfb36f912fbfcbff40d5661771ca4b2cb4eafe524333f5c1",
    ),
]


@pytest.mark.parametrize(("message", "expected"), EXPAND_VECTORS)
def test_messages_expand_as_published(message, expected):
    """RFC 9380 appendix K.1, 32 bytes each."""
    got = p256.expand_message_xmd(message, dst=EXPAND_DST, length=32)

    assert got.hex() == expected


@pytest.mark.parametrize("length", [1, 31, 32, 33, 48, 96, 8160])
def test_expansion_gives_the_length_asked_for(length):
    """Whole and broken blocks, up to the limit of 255 blocks."""
    got = p256.expand_message_xmd(b"message", dst=bytes(255), length=length)

    assert len(got) == length


@pytest.mark.parametrize(
    ("dst", "length"),
    [
        pytest.param(bytes(256), 32, id="tag-too-long"),
        pytest.param(b"TEST", 8161, id="too-many-blocks"),
    ],
)
def test_expansion_refuses_to_pass_its_limits(dst, length):
    """Neither the tag's length nor a block's number may overflow its byte."""
    with pytest.raises(InvalidInputError) as caught:
        p256.expand_message_xmd(b"message", dst=dst, length=length)

    assert (caught.value.field, caught.value.description) == (
        "message",
        "cannot be expanded so far",
    )


@pytest.mark.parametrize(("message", "x", "y"), CURVE_VECTORS)
def test_messages_hash_to_points_as_published(message, x, y):
    """RFC 9380 appendix J.1.1, all five messages."""
    assert p256.hash_to_curve(message, dst=CURVE_DST) == p256.Point(x, y)


# 1/10 is a square in this field, so that Z·u² = -1 has solutions beside u = 0.
EXCEPTIONAL_U = pow(
    pow(10, -1, p256.FIELD_PRIME), (p256.FIELD_PRIME + 1) // 4, p256.FIELD_PRIME
)


@pytest.mark.parametrize(
    "u", [0, 1, 2, p256.FIELD_PRIME - 1, EXCEPTIONAL_U, -EXCEPTIONAL_U]
)
def test_every_field_element_maps_to_a_point(u):
    """The map has no hole, and the parity of y follows that of its argument."""
    reduced = u % p256.FIELD_PRIME
    point = p256._map_to_curve(reduced)

    assert point != p256.IDENTITY
    assert point.y % 2 == reduced % 2


def test_the_exceptional_arguments_share_one_x():
    """Where the formula would divide by zero, x is B / (Z·A)."""
    zero = p256._map_to_curve(0)

    assert p256._map_to_curve(EXCEPTIONAL_U).x == zero.x
    assert zero.x * 30 % p256.FIELD_PRIME == p256._B


@given(st.binary(max_size=64))
def test_hashes_to_scalars_are_wide_and_reduced(message):
    """A scalar is 48 uniform bytes modulo the order."""
    got = p256.hash_to_scalar(message, dst=b"TEST")
    uniform = p256.expand_message_xmd(message, dst=b"TEST", length=48)

    assert got == int.from_bytes(uniform, "big") % p256.ORDER
