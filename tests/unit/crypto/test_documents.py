"""A document verifies under the certificate that signed it, in one form."""

import subprocess
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from hypothesis import given
from hypothesis import strategies as st

from placement.crypto.documents import alone, sign, verify
from placement.errors import InvalidInputError, TamperedError

ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def issued(private):
    """Return certificate and key, PEM."""
    name = x509.Name([])
    now = datetime(2026, 1, 1, tzinfo=UTC)
    builder = x509.CertificateBuilder(
        name, name, private.public_key(), 7, now, now + timedelta(days=1)
    )
    eddsa = isinstance(private, ed25519.Ed25519PrivateKey)
    certificate = builder.sign(private, None if eddsa else hashes.SHA256())
    key = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return certificate.public_bytes(Encoding.PEM), key


CERTIFICATE, KEY = issued(ec.generate_private_key(ec.SECP256R1()))
OTHER, OTHER_KEY = issued(ec.generate_private_key(ec.SECP256R1()))
SIGNED = sign(b"document", CERTIFICATE, KEY)


def flips(content):
    for place in range(8 * len(content)):
        changed = int.from_bytes(content) ^ 1 << place
        yield changed.to_bytes(len(content))


@given(st.binary(max_size=200))
def test_what_is_signed_verifies(content):
    """The certificate comes back, to be looked at."""
    found = verify(content, CERTIFICATE, sign(content, CERTIFICATE, KEY))

    assert found.serial_number == 7


def test_openssl_says_the_same(tmp_path):
    """Nobody needs this project to verify a document."""
    for name, content in {
        "document": b"document",
        "sig": SIGNED,
        "cert": CERTIFICATE,
    }.items():
        (tmp_path / name).write_bytes(content)
    extract = ["openssl", "x509", "-in", "cert", "-noout", "-pubkey", "-out", "key"]
    subprocess.run(extract, cwd=tmp_path, check=True)
    checked = subprocess.run(
        [
            "openssl",
            "dgst",
            "-sha256",
            "-verify",
            "key",
            "-signature",
            "sig",
            "document",
        ],
        cwd=tmp_path,
        check=False,
        capture_output=True,
    )

    assert checked.returncode == 0


@pytest.mark.parametrize(
    ("content", "certificate", "signature"),
    [
        (b"Document", CERTIFICATE, SIGNED),
        (b"document", OTHER, SIGNED),
        (b"document", b"", SIGNED),
        (b"document", CERTIFICATE + b"\n", SIGNED),
        (b"document", b" " + CERTIFICATE, SIGNED),
        (b"document", CERTIFICATE + OTHER, SIGNED),
        (b"document", CERTIFICATE, b""),
        (b"document", CERTIFICATE, SIGNED + b"\0"),
        (b"document", CERTIFICATE, SIGNED[:-1]),
    ],
    ids=[
        "another document",
        "another certificate",
        "no certificate",
        "a line more",
        "a space before",
        "two certificates",
        "no signature",
        "a byte more",
        "a byte less",
    ],
)
def test_nothing_else_verifies(content, certificate, signature):
    """Another document, certificate or signature, or the same in another form."""
    with pytest.raises(TamperedError):
        verify(content, certificate, signature)


def test_no_bit_of_a_signature_can_change():
    """Neither its numbers nor how they are written."""
    for changed in flips(SIGNED):
        with pytest.raises(TamperedError):
            verify(b"document", CERTIFICATE, changed)


def test_the_other_valid_signature_is_refused():
    """Of r, s and r, n - s one counts, or there would be two valid documents."""
    for _ in range(8):
        r, s = decode_dss_signature(sign(b"document", CERTIFICATE, KEY))
        other = encode_dss_signature(r, ORDER - s)

        assert s <= ORDER // 2
        with pytest.raises(TamperedError):
            verify(b"document", CERTIFICATE, other)


@pytest.mark.parametrize(
    "private",
    [ec.generate_private_key(ec.SECP384R1()), ed25519.Ed25519PrivateKey.generate()],
    ids=["P-384", "Ed25519"],
)
def test_another_kind_of_key_verifies_nothing(private):
    """Not even its own signature."""
    certificate, _ = issued(private)
    eddsa = isinstance(private, ed25519.Ed25519PrivateKey)
    signature = (
        private.sign(b"document")
        if eddsa
        else private.sign(b"document", ec.ECDSA(hashes.SHA256()))
    )
    with pytest.raises(TamperedError):
        verify(b"document", certificate, SIGNED if eddsa else signature)


def test_another_curve_signs_nothing():
    """Whoever has such a key is told why."""
    certificate, key = issued(ec.generate_private_key(ec.SECP384R1()))
    with pytest.raises(InvalidInputError) as caught:
        sign(b"document", certificate, key)

    assert caught.value.field == "key"


def test_a_key_signs_for_its_own_certificate():
    """A pair that does not match, or can't be read, signs nothing."""
    for certificate, key in ((CERTIFICATE, OTHER_KEY), (b"", KEY), (CERTIFICATE, b"")):
        with pytest.raises(TamperedError):
            sign(b"document", certificate, key)


def test_a_certificate_stands_alone():
    """Of a chain the first counts, in its one form."""
    assert alone(b"# mine\n" + CERTIFICATE + OTHER) == CERTIFICATE
    with pytest.raises(TamperedError):
        alone(b"")
